"""Recipes: one YAML file holds everything that decides how the weights come out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from .augment import Augmentation
from .labels import LabelSet, label_set, named
from .losses import WeightedLoss, parse_losses
from .names import unknown
from .typed import fitted

SCHEDULES = ("poly", "cosine")
OPTIMIZERS = ("adamw", "adam", "sgd")


@dataclass(frozen=True)
class DataSet:
    """A folder of the data folder; `share` of the crops come from it.

    What its labels mean: `classes[i]` is the class of value i (255: ignored; a list: one of these classes, the label
    does not say which), or, without it, the label map of its `format` and the recipe's label set.
    """

    name: str
    share: float
    classes: list[int | list[int]] | None = None
    format: str = "list"
    hold_out: tuple[str, ...] = ()
    """Training pictures whose names begin with one of these are kept out and scored as NAME/held-out: whole drives, to
    choose between models by, where the official val is too near to train."""
    rows: int | None = None
    """Pictures higher than this are scaled down to so many rows when they are read."""

    @property
    def groups(self) -> list[tuple[int, ...]]:
        """The lists among `classes`. A data set that has any is trained on and not scored."""
        return [tuple(c) for c in self.classes or () if isinstance(c, list)]


@dataclass(frozen=True)
class Phase:
    """A stretch of the training with one crop size. `share` is its part of the budget, `steps` what that came to.

    `epochs` may stand for `steps`: so many times as many crops as there are training pictures.

    `bfloat16`: the pointwise convolutions in that format, about 1.4 times as fast where the CPU knows it, with
    noisier gradients.
    """

    share: float
    size: tuple[int, int]
    batch: int
    scale: tuple[float, float]
    steps: int | None = None
    epochs: float | None = None
    bfloat16: bool = False


@dataclass(frozen=True)
class Distillation:
    """A trained teacher whose class probabilities the student follows besides the labels."""

    network: str
    checkpoint: str
    """Its checkpoint.pt or ONNX model, relative to the recipe's folder."""
    weight: float = 1.0
    temperature: float = 2.0


@dataclass(frozen=True)
class Quantization:
    """Fine-tuning of the finished network in the runtime's own integer arithmetic: see `python -m
    roadtrain.finetune`.
    """

    steps: int = 500
    batch: int = 8
    learning_rate: float = 0.00002
    calibration: int = 64
    """Pictures that the ranges of activations are taken from."""
    percentile: float = 0.9999
    """Share of the values that stay inside an activation's range."""


@dataclass(frozen=True)
class Recipe:
    """See recipes/contextnet-driving7.yaml, which says why each value is what it is."""

    network: str
    class_names: list[str]
    mean: list[float]
    std: list[float]
    view: tuple[int, int]
    data: list[DataSet]
    phases: list[Phase]
    seed: int
    learning_rate: float
    label_set: str | None = None
    class_weights: list[float] | None = None
    losses: tuple[WeightedLoss, ...] = (WeightedLoss("cross_entropy", 1.0),)
    minutes: float | None = None
    """Budget of wall clock; without it, the phases' steps."""
    optimizer: str = "adamw"
    schedule: str = "poly"
    warmup: float = 0.0
    power: float = 1.0
    weight_decay: float = 0.0
    ema: float = 0.998
    auxiliary: float = 0.0
    dropout: float = 0.0
    distillation: Distillation | None = None
    quantization: Quantization = field(default_factory=Quantization)
    augmentation: Augmentation = field(default_factory=Augmentation)

    @property
    def classes(self) -> LabelSet:
        """Names and colours of the classes."""
        return label_set(self.label_set) if self.label_set else named(self.class_names)

    @property
    def weights(self) -> list[float]:
        """A weight for each class, 1 without `class_weights`."""
        return self.class_weights or [1.0] * len(self.class_names)

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Classes that the labels of some data set do not tell apart, each group once. Group i has the label
        len(class_names) + i.
        """
        return tuple(dict.fromkeys(group for d in self.data for group in d.groups))

    def targets(self, data: DataSet) -> list[int] | None:
        """The label that each value of `data` becomes, where it has `classes`: a class, a group, or 255."""
        if data.classes is None:
            return None
        labels = {group: len(self.class_names) + i for i, group in enumerate(self.groups)}
        return [labels[tuple(c)] if isinstance(c, list) else c for c in data.classes]

    def with_steps(self, pictures: int) -> Recipe:
        """The recipe with the phases' `epochs` turned into steps, for so many training pictures."""
        def counted(phase: Phase) -> Phase:
            if phase.epochs is None:
                return phase
            return replace(phase, steps=max(1, math.ceil(phase.epochs * pictures / phase.batch)), epochs=None)

        return replace(self, phases=[counted(phase) for phase in self.phases])

    def progress(self, phase: int, step_in_phase: int) -> float:
        """How far the training is, 0 to 1, counted by steps."""
        before = sum(p.share for p in self.phases[:phase])
        return before + self.phases[phase].share * step_in_phase / self.phases[phase].steps

    def phase_at(self, progress: float) -> int:
        """The phase that `progress` (0 to 1) falls into."""
        end = 0.0
        for index, phase in enumerate(self.phases):
            end += phase.share
            if progress < end:
                return index
        return len(self.phases) - 1

    def rate_at(self, progress: float) -> float:
        """Learning rate: linear warm-up, then polynomial or cosine decay to nothing."""
        if progress < self.warmup:
            return self.learning_rate * max(progress / self.warmup, 0.01)
        left = max(1 - (progress - self.warmup) / (1 - self.warmup), 0.0)
        if self.schedule == "cosine":
            return self.learning_rate * (1 - math.cos(math.pi * left)) / 2
        return self.learning_rate * left**self.power


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe. Raises `ValueError`, with the file's name, on one that cannot be meant."""
    try:
        values = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: a recipe is a mapping of keys to values")
    recipe = fitted(_completed(values, path), Recipe, str(path))
    if recipe.distillation:
        checkpoint = str(path.parent / recipe.distillation.checkpoint)
        recipe = replace(recipe, distillation=replace(recipe.distillation, checkpoint=checkpoint))
    _check(recipe, path)
    return recipe


def _completed(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """With what a recipe need not say: the names of a label set's classes, and, in recipes of before, the weighted
    cross entropy beside `jaccard`.
    """
    values = {key: value for key, value in values.items() if value is not None}
    if "jaccard" in values and "losses" not in values:
        values["losses"] = {"weighted_cross_entropy": 1.0, "jaccard": values.pop("jaccard")}
    if "losses" in values:
        values["losses"] = tuple(parse_losses(values["losses"], f"{path}: losses"))
    if "label_set" in values:
        try:
            values.setdefault("class_names", list(label_set(values["label_set"]).names))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    return values


def _check(recipe: Recipe, path: Path) -> None:
    """What must fit together."""
    for name, numbers in _positive(recipe).items():
        if min(numbers) <= 0:
            raise ValueError(f"{path}: {name} must be above 0, not {min(numbers)}")
    if not recipe.data or not recipe.phases:
        raise ValueError(f"{path}: a recipe has at least one entry in 'data' and one in 'phases'")
    if abs(sum(p.share for p in recipe.phases) - 1) > 1e-6:
        raise ValueError(f"{path}: the phases' shares must add up to 1")
    if any((p.steps is None) == (p.epochs is None) for p in recipe.phases):
        raise ValueError(f"{path}: a phase has either 'steps' or 'epochs'")
    if len(recipe.weights) != len(recipe.class_names):
        raise ValueError(f"{path}: one class weight for each class")
    if recipe.label_set and len(label_set(recipe.label_set).names) != len(recipe.class_names):
        raise ValueError(f"{path}: class_names does not fit label_set {recipe.label_set}")
    for d in recipe.data:
        if any(len(set(g)) < 2 or not set(g) <= set(range(len(recipe.class_names))) for g in d.groups):
            raise ValueError(f"{path}: data: {d.name}: a list in 'classes' names two classes or more, "
                             f"each 0 to {len(recipe.class_names) - 1}")
        if d.groups and d.hold_out:
            raise ValueError(f"{path}: data: {d.name}: labels that stand for several classes cannot be scored: "
                             "no hold_out here")
    if recipe.augmentation.dry_grass and not recipe.augmentation.dry_grass_classes:
        raise ValueError(f"{path}: augmentation: dry_grass covers nothing without 'dry_grass_classes'")
    if not set(recipe.augmentation.dry_grass_classes) <= set(range(len(recipe.class_names))):
        raise ValueError(f"{path}: augmentation: dry_grass_classes: each is 0 to {len(recipe.class_names) - 1}")
    for key, value, known in (("schedule", recipe.schedule, SCHEDULES), ("optimizer", recipe.optimizer, OPTIMIZERS)):
        if value not in known:
            raise ValueError(f"{path}: {unknown(key, value, known)}")


def _positive(recipe: Recipe) -> dict[str, list[float]]:
    """What has to be above 0, by the name that it has in the file."""
    phases = {f"phases: {key}": [n for p in recipe.phases for n in _numbers(getattr(p, key))]
              for key in ("share", "size", "batch", "scale", "steps", "epochs")}
    own = {key: _numbers(getattr(recipe, key)) for key in ("std", "view", "learning_rate", "minutes")}
    return {name: numbers for name, numbers in (phases | own).items() if numbers}


def _numbers(value: float | Sequence[float] | None) -> list[float]:
    return [] if value is None else list(value) if isinstance(value, Sequence) else [value]
