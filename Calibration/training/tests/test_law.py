"""How accumulators become bytes, against the runtime's own definition and plain integers and fractions."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from roadtrain.integers import law
from roadtrain.integers.law import Addition, Quantization, Rescaling

GOLDENS = Path(__file__).parents[3] / "Tests/RoadBaseTests/Goldens"


def test_requantization_is_the_runtimes() -> None:
    """The file that RoadBaseTests reads, too."""
    rows = (GOLDENS / "requantization.tsv").read_text().splitlines()[1:]
    assert len(rows) > 1000
    for row in rows:
        scale, *numbers = row.split("\t")
        shift, multiplier, accumulator, zero, low, high, byte = map(int, numbers)
        assert tuple(int(v) for v in law.factors(np.array(float(scale)))) == (shift, multiplier), row
        tensors = (torch.tensor(v, dtype=torch.int32) for v in (accumulator, shift, multiplier))
        assert law.requantize(*tensors, zero, low, high).item() == byte, row


def test_requantization_is_its_text() -> None:
    """Arithmetic.md in unbounded integers."""
    rng = np.random.default_rng(0)
    for _ in range(2000):
        shift, multiplier, zero = int(rng.integers(0, 25)), int(rng.integers(0, 32768)), int(rng.integers(0, 256))
        accumulator = int(rng.integers(-law.ACCUMULATOR_LIMIT + 1, law.ACCUMULATOR_LIMIT) >> int(rng.integers(0, 30)))
        r = 2 ** (shift - 1) if shift else 0
        v = min(max((accumulator + r) // 2**shift, -32768), 32767)
        wanted = min(max((v * multiplier + 2**14) // 2**15 + zero, 0), 255)
        tensors = (torch.tensor(t, dtype=torch.int32) for t in (accumulator, shift, multiplier))
        assert law.requantize(*tensors, zero).item() == wanted


def test_ties_go_towards_plus_infinity() -> None:
    def apply(accumulator: int, shift: int, multiplier: int) -> int:
        numbers = (torch.tensor(v, dtype=torch.int32) for v in (accumulator, shift, multiplier))
        return law.requantize(*numbers, 100).item()

    assert [apply(v, 0, 1 << 14) for v in (1, -1, 3, -3)] == [101, 100, 102, 99]
    assert [apply(v, 4, 32767) for v in (8, -8, -9)] == [101, 100, 99]


def test_factors_have_the_bits_they_should_and_refuse_what_they_cannot() -> None:
    scales = np.exp(np.random.default_rng(1).uniform(np.log(1e-7), np.log(0.99), 3000))
    shift, multiplier = law.factors(scales)
    assert (np.abs(multiplier / 2.0 ** (15 + shift) / scales - 1) < 2e-3).all()
    assert ((multiplier >= 256) | (shift == 24)).all() and (multiplier <= 32767).all()
    for exponent in range(1, 24):  # powers of two, where a logarithm could slip
        assert math.ldexp(int(law.factors(np.array(2.0**-exponent))[1]), -15 - int(
            law.factors(np.array(2.0**-exponent))[0])) == 2.0**-exponent
    assert (law.factors(np.array([0.9999, 0.99999, 1.0, 1.5]))[1] == law.NO_MULTIPLIER).tolist() == [
        False, True, True, True]
    for factor in (0.0, -1.0, math.inf, math.nan, 2.0**24):
        with pytest.raises(ValueError, match=re.escape(f"needs the factor {factor:.4g}; factors over 0")):
            law.factors(np.array([0.5, factor]))


def test_factors_of_1_and_more_are_the_real_products_rounding() -> None:
    """In fractions: every accumulator that could give another byte, ties up, whatever the clamp."""
    rng = np.random.default_rng(6)
    for factor in (1.0, 1.25, 1.5, 2.5, 7.5, 255.0, 6.379, *np.exp(rng.uniform(0, np.log(4000), 40))):
        for zero in (0, 1, 2, 3, 128, 255):
            low, high = sorted(rng.integers(0, 256, 2).tolist()) if rng.random() < 0.5 else (0, 255)
            low, high = min(low, zero), max(high, zero)
            accumulators = [-law.ACCUMULATOR_LIMIT + 1, *range(-300, 301), law.ACCUMULATOR_LIMIT - 1]
            given = law.requantize_channels(
                torch.tensor(accumulators, dtype=torch.int32).view(1, 1, -1, 1), np.array([factor]), zero, low, high)
            wanted = [min(max(math.floor(Fraction(factor) * a + Fraction(1, 2)) + zero, low), high)
                      for a in accumulators]
            assert given.ravel().tolist() == wanted, (factor, zero, low, high)


def test_each_channel_has_its_own_law() -> None:
    rng = np.random.default_rng(8)
    scales = np.array([0.3, 1.75, 0.001, 40.0])
    accumulator = torch.tensor(rng.integers(-200, 200, (2, 4, 5, 3)), dtype=torch.int32)
    together = law.requantize_channels(accumulator, scales, 100, 100, 250)
    for channel in range(4):
        alone = law.requantize_channels(accumulator[:, [channel]], scales[[channel]], 100, 100, 250)
        assert torch.equal(together[:, [channel]], alone) and together.dtype == torch.int32


def test_addition_is_within_a_step_of_the_real_sum() -> None:
    rng = np.random.default_rng(2)
    a, b, out = Quantization(0.031, 12), Quantization(0.007, 200), Quantization(0.035, 90)
    left, right = (torch.tensor(rng.integers(0, 256, 500), dtype=torch.int32) for _ in range(2))
    given = Addition.of(a, b, out).apply(left, right, 90)
    real = (a.dequantize(left.double()) + b.dequantize(right.double())) / out.scale + 90
    assert (given - real.clamp(0, 255)).abs().max() <= 0.51
    sums = Addition(2, 2, 1 << 1, 2)  # (2a + 2b + 2) >> 2: halves go up
    assert sums.apply(torch.tensor([1, 2]), torch.tensor([0, 0]), 0).tolist() == [1, 1]
    with pytest.raises(ValueError, match="times the scale"):
        Addition.of(Quantization(1e6, 0), b, out)


def test_resize_is_its_text() -> None:
    rng = np.random.default_rng(3)
    source = rng.integers(0, 256, (5, 7))
    given = law.resize(torch.tensor(source, dtype=torch.int32)[None, None], (12, 16))[0, 0]
    for y, x in np.ndindex(12, 16):
        weights = []
        for index, target, size in ((y, 12, 5), (x, 16, 7)):
            position = min(max((index + 0.5) * size / target - 0.5, 0), size - 1)
            first = int(position)
            weights.append((first, min(first + 1, size - 1), math.floor((position - first) * 2048 + 0.5)))
        (top, bottom, v), (left, right, w) = weights
        h = [int(source[row, left]) * (2048 - w) + int(source[row, right]) * w for row in (top, bottom)]
        assert given[y, x] == (h[0] * (2048 - v) + h[1] * v + 2**21) >> 22
    constant = law.resize(torch.full((1, 1, 1, 1), 77, dtype=torch.int32), (3, 4))
    assert (constant == 77).all()


def test_a_mean_is_rounded_once() -> None:
    rng = np.random.default_rng(4)
    for scale in (0.31, 1 / 3, 1e-4, 7.5):
        for total in rng.integers(-200000, 200000, 50).tolist():
            given = Rescaling.of(scale).apply(torch.tensor(total), 100).item()
            assert given == min(max(math.floor(total * scale + 0.5) + 100, 0), 255)


def test_bytes_are_quantized_as_onnx_does() -> None:
    q = Quantization(0.5, 10)
    assert q.quantize(torch.tensor([0.25, 0.75, -0.25, 1e9, -1e9])).tolist() == [10, 12, 10, 255, 0]
    assert (q.byte(math.inf), q.byte(-math.inf), q.byte(0.0), q.byte(6.0)) == (255, 0, 10, 22)
