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


def activations():
    write("prelu", [node("PRelu", ["x", "slope"])], (1, 3, 4, 5), {"slope": random(3, 1, 1)})
    write("leaky-relu", [node("LeakyRelu", ["x"], alpha=0.2)], (1, 3, 4, 5))
    write("hard-sigmoid", [node("HardSigmoid", ["x"], alpha=0.3, beta=0.4)], (1, 3, 4, 5))
    write("hard-swish-tanh", [node("HardSwish", ["x"], ["h"]), node("Tanh", ["h"])], (1, 3, 4, 5))
    write("exp-sqrt-abs-neg", [node("Exp", ["x"], ["e"]), node("Sqrt", ["e"], ["s"]), node("Neg", ["s"], ["n"]),
                               node("Abs", ["n"], ["p"]), node("Neg", ["p"])], (1, 3, 4, 5))


def matrices():
    write("matmul-broadcast", [node("MatMul", ["x", "m"])], (2, 3, 4, 5), {"m": random(3, 5, 6)})
    write("matmul-activations", [node("Transpose", ["x"], ["t"], perm=[0, 1, 3, 2]), node("MatMul", ["t", "x"])],
          (2, 3, 4, 5))
    write("gemm", [node("Gemm", ["x", "m", "c"], transA=1, transB=1, alpha=0.5, beta=2.0)], (4, 3),
          {"m": random(5, 4), "c": random(5)})
    for axis in (-1, 1):
        write(f"softmax-{axis}", [node("Softmax", ["x"], axis=axis)], (2, 3, 4, 5))
    write("softmax-opset11", [node("Softmax", ["x"], axis=2)], (2, 3, 4, 5), opset=11)


def reductions():
    for operation in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2"):
        write(operation.lower().replace("reduce", "reduce-"), [node(operation, ["x"], axes=[1, -1], keepdims=0)], (2, 3, 4, 5))
    write("reduce-sum", [node("ReduceSum", ["x", "axes"], keepdims=1)], (2, 3, 4, 5), {"axes": np.array([2, 3])})
    write("reduce-all", [node("ReduceMean", ["x"])], (2, 3, 4, 5))


def rearrangements():
    write("transpose", [node("Transpose", ["x"], perm=[0, 2, 3, 1])], (2, 3, 4, 5))
    write("expand", [node("Expand", ["x", "s"])], (1, 3, 1, 5), {"s": np.array([2, 3, 4, 1])})
    write("split", [node("Split", ["x", "parts"], ["a", "b", "c"], axis=1), node("Concat", ["c", "a", "b"], axis=1)],
          (1, 7, 4, 5), {"parts": np.array([1, 4, 2])})
    write("split-opset11", [node("Split", ["x"], ["a", "b"], axis=2), node("Concat", ["b", "a"], axis=2)],
          (1, 3, 4, 5), opset=11)
    for mode in ("constant", "reflect", "edge"):
        write(f"pad-{mode}", [node("Pad", ["x", "p"] + (["v"] if mode == "constant" else []), mode=mode)],
              (1, 2, 4, 5), {"p": np.array([0, 1 if mode == "constant" else 0, 2, 3, 0, 0, 1, 2]), "v": np.float32(0.7)}
              if mode == "constant" else {"p": np.array([0, 0, 2, 3, 0, 0, 1, 2])})
    write("pad-negative", [node("Pad", ["x", "p"])], (1, 2, 4, 5), {"p": np.array([0, 0, -1, 1, 0, 0, 1, -2])})
    for mode in ("DCR", "CRD"):
        write(f"depth-to-space-{mode.lower()}", [node("DepthToSpace", ["x"], blocksize=2, mode=mode)], (1, 8, 3, 4))
    write("space-to-depth", [node("SpaceToDepth", ["x"], blocksize=2)], (1, 2, 4, 6))


def samplers():
    write("max-unpool", [node("MaxPool", ["x"], ["p", "i"], kernel_shape=[2, 2], strides=[2, 2]),
                         node("MaxUnpool", ["p", "i"], kernel_shape=[2, 2], strides=[2, 2])], (2, 3, 4, 6))
    write("max-unpool-shape", [node("MaxPool", ["x"], ["p", "i"], kernel_shape=[2, 2], strides=[2, 2]),
                               node("MaxUnpool", ["p", "i", "s"], kernel_shape=[2, 2], strides=[2, 2])],
          (1, 3, 5, 7), {"s": np.array([1, 3, 5, 7])})
    write("max-pool-overlapping", [node("MaxPool", ["x"], ["p", "i"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
                                   node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), node("Add", ["p", "f"])], (1, 2, 5, 7))
    for mode, padding, aligned in (("bilinear", "zeros", 1), ("bilinear", "border", 0), ("nearest", "zeros", 0),
                                   ("bilinear", "reflection", 1), ("bilinear", "reflection", 0)):
        write(f"grid-sample-{mode}-{padding}-{aligned}",
              [node("GridSample", ["x", "g"], mode=mode, padding_mode=padding, align_corners=aligned)],
              (2, 3, 4, 5), {"g": RNG.uniform(-1.6, 1.6, (2, 6, 7, 2)).astype(np.float32)})


def windows():
    """What changes a window's geometry: automatic padding, output shapes, ceil_mode, padding that counts or not."""
    weights = {"w": random(4, 3, 3, 2), "b": random(6)}
    for name, attributes in {
        "output-shape": dict(output_shape=[14, 12], strides=[3, 2]),
        "same-upper": dict(auto_pad="SAME_UPPER", strides=[2, 1]),
        "same-lower": dict(auto_pad="SAME_LOWER", strides=[2, 1]),
        "same-wide": dict(auto_pad="SAME_UPPER", strides=[4, 3]),
        "valid": dict(auto_pad="VALID", strides=[2, 2]),
    }.items():
        write(f"conv-transpose-{name}", [node("ConvTranspose", ["x", "w", "b"], group=2, kernel_shape=[3, 2], **attributes)],
              (1, 4, 5, 6), weights)
    for include in (0, 1):
        for name, attributes in {
            "asymmetric": dict(pads=[1, 0, 2, 1], strides=[2, 2]),
            "same-lower": dict(auto_pad="SAME_LOWER", strides=[2, 2]),
            "ceil": dict(pads=[1, 1, 1, 1], strides=[2, 2], ceil_mode=1),
            "dilated": dict(pads=[1, 1, 2, 2], dilations=[2, 2]),
        }.items():
            write(f"average-pool-{name}-{include}",
                  [node("AveragePool", ["x"], kernel_shape=[3, 3], count_include_pad=include, **attributes)],
                  (1, 2, 8, 9), opset=19)
    write("max-pool-dilated", [node("MaxPool", ["x"], kernel_shape=[3, 2], dilations=[2, 3], pads=[1, 0, 2, 1])], (1, 2, 8, 9))
    write("max-pool-same", [node("MaxPool", ["x"], kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")], (1, 2, 8, 9))
    write("conv-same-lower", [node("Conv", ["x", "w"], kernel_shape=[4, 3], strides=[3, 2], auto_pad="SAME_LOWER")],
          (1, 2, 9, 13), {"w": random(3, 2, 4, 3)})
    write("global-max", [node("GlobalMaxPool", ["x"])], (2, 5, 4, 6))


def broadcasts():
    for name, shape in {"channel": (3, 1, 1), "row": (5,), "column": (4, 1), "larger": (2, 1, 3, 1, 5), "scalar": ()}.items():
        write(f"broadcast-{name}", [node("Add", ["x", "c"], ["a"]), node("Mul", ["c", "a"], ["m"]), node("Sub", ["c", "m"], ["s"]),
                                    node("Div", ["s", "d"])], (1, 3, 4, 5), {"c": random(*shape), "d": np.float32(3)})
    write("min-max-sum", [node("Min", ["x", "c", "d"], ["a"]), node("Max", ["c", "x"], ["b"]), node("Sum", ["a", "b", "x"])],
          (2, 3, 4, 5), {"c": random(3, 1, 1), "d": random(5)})
    write("equal-where", [node("Relu", ["x"], ["r"]), node("Equal", ["r", "zero"], ["q"]), node("Where", ["q", "c", "x"])],
          (2, 3, 4, 5), {"zero": np.float32(0), "c": random(4, 1)})
    for name, shape in {"row": (5,), "one": (1,), "full": (3, 4, 5)}.items():
        write(f"prelu-{name}", [node("PRelu", ["x", "slope"])], (2, 3, 4, 5), {"slope": random(*shape)})


def nonlinear():
    write("elu", [node("Elu", ["x"], alpha=1.3)], (1, 3, 4, 5))
    write("erf-log-floor-ceil", [
        node("Erf", ["x"], ["e"]), node("Exp", ["e"], ["p"]), node("Log", ["p"], ["l"]), node("Floor", ["x"], ["f"]),
        node("Ceil", ["x"], ["c"]), node("Reciprocal", ["p"], ["r"]), node("Softplus", ["x"], ["s"]),
        node("Sum", ["l", "f", "c", "r", "s"])], (1, 3, 4, 5))
    for approximation in ("none", "tanh"):
        write(f"gelu-{approximation}", [node("Gelu", ["x"], approximate=approximation)], (1, 3, 4, 5), opset=20)
    for axis, opset in ((1, 17), (-1, 17), (2, 11)):
        write(f"log-softmax-{axis}-opset{opset}", [node("LogSoftmax", ["x"], axis=axis)], (2, 3, 4, 5), opset=opset)
    write("instance-normalization", [node("InstanceNormalization", ["x", "g", "b"], epsilon=1e-3)], (2, 3, 4, 5),
          {"g": random(3), "b": random(3)})
    for last in (0, 1):
        write(f"arg-max-{last}", [node("Floor", ["x"], ["f"]), node("ArgMax", ["f"], ["i"], axis=-2, keepdims=last,
                                                                  select_last_index=last),
                                  node("Cast", ["i"], to=TensorProto.FLOAT)], (2, 3, 6, 5))


def cuts():
    def slices(name, starts, ends, axes=None, steps=None):
        given = {"s": starts, "e": ends, "a": axes, "t": steps}
        constants = {k: np.array(v, np.int64) for k, v in given.items() if v is not None}
        write(f"slice-{name}", [node("Slice", ["x"] + [k if k in constants else "" for k in given])], (2, 3, 6, 7), constants)
    slices("plain", [0, 1], [1, 3])
    slices("axes", [-5, 1], [100, -1], [-1, 2])
    slices("backwards", [-1, 5], [-100, 0], [3, 2], [-2, -1])
    slices("steps", [1, 0], [6, 7], [2, 3], [2, 3])
    write("tile", [node("Tile", ["x", "r"])], (1, 3, 2, 4), {"r": np.array([2, 1, 3, 2])})
    write("cast-truncates", [node("Mul", ["x", "three"], ["m"]), node("Cast", ["m"], ["i"], to=TensorProto.INT64),
                             node("Cast", ["i"], to=TensorProto.FLOAT)], (1, 3, 4, 5), {"three": np.float32(3)})
    write("split-count", [node("Split", ["x"], ["a", "b", "c"], axis=1, num_outputs=3), node("Concat", ["c", "a", "b"], axis=1)],
          (1, 7, 4, 5), opset=18)
    write("pad-axes", [node("Pad", ["x", "p", "", "a"], mode="reflect")], (1, 2, 4, 5),
          {"p": np.array([2, 1, 1, 3]), "a": np.array([-1, 2])}, opset=18)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    convolutions()
    pools()
    resizes()
    others()
    activations()
    matrices()
    reductions()
    rearrangements()
    samplers()
    windows()
    broadcasts()
    nonlinear()
    cuts()
