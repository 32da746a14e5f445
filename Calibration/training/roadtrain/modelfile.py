"""Reading an ONNX file, whoever made it."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from .labels import LabelSet

TERMS = "terms"
"""The metadata key of what may be done with a model's weights."""


def terms_of(model: onnx.ModelProto) -> str | None:
    """What may be done with the model's weights, where it says so."""
    return next((entry.value for entry in model.metadata_props if entry.key == TERMS), None)


def joined_terms(*terms: str | None) -> str | None:
    """All of them, each once, with semicolons between."""
    each = dict.fromkeys(one.strip() for text in terms if text for one in text.split(";"))
    return "; ".join(one for one in each if one) or None


def read_model(path: Path) -> onnx.ModelProto:
    """The model in `path`. Raises `ValueError`, with the file's name, on one that is missing or holds none."""
    if not path.exists():
        raise ValueError(f"{path}: there is no such model")
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise damaged(path) from error
    if not (model.graph.input and model.graph.output and model.graph.node):
        raise damaged(path)
    return model


def damaged(path: Path) -> ValueError:
    """The refusal of a file that is no sound model."""
    return ValueError(f"{path}: is damaged, or not an ONNX model")


def check_classes(path: Path, model: onnx.ModelProto, classes: LabelSet) -> None:
    """Refuses a model whose logits, or whose own class table, are not of the recipe's `classes`."""
    shape = [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim]
    if len(shape) != 4 or shape[1] != len(classes.names):
        raise ValueError(f"{path}: its logits are {tuple(shape)}, the recipe tells {len(classes.names)} classes apart")
    own = next((entry.value for entry in model.metadata_props if entry.key == "classes"), None)
    if own and [line.split("\t")[1:2] for line in own.splitlines()[1:]] != [[name] for name in classes.names]:
        raise ValueError(f"{path}: has other classes than the recipe's {', '.join(classes.names)}")


def check_view(path: Path, model: onnx.ModelProto, view: tuple[int, int]) -> None:
    """Refuses a model that takes other pictures than those of the recipe's `view` (height, width)."""
    shape = tuple(d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim)
    if shape != (1, 3, *view):
        raise ValueError(f"{path}: takes {shape}, the recipe's view is {view}: export it for that view")
