"""Augmentation for cameras behind a windscreen. Every crop is a pure function of (recipe, seed, number).

Geometry and resize are one affine warp from the stored picture to the crop, so each pixel is interpolated
once. Labels are drawn at half the crop's size: the loss works there, at a quarter of the cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np

from .datasets import Sample
from .geometry import LABEL_STRIDE, ViewChange, crop_matrix, random_view, scores_crop, to_crop
from .labels import VOID
from .roadside import barrier, mirror_bonnet, shade_band
from .scenery import (cast_shadow, colours_of, dry_grass, glare, mix_in, overexpose, paste_bonnet, rain, reflect,
                      reflect_dashboard, stamp)
from .typed import Share, Within

__all__ = ["LABEL_STRIDE", "Augmentation", "augmented_crop", "crop_matrix", "to_crop"]

Factor = Annotated[float, Within(0.01, 100)]
Scale = tuple[Factor, Factor]
"""The smallest and the largest factor."""

NOISE = np.random.default_rng(0).standard_normal(1 << 21).astype(np.float32)
"""One bank of noise, read from random offsets: drawing it anew costs more than the network's step allows."""


@dataclass(frozen=True)
class Augmentation:
    """How far each disturbance goes (ranges) and how often it happens (probabilities)."""

    aspect: Annotated[float, Within(0, 2)] = 0.15
    rotation_degrees: Annotated[float, Within(0, 180)] = 3.0
    flip: Share = 0.5
    brightness: Share = 0.25
    contrast: Share = 0.3
    gamma: Annotated[float, Within(0, 3)] = 0.35
    tint: Share = 0.08
    saturation: Share = 0.4
    darken: Share = 0.08
    fade: Share = 0.05
    shadow: Share = 0.2
    reflection: Share = 0.1
    bonnet: Share = 0.1
    bonnet_class: int = VOID
    blur: Share = 0.12
    noise: Share = 0.15
    jpeg: Share = 0.12
    # What came later draws from random streams of its own, so that recipes without it see the crops they always saw.
    pitch: Share = 0.0
    pitch_degrees: Annotated[float, Within(0, 45)] = 4.0
    height: Share = 0.0
    height_factor: Scale = (0.65, 1.6)
    horizon: Share = 0.0
    horizon_shift: Share = 0.1
    rain: Share = 0.0
    glare: Share = 0.0
    overexposure: Share = 0.0
    dashboard: Share = 0.0
    stamp: Share = 0.0
    dry_grass: Share = 0.0
    dry_grass_classes: tuple[int, ...] = ()
    """What the grass may cover: the ground beside the road and what stands far behind it, never the road."""
    mix: Share = 0.0
    mix_classes: tuple[int, ...] = ()
    """What a second picture may lend."""
    barrier: Share = 0.0
    barrier_class: int = VOID
    barrier_keeps: tuple[int, ...] = ()
    """What stands before a barrier."""
    road_class: Annotated[int, Within(0, 254)] = 0
    """What a barrier runs along."""
    shade_band: Share = 0.0
    mirror_bonnet: Share = 0.0
    """Has `bonnet_class`, too."""
    colours: Share = 0.0
    """Takes them from a picture of any of the data sets."""


def tone(rng: np.random.Generator, image: np.ndarray, a: Augmentation) -> np.ndarray:
    """Exposure, contrast, gamma, tint and saturation, the first four as one table look-up a channel."""
    level = np.linspace(0, 1, 256, dtype=np.float32)
    gain = 1 + rng.uniform(-a.brightness, a.brightness)
    contrast = 1 + rng.uniform(-a.contrast, a.contrast)
    gamma = np.exp(rng.uniform(-a.gamma, a.gamma))
    lift = 0.0
    if rng.random() < a.darken:  # night-like
        gain *= rng.uniform(0.15, 0.6)
    elif rng.random() < a.fade:  # rain, haze, a dirty windscreen
        keep = rng.uniform(0.35, 0.8)
        contrast, lift = contrast * keep, rng.uniform(0, 1 - keep) * 0.7
    tables = np.empty((1, 256, 3), np.uint8)
    for channel in range(3):
        tint = 1 + rng.uniform(-a.tint, a.tint)
        curve = ((level**gamma * gain - 0.45) * contrast + 0.45) * tint + lift
        tables[0, :, channel] = np.clip(curve * 255, 0, 255)
    image = cv2.LUT(image, tables)
    if rng.random() < 0.5:
        keep = max(0.0, 1 + rng.uniform(-2 * a.saturation, a.saturation))
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        image = cv2.addWeighted(image, keep, grey, 1 - keep, 0)
    return image


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """The RGB picture as JPEG of that quality (1 to 100) leaves it."""
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].copy()


def degrade(rng: np.random.Generator, image: np.ndarray, a: Augmentation) -> np.ndarray:
    """Blur (focus or motion), sensor noise and JPEG, in the order in which a camera adds them."""
    if rng.random() < a.blur:
        if rng.random() < 0.5:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0))
        else:
            image = cv2.blur(image, (int(rng.integers(2, 10)), int(rng.integers(1, 4))))
    if rng.random() < a.noise:
        # The range of before, so that recipes see the noise that they always saw; past the bank's end it begins anew.
        start = int(rng.integers(0, abs(NOISE.size - image.size) or 1))
        noise = NOISE.take(np.arange(start, start + image.size), mode="wrap").reshape(image.shape)
        image = np.clip(image + noise * rng.uniform(2, 14), 0, 255).astype(np.uint8)
    if rng.random() < a.jpeg:
        image = jpeg(image, int(rng.integers(15, 80)))
    return image


STREAMS = {"view": 1, "rain": 2, "glare": 3, "overexposure": 4, "dashboard": 5, "stamp": 6, "dry_grass": 7, "mix": 8,
           "barrier": 9, "shade_band": 10, "mirror_bonnet": 11, "colours": 12}
"""Numbers of the random streams besides the first, one for each disturbance: switching one on or off changes no
other.
"""


def augmented_crop(rng: np.random.Generator, sample: Sample, other: Sample, view: tuple[int, int],
                   size: tuple[int, int], scale: Scale, a: Augmentation,
                   key: tuple[int, ...] = (0,)) -> tuple[np.ndarray, np.ndarray]:
    """One training crop and its half-size labels; `other` is a second picture, for reflections and to mix in. At scale
    1 the crop shows things as large as `view` does.

    `rng` and `key` (seed and number of the crop) decide everything.
    """
    return taught_crop(rng, sample, other, view, size, scale, a, key)[:2]


def taught_crop(rng: np.random.Generator, sample: Sample, other: Sample, view: tuple[int, int],
                size: tuple[int, int], scale: Scale, a: Augmentation,
                key: tuple[int, ...] = (0,),
                coloured: Sample | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """As `augmented_crop`, and, where the picture has them, what teachers said of it, at a quarter of the crop's size:
    nothing where something was pasted, and beyond the picture. Colours come from `coloured`, or else from `other`.
    """
    def stream(name: str) -> np.random.Generator:
        return np.random.default_rng([*key, STREAMS[name]])

    def sometimes(name: str, disturb: Callable[..., np.ndarray]) -> None:
        nonlocal image
        if (chance := getattr(a, name)) and (own := stream(name)).random() < chance:
            image = disturb(own, image)

    def cut(rng: np.random.Generator, of: Sample, change: ViewChange | None = None) -> tuple[np.ndarray, ...]:
        matrix = crop_matrix(rng, of.image.shape[:2], view, size, scale, a)
        return *to_crop(of.image, of.label, matrix, size, rng.integers(0, 256, 3), change), matrix

    change = random_view(stream("view"), sample.image.shape[:2], a) if a.pitch or a.height or a.horizon else None
    image, label, matrix = cut(rng, sample, change)
    before = label.copy()
    sometimes("mix", lambda own, image: mix_in(own, image, label, *cut(own, other)[:2], a.mix_classes))
    sometimes("dry_grass", lambda own, image: dry_grass(own, image, label, a.dry_grass_classes))
    sometimes("barrier", lambda own, image: barrier(own, image, label, a.road_class, a.barrier_keeps, a.barrier_class))
    sometimes("colours", lambda own, image: colours_of(own, image, (coloured or other).image))
    sometimes("overexposure", overexpose)
    image = tone(rng, image, a)
    if rng.random() < a.shadow:
        image = cast_shadow(rng, image)
    sometimes("shade_band", shade_band)
    sometimes("glare", glare)
    if rng.random() < a.bonnet:
        image = paste_bonnet(rng, image, label, other.image, a.bonnet_class)
    sometimes("mirror_bonnet", lambda own, image: mirror_bonnet(own, image, label, a.bonnet_class))
    sometimes("rain", rain)
    if rng.random() < a.reflection:
        image = reflect(rng, image, other.image)
    sometimes("dashboard", reflect_dashboard)
    image = degrade(rng, image, a)
    sometimes("stamp", stamp)
    if sample.scores is None:
        return image, label, None
    scores = scores_crop(sample.scores, sample.image.shape[:2], matrix, size, change)
    pasted = cv2.dilate((label != before).astype(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = scores.shape[:2]
    scores[pasted[::2, ::2][:rows, :columns] > 0] = 0
    return image, label, scores
