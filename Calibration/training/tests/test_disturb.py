"""Robustness: every disturbance does what it says, and the files that are written are what is scored."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import RECIPE, scene
from roadtrain import disturb as module
from roadtrain.datasets import VOID, Sample, load
from roadtrain.disturb import disturbances, slug, write
from roadtrain.evaluate import evaluate
from roadtrain.pictures import load_validation
from roadtrain.recipe import Recipe

NAMES = ["none", "darkened to 0.35", "blur, sigma 2", "noise, sigma 12", "JPEG quality 30", "mirrored",
         "pitched 4 degrees down", "pitched 4 degrees up", "mounted at 0.7 of the height",
         "mounted at 1.5 times the height", "bonnet", "dashboard reflections", "date stamp", "rain", "overexposed"]
LABELS_MOVE = [name for name in NAMES if name.startswith(("mirrored", "pitched", "mounted", "bonnet"))]


def sample() -> Sample:
    image, label = scene(3, 180, 240)
    return Sample("drive_0001", image, np.array([2, 1, 0, VOID], np.uint8)[label])


def test_the_names(recipe: Recipe) -> None:
    assert list(disturbances(recipe)) == NAMES


@pytest.mark.parametrize("name", NAMES[1:])
def test_disturbances_are_repeatable_and_change_what_they_say(recipe: Recipe, name: str) -> None:
    before = sample()
    once, again = (disturbances(recipe)[name](sample()) for _ in range(2))
    np.testing.assert_array_equal(once.image, again.image)
    assert once.image.dtype == np.uint8 and once.image.shape == before.image.shape
    assert np.abs(once.image.astype(int) - before.image).mean() > 0.1
    assert (once.label != before.label).any() == (name in LABELS_MOVE)
    assert once.label.shape == before.label.shape


def test_pitch_and_height_move_the_road_as_geometry_wants(recipe: Recipe) -> None:
    def road_rows(name: str) -> int:
        return int((disturbances(recipe)[name](sample()).label == 0).any(1).argmax())

    level = road_rows("none")
    assert road_rows("pitched 4 degrees down") < level - 10 and road_rows("pitched 4 degrees up") > level + 10
    before, low, high = (disturbances(recipe)[name](sample()) for name in (
        "none", "mounted at 0.7 of the height", "mounted at 1.5 times the height"))
    # The road's half-width at a row under the horizon is proportional to 1 / height.
    width = [(s.label[110] == 0).sum() for s in (before, low, high)]
    assert width[2] < width[0] < width[1]


def test_a_bonnet_is_not_road(recipe: Recipe) -> None:
    covered = disturbances(recipe)["bonnet"](sample())
    assert (covered.label[-1] == recipe.augmentation.bonnet_class).mean() > 0.5


def test_written_pictures_score_as_those_in_memory(data: Path, recipe: Recipe, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    recipe_file = tmp_path / "recipe.yaml"
    recipe_file.write_text(RECIPE.replace("seed: 1", f"seed: {recipe.seed}"))
    arguments = ["--data", str(data), "--output", str(tmp_path / "out")]
    monkeypatch.setattr(sys, "argv", ["disturb", str(recipe_file), *arguments])
    module.main()
    samples = load_validation(recipe, data)["made"]

    def predict(batch: torch.Tensor) -> torch.Tensor:  # any function of the pixels
        return torch.nn.functional.avg_pool2d(torch.cat([-batch[:, :1], batch[:, 1:2], batch[:, 2:]], 1), 8)

    for name, change in disturbances(recipe).items():
        written = load(tmp_path / "out/made" / slug(name) / "val.txt", [0, 1, 2])
        in_memory = evaluate(predict, samples, recipe.view, 3, 0, change)
        np.testing.assert_array_equal(evaluate(predict, written, recipe.view, 3).confusion, in_memory.confusion, name)
    assert slug("blur, sigma 2") == "blur-sigma-2" and slug("darkened to 0.35") == "darkened-to-0.35"


def test_any_names_fit_into_a_list(tmp_path: Path) -> None:
    """Spaces, what a list takes for a comment, and one name in two drives."""
    named = [Sample(name, np.full((2, 3, 3), i, np.uint8), np.zeros((2, 3), np.uint8))
             for i, name in enumerate(("a b", "a#b", "0001", "0001"))]
    written = load(write(named, tmp_path), [0])
    assert [s.name for s in written] == ["00000_a_b", "00001_a_b", "00002_0001", "00003_0001"]
    assert [s.image[0, 0, 0] for s in written] == [0, 1, 2, 3]


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "images/00000_drive_0001.png").mkdir(parents=True)
    with pytest.raises(OSError, match="images/00000_drive_0001.png: cannot be written"):
        write([sample()], tmp_path)
    assert not (tmp_path / "val.txt").exists()
