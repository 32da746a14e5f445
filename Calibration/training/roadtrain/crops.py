"""Batches for training: which picture, which crop of it, in which order."""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from .augment import Scale, taught_crop
from .datasets import Sample
from .memory import KeptMemory
from .recipe import Phase, Recipe

WORKERS = max(1, min(8, (os.cpu_count() or 1) // 2))
"""Processes that make batches. A thread would hold Python's lock between the many small steps of training: with one, a
step of ContextNet took 1.3 times as long on two cores."""
PREFETCHED = max(1, 4 // WORKERS)
"""Batches that each makes ahead, so that a slow one (JPEG, blur) does not stop the network. They lie in shared memory,
of which containers have little.
"""


SIZES_STREAM = 100
"""Number of the random stream that chooses a batch's size; see `augment.STREAMS`."""

COLOURS_STREAM = 101
"""Number of the random stream that chooses the picture whose colours a crop may take: each data set alike, so that a
small one with another light counts.
"""


class _Batches(Dataset):
    """A batch by the number of its first crop and its phase. Bytes: floats would be four times as many to hand over."""

    def __init__(self, recipe: Recipe, sets: list[list[Sample]]) -> None:
        self.recipe, self.sets = recipe, sets
        shares = np.array([d.share for d in recipe.data])
        self.shares = shares / shares.sum()
        augmentation = recipe.augmentation
        self.augmentation = replace(augmentation, mix_classes=recipe.labels_within(augmentation.mix_classes),
                                    dry_grass_classes=recipe.labels_within(augmentation.dry_grass_classes),
                                    barrier_keeps=recipe.labels_within(augmentation.barrier_keeps))
        """The recipe's, with the labels that stand for its classes in all of its data sets."""
        self.kept: KeptMemory | None = None
        """In a process that makes batches ahead."""

    def _crop(self, number: int, size: tuple[int, int],
              scale: Scale) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        rng = np.random.default_rng([self.recipe.seed, number])
        samples = self.sets[rng.choice(len(self.sets), p=self.shares)]
        sample, other = (samples[rng.integers(len(samples))] for _ in range(2))
        own = np.random.default_rng([self.recipe.seed, number, COLOURS_STREAM])
        coloured = self.sets[own.integers(len(self.sets))]
        return taught_crop(rng, sample, other, self.recipe.view, size, scale, self.augmentation,
                           (self.recipe.seed, number), coloured[own.integers(len(coloured))])

    def __getitem__(self, batch: tuple[int, Phase]) -> tuple[Tensor, ...]:
        if self.kept is not None:
            self.kept.bound()
        first, phase = batch
        size, scale = phase.size_of(np.random.default_rng([self.recipe.seed, first, SIZES_STREAM]).random())
        crops = zip(*(self._crop(first + i, size, scale) for i in range(phase.batch)))
        return tuple(torch.from_numpy(np.stack(each)) for each in crops if each[0] is not None)


class Crops:
    """Batches of augmented crops. Crop number n depends on the recipe, the phase and n alone, so runs can resume."""

    def __init__(self, recipe: Recipe, sets: list[list[Sample]], pin: Callable[[Tensor], Tensor] = lambda t: t) -> None:
        """`sets`: the pictures of each entry of the recipe's data. `pin` gets each batch."""
        self.recipe, self.pin = recipe, pin
        self.batches = _Batches(recipe, sets)
        self._ahead: Iterator[tuple[Tensor, ...]] | None = None
        self._expected: tuple[int, int] | None = None
        """First crop and phase of the batch that `_ahead` gives next."""

    def _floats(self, images: Tensor, labels: Tensor, *scores: Tensor) -> tuple[Tensor, ...]:
        # Height x width x colours seen as colours x height x width is channels_last already: no copy.
        taught = (self.pin(each.permute(0, 3, 1, 2).float() / 255) for each in scores)
        return self.pin(images.permute(0, 3, 1, 2).float()), self.pin(labels.long()), *taught

    def make(self, first: int, phase: Phase) -> tuple[Tensor, ...]:
        """The batch that starts with crop number `first`: images, labels, and, where the pictures have them, what
        teachers said of them, as probabilities that add up to 1, or to 0 where they said nothing.
        """
        return self._floats(*self.batches[first, phase])

    def next(self, first: int, index: int) -> tuple[Tensor, ...]:
        """As `make` for phase `index`, from those made ahead where there are any."""
        phase = self.recipe.phases[index]
        if self._ahead is None or self._expected != (first, index):
            self._ahead = self._from(first, phase)
        self._expected = (first + phase.batch, index)
        return self._floats(*next(self._ahead))

    def _from(self, first: int, phase: Phase) -> Iterator[tuple[Tensor, ...]]:
        """Batches from crop number `first` on, made ahead by other processes."""
        numbers = zip(itertools.count(first, phase.batch), itertools.repeat(phase))
        # Forked, they share the pictures; elsewhere each gets a copy.
        start = "fork" if sys.platform == "linux" else None
        return iter(DataLoader(self.batches, batch_size=None, sampler=numbers, num_workers=WORKERS,
                               prefetch_factor=PREFETCHED, multiprocessing_context=start, worker_init_fn=_begin))

    def close(self) -> None:
        """Stops making batches ahead."""
        self._ahead = None


def _begin(_: int) -> None:
    """In a process that makes batches: training, which waits for its slowest thread, goes first, and decides when to
    stop. `timeout` and service managers ask all processes of a command, and one that died would end the run without a
    checkpoint; without training, which it looks for every few seconds, it ends by itself. What it keeps of freed memory
    has a limit.
    """
    get_worker_info().dataset.kept = KeptMemory.beside_training(WORKERS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(10)
