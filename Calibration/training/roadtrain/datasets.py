"""Pictures with a class for every pixel, held in memory, mapped to the label set of the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from .labels import VOID, text_lines

__all__ = ["UNLABELLED", "VOID", "Sample", "label_table", "load", "load_frames", "load_pairs", "open_label",
           "read_image", "read_label", "read_pairs"]

# The pictures are small; and a forked process would wait for OpenCV's threads, which stay in the one that had them.
cv2.setNumThreads(0)

UNLABELLED = "frames"
"""The format of pictures without labels, which teach by what a teacher says of them."""

INDEXED = ("L", "P")
"""Pillow's names for 8-bit grey and paletted pictures."""


@dataclass(frozen=True)
class Sample:
    """One picture: RGB, and its labels, both height x width."""

    name: str
    image: np.ndarray
    label: np.ndarray
    file: Path | None = None
    """Where the picture was read from."""
    scores: np.ndarray | None = None
    """What teachers said of it: rows x columns x classes, bytes that add up to 255."""


def label_table(classes: list[int]) -> np.ndarray:
    """A 256-entry table from the class indices on disk to the network's; whatever is not listed is void."""
    table = np.full(256, VOID, np.uint8)
    table[: len(classes)] = classes
    return table


def read_pairs(list_file: Path) -> list[tuple[Path, Path]]:
    """Lines of "picture label", relative to the list's folder; empty lines and # comments are skipped."""
    if not list_file.exists():
        raise ValueError(f"{list_file}: there is no such list of pictures")
    pairs = []
    for number, line in text_lines(list_file):
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
    # As it is stored, as labels and roadseg are read: a camera's note that it be turned is not followed.
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ValueError(f"{path}: missing, or no picture that can be read")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_label(path: Path, table: np.ndarray) -> np.ndarray:
    """A label picture, mapped. A palette's colours are for looking at only: the pixel value is the class."""
    picture = open_label(path)
    if picture.mode not in INDEXED:
        raise ValueError(f"{path}: labels must be an 8-bit grey or paletted PNG, not mode {picture.mode}")
    return table[np.asarray(picture)]


def open_label(path: Path) -> Image.Image:
    """A label picture as it is stored, decoded: OpenCV would turn a palette into its colours."""
    try:
        with Image.open(path) as picture:
            stretched = any(depth in str(tile[3]) for tile in picture.tile for depth in ("L;2", "L;4"))
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path}: missing, or no picture that can be read") from error
    if stretched:
        raise ValueError(f"{path}: grey labels of 2 or 4 bits would be read as brightness, not as classes; "
                         "store them with 8 bits or a palette")
    return picture


def load_pairs(pairs: list[tuple[Path, Path]], decode: Callable[[Path], np.ndarray], rows: int | None = None,
               names: list[str] | None = None) -> list[Sample]:
    """Every pair, decoded and held in memory: no disk after that.

    `rows` scales pictures that are higher down to so many rows: Cityscapes as it is takes 24 GB.
    """
    samples = []
    for index, (image_path, label_path) in enumerate(pairs):
        image, label = read_image(image_path), decode(label_path)
        if image.shape[:2] != label.shape:
            raise ValueError(f"{label_path}: {label.shape[1]}x{label.shape[0]}, but its picture is "
                             f"{image.shape[1]}x{image.shape[0]}")
        if rows and rows < image.shape[0]:
            size = (round(image.shape[1] * rows / image.shape[0]), rows)
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            label = cv2.resize(label, size, interpolation=cv2.INTER_NEAREST_EXACT)
        samples.append(Sample(names[index] if names else image_path.stem, image, label, image_path))
    return samples


def load_frames(root: Path, split: str, rows: int | None = None) -> list[Sample]:
    """Pictures without labels, one a line of `train.txt` in the folder, relative to it: all of them void."""
    listed = root / f"{split}.txt"
    if not listed.exists():
        raise ValueError(f"{listed}: there is no such list of pictures")
    samples = []
    for path in (root / line.strip() for _, line in text_lines(listed) if line.split("#", 1)[0].strip()):
        image = read_image(path)
        if rows and rows < image.shape[0]:
            image = cv2.resize(image, (round(image.shape[1] * rows / image.shape[0]), rows),
                               interpolation=cv2.INTER_AREA)
        samples.append(Sample(path.stem, image, np.full(image.shape[:2], VOID, np.uint8), path))
    if not samples:
        raise ValueError(f"{listed}: lists no pictures")
    return samples


def load(list_file: Path, classes: list[int]) -> list[Sample]:
    """Every pair of a list, its labels' values being indices into `classes`."""
    table = label_table(classes)
    return load_pairs(read_pairs(list_file), lambda path: read_label(path, table))
