"""Pictures with a class for every pixel, held in memory, mapped to the label set of the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

VOID = 255
"""Label of pixels that count neither in training nor in scores."""


@dataclass(frozen=True)
class Sample:
    """One picture: RGB, and its labels, both height x width, as stored on disk."""

    name: str
    image: np.ndarray
    label: np.ndarray


def label_table(classes: list[int]) -> np.ndarray:
    """A 256-entry table from the class indices on disk to the network's; whatever is not listed is void."""
    table = np.full(256, VOID, np.uint8)
    table[: len(classes)] = classes
    return table


def read_pairs(list_file: Path) -> list[tuple[Path, Path]]:
    """Lines of "picture label", relative to the list's folder; empty lines and # comments are skipped."""
    pairs = []
    for number, line in enumerate(list_file.read_text().splitlines(), 1):
        fields = line.split("#", 1)[0].split()
        if not fields:
            continue
        if len(fields) != 2:
            raise ValueError(f"{list_file}:{number}: expected 'picture label', got {line!r}")
        pairs.append((list_file.parent / fields[0], list_file.parent / fields[1]))
    if not pairs:
        raise ValueError(f"{list_file}: lists no pictures")
    return pairs


def read_image(path: Path) -> np.ndarray:
    """An RGB picture."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{path}: missing, or no picture that can be read")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_label(path: Path, table: np.ndarray) -> np.ndarray:
    """A label picture, mapped. A palette's colours are for looking at only: the pixel value is the class."""
    from PIL import Image  # OpenCV would turn a palette into its colours

    with Image.open(path) as picture:
        if picture.mode not in ("P", "L"):
            raise ValueError(f"{path}: labels must be an 8-bit grey or paletted PNG, not mode {picture.mode}")
        return table[np.asarray(picture, np.uint8)]


def load(list_file: Path, classes: list[int]) -> list[Sample]:
    """Every pair of a list, decoded: a few hundred megabytes for the sets used here, and no disk after that."""
    table = label_table(classes)
    samples = []
    for image_path, label_path in read_pairs(list_file):
        image, label = read_image(image_path), read_label(label_path, table)
        if image.shape[:2] != label.shape:
            raise ValueError(f"{label_path}: {label.shape[1]}x{label.shape[0]}, but its picture is "
                             f"{image.shape[1]}x{image.shape[0]}")
        samples.append(Sample(image_path.stem, image, label))
    return samples
