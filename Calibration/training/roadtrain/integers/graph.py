"""A float ONNX graph as the integer layers that the runtime makes of it: which nodes fuse, which tensors are bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx

HEAD = ("Sub", "Div")
"""The normalisation in front, which becomes a table from pixels to bytes."""
ACTIVATIONS = ("Relu", "Clip")
FUSING = ("Conv", "ConvTranspose", "Add")
"""Layers whose clamp takes in the activation behind them."""
KEEPING = ("Resize", "MaxPool", "Slice")
"""Layers whose bytes mean what their input's do."""
MAKING = (*FUSING, "Concat", "ReduceMean")


@dataclass(frozen=True)
class Layer:
    """One integer layer."""

    node: int
    """Index of the graph's node."""
    operation: str
    inputs: tuple[str, ...]
    output: str
    """The tensor behind the fused activation."""
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: dict[int, np.ndarray] = field(default_factory=dict)
    """Constant inputs by position: weights, sizes, ..."""
    lowest: float = -math.inf
    highest: float = math.inf


@dataclass(frozen=True)
class Graph:
    """The layers in order, and what of each tensor's meaning is to be found out."""

    model: onnx.ModelProto
    layers: list[Layer]
    head: list[Layer]
    head_output: str
    sources: dict[str, str]
    """Every byte tensor, and the one that its scale is that of: itself, or its layer's input."""

    @property
    def output(self) -> str:
        return self.model.graph.output[0].name


def constants_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Initializers and the values of Constant nodes."""
    values = {value.name: onnx.numpy_helper.to_array(value) for value in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            values[node.output[0]] = onnx.numpy_helper.to_array(node.attribute[0].t)
    return values


def read_graph(model: onnx.ModelProto) -> Graph:
    """The layers of a network that `roadtrain.export` wrote."""
    constants, graph = constants_of(model), model.graph
    readers: dict[str, list[int]] = {}
    for index, node in enumerate(graph.node):
        for name in node.input:
            readers.setdefault(name, []).append(index)
    layers, head, fused = [], [], set()
    head_output, sources = graph.input[0].name, {}
    for index, node in enumerate(graph.node):
        if node.op_type == "Constant" or index in fused:
            continue
        data = tuple(name for name in node.input if name and name not in constants)
        lowest, highest, output = -math.inf, math.inf, node.output[0]
        if node.op_type in HEAD and data == (head_output,):
            head.append(_layer(graph, index, data, output, constants, lowest, highest))
            head_output = output
            continue
        if node.op_type not in MAKING + KEEPING:
            raise ValueError(f"{node.name}: {node.op_type} has no integer layer here")
        following = readers.get(output, [])
        if node.op_type in FUSING and len(following) == 1 and graph.node[following[0]].op_type in ACTIVATIONS:
            activation = graph.node[following[0]]
            fused.add(following[0])
            lowest, highest, output = *_bounds(activation, constants), activation.output[0]
        sources[output] = sources[data[0]] if node.op_type in KEEPING and data[0] in sources else output
        if node.op_type in KEEPING and data[0] == head_output:
            sources[output] = head_output
        layers.append(_layer(graph, index, data, output, constants, lowest, highest))
    sources[head_output] = head_output
    return Graph(model, layers, head, head_output, sources)


def _bounds(activation: onnx.NodeProto, constants: dict[str, np.ndarray]) -> tuple[float, float]:
    if activation.op_type == "Relu":
        return 0.0, math.inf
    low, high = (float(constants[name]) if name else None for name in (*activation.input[1:3], "", "")[:2])
    return -math.inf if low is None else low, math.inf if high is None else high


def _layer(graph: onnx.GraphProto, index: int, data: tuple[str, ...], output: str, constants: dict[str, np.ndarray],
           lowest: float, highest: float) -> Layer:
    node = graph.node[index]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    known = {i: constants[name] for i, name in enumerate(node.input) if name in constants}
    return Layer(index, node.op_type, data, output, attributes, known, lowest, highest)
