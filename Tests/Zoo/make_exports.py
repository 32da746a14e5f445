"""Writes Exports/*.onnx: one small network, said in the many ways in which exporters say it,
with the class maps of ONNX Runtime.

    pip install numpy onnx onnxruntime pillow && python make_exports.py

Each file holds `golden_classes`, ONNX Runtime's class of each pixel for the left top of Pictures/evaluation-*.png, as
an unused initializer.
"""
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

HERE = Path(__file__).parent
OUT = HERE / "Exports"
HEIGHT, WIDTH, CLASSES = 32, 48, 5
PICTURES = [np.asarray(Image.open(HERE / f"Pictures/evaluation-{i}.png").convert("RGB"))[:HEIGHT, :WIDTH]
            for i in range(4)]


class Network:
    """Nodes and constants as they are added; numbers of type `real`."""

    def __init__(self, real=np.float32, seed=3):
        self.real, self.rng, self.nodes, self.constants = real, np.random.default_rng(seed), [], {}

    def constant(self, value, dtype=None):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value, dtype)
        return name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def reals(self, value):
        return self.constant(value, self.real)

    def add(self, operation, inputs, outputs=1, domain="", **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        node = helper.make_node(operation, inputs, names, name=f"n{len(self.nodes)}", domain=domain, **attributes)
        self.nodes.append(node)
        return names[0] if outputs == 1 else names

    def conv(self, x, cin, cout, kernel=3, **attributes):
        w = self.rng.normal(0, 1.3 / np.sqrt(cin * kernel * kernel), (cout, cin, kernel, kernel))
        return self.add("Conv", [x, self.reals(w), self.reals(self.rng.normal(0, 0.2, cout))],
                        kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4, **attributes)

    def normalised(self, x, axis=1):
        shape = [1, 3, 1, 1] if axis == 1 else [3]
        x = self.add("Sub", [x, self.reals(np.array([120, 115, 105]).reshape(shape))])
        return self.add("Mul", [x, self.reals(np.array([0.017, 0.0175, 0.018]).reshape(shape))])

    def features(self, x="image"):
        return self.add("Relu", [self.conv(self.normalised(x), 3, 8)])

    def scores(self, x):
        return self.conv(x, 8, CLASSES, 1)


def classes_of(output, axis=1):
    """The class map in what a network gives."""
    if output.size == HEIGHT * WIDTH and np.issubdtype(output.dtype, np.floating):
        return (output > 0.5).reshape(HEIGHT, WIDTH).astype(np.uint8)
    if np.issubdtype(output.dtype, np.integer) or output.dtype == bool:
        return output.reshape(HEIGHT, WIDTH).astype(np.uint8)
    return output.argmax(axis).reshape(HEIGHT, WIDTH).astype(np.uint8)


def model_of(name, net, output, *, opset=17, shape=(1, 3, HEIGHT, WIDTH), kind=T.FLOAT, out=T.FLOAT, functions=(),
             domains=(), more_outputs=()):
    graph = helper.make_graph(
        net.nodes, name, [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info(o, t, None) for o, t in [(output, out), *more_outputs]],
        [numpy_helper.from_array(v, k) for k, v in net.constants.items()])
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains],
        ir_version=8 if opset < 21 else 10, functions=list(functions))


def save(name, net, output, *, shape=(1, 3, HEIGHT, WIDTH), kind=T.FLOAT, axis=1, external=False, **options):
    finish(name, model_of(name, net, output, shape=shape, kind=kind, **options), shape, kind, axis, external)


def finish(name, model, shape, kind, axis=1, external=False):
    """Writes the model with ONNX Runtime's class maps in it."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    maps = []
    for picture in PICTURES:
        x = picture if shape[-1] == 3 else picture.transpose(2, 0, 1)
        x = x.reshape(shape).astype(helper.tensor_dtype_to_np_dtype(kind))
        results = session.run(None, {"image": x})
        maps.append(classes_of(next(r for r in results if r.size >= HEIGHT * WIDTH), axis))
    model.graph.initializer.append(numpy_helper.from_array(np.stack(maps), "golden_classes"))
    if external:
        (OUT / f"{name}.data").unlink(missing_ok=True)
        onnx.save(model, OUT / f"{name}.onnx", save_as_external_data=True, location=f"{name}.data", size_threshold=0)
    else:
        onnx.save(model, OUT / f"{name}.onnx")
    shares = np.bincount(np.stack(maps).ravel(), minlength=CLASSES) / np.stack(maps).size
    print(f"{name:28} shares of classes {np.round(shares, 2)}")


def plain(name, change=lambda net, x: x, opset=17, end=lambda net, y: y, **options):
    """Features, `change` of them, scores, and what stands behind these."""
    net = Network()
    y = net.scores(change(net, net.features()))
    save(name, net, end(net, y), opset=opset, **options)


def files():
    plain("external-data", external=True)
    for name, kind in (("half-io", T.FLOAT16), ("half-inside", T.FLOAT)):
        net = Network(np.float16)
        x = "image" if kind == T.FLOAT16 else net.add("Cast", ["image"], to=T.FLOAT16)
        y = net.scores(net.features(x))
        save(name, net, y if kind == T.FLOAT16 else net.add("Cast", [y], to=T.FLOAT), kind=kind, out=kind)
    for opset, operation in ((9, "Upsample"), (10, "Resize")):
        net = Network()
        x = net.add("Clip", [net.features()], min=0.0, max=6.0)
        x = net.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        x = net.add("Pad", [x], pads=[0, 0, 0, 1, 0, 0, 0, -1])
        if opset == 9:
            x = net.add("Slice", [x], starts=[0], ends=[1000], axes=[2])
        y = net.add(operation, [net.scores(x), net.reals([1, 1, 2, 2])], mode="linear")
        save(f"opset-{opset}", net, y, opset=opset)
    inner = helper.make_function("local", "Scale", ["a"], ["b"], [
        helper.make_node("Constant", [], ["k"], value_float=0.5), helper.make_node("Mul", ["a", "k"], ["b"])],
        [helper.make_opsetid("", 17)])
    leaky = helper.make_node("LeakyRelu", ["h"], ["y"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=onnx.AttributeProto.FLOAT))
    outer = helper.make_function(
        "local", "Bend", ["x"], ["y"], [helper.make_node("Scale", ["x"], ["h"], domain="local"), leaky],
        [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)], ["slope"])
    plain("local-functions", lambda n, x: n.add("Bend", [n.conv(x, 8, 8)], domain="local", slope=0.3),
          functions=[inner, outer], domains=["local"])


def squeezed(net, y):
    """What PyTorch writes for y.squeeze(1)."""
    size = net.add("Gather", [net.add("Shape", [y]), net.constant(1, np.int64)], axis=0)
    condition = net.add("Equal", [size, net.constant(1, np.int64)])
    branches = [
        helper.make_graph([helper.make_node(*node)], name, [], [helper.make_tensor_value_info(name, T.FLOAT, None)])
        for name, node in (("then", ("Squeeze", [y], ["then"])), ("else", ("Identity", [y], ["else"])))]
    return net.add("If", [condition], then_branch=branches[0], else_branch=branches[1])


def layouts():
    plain("if-squeeze", end=squeezed)
    net = Network()
    y = net.scores(net.features(net.add("Transpose", ["image"], perm=[0, 3, 1, 2])))
    save("nhwc", net, net.add("Transpose", [y], perm=[0, 2, 3, 1]), shape=(1, HEIGHT, WIDTH, 3), axis=3)
    net = Network()
    x = net.normalised(net.add("Cast", ["image"], to=T.FLOAT), axis=3)
    x = net.add("Relu", [net.conv(net.add("Transpose", [x], perm=[0, 3, 1, 2]), 3, 8)])
    y = net.add("ArgMax", [net.scores(x)], axis=1, keepdims=0)
    save("nhwc-uint8-argmax", net, y, shape=(1, HEIGHT, WIDTH, 3), kind=T.UINT8, out=T.INT64)
    net = Network()
    x = net.add("Transpose", ["image"], perm=[0, 3, 1, 2])
    y = net.add("Transpose", [net.scores(net.features(x))], perm=[0, 2, 3, 1])
    y = net.add("ArgMax", [net.add("Softmax", [y], axis=-1)], axis=-1, keepdims=0)
    save("nhwc-softmax-argmax", net, y, shape=(1, HEIGHT, WIDTH, 3), out=T.INT64)


def tails():
    argmax = dict(axis=1, keepdims=1)
    plain("argmax", end=lambda n, y: n.add("ArgMax", [y], **argmax), out=T.INT64)
    plain("argmax-uint8", end=lambda n, y: n.add(
        "Cast", [n.add("ArgMax", [n.add("Softmax", [y], axis=1)], axis=1, keepdims=0)], to=T.UINT8), out=T.UINT8)
    plain("argmax-squeezed", end=lambda n, y: n.add("Squeeze", [n.add("ArgMax", [y], **argmax), n.ints(0, 1)]),
          out=T.INT64)
    plain("log-softmax", end=lambda n, y: n.add("LogSoftmax", [y], axis=1))
    plain("sigmoid-argmax", end=lambda n, y: n.add("ArgMax", [n.add("Sigmoid", [y])], **argmax), out=T.INT64)
    plain("top-1", end=lambda n, y: n.add("TopK", [y, n.ints(1)], outputs=2, axis=1)[1], out=T.INT64)
    net = Network()
    y = net.scores(net.features())
    top = net.add("ReduceMax", [y], axes=[1], keepdims=0)
    best = net.add("ArgMax", [y], axis=1, keepdims=0)
    save("max-and-argmax", net, best, out=T.INT64, more_outputs=[(top, T.FLOAT)])

    def resized(net, y):
        y = net.add("Resize", [y, "", net.reals([1, 1, 2, 2])], mode="linear",
                    coordinate_transformation_mode="half_pixel")
        return net.add("ArgMax", [y], **argmax)
    plain("resize-argmax", lambda n, x: n.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]), end=resized,
          out=T.INT64)


def shapes():
    """Batches left out, rows and columns in one axis, and other ways to say which class wins."""
    def flat(net, y):
        y = net.add("Reshape", [net.add("Transpose", [y], perm=[0, 2, 3, 1]), net.ints(1, -1, CLASSES)])
        return net.add("Softmax", [y], axis=-1)
    plain("flat-pixels", end=flat, axis=-1)
    plain("flat-argmax",
          end=lambda n, y: n.add("ArgMax", [n.add("Reshape", [y, n.ints(CLASSES, -1)])], axis=0, keepdims=0),
          out=T.INT64)
    net = Network()
    y = net.scores(net.features(net.add("Unsqueeze", ["image", net.ints(0)])))
    save("no-batch", net, net.add("Squeeze", [y, net.ints(0)]), shape=(3, HEIGHT, WIDTH), axis=0)
    net = Network()
    x = net.add("Transpose", [net.add("Cast", ["image"], to=T.FLOAT)], perm=[2, 0, 1])
    y = net.scores(net.features(net.add("Unsqueeze", [x, net.ints(0)])))
    y = net.add("Transpose", [net.add("Squeeze", [y, net.ints(0)])], perm=[1, 2, 0])
    save("no-batch-bytes", net, y, shape=(HEIGHT, WIDTH, 3), kind=T.UINT8, axis=-1)
    plain("argmin", end=lambda n, y: n.add("ArgMin", [n.add("Mul", [y, n.reals(-0.5)])], axis=1), out=T.INT64)
    plain("hardmax", end=lambda n, y: n.add("Hardmax", [y], axis=1))
    plain("top-3-first", end=lambda n, y: n.add("Slice", [
        n.add("TopK", [y, n.ints(3)], outputs=2, axis=1)[1], n.ints(0), n.ints(1), n.ints(1)]), out=T.INT64)
    plain("smallest", end=lambda n, y: n.add("TopK", [n.add("Neg", [y]), n.ints(1)], outputs=2, axis=1, largest=0)[1],
          out=T.INT64)


def roads():
    """One number a pixel: how much it is road. Files `road-...`."""
    def two(net, y):
        return net.add("Softmax", [net.add("Gather", [y, net.ints(1, 3)], axis=1)], axis=1)

    def crop(net, y):
        y = net.add("Pad", [y, net.ints(0, 0, 3, 1, 0, 0, 2, 4)])
        return net.add("Slice", [y, net.ints(3, 1), net.ints(3 + HEIGHT, 1 + WIDTH), net.ints(2, 3)])

    def road(net, y):
        return net.add("Sigmoid", [net.add("Sub", [net.add("Gather", [y, net.ints(3)], axis=1), net.reals(1.5)])])
    plain("road-of-two", end=lambda n, y: n.add("Gather", [two(n, y), n.constant(1, np.int64)], axis=1))
    plain("road-of-two-split", end=lambda n, y: n.add("Split", [two(n, y)], outputs=2, axis=1)[0])
    plain("road-of-two-above", out=T.UINT8, end=lambda n, y: n.add("Cast", [n.add("Greater", [
        n.add("Slice", [two(n, y), n.ints(1), n.ints(2), n.ints(1)]), n.reals(0.6)])], to=T.UINT8))
    plain("road-of-all", end=lambda n, y: n.add("Gather", [
        n.add("Softmax", [n.add("Mul", [y, n.reals(4)])], axis=1), n.constant(3, np.int64)], axis=1))

    def compared(net, y):
        left, right = net.add("Split", [net.add("Gather", [y, net.ints(1, 3)], axis=1)], outputs=2, axis=1)
        return net.add("LessOrEqual", [left, right])
    plain("road-compared", out=T.BOOL, end=compared)
    plain("road-clipped", end=lambda n, y: n.add("Clip", [road(n, y), n.reals(1e-6), n.reals(1 - 1e-6)]))
    plain("road-cropped", end=lambda n, y: crop(n, road(n, y)))
    plain("road-flat", end=lambda n, y: n.add("Reshape", [road(n, y), n.ints(1, -1)]))
    plain("road-of-two-networks", end=lambda n, y: n.add("Mul", [n.add("Add", [
        road(n, y), n.add("Sigmoid", [n.add("Gather", [y, n.ints(2)], axis=1)])]), n.reals(0.5)]))


def gathers():
    order = np.random.default_rng(5).permutation(8)
    plain("gather-scattered", lambda n, x: n.add("Gather", [x, n.constant(order - 8, np.int64)], axis=1))
    plain("gather-scalar", lambda n, x: n.add("Mul", [x, n.add("Unsqueeze", [
        n.add("Gather", [x, n.constant(3, np.int64)], axis=1), n.ints(1)])]))

    def paired(n, x):
        pairs = n.add("Gather", [x, n.constant(np.arange(WIDTH).reshape(2, -1).T, np.int64)], axis=3)
        return n.add("Reshape", [n.add("Transpose", [pairs], perm=[0, 1, 2, 4, 3]), n.ints(1, 8, HEIGHT, WIDTH)])
    plain("gather-pairs", paired)

    def four(n, x):
        means = n.add("Reshape", [n.add("GlobalAveragePool", [x]), n.ints(8)])
        pooled = n.add("Gather", [means, n.constant(np.arange(8)[::-1].reshape(1, 8, 1, 1), np.int64)], axis=0)
        return n.add("Mul", [x, pooled])
    plain("gather-four-axes", four)
    tuples = np.stack([np.zeros(8, np.int64), order], 1)
    plain("gather-tuples", lambda n, x: n.add("Unsqueeze", [n.add("GatherND", [x, n.constant(tuples)]), n.ints(0)]))


def constants():
    def resized(n, x):
        grid = n.reals(np.random.default_rng(2).normal(0, 0.3, (1, 4 * 6, 8)))
        grid = n.add("Transpose", [n.add("Reshape", [grid, n.ints(1, 4, 6, 8)])], perm=[0, 3, 1, 2])
        grid = n.add("Resize", [grid, "", "", n.ints(1, 8, HEIGHT, WIDTH)], mode="cubic",
                     coordinate_transformation_mode="half_pixel")
        return n.add("Add", [x, grid])
    plain("constant-resize", resized)

    def masked(n, x):
        row = n.add("Range", [n.constant(0, np.int64), n.constant(WIDTH, np.int64), n.constant(1, np.int64)])
        right = n.add("GreaterOrEqual", [row, n.constant(WIDTH // 2, np.int64)])
        middle = n.add("And", [right, n.add("Not", [n.add("Less", [n.constant(40, np.int64), row])])])
        mask = n.add("Where", [middle, n.reals(-0.5), n.reals(0.75)])
        return n.add("Add", [x, mask])
    plain("constant-mask", masked)

    def padded(n, x):
        size = n.add("Cast", [n.add("Gather", [n.add("Shape", [x]), n.constant(2, np.int64)], axis=0)], to=T.FLOAT)
        steps = n.add("Ceil", [n.add("Div", [size, n.reals(2)])])
        reach = n.add("Mul", [n.add("Sub", [steps, n.reals(1)]), n.reals(2)])
        reach = n.add("Sub", [n.add("Add", [reach, n.reals(3)]), size])
        pad = n.add("Unsqueeze", [n.add("Cast", [n.add("Clip", [reach, n.reals(0)])], to=T.INT64), n.ints(0)])
        zero = n.ints(0)
        pads = n.add("Concat", [zero, zero, zero, zero, zero, zero, pad, pad], axis=0)
        x = n.add("Pad", [x, pads])
        w = n.reals(n.rng.normal(0, 0.2, (8, 8, 3, 3)))
        x = n.add("Conv", [x, w], kernel_shape=[3, 3], strides=[2, 2])
        return n.add("Resize", [x, "", "", n.ints(1, 8, HEIGHT, WIDTH)], mode="nearest")
    plain("constant-pads", padded)


def operators():
    plain("concat-empty", lambda n, x: n.add("Concat", [x, n.reals(np.zeros((1, 0, HEIGHT, WIDTH)))], axis=1))
    plain("greater-where",
          lambda n, x: n.add("Where", [n.add("Greater", [x, n.reals(0.4)]), x, n.add("Mul", [x, n.reals(0.1)])]))

    def chosen(n, x):
        other = n.conv(x, 8, 8)
        both = n.add("And", [n.add("LessOrEqual", [x, other]), n.add("Not", [n.add("Less", [other, n.reals(0.2)])])])
        return n.add("Where", [both, other, x])
    plain("less-and-where", chosen)
    plain("shrink-swish", lambda n, x: n.add("Shrink", [n.conv(x, 8, 8)], bias=0.1, lambd=0.2))
    plain("layer-norm-outputs", lambda n, x: n.add("Transpose", [n.add("LayerNormalization", [
        n.add("Transpose", [x], perm=[0, 2, 3, 1]), n.reals(np.ones(8)), n.reals(np.zeros(8))], outputs=3, axis=-1)[0]],
        perm=[0, 3, 1, 2]))
    plain("matmul-vector", lambda n, x: n.add("Add", [x, n.add("Unsqueeze", [
        n.add("MatMul", [x, n.reals(np.full(WIDTH, 0.5 / WIDTH))]), n.ints(3)])]))
    for operation in ("MaxPool", "AveragePool"):
        plain(f"line-{operation.lower()}", lambda n, x: n.add("Reshape", [n.add(operation, [
            n.add("Reshape", [x, n.ints(1, 8, HEIGHT * WIDTH)])], kernel_shape=[3], pads=[1, 1], strides=[1]),
            n.ints(1, 8, HEIGHT, WIDTH)]))

    def transposed(n, x):
        x = n.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        # The taps reach 31 x 47.
        return n.add(
            "ConvTranspose", [x, n.reals(n.rng.normal(0, 0.4, (8, 8, 1, 1))), n.reals(n.rng.normal(0, 0.4, 8))],
            strides=[2, 2], kernel_shape=[1, 1], output_shape=[HEIGHT, WIDTH])
    plain("transposed-output-shape", transposed)
    plain("space-depth",
          lambda n, x: n.add("DepthToSpace", [n.add("SpaceToDepth", [x], blocksize=2)], blocksize=2, mode="CRD"))


def attentions():
    length = HEIGHT // 4 * (WIDTH // 4)

    def added(net, x, read):
        """What attention over the picture at a quarter of its size says, added to it."""
        small = net.add("AveragePool", [x], kernel_shape=[4, 4], strides=[4, 4])
        flat = net.add("Reshape", [small, net.ints(1, 8, length)])
        y = net.add("Reshape", [read(flat), net.ints(1, 8, HEIGHT // 4, WIDTH // 4)])
        return net.add("Add", [x, net.add("Resize", [y, "", net.reals([1, 1, 4, 4])], mode="nearest")])

    def projected(net, rows, width, spread=1.0):
        return net.add("MatMul", [rows, net.reals(net.rng.normal(0, spread, (8, width)))])

    def lines(net, flat):
        rows = net.add("Transpose", [flat], perm=[0, 2, 1])
        q, k, v = (projected(net, rows, 8) for _ in range(3))
        y = net.add("Attention", [q, k, v], q_num_heads=2, kv_num_heads=2)
        return net.add("Transpose", [y], perm=[0, 2, 1])
    plain("attention", lambda n, x: added(n, x, lambda flat: lines(n, flat)), opset=23)

    def grouped(net, flat):
        """Four heads of queries on two of keys, scores below 5, a constant for each pair of positions."""
        rows = net.add("Transpose", [flat], perm=[0, 2, 1])
        q, k, v = (
            net.add("Transpose", [net.add("Reshape", [projected(net, rows, heads * 2), net.ints(1, length, heads, 2)])],
                    perm=[0, 2, 1, 3]) for heads in (4, 2, 2))
        near = np.abs(np.arange(length)[:, None] - np.arange(length)[None]) / -20
        y = net.add("Attention", [q, k, v, net.reals(near)], scale=0.9, softcap=5.0)
        return net.add("Reshape", [net.add("Transpose", [y], perm=[0, 1, 3, 2]), net.ints(1, 8, length)])
    plain("attention-groups", lambda n, x: added(n, x, lambda flat: grouped(n, flat)), opset=23)


def quantized():
    """A convolution's weights as TensorFlow keeps them, height x width x in x out, or flat,
    turned behind DequantizeLinear."""
    for form in ("turned", "flat"):
        net = Network()

        def pair(x, scale, zero):
            s, z = net.reals(scale), net.constant(zero, np.uint8)
            return net.add("DequantizeLinear", [net.add("QuantizeLinear", [x, s, z]), s, z])

        def conv(x, cin, cout, kernel):
            w = net.rng.normal(0, 1.3 / np.sqrt(cin * kernel * kernel), (cout, cin, kernel, kernel))
            s = (np.abs(w).max((1, 2, 3)) / 127).astype(np.float32)
            q = np.rint(w / s[:, None, None, None]).astype(np.int8)
            z = net.constant(np.zeros(cout), np.int8)
            if form == "turned":
                w = net.add("DequantizeLinear", [net.constant(q.transpose(2, 3, 1, 0)), net.reals(s), z], axis=3)
                w = net.add("Transpose", [w], perm=[3, 2, 0, 1])
            else:
                w = net.add("DequantizeLinear", [net.constant(q.reshape(cout, -1)), net.reals(s), z], axis=0)
                w = net.add("Reshape", [w, net.ints(*q.shape)])
            return net.add("Conv", [x, w, net.reals(net.rng.normal(0, 0.2, cout))], kernel_shape=[kernel] * 2,
                           pads=[kernel // 2] * 4)
        x = pair(net.add("Relu", [conv(pair(net.normalised("image"), 0.02, 118), 3, 8, 3)]), 0.02, 0)
        save(f"quantized-{form}", net, pair(conv(x, 8, CLASSES, 1), 0.04, 128))


class Pictures(CalibrationDataReader):
    def __init__(self):
        self.left = [{"image": picture.transpose(2, 0, 1)[None].astype(np.float32)} for picture in PICTURES]

    def get_next(self):
        return self.left.pop() if self.left else None


def many_operators(net, x):
    """What ONNX Runtime's quantizer has operators on integers for."""
    y = net.add("LeakyRelu", [net.conv(x, 8, 8)], alpha=0.1)
    x = net.add("Add", [x, y])
    gate = net.add("Sigmoid", [net.conv(net.add("GlobalAveragePool", [x]), 8, 8, 1)])
    x = net.add("Mul", [x, gate])
    small = net.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    rows = net.add("Transpose", [net.add("Reshape", [small, net.ints(1, 8, -1)])], perm=[0, 2, 1])
    rows = net.add("MatMul", [rows, net.reals(net.rng.normal(0, 0.4, (8, 8)))])
    small = net.add("Reshape", [net.add("Transpose", [rows], perm=[0, 2, 1]), net.ints(1, 8, HEIGHT // 2, WIDTH // 2)])
    large = net.add("Resize", [small, "", net.reals([1, 1, 2, 2])], mode="nearest")
    return net.conv(net.add("Concat", [x, large], axis=1), 16, 8)


def left_float(net, x):
    """A product that ONNX Runtime's quantizer does not know: its weights stay floats."""
    x = net.add("Sub", [x, net.add("GlobalAveragePool", [x])])
    return net.add("Einsum", [x, net.reals(net.rng.normal(0, 0.4, (8, 8)))], equation="bchw,dc->bdhw")


def fine_operators(net, x):
    """What would show 8 bits where a file has 16:
    attention, norms, padding, moves, a cubic resize, sums left in floats."""
    tokens = net.add("Transpose", [net.add("Reshape", [net.add("MaxPool", [x], kernel_shape=[4, 4], strides=[4, 4]),
                                                       net.ints(1, 8, -1)])], perm=[0, 2, 1])
    normed = net.add(
        "LayerNormalization", [tokens, net.reals(np.linspace(0.5, 1.5, 8)), net.reals(np.linspace(-0.4, 0.4, 8))])
    likeness = net.add("MatMul", [normed, net.add("Transpose", [tokens], perm=[0, 2, 1])])
    mixed = net.add("MatMul", [net.add("Softmax", [likeness], axis=-1), tokens])
    small = net.add("Reshape", [net.add("Transpose", [mixed], perm=[0, 2, 1]), net.ints(1, 8, HEIGHT // 4, WIDTH // 4)])
    large = net.add("Resize", [small, "", "", net.ints(1, 8, HEIGHT, WIDTH)], mode="cubic")
    x = net.add("Sum", [x, large, net.add("Tanh", [x])])
    x = net.add("Pad", [x, net.ints(0, 0, 1, 2, 0, 0, 1, 0)], mode="reflect")
    x = net.add("Slice", [x, net.ints(1, 1), net.ints(1 + HEIGHT, 1 + WIDTH), net.ints(2, 3)])
    x = net.add("DepthToSpace", [net.add("SpaceToDepth", [x], blocksize=2)], blocksize=2, mode="CRD")
    norm = net.add(
        "InstanceNormalization", [x, net.reals(np.linspace(0.5, 1.5, 8)), net.reals(np.linspace(-0.4, 0.4, 8))])
    return net.conv(net.add("Pad", [norm, net.ints(0, 0, 1, 1, 0, 0, -1, -1), net.reals(0.3)]), 8, 8)


def floats_between(net, x):
    """Where only convolutions are quantized: an attention, its norm and a distance in floats between them."""
    x = net.conv(x, 8, 8)
    tokens = net.add("Transpose", [net.add("Reshape", [net.add("MaxPool", [x], kernel_shape=[4, 4], strides=[4, 4]),
                                                       net.ints(1, 8, -1)])], perm=[0, 2, 1])
    normed = net.add(
        "LayerNormalization", [tokens, net.reals(np.linspace(0.5, 1.5, 8)), net.reals(np.linspace(-0.4, 0.4, 8))])
    query = net.add("MatMul", [normed, net.reals(net.rng.normal(0, 0.3, (8, 8)))])
    likeness = net.add("MatMul", [query, net.add("Transpose", [normed], perm=[0, 2, 1])])
    mixed = net.add("MatMul", [net.add("Softmax", [likeness], axis=-1), tokens])
    small = net.add("Reshape", [net.add("Transpose", [mixed], perm=[0, 2, 1]), net.ints(1, 8, HEIGHT // 4, WIDTH // 4)])
    large = net.add("Resize", [small, "", "", net.ints(1, 8, HEIGHT, WIDTH)], mode="nearest")
    length = net.add("Add", [net.add("ReduceL2", [x], axes=[1], keepdims=1), net.reals(0.5)])
    return net.conv(net.add("Add", [large, net.add("Mul", [x, length])]), 8, 8)


def padded(net, x):
    """A border of a number, which operators on integers name as an integer."""
    return net.conv(net.add("Pad", [x, net.ints(0, 0, 4, 6, 0, 0, -4, -6), net.reals(1.5)]), 8, 8)


def elsewhere():
    """One network quantized by ONNX Runtime: operators on integers, activations of 16 bits, a product left in floats;
    and as Brevitas clips to few bits."""
    forms = {
        "operators": (many_operators, dict(quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8)),
        "operators-s8": (many_operators, dict(quant_format=QuantFormat.QOperator, activation_type=QuantType.QInt8)),
        "u16": (many_operators, dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt16)),
        "s16": (many_operators, dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QInt16)),
        "u16-fine": (fine_operators, dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt16)),
        "operators-pad": (padded, dict(quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8)),
        "convolutions": (floats_between, dict(
            quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, op_types_to_quantize=["Conv"])),
        "not-first": (left_float, dict(
            quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, nodes_to_exclude=["n2"])),
        "w16": (left_float, dict(
            quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt16, weight_type=QuantType.QInt16)),
        "left-float": (left_float, dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8)),
    }
    for form, (middle, options) in forms.items():
        net = Network()
        y = net.scores(middle(net, net.features()))
        if form == "u16-fine":
            y = net.add("Sub", [y, net.reals(np.linspace(-0.2, 0.2, CLASSES).reshape(1, -1, 1, 1))])
        with tempfile.TemporaryDirectory() as folder:
            plain, prepared, path = (f"{folder}/{part}.onnx" for part in ("plain", "prepared", "quantized"))
            onnx.save(model_of("plain", net, y, opset=17 if form == "convolutions" else 21), plain)
            quant_pre_process(plain, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared, path, Pictures(), **(dict(weight_type=QuantType.QInt8, per_channel=True) | options))
            finish(f"quantized-{form}", onnx.load(path), (1, 3, HEIGHT, WIDTH), T.FLOAT)
    net = Network()

    def few(x, scale, zero, low, high):
        s, z = net.reals(scale), net.constant(zero, np.uint8)
        q = net.add("QuantizeLinear", [x, s, z])
        q = net.add("Clip", [q, net.constant(low, np.uint8), net.constant(high, np.uint8)])
        return net.add("DequantizeLinear", [q, s, z])

    def conv(x, cin, cout, kernel):
        w = net.rng.normal(0, 1.3 / np.sqrt(cin * kernel * kernel), (cout, cin, kernel, kernel))
        s = net.reals(np.abs(w).max() / 7)
        q = net.add("QuantizeLinear", [net.reals(w), s, net.constant(0, np.int8)])
        q = net.add("Clip", [q, net.constant(-7, np.int8), net.constant(7, np.int8)])
        w = net.add("DequantizeLinear", [q, s, net.constant(0, np.int8)])
        return net.add("Conv", [x, w, net.reals(net.rng.normal(0, 0.2, cout))], kernel_shape=[kernel] * 2,
                       pads=[kernel // 2] * 4)
    x = few(net.add("Relu", [conv(few(net.normalised("image"), 0.02, 118, 0, 255), 3, 8, 3)]), 0.15, 0, 0, 15)
    save("quantized-clipped", net, few(conv(x, 8, CLASSES, 1), 0.04, 128, 0, 255))


OUT.mkdir(exist_ok=True)
for group in (files, layouts, tails, shapes, roads, gathers, constants, operators, attentions, quantized, elsewhere):
    group()
