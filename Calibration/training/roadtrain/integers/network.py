"""A network that computes as the runtime does, byte for byte, and can still be trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .graph import Graph, Layer, read_graph
from .law import ACCUMULATOR_LIMIT, Addition, Quantization, Rescaling, requantize_channels, resize
from .ranges import Histogram, weight_shares, widest_scale

EXACT_FLOAT32 = 2**24
"""Whole numbers up to here are exact in float32, and so is any sum of them that stays below, in whatever order."""


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, real: Tensor, exact: Tensor) -> Tensor:
        return exact.to(real.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


def straight(real: Tensor, exact: Tensor) -> Tensor:
    """The value of `exact` with the gradient of `real`."""
    return _Straight.apply(real, exact)


class IntegerNetwork(nn.Module):
    """The integer layers of a float graph, with float weights behind the int8 ones.

    `forward` takes RGB 0...255 and gives the real numbers that the output's bytes stand for; `bytes` gives the bytes.
    Everything between is whole numbers held in floats: convolutions in float32 where no sum can reach 2^24, in float64
    elsewhere, so they are exact; gradients go as if nothing were rounded, but end where a clamp bites.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        self.graph: Graph = read_graph(model)
        self.quantizations: dict[str, Quantization] = {}
        self.weights, self.biases = nn.ParameterDict(), nn.ParameterDict()
        for layer in self.graph.layers:
            if layer.operation in ("Conv", "ConvTranspose"):
                weight = torch.tensor(layer.constants[1])
                channels = weight.shape[self.axis(layer)] * (
                    layer.attributes.get("group", 1) if layer.operation == "ConvTranspose" else 1)
                bias = layer.constants.get(2, np.zeros(channels, np.float32))
                self.weights[str(layer.node)] = nn.Parameter(weight)
                self.biases[str(layer.node)] = nn.Parameter(torch.tensor(bias))
                self.register_buffer(f"shares_{layer.node}", weight_shares(weight, self.axis(layer)))

    @staticmethod
    def axis(layer: Layer) -> int:
        """Where a layer's weights have their output channels."""
        return 0 if layer.operation == "Conv" else 1

    def weight_scales(self, layer: Layer) -> Tensor:
        """The scale of each output channel's int8 weights."""
        shares = getattr(self, f"shares_{layer.node}")
        return widest_scale(self.weights[str(layer.node)], self.axis(layer)) * shares

    def integer_weights(self, layer: Layer) -> Tensor:
        """The int8 weights, as whole floats."""
        weight, axis = self.weights[str(layer.node)], self.axis(layer)
        scale = self.weight_scales(layer).view(-1, *[1] * (weight.ndim - 1)).transpose(0, axis)
        real = weight / scale
        return straight(real, torch.round(real.detach()).clamp(-127, 127))

    def bias_scales(self, layer: Layer) -> Tensor:
        """Real value of one unit of each output channel's accumulator."""
        return self.weight_scales(layer) * np.float32(self.quantizations[layer.inputs[0]].scale)

    def integer_bias(self, layer: Layer) -> Tensor:
        """The int32 bias, as whole float64 numbers."""
        real = self.biases[str(layer.node)] / self.bias_scales(layer)
        return straight(real.double(), torch.round(real.detach()).double().clamp(-1e9, 1e9))

    # Calibration

    @torch.no_grad()
    def calibrate(self, pictures: Callable[[], Iterable[Tensor]], share: float) -> None:
        """Chooses what every tensor's bytes stand for, from what the float network makes of the pictures.

        `pictures` is gone through twice. `share` of each tensor's values stay inside its range; all of the input's do.
        """
        own = {name for name, source in self.graph.sources.items() if name == source}
        histograms = {name: Histogram() for name in own}
        for method in (Histogram.widen, Histogram.count):
            for picture in pictures():
                self.real_forward(picture, lambda name, value: method(histograms[name], value) if name in own else None)
        for name, source in self.graph.sources.items():
            whole = source == self.graph.head_output
            self.quantizations[name] = histograms[source].quantization(None if whole else share)

    def real_forward(self, image: Tensor, see: Callable[[str, Tensor], object] = lambda name, value: None) -> Tensor:
        """The float network; `see` gets every tensor that will be bytes."""
        x = self.normalised(image)
        see(self.graph.head_output, x)
        values = {self.graph.head_output: x}
        for layer in self.graph.layers:
            inputs = [values[name] for name in layer.inputs]
            x = self._real(layer, inputs).clamp(layer.lowest, layer.highest)
            see(layer.output, x)
            values[layer.output] = x
        return values[self.graph.output]

    def _real(self, layer: Layer, inputs: list[Tensor]) -> Tensor:
        if layer.operation in ("Conv", "ConvTranspose"):
            key = str(layer.node)
            return convolve(layer, inputs[0], self.weights[key]) + self.biases[key].view(1, -1, 1, 1)
        match layer.operation:
            case "Add":
                return inputs[0] + inputs[1]
            case "Resize":
                return F.interpolate(inputs[0], size=size_of(layer), mode="bilinear", align_corners=False)
            case "Concat":
                return torch.cat(inputs, 1)
            case "ReduceMean":
                return inputs[0].mean((2, 3), keepdim=True)
            case "MaxPool":
                return pooled(layer, inputs[0])
            case _:
                return sliced(layer, inputs[0])

    def normalised(self, image: Tensor) -> Tensor:
        """The head of the graph, in float32 as it stands there."""
        for layer in self.graph.head:
            constant = torch.tensor(layer.constants[1], dtype=torch.float32, device=image.device)
            image = image - constant if layer.operation == "Sub" else image / constant
        return image

    # Integers

    def bytes(self, image: Tensor) -> Tensor:
        """The output's bytes, as whole floats."""
        if not self.quantizations:
            raise ValueError("the network is not calibrated")
        head = self.graph.head_output
        values = {head: self.quantizations[head].quantize(self.normalised(image))}
        for layer in self.graph.layers:
            values[layer.output] = self._layer(layer, [values[name] for name in layer.inputs])
        return values[self.graph.output]

    def forward(self, image: Tensor) -> Tensor:
        scores = self.bytes(image)
        return self.quantizations[self.graph.output].dequantize(scores)

    def _layer(self, layer: Layer, inputs: list[Tensor]) -> Tensor:
        match layer.operation:
            case "Conv" | "ConvTranspose":
                return self._convolution(layer, inputs[0])
            case "Add":
                return self._addition(layer, *inputs)
            case "Resize":
                x = inputs[0]
                real = F.interpolate(x, size=size_of(layer), mode="bilinear", align_corners=False)
                return straight(real, resize(x.detach().to(torch.int32), size_of(layer)))
            case "Concat":
                return torch.cat([self._rescaled(x, name, layer.output) for x, name in zip(inputs, layer.inputs)], 1)
            case "ReduceMean":
                return self._mean(layer, inputs[0])
            case "MaxPool":
                return pooled(layer, inputs[0])
            case _:
                return sliced(layer, inputs[0])

    def _clamp(self, layer: Layer) -> tuple[Quantization, int, int]:
        output = self.quantizations[layer.output]
        return output, output.byte(layer.lowest), output.byte(layer.highest)

    def _convolution(self, layer: Layer, x: Tensor) -> Tensor:
        (output, low, high), source = self._clamp(layer), self.quantizations[layer.inputs[0]]
        weight, bias = self.integer_weights(layer), self.integer_bias(layer)
        reach = bias.detach().abs()
        if reach.max() >= ACCUMULATOR_LIMIT:
            raise ValueError(f"{layer.output}: its bias overflows 32 bits")
        sums = weight.detach().transpose(0, self.axis(layer)).flatten(1).abs().double().sum(1)
        # cuDNN may compute windows by transforms that are not exact in float32.
        windowed = weight.is_cuda and weight.shape[2] * weight.shape[3] > 1
        exact32 = 255 * sums.max() + reach.max() < EXACT_FLOAT32 and not windowed
        kind = torch.float32 if exact32 else torch.float64
        accumulator = convolve(layer, (x - source.zero_point).to(kind), weight.to(kind))
        accumulator = accumulator + bias.to(kind).view(1, -1, 1, 1)
        scales = self.weight_scales(layer).double().cpu().numpy() * float(np.float32(source.scale)) / float(
            np.float32(output.scale))
        exact = requantize_channels(accumulator.detach().to(torch.int32), scales, output.zero_point, low, high)
        ratio = torch.tensor(scales, dtype=torch.float32, device=x.device).view(1, -1, 1, 1)
        return straight((accumulator.float() * ratio + output.zero_point).clamp(low, high), exact)

    def _addition(self, layer: Layer, left: Tensor, right: Tensor) -> Tensor:
        output, low, high = self._clamp(layer)
        a, b = (self.quantizations[name] for name in layer.inputs)
        law = Addition.of(a, b, output)
        exact = law.apply(left.detach().to(torch.int32), right.detach().to(torch.int32), output.zero_point, low, high)
        real = (a.dequantize(left) + b.dequantize(right)) / output.scale + output.zero_point
        return straight(real.clamp(low, high), exact)

    def _rescaled(self, x: Tensor, name: str, output: str) -> Tensor:
        """Bytes of one tensor as those of another scale: a table, made of float32 numbers."""
        source, target = self.quantizations[name], self.quantizations[output]
        if source == target:
            return x
        levels = torch.arange(256, dtype=torch.float32, device=x.device) - source.zero_point
        levels = levels * np.float32(source.scale)
        real = source.dequantize(x) / target.scale + target.zero_point
        return straight(real.clamp(0, 255), target.quantize(levels)[x.detach().long()])

    def _mean(self, layer: Layer, x: Tensor) -> Tensor:
        (output, low, high), source = self._clamp(layer), self.quantizations[layer.inputs[0]]
        count = x.shape[2] * x.shape[3]
        law = Rescaling.of(float(np.float32(source.scale)) / float(np.float32(output.scale)) / count)
        total = (x.detach().to(torch.int64) - source.zero_point).sum((2, 3), keepdim=True)
        real = source.dequantize(x).mean((2, 3), keepdim=True) / output.scale + output.zero_point
        return straight(real.clamp(low, high), law.apply(total, output.zero_point, low, high))


def convolve(layer: Layer, x: Tensor, weight: Tensor) -> Tensor:
    """The node's convolution without its bias."""
    attributes = layer.attributes
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    stride, dilation = tuple(attributes.get("strides", [1, 1])), tuple(attributes.get("dilations", [1, 1]))
    group = attributes.get("group", 1)
    if (top, left) != (bottom, right):
        raise ValueError(f"{layer.output}: pads of one side only are not supported")
    if layer.operation == "Conv":
        return F.conv2d(x, weight, None, stride, (top, left), dilation, group)
    return F.conv_transpose2d(x, weight, None, stride, (top, left), 0, group, dilation)


def pooled(layer: Layer, x: Tensor) -> Tensor:
    """The node's MaxPool."""
    attributes = layer.attributes
    return F.max_pool2d(x, tuple(attributes["kernel_shape"]), tuple(attributes.get("strides", [1, 1])),
                        tuple(attributes.get("pads", [0, 0]))[:2], ceil_mode=bool(attributes.get("ceil_mode", 0)))


def sliced(layer: Layer, x: Tensor) -> Tensor:
    """The node's Slice."""
    starts, ends, axes = (layer.constants[i] for i in (1, 2, 3))
    for start, end, axis in zip(starts.tolist(), ends.tolist(), axes.tolist()):
        x = x.narrow(axis, start, min(end, x.shape[axis]) - start)
    return x


def size_of(layer: Layer) -> tuple[int, int]:
    """Height and width that the node resizes to."""
    return int(layer.constants[3][2]), int(layer.constants[3][3])
