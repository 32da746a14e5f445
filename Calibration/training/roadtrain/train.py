"""Training by recipe: resumable, on a budget of minutes (or of the recipe's steps, to repeat a run)."""

from __future__ import annotations

import argparse
import copy
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .commands import bad_input_exits
from .crops import Crops
from .datasets import Sample
from .device import Device
from .evaluate import Scores, evaluate
from .export import export
from .logs import RunLog, log
from .losses import distillation_loss, segmentation_loss
from .networks import build
from .readers import load_split_of, load_validation
from .recipe import Recipe, load_recipe
from .weights import STATISTICS_CROPS, is_model, read_weights, unfold_batch_norms

LOG_STEPS = 100


@dataclass
class Progress:
    """How far a run is; saved with its weights."""

    step: int = 0
    seen: int = 0
    seconds: float = 0.0
    phase: int = 0
    step_in_phase: int = 0
    best: float = -1.0
    """Highest mIoU on held-out drives so far."""


class Trainer:
    """Network, averaged network, optimiser and progress, and one step of training."""

    def __init__(self, recipe: Recipe, device: Device | None = None) -> None:
        self.recipe, self.device = recipe, device or Device("cpu")
        self.device.seed(recipe.seed)
        self.model = build(recipe.network, len(recipe.class_names), recipe.mean, recipe.std, recipe.dropout)
        self.model = self.device.place(self.model).train()
        self.ema = copy.deepcopy(self.model).eval()
        self.teacher = self._teacher()
        self.optimizer = self._optimizer()
        self.class_weights = torch.tensor(recipe.weights, device=self.device.torch)
        self.progress = Progress()

    def _optimizer(self) -> torch.optim.Optimizer:
        recipe = self.recipe
        # Decay draws filters, not the scales and offsets of batch norms, towards nothing.
        filters = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        groups = [{"params": filters, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
        if recipe.optimizer == "sgd":
            return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, nesterov=True)
        kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[recipe.optimizer]
        return kind(groups, lr=recipe.learning_rate)

    def _teacher(self) -> nn.Module | None:
        """The averaged network of the teacher's checkpoint, not to be trained."""
        wanted = self.recipe.distillation
        if wanted is None:
            return None
        teacher = build(wanted.network, len(self.recipe.class_names), self.recipe.mean, self.recipe.std)
        if not Path(wanted.checkpoint).exists():
            raise ValueError(f"{wanted.checkpoint}: there is no such checkpoint of the teacher; train it first")
        weights = read_weights(Path(wanted.checkpoint), teacher, self.device)
        if other := [name for name, own in teacher.state_dict().items() if own.shape != weights[name].shape]:
            raise ValueError(f"{wanted.checkpoint}: {other[0]} has another shape than in '{wanted.network}'; "
                             "a teacher has its student's classes")
        teacher.load_state_dict(weights)
        return self.device.place(teacher).eval().requires_grad_(False)

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        """The recipe's losses on one batch."""
        bfloat16 = self.recipe.phases[self.progress.phase].bfloat16
        with self.device.autocast(bfloat16):
            outputs = self.model(images)
        outputs = [output.float() for output in outputs]
        loss = segmentation_loss(outputs, labels, self.class_weights, list(self.recipe.losses), self.recipe.auxiliary,
                                 self.recipe.groups)
        if self.teacher is not None:
            with torch.no_grad(), self.device.autocast(bfloat16):
                wanted = self.teacher(images)
            distillation = self.recipe.distillation
            loss = loss + distillation.weight * distillation_loss(outputs[0], wanted.float(), distillation.temperature)
        return loss

    def step(self, images: Tensor, labels: Tensor, rate: float) -> float:
        """One step; gives the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.device.move(images), self.device.move(labels))
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        if not torch.isfinite(norm):
            raise FloatingPointError(f"step {self.progress.step}: the gradient is not finite")
        self.optimizer.step()
        self._average()
        self.progress.step += 1
        self.progress.step_in_phase += 1
        self.progress.seen += len(images)
        return loss.item()

    @torch.no_grad()
    def _average(self) -> None:
        """Moves the averaged network towards the trained one; faster in the first steps, to forget the start."""
        keep = min(self.recipe.ema, (1 + self.progress.step) / (10 + self.progress.step))
        for mean, now in zip(self.ema.state_dict().values(), self.model.state_dict().values()):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)

    def predict(self, batch: Tensor) -> Tensor:
        """Logits of the averaged network, on the CPU."""
        return self.ema(self.device.move(batch)).cpu()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        unfinished = path.with_name(path.name + ".unfinished")
        torch.save({"model": self.model.state_dict(), "ema": self.ema.state_dict(),
                    "optimizer": self.optimizer.state_dict(), "progress": vars(self.progress),
                    "network": self.recipe.network, "class_names": list(self.recipe.class_names)}, unfinished)
        os.replace(unfinished, path)

    def begin_from(self, path: Path, crops: Crops) -> None:
        """Start with the averaged weights of another run's checkpoint, or with those of a model file, float or int8;
        schedule and optimiser begin anew.

        Of another set of classes everything but the classifiers is taken: those begin at random. A model file's batch
        norms take their statistics from the first of `crops`.
        """
        weights, own = read_weights(path, self.ema, self.device), self.ema.state_dict()
        other = [name for name in own if own[name].shape != weights[name].shape]
        classes = len(self.recipe.class_names)
        if strange := [name for name in other if classes not in own[name].shape]:
            raise ValueError(f"{path}: {strange[0]} has another shape than in '{self.recipe.network}'")
        if other:
            log(f"{path} has another number of classes: {', '.join(other)} begin at random")
        self.ema.load_state_dict({name: own[name] if name in other else weights[name] for name in own})
        if is_model(path):
            phase = self.recipe.phases[0]
            first = range(0, STATISTICS_CROPS, phase.batch)
            unfold_batch_norms(self.ema, (self.device.move(crops.make(number, phase)[0]) for number in first))
        self.model.load_state_dict(self.ema.state_dict())

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint."""
        saved = self.device.load(str(path))
        self.model.load_state_dict(saved["model"])
        self.ema.load_state_dict(saved["ema"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.progress = Progress(**saved["progress"])


@dataclass(frozen=True)
class Pictures:
    """What a recipe trains on, one list for each of its data sets, and what it is scored on, by name."""

    training: list[list[Sample]]
    validation: dict[str, list[Sample]]


def load_pictures(recipe: Recipe, data: Path) -> Pictures:
    """Train and val of every data set; drives that the recipe holds out of train are scored as NAME/held-out."""
    training, validation = [], load_validation(recipe, data)
    for d in recipe.data:
        samples = load_split_of(recipe, data, d, "train")
        held_out = [s for s in samples if d.hold_out and s.name.startswith(d.hold_out)]
        if d.hold_out and not held_out:
            raise ValueError(f"{data / d.name}: no training picture's name begins with {', '.join(d.hold_out)}")
        if len(held_out) == len(samples):
            raise ValueError(f"{data / d.name}: hold_out leaves nothing to train on")
        training.append([s for s in samples if not (d.hold_out and s.name.startswith(d.hold_out))])
        if held_out:
            validation[f"{d.name}/held-out"] = held_out
    return Pictures(training, validation)


def report(trainer: Trainer, validation: dict[str, list[Sample]], export_to: Path, run_log: RunLog) -> None:
    """Export the averaged network and log its scores; where drives are held out, keep the network that is best
    there.
    """
    recipe = trainer.recipe
    export(trainer.ema, recipe.view, export_to, recipe.classes)
    scores: dict[str, Scores] = {}
    for name, samples in validation.items():
        scores[name] = evaluate(trainer.predict, samples, recipe.view, len(recipe.class_names), recipe.classes.road)
        log(f"{name}, {len(samples)} pictures: {scores[name].line()}")
    run_log.scalars(trainer.progress.step, {
        f"{name}/{key}": value for name, s in scores.items()
        for key, value in (("road", s.road_iou), ("miou", s.miou), ("accuracy", s.pixel_accuracy))})
    held_out = [s.miou for name, s in scores.items() if name.endswith("/held-out")]
    if held_out and np.mean(held_out) > trainer.progress.best:
        trainer.progress.best = float(np.mean(held_out))
        export(trainer.ema, recipe.view, export_to.with_name(export_to.stem + "-best.onnx"), recipe.classes)


def phase_now(recipe: Recipe, state: Progress, minutes: float | None) -> tuple[int, float]:
    """The phase that a run is in, and how far it is, 0 to 1: by the clock, or by steps."""
    if minutes is not None:
        done = state.seconds / (60 * minutes)
        return max(state.phase, recipe.phase_at(done)), done
    phase = state.phase + (state.step_in_phase >= recipe.phases[state.phase].steps)
    if phase == len(recipe.phases):
        return state.phase, 1.0
    return phase, recipe.progress(phase, 0 if phase > state.phase else state.step_in_phase)


def train(recipe: Recipe, data: Path, output: Path, export_to: Path, minutes: float | None,
          begin_from: Path | None = None, save_minutes: float = 3, report_minutes: float = 15,
          device: Device | None = None) -> Trainer:
    """Train to the end of the budget: `minutes` of wall clock, or the recipe's steps where that is None.

    `begin_from` is the checkpoint of an earlier run, or a model file, whose weights this one starts with (another
    cycle of the schedule, or fine-tuning on own pictures); once this run has a checkpoint of its own, that one counts.

    A budget of minutes ends on time however many other programs want the processor; the recipe's `steps`
    then record what was done, and repeat it.
    """
    output.mkdir(parents=True, exist_ok=True)
    pictures = load_pictures(recipe, data)
    recipe = recipe.with_steps(sum(len(samples) for samples in pictures.training))
    trainer, checkpoint, run_log = Trainer(recipe, device), output / "checkpoint.pt", RunLog(output)
    crops = Crops(recipe, pictures.training, trainer.device.pin)
    if checkpoint.exists():
        trainer.restore(checkpoint)
        log(f"going on from step {trainer.progress.step}, {trainer.progress.seconds / 60:.1f} minutes")
    elif begin_from:
        trainer.begin_from(begin_from, crops)
        log(f"starting with the weights of {begin_from}")
    glance = {name: samples[::3] for name, samples in pictures.validation.items()}
    state, started = trainer.progress, time.monotonic() - trainer.progress.seconds
    next_save, next_report = state.seconds + 60 * save_minutes, state.seconds + 60 * report_minutes
    losses: list[float] = []
    while True:
        phase, done = phase_now(recipe, state, minutes)
        if done >= 1:
            break
        if phase != state.phase:
            log(f"phase {state.phase} took {state.step_in_phase} steps")
            state.phase, state.step_in_phase = phase, 0
        images, labels = crops.next(state.seen, state.phase)
        rate = recipe.rate_at(done)
        losses.append(trainer.step(images, labels, rate))
        state.seconds = time.monotonic() - started
        if state.step % LOG_STEPS == 0:
            loss = float(np.mean(losses[-LOG_STEPS:]))
            log(f"step {state.step} {100 * done:.1f}% loss {loss:.4f} "
                f"pictures {state.seen} minutes {state.seconds / 60:.1f}")
            run_log.scalars(state.step, {"loss": loss, "rate": rate, "pictures/second": state.seen / state.seconds})
        if state.seconds >= next_save:
            trainer.save(checkpoint)
            next_save = state.seconds + 60 * save_minutes
        if state.seconds >= next_report:
            report(trainer, glance, export_to, run_log)
            next_report = state.seconds + 60 * report_minutes
    crops.close()
    log(f"phase {state.phase} took {state.step_in_phase} steps; {state.step} steps, {state.seen} crops, "
        f"{state.seconds / 60:.1f} minutes in all")
    report(trainer, pictures.validation, export_to, run_log)
    trainer.save(checkpoint)
    return trainer


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.train", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's data sets")
    parser.add_argument("--output", type=Path, required=True, help="folder for checkpoint.pt; goes on from one there")
    parser.add_argument("--from", dest="begin_from", type=Path, metavar="FILE",
                        help="start with the weights of a checkpoint.pt or an ONNX model, float or int8")
    parser.add_argument("--export", type=Path, help="the ONNX file (default: OUTPUT/RECIPE-float.onnx)")
    parser.add_argument("--minutes", type=float, help="wall-clock budget (default: the recipe's)")
    parser.add_argument("--by-steps", action="store_true", help="train the recipe's steps, however long they take")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda, cuda:1")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with bad_input_exits(parser):
        recipe = load_recipe(arguments.recipe)
        minutes = None if arguments.by_steps else arguments.minutes or recipe.minutes
        export_to = arguments.export or arguments.output / f"{arguments.recipe.stem}-float.onnx"
        train(recipe, arguments.data, arguments.output, export_to, minutes, arguments.begin_from,
              device=Device(arguments.device))


if __name__ == "__main__":
    main()
