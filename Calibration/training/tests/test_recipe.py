"""Recipes: what is refused, what is meant, and the schedules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from conftest import RECIPE, scene
from roadtrain.augment import Augmentation
from roadtrain.crops import Crops
from roadtrain.datasets import VOID, Sample
from roadtrain.losses import WeightedLoss
from roadtrain.names import unknown
from roadtrain.recipe import Phase, Recipe, load_recipe
from roadtrain.trainer import Trainer

RECIPES = Path(__file__).parents[1] / "recipes"
CONTEXTNET = Path(__file__).parent / "recipes/contextnet.yaml"
HELD_OUT = Path(__file__).parent / "recipes/held-out.yaml"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The ContextNet recipe with one thing replaced."""
    text = CONTEXTNET.read_text()
    assert old in text
    path = tmp_path / "recipe.yaml"
    path.write_text(text.replace(old, new))
    return path


def cycles() -> Iterator[Path]:
    """Every recipe, and each cycle of those that list some."""
    for path in sorted(RECIPES.glob("*.yaml")):
        yield path
        for cycle in yaml.safe_load(path.read_text()).get("cycles", ()):
            yield path.with_name(f"{path.name}:{cycle['cycle']}")


@pytest.mark.parametrize("path", list(cycles()), ids=lambda p: p.name)
def test_shipped_recipes_load(path: Path) -> None:
    recipe = load_recipe(path)
    assert len(recipe.class_names) == len(recipe.weights) == len(recipe.classes.names)
    recipe.with_steps(100)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("learning_rate:", "learnign_rate:", "unknown key 'learnign_rate'; did you mean 'learning_rate'"),
    ("share: 0.25", "shrae: 0.25", "data: unknown key 'shrae'; did you mean 'share'"),
    ("jaccard: 0.5", "jacard: 0.5", "unknown loss 'jacard'; did you mean 'jaccard'"),
    ("jaccard: 0.5", "jaccard: {wieght: 0.5}", "unknown option 'wieght'; did you mean 'weight'"),
    ("jaccard: 0.5", "jaccard: -1", "cannot count -1"),
    ("jaccard: 0.5", "ohem: {keep: 25}", "losses: ohem: keep: must be 0 to 1, not 25"),
    ("jaccard: 0.5", "tversky: {alpha: -1}", "losses: tversky: alpha: must be at least 0, not -1"),
    ("jaccard: 0.5", "focal: {gamma: -1}", "losses: focal: gamma: must be at least 0, not -1"),
    ("bonnet: 0.08", "scale: [1, 2]", "augmentation: unknown key 'scale'"),
    ("classes: [0, 1, 2, 3, 4, 5, 6]", "classes: [0, [1, 1]]", "names two classes or more, each 0 to 6"),
    ("classes: [0, 1, 2, 3, 4, 5, 6]", "classes: [0, [1, 7]]", "names two classes or more, each 0 to 6"),
    ("classes: [0, 1, 2, 3, 4, 5, 6]", "classes: [0, [1, 2]]\n    hold_out: [x]", "cannot be scored"),
    ("bonnet: 0.08", "bonet: 0.08", "augmentation: unknown key 'bonet'; did you mean 'bonnet'"),
    ("label_set: driving7", "label_set: driving8\nclass_names: [a]", "recipe.yaml: unknown label set 'driving8'"),
    ("label_set: driving7", "label_set: driving8", "unknown label set 'driving8'; did you mean 'driving7'"),
    ("share: 0.45", "share: 0.5", "add up to 1"),
    ("steps: 2437,", "", "either 'steps' or 'epochs'"),
    ("[1.0, 1.6,", "[1.0,", "one class weight for each class"),
    ("power: 1.0", "schedule: polly", "unknown schedule 'polly'; did you mean 'poly'"),
    ("power: 1.0", "optimizer: adamm", "unknown optimizer 'adamm'"),
    ("bonnet: 0.08", "dry_grass: 0.1", "dry_grass does nothing without 'dry_grass_classes'"),
    ("bonnet: 0.08", "dry_grass_classes: [1, 7]", "dry_grass_classes: each is 0 to 6"),
    ("bonnet: 0.08", "mix: 0.1", "mix does nothing without 'mix_classes'"),
    ("bonnet: 0.08", "mix_classes: [2, 7]", "mix_classes: each is 0 to 6"),
    ("bonnet_class: 3", "bonnet_class: 7", "bonnet_class is 0 to 6, or 255"),
    ("classes: [0, 1, 2, 3, 4, 5, 6]", "classes: [0, 7]", "each of 'classes' is 0 to 6, 255 for what is ignored"),
    ("classes: [0, 1, 2, 3, 4, 5, 6]", f"classes: {[0] * 256}", "it has 256 entries"),
    ("network: contextnet", "network: contxtnet", "recipe.yaml: unknown network 'contxtnet'; did you mean"),
    ("label_set: driving7", "class_names: [a, b, b, d, e, f, g]", "class_names: each name once"),
    ("label_set: driving7", "class_names: [a]", "class_names: 2 classes or more"),
    ("mean: [0.485, ", "mean: [", "mean: expected 3 values"),
    ("flip: 0.5", "flip: 50", "augmentation: flip: must be 0 to 1, not 50"),
    ("seed: 20", "seed: -1", "seed: must be 0 to 4294967295, not -1"),
    ("power: 1.0", "power: -1", "power: must be at least 0, not -1"),
    ("power: 1.0", "quantization: {percentile: 0}", "quantization: percentile: must be 0.5 to 1, not 0"),
    ("view: [360, 480]", "view: [360, 16]", "view: must be 32 to 16384, not 16"),
    ("seed: 20", "", "the key 'seed' is missing"),
    ("seed: 20", "seed: twenty", "seed: expected a whole number, found 'twenty'"),
    ("seed: 20", "seed: yes", "seed: expected a whole number, found True"),
    ("power: 1.0", "power: .nan", "power: expected a number, found nan"),
    ("minutes: 128", "minutes: 0", "minutes: must be above 0, not 0"),
    ("share: 0.45", "share: [0.45]", "phases: share: expected a number"),
    ("jaccard: 0.5", "jaccard: much", "losses: jaccard: weight: expected a number, found 'much'"),
    ("losses: {weighted_cross_entropy: 1.0, jaccard: 0.5}", "losses: jaccard", "losses: expected names with weights"),
    ("view: [360, 480]", "view: 480x360", "view: expected a list, found '480x360'"),
    ("view: [360, 480]", "view: [360]", "view: expected 2 values"),
    ("seed: 20", "seed: [20", "is not YAML: .* line "),
    ("seed: 20", "seed: 20\nseed: 21", "is not YAML: 'seed' comes twice .* line "),
])
def test_mistakes_are_refused_with_the_nearest_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_recipe(changed(tmp_path, old, new))


def test_a_cycle_says_what_its_recipe_does_not(tmp_path: Path) -> None:
    """FILE:CYCLE is one, FILE the last; a cycle's values count, in mappings key by key."""
    path = tmp_path / "recipe.yaml"
    path.write_text(CONTEXTNET.read_text() + """
cycles:
  - {cycle: first, seed: 1}
  - {cycle: second, seed: 2, augmentation: {flip: 0.0}}
""")
    common = load_recipe(CONTEXTNET)
    assert load_recipe(tmp_path / "recipe.yaml:first") == replace(common, seed=1)
    second = replace(common, seed=2, augmentation=replace(common.augmentation, flip=0.0))
    assert load_recipe(tmp_path / "recipe.yaml:second") == load_recipe(path) == second


@pytest.mark.parametrize(("cycles", "name", "message"), [
    ("[{cycle: first}]", "recipe.yaml:frist", "unknown cycle 'frist'; did you mean 'first'"),
    ("[{cycle: first}, {cycle: first}]", "recipe.yaml", "cycles: a name comes twice"),
    ("[{seed: 1}]", "recipe.yaml", "cycles: expected a list"),
    ("[]", "recipe.yaml", "cycles: expected a list"),
    ("[{cycle: first, sede: 1}]", "recipe.yaml", "cycle first: unknown key 'sede'; did you mean 'seed'"),
    (None, "recipe.yaml:first", "has no cycles, so there is none named 'first'"),
])
def test_wrong_cycles_are_refused(tmp_path: Path, cycles: str | None, name: str, message: str) -> None:
    text = CONTEXTNET.read_text() + (f"\ncycles: {cycles}\n" if cycles else "")
    (tmp_path / "recipe.yaml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_recipe(tmp_path / name)


def test_pooling_needs_two_pictures(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    text = CONTEXTNET.read_text().replace("network: contextnet", "network: deeplabv3plus")
    path.write_text(text)
    load_recipe(path)
    path.write_text(text.replace("batch: 8", "batch: 1"))
    with pytest.raises(ValueError, match="recipe.yaml: batch: 2 or more"):
        load_recipe(path)


def test_numbers_without_a_point_are_numbers(tmp_path: Path) -> None:
    """YAML 1.1 takes 2e-3 for a text."""
    rate = load_recipe(CONTEXTNET).learning_rate
    path = changed(tmp_path, f"learning_rate: {rate}", "learning_rate: 2e-3")
    assert load_recipe(path).learning_rate == 0.002


def test_a_recipe_says_what_its_base_does_not(tmp_path: Path) -> None:
    """Its own values count, in the base's mappings, too; lists are not joined."""
    (tmp_path / "base").mkdir()
    (tmp_path / "base/common.yaml").write_text(CONTEXTNET.read_text())
    path = tmp_path / "recipe.yaml"
    path.write_text("base: base/common.yaml\nseed: 5\nterms: null\nview: [64, 96]\n"
                    "losses: {jaccard: 0.25}\naugmentation: {flip: 0.0, rain: 0.125}\n")
    common, own = load_recipe(CONTEXTNET), load_recipe(path)
    assert own == replace(
        common, seed=5, terms=None, view=(64, 96),
        losses=(WeightedLoss("weighted_cross_entropy", 1.0), WeightedLoss("jaccard", 0.25)),
        augmentation=replace(common.augmentation, flip=0.0, rain=0.125))


@pytest.mark.parametrize(("base", "text", "message"), [
    ("common.yaml", None, "recipe.yaml: base: .*common.yaml"),
    (".", None, "recipe.yaml: base: .*"),
    ('"a\\0b"', None, "recipe.yaml: base: .*"),
    ("7", None, "recipe.yaml: base: expected a file's name, found 7"),
    ("null", None, "recipe.yaml: base: expected a file's name, found None"),
    ("common.yaml", "seed: [1", "recipe.yaml: base: .*common.yaml: is not YAML"),
    ("common.yaml", "- 1", "recipe.yaml: base: .*common.yaml: a recipe is a mapping"),
    ("common.yaml", "base: other.yaml", "recipe.yaml: base: common.yaml has a base itself"),
    ("recipe.yaml", None, "recipe.yaml: base: recipe.yaml has a base itself"),
    ("common.yaml", "sede: 1", "recipe.yaml on common.yaml: unknown key 'sede'; did you mean 'seed'"),
    ("common.yaml", "network: contxtnet", "recipe.yaml on common.yaml: unknown network 'contxtnet'"),
])
def test_a_base_that_cannot_be_meant_is_refused(tmp_path: Path, base: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "common.yaml").write_text(text)
    path = tmp_path / "recipe.yaml"
    whole = yaml.safe_load(CONTEXTNET.read_text())
    whole.pop("network")
    path.write_text(f"base: {base}\n{yaml.safe_dump(whole)}")
    with pytest.raises(ValueError, match=message):
        load_recipe(path)


@pytest.mark.parametrize("wrong", [None, -1, 0, True, "text", [], [[]], {}, {"a": 1}, float("inf"), 10**30])
def test_any_value_in_any_place_is_taken_or_refused(tmp_path: Path, wrong: object) -> None:
    """Never anything but a recipe or one `ValueError` with the file's name."""
    path = tmp_path / "recipe.yaml"
    refused = 0
    for _ in _with_one_place_as(wrong, yaml.safe_load(CONTEXTNET.read_text()), path):
        try:
            load_recipe(path)
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 3


def test_a_group_counts_where_all_its_classes_do() -> None:
    recipe = load_recipe(HELD_OUT)
    assert recipe.groups == ((4, 5), (9, 10), (8, 10), (1, 2, 4, 6, 7), (1, 5))
    assert recipe.labels_within((2, 8, 9, 10)) == (2, 8, 9, 10, 12, 13)
    assert recipe.labels_within(()) == ()


def test_crops_borrow_what_a_group_stands_for() -> None:
    """Labels that mean a pedestrian or a cyclist (12), where both may be lent; no picture has them beside road."""
    recipe = load_recipe(HELD_OUT)
    recipe = replace(recipe, augmentation=replace(recipe.augmentation, mix=1.0, mix_classes=(9, 10)))
    grey, lent = np.full((72, 96, 3), 90, np.uint8), np.full((72, 96), VOID, np.uint8)
    lent[20:50, 30:60] = 12
    samples = [Sample("road", grey, np.full((72, 96), 3, np.uint8)), Sample("lender", grey, lent)]
    _, labels = Crops(recipe, [samples, samples]).make(0, replace(recipe.phases[0], batch=24))
    assert any({3, 12} <= set(crop.unique().tolist()) for crop in labels)


@pytest.mark.parametrize("group, covered", [(11, True), (15, False)])
def test_dry_grass_covers_what_a_group_stands_for(group: int, covered: bool) -> None:
    """Labels that mean pavement or tree (11), where both may be covered; not those that may mean a building (15)."""
    recipe = load_recipe(HELD_OUT)
    recipe = replace(recipe, augmentation=Augmentation(dry_grass=1.0, dry_grass_classes=(4, 5)))
    plain = replace(recipe, augmentation=Augmentation())
    sample = Sample("ground", np.full((72, 96, 3), 90, np.uint8), np.full((72, 96), group, np.uint8))
    grown, bare = (Crops(r, [[sample], [sample]]).make(0, r.phases[0])[0] for r in (recipe, plain))
    assert (grown != bare).any().item() is covered


@pytest.mark.parametrize("wrong", [0, 1, 300])
def test_what_is_taken_trains(tmp_path: Path, wrong: int) -> None:
    """A number that a recipe is taken with makes a batch, and a step; it is not found out later."""
    image, label = scene(1)
    samples = [Sample("made", image, np.array([2, 1, 0, VOID], np.uint8)[label])]
    usual = yaml.safe_load(RECIPE) | {"class_weights": [1, 1, 1], "warmup": 0.1, "ema": 0.9, "dropout": 0.1}
    always = {f.name: 1 for f in fields(Augmentation) if f.type == "Share" and f.default < 1} | {
        "bonnet_class": 1, "barrier_class": 1, "dry_grass_classes": [1], "mix_classes": [0, 2], "pitch_degrees": 4,
        "height_factor": [0.6, 1.6]}
    path, taken = tmp_path / "recipe.yaml", 0
    for places in _with_one_place_as(wrong, usual | {"augmentation": always}, path):
        try:
            recipe = load_recipe(path)
        except ValueError:
            continue
        if max(*recipe.view, recipe.phases[0].batch, *recipe.phases[0].size) > 299:
            continue  # takes minutes, is no mistake
        batch = Crops(recipe, [samples]).make(0, recipe.phases[0])
        if places[0] != "augmentation":
            assert np.isfinite(Trainer(recipe).step(*batch, recipe.rate_at(0.5)))
        taken += 1
    assert taken > 5


def _with_one_place_as(wrong: object, values: dict, path: Path) -> Iterator[tuple]:
    """Writes to `path` each recipe that `values` becomes with `wrong` in one place, and gives that place."""
    whole = yaml.safe_dump(values)
    for places in [*_places(values)]:
        inner = values = yaml.safe_load(whole)
        for place in places[:-1]:
            inner = inner[place]
        inner[places[-1]] = wrong
        path.write_text(yaml.safe_dump(values))
        yield places


def _places(values: object, above: tuple = ()) -> Iterator[tuple]:
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        yield (*above, key)
        yield from _places(value, (*above, key))


def test_recipes_of_before_mean_what_they_meant(tmp_path: Path) -> None:
    path = changed(tmp_path, "losses: {weighted_cross_entropy: 1.0, jaccard: 0.5}", "jaccard: 0.5")
    assert load_recipe(path).losses == load_recipe(CONTEXTNET).losses
    assert load_recipe(path).losses == (WeightedLoss("weighted_cross_entropy", 1.0), WeightedLoss("jaccard", 0.5))


def test_losses_take_options(tmp_path: Path) -> None:
    path = changed(tmp_path, "jaccard: 0.5", "tversky: {weight: 0.5, beta: 0.8}, dice: 0")
    assert load_recipe(path).losses == (
        WeightedLoss("weighted_cross_entropy", 1.0), WeightedLoss("tversky", 0.5, {"beta": 0.8}))


def test_names_without_a_near_one_are_answered_with_all() -> None:
    assert unknown("key", "xyzzy", ["b", "a"]) == "unknown key 'xyzzy'; known are a, b"


def test_poly_warms_up_and_ends_at_nothing(recipe: Recipe) -> None:
    assert recipe.rate_at(0) < recipe.rate_at(0.05) < recipe.rate_at(0.1) == recipe.learning_rate
    assert recipe.rate_at(1) == 0
    assert recipe.phase_at(0.49) == 0 and recipe.phase_at(0.5) == 1 and recipe.phase_at(1.5) == 1
    assert recipe.progress(1, 1) == pytest.approx(0.75)


def test_cosine_passes_the_middle_at_half_the_rate(recipe: Recipe) -> None:
    cosine = replace(recipe, schedule="cosine", warmup=0.0)
    assert cosine.rate_at(0) == pytest.approx(recipe.learning_rate)
    assert cosine.rate_at(0.5) == pytest.approx(recipe.learning_rate / 2)
    assert cosine.rate_at(0.25) == pytest.approx(recipe.learning_rate * (1 + 0.5**0.5) / 2)
    assert cosine.rate_at(1) == pytest.approx(0)


def test_labels_that_do_not_tell_classes_apart_become_groups(tmp_path: Path) -> None:
    path = changed(tmp_path, "classes: [0, 1, 2, 3, 4, 5, 6]", "classes: [0, [1, 4], 2, 3, [1, 4], [4, 5], 6]")
    recipe = load_recipe(path)
    assert recipe.groups == ((1, 4), (4, 5))
    assert recipe.targets(recipe.data[1]) == [0, 7, 2, 3, 7, 8, 6]
    assert recipe.targets(recipe.data[0]) == recipe.data[0].classes


def test_epochs_become_steps(recipe: Recipe) -> None:
    tutorial = replace(recipe, phases=[Phase(1.0, (160, 576), 16, (1, 1), epochs=40)])
    assert tutorial.with_steps(289).phases[0].steps == 723  # 40 x 289 / 16, the last batch whole
