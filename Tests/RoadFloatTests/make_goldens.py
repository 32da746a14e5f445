"""Writes Goldens/*.onnx: one small graph a file, with an input and what ONNX Runtime computes from it.

    pip install onnx onnxruntime numpy && python make_goldens.py

Input and expected output lie in the file itself, as the unused initializers `golden_input` and `golden_output`.
"""
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent / "Goldens"
RNG = np.random.default_rng(7)


def random(*shape):
    return RNG.normal(0, 1, shape).astype(np.float32)


def write(name, nodes, shape, constants=(), opset=17):
    constants = [numpy_helper.from_array(np.asarray(v), k) for k, v in dict(constants).items()]
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    x = random(*shape)
    y = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
    model.graph.initializer.append(numpy_helper.from_array(x, "golden_input"))
    model.graph.initializer.append(numpy_helper.from_array(y.astype(np.float32), "golden_output"))
    onnx.save(model, HERE / f"{name}.onnx")


def node(operation, inputs, outputs=("y",), **attributes):
    return helper.make_node(operation, inputs, list(outputs), name=f"{operation.lower()}-{outputs[0]}", **attributes)


def convolutions():
    cases = {
        "plain": (3, 5, 1, (3, 3), dict(pads=[1, 1, 1, 1])),
        "stride": (3, 8, 1, (3, 3), dict(pads=[1, 1, 1, 1], strides=[2, 2])),
        "pointwise": (9, 7, 1, (1, 1), {}),
        "asymmetric": (2, 4, 1, (3, 5), dict(pads=[0, 1, 2, 3], strides=[1, 2])),
        "dilated": (4, 3, 1, (3, 3), dict(pads=[4, 2, 4, 2], dilations=[4, 2])),
        "depthwise": (6, 6, 6, (3, 3), dict(pads=[1, 1, 1, 1], strides=[2, 2])),
        "grouped": (6, 9, 3, (3, 3), dict(pads=[1, 1, 1, 1])),
        "same-upper": (2, 3, 1, (4, 3), dict(auto_pad="SAME_UPPER", strides=[2, 2])),
    }
    for name, (cin, cout, group, kernel, attributes) in cases.items():
        write(f"conv-{name}", [node("Conv", ["x", "w", "b"], group=group, kernel_shape=kernel, **attributes)],
              (1, cin, 9, 13), {"w": random(cout, cin // group, *kernel), "b": random(cout)})
    write("conv-transpose", [node("ConvTranspose", ["x", "w"], kernel_shape=[4, 4], strides=[2, 2], pads=[1, 1, 1, 1])],
          (1, 3, 5, 7), {"w": random(3, 4, 4, 4)})
    write("conv-transpose-uneven",
          [node("ConvTranspose", ["x", "w", "b"], group=2, kernel_shape=[3, 2], strides=[3, 2], pads=[0, 1, 1, 0],
                dilations=[2, 1], output_padding=[1, 1])],
          (1, 4, 5, 6), {"w": random(4, 3, 3, 2), "b": random(6)})


def pools():
    write("max-pool", [node("MaxPool", ["x"], kernel_shape=[2, 2], strides=[2, 2])], (1, 2, 7, 9))
    write("max-pool-ceil", [node("MaxPool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 0, 1], ceil_mode=1)],
          (1, 2, 8, 10))
    for include in (0, 1):
        write(f"average-pool-{include}",
              [node("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=include)],
              (1, 2, 8, 9))
    write("global-average", [node("GlobalAveragePool", ["x"])], (1, 5, 4, 6))


def resizes():
    for mode in ("half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"):
        for size in ((10, 15), (3, 4), (1, 1)):
            if size == (1, 1) and mode == "align_corners":
                continue
            write(f"resize-{mode}-{size[0]}x{size[1]}",
                  [node("Resize", ["x", "", "", "s"], mode="linear", coordinate_transformation_mode=mode)],
                  (1, 2, 5, 8), {"s": np.array([1, 2, *size], np.int64)})
    for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        write(f"resize-nearest-{rounding}",
              [node("Resize", ["x", "", "scales"], mode="nearest", nearest_mode=rounding,
                    coordinate_transformation_mode="asymmetric" if rounding == "floor" else "half_pixel")],
              (1, 2, 5, 8), {"scales": np.array([1, 1, 1.6, 0.7], np.float32)})


def others():
    write("shape-arithmetic", [
        node("Shape", ["x"], ["shape"]), node("Slice", ["shape", "two", "four", "zero"], ["hw"]),
        node("Mul", ["hw", "double"], ["larger"]), node("Shape", ["x"], ["shape2"]),
        node("Slice", ["shape2", "zero", "two", "zero"], ["nc"]), node("Concat", ["nc", "larger"], ["sizes"], axis=0),
        node("Resize", ["x", "", "", "sizes"], mode="linear", coordinate_transformation_mode="half_pixel")],
        (1, 2, 4, 5), {"two": np.array([2]), "four": np.array([4]), "zero": np.array([0]), "double": np.array([2, 3])})
    write("normalise", [node("Sub", ["x", "mean"], ["d"]), node("Div", ["d", "std"])], (1, 3, 4, 5),
          {"mean": random(1, 3, 1, 1), "std": np.abs(random(1, 3, 1, 1)) + 0.5})
    write("clip-concat", [node("Clip", ["x", "low", "high"], ["c"]), node("Relu", ["x"], ["r"]), node("Sigmoid", ["x"], ["s"]),
                          node("Concat", ["c", "r", "s"], axis=1)], (1, 3, 4, 5),
          {"low": np.float32(-0.5), "high": np.float32(0.75)})
    write("batch-normalization", [node("BatchNormalization", ["x", "g", "b", "m", "v"], epsilon=1e-3)], (1, 4, 3, 5),
          {"g": random(4), "b": random(4), "m": random(4), "v": np.abs(random(4)) + 0.1})
    write("quantize-dequantize", [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"])],
          (1, 3, 4, 5), {"s": np.float32(0.021), "z": np.uint8(117)})
    write("quantize-signed", [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"])],
          (1, 3, 4, 5), {"s": np.float32(0.013), "z": np.int8(-9)})
    write("reshape", [node("Unsqueeze", ["x", "a"], ["u"]), node("Squeeze", ["u", "a"], ["v"]), node("Reshape", ["v", "r"], ["w"]),
                      node("Gather", ["w", "i"], axis=1)], (1, 3, 4, 5),
          {"a": np.array([2]), "r": np.array([0, -1, 5]), "i": np.array([3, 0, -1])})


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    convolutions()
    pools()
    resizes()
    others()
