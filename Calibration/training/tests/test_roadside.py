"""Barriers, shade and bonnets that are pasted, and where their labels come to lie."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from conftest import scene
from roadtrain.geometry import LABEL_STRIDE
from roadtrain.labels import VOID
from roadtrain.roadside import barrier, mirror_bonnet, shade_band

ROAD, WALL, CAR = 2, 9, 8


def halved(seed: int, height: int = 144, width: int = 192) -> tuple[np.ndarray, np.ndarray]:
    """A made picture and labels of half its size."""
    image, label = scene(seed, height, width)
    return image, label[::LABEL_STRIDE, ::LABEL_STRIDE].copy()


def near(chosen: np.ndarray, reach: int) -> np.ndarray:
    """Pixels of the picture that lie near those of `chosen`, labels of half its size."""
    return cv2.dilate(np.kron(chosen, np.ones((2, 2))).astype(np.uint8), np.ones((reach, reach))) > 0


@pytest.mark.parametrize("seed", range(12))
def test_a_barrier_takes_a_side_and_has_its_class(seed: int) -> None:
    image, label = halved(seed)
    before = label.copy()
    changed = barrier(np.random.default_rng(seed), image, label, ROAD, (), WALL)
    wall = label == WALL
    assert 0.002 < wall.mean() < 0.5
    np.testing.assert_array_equal(label[~wall], before[~wall])
    # Nowhere does the picture differ far from its labels.
    reach = np.abs(changed.astype(int) - image).max(2) > 1
    assert not (reach & ~near(wall, 5)).any() and reach.any()
    # Most of the road is still there: the lane ends at the wall, it is not walled up.
    assert (label == ROAD).sum() > 0.4 * (before == ROAD).sum()


def test_what_stands_before_a_barrier_is_kept() -> None:
    image, label = halved(3)
    label[40:60, ::7] = CAR
    cars = label == CAR
    barrier(np.random.default_rng(3), image, label, ROAD, (CAR,), WALL)
    assert (label == WALL).any()
    np.testing.assert_array_equal(label == CAR, cars)


@pytest.mark.parametrize("fill", [0, ROAD, VOID])
def test_without_an_edge_of_the_road_there_is_no_barrier(fill: int) -> None:
    image, label = halved(1)
    label[:] = fill
    same = barrier(np.random.default_rng(0), image, label, ROAD, (), WALL)
    assert same is image and (label == fill).all()


@pytest.mark.parametrize("seed", range(8))
def test_shade_only_darkens_and_has_a_hard_edge(seed: int) -> None:
    image = np.full((144, 192, 3), 160, np.uint8)
    shaded = shade_band(np.random.default_rng(seed), image)
    assert (shaded <= image).all()
    dark = shaded[..., 0] < 0.7 * 160
    assert 0.01 < dark.mean() < 0.9
    # From light to dark in at most five rows, wherever a column has both.
    column = shaded[:, 96, 0].astype(int)
    between = (column < column.max() - 2) & (column > column.min() + 2)
    assert between.sum() <= 10


@pytest.mark.parametrize("seed", range(8))
def test_a_mirroring_bonnet_covers_the_bottom_and_has_its_class(seed: int) -> None:
    image, label = halved(seed)
    before = label.copy()
    changed = mirror_bonnet(np.random.default_rng(seed), image, label, CAR)
    bonnet = label == CAR
    assert 0.01 < bonnet.mean() < 0.5 and bonnet[-1].mean() > 0.5
    assert not bonnet[: len(bonnet) // 2].any()
    np.testing.assert_array_equal(label[~bonnet], before[~bonnet])
    # The edge lies within a label's two rows, and is steep at the sides; there, too, the last row may be all of it.
    above = ~near(bonnet, 9)
    above[-2:] = False
    np.testing.assert_array_equal(changed[above], image[above])
