"""Which range of real numbers a tensor's bytes stand for: what `roadseg quantize` does by default, in the same
steps.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .law import Quantization

BINS = 2048


def quantization(low: float, high: float) -> Quantization:
    """The bytes' meaning for a range; zero is always inside and exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = np.float32(max((high - low) / 255, 1e-12))
    return Quantization(float(scale), int(np.clip(np.floor(-low / scale + 0.5), 0, 255)))


class Histogram:
    """What one tensor was seen to hold: its extremes (first pass), then counts between them (second pass)."""

    def __init__(self) -> None:
        self.minimum = self.maximum = 0.0
        self.counts = np.zeros(BINS, np.int64)

    def widen(self, values: Tensor) -> None:
        """First pass. Zero always lies between the extremes, since padding needs it."""
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))

    def count(self, values: Tensor) -> None:
        """Second pass."""
        if self.maximum > self.minimum:
            counts = torch.histc(values.float(), BINS, self.minimum, self.maximum)
            self.counts += counts.cpu().numpy().astype(np.int64)

    def quantization(self, share: float | None) -> Quantization:
        """The bytes' meaning: the extremes, or the range that keeps `share` of the values."""
        if self.maximum <= self.minimum:
            return Quantization(1.0, 0)
        if share is None:
            return quantization(self.minimum, self.maximum)
        cut = int(self.counts.sum() * (1 - share) / (2 if self.minimum < 0 else 1))
        below, above = np.cumsum(self.counts), np.cumsum(self.counts[::-1])
        low = int(np.searchsorted(below, cut, "right")) if self.minimum < 0 else 0
        high = BINS - 1 - int(np.searchsorted(above, cut, "right"))
        step = (self.maximum - self.minimum) / BINS
        return quantization(self.minimum + low * step, self.minimum + (max(high, low) + 1) * step)


def weight_shares(weights: Tensor, axis: int) -> Tensor:
    """For each output channel the share of the largest weight, 0.54 to 1, that as the end of the int8 range gives the
    least squared error.
    """
    rows = weights.detach().transpose(0, axis).flatten(1)
    widest = widest_scale(weights, axis)
    best, shares = torch.full_like(widest, torch.inf), torch.ones_like(widest)
    for step in range(24):
        scale = widest * (1 - 0.02 * step)
        integers = torch.round(rows / scale[:, None]).clamp(-127, 127)
        error = (rows - integers * scale[:, None]).double().square().sum(1).to(best.dtype)
        shares = torch.where(error < best, 1 - 0.02 * step, shares)
        best = torch.minimum(error, best)
    return shares


def widest_scale(weights: Tensor, axis: int) -> Tensor:
    """For each output channel the scale at which the largest weight is 127; a dead channel gets one that keeps its bias
    within 32 bits.
    """
    largest = weights.detach().transpose(0, axis).flatten(1).abs().amax(1)
    return torch.where(largest > 1e-8, largest / 127, torch.tensor(127e-4, device=weights.device) / 127)
