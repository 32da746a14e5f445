"""Tiny made data: a road trapezium under a sky, with a palette that misleads whoever reads colours."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from roadtrain.augment import Augmentation
from roadtrain.losses import WeightedLoss
from roadtrain.recipe import DataSet, Phase, Recipe

torch.set_num_threads(1)  # the pictures are too small for two, which would only wait for each other

CLASSES = [2, 1, 0, 255]
"""On disk: 0 sky, 1 ground, 2 road, 3 void. For the network: 0 road, 1 ground, 2 sky."""


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> Iterator[None]:
    """Ctrl-C works, as in the foreground: tests that a shell started in the background ignore it, and hand that on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def scene(seed: int, height: int = 72, width: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its labels as they lie on disk."""
    rng = np.random.default_rng(seed)
    label = np.zeros((height, width), np.uint8)
    horizon = int(height * rng.uniform(0.35, 0.55))
    label[horizon:] = 1
    middle = width * rng.uniform(0.35, 0.65)
    road = [(middle - 3, horizon), (middle + 3, horizon), (width * 0.9, height), (width * 0.1, height)]
    cv2.fillConvexPoly(label, np.array(road, np.int32), 2)
    label[:2] = 3
    colours = np.array([[120, 160, 230], [60, 140, 50], [105, 100, 110], [0, 0, 0]])
    image = np.clip(colours[label] + rng.normal(0, 6, (height, width, 3)), 0, 255).astype(np.uint8)
    return image, label


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one data set, `made`, of 6 + 2 pictures."""
    root = tmp_path / "data"
    for split, seeds in (("train", range(6)), ("val", range(6, 8))):
        lines = ["# picture label", ""]
        for seed in seeds:
            image, label = scene(seed)
            for folder in ("images", "labels"):
                (root / "made" / split / folder).mkdir(parents=True, exist_ok=True)
            names = f"{split}/images/{seed}.png", f"{split}/labels/{seed}.png"
            cv2.imwrite(str(root / "made" / names[0]), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
            paletted = Image.fromarray(label, "P")
            paletted.putpalette([9, 9, 9] * 256)
            paletted.save(root / "made" / names[1])
            lines.append(" ".join(names))
        (root / "made" / f"{split}.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def recipe() -> Recipe:
    """Two short phases on the made data."""
    return Recipe(
        network="contextnet", class_names=["road", "ground", "sky"], class_weights=[1.0, 1.0, 1.0],
        mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), view=(72, 96),
        data=[DataSet("made", 1.0, CLASSES)],
        phases=[Phase(0.5, (64, 64), 4, (0.8, 1.2), 3), Phase(0.5, (72, 96), 2, (0.9, 1.1), 2)],
        seed=3, minutes=1.0, learning_rate=0.002, warmup=0.1, power=1.0, weight_decay=0.01, ema=0.9,
        losses=(WeightedLoss("weighted_cross_entropy", 1.0), WeightedLoss("jaccard", 0.5)), auxiliary=0.3,
        augmentation=Augmentation(),
    )


RECIPE = """
network: contextnet
class_names: [road, ground, sky]
mean: [0.485, 0.456, 0.406]
std: [0.229, 0.224, 0.225]
view: [72, 96]
seed: 1
learning_rate: 1e-3
losses: {cross_entropy: 1.0}
data: [{name: made, share: 1, classes: [2, 1, 0, 255]}]
phases: [{share: 1, steps: 1, size: [64, 64], batch: 2, scale: [1, 1]}]
"""
"""A recipe's file, for the made data."""

Refusal = Callable[..., str]


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Refusal:
    """Runs a command that has to end with status 1 and one line, and gives that."""
    def run(main: Callable[[], None], *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        lines = capsys.readouterr().err.splitlines()
        assert ended.value.code == 1 and len(lines) == 1, lines
        return lines[0]
    return run
