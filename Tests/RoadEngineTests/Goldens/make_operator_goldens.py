"""Makes the goldens of single operators: QDQ graphs written node by node, and what ONNX Runtime computes with them.

    venv/bin/python make_operator_goldens.py [CASE ...]

For each case: operators/CASE.onnx (QDQ), CASE.expected (the bytes of the quantized output, HWC) and a
line of inputs.tsv (see golden_inputs.py).

The operator under test reads what `fan` makes: copies of the picture's channels, shifted and turned over, by a 1x1
convolution that is exact in any arithmetic. So a difference is the operator's own.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

import golden_inputs

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "operators")
CASES = {}


class Graph:
    """Nodes and constants; ranges are measured by running what is there so far."""

    def __init__(self, seed=1, size=(13, 17), opset=17, optimized=False):
        self.random = np.random.default_rng(seed)
        self.size, self.opset, self.optimized = size, opset, optimized
        self.nodes, self.constants, self.names = [], [], 0
        smooth = self.random.integers(0, 256, (size[0] // 3 + 2, size[1] // 3 + 2, 3)).repeat(3, 0).repeat(3, 1)
        noise = self.random.integers(-40, 40, (*size, 3))
        self.image = np.clip(smooth[: size[0], : size[1]] + noise, 0, 255).astype(np.uint8)

    def constant(self, value, dtype=np.float32):
        self.names += 1
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), f"c{self.names}"))
        return f"c{self.names}"

    def add(self, operation, inputs, outputs=1, **attributes):
        self.names += 1
        results = [f"{operation.lower()}{self.names}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, results, name=f"{operation}{self.names}", **attributes))
        return results[0] if outputs == 1 else results

    def evaluate(self, *names):
        return self.session([helper.make_empty_tensor_value_info(name) for name in names]).run(
            list(names), {"image": self.image.transpose(2, 0, 1)[None].astype(np.float32)})

    def model(self, outputs):
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, *self.size])
        graph = helper.make_graph(self.nodes, "golden", [image], outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 9
        return model

    def session(self, outputs):
        options = ort.SessionOptions()
        if not self.optimized:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        options.add_session_config_entry(
            "session.x64quantprecision", "1")  # without VNNI sums of bytes saturate otherwise
        return ort.InferenceSession(self.model(outputs).SerializeToString(), options, ["CPUExecutionProvider"])

    def quantize(self, name, low=None, high=None, margin=1.0, scale=None, zero=None):
        """QuantizeLinear and DequantizeLinear behind a value, over the range that it has."""
        if scale is None:
            value = self.evaluate(name)[0]
            low = min(float(value.min()) * margin, 0) if low is None else low
            high = max(float(value.max()) * margin, 0) if high is None else high
            scale = max((high - low) / 255, 1e-6)
            zero = int(np.clip(round(-low / scale), 0, 255))
        self.scales = (scale, zero)
        operands = [self.constant(scale), self.constant(zero, np.uint8)]
        self.bytes = self.add("QuantizeLinear", [name, *operands])
        return self.add("DequantizeLinear", [self.bytes, *operands])

    def picture(self):
        centred = self.add("Sub", ["image", self.constant(np.array([120, 110, 100]).reshape(1, 3, 1, 1))])
        return self.quantize(self.add("Mul", [centred, self.constant(1 / 64)]), -2, 2.3)

    def fan(self, channels, flip=0):
        """`channels` channels, each one of the picture's or its negative, shifted; exact in integers."""
        if not hasattr(self, "source"):
            self.source = self.picture()
            self.source_scale = self.scales
        scale, zero = self.source_scale
        weights = np.zeros((channels, 3, 1, 1), np.int8)
        bias = np.zeros(channels, np.int32)
        for c in range(channels):
            weights[c, (c + flip) % 3] = 127 if (c + flip) % 5 < 3 else -127
            bias[c] = 127 * int(self.random.integers(-60, 60))
        unit = np.full(channels, 1 / 127, np.float32)
        weight = self.add(
            "DequantizeLinear", [self.constant(weights, np.int8), self.constant(unit),
                                 self.constant(np.zeros(channels), np.int8)], axis=0)
        offset = self.add(
            "DequantizeLinear", [self.constant(bias, np.int32), self.constant(unit * np.float32(scale))], axis=0)
        return self.quantize(self.add("Conv", [self.source, weight, offset]), scale=scale, zero=128)

    def weights(self, shape, axis=0, spread=1.0, per_tensor=False, kind=np.int8, zero=0):
        values = self.random.normal(0, spread, shape).astype(np.float32)
        others = tuple(k for k in range(len(shape)) if k != axis)
        largest = np.abs(values).max() if per_tensor else np.abs(values).max(others)
        scale = (largest / 127).astype(np.float32)
        shaped = scale if per_tensor else scale.reshape([-1 if k == axis else 1 for k in range(len(shape))])
        low, high = (-127, 127) if kind == np.int8 else (0, 255)
        integers = np.clip(np.round(values / shaped) + zero, low, high).astype(kind)
        zeros = np.full(scale.shape, zero, kind)
        extra = {} if per_tensor else {"axis": axis}
        operands = [self.constant(integers, kind), self.constant(scale), self.constant(zeros, kind)]
        return self.add("DequantizeLinear", operands, **extra)

    def finish(self, name, quantize=True, **range_):
        """Writes the bytes of the (quantized) value as HWC."""
        if quantize:
            self.quantize(name, **range_)
        data = self.evaluate(self.bytes)[0]
        assert data.ndim == 4 and data.shape[0] == 1 and data.dtype == np.uint8, data.shape
        # What the constants of the last pair say is all that the engine needs: the output is its DequantizeLinear.
        out = self.nodes[-1].output[0]
        model = self.model([helper.make_tensor_value_info(out, TensorProto.FLOAT, data.shape)])
        onnx.checker.check_model(model)
        return model, self.image, data[0].transpose(1, 2, 0)


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def family(name, variants):
    """One case for each named set of arguments."""

    def register(function):
        for suffix, arguments in variants.items():
            CASES[f"{name}-{suffix}"] = lambda arguments=arguments: function(**arguments)
        return function

    return register


@family("conv-transpose", {
    "k4s2p1": dict(kernel=4, strides=[2, 2], pads=[1, 1, 1, 1]),
    "k2s2": dict(kernel=2, strides=[2, 2]),
    "k3s2-outpad": dict(kernel=3, strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1]),
    "k3-dilated": dict(kernel=3, dilations=[2, 3], strides=[2, 1]),
    "asymmetric": dict(kernel=5, strides=[3, 2], pads=[2, 0, 1, 3]),
    "k2s3-gaps": dict(kernel=2, strides=[3, 3]),
    "k16s8": dict(kernel=16, strides=[8, 8], pads=[4, 4, 4, 4]),
    "grouped": dict(kernel=3, strides=[2, 2], group=2),
    "depthwise": dict(kernel=4, strides=[2, 2], pads=[1, 1, 1, 1], group=6, outputs=1),
    "same-upper": dict(kernel=3, strides=[2, 2], auto_pad="SAME_UPPER"),
    "output-shape": dict(kernel=3, strides=[2, 2], output_shape=[18, 22]),
    "per-tensor": dict(kernel=4, strides=[2, 2], pads=[1, 1, 1, 1], per_tensor=True),
})
def conv_transpose(kernel, outputs=5, group=1, per_tensor=False, **attributes):
    g = Graph(size=(9, 11))
    x = g.fan(6)
    w = g.weights((6, outputs, kernel, kernel), axis=1, per_tensor=per_tensor)
    b = g.constant(g.random.normal(0, 1, outputs * group))
    return g.finish(g.add("ConvTranspose", [x, w, b], group=group, kernel_shape=[kernel, kernel], **attributes))


@case
def conv_depthwise_channel_scales():
    """A scale for each channel in front of a depthwise convolution, as NNCF writes it."""
    g = Graph(size=(11, 13))
    x = g.fan(5)
    wide = g.add("Conv", [x, g.weights((18, 5, 1, 1)), g.constant(g.random.normal(0, 1, 18))])
    positive = g.add("Relu", [wide])
    largest = np.maximum(g.evaluate(positive)[0].max((0, 2, 3)), 0.1)
    operands = [g.constant(largest / 255), g.constant(np.zeros(18), np.uint8)]
    y = g.add("DequantizeLinear", [g.add("QuantizeLinear", [positive, *operands], axis=1), *operands], axis=1)
    w = g.weights((18, 1, 3, 3))
    y = g.add("Conv", [y, w, g.constant(g.random.normal(0, 1, 18))], group=18, pads=[1, 1, 1, 1])
    return g.finish(y, margin=0.8)


@family("conv", {
    "groups-of-16": dict(channels=32, outputs=32, group=2),
    "groups-of-3": dict(channels=6, outputs=4, group=2),
    "multiplier": dict(channels=4, outputs=12, group=4),
    "1x9": dict(channels=5, outputs=7, shape=(1, 9), pads=[0, 4, 0, 4]),
    "9x1-stride": dict(channels=5, outputs=7, shape=(9, 1), pads=[4, 0, 4, 0], strides=[2, 1]),
    "7x7-stride": dict(channels=3, outputs=18, shape=(7, 7), pads=[3, 3, 3, 3], strides=[2, 2]),
    "15x15": dict(channels=3, outputs=4, shape=(15, 15), pads=[7, 7, 7, 7]),
    "dilated-12": dict(channels=16, outputs=16, shape=(3, 3), pads=[12, 12, 12, 12], dilations=[12, 12]),
    "asymmetric": dict(channels=5, outputs=6, shape=(3, 4), pads=[0, 3, 2, 1], strides=[3, 2], dilations=[2, 1]),
    "depthwise-1x5": dict(channels=18, outputs=18, group=18, shape=(1, 5), pads=[0, 2, 0, 2]),
    "depthwise-7x7": dict(channels=18, outputs=18, group=18, shape=(7, 7), pads=[3, 3, 3, 3]),
    "depthwise-dilated": dict(channels=16, outputs=16, group=16, shape=(3, 3), pads=[4, 2, 4, 2], dilations=[4, 2]),
    "per-tensor": dict(channels=5, outputs=6, per_tensor=True),
    "uint8-weights": dict(channels=5, outputs=6, kind=np.uint8, zero=128),
    "uint8-zero-60": dict(channels=5, outputs=6, kind=np.uint8, zero=60, per_tensor=True),
    "int8-zero-9": dict(channels=5, outputs=6, zero=9, per_tensor=True),
    "factor-over-1": dict(channels=5, outputs=6, spread=40, high=30),
    "factor-mixed": dict(channels=5, outputs=6, mixed=True),
})
def convolution(channels, outputs, shape=(3, 3), group=1, spread=1.0, kind=np.int8, zero=0, per_tensor=False, high=None,
                mixed=False, **attributes):
    g = Graph(size=(21, 23))
    x = g.fan(channels)
    if high is not None or mixed:
        # Few taps, so that small accumulators occur, and an output range far below what they reach.
        w = g.weights((outputs, channels, 1, 1), spread=1.0)
        y = g.add("Conv", [x, w])
        value = g.evaluate(y)[0]
        step = 0.0002 if high is not None else 0.012
        return g.finish(y, scale=step, zero=100)
    w = g.weights((outputs, channels // group, *shape), spread=spread, kind=kind, zero=zero, per_tensor=per_tensor)
    b = g.constant(g.random.normal(0, 1, outputs))
    attributes.setdefault("pads", [shape[0] // 2, shape[1] // 2] * 2)
    return g.finish(g.add("Conv", [x, w, b], group=group, **attributes), margin=0.8)


@family("max-pool", {
    "2x2": dict(kernel_shape=[2, 2], strides=[2, 2]),
    "ceil": dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    "3x3-pads": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "asymmetric": dict(kernel_shape=[3, 2], strides=[1, 3], pads=[2, 0, 0, 1]),
    "dilated": dict(kernel_shape=[3, 3], dilations=[2, 3]),
    "same": dict(kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_LOWER"),
    "ceil-3": dict(kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, pads=[0, 0, 1, 1]),
})
def max_pool(**attributes):
    g = Graph()
    y = g.add("MaxPool", [g.fan(19)], **attributes)
    return g.finish(y, scale=g.scales[0], zero=128)


@family("average-pool", {
    "2x2": dict(kernel_shape=[2, 2], strides=[2, 2]),
    "pads": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "pads-included": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1),
    "ceil": dict(kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1),
    "ceil-included": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 1], ceil_mode=1, count_include_pad=1),
    "asymmetric": dict(kernel_shape=[4, 3], strides=[3, 1], pads=[0, 2, 1, 0]),
    "large": dict(kernel_shape=[11, 13], strides=[2, 3]),
})
def average_pool(**attributes):
    g = Graph()
    return g.finish(g.add("AveragePool", [g.fan(70 if "count_include_pad" in attributes else 19)], **attributes))


@family("reduce", {
    "gap": dict(operation="GlobalAveragePool"), "gmp": dict(operation="GlobalMaxPool"),
    "mean-hw": dict(operation="ReduceMean", axes=[2, 3]), "mean-c": dict(operation="ReduceMean", axes=[1]),
    "max-c": dict(operation="ReduceMax", axes=[1]), "sum-w": dict(operation="ReduceSum", axes=[3]),
    "max-h": dict(operation="ReduceMax", axes=[-2]), "mean-ch": dict(operation="ReduceMean", axes=[1, 2]),
    "min-hw": dict(operation="ReduceMin", axes=[2, 3]),
    "mean-hw-dropped": dict(operation="ReduceMean", axes=[2, 3], keepdims=0),
})
def reduce(operation, axes=None, **attributes):
    g = Graph()
    inputs = [g.fan(19)]
    if operation == "ReduceSum":
        inputs.append(g.constant(axes, np.int64))
    elif axes:
        attributes["axes"] = axes
    y = g.add(operation, inputs, **attributes)
    if attributes.get("keepdims", 1) == 0:
        y = g.add("Unsqueeze", [y, g.constant([2, 3], np.int64)])
    return g.finish(y)


@family("concat", {
    "aligned": dict(channels=[16, 32, 7], axis=1), "odd": dict(channels=[5, 19, 3], axis=1),
    "height": dict(channels=[6, 6], axis=2), "width": dict(channels=[6, 6], axis=-1),
    "same-scale": dict(channels=[5, 4], axis=1, same=True),
})
def concat(channels, axis, same=False):
    g = Graph()
    parts = []
    for k, count in enumerate(channels):
        part = g.fan(count, flip=k)
        parts.append(part if same or k == 0 else g.quantize(g.add("Mul", [part, g.constant(0.3 + k)])))
    y = g.add("Concat", parts, axis=axis)
    return g.finish(y, scale=g.scales[0], zero=128) if same else g.finish(y)


@family("pair", {
    f"{operation.lower()}-{name}": dict(operation=operation, shape=shape)
    for operation in ["Add", "Sub", "Mul"] for name, shape in [("full", "full"), ("channel", "c"), ("plane", "hw")]
} | {"min": dict(operation="Min", shape="full"), "max": dict(operation="Max", shape="full"),
     "div": dict(operation="Div", shape="c"), "mul-left": dict(operation="Mul", shape="hw", swap=True),
     "mul-row": dict(operation="Mul", shape="w"), "add-map": dict(operation="Add", shape="constant")})
def pair(operation, shape, swap=False):
    g = Graph()
    x, y = g.fan(19), g.fan(19, flip=1)
    if shape == "c":
        y = g.quantize(g.add("GlobalAveragePool", [y]))
    elif shape == "hw":
        y = g.quantize(g.add("ReduceMax", [y], axes=[1]))
    elif shape == "w":
        y = g.quantize(g.add("ReduceMax", [y], axes=[1, 2]))
    elif shape == "constant":
        y = g.constant(g.random.normal(0, 1, (1, 19, *g.size)))
    if operation == "Div":
        y = g.quantize(g.add("Add", [g.add("Sigmoid", [y]), g.constant(0.5)]))
    return g.finish(g.add(operation, [y, x] if swap else [x, y]))


@family("function", {
    name.lower(): dict(operation=name, attributes=attributes) for name, attributes in {
        "Sigmoid": {}, "Tanh": {}, "HardSwish": {}, "HardSigmoid": {"alpha": 0.2, "beta": 0.4},
        "LeakyRelu": {"alpha": 0.2}, "Elu": {"alpha": 1.3}, "Selu": {}, "Exp": {}, "Softplus": {}, "Erf": {},
        "Abs": {}}.items()})
def function(operation, attributes):
    g = Graph()
    y = g.quantize(g.add(operation, [g.fan(5)], **attributes))
    # As the last operator a sigmoid would be left out: it does not change which class wins.
    return g.finish(g.add("MaxPool", [y], kernel_shape=[1, 1]), scale=g.scales[0], zero=g.scales[1])


@case
def prelu():
    g = Graph()
    return g.finish(g.add("PRelu", [g.fan(9), g.constant(g.random.uniform(-0.3, 0.6, (9, 1, 1)))]))


@case
def batch_normalization():
    g = Graph()
    numbers = [g.constant(g.random.uniform(0.5, 2, 9)) for _ in range(4)]
    return g.finish(g.add("BatchNormalization", [g.fan(9), *numbers], epsilon=0.01))


@family("softmax", {"c": dict(axis=1), "w": dict(axis=-1), "h": dict(axis=2)})
def softmax(axis):
    g = Graph()
    y = g.add("Softmax", [g.fan(6)], axis=axis)
    y = g.quantize(y, scale=1 / 256, zero=0)
    # As the last operator it would be left out: it does not change which class wins.
    return g.finish(g.add("MaxPool", [y], kernel_shape=[1, 1]), scale=1 / 256, zero=0)


@family("normalisation", {
    "channels-last": dict(perm=[0, 2, 3, 1], axis=-1), "one-axis": dict(axis=-1), "two-axes": dict(axis=2),
    "no-offsets": dict(axis=-1, offsets=False), "constant-rows": dict(axis=-1, scale=0.5),
    "instance": dict(kind="Instance"), "group": dict(kind="Instance", groups=3),
})
def normalisation(kind="Layer", axis=None, perm=None, offsets=True, groups=0, scale=None):
    g = Graph(size=(7, 9))
    x = g.fan(6)
    if scale:  # coarse steps: rows of equal bytes, whose variance is epsilon's alone
        x = g.quantize(x, scale=scale, zero=128)
    shape = [1, 6, 7, 9]
    if perm:
        x, shape = g.add("Transpose", [x], perm=perm), [shape[i] for i in perm]
    if groups:
        x, shape = g.add("Reshape", [x, g.constant([1, groups, -1], np.int64)]), [1, groups, 2 * 63]
    if kind == "Instance":
        count = shape[1]
        constants = [g.constant(g.random.uniform(0.5, 2, count)), g.constant(g.random.uniform(-1, 1, count))]
        y = g.add("InstanceNormalization", [x, *constants], epsilon=1e-3)
    else:
        numbers = shape[axis:]
        constants = [g.constant(g.random.uniform(-2, 2, numbers)), g.constant(g.random.uniform(-1, 1, numbers))]
        y = g.add("LayerNormalization", [x, *constants[:1 + offsets]], axis=axis, epsilon=1e-4)
    if groups:
        y = g.add("Reshape", [g.quantize(y), g.constant([1, 6, 7, 9], np.int64)])
        return g.finish(y, scale=g.scales[0], zero=g.scales[1])
    if perm:
        return g.finish(g.add("Transpose", [g.quantize(y)], perm=[0, 3, 1, 2]))
    return g.finish(y)


@case
def attention():
    """Rank 3 in between: queries times keys, softmax, times values, and back to a picture."""
    g = Graph(size=(7, 9))
    q, k, v = g.fan(8), g.fan(8, flip=1), g.fan(12, flip=2)
    flat = [g.add("Reshape", [t, g.constant([1, n, -1], np.int64)]) for t, n in [(q, 8), (k, 8), (v, 12)]]
    q = g.add("Transpose", [flat[0]], perm=[0, 2, 1])
    scores = g.quantize(g.add("MatMul", [q, flat[1]]))
    scaled = g.quantize(g.add("Mul", [scores, g.constant(0.25)]))
    weights = g.quantize(g.add("Softmax", [scaled], axis=-1), scale=1 / 256, zero=0)
    mixed = g.quantize(g.add("MatMul", [weights, g.add("Transpose", [flat[2]], perm=[0, 2, 1])]))
    back = g.add("Reshape", [g.add("Transpose", [mixed], perm=[0, 2, 1]), g.constant([1, 12, 7, 9], np.int64)])
    return g.finish(g.add("Add", [back, v]))


@family("matmul", {
    "activations": dict(kind="both"), "heads": dict(kind="heads"), "constant": dict(kind="right"),
    "constant-left": dict(kind="left"), "gemm": dict(kind="gemm"), "gemm-transposed": dict(kind="gemm", transB=1),
})
def matmul(kind, transB=0):
    g = Graph(size=(7, 9))
    x = g.fan(6)
    if kind == "both":
        y = g.add("MatMul", [x, g.add("Transpose", [g.fan(6, flip=1)], perm=[0, 1, 3, 2])])
    elif kind == "heads":
        a = g.add("Reshape", [x, g.constant([1, 2, 3, 63], np.int64)])
        b = g.add("Reshape", [g.fan(6, flip=2), g.constant([1, 2, 3, 63], np.int64)])
        y = g.add("MatMul", [g.add("Transpose", [a], perm=[0, 1, 3, 2]), b])
    elif kind == "right":
        y = g.add("MatMul", [x, g.weights((9, 11), axis=1)])
    elif kind == "left":
        flat = g.add("Reshape", [x, g.constant([1, 6, 63], np.int64)])
        y = g.add("Unsqueeze", [g.add("MatMul", [g.weights((10, 6), axis=0), flat]), g.constant([0], np.int64)])
    else:
        pooled = g.quantize(g.add("GlobalAveragePool", [x]))
        flat = g.add("Flatten", [pooled])
        w = g.weights((6, 10) if transB == 0 else (10, 6), axis=1 - transB)
        y = g.add("Gemm", [flat, w, g.constant(g.random.normal(0, 1, 10))], transB=transB)
        y = g.add("Unsqueeze", [y, g.constant([2, 3], np.int64)])
    return g.finish(y)


@family("resize", {
    f"{mode}-{coordinates.replace('_', '-')}-{name}": dict(mode=mode, coordinates=coordinates, size=size)
    for mode in ["linear", "nearest"]
    for coordinates in ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"]
    for name, size in [("up", (25, 40)), ("down", (6, 1))]
} | {f"nearest-{mode.replace('_', '-')}": dict(mode="nearest", coordinates="half_pixel", size=(20, 31), nearest=mode)
     for mode in ["round_prefer_ceil", "floor", "ceil"]}
  | {"scales": dict(mode="linear", coordinates="asymmetric", scales=(1.7, 0.6))})
def resize(mode, coordinates, size=None, scales=None, nearest="round_prefer_floor"):
    g = Graph(opset=19 if coordinates == "half_pixel_symmetric" else 17)
    x = g.fan(5)
    inputs = [x, "", g.constant([1, 1, *scales])] if scales else [x, "", "", g.constant([1, 5, *size], np.int64)]
    extra = {"nearest_mode": nearest} if mode == "nearest" else {}
    y = g.add("Resize", inputs, mode=mode, coordinate_transformation_mode=coordinates, **extra)
    return g.finish(y, scale=g.scales[0], zero=128)


@family("move", {name: dict(kind=name) for name in [
    "transpose", "slice", "slice-channels", "slice-reverse", "split", "pad-constant", "pad-edge", "pad-reflect",
    "depth-to-space", "depth-to-space-crd", "space-to-depth", "reshape", "shuffle", "expand", "gather",
    "pad-negative"]})
def move(kind):
    g = Graph(size=(12, 16))
    x = g.fan(12)
    scale = g.scales[0]
    ints = lambda *values: g.constant(list(values), np.int64)
    if kind == "transpose":
        y = g.add("Transpose", [x], perm=[0, 3, 1, 2])
    elif kind == "slice":
        y = g.add("Slice", [x, ints(1, 2), ints(11, 1000), ints(2, 3), ints(2, 3)])
    elif kind == "slice-channels":
        y = g.add("Slice", [x, ints(3), ints(-2), ints(1)])
    elif kind == "slice-reverse":
        y = g.add("Slice", [x, ints(-1, 10), ints(-100, 1), ints(3, 1), ints(-1, -2)])
    elif kind == "split":
        parts = g.add("Split", [x, ints(5, 4, 3)], outputs=3, axis=1)
        y = g.add("Concat", [parts[2], parts[0]], axis=1)
    elif kind.startswith("pad"):
        mode = kind.split("-")[1]
        pads = ints(0, 1, 2, 3, 0, 0, 1, 4) if mode == "constant" else ints(0, 0, 2, 3, 0, 0, 1, 4)
        if mode == "negative":
            y = g.add("Pad", [x, ints(0, 0, -2, 3, 0, -3, 1, -4), g.constant(0.5)])
        else:
            y = g.add("Pad", [x, pads] + ([g.constant(-0.7)] if mode == "constant" else []), mode=mode)
    elif kind.startswith("depth"):
        y = g.add("DepthToSpace", [x], blocksize=2, mode="CRD" if kind.endswith("crd") else "DCR")
    elif kind == "space-to-depth":
        y = g.add("SpaceToDepth", [x], blocksize=4)
    elif kind == "reshape":
        y = g.add("Reshape", [x, ints(1, 8, 9, -1)])
    elif kind == "shuffle":
        y = g.add("Reshape", [x, ints(1, 3, 4, 12, 16)])
        y = g.add("Reshape", [g.add("Transpose", [y], perm=[0, 2, 1, 3, 4]), ints(1, 12, 12, 16)])
    elif kind == "expand":
        y = g.add("Expand", [g.add("Slice", [x, ints(3), ints(4), ints(2)]), ints(1, 1, 5, 1)])
    elif kind == "gather":
        y = g.add("Gather", [x, ints(9, 6, 3)], axis=1)
    return g.finish(y, scale=scale, zero=128)


@family("unpool", {"2x2": dict(kernel_shape=[2, 2], strides=[2, 2]),
                   "overlapping": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])})
def unpool(**attributes):
    g = Graph(size=(12, 16))
    x = g.fan(7)
    scale = g.scales[0]
    value, taps = g.add("MaxPool", [x], outputs=2, **attributes)
    y = g.quantize(g.add("Mul", [g.quantize(value, scale=scale, zero=128), g.constant(0.5)]))
    result = g.add("MaxUnpool", [y, taps, g.constant([1, 7, 12, 16], np.int64)], **attributes)
    return g.finish(result, scale=g.scales[0], zero=g.scales[1])


@family("grid-sample", {
    f"{mode}-{padding}-{corners}": dict(mode=mode, padding=padding, corners=corners)
    for mode in ["bilinear", "nearest"] for padding in ["zeros", "border", "reflection"] for corners in [0, 1]
} | {"flow": dict(mode="bilinear", padding="zeros", corners=1, flow=True)})
def grid_sample(mode, padding, corners, flow=False):
    g = Graph(size=(9, 11))
    x = g.fan(6)
    scale = g.scales[0]
    offset = g.fan(2, flip=1)
    grid = g.add("Transpose", [offset], perm=[0, 2, 3, 1])
    if flow:
        ys, xs = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 11), indexing="ij")
        base = g.constant(np.stack([xs, ys], -1)[None])
        grid = g.add("Add", [base, g.add("Div", [grid, g.constant(np.array([11, 9]).reshape(1, 1, 1, 2))])])
    y = g.add("GridSample", [x, grid], mode=mode, padding_mode=padding, align_corners=corners)
    return g.finish(y, scale=scale, zero=128)


@family("resample", {
    f"{mode}-{name}": dict(mode=mode, size=size, **extra)
    for mode in ["linear", "cubic"]
    for name, size, extra in [
        ("antialias-down", (5, 9), dict(antialias=1)), ("antialias-mixed", (20, 6), dict(antialias=1)),
        ("antialias-excluded", (6, 7), dict(antialias=1, exclude_outside=1)),
        ("crop", (10, 21), dict(coordinates="tf_crop_and_resize", roi=(0, 0, 0.1, -0.2, 1, 1, 0.8, 1.3))),
        ("crop-one", (1, 12), dict(coordinates="tf_crop_and_resize", roi=(0, 0, 0.1, 0.9, 1, 1, 0.8, 0.1)))]
} | {f"cubic-{coordinates.replace('_', '-')}-{name}": dict(mode="cubic", size=size, coordinates=coordinates)
     for coordinates in ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"]
     for name, size in [("up", (25, 40)), ("down", (6, 1))]
} | {"cubic-excluded": dict(mode="cubic", size=(25, 31), exclude_outside=1, cubic_coeff_a=-0.5),
     "nearest-crop": dict(mode="nearest", size=(10, 21), coordinates="tf_crop_and_resize",
                          roi=(0, 0, 0.1, -0.2, 1, 1, 0.8, 1.3), extrapolation_value=0.5)}
  | {f"linear-{policy.replace('_', '-')}": dict(mode="linear", size=(25, 21), keep_aspect_ratio_policy=policy)
     for policy in ["not_larger", "not_smaller"]})
def resample(mode, size, coordinates="half_pixel", roi=(), **attributes):
    g = Graph(opset=19)
    x = g.fan(5)
    region, sizes = (g.constant(roi) if roi else ""), [1, 5, *size]
    if "keep_aspect_ratio_policy" in attributes:
        sizes, attributes["axes"] = size, [2, 3]
    y = g.add("Resize", [x, region, "", g.constant(sizes, np.int64)], mode=mode,
              coordinate_transformation_mode=coordinates, **attributes)
    if mode == "linear" and not attributes.get("antialias") and not roi:
        return g.finish(y, scale=g.scales[0], zero=128)
    return g.finish(y, margin=0.9)


@family("grid-sample", {
    f"cubic-{padding}-{corners}": dict(mode="bicubic", padding=padding, corners=corners)
    for padding in ["zeros", "border", "reflection"] for corners in [0, 1]
} | {f"constant-{mode}": dict(mode=mode, padding="reflection", corners=0)
     for mode in ["bilinear", "nearest", "bicubic"]})
def constant_grid(mode, padding, corners):
    g = Graph(size=(9, 11))
    x = g.fan(6)
    ys, xs = np.meshgrid(np.linspace(-1.3, 1.2, 14), np.linspace(-1.1, 1.4, 10), indexing="ij")
    grid = g.constant(np.stack([xs + 0.1 * ys, ys - 0.07 * xs], -1)[None])
    y = g.add("GridSample", [x, grid], mode=mode, padding_mode=padding, align_corners=corners)
    return g.finish(y)


@case
def gate():
    """Squeeze and excitation: pool, two convolutions, a sigmoid, and a product with the picture."""
    g = Graph()
    x = g.fan(24)
    pooled = g.quantize(g.add("GlobalAveragePool", [x]))
    squeezed = g.quantize(g.add("Relu", [g.add("Conv", [pooled, g.weights((6, 24, 1, 1))])]))
    wide = g.quantize(g.add("Conv", [squeezed, g.weights((24, 6, 1, 1))]))
    weight = g.quantize(g.add("Sigmoid", [wide]), scale=1 / 256, zero=0)
    return g.finish(g.add("Mul", [x, weight]))


def main():
    os.makedirs(HERE, exist_ok=True)
    for name in sys.argv[1:] or sorted(CASES):
        model, image, expected = CASES[name]()
        path = os.path.join(HERE, name)
        onnx.save(model, path + ".onnx")
        golden_inputs.store(path, image.tobytes())
        np.ascontiguousarray(expected).tofile(path + ".expected")
        print(name, expected.shape, len(np.unique(expected)))


if __name__ == "__main__":
    main()
