#!/usr/bin/env python3
"""Writes Goldens/: a small float network, and what ONNX Runtime makes of roadseg's int8 form of it.

Needs onnx, onnxruntime and numpy. Two steps, since the int8 model is ours:
  make_goldens.py                                                   writes float.onnx
  ROADSEG_WRITE_GOLDENS=1 swift test -c release --filter writesTheInt8Golden   writes int8.onnx
  make_goldens.py                                                   writes int8-input.bin (u8, NCHW) and
                                                                    int8-output.bin (f32)

The second run also checks that ONNX Runtime fuses the int8 model (QLinearConv, no float Conv left), gives nearly the
same with and without fusion, and follows the float model.
"""
import pathlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent / "Goldens"
RNG = np.random.default_rng(11)


def float_model():
    """Every fusion that the quantizer must get right, on odd sizes."""
    weights = {"mean": np.array([123.7, 116.3, 103.5]).reshape(1, 3, 1, 1),
               "std": np.array([58.4, 57.1, 57.4]).reshape(1, 3, 1, 1)}
    nodes = [helper.make_node("Sub", ["image", "mean"], ["sub"]), helper.make_node("Div", ["sub", "std"], ["norm"])]

    def conv(source, name, inputs, outputs, kernel=1, groups=1, bias=True, **attributes):
        fan = inputs // groups * kernel * kernel
        weights[name + ".w"] = RNG.standard_normal((outputs, inputs // groups, kernel, kernel)) * np.sqrt(2 / fan)
        # Channels of very different ranges: what makes depthwise layers hard.
        weights[name + ".w"] *= np.exp(RNG.standard_normal((outputs, 1, 1, 1)) * 0.7)
        weights[name + ".b"] = RNG.standard_normal(outputs) * 0.1
        names = [source, name + ".w"] + ([name + ".b"] if bias else [])
        pad = attributes.pop("dilations", [1, 1])[0] * (kernel // 2)
        nodes.append(helper.make_node("Conv", names, [name], name=name, group=groups, pads=[pad] * 4,
                                      dilations=[max(1, pad // max(1, kernel // 2))] * 2, **attributes))
        return name

    def op(kind, inputs, name, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    weights["zero"], weights["six"] = np.array(0.0), np.array(6.0)
    x = op("Relu", [conv("norm", "stem", 3, 8, 3, strides=[2, 2])], "stem_relu")
    y = op("Clip", [conv(x, "depthwise", 8, 8, 3, groups=8), "zero", "six"], "relu6")
    y = conv(y, "project", 8, 8, bias=False)
    x = op("Relu", [op("Add", [x, y], "sum")], "sum_relu")
    pooled = op("MaxPool", [x], "pooled", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    deep = op("Relu", [conv(pooled, "dilated", 8, 16, 3, dilations=[2, 2])], "deep")
    weights["sizes"] = np.array([1, 16, 9, 13], np.int64)
    up = op("Resize", [deep, "", "", "sizes"], "up", mode="linear", coordinate_transformation_mode="half_pixel")
    joined = op("Concat", [up, x], "joined", axis=1)
    conv(joined, "logits", 24, 5)
    tensors = [numpy_helper.from_array(np.asarray(v, v.dtype if v.dtype == np.int64 else np.float32), k)
               for k, v in weights.items()]
    graph = helper.make_graph(
        nodes, "small", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 17, 25])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 5, 9, 13])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def session(model, level):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = "/tmp/roadseg-optimized.onnx"
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


HERE.mkdir(exist_ok=True)
model = float_model()
(HERE / "float.onnx").write_bytes(model.SerializeToString())
if (HERE / "int8.onnx").exists():
    onnx.checker.check_model(str(HERE / "int8.onnx"), full_check=True)
    int8 = (HERE / "int8.onnx").read_bytes()
    picture = np.random.default_rng(5).integers(0, 256, (1, 3, 17, 25), np.uint8)
    inputs = {"image": picture.astype(np.float32)}
    plain = session(int8, ort.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, inputs)[0]
    fused = session(int8, ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED).run(None, inputs)[0]
    kinds = [n.op_type for n in onnx.load("/tmp/roadseg-optimized.onnx").graph.node]
    print({k: kinds.count(k) for k in kinds})
    assert kinds.count("QLinearConv") == 5 and "Conv" not in kinds and "Add" not in kinds and "Concat" not in kinds
    exact = session(model.SerializeToString(), ort.GraphOptimizationLevel.ORT_DISABLE_ALL).run(None, inputs)[0]
    print("fused against plain", np.abs(fused - plain).max(), "int8 against float", np.abs(plain - exact).max(),
          "of", np.abs(exact).max(), "classes agree", (plain.argmax(1) == exact.argmax(1)).mean())
    picture.tofile(HERE / "int8-input.bin")
    plain.astype("<f4").tofile(HERE / "int8-output.bin")
