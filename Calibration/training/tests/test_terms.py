"""What may be done with the weights: from the recipe, and from the weights that a run began with, into every model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from roadtrain.device import Device
from roadtrain.finetune import finetune
from roadtrain.modelfile import joined_terms, read_model, terms_of
from roadtrain.pictures import load_pictures
from roadtrain.recipe import Distillation, Quantization, Recipe
from roadtrain.train import train
from roadtrain.trainer import Trainer


@pytest.mark.parametrize(("own", "inherited", "both"), [
    (None, None, None), ("a", None, "a"), (None, "b", "b"), ("a", "b", "a; b"), ("a", "a", "a"), ("b", "a; b", "b; a"),
    ("a; b", "b", "a; b"), ("for research", "not for research", "for research; not for research"), ("", " ; ", None),
])
def test_both_are_named_once(own: str | None, inherited: str | None, both: str | None) -> None:
    assert joined_terms(own, inherited) == both


def test_terms_travel_with_the_weights(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    """From a recipe into its model, from that into another run and its checkpoint, and into the int8 model."""
    short = replace(recipe, phases=[replace(recipe.phases[0], share=1.0, steps=1)])

    def model(name: str, terms: str | None, begin_from: str | None = None) -> str | None:
        path = tmp_path / f"{name}.onnx"
        train(replace(short, terms=terms), data, tmp_path / name, path, None, begin_from and tmp_path / begin_from)
        return terms_of(read_model(path))

    assert model("none", None) is None
    assert model("first", "for research") == "for research"
    assert model("by-model", "for me", "first.onnx") == "for me; for research"
    assert model("by-checkpoint", None, "first/checkpoint.pt") == "for research"
    assert model("by-checkpoint", None) == "for research", "a run that goes on has forgotten them"
    fine = replace(short, quantization=Quantization(steps=0, batch=1, calibration=2))
    finetune(fine, read_model(tmp_path / "first.onnx"), load_pictures(fine, data), tmp_path / "int8.onnx",
             Device("cpu"))
    assert terms_of(read_model(tmp_path / "int8.onnx")) == "for research"


@pytest.mark.parametrize("file", ["teacher.onnx", "teacher/checkpoint.pt"])
def test_a_student_has_its_teachers_terms(data: Path, recipe: Recipe, tmp_path: Path, file: str) -> None:
    short = replace(recipe, phases=[replace(recipe.phases[0], share=1.0, steps=1)])
    train(replace(short, terms="for research"), data, tmp_path / "teacher", tmp_path / "teacher.onnx", None)
    taught = replace(short, terms="for me", distillation=Distillation("contextnet", str(tmp_path / file)))
    assert Trainer(taught).terms == "for me; for research"
