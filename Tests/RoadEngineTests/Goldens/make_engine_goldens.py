"""Makes the goldens of the engine tests: small networks quantized by ONNX Runtime's own quantizer, and what ONNX
Runtime computes with them.

    python3 -m venv venv && venv/bin/pip install onnx onnxruntime numpy
    venv/bin/python make_engine_goldens.py

For each case: CASE.onnx (QDQ), the line of inputs.tsv (see golden_inputs.py),
CASE.expected (the bytes of the quantized output, HWC).
"""
import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

import golden_inputs

HERE = os.path.dirname(os.path.abspath(__file__))


class Network:
    """A float network of 3xHxW pixels 0...255, built node by node; every weight is random but fixed."""

    def __init__(self, height, width, seed):
        self.random = np.random.default_rng(seed)
        self.size = (height, width)
        self.nodes, self.initializers = [], []
        self.channels = {}
        mean = np.array([123.7, 116.3, 103.5], np.float32).reshape(1, 3, 1, 1)
        std = np.array([58.4, 57.1, 57.4], np.float32).reshape(1, 3, 1, 1)
        centred = self.add("Sub", ["image", self.constant("mean", mean)], 3)
        self.last = self.add("Div", [centred, self.constant("std", std)], 3)

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def add(self, operation, inputs, channels, **attributes):
        name = f"{operation.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name + "_out"], name=name, **attributes))
        self.channels[name + "_out"] = channels
        self.last = name + "_out"
        return self.last

    def conv(self, source, outputs, kernel=(1, 1), group=1, bias=True, **attributes):
        inputs = self.channels[source] // group
        scale = 1.4 / np.sqrt(inputs * kernel[0] * kernel[1])
        shape = (outputs, inputs, *kernel)
        spread = self.random.uniform(0.3, 1.5, (outputs, 1, 1, 1))
        weights = (self.random.normal(0, scale, shape) * spread).astype(np.float32)
        name = f"w{len(self.nodes)}"
        operands = [source, self.constant(name, weights)]
        if bias:
            operands.append(self.constant(name + "b", self.random.normal(0, 0.4, outputs).astype(np.float32)))
        attributes.setdefault("pads", [kernel[0] // 2, kernel[1] // 2, kernel[0] // 2, kernel[1] // 2])
        if "auto_pad" in attributes:
            del attributes["pads"]
        return self.add("Conv", operands, outputs, group=group, kernel_shape=list(kernel), **attributes)

    def relu(self, source):
        return self.add("Relu", [source], self.channels[source])

    def clip(self, source, low, high):
        bounds = [self.constant(f"c{len(self.nodes)}{k}", np.array(v, np.float32)) for k, v in enumerate((low, high))]
        return self.add("Clip", [source, *bounds], self.channels[source])

    def resize(self, source, size=None, scales=None, **attributes):
        operands = [source, "", "", ""]
        if size:
            shape = np.array([1, self.channels[source], *size], np.int64)
            operands[3] = self.constant(f"s{len(self.nodes)}", shape)
        else:
            operands[2] = self.constant(f"s{len(self.nodes)}", np.array([1, 1, *scales], np.float32))
            operands = operands[:3]
        return self.add("Resize", operands, self.channels[source], **attributes)

    def model(self, output):
        self.nodes[-1].output[0] = output
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, *self.size])
        scores = helper.make_tensor_value_info(output, TensorProto.FLOAT, None)
        graph = helper.make_graph(self.nodes, "golden", [image], [scores], self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        return onnx.shape_inference.infer_shapes(model)


class Pictures(CalibrationDataReader):
    def __init__(self, pictures):
        self.left = [{"image": picture} for picture in pictures]

    def get_next(self):
        return self.left.pop() if self.left else None


def pictures(height, width, seed, count):
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (count, 3, height // 4 + 2, width // 4 + 2))
    fine = coarse.repeat(4, 2).repeat(4, 3)[:, :, :height, :width] + random.normal(0, 25, (count, 3, height, width))
    return [p[None] for p in fine.clip(0, 255).round().astype(np.float32)]


def quantize_by_hand(network, target):
    """Quantize-dequantize around the one operator that the quantizer leaves alone
    when nothing before it is quantized."""
    model = network.model("scores")
    graph = model.graph
    scale = numpy_helper.from_array(np.array(0.021, np.float32), "scale")
    zero = numpy_helper.from_array(np.array(117, np.uint8), "zero")
    graph.initializer.extend([scale, zero])
    operator = graph.node.pop()
    graph.node.extend([
        helper.make_node("QuantizeLinear", [operator.input[0], "scale", "zero"], ["in_q"], name="quantize_in"),
        helper.make_node("DequantizeLinear", ["in_q", "scale", "zero"], ["in_dq"], name="dequantize_in"),
    ])
    operator.input[0] = "in_dq"
    operator.output[0] = "out"
    graph.node.extend([
        operator,
        helper.make_node("QuantizeLinear", ["out", "scale", "zero"], ["out_q"], name="quantize_out"),
        helper.make_node("DequantizeLinear", ["out_q", "scale", "zero"], ["scores"], name="dequantize_out"),
    ])
    onnx.save(model, target)


def make(case, network, activations=QuantType.QUInt8, per_channel=True):
    height, width = network.size
    with tempfile.TemporaryDirectory() as folder:
        plain = os.path.join(folder, "float.onnx")
        onnx.save(network.model("scores"), plain)
        target = os.path.join(HERE, case + ".onnx")
        if case.startswith(("resize", "table")):
            quantize_by_hand(network, target)
        else:
            quantize_static(
                plain, target, Pictures(pictures(height, width, 1, 6)), quant_format=QuantFormat.QDQ,
                activation_type=activations, weight_type=QuantType.QInt8, per_channel=per_channel,
                nodes_to_exclude=["sub0", "div1"])
    model = onnx.load(target)
    for key in ("doc_string", "producer_version"):
        model.ClearField(key)
    last = [node for node in model.graph.node if node.output[0] == "scores"][0]
    del model.graph.value_info[:]
    onnx.save(model, target)

    # The bytes of the output: what its QuantizeLinear gives.
    probe = onnx.load(target)
    kind = TensorProto.UINT8 if activations == QuantType.QUInt8 else TensorProto.INT8
    probe.graph.output.append(helper.make_tensor_value_info(last.input[0], kind, None))
    options = ort.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")  # without VNNI sums of bytes saturate otherwise
    session = ort.InferenceSession(probe.SerializeToString(), options, providers=["CPUExecutionProvider"])
    picture = pictures(height, width, 2, 1)[0]
    result = session.run([last.input[0]], {"image": picture})[0]
    if activations != QuantType.QUInt8:
        result = result.view(np.uint8) ^ 0x80
    golden_inputs.store(os.path.join(HERE, case), picture.astype(np.uint8)[0].transpose(1, 2, 0).tobytes())
    result[0].transpose(1, 2, 0).tofile(os.path.join(HERE, case + ".expected"))
    print(case, result.shape, len(np.unique(result)), "levels,", os.path.getsize(target), "bytes")


def single(build, height=13, width=17, seed=7, **options):
    """Normalisation and one operator."""
    network = Network(height, width, seed)
    build(network, network.last)
    return network, options


def whole(height, width, seed):
    """Two branches, inverted residuals, dilation, resizes: a small ContextNet."""
    n = Network(height, width, seed)
    image = n.last
    shallow = n.relu(n.conv(image, 16, (3, 3), strides=[2, 2]))
    shallow = n.relu(n.conv(shallow, 16, (3, 3), group=16, strides=[2, 2]))
    shallow = n.relu(n.conv(shallow, 24))
    rows, columns = (height + 3) // 4, (width + 3) // 4
    small = n.resize(image, size=((height + 1) // 2, (width + 1) // 2), mode="linear",
                     coordinate_transformation_mode="half_pixel")
    x = n.relu(n.conv(small, 16, (3, 3), strides=[2, 2]))
    y = n.relu(n.conv(x, 48))
    y = n.relu(n.conv(y, 48, (3, 3), group=48))
    x = n.add("Add", [x, n.conv(y, 16)], 16)
    y = n.clip(n.conv(x, 40), 0, 6)
    y = n.relu(n.conv(y, 40, (3, 3), group=40, strides=[2, 2]))
    x = n.conv(y, 24)
    x = n.resize(x, size=(rows, columns), mode="linear", coordinate_transformation_mode="half_pixel")
    x = n.relu(n.conv(x, 24, (3, 3), group=24, dilations=[4, 4], pads=[4, 4, 4, 4]))
    x = n.relu(n.add("Add", [n.conv(x, 24), n.conv(shallow, 24)], 24))
    x = n.relu(n.conv(x, 24, (3, 3), group=24))
    n.conv(x, 7)
    return n


def main():
    cases = {
        "conv3x3-stride2": single(lambda n, x: n.relu(n.conv(x, 20, (3, 3), strides=[2, 2]))),
        "conv5x3-dilated": single(lambda n, x: n.conv(x, 5, (5, 3), dilations=[2, 3], pads=[1, 3, 4, 2])),
        "conv-same-lower": single(lambda n, x: n.conv(x, 6, (4, 4), strides=[3, 2], auto_pad="SAME_LOWER")),
        "conv1x1-clip": single(lambda n, x: n.clip(n.conv(x, 33, bias=False), -0.5, 1.5)),
        "depthwise-stride2": single(lambda n, x: n.conv(x, 3, (3, 3), group=3, strides=[2, 2])),
        "grouped": single(lambda n, x: n.conv(x, 12, (3, 3), group=3)),
        "add": single(lambda n, x: n.relu(n.add("Add", [n.conv(x, 18), n.conv(x, 18, (3, 3))], 18))),
        "resize-half-pixel": single(lambda n, x: n.resize(
            x, size=(20, 41), mode="linear", coordinate_transformation_mode="half_pixel")),
        "resize-align-corners": single(lambda n, x: n.resize(
            x, size=(26, 29), mode="linear", coordinate_transformation_mode="align_corners")),
        "resize-asymmetric": single(lambda n, x: n.resize(
            x, scales=(2.0, 3.0), mode="linear", coordinate_transformation_mode="asymmetric")),
        "resize-nearest": single(lambda n, x: n.resize(
            x, scales=(2.0, 2.0), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")),
        "table-per-channel": single(lambda n, x: n.add("Mul", [x, n.constant(
            "factors", np.array([0.4, -1.3, 2.2], np.float32).reshape(1, 3, 1, 1))], 3)),
        "whole-uint8": (whole(45, 63, 3), {}),
        "whole-int8": (whole(46, 61, 4), {"activations": QuantType.QInt8}),
        "whole-per-tensor": (whole(45, 63, 5), {"per_channel": False}),
    }
    chosen = sys.argv[1:] or list(cases)
    for case in chosen:
        network, options = cases[case]
        make(case, network, **options)


main()
