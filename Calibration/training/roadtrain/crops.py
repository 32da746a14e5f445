"""Batches for training: which picture, which crop of it, in which order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .augment import augmented_crop
from .datasets import Sample
from .recipe import Phase, Recipe

PREFETCHED = 4
"""Batches made ahead, so that a slow one (JPEG, blur) does not stop the network."""


class Crops:
    """Batches of augmented crops. Crop number n depends on the recipe, the phase and n alone, so runs can resume."""

    def __init__(self, recipe: Recipe, sets: list[list[Sample]], pin: Callable[[Tensor], Tensor] = lambda t: t) -> None:
        """`sets`: the pictures of each entry of the recipe's data. `pin` gets each batch, in the worker's thread."""
        self.recipe, self.sets, self.pin = recipe, sets, pin
        shares = np.array([d.share for d in recipe.data])
        self.shares = shares / shares.sum()
        augmentation = recipe.augmentation
        self.augmentation = replace(augmentation, mix_classes=recipe.labels_within(augmentation.mix_classes),
                                    dry_grass_classes=recipe.labels_within(augmentation.dry_grass_classes))
        """The recipe's, with the labels that stand for its classes in all of its data sets."""
        self.worker = ThreadPoolExecutor(1)
        self.queue: deque[tuple[int, int, Future]] = deque()

    def _crop(self, number: int, phase: Phase) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.recipe.seed, number])
        samples = self.sets[rng.choice(len(self.sets), p=self.shares)]
        sample, other = (samples[rng.integers(len(samples))] for _ in range(2))
        return augmented_crop(rng, sample, other, self.recipe.view, phase.size,
                              replace(self.augmentation, scale=phase.scale), (self.recipe.seed, number))

    def make(self, first: int, phase: Phase) -> tuple[Tensor, Tensor]:
        """The batch that starts with crop number `first`."""
        crops = [self._crop(first + i, phase) for i in range(phase.batch)]
        images = torch.from_numpy(np.stack([image for image, _ in crops]))
        labels = torch.from_numpy(np.stack([label for _, label in crops]))
        # Height x width x colours seen as colours x height x width is channels_last already: no copy.
        return self.pin(images.permute(0, 3, 1, 2).float()), self.pin(labels.long())

    def next(self, first: int, index: int) -> tuple[Tensor, Tensor]:
        """As `make` for phase `index`, from those made ahead where there are any."""
        phase = self.recipe.phases[index]
        if self.queue and self.queue[0][:2] != (first, index):
            self.queue.clear()
        while len(self.queue) < PREFETCHED:
            start = self.queue[-1][0] + phase.batch if self.queue else first
            self.queue.append((start, index, self.worker.submit(self.make, start, phase)))
        return self.queue.popleft()[2].result()

    def close(self) -> None:
        """Stops making batches ahead."""
        self.worker.shutdown(cancel_futures=True)
