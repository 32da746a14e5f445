"""Geometry of a crop: one warp from the stored picture, so that each pixel is interpolated once and labels stay
aligned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from .labels import VOID

if TYPE_CHECKING:
    from .augment import Augmentation

LABEL_STRIDE = 2
"""Crop pixels a label pixel stands for."""

SCORES_STRIDE = 4
"""Crop pixels that a cell of teachers' scores stands for."""

HORIZON = 0.45
"""Where the horizon of a picture is taken to lie, as a share of its height from the top: nobody measured it."""

FOCAL = 0.9
"""Focal length as a share of the picture's width: a view of 58 degrees, as of many dashcams."""

ViewChange = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From pixels (x, y) of the picture that another camera position would give to pixels of the stored one."""


def warped(source: np.ndarray, matrix: np.ndarray, size: tuple[int, int], stride: int, flags: int, value,
           change: ViewChange | None = None) -> np.ndarray:
    """`source` seen through `matrix` (crop pixel centres -> picture pixel centres, both at i + 0.5), every `stride`-th
    pixel of `size` (height, width); `value` outside the picture.
    """
    # OpenCV puts pixel centres on integers; here they lie on halves.
    m = matrix.copy()
    m[:, :2] *= stride
    m[:, 2] += m[:, :2] @ (0.5, 0.5) - 0.5
    height, width = size[0] // stride, size[1] // stride
    if change is None:
        return cv2.warpAffine(source, m, (width, height), flags=flags | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_CONSTANT, borderValue=value)
    across, down = np.arange(width)[None], np.arange(height)[:, None]
    x, y = change(*(m[i, 0] * across + m[i, 1] * down + m[i, 2] for i in (0, 1)))
    return cv2.remap(source, x.astype(np.float32), y.astype(np.float32), flags, borderMode=cv2.BORDER_CONSTANT,
                     borderValue=value)


def to_crop(image: np.ndarray, label: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: np.ndarray,
            change: ViewChange | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Crop `size` (height, width) of a picture and its labels, void outside."""
    picture = warped(image, matrix, size, 1, cv2.INTER_LINEAR, tuple(int(v) for v in border), change)
    return picture, warped(label, matrix, size, LABEL_STRIDE, cv2.INTER_NEAREST, VOID, change)


def scores_crop(scores: np.ndarray, picture: tuple[int, int], matrix: np.ndarray, size: tuple[int, int],
                change: ViewChange | None = None) -> np.ndarray:
    """What teachers said of a whole picture of `picture` (height, width), for its crop `size`: rows x columns x
    classes, bytes that add up to 255, 0 beyond the picture.
    """
    shrink_x, shrink_y = scores.shape[1] / picture[1], scores.shape[0] / picture[0]

    def cells(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = (x, y) if change is None else change(x, y)
        return (x + 0.5) * shrink_x - 0.5, (y + 0.5) * shrink_y - 0.5

    return warped(scores, matrix, size, SCORES_STRIDE, cv2.INTER_LINEAR, 0, cells)


def crop_matrix(rng: np.random.Generator, source: tuple[int, int], view: tuple[int, int], size: tuple[int, int],
                scale: tuple[float, float], a: Augmentation) -> np.ndarray:
    """A random crop of a picture that the network would see resized to `view` (height, width).

    `scale`: between which factors; 1 shows things as large as the network meets them in use, whatever the picture's own
    size.
    """
    factor = np.exp(rng.uniform(*np.log(scale)))
    stretch = np.exp(rng.uniform(-a.aspect, a.aspect) / 2)
    flip = -1 if rng.random() < a.flip else 1
    angle = np.deg2rad(rng.uniform(-a.rotation_degrees, a.rotation_degrees))
    sy, sx = source[0] / view[0] / factor * stretch, source[1] / view[1] / factor / stretch
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[sx * cos * flip, -sx * sin], [sy * sin * flip, sy * cos]])
    # The crop's centre: anywhere that keeps the crop within the picture, or, where the crop is the larger of
    # the two, the picture within the crop.
    reach_x, reach_y = sx * size[1] / 2, sy * size[0] / 2
    x = rng.uniform(*sorted((reach_x, source[1] - reach_x)))
    y = rng.uniform(*sorted((reach_y, source[0] - reach_y)))
    offset = np.array([x, y]) - linear @ (size[1] / 2, size[0] / 2)
    return np.concatenate([linear, offset[:, None]], 1)


def camera_view(source: tuple[int, int], pitch_degrees: float = 0.0, height_factor: float = 1.0,
                shift: float = 0.0) -> ViewChange:
    """What another mount of the camera would see of a picture of `source` (height, width).

    - `pitch_degrees`: turned down (positive: the horizon rises) or up. A rotation about the camera's own centre, exact.
    - `height_factor`: mounted so many times as high. The ground lies as many times as far under the horizon, which is
      exact for the road; what stands on it is stretched, too, which is not.
    - `shift`: the picture moved up by so large a share of its height: another crop of the sensor.
    """
    rows, columns = source
    focal, centre_x, centre_y, horizon = FOCAL * columns, columns / 2, rows / 2, HORIZON * rows
    sine, cosine = np.sin(np.deg2rad(pitch_degrees)), np.cos(np.deg2rad(pitch_degrees))

    def change(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y = y + shift * rows
        if pitch_degrees:
            right, down = (x - centre_x) / focal, (y - centre_y) / focal
            depth = np.maximum(cosine - down * sine, 1e-3)
            x, y = centre_x + focal * right / depth, centre_y + focal * (down * cosine + sine) / depth
        if height_factor != 1:
            y = np.where(y > horizon, horizon + (y - horizon) / height_factor, y)
        return np.broadcast_to(x, np.broadcast_shapes(x.shape, y.shape)), y

    return change


def random_view(rng: np.random.Generator, source: tuple[int, int], a: Augmentation) -> ViewChange | None:
    """Another pitch, mount height or horizon, each as often as `a` says; None for the picture as it is."""
    turned, raised, shifted = rng.random(3) < (a.pitch, a.height, a.horizon)
    if not (turned or raised or shifted):
        return None
    return camera_view(
        source,
        rng.uniform(-a.pitch_degrees, a.pitch_degrees) if turned else 0.0,
        float(np.exp(rng.uniform(*np.log(a.height_factor)))) if raised else 1.0,
        rng.uniform(-a.horizon_shift, a.horizon_shift) if shifted else 0.0)
