#!/usr/bin/env python3
"""Writes Goldens/: small ONNX models made by the onnx package, and what the package says of them.

Needs onnx and numpy. Each model `NAME.onnx` comes with `NAME.shapes`, lines of "value d0 d1 ..." from onnx's own shape
inference with data propagation.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent / "Goldens"


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, name=f"{kind.lower()}_{outputs[0]}", **attributes)


def constant(name, values, kind=np.int64):
    return node("Constant", [], [name], value=numpy_helper.from_array(np.array(values, kind)))


def save(name, nodes, weights, shape, outputs, opset):
    rng = np.random.default_rng(7)
    tensors = [numpy_helper.from_array(rng.standard_normal(s).astype(np.float32), k) for k, s in weights.items()]
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(onnx.shape_inference.infer_shapes(model))
    onnx.save(model, HERE / f"{name}.onnx")
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    lines = []
    for info in [*inferred.graph.value_info, *inferred.graph.output]:
        dims = [d.dim_value for d in info.type.tensor_type.shape.dim]
        if all(d > 0 for d in dims):
            lines.append(" ".join([info.name, *map(str, dims)]))
    (HERE / f"{name}.shapes").write_text("\n".join(lines) + "\n")


def shape_arithmetic(opset):
    """Upsampling to the input's size as PyTorch exports it."""
    nodes = [
        node("Conv", ["image", "w1", "b1"], ["c1"], strides=[2, 2], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        node("BatchNormalization", ["c1", "gamma", "beta", "mean", "variance"], ["n1"]),
        node("Identity", ["n1"], ["i1"]), node("Clip", ["i1", "zero", "six"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        node("Shape", ["image"], ["s"]), constant("two", 2), constant("three", 3),
        node("Gather", ["s", "two"], ["h"], axis=0), node("Gather", ["s", "three"], ["w"], axis=0),
        constant("half", [2]), constant("axis0", [0]),
        node("Unsqueeze", ["h", "axis0"] if opset > 12 else ["h"], ["h1"], **({} if opset > 12 else {"axes": [0]})),
        node("Unsqueeze", ["w", "axis0"] if opset > 12 else ["w"], ["w1_"], **({} if opset > 12 else {"axes": [0]})),
        node("Concat", ["h1", "w1_"], ["hw"], axis=0), node("Div", ["hw", "half"], ["hw2"]),
        node("Shape", ["p1"], ["ps"]), constant("from", [0]), constant("none", [], np.float32), constant("to", [2]),
        node("Slice", ["ps", "from", "to", "axis0"], ["nc"]), node("Concat", ["nc", "hw2"], ["sizes"], axis=0),
        node("Resize", ["p1", "none", "none", "sizes"], ["up"], mode="linear",
             coordinate_transformation_mode="half_pixel"),
        node("Conv", ["up", "w2"], ["logits"], kernel_shape=[1, 1]),
    ]
    nodes.insert(0, constant("zero", 0, np.float32))
    nodes.insert(0, constant("six", 6, np.float32))
    weights = {"w1": (6, 3, 3, 3), "b1": (6,), "gamma": (6,), "beta": (6,), "mean": (6,), "variance": (6,),
               "w2": (4, 6, 1, 1)}
    save(f"shapes-{opset}", nodes, weights, [1, 3, 21, 30], ["logits"], opset)


def layouts():
    """Every window and layout operator with attributes that change its shape."""
    nodes = [
        node("ConvTranspose", ["image", "wt"], ["t1"], strides=[2, 3], pads=[0, 1, 1, 0], output_padding=[1, 2]),
        node("Conv", ["t1", "wd"], ["d1"], group=5, dilations=[2, 3], auto_pad="SAME_LOWER", strides=[2, 1]),
        node("AveragePool", ["d1"], ["a1"], kernel_shape=[2, 5], pads=[1, 0, 0, 2], strides=[2, 2]),
        constant("shape", [0, -1, 4]), node("Reshape", ["a1", "shape"], ["rs"]),
        node("Transpose", ["rs"], ["tr"], perm=[0, 2, 1]), node("Flatten", ["tr"], ["fl"], axis=2),
        constant("st", [-1]), constant("en", [-100]), constant("ax", [2]), constant("sp", [-2]),
        node("Slice", ["tr", "st", "en", "ax", "sp"], ["sl"]),
        node("GlobalAveragePool", ["a1"], ["g1"]),
        constant("axes", [2, 3]), node("Squeeze", ["g1", "axes"], ["sq"]),
        node("Gemm", ["sq", "wg"], ["gm"], transB=1), node("Softmax", ["gm"], ["out"], axis=1),
        node("ReduceMean", ["fl"], ["out2"], axes=[1], keepdims=0), node("Sigmoid", ["sl"], ["out3"]),
    ]
    weights = {"wt": (3, 5, 2, 4), "wd": (5, 1, 3, 3), "wg": (7, 5)}
    save("layouts", nodes, weights, [2, 3, 7, 9], ["out", "out2", "out3"], 17)


def control_flow():
    """Nodes with subgraphs, and a node that nobody supports behind them: no `.shapes`, the model is refused."""
    def branch(name, kind):
        return helper.make_graph([helper.make_node(kind, ["image"], [name])], name, [],
                                 [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4)])
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Relu", ["v"], ["v_next"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []),
         helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v", TensorProto.FLOAT, [None] * 4)],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
         helper.make_tensor_value_info("v_next", TensorProto.FLOAT, [None] * 4)])
    nodes = [
        constant("yes", True, np.bool_), constant("count", 3),
        helper.make_node("If", ["yes"], ["chosen"], name="choice",
                         then_branch=branch("a", "Relu"), else_branch=branch("b", "Tanh")),
        helper.make_node("Loop", ["count", "yes", "image"], ["turned"], name="turns", body=body),
        node("Add", ["chosen", "turned"], ["sum"]),
        helper.make_node("Hardmax", ["sum"], ["out"], name="behind", axis=1),
    ]
    graph = helper.make_graph(
        nodes, "control-flow", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [None] * 4)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, HERE / "control-flow.onnx")


HERE.mkdir(exist_ok=True)
for version in (11, 13, 17):
    shape_arithmetic(version)
layouts()
control_flow()
