"""Steps, whole runs, resuming, other runs' weights, teachers, devices."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import RECIPE
from roadtrain.crops import Crops
from roadtrain.datasets import VOID, Sample, load
from roadtrain.device import Device
from roadtrain.evaluate import Scores, evaluate
from roadtrain.labels import label_set
from roadtrain.losses import LOSSES, WeightedLoss, segmentation_loss
from roadtrain.networks import DepthwiseConv2d
from roadtrain.pictures import load_pictures, load_validation, tells_classes_apart
from roadtrain.recipe import OPTIMIZERS, DataSet, Distillation, Recipe
from roadtrain.train import main, train
from roadtrain.trainer import Trainer


def test_void_pixels_have_no_gradient() -> None:
    logits = torch.zeros(1, 3, 4, 4, requires_grad=True)
    label = torch.zeros(1, 4, 4, dtype=torch.long)
    label[0, :2] = VOID
    terms = [WeightedLoss(name, 1.0) for name in LOSSES]
    segmentation_loss([logits], label, torch.ones(3), terms, 0.3).backward()
    assert logits.grad[0, :, :2].abs().max() == 0 and logits.grad[0, :, 2:].abs().min() > 0


def test_depthwise_gradients_are_exact_under_autocast() -> None:
    """Left to autocast, they were infinite."""
    torch.manual_seed(0)
    layer = DepthwiseConv2d(8, 8, 3, 2, 1, groups=8, bias=False)
    x = torch.randn(4, 8, 16, 20).to(memory_format=torch.channels_last)
    gradients = []
    for enabled in (False, True):
        layer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            output = layer(x)
        output.square().sum().backward()
        gradients.append(layer.weight.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1])


def test_steps_lower_the_loss(data: Path, recipe: Recipe) -> None:
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    trainer = Trainer(recipe)
    images, labels = crops.make(0, recipe.phases[0])
    losses = [trainer.step(images, labels, 0.002) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]


def test_crops_depend_on_their_number_alone(data: Path, recipe: Recipe) -> None:
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    ahead = [crops.next(4 * i, 0) for i in range(3)]
    for i, (images, labels) in enumerate(ahead):
        again = crops.make(4 * i, recipe.phases[0])
        assert torch.equal(images, again[0]) and torch.equal(labels, again[1])
    jumped = crops.next(400, 1)
    assert torch.equal(jumped[0], crops.make(400, recipe.phases[1])[0])


def test_a_resumed_run_ends_with_the_same_weights(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(recipe, dropout=0.5)
    whole = train(recipe, data, tmp_path / "whole", tmp_path / "whole.onnx", None)
    assert (whole.progress.step, whole.progress.seen) == (5, 3 * 4 + 2 * 2)

    stopped = Trainer(recipe)
    crops = Crops(recipe, [load(data / "made" / "train.txt", recipe.data[0].classes)])
    for step in range(2):
        images, labels = crops.next(stopped.progress.seen, 0)
        stopped.step(images, labels, recipe.rate_at(recipe.progress(0, step)))
    (tmp_path / "parts").mkdir()
    stopped.save(tmp_path / "parts" / "checkpoint.pt")
    parts = train(recipe, data, tmp_path / "parts", tmp_path / "parts.onnx", None)

    assert parts.progress.step == whole.progress.step
    for name, value in whole.ema.state_dict().items():
        torch.testing.assert_close(parts.ema.state_dict()[name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_checkpoints_of_other_runs_and_damaged_ones_are_refused(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    """The run does not begin anew over them."""
    path = tmp_path / "checkpoint.pt"
    Trainer(recipe).save(path)
    others = {"network": replace(recipe, network="fcn8s"),
              "class_names": replace(recipe, class_names=["road", "grass", "sky"])}
    for name, other in others.items():
        with pytest.raises(ValueError, match=f"checkpoint.pt: belongs to a run with {name} .*take another --output"):
            train(other, data, tmp_path, tmp_path / "net.onnx", None)
    with pytest.raises(ValueError, match="belongs to a run with optimizer adamw, the recipe has sgd"):
        train(replace(recipe, optimizer="sgd"), data, tmp_path, tmp_path / "net.onnx", None)
    later = Trainer(recipe)
    later.progress.phase = 2
    later.save(path)
    with pytest.raises(ValueError, match="checkpoint.pt: is in phase 2, the recipe ends before"):
        train(recipe, data, tmp_path, tmp_path / "net.onnx", None)
    whole = path.read_bytes()
    for content in (b"", b"weights", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="checkpoint.pt: is no checkpoint of a training run, or damaged"):
            train(recipe, data, tmp_path, tmp_path / "net.onnx", None)
        assert path.read_bytes() == content


def test_what_a_recipe_says_after_a_stop_counts(recipe: Recipe, tmp_path: Path) -> None:
    """Its weight decay, too, which a checkpoint of the optimiser holds."""
    Trainer(recipe).save(tmp_path / "checkpoint.pt")
    resumed = Trainer(replace(recipe, weight_decay=0.25))
    resumed.restore(tmp_path / "checkpoint.pt")
    assert [group["weight_decay"] for group in resumed.optimizer.param_groups] == [0.25, 0.0]


def test_a_gradient_that_is_not_finite_ends_the_run_with_its_remedy(recipe: Recipe) -> None:
    images, labels = torch.full((2, 3, 64, 64), torch.inf), torch.zeros(2, 32, 32, dtype=torch.long)
    with pytest.raises(FloatingPointError, match="step 0: the gradient is not finite: lower learning_rate"):
        Trainer(recipe).step(images, labels, 0.01)


@pytest.mark.parametrize("ask", [os.kill, os.killpg])
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_keeps_every_step(data: Path, tmp_path: Path, asked: signal.Signals,
                                            ask: Callable[[int, int], None]) -> None:
    """A real process, asked after its first hundred steps, alone or with those that make its batches, as `timeout`
    asks; run again, it ends as if nobody had asked.
    """
    (tmp_path / "tiny.yaml").write_text(RECIPE.replace("steps: 1,", "steps: 130,"))
    command = [sys.executable, "-m", "roadtrain.train", tmp_path / "tiny.yaml", "--data", data,
               "--output", tmp_path / "run", "--device", "cpu", "--threads", "1"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        while "step 100 " not in process.stderr.readline():
            assert process.poll() is None
        ask(process.pid, asked)
        last = process.stderr.read().splitlines()[-1]
        assert process.wait() == 128 + asked
    saved = torch.load(tmp_path / "run/checkpoint.pt", weights_only=True)["progress"]["step"]
    assert f"stopped after step {saved}; the same command goes on from there" in last and 100 <= saved < 130
    again = subprocess.run(command, cwd=Path(__file__).parents[1], stderr=subprocess.PIPE, text=True, check=True)
    assert f"going on from step {saved}" in again.stderr and "; 130 steps, 260 crops" in again.stderr


def test_a_budget_of_minutes_ends(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    done = train(recipe, data, tmp_path / "run", tmp_path / "out.onnx", minutes=0.02)
    assert done.progress.step > 0 and (tmp_path / "run" / "checkpoint.pt").exists()


def test_scores_of_a_known_confusion() -> None:
    scores = Scores(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))
    assert scores.iou[:2].tolist() == [0.75, 0.8] and np.isnan(scores.iou[2])
    assert scores.miou == pytest.approx(0.775) and scores.pixel_accuracy == pytest.approx(7 / 8)


def test_evaluation_upsamples_to_the_labels_and_skips_void() -> None:
    label = np.zeros((24, 32), np.uint8)
    label[:, 16:] = 1
    label[0] = VOID
    logits = torch.zeros(1, 2, 6, 8)
    logits[0, 1, :, :4], logits[0, 0, :, 4:] = -1, -1
    scores = evaluate(lambda _: logits, [Sample("made", np.zeros((24, 32, 3), np.uint8), label)], (48, 64), 2)
    assert scores.confusion.sum() == 23 * 32 and scores.miou == 1


def test_another_runs_weights_are_where_training_starts(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    first = train(recipe, data, tmp_path / "first", tmp_path / "first.onnx", None)
    still = replace(recipe, learning_rate=0.0, seed=11, phases=[replace(recipe.phases[0], share=1.0, steps=1)])
    second = train(still, data, tmp_path / "second", tmp_path / "second.onnx", None, tmp_path / "first/checkpoint.pt")
    for (name, value), started in zip(second.model.named_parameters(), first.ema.parameters()):
        torch.testing.assert_close(value, started, msg=name)
    assert second.progress.step == 1
    # Once there is a checkpoint of its own, that one counts.
    again = train(replace(still, phases=[replace(still.phases[0], steps=2)]), data, tmp_path / "second",
                  tmp_path / "second.onnx", None, tmp_path / "missing.pt")
    assert again.progress.step == 2


def test_other_classes_begin_at_random_and_other_networks_are_refused(recipe: Recipe, tmp_path: Path) -> None:
    Trainer(recipe).save(tmp_path / "checkpoint.pt")
    four = Trainer(replace(recipe, class_names=["a", "b", "c", "d"], class_weights=[1.0] * 4))
    own = {name: value.clone() for name, value in four.ema.state_dict().items()}
    four.begin_from(tmp_path / "checkpoint.pt", Crops(recipe, []))
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["ema"]
    for name, value in four.ema.state_dict().items():
        torch.testing.assert_close(value, own[name] if value.shape != saved[name].shape else saved[name], msg=name)
    with pytest.raises(ValueError, match="another network than Fcn8s"):
        Trainer(replace(recipe, network="fcn8s")).begin_from(tmp_path / "checkpoint.pt", Crops(recipe, []))


def test_frozen_parts_keep_what_they_begin_with(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    """Their weights and the statistics of their batch norms, through a stop, too; all others learn."""
    first = train(recipe, data, tmp_path / "first", tmp_path / "first.onnx", None)
    some = replace(recipe, frozen=["deep", "shallow.0"], seed=11)
    asked = iter([False, False, True])
    start = tmp_path / "first" / "checkpoint.pt"
    train(some, data, tmp_path / "second", tmp_path / "second.onnx", None, start, stop=lambda: next(asked))
    done = train(some, data, tmp_path / "second", tmp_path / "second.onnx", None)
    assert done.progress.step == 5
    began = first.ema.state_dict()
    for network in (done.model, done.ema):
        for name, value in network.state_dict().items():
            kept = name.startswith(("network.deep.", "network.shallow.0."))
            if kept or not name.endswith(("num_batches_tracked", "mean", "std")):
                assert torch.equal(value, began[name]) == kept, name


def test_frozen_parts_that_cannot_be_meant_are_refused(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "net.onnx"
    for frozen, message in ((["shalow"], "frozen: unknown part 'shalow'; did you mean 'shallow'?"),
                            (["deep"], "frozen: deep would stay at random: give weights to begin with, --from"),
                            (["shallow", "deep", "fuse_deep", "fuse_shallow", "classifier", "auxiliary_shallow",
                              "auxiliary_deep"], "frozen: nothing is left to be trained")):
        with pytest.raises(ValueError, match=re.escape(message)):
            train(replace(recipe, frozen=frozen), data, run, out, None)
    assert not out.exists()
    Trainer(recipe).save(run / "checkpoint.pt")
    four = replace(recipe, class_names=["a", "b", "c", "d"], class_weights=[1.0] * 4, frozen=["classifier"])
    with pytest.raises(ValueError, match="another number of classes: frozen, .*classifier.* would stay at random"):
        Trainer(four).begin_from(run / "checkpoint.pt", Crops(four, []))
    with pytest.raises(ValueError, match="belongs to a run with frozen nothing, the recipe has deep"):
        train(replace(recipe, frozen=["deep"]), data, run, out, None)


def test_a_student_follows_its_teacher(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    """With the teacher's divergence as the only term that counts, the student's logits come nearer to the teacher's."""
    Trainer(replace(recipe, seed=99)).save(tmp_path / "teacher.pt")
    with_teacher = replace(
        recipe, distillation=Distillation("contextnet", str(tmp_path / "teacher.pt"), weight=1000.0),
        losses=(WeightedLoss("cross_entropy", 1e-6),), auxiliary=0.0)
    trainer = Trainer(with_teacher)
    assert not any(p.requires_grad for p in trainer.teacher.parameters())
    images, labels = Crops(recipe, [load(data / "made/train.txt", recipe.data[0].classes)]).make(0, recipe.phases[0])
    losses = [trainer.step(images, labels, 0.002) for _ in range(8)]
    assert losses[-1] < 0.7 * losses[0]
    missing = replace(with_teacher, distillation=replace(with_teacher.distillation, checkpoint="nowhere.pt"))
    with pytest.raises(ValueError, match="nowhere.pt: there is no such checkpoint"):
        Trainer(missing)


def test_held_out_drives_are_scored_and_not_trained_on(data: Path, recipe: Recipe, tmp_path: Path,
                                                       monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture) -> None:
    """Whole each time, or the best of the looks could not be told; of val a third will do."""
    monkeypatch.setattr("roadtrain.train.REPORT_SECONDS", 0)
    by_drive = replace(recipe, data=[replace(recipe.data[0], hold_out=("0", "1"))])
    pictures = load_pictures(by_drive, data)
    assert [s.name for s in pictures.training[0]] == ["2", "3", "4", "5"]
    assert {name: len(samples) for name, samples in pictures.validation.items()} == {"made": 2, "made/held-out": 2}
    run = train(by_drive, data, tmp_path / "run", tmp_path / "net.onnx", None)
    assert run.progress.best > 0 and (tmp_path / "net-best.onnx").exists()
    logged = (tmp_path / "run/log.jsonl").read_text()
    assert "made/held-out/road" in logged and "made/miou" in logged
    printed = capsys.readouterr().err
    assert "made, 1 pictures" in printed and "made/held-out, 2 pictures" in printed
    assert "made/held-out, 1 pictures" not in printed
    with pytest.raises(ValueError, match="begins with xyz"):
        load_pictures(replace(recipe, data=[replace(recipe.data[0], hold_out=("xyz",))]), data)
    with pytest.raises(ValueError, match="leaves nothing"):
        load_pictures(replace(recipe, data=[replace(recipe.data[0], hold_out=("",))]), data)


def test_val_may_be_trained_on_and_is_not_scored_then(data: Path, recipe: Recipe) -> None:
    """With a drive held out of both, it alone is scored."""
    apart = load_pictures(recipe, data)
    names = [s.name for s in [*apart.training[0], *apart.validation["made"]]]
    together = replace(recipe, data=[replace(recipe.data[0], val_too=True)])
    pictures = load_pictures(together, data)
    assert [s.name for s in pictures.training[0]] == names and pictures.validation == {}
    assert load_validation(together, data) == {}
    held_out = replace(recipe, data=[replace(recipe.data[0], val_too=True, hold_out=("0",))])
    pictures = load_pictures(held_out, data)
    assert {s.name for s in pictures.training[0]} == set(names) - {"0"}
    assert {name: {s.name for s in samples} for name, samples in pictures.validation.items()} == {
        "made/held-out": {"0"}}


@pytest.mark.parametrize(("form", "target", "classes", "told"), [
    ("kitti-road", "driving7", None, False), ("comma10k", "driving7", None, False),
    ("kitti-road", "kitti-road", None, True), ("cityscapes", "driving7", None, True),
    ("bdd100k", "camvid11", None, True), ("kitti-road", "driving7", [0, 1], True),
    ("kitti-road", "driving7", [0, [1, 2, 3, 4, 5, 6]], False), ("list", "driving7", [0, 1], True)])
def test_sets_that_tell_hardly_more_than_the_road_are_not_scored(recipe: Recipe, form: str, target: str,
                                                                 classes: list | None, told: bool) -> None:
    """All that a network painted beside the road would count for nothing."""
    recipe = replace(recipe, label_set=target, class_names=list(label_set(target).names))
    assert tells_classes_apart(recipe, DataSet("set", 1.0, classes, form)) is told


def test_labels_that_stand_for_several_classes_teach_and_are_not_scored(data: Path, recipe: Recipe) -> None:
    vague = replace(recipe, data=[*recipe.data, DataSet("made", 1.0, [2, [0, 1], [0, 1], 255])])
    pictures = load_pictures(vague, data)
    assert list(pictures.validation) == ["made"]
    assert set(np.unique(pictures.training[1][0].label)) == {2, 3, VOID}
    trainer = Trainer(vague)
    images, labels = Crops(replace(vague, data=vague.data[1:]), pictures.training[1:]).make(0, vague.phases[0])
    losses = [trainer.step(images, labels, 0.002) for _ in range(8)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_moves_the_weights(recipe: Recipe, optimizer: str) -> None:
    trainer = Trainer(replace(recipe, optimizer=optimizer))
    before = trainer.model.network.classifier[2].weight.clone()
    trainer.step(torch.rand(2, 3, 64, 64) * 255, torch.zeros(2, 32, 32, dtype=torch.long), 0.01)
    assert not torch.equal(before, trainer.model.network.classifier[2].weight)


def test_devices(recipe: Recipe) -> None:
    assert Device("cpu").torch.type == "cpu" and Device("auto").torch.type in ("cpu", "cuda")
    with pytest.raises(ValueError, match="cpu and cuda"):
        Device("meta")
    batch = torch.zeros(2)
    assert Device("cpu").pin(batch) is batch and Device("cpu").move(batch) is batch
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no CUDA device"):
            Device("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_trains_and_exports(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    bfloat16 = replace(recipe, phases=[replace(p, bfloat16=True) for p in recipe.phases])
    run = train(bfloat16, data, tmp_path, tmp_path / "net.onnx", None, device=Device("cuda"))
    assert run.progress.step == 5 and next(run.model.parameters()).is_cuda


def test_bfloat16_steps_lower_the_loss(data: Path, recipe: Recipe) -> None:
    trainer = Trainer(replace(recipe, phases=[replace(p, bfloat16=True) for p in recipe.phases]))
    images, labels = Crops(recipe, [load(data / "made/train.txt", recipe.data[0].classes)]).make(0, recipe.phases[0])
    losses = [trainer.step(images, labels, 0.002) for _ in range(6)]
    assert losses[-1] < 0.9 * losses[0]


def test_the_command_line_trains_and_names_mistakes(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture) -> None:
    recipe = tmp_path / "tiny.yaml"
    text = RECIPE + "optimizer: adam\nschedule: cosine\n"
    for old, new in (("contextnet", "fcn8s"), ("[72, 96]", "[64, 96]"), ("steps: 1", "epochs: 1"),
                     ("batch: 2", "batch: 4"), ("{cross_entropy: 1.0}", "{focal: 1.0, lovasz: 0.5}")):
        assert old in text
        text = text.replace(old, new)
    recipe.write_text(text)
    arguments = ["train", str(recipe), "--data", str(data), "--output", str(tmp_path / "run"), "--device", "cpu",
                 "--threads", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    main()
    saved = torch.load(tmp_path / "run/checkpoint.pt", weights_only=True)
    assert saved["progress"]["step"] == 2 and saved["network"] == "fcn8s"  # 6 pictures, 4 a batch
    assert (tmp_path / "run/tiny-float.onnx").exists()
    monkeypatch.setattr(sys, "argv", [*arguments[:3], str(tmp_path / "nowhere"), *arguments[4:]])
    with pytest.raises(SystemExit):
        main()
    assert "nowhere/made: there is no such folder" in capsys.readouterr().err
