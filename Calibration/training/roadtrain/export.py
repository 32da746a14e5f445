"""Export to ONNX: one fixed-size picture in, logits out, nothing in the graph that the runtime must guess."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from .labels import LabelSet
from .modelfile import CLASSES, TERMS
from .weights import clear_silent_channels
from .whole import written_whole


def export(model: nn.Module, view: tuple[int, int], path: Path, classes: LabelSet | None = None,
           terms: str | None = None) -> None:
    """Write `model` for pictures of `view` (height, width). The file appears whole or not at all.

    `classes` go into the file's metadata, where roadseg looks for the names and colours, and for which class is the
    road; so do the `terms` of the weights, which it tells whoever uses them.
    """
    model = copy.deepcopy(model).eval().cpu().to(memory_format=torch.contiguous_format)
    clear_silent_channels(model)
    texts = {CLASSES: classes.text if classes else None, TERMS: terms}
    with written_whole(path) as unfinished:
        with warnings.catch_warnings():
            # The tracing exporter folds batch norms into the convolutions and keeps every size fixed.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model, (torch.zeros(1, 3, *view),), str(unfinished), input_names=["image"], output_names=["logits"],
                opset_version=17, dynamo=False,
            )
        graph = with_constant_sizes(onnx.load(unfinished))
        onnx.helper.set_model_props(graph, {key: text for key, text in texts.items() if text})
        onnx.save(graph, unfinished)


def with_constant_sizes(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the sizes of its resizes written down and without copies of constants: PyTorch's exporter leaves
    arithmetic on shapes that are all known.
    """
    graph = model.graph
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
              for v in onnx.shape_inference.infer_shapes(model, data_prop=True).graph.value_info}
    constants, same = {value.name for value in graph.initializer}, {}
    for node in graph.node:
        if node.op_type == "Identity" and node.input[0] in constants:
            constants.add(node.output[0])
            same[node.output[0]] = same.get(node.input[0], node.input[0])
        for index, name in enumerate(node.input):
            node.input[index] = same.get(name, name)
        if node.op_type == "Resize" and len(node.input) > 3 and node.input[3]:
            name = f"{node.output[0]}_size"
            graph.initializer.append(onnx.numpy_helper.from_array(np.array(shapes[node.output[0]], np.int64), name))
            node.input[3] = name
    needed, kept = {output.name for output in graph.output}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    used = [value for value in graph.initializer if value.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(used)
    return model
