"""What was seen to fail behind windscreens, pasted: concrete barriers beside the lane, hard shade across the road, a
bonnet that mirrors the scene.
"""

from __future__ import annotations

import cv2
import numpy as np

from .geometry import LABEL_STRIDE

WALL_ROWS = 4
"""Label rows with road that a barrier needs at least to follow the road's edge."""


def barrier(rng: np.random.Generator, image: np.ndarray, label: np.ndarray, road: int, keep: tuple[int, ...],
            barrier_class: int) -> np.ndarray:
    """A wall of concrete along one edge of the road, which it may cover a strip of, about as high as the camera. Writes
    `label`, which may be the smaller of the two. What has one of `keep` in it stands before the wall. Where there is
    too little road to follow, the picture stays as it is.
    """
    side = int(rng.integers(2))
    edge = _road_edge(label == road, side)
    if edge is None:
        return image
    slope, start, top, bottom = edge
    rows = np.array([top + rng.uniform(0.02, 0.3) * (bottom - top), bottom * rng.uniform(1.2, 1.6) + 1])
    # Towards the road's middle, the more the nearer: the camera's lane ends at the wall.
    inward = rng.uniform(-0.05, 0.35) * (rows - top) * (1 if side == 0 else -1)
    foot = np.stack([slope * rows + start + inward, rows], 1)
    crown = foot - [0, 1] * ((rows - top) * rng.uniform(0.35, 1.0))[:, None]
    mask = np.zeros(label.shape, np.uint8)
    cv2.fillPoly(mask, [np.concatenate([foot, crown[::-1]]).round().astype(np.int32)], 1)
    mask[np.isin(label, keep)] = 0
    if not mask.any():
        return image
    wall = _concrete(rng, image, label == road)
    label[mask > 0] = barrier_class
    share = cv2.blur(cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(np.float32), (3, 3))
    return (image * (1 - share[..., None]) + wall * share[..., None]).astype(np.uint8)


def _road_edge(road: np.ndarray, side: int) -> tuple[float, float, float, float] | None:
    """The road's left (0) or right (1) edge as a straight line, column = slope * row + start, and its first and last
    row; None without an edge in sight.
    """
    columns = road.shape[1]
    rows = np.flatnonzero(road.any(1))
    if len(rows) < WALL_ROWS:
        return None
    edges = road[rows].argmax(1) if side == 0 else columns - 1 - road[rows, ::-1].argmax(1)
    inside = (edges > 0) & (edges < columns - 1)
    if inside.sum() < WALL_ROWS:
        return None
    slope, start = np.polyfit(rows[inside], edges[inside], 1)
    return float(slope), float(start), float(rows[0]), float(rows[-1])


def _concrete(rng: np.random.Generator, image: np.ndarray, road: np.ndarray) -> np.ndarray:
    """A picture of nothing but concrete: often in the colour of the road, which is why it is taken for one."""
    height, width = image.shape[:2]
    small = cv2.resize(image, road.shape[::-1], interpolation=cv2.INTER_AREA)
    grey = small[road].mean(0) if rng.random() < 0.6 else np.full(3, rng.uniform(70, 210))
    colour = grey * rng.uniform(0.75, 1.5) + rng.uniform(-8, 8, 3)
    coarse = rng.normal(0, 1, (height // 12 + 2, width // 12 + 2)).astype(np.float32)
    shade = 1 + rng.uniform(0.02, 0.1) * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    shade *= np.linspace(rng.uniform(0.85, 1.2), rng.uniform(0.7, 1.1), height, dtype=np.float32)[:, None]
    for _ in range(int(rng.integers(0, 7))):  # joints, upright
        x = int(rng.integers(width))
        cv2.line(shade, (x, 0), (x, height), rng.uniform(0.6, 0.9), int(rng.integers(1, 3)))
    return np.clip(colour.astype(np.float32) * shade[..., None], 0, 255)


def shade_band(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The shade of a bridge across the road: a dark band from side to side, its edges hard, a little bluer than what
    lies in the sun. In one of four the rest is the shade, and the band the sun.
    """
    height, width = image.shape[:2]
    first, thick = rng.uniform(0.3, 0.9) * height, rng.uniform(0.04, 0.45) * height
    across = np.linspace(-0.5, 0.5, width)
    above = first + across * rng.uniform(-0.25, 0.25) * height
    below = first + thick + across * rng.uniform(-0.25, 0.25) * height
    down = np.arange(height)[:, None]
    inside = (down >= above) & (down < below)
    if rng.random() < 0.25:
        inside = ~inside & (down >= rng.uniform(0.2, 0.4) * height)
    share = inside.astype(np.float32)
    if (soft := int(rng.integers(0, 3))) > 0:
        share = cv2.blur(share, (2 * soft + 1, 2 * soft + 1))
    left = rng.uniform(0.12, 0.55) * np.array([0.94, 0.98, 1.08], np.float32)
    return np.clip(image * (1 - share[..., None] * (1 - left)), 0, 255).astype(np.uint8)


def mirror_bonnet(rng: np.random.Generator, image: np.ndarray, label: np.ndarray, bonnet_class: int) -> np.ndarray:
    """The car's own bonnet, mirroring what lies before it, flatter and flatter towards the windscreen, with a highlight
    along its edge and folds in the sheet. Writes `label`, which has a pixel for every 2 of the picture.
    """
    height, width = image.shape[:2]
    rise = rng.uniform(0.04, 0.3) * height
    middle, bend = rng.uniform(0.25, 0.75) * width, rng.uniform(0.1, 0.9) * rise
    columns, down = np.arange(width), np.arange(height, dtype=np.float32)[:, None]
    curve = (height - rise + bend * ((columns - middle) / (width / 2)) ** 2)[None].astype(np.float32)
    inside = down >= curve
    # A row so far under the edge shows the row so many times as far above it.
    source = np.clip(curve - (down - curve) * rng.uniform(1.0, 4.0), 0, height - 1).astype(np.float32)
    across = np.broadcast_to(columns.astype(np.float32), source.shape)
    mirrored = cv2.remap(cv2.blur(image, (9, 9)), across, source, cv2.INTER_LINEAR).astype(np.float32)
    paint = rng.uniform(5, 235, 3) if rng.random() < 0.3 else np.full(3, rng.uniform(5, 235))
    share = rng.uniform(0.2, 0.9)
    bonnet = (paint * (1 - share) + mirrored * share) * rng.uniform(0.6, 1.2)
    for _ in range(int(rng.integers(0, 3))):  # folds
        x = int(rng.uniform(0.1, 0.9) * width)
        end = (int(x + rng.uniform(-0.2, 0.2) * width), height)
        cv2.line(bonnet, (x, int(height - 1.2 * rise)), end, (paint * rng.uniform(0.4, 1.6)).tolist(), 2)
    bonnet += rng.uniform(-40, 90) * np.exp(-np.maximum(down - curve, 0) / rng.uniform(1.5, 8))[..., None]
    label[inside[::LABEL_STRIDE, ::LABEL_STRIDE][: label.shape[0], : label.shape[1]]] = bonnet_class
    return np.where(inside[..., None], np.clip(bonnet, 0, 255), image).astype(np.uint8)
