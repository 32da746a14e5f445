"""Several teachers, asked once; pictures without labels; crops of several sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import RECIPE, scene
from roadtrain.augment import Augmentation, taught_crop
from roadtrain.crops import Crops
from roadtrain.datasets import VOID, Sample, load
from roadtrain.device import Device
from roadtrain.export import export
from roadtrain.geometry import LABEL_STRIDE, SCORES_STRIDE
from roadtrain.losses import WeightedLoss, distillation_loss, taught_loss
from roadtrain.pictures import load_pictures
from roadtrain.recipe import DataSet, Distillation, Phase, Recipe, Size, Teacher, load_recipe
from roadtrain.teachers import Teachers, taught
from roadtrain.train import train
from roadtrain.trainer import Trainer

CPU = Device("cpu")


@pytest.fixture
def teaching(recipe: Recipe, tmp_path: Path) -> Recipe:
    """Two teachers of different kinds, asked once."""
    Trainer(replace(recipe, seed=98)).save(tmp_path / "first.pt")
    other = Trainer(replace(recipe, network="fcn8s", seed=99))
    export(other.ema, recipe.view, tmp_path / "second.onnx", recipe.classes)
    wanted = Distillation("contextnet", str(tmp_path / "first.pt"), 1.0, 1.0,
                          (Teacher("fcn8s", str(tmp_path / "second.onnx")),), once=True)
    return replace(recipe, distillation=wanted)


def test_teachers_say_the_mean_of_their_probabilities(teaching: Recipe) -> None:
    teachers, batch = Teachers(teaching, CPU), 255 * torch.rand(2, 3, 72, 96)
    with torch.no_grad():
        said, each = teachers(batch), [network(batch) for network in teachers.networks]
    assert not any(p.requires_grad for p in teachers.parameters())
    finest = max(each, key=lambda logits: logits.shape[2]).shape[2:]
    wanted = torch.stack([torch.nn.functional.interpolate(logits, finest, mode="bilinear").softmax(1)
                          for logits in each]).mean(0)
    torch.testing.assert_close(said.exp(), wanted)
    missing = replace(teaching.distillation, others=(Teacher("fcn8s", "nowhere.onnx"),))
    with pytest.raises(ValueError, match="nowhere.onnx: there is no such checkpoint"):
        Teachers(replace(teaching, distillation=missing), CPU)


def test_teachers_are_asked_once_and_what_they_said_is_kept(data: Path, teaching: Recipe, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    sets = [load(data / "made/train.txt", teaching.data[0].classes)]
    (first, *_), = taught(teaching, sets, CPU, tmp_path / "said.npz")
    assert first.scores.shape == (72 // SCORES_STRIDE, 96 // SCORES_STRIDE, 3)
    assert np.abs(first.scores.sum(2, dtype=int) - 255).max() <= 2
    monkeypatch.setattr("roadtrain.teachers._look", lambda *_: pytest.fail("asked again"))
    (again, *_), = taught(teaching, sets, CPU, tmp_path / "said.npz")
    np.testing.assert_array_equal(again.scores, first.scores)
    asked = []
    monkeypatch.setattr("roadtrain.teachers._look", lambda _, samples, __: asked.append(len(samples)) or
                        np.zeros((len(samples), 18, 24, 3), np.uint8))
    taught(teaching, [sets[0][1:]], CPU, tmp_path / "said.npz")
    assert asked == [5]  # other pictures
    (tmp_path / "said.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="said.npz: is damaged: remove it"):
        taught(teaching, sets, CPU, tmp_path / "said.npz")


@pytest.mark.parametrize("seed", range(12))
def test_scores_move_with_the_picture(seed: int) -> None:
    """Scores that say what the labels say agree with the labels of any crop, and say nothing of what was pasted or lies
    beyond the picture.
    """
    image, label = scene(seed, 228, 320)
    label[label == 3] = 0
    cells = label[1::2, 1::2]
    sample = Sample("made", image, label, scores=(255 * np.eye(3, dtype=np.uint8))[cells])
    a = Augmentation(aspect=0.2, rotation_degrees=5, pitch=0.5, height=0.5, mix=0.0, bonnet=0.4, bonnet_class=7,
                     mirror_bonnet=0.3, barrier=0.5, barrier_class=6, road_class=2)
    _, small, scores = taught_crop(np.random.default_rng(seed), sample, sample, (360, 480), (224, 320), (0.6, 1.6), a,
                                   (seed,))
    assert scores.shape == (224 // SCORES_STRIDE, 320 // SCORES_STRIDE, 3)
    step = SCORES_STRIDE // LABEL_STRIDE
    blocks = small.reshape(len(small) // step, step, -1, step).swapaxes(1, 2).reshape(*scores.shape[:2], -1)
    whole = (blocks == blocks[..., :1]).all(2)
    said = scores.sum(2, dtype=int) > 250
    assert (said & whole & (blocks[..., 0] < 3)).mean() > 0.1
    agree = scores.argmax(2)[said & whole] == blocks[..., 0][said & whole]
    assert agree.mean() > 0.97
    assert not said[(blocks == 6).all(2) | (blocks == 7).all(2) | (blocks == VOID).all(2)].any()


def test_what_is_said_counts_where_it_is_said() -> None:
    torch.manual_seed(0)
    student, teacher = torch.randn(2, 3, 6, 8), torch.randn(2, 3, 6, 8)
    said = teacher.softmax(1)
    torch.testing.assert_close(taught_loss(student, said, 1.0), distillation_loss(student, teacher, 1.0),
                               rtol=0.02, atol=0.0)
    half = said.clone()
    half[0] = 0
    torch.testing.assert_close(taught_loss(student, half, 1.0), taught_loss(student[1:], said[1:], 1.0))
    assert taught_loss(student, torch.zeros_like(said), 1.0) == 0


def test_pictures_without_labels_teach_by_what_is_said_of_them(data: Path, teaching: Recipe, tmp_path: Path) -> None:
    (data / "clip").mkdir()
    (data / "clip/train.txt").write_text("# pictures\n../made/train/images/1.png\n../made/train/images/2.png\n")
    clip = replace(teaching, data=[*teaching.data, DataSet("clip", 1.0, format="frames", rows=36)])
    pictures = load_pictures(clip, data)
    assert list(pictures.validation) == ["made"] and len(pictures.training[1]) == 2
    assert pictures.training[1][0].image.shape == (36, 48, 3)
    alone = [pictures.training[1]] * 2
    only = replace(clip, losses=(WeightedLoss("cross_entropy", 1.0),), auxiliary=0.0)
    trainer = Trainer(only)
    images, labels, said = Crops(only, taught(only, alone, CPU, tmp_path / "said.npz")).make(0, only.phases[0])
    assert (labels == VOID).all() and (said.sum(1) > 0.9).any()
    losses = [trainer.step(images, labels, 0.002, said) for _ in range(8)]
    assert 0 < losses[-1] < losses[0]
    # A run with all of it; the next finds what was said.
    done = train(clip, data, tmp_path / "run", tmp_path / "net.onnx", None)
    assert done.progress.step == 5 and (tmp_path / "run/teachers.npz").exists()


@pytest.mark.parametrize(("old", "new", "message"), [
    ("data: [", "data: [{name: clip, share: 1, format: frames}, ", "name a teacher, who says"),
    ("scale: [1, 1]", "scale: [1, 1], also: [{share: 0.6, size: [32, 32], scale: [1, 1]}, "
     "{share: 0.6, size: [32, 32], scale: [1, 1]}]", "also: the shares add up to at most 1"),
    ("scale: [1, 1]", "scale: [1, 1], also: [{share: 0.6, size: [32, 32], scale: [2, 1]}]", "the smaller number"),
    ("seed: 1", "seed: 1\naugmentation: {barrier: 0.1}", "barrier_class is 0 to 2"),
    ("seed: 1", "seed: 1\naugmentation: {barrier: 0.1, barrier_class: 1, barrier_keeps: [3]}", "barrier_keeps"),
    ("seed: 1", "seed: 1\ndistillation: {network: contextnet, checkpoint: a, others: [{network: unet, checkpoint: b}]}",
     "network")])
def test_what_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE.replace(old, new))
    with pytest.raises(ValueError, match=message):
        load_recipe(tmp_path / "recipe.yaml")


def test_teachers_lie_where_the_recipe_says(tmp_path: Path) -> None:
    others = "others: [{network: fcn8s, checkpoint: b.pt}]"
    (tmp_path / "recipe.yaml").write_text(
        f"{RECIPE}distillation: {{network: contextnet, checkpoint: a.pt, {others}}}\n")
    teachers = load_recipe(tmp_path / "recipe.yaml").distillation.teachers
    assert [t.checkpoint for t in teachers] == [str(tmp_path / "a.pt"), str(tmp_path / "b.pt")]


def test_batches_have_the_sizes_of_their_phase(data: Path, recipe: Recipe) -> None:
    others = Size(0.3, (32, 64), (0.5, 0.5)), Size(0.3, (32, 32), (0.4, 0.5))
    phase = Phase(1.0, (64, 96), 2, (1.0, 1.0), 4, also=others)
    several = replace(recipe, phases=[phase])
    crops = Crops(several, [load(data / "made/train.txt", recipe.data[0].classes)])
    sizes = [crops.make(first, phase)[0].shape[2:] for first in range(0, 80, 2)]
    counts = {size: sizes.count(size) for size in set(sizes)}
    assert counts.keys() == {(64, 96), (32, 64), (32, 32)} and min(counts.values()) >= 5
    assert sizes == [crops.make(first, phase)[0].shape[2:] for first in range(0, 80, 2)]
    images, labels = crops.make(2 * sizes.index((32, 64)), phase)
    assert labels.shape == (2, 16, 32)
    trainer = Trainer(several)
    for first in range(0, 80, 16):
        trainer.step(*crops.make(first, phase), 0.001)
    crops.close()
