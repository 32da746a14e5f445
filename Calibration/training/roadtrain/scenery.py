"""What a scene may also hold, dry grass and pieces of another scene, and what lies between it and the picture: shadows,
the windscreen with its reflections, the bonnet, rain, glare, stamps.
"""

from __future__ import annotations

import cv2
import numpy as np

from .geometry import LABEL_STRIDE


def dry_grass(rng: np.random.Generator, image: np.ndarray, label: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
    """A bank of straw-coloured grass beside the road: covers what has one of `classes` in `label`, which may be the
    smaller of the two, below a line that rises towards one side, or both. Labels stay as they are.
    """
    height, width = image.shape[:2]
    across = np.linspace(-1, 1, width, dtype=np.float32)
    side = rng.choice([-1, 1]) * across if rng.random() < 0.6 else np.abs(across)
    start, rise, foot = rng.uniform(-0.5, 0.5), rng.uniform(0, 0.3), rng.uniform(0.4, 0.6)
    top = np.where(side > start, (foot - rise * (side - start)) * height, height)
    covered = _enlarged(np.isin(label, classes), (height, width))
    covered *= np.arange(height)[:, None] > top[None, :]
    share = _softened(covered) * rng.uniform(0.7, 1.0)
    straw = np.array([200, 168, 118], np.float32) * rng.uniform(0.6, 1.2) + rng.uniform(-20, 20, 3).astype(np.float32)
    shade = 1 + rng.uniform(0.05, 0.2) * _patches(rng, (height, width), 24) \
        + rng.uniform(0.03, 0.12) * _patches(rng, (height, width), 3)
    return np.clip(image * (1 - share) + straw * shade[..., None] * share, 0, 255).astype(np.uint8)


def mix_in(rng: np.random.Generator, image: np.ndarray, label: np.ndarray, other: np.ndarray, other_label: np.ndarray,
           labels: tuple[int, ...]) -> np.ndarray:
    """What has one of `labels` in another crop, each of them with an even chance, laid over this one where it is there.
    Writes `label`, which may be the smaller of the two (Olsson et al. 2021, "ClassMix").
    """
    chosen = [value for value in labels if rng.random() < 0.5]
    lent = np.isin(other_label, chosen)
    label[lent] = other_label[lent]
    share = _softened(_enlarged(lent, image.shape[:2]))
    return (image * (1 - share) + other * share).astype(np.uint8)


def _enlarged(chosen: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Chosen labels at the picture's `size` (height, width): 1 where they are, 0 elsewhere."""
    return cv2.resize(chosen.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)


def _softened(covered: np.ndarray) -> np.ndarray:
    """What share of each pixel is covered: height x width x 1. A cut edge would give the pasted away."""
    return cv2.blur(covered.astype(np.float32), (3, 3))[..., None]


def _patches(rng: np.random.Generator, size: tuple[int, int], grain: int) -> np.ndarray:
    """Smooth noise between -1 and 1, one value for every `grain` pixels across and half as many down."""
    height, width = size
    coarse = rng.uniform(-1, 1, (2 * height // grain + 2, width // grain + 2)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def colours_of(rng: np.random.Generator, image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The picture with the light and the colours of another: each channel gets the other's mean and standard deviation,
    by a share of three tenths to all of it (Reinhard et al. 2001, "Color Transfer between Images", with RGB for its lab
    space: one table look-up a channel). Contrast is halved or doubled at most.
    """
    share = rng.uniform(0.3, 1.0)
    level = np.arange(256, dtype=np.float32)
    tables = np.empty((1, 256, 3), np.uint8)
    for channel in range(3):
        own, wanted = image[::4, ::4, channel], other[::4, ::4, channel]
        gain = np.clip(wanted.std() / max(1, own.std()), 0.5, 2)
        matched = (level - own.mean()) * gain + wanted.mean()
        tables[0, :, channel] = np.clip((1 - share) * level + share * matched, 0, 255)
    return cv2.LUT(image, tables)


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
                 bonnet_class: int, stride: int = LABEL_STRIDE) -> np.ndarray:
    """The car's own bonnet along the bottom: a plain colour that mirrors a blurred scene. Writes `label`, which has a
    pixel for every `stride` of the picture.
    """
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
    label[inside[::stride, ::stride][: label.shape[0], : label.shape[1]]] = bonnet_class
    return image


def reflect_dashboard(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """What lies on the dashboard, mirrored in the windscreen: pale patches, papers and the slats of vents, out of
    focus.
    """
    height, width = image.shape[:2]
    small = np.zeros((height // 4, width // 4), np.uint8)
    rows, columns = small.shape
    for _ in range(int(rng.integers(1, 4))):
        centre = (int(rng.uniform(0, columns)), int(rng.uniform(0.35, 1.1) * rows))
        axes = (int(rng.uniform(0.08, 0.5) * columns), int(rng.uniform(0.05, 0.3) * rows))
        tilt, shade = rng.uniform(-25, 25), int(rng.integers(90, 256))
        if rng.random() < 0.5:
            cv2.ellipse(small, centre, axes, tilt, 0, 360, shade, -1)
        else:
            box = cv2.boxPoints((centre, (2.0 * axes[0], 2.0 * axes[1]), tilt)).astype(np.int32)
            cv2.fillConvexPoly(small, box, shade)
        if rng.random() < 0.4:  # slats
            for row in range(centre[1] - axes[1], centre[1] + axes[1], 4):
                cv2.line(small, (centre[0] - axes[0], row), (centre[0] + axes[0], row), 0, 1)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.6, 3))
    ghost = cv2.resize(small, (width, height)).astype(np.float32) * rng.uniform(0.1, 0.45)
    tint = rng.uniform(0.85, 1.0, 3).astype(np.float32)
    return np.clip(image + ghost[..., None] * tint, 0, 255).astype(np.uint8)


def rain(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Contrast lost to a grey veil, streaks, and drops on the glass that smear what is behind them."""
    height, width = image.shape[:2]
    keep = rng.uniform(0.4, 0.85)
    veil = np.full(image.shape, rng.uniform(90, 190), np.float32)
    out = image * keep + veil * (1 - keep)
    streaks = np.zeros((height, width), np.uint8)
    slant, length = rng.uniform(-0.3, 0.3), rng.uniform(0.03, 0.12) * height
    for x, y in rng.uniform(0, 1, (int(rng.integers(20, 140)), 2)) * (width, height):
        cv2.line(streaks, (int(x), int(y)), (int(x + slant * length), int(y + length)), int(rng.integers(20, 80)), 1)
    out += cv2.blur(streaks, (1, 5))[..., None]
    smeared = cv2.blur(out, (max(3, width // 24) | 1, max(3, height // 16) | 1))
    drops = np.zeros((height, width), np.uint8)
    for x, y in rng.uniform(0, 1, (int(rng.integers(0, 14)), 2)) * (width, height):
        cv2.circle(drops, (int(x), int(y)), int(rng.uniform(0.006, 0.03) * height) + 1, 255, -1)
    share = cv2.blur(drops, (3, 3)).astype(np.float32)[..., None] / 255
    return np.clip(out * (1 - share) + smeared * share, 0, 255).astype(np.uint8)


def glare(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """A low sun in or near the picture: a disc of white that bleeds far around itself."""
    height, width = image.shape[:2]
    y, x = np.ogrid[0 : height : 4, 0 : width : 4]
    centre_x, centre_y = rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.1, 0.5) * height
    distance = np.hypot(x - centre_x, y - centre_y) / height
    bloom = rng.uniform(150, 400) * np.exp(-((distance / rng.uniform(0.08, 0.3)) ** 2))
    veil = rng.uniform(20, 90) * np.exp(-distance / rng.uniform(0.3, 1.0))
    light = cv2.resize((bloom + veil).astype(np.float32), (width, height))
    tint = np.array([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.75, 1.0)], np.float32)
    return np.clip(image + light[..., None] * tint, 0, 255).astype(np.uint8)


def overexpose(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """The camera measured the dark road: sky and pale walls burn out to white, dark parts stay as they are."""
    level = np.arange(256) / 255
    curve = level * (1 + rng.uniform(0.5, 1.8) * level ** rng.uniform(0.8, 2))
    return cv2.LUT(image, np.clip(255 * curve, 0, 255).astype(np.uint8))


def stamp(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Date, time and speed in a corner, as dashcams write them."""
    height, width = image.shape[:2]
    date = "{:04d}{s}{:02d}{s}{:02d}".format(*rng.integers((2008, 1, 1), (2036, 13, 29)), s=rng.choice(["-", "/", "."]))
    text = "{} {:02d}:{:02d}:{:02d}".format(date, *rng.integers((0, 0, 0), (24, 60, 60)))
    if rng.random() < 0.5:
        text += " {:d} KM/H".format(rng.integers(0, 140))
    face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_DUPLEX]))
    size = rng.uniform(0.025, 0.06) * height / cv2.getTextSize("0", face, 1, 1)[0][1]
    thick = 1 if height < 300 else 2
    (wide, high), below = cv2.getTextSize(text, face, size, thick)
    x = int(rng.choice([0.02 * width, max(0.02 * width, 0.98 * width - wide)]))
    y = int(height - 0.02 * height - below if rng.random() < 0.7 else 0.03 * height + high)
    image = image.copy()
    if rng.random() < 0.3:
        cv2.rectangle(image, (x - 3, y - high - 3), (x + wide + 3, y + below + 2), (0, 0, 0), -1)
    colour = ((255, 255, 255), (255, 230, 60), (255, 140, 30), (120, 255, 120))[int(rng.integers(4))]
    cv2.putText(image, text, (x, y), face, size, colour, thick, cv2.LINE_AA)
    return image
