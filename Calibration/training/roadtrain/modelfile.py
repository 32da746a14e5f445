"""Reading an ONNX file, whoever made it."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from .labels import LabelSet

CLASSES = "classes"
"""The metadata key of a model's class table."""
TERMS = "terms"
"""The metadata key of what may be done with a model's weights."""


def metadata_of(model: onnx.ModelProto, key: str) -> str | None:
    """What the model says under `key`, where it says anything."""
    return next((entry.value for entry in model.metadata_props if entry.key == key), None)


def terms_of(model: onnx.ModelProto) -> str | None:
    """What may be done with the model's weights, where it says so."""
    return metadata_of(model, TERMS)


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


def check_fits(path: Path, model: onnx.ModelProto, view: tuple[int, int], classes: LabelSet) -> None:
    """Refuses a model that takes other pictures than those of the recipe's `view` (height, width), or whose logits or
    class table are not of its `classes`.
    """
    pictures, logits = (tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
                        for value in (model.graph.input[0], model.graph.output[0]))
    if pictures != (1, 3, *view):
        raise ValueError(f"{path}: takes {pictures}, the recipe's view is {view}: export it for that view")
    if len(logits) != 4 or logits[1] != len(classes.names):
        raise ValueError(f"{path}: its logits are {logits}, the recipe tells {len(classes.names)} classes apart")
    rows = (metadata_of(model, CLASSES) or classes.text).splitlines()[1:]
    if [row.split("\t")[1:2] for row in rows] != [[name] for name in classes.names]:
        raise ValueError(f"{path}: has other classes than the recipe's {', '.join(classes.names)}")
