"""Makes the goldens of what stands between a convolution and its QuantizeLinear:
lines and activations that no pair rounds.

    venv/bin/python make_convolution_goldens.py [CASE ...]

Files, graphs and inputs are those of `make_operator_goldens.py`. PyTorch's quantization-aware training exports weights
as floats behind a QuantizeLinear of the full int8 range, and divides the result by a factor a channel before the batch
normalization; NNCF leaves activations such as PRelu and HardSwish without a pair in front of them. Float weights and
biases right between pairs are quantized by ONNX Runtime's optimizations, which are on in those cases only.
"""
import os

import numpy as np

import make_operator_goldens as goldens
from make_operator_goldens import Graph


def fake_quantized(g, shape, axis=0):
    """Float weights, QuantizeLinear, DequantizeLinear; the first of each channel becomes -128."""
    values = g.random.normal(0, 1, shape)
    moved = np.moveaxis(values, axis, 0)
    scale = np.abs(moved).reshape(len(moved), -1).max(1) / 127
    flat = moved.reshape(len(moved), -1)
    flat[:, 0] = -128 * scale
    values = np.moveaxis(flat.reshape(moved.shape), 0, axis)
    operands = [g.constant(scale), g.constant(np.zeros(len(scale)), np.int8)]
    quantized = g.add("QuantizeLinear", [g.constant(values), *operands], axis=axis)
    return g.add("DequantizeLinear", [quantized, *operands], axis=axis)


def batch_norm(g, x, channels):
    """With a negative gain, one of zero, and one that a dead channel has."""
    gain = g.random.uniform(0.5, 2, channels)
    gain[:3] = [-0.7, 0, 1e-9]
    numbers = [gain, g.random.normal(0.5, 1, channels), g.random.normal(0, 1, channels),
               g.random.uniform(0.3, 3, channels)]
    return g.add("BatchNormalization", [x, *(g.constant(number) for number in numbers)])


def convolution(g, kind, channels=9):
    x = g.fan(6)
    bias = g.constant(g.random.normal(0, 1, channels if kind != "depthwise" else 6))
    if kind == "dense":
        return g.add("Conv", [x, fake_quantized(g, (channels, 6, 3, 3)), bias], pads=[1, 1, 1, 1]), channels
    if kind == "depthwise":
        return g.add("Conv", [x, fake_quantized(g, (6, 1, 3, 3)), bias], pads=[1, 1, 1, 1], group=6), 6
    if kind == "grouped":
        return g.add("Conv", [x, fake_quantized(g, (channels, 2, 3, 3)), bias], pads=[1, 1, 1, 1], group=3), channels
    assert kind == "transposed"
    weights = fake_quantized(g, (6, channels, 4, 4), axis=1)
    return g.add("ConvTranspose", [x, weights, bias], strides=[2, 2], pads=[1, 1, 1, 1]), channels


def fused(kind):
    """As torch.ao.quantization exports its modules before `convert`."""
    g = Graph()
    y, channels = convolution(g, kind)
    y = g.add("Div", [y, g.constant(g.random.uniform(0.5, 2, (1, channels, 1, 1)))])
    return g.finish(g.add("Relu", [batch_norm(g, y, channels)]))


def lines():
    """A constant on either side, of one number, one a channel, or less than four axes."""
    g = Graph()
    y, channels = convolution(g, "dense")
    y = g.add("Mul", [g.constant(g.random.uniform(-2, 2, (channels, 1, 1))), y])
    y = g.add("Sub", [g.constant(g.random.normal(0, 1, (1, channels, 1, 1))), y])
    y = g.add("Add", [g.add("Div", [y, g.constant(1.7)]), g.constant(g.random.normal(0, 1, (channels, 1, 1)))])
    return g.finish(g.add("Sub", [y, g.constant([0.25])]))


def matrix():
    """A matrix product and its bias in an Add of its own."""
    g = Graph(size=(7, 9))
    rows = g.add("Transpose", [g.add("Reshape", [g.fan(6), g.constant([1, 6, 63], np.int64)])], perm=[0, 2, 1])
    y = g.add("MatMul", [rows, g.weights((6, 10), axis=1)])
    y = g.add("Add", [y, g.constant(g.random.normal(0, 1, 10))])
    y = g.add("Transpose", [g.quantize(y)], perm=[0, 2, 1])
    return g.finish(g.add("Reshape", [y, g.constant([1, 10, 7, 9], np.int64)]))


def slopes(kind, low, high):
    g = Graph()
    y, channels = convolution(g, kind)
    return g.finish(g.add("PRelu", [y, g.constant(g.random.uniform(low, high, (channels, 1, 1)))]))


def leaky():
    g = Graph()
    return g.finish(g.add("LeakyRelu", [convolution(g, "dense")[0]], alpha=0.1))


def normalized_slopes():
    g = Graph()
    y, channels = convolution(g, "dense")
    y = g.add("PRelu", [batch_norm(g, y, channels), g.constant(g.random.uniform(0, 0.5, (channels, 1, 1)))])
    return g.finish(g.add("Clip", [y, g.constant(-1.0), g.constant(6.0)]))


def function(*names, opset=17, kind="dense", **attributes):
    g = Graph(opset=opset)
    y, channels = convolution(g, kind)
    for name in names:
        y = g.add(name, [y], **attributes)
    return g.finish(y)


def gated(name, **attributes):
    """x · f(x), as exporters write HardSwish before opset 14, and SiLU."""
    g = Graph()
    y, _ = convolution(g, "dense")
    return g.finish(g.add("Mul", [y, g.add(name, [y], **attributes)]))


def swish_of_clip():
    """HardSwish spelled out: x · clip(x + 3, 0, 6) / 6."""
    g = Graph()
    y, _ = convolution(g, "dense")
    clipped = g.add("Clip", [g.add("Add", [y, g.constant(3.0)]), g.constant(0.0), g.constant(6.0)])
    return g.finish(g.add("Div", [g.add("Mul", [y, clipped]), g.constant(6.0)]))


def float_weights(kind):
    """Weights that no quantizer touched, as PyTorch leaves those of transposed convolutions."""
    g = Graph(optimized=True)
    x = g.fan(6)
    if kind == "ConvTranspose":
        y = g.add(kind, [x, g.constant(g.random.normal(0, 1, (6, 9, 4, 4)))], strides=[2, 2], pads=[1, 1, 1, 1])
    else:
        y = g.add(kind, [x, g.constant(g.random.normal(0, 1, (9, 6, 3, 3)))], pads=[1, 1, 1, 1])
    return g.finish(g.add("Relu", [y]))


def rest(kind, last="Mul", optimized=False):
    """Three weights of one step an output, so that a unit of the sums is a third of a step of the result:
    parts of a unit show."""
    g = Graph(optimized=optimized)
    x = g.fan(6)
    if last == "MaxPool":
        x, last = g.add("MaxPool", [x], kernel_shape=[2, 2]), "Relu"
    seen = {"dense": 6, "transposed": 6, "grouped": 2, "depthwise": 1}[kind]
    channels, taps = (6 if kind == "depthwise" else 9), 16 if kind == "transposed" else 9
    integers = np.zeros((channels, seen * taps), np.int8)
    for row in integers:
        row[g.random.choice(len(row), 3, replace=False)] = [1, -1, 1]
    integers = integers.reshape(channels, seen, *((4, 4) if kind == "transposed" else (3, 3)))
    scale = g.random.uniform(0.5, 0.6, channels)
    axis = 1 if kind == "transposed" else 0
    weights = integers.swapaxes(0, 1) if kind == "transposed" else integers
    operands = [g.constant(weights, np.int8), g.constant(scale), g.constant(np.zeros(channels), np.int8)]
    inputs = [x, g.add("DequantizeLinear", operands, axis=axis), g.constant(g.random.normal(0, 1, channels))]
    if kind == "transposed":
        y = g.add("ConvTranspose", inputs, strides=[2, 2], pads=[1, 1, 1, 1])
    else:
        y = g.add("Conv", inputs, pads=[1, 1, 1, 1], group={"grouped": 3, "depthwise": 6}.get(kind, 1))
    if last == "Mul":
        y = g.add("Mul", [y, g.constant(g.random.uniform(0.9, 1, (channels, 1, 1)))])
    else:
        y = g.add(last, [y])
    return g.finish(y, scale=g.source_scale[0] * 1.7, zero=110)


def unrounded(kind):
    """ESPNet of NNCF: a sum and tensors of several scales, joined,
    go through a normalization and slopes before a pair rounds."""
    g = Graph()
    x = g.fan(6)
    parts = [g.quantize(g.add("Mul", [g.fan(3, flip=k), g.constant(gain)])) for k, gain in ((1, 0.3), (2, -2.1))]
    y = {
        "joined": lambda: g.add("Concat", parts, axis=1),
        "sum": lambda: g.add("Add", [x, g.fan(6, flip=1)]),
        "sum-of-joined": lambda: g.add("Add", [x, g.add("Concat", parts, axis=1)]),
        "difference-of-joined": lambda: g.add("Sub", [g.add("Concat", parts, axis=1), x]),
    }[kind]()
    y = g.add("PRelu", [batch_norm(g, y, 6), g.constant(g.random.uniform(0.1, 0.6, (6, 1, 1)))])
    return g.finish(y)


def channel_scales():
    """A sum, and a resize, with a scale for each channel, joined in front of a depthwise convolution (NNCF)."""
    g = Graph()
    total = g.add("Relu", [g.add("Add", [g.quantize(g.add("Mul", [g.fan(6), g.constant(1.7)])), g.fan(6, flip=1)])])
    size = g.constant([1, 6, 13, 17], np.int64)
    pooled = g.add("MaxPool", [g.fan(6, flip=2)], kernel_shape=[2, 3], strides=[2, 3])
    wide = g.add("Resize", [pooled, "", "", size], mode="linear")
    parts = []
    for value, low in ((total, 0.004), (wide, 0.002)):
        operands = [g.constant(g.random.uniform(low, 0.02, 6)), g.constant(np.full(6, 40), np.uint8)]
        quantized = g.add("QuantizeLinear", [value, *operands], axis=1)
        parts.append(g.add("DequantizeLinear", [quantized, *operands], axis=1))
    joined = g.add("Concat", parts, axis=1)
    return g.finish(g.add("Conv", [joined, g.weights((12, 1, 3, 3))], pads=[1, 1, 1, 1], group=12))


CASES = {
    "behind-float-weights": lambda: float_weights("Conv"),
    "behind-float-weights-transposed": lambda: float_weights("ConvTranspose"),
    "channel-scales": channel_scales,
    "unrounded-joined": lambda: unrounded("joined"),
    "unrounded-sum": lambda: unrounded("sum"),
    "unrounded-sum-of-joined": lambda: unrounded("sum-of-joined"),
    "unrounded-difference-of-joined": lambda: unrounded("difference-of-joined"),
    "rest-dense": lambda: rest("dense"),
    "rest-depthwise": lambda: rest("depthwise"),
    "rest-grouped": lambda: rest("grouped"),
    "rest-transposed": lambda: rest("transposed"),
    "rest-words": lambda: rest("dense", "Tanh"),
    "rest-rounded": lambda: rest("dense", "Relu", optimized=True),
    "rest-rounded-pool": lambda: rest("depthwise", "MaxPool", optimized=True),
    "fused-dense": lambda: fused("dense"),
    "fused-depthwise": lambda: fused("depthwise"),
    "fused-grouped": lambda: fused("grouped"),
    "fused-transposed": lambda: fused("transposed"),
    "fused-lines": lines,
    "fused-matrix": matrix,
    "behind-prelu": lambda: slopes("dense", 0, 0.6),
    "behind-prelu-negative": lambda: slopes("depthwise", -0.5, 0.9),
    "behind-prelu-steep": lambda: slopes("transposed", 0, 2.5),
    "behind-prelu-normalized": normalized_slopes,
    "behind-leaky": leaky,
    "behind-hard-swish": lambda: function("HardSwish"),
    "behind-hard-sigmoid": lambda: function("HardSigmoid", kind="depthwise"),
    "behind-sigmoid": lambda: function("Sigmoid", "Neg", kind="transposed"),
    "behind-elu-tanh": lambda: function("Elu", "Tanh"),
    "behind-gelu": lambda: function("Gelu", opset=20),
    "behind-silu": lambda: gated("Sigmoid"),
    "behind-gated-hard-sigmoid": lambda: gated("HardSigmoid", alpha=1 / 6, beta=0.5),
    "behind-swish-of-clip": swish_of_clip,
}

if __name__ == "__main__":
    goldens.CASES = CASES
    goldens.main()
