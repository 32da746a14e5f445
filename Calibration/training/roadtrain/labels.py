"""Label sets (what a network tells apart) and label maps (what each value of a data set's labels means in them).

Both are the tab-separated tables in `Calibration/label-sets` and `Calibration/label-maps`, which `roadseg evaluate`
reads, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .names import unknown

VOID = 255
"""Label of pixels that count neither in training nor in scores."""

TABLES = Path(__file__).parents[2]
"""Where label-sets and label-maps lie."""

ROAD_NAMES = ("drivable", "road", "Road")
"""Which class is the road, as in roadseg's class tables; without one of these names, class 0."""


@dataclass(frozen=True)
class LabelSet:
    """The classes of a network by index, and their colours."""

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]

    @property
    def road(self) -> int:
        """The class that counts as road."""
        return next((i for i, name in enumerate(self.names) if name in ROAD_NAMES), 0)

    @property
    def text(self) -> str:
        """The table as roadseg reads it from a file or a model's metadata."""
        rows = (f"{i}\t{name}\t{r}\t{g}\t{b}" for i, (name, (r, g, b)) in enumerate(zip(self.names, self.colours)))
        return "\n".join(["index\tname\tr\tg\tb", *rows]) + "\n"


def named(names: list[str]) -> LabelSet:
    """A label set of one's own, in colours that are easily told apart."""
    import colorsys

    hues = [colorsys.hsv_to_rgb(0.618034 * i % 1, 0.75, 0.85) for i in range(len(names))]
    return LabelSet(tuple(names), tuple(tuple(int(255 * v) for v in hue) for hue in hues))


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file, numbered from 1."""
    try:
        text = path.read_text()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not a text file") from error
    yield from enumerate(text.splitlines(), 1)


def byte(text: str, path: Path) -> int:
    """A field of a table in `path`: 0 to 255."""
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) < 256):
        raise ValueError(f"{path}: expected a number from 0 to 255, found '{text}'")
    return int(text)


def rows(path: Path, header: tuple[str, ...]) -> Iterator[list[str]]:
    """The rows of a table whose header begins with `header`."""
    fields = 0
    for number, line in text_lines(path):
        if not line.strip() or line.startswith("#"):
            continue
        row = line.split("\t")
        if not fields:
            fields = len(row)
            if tuple(row[: len(header)]) != header:
                raise ValueError(f"{path}:{number}: the header must begin with {', '.join(header)}, separated by tabs")
        elif len(row) != fields:
            raise ValueError(f"{path}:{number}: {len(row)} fields, the header has {fields}")
        else:
            yield row


def read_label_set(path: Path) -> LabelSet:
    """A class table: `index name r g b`, indices from 0 without gaps; a row 255 (void) is left out."""
    names: list[str] = []
    colours: list[tuple[int, int, int]] = []
    for index, name, *colour in (row[:5] for row in rows(path, ("index", "name", "r", "g", "b"))):
        if byte(index, path) == VOID:
            continue
        if byte(index, path) != len(names):
            raise ValueError(f"{path}: index {index}, expected {len(names)}")
        names.append(name)
        colours.append(tuple(byte(v, path) for v in colour))
    if not names:
        raise ValueError(f"{path}: no classes")
    return LabelSet(tuple(names), tuple(colours))


def label_set(name: str) -> LabelSet:
    """A label set by name: one of `Calibration/label-sets`."""
    path = TABLES / "label-sets" / f"{name}.tsv"
    if not path.exists():
        raise ValueError(unknown("label set", name, (p.stem for p in path.parent.glob("*.tsv"))))
    return read_label_set(path)


@dataclass(frozen=True)
class LabelMap:
    """What each value of a label picture, and each name, means to the network."""

    values: np.ndarray
    """256 targets; what is not listed is void."""
    names: dict[str, int]


def label_map(source: str, target: str) -> LabelMap:
    """The map from the labels of format `source` to the label set `target`."""
    folder = TABLES / "label-maps"
    path = folder / f"{source}-to-{target}.tsv"
    if not path.exists():
        known = sorted(p.stem.split("-to-")[1] for p in folder.glob(f"{source}-to-*.tsv"))
        raise ValueError(f"no map from {source} to {target}: there is one to {', '.join(known) or 'nothing'}; "
                         "or say in the recipe what each label is, as 'classes'")
    values, names = np.full(256, VOID, np.uint8), {}
    for value, meaning, name, *_ in rows(path, ("source", "target", "source-name")):
        names[name] = VOID if meaning == "void" else byte(meaning, path)
        values[byte(value, path)] = names[name]
    return LabelMap(values, names)
