"""Export to ONNX: one fixed-size picture in, logits out, nothing in the graph that the runtime must guess."""

from __future__ import annotations

import copy
import os
import warnings
from pathlib import Path

import torch
from torch import nn


def export(model: nn.Module, view: tuple[int, int], path: Path) -> None:
    """Write `model` for pictures of `view` (height, width). The file appears whole or not at all."""
    model = copy.deepcopy(model).eval().to(memory_format=torch.contiguous_format)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    with warnings.catch_warnings():
        # The tracing exporter folds batch norms into the convolutions and keeps every size fixed.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (torch.zeros(1, 3, *view),), str(unfinished), input_names=["image"], output_names=["logits"],
            opset_version=17, dynamo=False,
        )
    os.replace(unfinished, path)
