"""Makes the goldens of layers that read or write 16 bits:
QDQ graphs, and the integers that ONNX Runtime computes with them.

    venv/bin/python make_wide_goldens.py [CASE ...]

For each case: wide/CASE.onnx, the line of inputs.tsv (see golden_inputs.py), CASE.expected (the integers of the last
QuantizeLinear as int16, HWC; uint16 less 2^15). Operator set 17 has 16 bits in the domain com.microsoft, 21 in the
standard one.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper

import golden_inputs
import make_operator_goldens as operators

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wide")
CASES = {}


class Graph(operators.Graph):
    def __init__(self, kind=np.uint16, **options):
        super().__init__(opset=21 if kind == np.int16 else 17, **options)
        self.kind = kind

    def model(self, outputs):
        model = super().model(outputs)
        if self.opset < 21:
            model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
        return model

    def widen(self, name, low=None, high=None):
        """A 16-bit pair behind a value, over the range that it has."""
        value = self.evaluate(name)[0]
        low = min(float(value.min()) if low is None else low, 0)
        high = max(float(value.max()) if high is None else high, 0)
        scale = max((high - low) / 65535, 1e-6)
        zero = int(np.clip(round(-low / scale), 0, 65535)) - (32768 if self.kind == np.int16 else 0)
        operands = [self.constant(scale), self.constant(zero, self.kind)]
        domain = {} if self.opset >= 21 else {"domain": "com.microsoft"}
        self.bytes = self.add("QuantizeLinear", [name, *operands], **domain)
        return self.add("DequantizeLinear", [self.bytes, *operands], **domain)

    def words(self, channels, flip=0):
        """Words that fill their range: a convolution of the fan with weights of many bits."""
        fan = self.fan(channels, flip)
        return self.widen(self.add("Conv", [fan, self.weights((channels, channels, 1, 1))]))

    def finish(self, name, bits=16):
        result = self.widen(name) if bits == 16 else self.quantize(name)
        value = self.evaluate(self.bytes)[0]
        model = self.model([helper.make_tensor_value_info(result, TensorProto.FLOAT, list(value.shape))])
        onnx.checker.check_model(model)
        if value.dtype == np.uint16:
            value = value.astype(np.int32) - 32768
        return model, self.image, value[0].transpose(1, 2, 0).astype(np.int16)


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


def convolution(bits=16, kind=np.uint16, channels=10, outputs=9, shape=(3, 3), relu=False, **attributes):
    g = Graph(kind)
    x = g.words(channels)
    groups = attributes.get("group", 1)
    bias = g.constant(g.random.normal(0, 1, outputs))
    y = g.add("Conv", [x, g.weights((outputs, channels // groups, *shape)), bias], **attributes)
    return g.finish(g.add("Relu", [y]) if relu else y, bits)


@case
def conv():
    return convolution(pads=[1, 1, 1, 1], relu=True)


@case
def conv_to_bytes():
    return convolution(bits=8, pads=[2, 1, 0, 1], strides=[2, 1])


@case
def conv_int16():
    return convolution(kind=np.int16, pads=[2, 2, 2, 2], dilations=[2, 2])


@case
def conv_many_channels():
    return convolution(channels=300, outputs=5, shape=(1, 1))


@case
def conv_depthwise():
    return convolution(channels=18, outputs=18, group=18, pads=[1, 1, 1, 1])


@case
def conv_groups():
    return convolution(channels=12, outputs=8, group=4, pads=[1, 1, 1, 1], strides=[2, 2])


@case
def conv_from_bytes():
    g = Graph()
    return g.finish(g.add("Conv", [g.fan(11), g.weights((7, 11, 3, 3))], pads=[1, 1, 1, 1]))


@case
def conv_of_transposed():
    g = Graph()
    x = g.add("Transpose", [g.words(6)], perm=[0, 1, 3, 2])
    return g.finish(g.add("Conv", [x, g.weights((5, 6, 3, 1))], pads=[1, 0, 1, 0]))


@case
def conv_transposed():
    g = Graph()
    x = g.words(6)
    y = g.add("ConvTranspose", [x, g.weights((6, 5, 3, 3), axis=1)], strides=[2, 2], pads=[1, 1, 0, 0])
    return g.finish(y)


@case
def picture():
    g = Graph()
    shifted = g.add("Sub", ["image", g.constant(np.array([120, 110, 100]).reshape(1, 3, 1, 1))])
    x = g.widen(g.add("Div", [shifted, g.constant(np.array([58, 57, 61]).reshape(1, 3, 1, 1))]))
    return g.finish(g.add("Conv", [x, g.weights((8, 3, 3, 3))], strides=[2, 2]), bits=8)


def pair(operation, left, right, bits):
    g = Graph()
    operands = [g.words(9, k) if wide else g.fan(9, k) for k, wide in enumerate((left, right))]
    return g.finish(g.add(operation, operands), bits)


@case
def add():
    return pair("Add", True, True, 16)


@case
def add_bytes():
    return pair("Add", False, True, 16)


@case
def add_from_bytes():
    return pair("Add", False, False, 16)


@case
def subtract_to_bytes():
    return pair("Sub", False, True, 8)


def concatenation(axis, bits=16):
    g = Graph()
    return g.finish(g.add("Concat", [g.words(5), g.fan(5, 1), g.words(5, 2)], axis=axis), bits)


@case
def concat_channels():
    return concatenation(1)


@case
def concat_rows():
    return concatenation(2)


@case
def concat_columns_to_bytes():
    return concatenation(3, 8)


@case
def resize_linear():
    g = Graph()
    scales = g.constant([1, 1, 2.5, 1.5])
    y = g.add("Resize", [g.words(5), "", scales], mode="linear", coordinate_transformation_mode="align_corners")
    return g.finish(y)


@case
def resize_nearest():
    g = Graph()
    scales = g.constant([1, 1, 2, 2])
    y = g.add(
        "Resize", [g.words(5), "", scales], mode="nearest", coordinate_transformation_mode="asymmetric",
        nearest_mode="floor")
    return g.finish(y)


@case
def pools():
    g = Graph(size=(12, 16))
    y, taps = g.add("MaxPool", [g.words(7)], 2, kernel_shape=[2, 2], strides=[2, 2])
    y = g.widen(g.add("Conv", [g.widen(y), g.weights((7, 7, 1, 1))]))
    shape = g.constant([1, 7, 12, 16], np.int64)
    return g.finish(g.add("MaxUnpool", [y, taps, shape], kernel_shape=[2, 2], strides=[2, 2]))


@case
def average_pool():
    g = Graph()
    y = g.add("AveragePool", [g.words(7)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    return g.finish(y)


@case
def global_average():
    g = Graph()
    return g.finish(g.add("GlobalAveragePool", [g.words(7)]))


@case
def functions():
    g = Graph()
    return g.finish(g.add("Tanh", [g.add("LeakyRelu", [g.words(7)], alpha=0.3)]))


def main():
    os.makedirs(HERE, exist_ok=True)
    for name in sys.argv[1:] or sorted(CASES):
        model, image, expected = CASES[name]()
        path = os.path.join(HERE, name)
        onnx.save(model, path + ".onnx")
        golden_inputs.store(path, image.tobytes())
        np.ascontiguousarray(expected).astype("<i2").tofile(path + ".expected")
        print(name, expected.shape, len(np.unique(expected)))


if __name__ == "__main__":
    main()
