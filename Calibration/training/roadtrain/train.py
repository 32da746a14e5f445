"""Training by recipe: resumable, on a budget of minutes (or of the recipe's steps, to repeat a run)."""

from __future__ import annotations

import argparse
import copy
import os
import sys
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .augment import augmented_crop
from .datasets import Sample, load
from .evaluate import evaluate
from .export import export
from .losses import segmentation_loss
from .networks import build
from .recipe import Phase, Recipe, load_recipe

PREFETCHED = 4
"""Batches made ahead, so that a slow one (JPEG, blur) does not stop the network."""


class Crops:
    """Batches of augmented crops. Crop number n depends on the recipe, the phase and n alone, so runs can resume."""

    def __init__(self, recipe: Recipe, sets: list[list[Sample]]) -> None:
        self.recipe, self.sets = recipe, sets
        shares = np.array([d.share for d in recipe.data])
        self.shares = shares / shares.sum()
        self.worker = ThreadPoolExecutor(1)
        self.queue: deque[tuple[int, int, Future]] = deque()

    def _crop(self, number: int, phase: Phase) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.recipe.seed, number])
        samples = self.sets[rng.choice(len(self.sets), p=self.shares)]
        sample, other = (samples[rng.integers(len(samples))] for _ in range(2))
        augmentation = replace(self.recipe.augmentation, scale=phase.scale)
        return augmented_crop(rng, sample.image, sample.label, other.image, self.recipe.view, phase.size,
                              augmentation)

    def make(self, first: int, phase: Phase) -> tuple[Tensor, Tensor]:
        """The batch that starts with crop number `first`."""
        crops = [self._crop(first + i, phase) for i in range(phase.batch)]
        images = torch.from_numpy(np.stack([image for image, _ in crops]))
        labels = torch.from_numpy(np.stack([label for _, label in crops]))
        # Height x width x colours seen as colours x height x width is channels_last already: no copy.
        return images.permute(0, 3, 1, 2).float(), labels.long()

    def next(self, first: int, index: int) -> tuple[Tensor, Tensor]:
        """As `make` for phase `index`, from those made ahead where there are any."""
        phase = self.recipe.phases[index]
        if self.queue and self.queue[0][:2] != (first, index):
            self.queue.clear()
        while len(self.queue) < PREFETCHED:
            start = self.queue[-1][0] + phase.batch if self.queue else first
            self.queue.append((start, index, self.worker.submit(self.make, start, phase)))
        return self.queue.popleft()[2].result()


@dataclass
class Progress:
    """How far a run is; saved with its weights."""

    step: int = 0
    seen: int = 0
    seconds: float = 0.0
    phase: int = 0
    step_in_phase: int = 0


class Trainer:
    """Network, averaged network, optimiser and progress, and one step of training."""

    def __init__(self, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe = recipe
        self.model = build(recipe.network, len(recipe.class_names), recipe.mean, recipe.std)
        self.model = self.model.to(memory_format=torch.channels_last).train()
        self.ema = copy.deepcopy(self.model).eval()
        # Decay draws filters, not the scales and offsets of batch norms, towards nothing.
        filters = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": filters, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}],
            lr=recipe.learning_rate)
        self.class_weights = torch.tensor(recipe.class_weights)
        self.progress = Progress()

    def step(self, images: Tensor, labels: Tensor, rate: float) -> float:
        """One step; gives the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        bfloat16 = self.recipe.phases[self.progress.phase].bfloat16
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            outputs = self.model(images)
        loss = segmentation_loss([output.float() for output in outputs], labels, self.class_weights,
                                 self.recipe.jaccard, self.recipe.auxiliary)
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

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        unfinished = path.with_name(path.name + ".unfinished")
        torch.save({"model": self.model.state_dict(), "ema": self.ema.state_dict(),
                    "optimizer": self.optimizer.state_dict(), "progress": vars(self.progress)}, unfinished)
        os.replace(unfinished, path)

    def begin_from(self, path: Path) -> None:
        """Start with the averaged weights of another run's checkpoint; schedule and optimiser begin anew."""
        weights = torch.load(path, weights_only=True)["ema"]
        self.model.load_state_dict(weights)
        self.ema.load_state_dict(weights)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint."""
        saved = torch.load(path, weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.ema.load_state_dict(saved["ema"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.progress = Progress(**saved["progress"])


def log(message: str) -> None:
    """A line on standard error, with the time."""
    print(time.strftime("%H:%M:%S"), message, file=sys.stderr, flush=True)


def report(trainer: Trainer, validation: dict[str, list[Sample]], export_to: Path) -> None:
    """Export the averaged network and log its scores."""
    recipe = trainer.recipe
    export(trainer.ema, recipe.view, export_to)
    for name, samples in validation.items():
        scores = evaluate(trainer.ema, samples, recipe.view, len(recipe.class_names))
        log(f"{name}, {len(samples)} pictures: {scores.line()}")


def train(recipe: Recipe, data: Path, output: Path, export_to: Path, minutes: float | None,
          begin_from: Path | None = None, save_minutes: float = 3, report_minutes: float = 15) -> Trainer:
    """Train to the end of the budget: `minutes` of wall clock, or the recipe's steps where that is None.

    `begin_from` is the checkpoint of an earlier run whose weights this one starts with (another cycle of the
    schedule, or fine-tuning on own pictures); once this run has a checkpoint of its own, that one counts.

    A budget of minutes ends on time however many other programs want the processor; the recipe's `steps`
    then record what was done, and repeat it.
    """
    output.mkdir(parents=True, exist_ok=True)
    trainer, checkpoint = Trainer(recipe), output / "checkpoint.pt"
    if checkpoint.exists():
        trainer.restore(checkpoint)
        log(f"going on from step {trainer.progress.step}, {trainer.progress.seconds / 60:.1f} minutes")
    elif begin_from:
        trainer.begin_from(begin_from)
        log(f"starting with the weights of {begin_from}")
    crops = Crops(recipe, [load(data / d.name / "train.txt", d.classes) for d in recipe.data])
    validation = {d.name: load(data / d.name / "val.txt", d.classes) for d in recipe.data}
    glance = {name: samples[::3] for name, samples in validation.items()}
    state, started = trainer.progress, time.monotonic() - trainer.progress.seconds
    next_save, next_report = state.seconds + 60 * save_minutes, state.seconds + 60 * report_minutes
    losses: list[float] = []
    while True:
        if minutes is not None:
            done = state.seconds / (60 * minutes)
            phase = max(state.phase, recipe.phase_at(done))
        else:
            phase = state.phase + (state.step_in_phase >= recipe.phases[state.phase].steps)
            done = recipe.progress(phase, 0 if phase > state.phase else state.step_in_phase) \
                if phase < len(recipe.phases) else 1.0
        if done >= 1:
            break
        if phase != state.phase:
            log(f"phase {state.phase} took {state.step_in_phase} steps")
            state.phase, state.step_in_phase = phase, 0
        images, labels = crops.next(state.seen, state.phase)
        losses.append(trainer.step(images, labels, recipe.rate_at(done)))
        state.seconds = time.monotonic() - started
        if state.step % 100 == 0:
            log(f"step {state.step} {100 * done:.1f}% loss {np.mean(losses[-100:]):.4f} "
                f"pictures {state.seen} minutes {state.seconds / 60:.1f}")
        if state.seconds >= next_save:
            trainer.save(checkpoint)
            next_save = state.seconds + 60 * save_minutes
        if state.seconds >= next_report:
            report(trainer, glance, export_to)
            next_report = state.seconds + 60 * report_minutes
    crops.worker.shutdown(cancel_futures=True)
    log(f"phase {state.phase} took {state.step_in_phase} steps; {state.step} steps, {state.seen} crops, "
        f"{state.seconds / 60:.1f} minutes in all")
    trainer.save(checkpoint)
    report(trainer, validation, export_to)
    return trainer


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.train", description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's data sets")
    parser.add_argument("--output", type=Path, required=True, help="folder for checkpoint.pt; goes on from one there")
    parser.add_argument("--from", dest="begin_from", type=Path, metavar="CHECKPOINT",
                        help="start with these weights: another cycle, or fine-tuning")
    parser.add_argument("--export", type=Path, help="the ONNX file (default: OUTPUT/RECIPE-float.onnx)")
    parser.add_argument("--minutes", type=float, help="wall-clock budget (default: the recipe's)")
    parser.add_argument("--by-steps", action="store_true", help="train the recipe's steps, however long they take")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    recipe = load_recipe(arguments.recipe)
    minutes = None if arguments.by_steps else arguments.minutes or recipe.minutes
    export_to = arguments.export or arguments.output / f"{arguments.recipe.stem}-float.onnx"
    train(recipe, arguments.data, arguments.output, export_to, minutes, arguments.begin_from)


if __name__ == "__main__":
    main()
