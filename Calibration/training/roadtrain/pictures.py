"""The pictures of a recipe: what it trains on, and what it is scored on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .datasets import UNLABELLED, VOID, Sample, load_frames
from .labels import label_map
from .readers import WITHOUT_MAP, load_split
from .recipe import DataSet, Recipe

HELD_OUT = "/held-out"
"""What the names of held-out drives end in."""


def load_split_of(recipe: Recipe, data: Path, d: DataSet, split: str) -> list[Sample]:
    """One split of one of the recipe's data sets, in the folder `data`."""
    if d.format == UNLABELLED:
        return load_frames(data / d.name, split, d.rows)
    return load_split(data / d.name, split, d.format, recipe.targets(d), recipe.label_set, tuple(recipe.class_names),
                      d.rows)


def load_validation(recipe: Recipe, data: Path) -> dict[str, list[Sample]]:
    """Val of each of the recipe's data sets that can be scored and is not trained on."""
    return {d.name: load_split_of(recipe, data, d, "val") for d in recipe.data
            if tells_classes_apart(recipe, d) and not d.val_too}


def tells_classes_apart(recipe: Recipe, d: DataSet) -> bool:
    """Whether the labels of `d` do, so that it can be scored.

    With a label map that leaves more than half of the classes void (KITTI Road's and comma10k's to driving7), nothing
    would count against a network that takes everything for road.
    """
    if d.groups or d.format == UNLABELLED:
        return False
    if d.classes is not None or d.format in WITHOUT_MAP or recipe.label_set is None:
        return True
    known = set(label_map(d.format, recipe.label_set).values.tolist()) - {VOID}
    return 2 * len(known) >= len(recipe.class_names)


def load_road_validation(recipe: Recipe, data: Path) -> dict[str, list[Sample]]:
    """Val of each of the recipe's data sets whose labels do not tell all classes apart, but tell the road from all
    others.
    """
    road = recipe.classes.road
    return {d.name: load_split_of(recipe, data, d, "val") for d in recipe.data
            if d.groups and road in d.classes and not any(road in group for group in d.groups) and not d.val_too}


@dataclass(frozen=True)
class Pictures:
    """What a recipe trains on, one list for each of its data sets, and what it is scored on, by name."""

    training: list[list[Sample]]
    validation: dict[str, list[Sample]]


def load_pictures(recipe: Recipe, data: Path) -> Pictures:
    """Train and val of every data set; drives that the recipe holds out of training are scored as NAME/held-out."""
    training, validation = [], load_validation(recipe, data)
    for d in recipe.data:
        samples = [s for split in (("train", "val") if d.val_too else ("train",))
                   for s in load_split_of(recipe, data, d, split)]
        held_out = [s for s in samples if d.hold_out and s.name.startswith(d.hold_out)]
        if d.hold_out and not held_out:
            raise ValueError(f"{data / d.name}: no training picture's name begins with {', '.join(d.hold_out)}")
        if len(held_out) == len(samples):
            raise ValueError(f"{data / d.name}: hold_out leaves nothing to train on")
        training.append([s for s in samples if not (d.hold_out and s.name.startswith(d.hold_out))])
        if held_out:
            validation[d.name + HELD_OUT] = held_out
    return Pictures(training, validation)
