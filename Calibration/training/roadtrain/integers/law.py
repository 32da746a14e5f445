"""From accumulators to bytes: the laws that every kernel of the runtime follows, on tensors of whole numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

SHIFTS = (0, 24)
"""Smallest and largest shift of a requantization."""

TYPICAL_BYTE = 40.0
"""Distance from the zero-point of an activation that is neither small nor rare."""

NO_MULTIPLIER = -1
"""In place of the multiplier of a scale that no 15 bits reach."""

LARGEST_FACTOR = 2.0**24
"""The scale of a requantization stays under it."""

ACCUMULATOR_LIMIT = 2**31 - 2**24
"""What an accumulator may reach, so that rounding cannot overflow it."""


@dataclass(frozen=True)
class Quantization:
    """How the bytes of one activation tensor stand for real numbers: scale * (byte - zero_point)."""

    scale: float
    """A float32 number."""
    zero_point: int

    def quantize(self, real: Tensor) -> Tensor:
        """Float32 numbers to bytes, as whole floats: to nearest, ties to even, as ONNX QuantizeLinear does."""
        return (torch.round(real / np.float32(self.scale)) + self.zero_point).clamp(0, 255)

    def byte(self, real: float) -> int:
        """The byte of one number; the ends of the range for infinite ones."""
        if math.isinf(real):
            return 0 if real < 0 else 255
        return int(self.quantize(torch.tensor(real, dtype=torch.float32)))

    def dequantize(self, byte: Tensor) -> Tensor:
        return (byte - self.zero_point) * float(np.float32(self.scale))


def half_away(value: np.ndarray) -> np.ndarray:
    """To nearest, halves away from zero: Swift's `rounded()`."""
    return np.copysign(np.floor(np.abs(value) + 0.5), value)


def factors(scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shift and multiplier for each scale (input scale * weight scale / output scale), as
    `Requantization.factors(for:)`.

    Every shift that leaves the multiplier 9 to 13 bits is tried; the pair with the smallest sum of both rounding
    errors is taken, the smallest shift first. Scales of 1 and more, and those that round to it, have none: their
    multiplier is `NO_MULTIPLIER`.
    """
    scales = np.asarray(scales, np.float64)
    impossible = scales[~((scales > 0) & (scales < LARGEST_FACTOR))]
    if impossible.size:
        raise ValueError(f"a layer needs the factor {impossible.flat[0]:.4g}; factors over 0 and under 2^24 are "
                         "supported: its output's range does not fit its weights")
    middle = -4 - np.floor(np.log2(scales)).astype(np.int64)
    middle = np.where(np.ldexp(1.0, -4 - middle) > scales, middle + 1, middle)  # log2 may round up to a whole number
    middle = np.where(np.ldexp(1.0, -3 - middle) <= scales, middle - 1, middle)
    best_cost = np.full(scales.shape, np.inf)
    best_shift, best_multiplier = np.zeros(scales.shape, np.int64), np.full(scales.shape, NO_MULTIPLIER, np.int64)
    for offset in range(-3, 2):
        shift = np.clip(middle + offset, *SHIFTS)
        exact = np.ldexp(scales, 15 + shift)
        multiplier = half_away(exact)
        usable = (multiplier <= 32767) & ((multiplier >= 256) | (shift == SHIFTS[1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            cost = multiplier / 131072 + TYPICAL_BYTE * np.abs(multiplier - exact) / exact
        better = usable & (cost < best_cost)
        best_cost = np.where(better, cost, best_cost)
        best_shift = np.where(better, shift, best_shift)
        best_multiplier = np.where(better, multiplier, best_multiplier).astype(np.int64)
    return best_shift, best_multiplier


def requantize(accumulator: Tensor, shift: Tensor, multiplier: Tensor, zero_point: int, low: int = 0,
               high: int = 255) -> Tensor:
    """Int32 accumulators to bytes (as int32): v = sat16((acc + r) >> s), then (v * m + 2^14) >> 15.

    Both steps round to nearest with ties towards plus infinity. Shift and multiplier broadcast.
    """
    rounding = torch.where(shift > 0, 1 << (shift - 1).clamp_min(0), 0)
    value = ((accumulator + rounding) >> shift).clamp(-32768, 32767)
    return (((value * multiplier + (1 << 14)) >> 15) + zero_point).clamp(low, high)


def requantize_steeply(accumulator: Tensor, scale: Tensor, zero_point: int, low: int = 0, high: int = 255) -> Tensor:
    """Int32 accumulators to bytes (as int32) for scales f of 1 and more, by the runtime's table of 256 entries:
    t = clamp(acc + o, 0, 255), floor(f * (t - o) + 1/2) + z.

    The last accumulator that surely gives the lowest byte is t = 0. `scale`, of float64, broadcasts.
    """
    offset = torch.floor((zero_point - low - 0.5) / scale) + 1
    level = (accumulator + offset).clamp(0, 255) - offset
    return (torch.floor(scale * level + 0.5) + zero_point).clamp(low, high).to(torch.int32)


def requantize_channels(accumulator: Tensor, scales: np.ndarray, zero_point: int, low: int = 0,
                        high: int = 255) -> Tensor:
    """Int32 accumulators N x C x H x W to bytes (as int32), each of the C channels by the law that its scale calls
    for.
    """
    shift, multiplier = factors(scales)
    steep = multiplier == NO_MULTIPLIER
    numbers = (torch.tensor(v, dtype=torch.int32, device=accumulator.device).view(-1, 1, 1)
               for v in (shift, np.where(steep, 0, multiplier)))
    result = requantize(accumulator, *numbers, zero_point, low, high)
    if steep.any():
        channels = torch.tensor(np.flatnonzero(steep), device=accumulator.device)
        scale = torch.tensor(scales[steep], dtype=torch.float64, device=accumulator.device).view(-1, 1, 1)
        result[:, channels] = requantize_steeply(accumulator[:, channels], scale, zero_point, low, high)
    return result


@dataclass(frozen=True)
class Addition:
    """The sum of two tensors: clamp((a * ma + b * mb + bias) >> s + z)."""

    left: int
    right: int
    bias: int
    shift: int

    @staticmethod
    def of(left: Quantization, right: Quantization, output: Quantization) -> Addition:
        """The factors: the largest shift that keeps both multipliers within 2^14."""
        ratios = [float(np.float32(q.scale)) / float(np.float32(output.scale)) for q in (left, right)]
        shift = math.floor(14 - math.log2(max(ratios)))
        if shift < 1:
            raise ValueError(f"an addition's inputs have {max(ratios):.4g} times the scale of its output")
        shift = min(shift, 24)
        a, b = (int(half_away(np.float64(ratio * 2.0**shift))) for ratio in ratios)
        return Addition(a, b, (1 << (shift - 1)) - left.zero_point * a - right.zero_point * b, shift)

    def apply(self, left: Tensor, right: Tensor, zero_point: int, low: int = 0, high: int = 255) -> Tensor:
        """Int32 bytes to bytes."""
        total = left * self.left + right * self.right + self.bias
        return ((total >> self.shift) + zero_point).clamp(low, high)


def resize_taps(source: int, target: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each of `target` half-pixel coordinates: two source coordinates and the weight of the second, in 2^-11."""
    position = np.clip((np.arange(target) + 0.5) / (target / source) - 0.5, 0, source - 1)
    first = position.astype(np.int64)
    weight = half_away((position - first) * 2048)
    second = np.minimum(first + 1, source - 1)
    return torch.from_numpy(first), torch.from_numpy(second), torch.from_numpy(weight).to(torch.int32)


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize of int32 bytes N x C x H x W; scale and zero-point stay."""
    top, bottom, down = (t.to(x.device) for t in resize_taps(x.shape[2], size[0]))
    left, right, across = (t.to(x.device) for t in resize_taps(x.shape[3], size[1]))
    rows = x[..., left] * (2048 - across) + x[..., right] * across
    down = down[:, None]
    return (rows[:, :, top] * (2048 - down) + rows[:, :, bottom] * down + (1 << 21)) >> 22


@dataclass(frozen=True)
class Rescaling:
    """From a wide sum to a byte with a 31-bit multiplier: what a mean over the picture uses.

    out = clamp((acc * m + 2^(s-1)) >> s + z)
    """

    multiplier: int
    shift: int

    @staticmethod
    def of(scale: float) -> Rescaling:
        """`scale`: real units of the accumulator / scale of the output."""
        shift = min(30 - (math.frexp(scale)[1] - 1), 62)
        return Rescaling(min(int(half_away(np.float64(math.ldexp(scale, shift)))), 2**31 - 1), shift)

    def apply(self, accumulator: Tensor, zero_point: int, low: int = 0, high: int = 255) -> Tensor:
        """Int64 sums to bytes."""
        product = (accumulator * self.multiplier + (1 << (self.shift - 1))) >> self.shift
        return (product + zero_point).clamp(low, high)
