"""The trained integers as ONNX with QuantizeLinear and DequantizeLinear: the graph that `roadseg quantize` writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from ..whole import written_whole
from .graph import Layer
from .network import IntegerNetwork

MANIFEST = "roadseg.calibration"
"""The metadata key of the pictures that a model was calibrated on: evaluating on them is refused."""


def write(network: IntegerNetwork, path: Path, pictures: list[tuple[str, str]] = ()) -> None:
    """Write the network with its own scales. `pictures`: names and SHA-256 of those it was calibrated on."""
    model = build(network)
    if pictures:
        entries = [{"name": name, "sha256": digest} for name, digest in pictures]
        model.metadata_props.add(key=MANIFEST, value=json.dumps({"pictures": entries}, separators=(",", ":")))
    onnx.checker.check_model(model)
    with written_whole(path) as unfinished:
        onnx.save(model, unfinished)


def build(network: IntegerNetwork) -> onnx.ModelProto:
    """Q and DQ right behind every tensor of bytes, int8 weights and int32 biases behind a DQ each."""
    model = onnx.ModelProto()
    model.CopyFrom(network.graph.model)
    # The runtime computes its own models, and those that say so, in the arithmetic of `law`.
    model.producer_name = "roadseg"
    writer = _Writer(network, model)
    writer.write()
    return model


class _Writer:
    def __init__(self, network: IntegerNetwork, model: onnx.ModelProto) -> None:
        self.network, self.graph = network, model.graph
        self.constants: list[onnx.TensorProto] = []
        self.weight_nodes: list[onnx.NodeProto] = []
        self.taken: set[str] = set()

    def write(self) -> None:
        layers, weights = self.network.graph.layers, self.network.weights
        convolutions = {layer.node: layer for layer in layers if str(layer.node) in weights}
        nodes: list[onnx.NodeProto] = []
        readers: dict[str, str] = {}
        outputs = {output.name for output in self.graph.output}
        for index, node in enumerate(self.graph.node):
            if index in convolutions:
                self._weights(node, convolutions[index])
            for position, name in enumerate(node.input):
                node.input[position] = readers.get(name, name)
            made = node.output[0]
            if made in outputs:
                node.output[0] = f"{made}_float"
            nodes.append(node)
            if made in self.network.quantizations:
                nodes += self._pair(made, node.output[0], made if made in outputs else f"{made}_dequantized")
                readers[made] = f"{made}_dequantized"
        nodes = self.weight_nodes + nodes
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        used = {name for node in nodes for name in node.input}
        kept = [value for value in self.graph.initializer if value.name in used] + self.constants
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)
        del self.graph.value_info[:]

    def _constant(self, name: str, values: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def _pair(self, name: str, source: str, result: str) -> list[onnx.NodeProto]:
        quantization = self.network.quantizations[name]
        scale = self._constant(f"{name}_scale", np.array(quantization.scale, np.float32))
        zero = self._constant(f"{name}_zero_point", np.array(quantization.zero_point, np.uint8))
        quantized = f"{name}_quantized"
        return [
            helper.make_node("QuantizeLinear", [source, scale, zero], [quantized], name=f"{name}_quantize"),
            helper.make_node("DequantizeLinear", [quantized, scale, zero], [result], name=f"{name}_dequantize"),
        ]

    def _unique(self, name: str, node: int) -> str:
        """Two nodes that share weights each get their own: their inputs have different scales."""
        name = name if name not in self.taken else f"{name}_{node}"
        self.taken.add(name)
        return name

    def _weights(self, node: onnx.NodeProto, layer: Layer) -> None:
        network = self.network
        scales = network.weight_scales(layer).detach().cpu().numpy().astype(np.float32)
        integers = network.integer_weights(layer).detach().cpu().numpy().astype(np.int8)
        name = self._unique(node.input[1], layer.node)
        bias_name = self._unique(node.input[2] if len(node.input) > 2 and node.input[2] else f"{name}_bias", layer.node)
        bias = network.integer_bias(layer).detach().cpu().numpy().astype(np.int32)
        bias_scales = network.bias_scales(layer).detach().cpu().numpy().astype(np.float32)
        self.weight_nodes += [
            helper.make_node("DequantizeLinear", [
                self._constant(f"{name}_quantized", integers), self._constant(f"{name}_scale", scales),
                self._constant(f"{name}_zero_point", np.zeros(len(scales), np.int8))], [f"{name}_dequantized"],
                name=f"{name}_dequantize", axis=network.axis(layer)),
            helper.make_node("DequantizeLinear", [
                self._constant(f"{bias_name}_quantized", bias), self._constant(f"{bias_name}_scale", bias_scales)],
                [f"{bias_name}_dequantized"], name=f"{bias_name}_dequantize", axis=0),
        ]
        del node.input[1:]
        node.input.extend([f"{name}_dequantized", f"{bias_name}_dequantized"])
