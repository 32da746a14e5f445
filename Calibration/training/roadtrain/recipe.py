"""Recipes: one YAML file holds everything that decides how the weights come out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import yaml

from .augment import Augmentation, Scale
from .datasets import UNLABELLED
from .labels import VOID, LabelSet, label_set, named
from .losses import WeightedLoss, parse_losses
from .names import unknown
from .networks import NETWORKS
from .typed import Count, NotNegative, Positive, Share, Side, Within, fitted

SCHEDULES = ("poly", "cosine")
OPTIMIZERS = ("adamw", "adam", "sgd")


@dataclass(frozen=True)
class DataSet:
    """A folder of the data folder; `share` of the crops come from it.

    What its labels mean: `classes[i]` is the class of value i (255: ignored; a list: one of these classes, the label
    does not say which), or, without it, the label map of its `format` and the recipe's label set.
    """

    name: str
    share: Positive
    classes: list[int | list[int]] | None = None
    format: str = "list"
    hold_out: tuple[str, ...] = ()
    """Training pictures whose names begin with one of these are kept out and scored as NAME/held-out: whole drives, to
    choose between models by, where the official val is too near to train."""
    val_too: bool = False
    """Val is trained on as well and not scored, as the literature does before CamVid's test pictures are."""
    rows: Count | None = None
    """Pictures higher than this are scaled down to so many rows when they are read."""

    @property
    def groups(self) -> list[tuple[int, ...]]:
        """The lists among `classes`. A data set that has any is trained on and not scored."""
        return [tuple(c) for c in self.classes or () if isinstance(c, list)]


@dataclass(frozen=True)
class Size:
    """Another crop size that `share` of a phase's batches have: what makes one network hold at several input sizes."""

    share: Share
    size: tuple[Side, Side]
    scale: Scale
    """Of things, as `Phase.scale`: in a whole view of two thirds of the recipe's, they are two thirds as large."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the training with one crop size. `share` is its part of the budget, `steps` what that came to.

    `epochs` may stand for `steps`: so many times as many crops as there are training pictures.

    `bfloat16`: the pointwise convolutions in that format, about 1.4 times as fast where the CPU knows it, with
    noisier gradients.
    """

    share: Positive
    size: tuple[Side, Side]
    batch: Count
    scale: Scale
    steps: Count | None = None
    epochs: Positive | None = None
    bfloat16: bool = False
    also: tuple[Size, ...] = ()

    def size_of(self, chance: float) -> tuple[tuple[int, int], Scale]:
        """Size and scale of a batch that drew `chance`, 0 to 1."""
        for other in self.also:
            if chance < other.share:
                return other.size, other.scale
            chance -= other.share
        return self.size, self.scale


@dataclass(frozen=True)
class Teacher:
    """A trained network of the recipe's classes."""

    network: str
    checkpoint: str
    """Its checkpoint.pt or ONNX model, relative to the recipe's folder."""


@dataclass(frozen=True)
class Distillation:
    """Trained teachers whose class probabilities the student follows besides the labels: their mean, where there are
    several.
    """

    network: str
    checkpoint: str
    """Its checkpoint.pt or ONNX model, relative to the recipe's folder."""
    weight: NotNegative = 1.0
    temperature: Positive = 2.0
    others: tuple[Teacher, ...] = ()
    once: bool = False
    """They look at each picture once, whole and undisturbed, before the run: hundreds of steps would take as long, and
    they say what is there before it is disturbed. Without, they look at every crop as the student does."""

    @property
    def teachers(self) -> tuple[Teacher, ...]:
        """All of them."""
        return Teacher(self.network, self.checkpoint), *self.others


@dataclass(frozen=True)
class Quantization:
    """Fine-tuning of the finished network in the runtime's own integer arithmetic: see `python -m
    roadtrain.finetune`.
    """

    steps: Annotated[int, Within(0)] = 500
    batch: Count = 8
    learning_rate: Positive = 0.00002
    calibration: Count = 64
    """Pictures that the ranges of activations are taken from."""
    percentile: Annotated[float, Within(0.5, 1)] = 0.9999
    """Share of the values that stay inside an activation's range."""


@dataclass(frozen=True)
class Recipe:
    """See tests/recipes/contextnet.yaml, which says why each value is what it is."""

    network: str
    class_names: list[str]
    mean: tuple[float, float, float]
    """Of red, green and blue, 0 to 1."""
    std: tuple[Positive, Positive, Positive]
    view: tuple[Side, Side]
    data: list[DataSet]
    phases: list[Phase]
    seed: Annotated[int, Within(0, 2**32 - 1)]
    learning_rate: Positive
    label_set: str | None = None
    terms: str | None = None
    """What may be done with the weights, in one line: that of the pictures. It travels with them, and roadseg shows
    it."""
    class_weights: list[NotNegative] | None = None
    losses: tuple[WeightedLoss, ...] = (WeightedLoss("cross_entropy", 1.0),)
    minutes: Positive | None = None
    """Budget of wall clock; without it, the phases' steps."""
    optimizer: str = "adamw"
    schedule: str = "poly"
    warmup: Annotated[float, Within(0, 0.9)] = 0.0
    """Part of the budget in which the learning rate rises."""
    power: NotNegative = 1.0
    weight_decay: NotNegative = 0.0
    ema: Share = 0.998
    auxiliary: NotNegative = 0.0
    dropout: Share = 0.0
    frozen: list[str] = field(default_factory=list)
    """Parts of the network, by name, that keep the weights a run begins with. A backbone's first stages see the most
    pixels and change the least: without them, more crops are seen in the same time."""
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

    def labels_within(self, classes: tuple[int, ...]) -> tuple[int, ...]:
        """The labels that stand for one of `classes`, whichever class of their group they mean."""
        groups = (len(self.class_names) + i for i, group in enumerate(self.groups) if set(group) <= set(classes))
        return (*classes, *groups)

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


class _Loader(yaml.SafeLoader):
    """YAML in which no key comes twice: PyYAML would let the last one count and say nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' comes twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_recipe(path: Path) -> Recipe:
    """Read and check a recipe. Raises `ValueError`, with the file's name, on one that cannot be meant.

    What it leaves out, the file named by its key `base` may say, relative to it. Of a recipe with a list of `cycles`,
    FILE:CYCLE is one, and FILE the last.
    """
    path, cycle = _split(path)
    values, name = _with_base(path)
    values, name = _of_cycle(values, cycle, name)
    recipe = fitted(_completed(values, name), Recipe, name)
    if recipe.distillation:
        first, *others = (replace(t, checkpoint=str(path.parent / t.checkpoint)) for t in recipe.distillation.teachers)
        recipe = replace(recipe, distillation=replace(recipe.distillation, checkpoint=first.checkpoint,
                                                      others=tuple(others)))
    _check(recipe, name)
    return recipe


def _with_base(path: Path) -> tuple[dict[str, Any], str]:
    """A recipe's values, its base's among them, and what to call it in messages.

    Of a key that both have, the recipe's value counts; mappings, such as `augmentation`, are joined by the same rule.
    A base has none itself: what a recipe means can be read in two files.
    """
    own = _read(path)
    if "base" not in own:
        return own, str(path)
    base = own.pop("base")
    if not isinstance(base, str):
        raise ValueError(f"{path}: base: expected a file's name, found {base!r}")
    try:
        common = _read(path.parent / base)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: base: {error}") from error
    if "base" in common:
        raise ValueError(f"{path}: base: {base} has a base itself; name that one, and say the rest here")
    return _joined(common, own), f"{path} on {base}"


def _joined(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Both, `own` before `common`, in mappings that both have key by key."""
    both = {key: common[key] | own[key] for key in common.keys() & own.keys()
            if isinstance(common[key], dict) and isinstance(own[key], dict)}
    return common | own | both


def _split(path: Path) -> tuple[Path, str | None]:
    """FILE:CYCLE as its two parts."""
    name, colon, cycle = path.name.rpartition(":")
    return (path.with_name(name), cycle) if colon and name else (path, None)


def _of_cycle(values: dict[str, Any], cycle: str | None, name: str) -> tuple[dict[str, Any], str]:
    """The values of one cycle of those that a recipe lists, on what the recipe says for all of them."""
    if "cycles" not in values:
        if cycle:
            raise ValueError(f"{name}: has no cycles, so there is none named '{cycle}'")
        return values, name
    cycles = values.pop("cycles")
    if not isinstance(cycles, list) or not cycles or not all(isinstance(c, dict) and "cycle" in c for c in cycles):
        raise ValueError(f"{name}: cycles: expected a list, each with its name as 'cycle'")
    names = [str(c["cycle"]) for c in cycles]
    if len(set(names)) < len(names):
        raise ValueError(f"{name}: cycles: a name comes twice")
    if cycle and cycle not in names:
        raise ValueError(f"{name}: {unknown('cycle', cycle, names)}")
    own = dict(cycles[names.index(cycle) if cycle else -1])
    chosen = own.pop("cycle")
    return _joined(values, own), f"{name}, cycle {chosen}"


def _read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    try:
        values = yaml.load(path.read_text(), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: a recipe is a mapping of keys to values")
    return values


def _completed(values: dict[str, Any], name: str) -> dict[str, Any]:
    """With what a recipe need not say: the names of a label set's classes, and, in recipes of before, the weighted
    cross entropy beside `jaccard`.
    """
    values = {key: value for key, value in values.items() if value is not None}
    if "jaccard" in values and "losses" not in values:
        values["losses"] = {"weighted_cross_entropy": 1.0, "jaccard": values.pop("jaccard")}
    if "losses" in values:
        values["losses"] = tuple(parse_losses(values["losses"], f"{name}: losses"))
    if "label_set" in values:
        try:
            values.setdefault("class_names", list(label_set(values["label_set"]).names))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return values


def _check(recipe: Recipe, name: str) -> None:
    """What must fit together."""
    wanted = [("schedule", recipe.schedule, SCHEDULES), ("optimizer", recipe.optimizer, OPTIMIZERS),
              ("network", recipe.network, NETWORKS)]
    if recipe.distillation:
        wanted += [("network", teacher.network, NETWORKS) for teacher in recipe.distillation.teachers]
    for key, value, known in wanted:
        if value not in known:
            raise ValueError(f"{name}: {unknown(key, value, known)}")
    for part in (_classes, _phases, _data, _augmentation):
        for mistake in part(recipe):
            raise ValueError(f"{name}: {mistake}")


def _classes(recipe: Recipe) -> Iterator[str]:
    """What is wrong with the classes."""
    names = recipe.class_names
    if not 2 <= len(names) or len(names) + len(recipe.groups) > VOID:
        yield f"class_names: 2 classes or more; with the lists in the data's 'classes', at most {VOID}"
    if len(set(names)) < len(names) or any(not name.strip() or not name.isprintable() for name in names):
        yield "class_names: each name once, none empty, without tabs and line ends"
    if len(recipe.weights) != len(names):
        yield "one class weight for each class"
    if recipe.label_set and len(label_set(recipe.label_set).names) != len(names):
        yield f"class_names does not fit label_set {recipe.label_set}"


def _phases(recipe: Recipe) -> Iterator[str]:
    """What is wrong with the phases and their scales."""
    if not recipe.phases:
        yield "a recipe has at least one entry in 'phases'"
    if abs(sum(p.share for p in recipe.phases) - 1) > 1e-6:
        yield "the phases' shares must add up to 1"
    if recipe.network == "deeplabv3plus" and any(p.batch == 1 for p in recipe.phases):
        yield "batch: 2 or more: batch norm behind deeplabv3plus's pooling has one value a picture"
    if any((p.steps is None) == (p.epochs is None) for p in recipe.phases):
        yield "a phase has either 'steps' or 'epochs'"
    if any(sum(other.share for other in p.also) > 1 for p in recipe.phases):
        yield "phases: also: the shares add up to at most 1"
    a = recipe.augmentation
    scales = [*(("phases: scale", p.scale) for p in recipe.phases),
              *(("phases: also: scale", other.scale) for p in recipe.phases for other in p.also),
              ("augmentation: height_factor", a.height_factor)]
    yield from (f"{name}: the smaller number comes first" for name, (low, high) in scales if low > high)


def _data(recipe: Recipe) -> Iterator[str]:
    """What is wrong with the data sets."""
    if not recipe.data:
        yield "a recipe has at least one entry in 'data'"
    last = len(recipe.class_names) - 1
    for d in recipe.data:
        if any(isinstance(c, int) and not (0 <= c <= last or c == VOID) for c in d.classes or ()):
            yield f"data: {d.name}: each of 'classes' is 0 to {last}, {VOID} for what is ignored, or a list"
        if any(len(set(g)) < 2 or not set(g) <= set(range(last + 1)) for g in d.groups):
            yield f"data: {d.name}: a list in 'classes' names two classes or more, each 0 to {last}"
        if len(d.classes or ()) > VOID:
            yield f"data: {d.name}: 'classes' says what the values 0 to {VOID - 1} are, it has {len(d.classes)} entries"
        if d.format == UNLABELLED and not recipe.distillation:
            yield (f"data: {d.name}: {UNLABELLED} have no labels: name a teacher, who says what they show,"
                   " in 'distillation'")
        if d.format == UNLABELLED and (d.classes or d.hold_out or d.val_too):
            yield f"data: {d.name}: {UNLABELLED} have no labels: no classes, no hold_out and no val_too here"
        if d.groups and d.hold_out:
            yield f"data: {d.name}: labels that stand for several classes cannot be scored: no hold_out here"


def _augmentation(recipe: Recipe) -> Iterator[str]:
    """What is wrong with the classes that augmentation names."""
    a, last = recipe.augmentation, len(recipe.class_names) - 1
    if not (0 <= a.bonnet_class <= last or a.bonnet_class == VOID):
        yield f"augmentation: bonnet_class is 0 to {last}, or {VOID}"
    for name in ("barrier_class", "road_class"):
        if a.barrier and not 0 <= getattr(a, name) <= last:
            yield f"augmentation: {name} is 0 to {last}"
    if not set(a.barrier_keeps) <= set(range(last + 1)):
        yield f"augmentation: barrier_keeps: each is 0 to {last}"
    for name in ("dry_grass", "mix"):
        classes = getattr(a, f"{name}_classes")
        if getattr(a, name) and not classes:
            yield f"augmentation: {name} does nothing without '{name}_classes'"
        if not set(classes) <= set(range(last + 1)):
            yield f"augmentation: {name}_classes: each is 0 to {last}"
