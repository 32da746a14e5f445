#!/usr/bin/env python3
"""Small random networks, with what ONNX Runtime computes in them; and what roadseg's integers of them are worth.

    random_graphs.py make FOLDER [--count 1000] [--seed 1]     graphs with a picture and ONNX Runtime's float scores
    random_graphs.py compare FOLDER                            ONNX Runtime on the int8 files that roadseg made of them

Each graph is a chain of three to eight operators with random attributes, ranks, axes and broadcasts, and joins with
what came before: the kind of thing in which an integer rule ignores a shape that the float one honours.
`Tests/extended` runs both parts around `RandomGraphTests`, which with ROADSEG_RANDOM_GRAPHS=FOLDER leaves its int8
models and scores there. A graph on which something was wrong becomes a file of `Kept`, where every test run finds it.

Needs Python with numpy, onnx and onnxruntime.
"""
import argparse
import math
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

onnxruntime.set_default_logger_severity(4)


class Unfit(Exception):
    """The operator does not apply to the value at hand."""


class Graph:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.opset = int(self.choice([13, 17, 18, 21]))
        self.nodes, self.constants, self.values = [], [], {}
        height, width = int(self.random.integers(5, 13)), int(self.random.integers(5, 13))
        self.picture = self.random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        # Smooth, as pictures are, or noise.
        if self.random.random() < 0.5:
            ramp = np.linspace(0, 200, height)[:, None, None] + np.linspace(-60, 55, width)[None, :, None]
            self.picture = np.clip(ramp + self.picture * 0.25, 0, 255).astype(np.uint8)
        self.shapes = {"x": [1, 3, height, width]}
        scale = self.constant(np.float32(1 / 64))
        mean = self.constant(np.float32([[[118]], [[120]], [[99]]]))
        self.last = self.node("Mul", [self.node("Sub", ["x", mean]), scale])

    def choice(self, options):
        return options[int(self.random.integers(len(options)))]

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        self.values[name] = np.asarray(value)
        return name

    def normal(self, *shape, size=1.0):
        return self.constant((self.random.standard_normal(shape) * size).astype(np.float32))

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    def node(self, operation, inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operation, inputs, names, name=f"n{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def shape(self, name):
        """As ONNX infers it."""
        if name in self.shapes:
            return self.shapes[name]
        model = onnx.shape_inference.infer_shapes(self.model([]), strict_mode=True, data_prop=True)
        for info in model.graph.value_info:
            self.shapes[info.name] = [dim.dim_value for dim in info.type.tensor_type.shape.dim]
        if name not in self.shapes or 0 in self.shapes[name]:
            raise Unfit(name)
        return self.shapes[name]

    def model(self, outputs):
        graph = helper.make_graph(
            self.nodes, "random", [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shapes["x"])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def picture_shaped(g):
    """The value as 1 x C x H x W."""
    shape = g.shape(g.last)
    if len(shape) == 4 and shape[0] == 1:
        return shape
    count = math.prod(shape)
    channels = g.choice([d for d in range(1, count + 1) if count % d == 0 and d <= 24])
    rest = count // channels
    height = g.choice([d for d in range(1, rest + 1) if rest % d == 0 and d <= 32 and rest // d <= 64] or [None])
    if height is None:
        raise Unfit("shape")
    g.last = g.node("Reshape", [g.last, g.integers(1, channels, height, rest // height)])
    g.shapes[g.last] = [1, channels, height, rest // height]
    return g.shapes[g.last]


def some_axis(g, rank, first=0):
    axis = int(g.random.integers(first, rank))
    return axis - rank if g.random.random() < 0.4 else axis


def convolution(g):
    _, channels, height, width = picture_shaped(g)
    groups = g.choice([1, 1, channels] + [d for d in range(2, channels) if channels % d == 0])
    outputs = groups * int(g.random.integers(1, max(16 // groups, 1) + 1))
    kernel = [int(g.random.integers(1, min(5, side) + 1)) for side in (height, width)]
    dilations = [int(g.random.integers(1, 3)) if k > 1 and (k - 1) * 2 < side else 1
                 for k, side in zip(kernel, (height, width))]
    strides = [int(g.random.integers(1, 4)) for _ in range(2)]
    pads = [int(g.random.integers(0, k)) for k in kernel * 2]
    size = 1 / math.sqrt(channels // groups * math.prod(kernel))
    inputs = [g.last, g.normal(outputs, channels // groups, *kernel, size=size)]
    if g.random.random() < 0.7:
        inputs.append(g.normal(outputs))
    return g.node("Conv", inputs, group=groups, kernel_shape=kernel, dilations=dilations, strides=strides, pads=pads)


def transposed_convolution(g):
    _, channels, height, width = picture_shaped(g)
    if height * width > 200:
        raise Unfit("size")
    groups = g.choice([1, channels])
    outputs = int(g.random.integers(1, 4))
    kernel = [int(g.random.integers(1, 5)) for _ in range(2)]
    strides = [int(g.random.integers(1, 4)) for _ in range(2)]
    pads = [int(g.random.integers(0, max(k // 2, 1))) for k in kernel * 2]
    extra = [int(g.random.integers(0, s)) for s in strides]
    weights = g.normal(channels, outputs, *kernel, size=1 / math.sqrt(channels // groups))
    return g.node("ConvTranspose", [g.last, weights], group=groups, kernel_shape=kernel, strides=strides, pads=pads,
                  output_padding=extra)


def pool(g):
    _, _, height, width = picture_shaped(g)
    kernel = [int(g.random.integers(1, min(4, side) + 1)) for side in (height, width)]
    attributes = dict(
        kernel_shape=kernel, strides=[int(g.random.integers(1, 4)) for _ in range(2)],
        pads=[int(g.random.integers(0, (k + 1) // 2)) for k in kernel * 2], ceil_mode=int(g.random.integers(0, 2)))
    if g.random.random() < 0.5:
        return g.node("MaxPool", [g.last], **attributes)
    return g.node("AveragePool", [g.last], count_include_pad=int(g.random.integers(0, 2)), **attributes)


def global_pool(g):
    picture_shaped(g)
    return g.node(g.choice(["GlobalAveragePool", "GlobalMaxPool"]), [g.last])


def resize(g):
    _, channels, height, width = picture_shaped(g)
    sizes = [int(g.random.integers(1, 2 * side + 3)) for side in (height, width)]
    mode = g.choice(["nearest", "linear", "linear", "cubic"])
    coordinates = g.choice(["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"])
    attributes = dict(mode=mode, coordinate_transformation_mode=coordinates)
    if mode == "nearest":
        attributes["nearest_mode"] = g.choice(["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
    return g.node("Resize", [g.last, "", "", g.integers(1, channels, *sizes)], **attributes)


def function(g):
    operation = g.choice([
        "Relu", "Sigmoid", "Tanh", "Elu", "LeakyRelu", "HardSigmoid", "Abs", "Neg", "Softplus", "Erf", "Softsign",
        "Selu", "Celu", "ThresholdedRelu", "Clip", "Round", "Floor", "Sin", "Exp", "HardSwish", "Sqrt", "Mish", "Gelu"])
    if operation == "Clip":
        low = float(g.random.uniform(-2, 0.5))
        bounds = [g.constant(np.float32(low)), g.constant(np.float32(low + g.random.uniform(0.5, 3)))]
        return g.node("Clip", [g.last] + g.choice([bounds, bounds[:1], ["", bounds[1]]]))
    if operation == "Exp":
        return g.node("Exp", [g.node("Clip", [g.last, "", g.constant(np.float32(2))])])
    if operation == "Sqrt":
        return g.node("Sqrt", [g.node("Abs", [g.last])])
    if (operation == "HardSwish" and g.opset < 14 or operation == "Mish" and g.opset < 18
            or operation == "Gelu" and g.opset < 20):
        raise Unfit(operation)
    return g.node(operation, [g.last])


def slopes(g):
    shape = g.shape(g.last)
    values = g.random.uniform(-0.5, 1.4, broadcast_shape(g, shape)).astype(np.float32)
    return g.node("PRelu", [g.last, g.constant(values)])


def broadcast_shape(g, shape):
    """A shape that broadcasts to another: axes left out in front, others of length 1."""
    kept = shape[int(g.random.integers(0, len(shape) + 1)):] if g.random.random() < 0.5 else list(shape)
    return [side if g.random.random() < 0.6 else 1 for side in kept]


PAIRS = ["Add", "Sub", "Mul", "Div", "Min", "Max"]


def with_constant(g):
    shape, operation = g.shape(g.last), g.choice(PAIRS)
    values = g.random.standard_normal(broadcast_shape(g, shape)).astype(np.float32)
    if g.random.random() < 0.15:
        # The constant is the larger of the two.
        sides = [2 if side == 1 and axis > 0 else side for axis, side in enumerate(shape)]
        values = g.random.standard_normal(sides).astype(np.float32)
        operation = g.choice(["Add", "Sub", "Mul", "Min", "Max"])
    if operation == "Div":
        return g.node("Div", [g.last, g.constant((np.sign(values) + values).astype(np.float32))])
    pair = [g.last, g.constant(values)]
    return g.node(operation, pair if g.random.random() < 0.6 else pair[::-1])


def with_branch(g):
    """Two functions of the value, of which one may be reduced, so that it is broadcast."""
    shape, first = g.shape(g.last), g.last
    if g.random.random() < 0.6:
        first = g.node(g.choice(["Sigmoid", "Tanh", "Relu", "Neg"]), [first])
    second, operation = g.last, g.choice(["Add", "Sub", "Mul", "Min", "Max", "Div", "Where"])
    if g.random.random() < 0.7:
        axes = sorted(set(int(a) for a in g.random.integers(0, len(shape), 2)))
        second = reduced(g, g.choice(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum"]), axes, 1, second)
    if operation == "Where":
        return g.node("Where", [g.node("Greater", [first, g.constant(np.float32(0.1))]), first, second])
    if operation == "Div":
        second = g.node("Add", [g.node("Abs", [second]), g.constant(np.float32(1))])
    pair = [first, second]
    return g.node(operation, pair if operation == "Div" or g.random.random() < 0.5 else pair[::-1])


def reduced(g, operation, axes, keepdims, value):
    by_input = g.opset >= 18 or operation == "ReduceSum"
    if by_input:
        return g.node(operation, [value, g.integers(*axes)], keepdims=keepdims)
    return g.node(operation, [value], axes=axes, keepdims=keepdims)


def reduction(g):
    shape = g.shape(g.last)
    axes = sorted(set(int(a) for a in g.random.integers(0, len(shape), g.choice([1, 2]))))
    if math.prod(side for axis, side in enumerate(shape) if axis not in axes) < 4:
        raise Unfit("little")
    if g.random.random() < 0.4:
        axes = [axis - len(shape) for axis in axes]
    keepdims = int(g.random.integers(0, 2))
    if len(shape) - len(axes) < 1:
        keepdims = 1
    operation = g.choice([
        "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"])
    return reduced(g, operation, axes, keepdims, g.last)


def join(g):
    shape = g.shape(g.last)
    parts = [g.last, g.node(g.choice(["Relu", "Tanh", "Neg", "Identity"]), [g.last])]
    axis = some_axis(g, len(shape))
    if g.random.random() < 0.3:
        part = list(shape)
        part[axis] = int(g.random.integers(1, 4))
        parts.insert(int(g.random.integers(0, 3)), g.normal(*part))
    if g.random.random() < 0.3:
        parts.append(g.last)
    return g.node("Concat", parts, axis=axis)


def cut(g):
    shape = g.shape(g.last)
    starts, ends, axes, steps = [], [], [], []
    for axis in sorted(set(int(a) for a in g.random.integers(0, len(shape), 2))):
        side = shape[axis]
        step = g.choice([1, 1, 2, -1, -2])
        start, end = sorted(int(v) for v in g.random.integers(0, side + 1, 2))
        if start == end:
            start, end = 0, side
        if step < 0:
            start, end = end - 1, start - 1 if start else -side - 1
        elif g.random.random() < 0.3:
            start -= side
        axes.append(axis - len(shape) if g.random.random() < 0.3 else axis)
        starts, ends, steps = starts + [start], ends + [end], steps + [step]
    return g.node("Slice", [g.last, g.integers(*starts), g.integers(*ends), g.integers(*axes), g.integers(*steps)])


def split(g):
    shape = g.shape(g.last)
    axis = some_axis(g, len(shape))
    side = shape[axis]
    if side < 2:
        raise Unfit("side")
    first = int(g.random.integers(1, side))
    parts = g.node("Split", [g.last, g.integers(first, side - first)], outputs=2, axis=axis)
    if g.random.random() < 0.5:
        return g.node("Concat", parts[::-1], axis=axis)
    if first * 2 == side:
        return g.node(g.choice(["Add", "Mul"]), [parts[0], g.node("Sigmoid", [parts[1]])])
    return parts[int(g.random.integers(0, 2))]


def pad(g):
    shape = g.shape(g.last)
    if len(shape) != 4:
        raise Unfit("rank")
    mode = g.choice(["constant", "reflect", "edge"])
    most = [0, 0] + [min(side - 1, 3) for side in shape[2:]]
    pads = [int(g.random.integers(0, m + 1)) for m in most * 2]
    if mode == "constant" and g.random.random() < 0.3:
        pads[1] = 1
    inputs = [g.last, g.integers(*pads)]
    if mode == "constant":
        inputs.append(g.constant(np.float32(g.choice([0, 0.7, -1]))))
    return g.node("Pad", inputs, mode=mode)


def transpose(g):
    rank = len(g.shape(g.last))
    return g.node("Transpose", [g.last], perm=[int(p) for p in g.random.permutation(rank)])


def reshape(g):
    shape = g.shape(g.last)
    count, sides = math.prod(shape), []
    rest = count
    for _ in range(int(g.random.integers(1, 5))):
        side = g.choice([d for d in range(1, min(rest, 40) + 1) if rest % d == 0])
        sides.append(side)
        rest //= side
    sides.insert(int(g.random.integers(0, len(sides) + 1)), -1)
    return g.node("Reshape", [g.last, g.integers(*sides)])


def squeeze(g):
    shape = g.shape(g.last)
    if g.random.random() < 0.5 and 1 in shape and len(shape) > 1:
        return g.node("Squeeze", [g.last, g.integers(shape.index(1))])
    if len(shape) >= 5:
        raise Unfit("rank")
    return g.node("Unsqueeze", [g.last, g.integers(some_axis(g, len(shape) + 1))])


def flatten(g):
    return g.node("Flatten", [g.last], axis=int(g.random.integers(0, len(g.shape(g.last)) + 1)))


def gather(g):
    shape = g.shape(g.last)
    axis = some_axis(g, len(shape))
    side = shape[axis]
    indices = g.random.integers(-side, side, g.choice([[], [1], [3], [2, 2], [1, 3], [2, 1, 2]]))
    if len(shape) + indices.ndim > 6:
        raise Unfit("rank")
    front = shape[:axis % len(shape)]
    if indices.ndim > 0 and all(size == 1 for size in front) and g.choice([True, False]):
        # The same by tuples: zeros for the axes in front.
        tuples = np.concatenate([np.zeros((*indices.shape, len(front)), np.int64), indices[..., None]], -1)
        return g.node("GatherND", [g.last, g.constant(tuples.astype(np.int64))])
    return g.node("Gather", [g.last, g.constant(indices.astype(np.int64))], axis=axis)


def expand(g):
    shape = g.shape(g.last)
    if 1 not in shape[1:]:
        raise Unfit("no axis of 1")
    target = [3 if side == 1 and axis and g.random.random() < 0.7 else side for axis, side in enumerate(shape)]
    return g.node("Expand", [g.last, g.integers(*target)])


def tile(g):
    return g.node("Tile", [g.last, g.integers(*[g.choice([1, 1, 2]) for _ in g.shape(g.last)])])


def softmax(g):
    return g.node(g.choice(["Softmax", "Softmax", "LogSoftmax"]), [g.last], axis=some_axis(g, len(g.shape(g.last))))


def layer_norm(g):
    shape = g.shape(g.last)
    if g.opset < 17:
        raise Unfit("opset")
    axis = some_axis(g, len(shape))
    if math.prod(shape[axis:]) < 4:
        raise Unfit("little")
    inputs = [g.last, g.normal(*shape[axis:])] + ([g.normal(*shape[axis:])] if g.random.random() < 0.7 else [])
    return g.node("LayerNormalization", inputs, axis=axis)


def picture_norm(g):
    _, channels, height, width = picture_shaped(g)
    kind = g.choice(["InstanceNormalization", "BatchNormalization", "LpNormalization", "GroupNormalization"])
    if kind == "InstanceNormalization":
        if height * width < 4:
            raise Unfit("little")
        return g.node(kind, [g.last, g.normal(channels), g.normal(channels)])
    if kind == "LpNormalization":
        return g.node(kind, [g.last], axis=some_axis(g, 4, 1), p=g.choice([1, 2]))
    if kind == "GroupNormalization":
        groups = g.choice([d for d in range(1, channels + 1) if channels % d == 0])
        if g.opset < 18 or channels // groups * height * width < 4:
            raise Unfit("opset")
        size = groups if g.opset < 21 else channels
        return g.node(kind, [g.last, g.normal(size), g.normal(size)], num_groups=groups)
    variance = g.constant(g.random.uniform(0.2, 2, channels).astype(np.float32))
    return g.node(kind, [g.last, g.normal(channels), g.normal(channels), g.normal(channels), variance])


def product(g):
    shape = g.shape(g.last)
    if len(shape) < 2 or shape[-1] > 200 or shape[-2] > 200:
        raise Unfit("rank")
    kind = g.choice(["right", "left", "vector", "own", "batch", "gemm"])
    depth, columns = shape[-1], int(g.random.integers(1, 9))
    if kind == "right":
        return g.node("MatMul", [g.last, g.normal(depth, columns, size=depth ** -0.5)])
    if kind == "batch":
        matrices = g.normal(*broadcast_shape(g, shape[:-2]), depth, columns, size=depth ** -0.5)
        return g.node("MatMul", [g.last, matrices])
    if kind == "left":
        return g.node("MatMul", [g.normal(columns, shape[-2], size=shape[-2] ** -0.5), g.last])
    if kind == "vector":
        if math.prod(shape[:-1]) < 4:
            raise Unfit("little")
        return g.node("MatMul", [g.last, g.normal(depth, size=depth ** -0.5)])
    if kind == "gemm":
        if len(shape) != 2:
            raise Unfit("rank")
        turns = int(g.random.integers(0, 2))
        weights = [columns, depth] if turns else [depth, columns]
        bias = g.normal(*g.choice([[columns], [1, columns], [shape[0], 1], [shape[0], columns]]))
        return g.node("Gemm", [g.last, g.normal(*weights, size=depth ** -0.5), bias], transB=turns,
                      alpha=float(g.choice([1, 0.5])), beta=float(g.choice([1, 2])))
    order = list(range(len(shape)))
    order[-1], order[-2] = order[-2], order[-1]
    turned = g.node("Transpose", [g.node("Tanh", [g.last])], perm=order)
    return g.node("MatMul", [g.last, turned] if g.random.random() < 0.5 else [turned, g.last])


def depth_space(g):
    _, channels, height, width = picture_shaped(g)
    if channels % 4 == 0 and g.random.random() < 0.6:
        return g.node("DepthToSpace", [g.last], blocksize=2, mode=g.choice(["DCR", "CRD"]))
    if height % 2 or width % 2:
        raise Unfit("odd")
    return g.node("SpaceToDepth", [g.last], blocksize=2)


OPERATORS = [
    convolution, convolution, convolution, transposed_convolution, pool, pool, global_pool, resize, resize, function,
    function, function, slopes, with_constant, with_constant, with_constant, with_branch, with_branch, reduction,
    reduction, join, join, cut, split, pad, transpose, transpose, reshape, squeeze, flatten, gather, gather, expand,
    tile, softmax, layer_norm, picture_norm, product, product, depth_space]


def made(seed):
    """A graph with ONNX Runtime's scores, or None where chance made none that is of use."""
    g = Graph(seed)
    for _ in range(int(g.random.integers(3, 9))):
        kept = (list(g.nodes), list(g.constants), g.last, dict(g.shapes))
        try:
            g.last = g.choice(OPERATORS)(g)
            shape = g.shape(g.last)
            if not 4 <= math.prod(shape) <= 20000 or len(shape) > 6 or len(shape) < 1:
                raise Unfit("size")
        except Exception as error:
            if not isinstance(error, Unfit) and "nfer" not in type(error).__name__:
                raise
            g.nodes, g.constants, g.last, g.shapes = kept
    try:
        channels = picture_shaped(g)[1]
    except Unfit:
        return None
    # A convolution makes the scores: the engine leaves out a softmax or resize at the end, and numbers are compared.
    g.last = g.node("Conv", [g.last, g.normal(4, channels, 1, 1, size=channels ** -0.5), g.normal(4)])
    model = g.model([g.last])
    x = g.picture.transpose(2, 0, 1)[None].astype(np.float32)
    everything = [name for node in g.nodes for name in node.output]
    try:
        probe = g.model(everything)
        session = onnxruntime.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
        values = session.run(None, {"x": x})
    except Exception as error:
        print(f"seed {seed}: ONNX Runtime: {str(error)[:160]}", file=sys.stderr)
        return None
    floats = [value for value in values if value.dtype == np.float32]
    if any(not np.isfinite(value).all() or np.abs(value).max() > 1e4 for value in floats):
        return None
    scores = values[everything.index(g.last)]
    # What hardly varies has no levels to compare.
    if scores.std() < 1e-3 * max(np.abs(scores).max(), 1e-6) or len(np.unique(scores)) < 3:
        return None
    if hangs_on_rounding(model, x, scores) or any(
            value.dtype == np.float32 and list(value.shape) != g.shapes.get(name, list(value.shape))
            for name, value in zip(everything, values)):
        return None
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(g.last, TensorProto.FLOAT, list(scores.shape)))
    onnx.checker.check_model(model)
    for name, value in [("golden_picture", g.picture), ("golden_scores", scores)]:
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    return model


def hangs_on_rounding(model, x, scores):
    """Whether a picture that differs in the seventh digit has other scores: then no two implementations agree."""
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        other = session.run(None, {"x": x * np.float32(1 + 2e-7) + np.float32(1e-5)})[0]
    except Exception:  # what runs with every value as an output, and not without
        return True
    return math.sqrt(float(((other - scores) ** 2).mean())) > 2e-5 * float(scores.std())


def make(folder, count, seed):
    folder.mkdir(parents=True, exist_ok=True)
    found, number = 0, seed * 100_000
    while found < count:
        model = made(number)
        if model is not None:
            onnx.save(model, folder / f"random-{number}.onnx")
            found += 1
        number += 1
    print(f"{found} graphs of {number - seed * 100_000} seeds in {folder}")


def compare(folder):
    """ONNX Runtime, without optimisations, on the int8 models; beside each lie the engine's scores."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    bad = compared = 0
    for path in sorted(folder.glob("*.int8")):
        model = onnx.load(path.with_suffix(".onnx"))
        picture = next(numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "golden_picture")
        ours = np.fromfile(path.with_suffix(".scores"), np.float32)
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            print(f"{path.stem}: ONNX Runtime refuses the int8 model: {str(error)[:200]}")
            bad += 1
            continue
        inputs = {session.get_inputs()[0].name: picture.transpose(2, 0, 1)[None].astype(np.float32)}
        theirs = session.run(None, inputs)[0].ravel()
        noise = math.sqrt(float(((ours - theirs) ** 2).mean())) / max(float(theirs.std()), 1e-9)
        compared += 1
        if ours.size != theirs.size or noise > 0.25:
            operations = " ".join(node.op_type for node in model.graph.node)
            print(f"{path.stem}: {noise:.3f} of the scores' spread: {operations}")
            bad += 1
    print(f"{compared} int8 models compared with ONNX Runtime, {bad} differ")
    return bad == 0 and compared > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["make", "compare"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.what == "make":
        make(arguments.folder, arguments.count, arguments.seed)
    elif not compare(arguments.folder):
        sys.exit(1)


if __name__ == "__main__":
    main()
