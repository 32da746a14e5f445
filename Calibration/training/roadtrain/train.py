"""Training by recipe: resumable, on a budget of minutes (or of the recipe's steps, to repeat a run)."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from .commands import StopRequest, bad_input_exits, positive
from .crops import Crops
from .datasets import Sample
from .device import Device
from .evaluate import Scores, evaluate
from .export import export
from .logs import RunLog, log
from .memory import KeptMemory
from .pictures import HELD_OUT, load_pictures
from .recipe import Recipe, load_recipe
from .teachers import taught
from .trainer import Progress, Trainer

LOG_STEPS = 100
SAVE_SECONDS = 3 * 60
REPORT_SECONDS = 15 * 60


def report(trainer: Trainer, validation: dict[str, list[Sample]], export_to: Path, run_log: RunLog) -> None:
    """Export the averaged network and log its scores; where drives are held out, keep the network that is best
    there.
    """
    recipe = trainer.recipe
    export(trainer.ema, recipe.view, export_to, recipe.classes, trainer.terms)
    scores: dict[str, Scores] = {}
    for name, samples in validation.items():
        scores[name] = evaluate(trainer.predict, samples, recipe.view, len(recipe.class_names), recipe.classes.road)
        log(f"{name}, {len(samples)} pictures: {scores[name].line()}")
    run_log.scalars(trainer.progress.step, {
        f"{name}/{key}": value for name, s in scores.items()
        for key, value in (("road", s.road_iou), ("miou", s.miou), ("accuracy", s.pixel_accuracy))})
    held_out = [s.miou for name, s in scores.items() if name.endswith(HELD_OUT)]
    if held_out and np.mean(held_out) > trainer.progress.best:
        trainer.progress.best = float(np.mean(held_out))
        best = export_to.with_name(export_to.stem + "-best.onnx")
        export(trainer.ema, recipe.view, best, recipe.classes, trainer.terms)


def phase_now(recipe: Recipe, state: Progress, minutes: float | None) -> tuple[int, float]:
    """The phase that a run is in, and how far it is, 0 to 1: by the clock, or by steps."""
    if minutes is not None:
        done = state.seconds / (60 * minutes)
        return max(state.phase, recipe.phase_at(done)), done
    phase = state.phase + (state.step_in_phase >= recipe.phases[state.phase].steps)
    if phase == len(recipe.phases):
        return state.phase, 1.0
    return phase, recipe.progress(phase, 0 if phase > state.phase else state.step_in_phase)


class Every:
    """Says when so many seconds of a run have gone by again."""

    def __init__(self, seconds: float, now: float) -> None:
        self.seconds, self.next = seconds, now + seconds

    def due(self, now: float) -> bool:
        """Whether they have; then counts anew."""
        if now < self.next:
            return False
        self.next = now + self.seconds
        return True


class Run:
    """A training under way: pictures in; checkpoints, scores and a model out."""

    def __init__(self, recipe: Recipe, data: Path, output: Path, export_to: Path, minutes: float | None,
                 device: Device | None) -> None:
        output.mkdir(parents=True, exist_ok=True)
        self.pictures = load_pictures(recipe, data)
        self.recipe = recipe.with_steps(sum(len(samples) for samples in self.pictures.training))
        self.trainer = Trainer(self.recipe, device)
        training = self.pictures.training
        if recipe.distillation and recipe.distillation.once:
            training = taught(self.recipe, training, self.trainer.device, output / "teachers.npz")
        self.crops = Crops(self.recipe, training, self.trainer.device.pin)
        self.checkpoint, self.export_to, self.minutes = output / "checkpoint.pt", export_to, minutes
        self.run_log = RunLog(output)
        self.losses: deque[float] = deque(maxlen=LOG_STEPS)

    def begin(self, begin_from: Path | None) -> None:
        """With the run's own checkpoint, if there is one; else with the weights of `begin_from`, or at random."""
        trainer = self.trainer
        if self.checkpoint.exists():
            trainer.restore(self.checkpoint)
            log(f"going on from step {trainer.progress.step}, {trainer.progress.seconds / 60:.1f} minutes")
        elif begin_from:
            trainer.begin_from(begin_from, self.crops)
            log(f"starting with the weights of {begin_from}")
        elif self.recipe.frozen:
            raise ValueError(f"frozen: {self.recipe.frozen[0]} would stay at random: "
                             "give weights to begin with, --from")

    def go(self, stop: Callable[[], bool]) -> None:
        """Trains until the budget is spent, then scores; or until `stop` says so, and keeps what is trained."""
        state = self.trainer.progress
        # Held-out drives whole: their scores are compared with those at the end.
        glance = {name: samples if name.endswith(HELD_OUT) else samples[::3]
                  for name, samples in self.pictures.validation.items()}
        save, look = Every(SAVE_SECONDS, state.seconds), Every(REPORT_SECONDS, state.seconds)
        memory = KeptMemory()
        started = time.monotonic() - state.seconds
        while self._goes_on():
            if stop():
                self.trainer.save(self.checkpoint)
                log(f"stopped after step {state.step}; the same command goes on from there")
                return
            self._step()
            memory.bound()
            state.seconds = time.monotonic() - started
            if state.step % LOG_STEPS == 0:
                self._log_loss()
            if save.due(state.seconds):
                self.trainer.save(self.checkpoint)
            if look.due(state.seconds):
                report(self.trainer, glance, self.export_to, self.run_log)
                self.trainer.save(self.checkpoint)
        self._finish()

    def _goes_on(self) -> bool:
        """Whether budget is left; enters the next phase where one is over."""
        state = self.trainer.progress
        phase, done = phase_now(self.recipe, state, self.minutes)
        if done < 1 and phase != state.phase:
            log(f"phase {state.phase} took {state.step_in_phase} steps")
            state.phase, state.step_in_phase = phase, 0
        return done < 1

    def _done(self) -> float:
        return phase_now(self.recipe, self.trainer.progress, self.minutes)[1]

    def _step(self) -> None:
        state = self.trainer.progress
        images, labels, *said = self.crops.next(state.seen, state.phase)
        self.losses.append(self.trainer.step(images, labels, self.recipe.rate_at(self._done()), *said))

    def _log_loss(self) -> None:
        state, done, loss = self.trainer.progress, self._done(), float(np.mean(self.losses))
        log(f"step {state.step} {100 * done:.1f}% loss {loss:.4f} "
            f"pictures {state.seen} minutes {state.seconds / 60:.1f}")
        self.run_log.scalars(state.step, {"loss": loss, "rate": self.recipe.rate_at(done),
                                          "pictures/second": state.seen / state.seconds})

    def _finish(self) -> None:
        state = self.trainer.progress
        log(f"phase {state.phase} took {state.step_in_phase} steps; {state.step} steps, {state.seen} crops, "
            f"{state.seconds / 60:.1f} minutes in all")
        self.trainer.save(self.checkpoint)
        report(self.trainer, self.pictures.validation, self.export_to, self.run_log)
        self.trainer.save(self.checkpoint)


def train(recipe: Recipe, data: Path, output: Path, export_to: Path, minutes: float | None,
          begin_from: Path | None = None, device: Device | None = None,
          stop: Callable[[], bool] = lambda: False) -> Trainer:
    """Train to the end of the budget: `minutes` of wall clock, or the recipe's steps where that is None.

    `begin_from` is the checkpoint of an earlier run, or a model file, whose weights this one starts with (another
    cycle of the schedule, or fine-tuning on own pictures); once this run has a checkpoint of its own, that one counts.
    `stop` is asked after every step.

    A budget of minutes ends on time however many other programs want the processor; the recipe's `steps`
    then record what was done, and repeat it.
    """
    run = Run(recipe, data, output, export_to, minutes, device)
    try:
        run.begin(begin_from)
        run.go(stop)
    finally:
        run.crops.close()
    return run.trainer


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.train", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's data sets")
    parser.add_argument("--output", type=Path, required=True, help="folder for checkpoint.pt; goes on from one there")
    parser.add_argument("--from", dest="begin_from", type=Path, metavar="FILE",
                        help="start with the weights of a checkpoint.pt or an ONNX model, float or int8")
    parser.add_argument("--export", type=Path, help="the ONNX file (default: OUTPUT/RECIPE-float.onnx)")
    parser.add_argument("--minutes", type=positive(float), help="wall-clock budget (default: the recipe's)")
    parser.add_argument("--by-steps", action="store_true", help="train the recipe's steps, however long they take")
    parser.add_argument("--device", default="auto", help="auto (CUDA where there is one), cpu, cuda, cuda:1")
    parser.add_argument("--threads", type=positive(int), default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with bad_input_exits(parser), StopRequest() as stop:
        recipe = load_recipe(arguments.recipe)
        minutes = None if arguments.by_steps else arguments.minutes or recipe.minutes
        export_to = arguments.export or arguments.output / f"{arguments.recipe.stem}-float.onnx"
        train(recipe, arguments.data, arguments.output, export_to, minutes, arguments.begin_from,
              Device(arguments.device), stop)
    if stop():
        raise SystemExit(stop.status)


if __name__ == "__main__":
    main()
