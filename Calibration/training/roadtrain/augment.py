"""Augmentation for cameras behind a windscreen. Every crop is a pure function of (recipe, seed, number).

Geometry and resize are one affine warp from the stored picture to the crop, so each pixel is interpolated
once. Labels are drawn at half the crop's size: the loss works there, at a quarter of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .datasets import VOID

LABEL_STRIDE = 2
"""Crop pixels a label pixel stands for."""

NOISE = np.random.default_rng(0).standard_normal(1 << 21).astype(np.float32)
"""One bank of noise, read from random offsets: drawing it anew costs more than the network's step allows."""


@dataclass(frozen=True)
class Augmentation:
    """How far each disturbance goes (ranges) and how often it happens (probabilities)."""

    scale: tuple[float, float] = (0.6, 1.6)
    aspect: float = 0.15
    rotation_degrees: float = 3.0
    flip: float = 0.5
    brightness: float = 0.25
    contrast: float = 0.3
    gamma: float = 0.35
    tint: float = 0.08
    saturation: float = 0.4
    darken: float = 0.08
    fade: float = 0.05
    shadow: float = 0.2
    reflection: float = 0.1
    bonnet: float = 0.1
    bonnet_class: int = VOID
    blur: float = 0.12
    noise: float = 0.15
    jpeg: float = 0.12


def to_crop(image: np.ndarray, label: np.ndarray, matrix: np.ndarray, size: tuple[int, int],
            border: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Crop `size` (height, width), `matrix` being crop pixel centres -> picture pixel centres, both at i + 0.5."""
    height, width = size

    def warp(source: np.ndarray, stride: int, flags: int, value) -> np.ndarray:
        # OpenCV puts pixel centres on integers; here they lie on halves.
        m = matrix.copy()
        m[:, :2] *= stride
        m[:, 2] += m[:, :2] @ (0.5, 0.5) - 0.5
        return cv2.warpAffine(source, m, (width // stride, height // stride),
                              flags=flags | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_CONSTANT, borderValue=value)

    picture = warp(image, 1, cv2.INTER_LINEAR, tuple(int(v) for v in border))
    return picture, warp(label, LABEL_STRIDE, cv2.INTER_NEAREST, VOID)


def crop_matrix(rng: np.random.Generator, source: tuple[int, int], view: tuple[int, int], size: tuple[int, int],
                a: Augmentation) -> np.ndarray:
    """A random crop of a picture that the network would see resized to `view` (height, width).

    Scale 1 shows things as large as the network meets them in use, whatever the picture's own size.
    """
    scale = np.exp(rng.uniform(*np.log(a.scale)))
    stretch = np.exp(rng.uniform(-a.aspect, a.aspect) / 2)
    flip = -1 if rng.random() < a.flip else 1
    angle = np.deg2rad(rng.uniform(-a.rotation_degrees, a.rotation_degrees))
    sy, sx = source[0] / view[0] / scale * stretch, source[1] / view[1] / scale / stretch
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[sx * cos * flip, -sx * sin], [sy * sin * flip, sy * cos]])
    # The crop's centre: anywhere that keeps the crop within the picture, or, where the crop is the larger of
    # the two, the picture within the crop.
    reach_x, reach_y = sx * size[1] / 2, sy * size[0] / 2
    x = rng.uniform(*sorted((reach_x, source[1] - reach_x)))
    y = rng.uniform(*sorted((reach_y, source[0] - reach_y)))
    offset = np.array([x, y]) - linear @ (size[1] / 2, size[0] / 2)
    return np.concatenate([linear, offset[:, None]], 1)


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


def cast_shadow(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """A four-cornered shadow (or patch of sun) across the crop, its edge soft or hard."""
    height, width = image.shape[:2]
    mask = np.zeros((height // 4, width // 4), np.uint8)
    corners = np.stack([rng.uniform(-0.3, 1.3, 4) * width / 4, rng.uniform(-0.1, 1.2, 4) * height / 4], 1)
    cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), 255)
    if rng.random() < 0.5:
        mask = cv2.blur(mask, (7, 7))
    mask = cv2.resize(mask, (width, height))
    strength = rng.uniform(0.25, 0.7)
    factor = cv2.LUT(mask, np.clip(255 - strength * np.arange(256), 0, 255).astype(np.uint8))
    return cv2.multiply(image, cv2.cvtColor(factor, cv2.COLOR_GRAY2RGB), scale=1 / 255)


def reflect(rng: np.random.Generator, image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The dashboard mirrored in the windscreen: a faint, blurred, upside-down piece of something bright."""
    height, width = image.shape[:2]
    ghost = cv2.resize(other[::-1], (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    ghost = cv2.resize(ghost, (width, height))
    fade = np.linspace(0, 1, height, dtype=np.float32) ** rng.uniform(0.5, 2)
    weight = (255 * rng.uniform(0.08, 0.35) * fade).astype(np.uint8)
    weight = np.broadcast_to(weight[:, None, None], image.shape)
    return cv2.add(image, cv2.multiply(ghost, np.ascontiguousarray(weight), scale=1 / 255))


def paste_bonnet(rng: np.random.Generator, image: np.ndarray, label: np.ndarray, other: np.ndarray,
                 a: Augmentation) -> np.ndarray:
    """The car's own bonnet along the bottom: a plain colour that mirrors a blurred scene. Writes `label`."""
    height, width = image.shape[:2]
    rise = rng.uniform(0.03, 0.2) * height
    bend = rng.uniform(0.0, 0.7) * rise
    middle = rng.uniform(0.3, 0.7) * width
    slope = rng.uniform(-0.3, 0.3) * rise / width
    columns = np.arange(width)
    curve = height - rise + bend * ((columns - middle) / (width / 2)) ** 2 + slope * (columns - middle)
    inside = np.arange(height)[:, None] >= curve[None, :]
    paint = np.full((height, width, 3), rng.integers(5, 235, 3) if rng.random() < 0.3 else rng.integers(5, 235),
                    np.float32)
    mirrored = cv2.resize(cv2.resize(other[::-1], (width // 16, height // 16), interpolation=cv2.INTER_AREA),
                          (width, height)).astype(np.float32)
    share = rng.uniform(0.1, 0.7)
    shade = np.linspace(rng.uniform(0.6, 1.3), rng.uniform(0.4, 1.1), height, dtype=np.float32)[:, None, None]
    bonnet = np.clip((paint * (1 - share) + mirrored * share) * shade, 0, 255).astype(np.uint8)
    image = np.where(inside[..., None], bonnet, image)
    label[inside[::LABEL_STRIDE, ::LABEL_STRIDE][: label.shape[0], : label.shape[1]]] = a.bonnet_class
    return image


def degrade(rng: np.random.Generator, image: np.ndarray, a: Augmentation) -> np.ndarray:
    """Blur (focus or motion), sensor noise and JPEG, in the order in which a camera adds them."""
    if rng.random() < a.blur:
        if rng.random() < 0.5:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0))
        else:
            image = cv2.blur(image, (int(rng.integers(2, 10)), int(rng.integers(1, 4))))
    if rng.random() < a.noise:
        start = int(rng.integers(0, NOISE.size - image.size)) if image.size < NOISE.size else 0
        noise = np.resize(NOISE[start : start + image.size], image.shape) * rng.uniform(2, 14)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < a.jpeg:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return image


def augmented_crop(rng: np.random.Generator, image: np.ndarray, label: np.ndarray, other: np.ndarray,
                   view: tuple[int, int], size: tuple[int, int], a: Augmentation) -> tuple[np.ndarray, np.ndarray]:
    """One training crop and its half-size labels; `other` is a second picture, for reflections."""
    matrix = crop_matrix(rng, image.shape[:2], view, size, a)
    image, label = to_crop(image, label, matrix, size, rng.integers(0, 256, 3))
    image = tone(rng, image, a)
    if rng.random() < a.shadow:
        image = cast_shadow(rng, image)
    if rng.random() < a.bonnet:
        image = paste_bonnet(rng, image, label, other, a)
    if rng.random() < a.reflection:
        image = reflect(rng, image, other)
    return degrade(rng, image, a), label
