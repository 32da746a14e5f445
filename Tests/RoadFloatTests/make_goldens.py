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
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y = session.run(None, {"x": x})[0]
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
    write("max-pool-ceil",
          [node("MaxPool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 0, 1], ceil_mode=1)],
          (1, 2, 8, 10))
    for include in (0, 1):
        write(f"average-pool-{include}",
              [node("AveragePool", ["x"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
                    count_include_pad=include)],
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
    write("clip-concat", [node("Clip", ["x", "low", "high"], ["c"]), node("Relu", ["x"], ["r"]),
                          node("Sigmoid", ["x"], ["s"]), node("Concat", ["c", "r", "s"], axis=1)], (1, 3, 4, 5),
          {"low": np.float32(-0.5), "high": np.float32(0.75)})
    write("batch-normalization", [node("BatchNormalization", ["x", "g", "b", "m", "v"], epsilon=1e-3)], (1, 4, 3, 5),
          {"g": random(4), "b": random(4), "m": random(4), "v": np.abs(random(4)) + 0.1})
    write("quantize-dequantize",
          [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"])],
          (1, 3, 4, 5), {"s": np.float32(0.021), "z": np.uint8(117)})
    write("quantize-signed",
          [node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"])],
          (1, 3, 4, 5), {"s": np.float32(0.013), "z": np.int8(-9)})
    write("reshape", [node("Unsqueeze", ["x", "a"], ["u"]), node("Squeeze", ["u", "a"], ["v"]),
                      node("Reshape", ["v", "r"], ["w"]), node("Gather", ["w", "i"], axis=1)], (1, 3, 4, 5),
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
        write(operation.lower().replace("reduce", "reduce-"), [node(operation, ["x"], axes=[1, -1], keepdims=0)],
              (2, 3, 4, 5))
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
    write("max-pool-overlapping", [
        node("MaxPool", ["x"], ["p", "i"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Cast", ["i"], ["f"], to=TensorProto.FLOAT), node("Add", ["p", "f"])], (1, 2, 5, 7))
    for mode, padding, aligned in (("bilinear", "zeros", 1), ("bilinear", "border", 0), ("nearest", "zeros", 0),
                                   ("bilinear", "reflection", 1), ("bilinear", "reflection", 0)):
        write(f"grid-sample-{mode}-{padding}-{aligned}",
              [node("GridSample", ["x", "g"], mode=mode, padding_mode=padding, align_corners=aligned)],
              (2, 3, 4, 5), {"g": RNG.uniform(-1.6, 1.6, (2, 6, 7, 2)).astype(np.float32)})


def resamplers():
    """Resizes that read other than two neighbours on each axis, and sampling by cubics."""
    crop = dict(coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=0.25)
    region = np.array([0, 0, 0.1, -0.2, 1, 1, 0.8, 1.3], np.float32)
    for mode in ("linear", "cubic", "nearest"):
        write(f"resize-crop-{mode}", [node("Resize", ["x", "r", "", "s"], mode=mode, **crop)], (1, 2, 5, 8),
              {"r": region, "s": np.array([1, 2, 7, 9])}, opset=19)
        write(f"resize-tensorflow-{mode}",
              [node("Resize", ["x", "e", "e", "s"], mode=mode, coordinate_transformation_mode="tf_half_pixel_for_nn")],
              (1, 2, 5, 8), {"e": np.array([], np.float32), "s": np.array([1, 2, 8, 5])}, opset=11)
    for name, attributes in {
        "antialias-linear": dict(mode="linear", antialias=1), "antialias-cubic": dict(mode="cubic", antialias=1),
        "antialias-excluded": dict(mode="cubic", antialias=1, exclude_outside=1),
        "cubic": dict(mode="cubic"), "cubic-excluded": dict(mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5),
        "cubic-asymmetric": dict(mode="cubic", coordinate_transformation_mode="asymmetric"),
        "cubic-corners": dict(mode="cubic", coordinate_transformation_mode="align_corners"),
    }.items():
        for size in ((10, 5), (3, 13)):
            write(f"resize-{name}-{size[0]}x{size[1]}", [node("Resize", ["x", "", "", "s"], **attributes)],
                  (1, 2, 5, 8), {"s": np.array([1, 2, *size])}, opset=19)
    for policy in ("not_larger", "not_smaller"):
        write(f"resize-{policy}",
              [node("Resize", ["x", "", "", "s"], mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)],
              (1, 2, 5, 8), {"s": np.array([9, 11])}, opset=19)
    for padding in ("zeros", "border", "reflection"):
        for aligned in (0, 1):
            write(f"grid-sample-cubic-{padding}-{aligned}",
                  [node("GridSample", ["x", "g"], mode="bicubic", padding_mode=padding, align_corners=aligned)],
                  (2, 3, 4, 5), {"g": RNG.uniform(-1.6, 1.6, (2, 6, 7, 2)).astype(np.float32)}, opset=16)


def decomposed():
    """What simpler operators can say: each of these graphs must give the same after it is decomposed."""
    def both(name, operation, *others, constants=None, opset=17, **attributes):
        write(name, [node("Abs", ["x"], ["a"]), node(operation, ["a", *others], **attributes)], (1, 3, 4, 5),
              constants or {}, opset=opset)
    for count in (1, 3, 4):
        for operation in ("Min", "Max", "Sum", "Mean"):
            write(f"{operation.lower()}-{count}",
                  [node("Tanh", ["x"], ["t"]), node(operation, ["x", "t", "c", "x"][:count])],
                  (1, 3, 4, 5), {"c": random(3, 1, 1)})
    for exponent in (0.5, 1, 2, 3):
        both(f"pow-{exponent}", "Pow", "e", constants={"e": np.float32(exponent)})
    both("reduce-l1", "ReduceL1", axes=[1, -1], keepdims=0)
    both("reduce-l1-input", "ReduceL1", "axes", constants={"axes": np.array([2])}, opset=18)
    both("reduce-sum-square", "ReduceSumSquare", axes=[2])
    write("gemm-scaled", [node("Gemm", ["x", "w", "c"], alpha=0.5, beta=-2.0, transB=1)], (4, 6),
          {"w": random(5, 6), "c": random(5)})
    write("tile-ones", [node("GlobalAveragePool", ["x"], ["g"]), node("Tile", ["g", "r"])], (1, 3, 2, 4),
          {"r": np.array([1, 2, 3, 2])})
    for axis, indices in ((1, [2, 0, 1]), (3, [0, 1, 4, 2, 3, -1]), (2, [3, 3, 3])):
        write(f"gather-{axis}", [node("Gather", ["x", "i"], axis=axis)], (1, 3, 4, 5), {"i": np.array(indices)})
    for axis in (1, 2, 3, -1):
        write(f"softmax-{axis}-opset12", [node("Softmax", ["x"], axis=axis)], (1, 3, 4, 5), opset=12)
    write("attributes-opset12", [
        node("Split", ["x"], ["a", "b"], axis=1, split=[1, 2]), node("Unsqueeze", ["a"], ["u"], axes=[0]),
        node("Squeeze", ["u"], ["s"], axes=[0]), node("ReduceSum", ["b"], ["r"], axes=[1], keepdims=1),
        node("Add", ["s", "r"])], (1, 3, 4, 5), opset=12)


def functions():
    for name, attributes in {"Selu": {}, "Celu": dict(alpha=0.7), "ThresholdedRelu": dict(alpha=0.3), "Mish": {},
                             "Softsign": {}, "Round": {}, "Sign": {}, "Sin": {}, "Cos": {}}.items():
        write(name.lower(), [node(name, ["x"], **attributes)], (1, 3, 4, 5), opset=18)


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
        write(f"conv-transpose-{name}",
              [node("ConvTranspose", ["x", "w", "b"], group=2, kernel_shape=[3, 2], **attributes)],
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
    write("max-pool-dilated", [node("MaxPool", ["x"], kernel_shape=[3, 2], dilations=[2, 3], pads=[1, 0, 2, 1])],
          (1, 2, 8, 9))
    write("max-pool-same", [node("MaxPool", ["x"], kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")],
          (1, 2, 8, 9))
    write("conv-same-lower", [node("Conv", ["x", "w"], kernel_shape=[4, 3], strides=[3, 2], auto_pad="SAME_LOWER")],
          (1, 2, 9, 13), {"w": random(3, 2, 4, 3)})
    write("global-max", [node("GlobalMaxPool", ["x"])], (2, 5, 4, 6))


def broadcasts():
    for name, shape in {"channel": (3, 1, 1), "row": (5,), "column": (4, 1), "larger": (2, 1, 3, 1, 5),
                        "scalar": ()}.items():
        write(f"broadcast-{name}", [node("Add", ["x", "c"], ["a"]), node("Mul", ["c", "a"], ["m"]),
                                    node("Sub", ["c", "m"], ["s"]), node("Div", ["s", "d"])], (1, 3, 4, 5),
              {"c": random(*shape), "d": np.float32(3)})
    write("min-max-sum",
          [node("Min", ["x", "c", "d"], ["a"]), node("Max", ["c", "x"], ["b"]), node("Sum", ["a", "b", "x"])],
          (2, 3, 4, 5), {"c": random(3, 1, 1), "d": random(5)})
    write("equal-where",
          [node("Relu", ["x"], ["r"]), node("Equal", ["r", "zero"], ["q"]), node("Where", ["q", "c", "x"])],
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
        write(f"slice-{name}", [node("Slice", ["x"] + [k if k in constants else "" for k in given])], (2, 3, 6, 7),
              constants)
    slices("plain", [0, 1], [1, 3])
    slices("axes", [-5, 1], [100, -1], [-1, 2])
    slices("backwards", [-1, 5], [-100, 0], [3, 2], [-2, -1])
    slices("steps", [1, 0], [6, 7], [2, 3], [2, 3])
    write("tile", [node("Tile", ["x", "r"])], (1, 3, 2, 4), {"r": np.array([2, 1, 3, 2])})
    write("cast-truncates", [node("Mul", ["x", "three"], ["m"]), node("Cast", ["m"], ["i"], to=TensorProto.INT64),
                             node("Cast", ["i"], to=TensorProto.FLOAT)], (1, 3, 4, 5), {"three": np.float32(3)})
    write("split-count",
          [node("Split", ["x"], ["a", "b", "c"], axis=1, num_outputs=3), node("Concat", ["c", "a", "b"], axis=1)],
          (1, 7, 4, 5), opset=18)
    write("pad-axes", [node("Pad", ["x", "p", "", "a"], mode="reflect")], (1, 2, 4, 5),
          {"p": np.array([2, 1, 1, 3]), "a": np.array([-1, 2])}, opset=18)


def layers_of_simpler_ones():
    """Which the passes decompose; the executor alone has none of them."""
    for name, attributes, weights in (("plain", dict(kernel_shape=[3], pads=[1, 1]), (4, 6, 3)),
                                      ("strided", dict(strides=[2], dilations=[3], pads=[0, 4]), (4, 6, 2)),
                                      ("groups", dict(group=3, auto_pad="SAME_UPPER", strides=[2]), (3, 2, 4))):
        write(f"composed-conv-lines-{name}", [node("Conv", ["x", "w", "b"], **attributes)], (2, 6, 11),
              {"w": random(*weights), "b": random(weights[0])})
    write("composed-group-normalization-18", [node("GroupNormalization", ["x", "g", "b"], num_groups=3, epsilon=1e-3)],
          (2, 6, 4, 5), {"g": random(3), "b": random(3)}, opset=18)
    write("composed-group-normalization-21", [node("GroupNormalization", ["x", "g", "b"], num_groups=2)], (2, 6, 4, 5),
          {"g": random(6), "b": random(6)}, opset=21)
    for p, axis, opset in ((1, 1, 11), (2, -1, 17), (2, 2, 18), (1, 1, 18)):
        write(f"composed-lp-normalization-{p}-{axis}-opset{opset}", [node("LpNormalization", ["x"], p=p, axis=axis)],
              (2, 3, 4, 5), opset=opset)


    for name, equation, other in (("matrices", "bcn,bck->bnk", (2, 6, 3)), ("turned", "bcn,bkn->kcb", (2, 4, 11)),
                                  ("outer", "bcn,d->bdcn", (4,)), ("no-batch", "bcn,nk->cbk", (11, 5))):
        write(f"composed-einsum-{name}", [node("Einsum", ["x", "y2"], equation=equation)], (2, 6, 11),
              {"y2": random(*other)})


def layer_normalizations():
    for axis, shape in ((-1, (5,)), (1, (3, 4, 5))):
        write(f"layer-normalization-{axis}", [node("LayerNormalization", ["x", "g", "b"], axis=axis)], (2, 3, 4, 5),
              {"g": random(*shape), "b": random(*shape)}, opset=17)
    write("layer-normalization-no-offsets", [node("LayerNormalization", ["x", "g"], epsilon=1e-2)], (2, 3, 4, 5),
          {"g": random(5)}, opset=17)


def indices():
    pairs = np.array([[[0, 1], [0, -1]], [[0, 0], [0, 1]]])
    updates = random(2, 2, 4, 5)
    write("scatter-nd", [node("ScatterND", ["x", "i", "u"])], (1, 3, 4, 5), {"i": pairs[1:], "u": updates[1:]},
          opset=18)
    for reduction in ("add", "mul", "max", "min"):
        write(f"scatter-nd-{reduction}", [node("ScatterND", ["x", "i", "u"], reduction=reduction)], (1, 3, 4, 5),
              {"i": pairs, "u": updates}, opset=18)
    rows = np.array([[[[2, 0, 1, -1]]], [[[1, 3, 0, 2]]]]).transpose(1, 0, 2, 3)
    write("gather-elements", [node("GatherElements", ["x", "i"], axis=3)], (1, 3, 4, 5), {"i": rows})
    write("scatter-elements", [node("ScatterElements", ["x", "i", "u"], axis=3)], (1, 3, 4, 5),
          {"i": rows, "u": random(1, 2, 1, 4)}, opset=18)
    write("scatter-elements-add", [node("ScatterElements", ["x", "i", "u"], axis=-2, reduction="add")], (1, 3, 4, 5),
          {"i": rows, "u": random(1, 2, 1, 4)}, opset=18)
    write("gather-nd", [node("GatherND", ["x", "i"])], (1, 3, 4, 5), {"i": pairs})
    write("gather-nd-batched", [node("GatherND", ["x", "i"], batch_dims=2)], (2, 2, 4, 5),
          {"i": RNG.integers(-4, 4, (2, 2, 3, 1))})
    for name, attributes in {"upper": {}, "lower": dict(upper=0)}.items():
        write(f"trilu-{name}", [node("Trilu", ["x"], **attributes)], (1, 2, 4, 5))
        write(f"trilu-{name}-moved", [node("Trilu", ["x", "k"], **attributes)], (1, 2, 4, 5), {"k": np.int64(-1)})
    for name, axis in (("first", 0), ("last", -1)):
        write(f"sum-of-stack-{name}", [
            node("Tanh", ["x"], ["t"]), node("Unsqueeze", ["x", "a"], ["p"]), node("Unsqueeze", ["t", "a"], ["q"]),
            node("Concat", ["p", "q", "c"], ["s"], axis=axis), node("ReduceSum", ["s", "a"], keepdims=0)], (1, 3, 4, 5),
            {"a": np.array([axis]), "c": random(*((1, 1, 3, 4, 5) if axis == 0 else (1, 3, 4, 5, 1)))})
    for name, shape, image, block, attributes in (
            ("tiles", (1, 8, 6), (4, 6), (2, 2), dict(strides=[2, 2])),
            ("wide-tiles", (1, 12, 4), (4, 6), (2, 3), dict(strides=[2, 3])),
            ("tiles-and-rest", (1, 8, 6), (5, 7), (2, 2), dict(strides=[2, 2])),
            ("overlapping", (1, 9, 12), (5, 6), (3, 3), {}),
            ("padded", (1, 18, 12), (5, 7), (3, 3), dict(strides=[2, 2], pads=[1, 1, 1, 1])),
            ("dilated", (2, 4, 9), (5, 6), (2, 2), dict(dilations=[2, 3]))):
        write(f"col2im-{name}", [node("Col2Im", ["x", "s", "b"], **attributes)], shape,
              {"s": np.array(image), "b": np.array(block)}, opset=18)


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
    resamplers()
    decomposed()
    functions()
    layer_normalizations()
    layers_of_simpler_ones()
    indices()
