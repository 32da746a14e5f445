"""Recipes: one YAML file holds everything that decides how the weights come out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from .augment import Augmentation


@dataclass(frozen=True)
class DataSet:
    """A folder with train.txt and val.txt; `share` of the crops come from it; `classes[i]` is label i's class."""

    name: str
    share: float
    classes: list[int]


@dataclass(frozen=True)
class Phase:
    """A stretch of the training with one crop size. `share` is its part of the budget, `steps` what that came to.

    `bfloat16`: the pointwise convolutions in that format, about 1.4 times as fast where the CPU knows it, with
    noisier gradients.
    """

    share: float
    steps: int
    size: tuple[int, int]
    batch: int
    scale: tuple[float, float]
    bfloat16: bool = False


@dataclass(frozen=True)
class Recipe:
    """See recipes/contextnet-driving7.yaml, which says why each value is what it is."""

    network: str
    class_names: list[str]
    class_weights: list[float]
    mean: list[float]
    std: list[float]
    view: tuple[int, int]
    data: list[DataSet]
    phases: list[Phase]
    seed: int
    minutes: float
    learning_rate: float
    warmup: float
    power: float
    weight_decay: float
    ema: float
    jaccard: float
    auxiliary: float
    augmentation: Augmentation = field(default_factory=Augmentation)

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
        """Learning rate: linear warm-up, then polynomial decay to nothing."""
        if progress < self.warmup:
            return self.learning_rate * max(progress / self.warmup, 0.01)
        return self.learning_rate * max(1 - (progress - self.warmup) / (1 - self.warmup), 0.0) ** self.power


def _make(kind: type, values: dict[str, Any], where: str) -> Any:
    known = {f.name for f in fields(kind)}
    for key in values:
        if key not in known:
            raise ValueError(f"{where}: unknown key '{key}'; known are {', '.join(sorted(known))}")
    values = {key: tuple(v) if isinstance(v, list) and key in ("size", "scale", "view") else v
              for key, v in values.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe."""
    values = dict(yaml.safe_load(path.read_text()))
    values["data"] = [_make(DataSet, d, f"{path}: data") for d in values.get("data", [])]
    values["phases"] = [_make(Phase, p, f"{path}: phases") for p in values.get("phases", [])]
    values["augmentation"] = _make(Augmentation, values.get("augmentation", {}), f"{path}: augmentation")
    recipe = _make(Recipe, values, str(path))
    if abs(sum(p.share for p in recipe.phases) - 1) > 1e-6:
        raise ValueError(f"{path}: the phases' shares must add up to 1")
    if len(recipe.class_weights) != len(recipe.class_names):
        raise ValueError(f"{path}: one class weight for each class")
    return recipe
