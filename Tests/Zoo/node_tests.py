#!/usr/bin/env python3
"""ONNX's own tests of single nodes, one file each: the model, its inputs and what must come out, as initializers.

    node_tests.py FOLDER OPERATOR...

Inputs of 32-bit floats stay inputs (the value is the initializer golden_input/NAME) but for those of a Resize or Range
that must be constants, as all others are. Tests of element types that no picture network has (strings, doubles, 8-bit
floats, ...), of several nodes and of training are left out. `NodeTests` reads the folder that ROADSEG_NODE_TESTS names;
`Tests/check-node-tests` does both. Needs Python with numpy, onnx and onnxruntime.
"""
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

warnings.simplefilter("ignore")
onnxruntime.set_default_logger_severity(4)
KNOWN = {
    TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32, TensorProto.BOOL, TensorProto.UINT8, TensorProto.INT8,
    TensorProto.UINT16, TensorProto.INT16}


def fits(model, inputs, outputs):
    values = list(model.graph.input) + list(model.graph.output)
    if any(value.type.WhichOneof("value") != "tensor_type" or value.type.tensor_type.elem_type not in KNOWN
           for value in values):
        return False
    arrays = [np.asarray(value) for value in inputs + outputs if value is not None]
    # Outputs of integers are for shapes: the executor gives numbers.
    if any(np.asarray(value).dtype != np.float32 for value in outputs if value is not None):
        return False
    return all(array.dtype.kind in "fiub" and array.size > 0 for array in arrays)


def as_computed(model, inputs, outputs):
    """ONNX Runtime's outputs where its numbers are others than ONNX's file has; it is what models are exported for."""
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        named = {value.name: np.asarray(array) for value, array in zip(model.graph.input, inputs) if array is not None}
        found = session.run(None, named)
    except Exception:  # not all operators of the newest opset are in it
        return outputs, False
    same = all(a.shape == np.shape(b) and np.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True)
               for a, b in zip(found, outputs))
    return (outputs, False) if same else (found, True)


def main():
    from onnx.backend.test.loader import load_model_tests
    folder, wanted = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for case in load_model_tests(kind="node"):
        if case.model is None or "_expanded" in case.name or "training" in case.name or not case.data_sets:
            continue
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        nodes = model.graph.node
        if len(nodes) != 1 or nodes[0].op_type not in wanted or nodes[0].domain not in ("", "ai.onnx"):
            continue
        inputs, outputs = case.data_sets[0]
        if not fits(model, inputs, outputs):
            continue
        outputs, differs = as_computed(model, inputs, outputs)
        if differs:
            print(f"{case.name}: as ONNX Runtime has it, which is not what the file has")
        floats = [v.name for v in model.graph.input if v.type.tensor_type.elem_type == TensorProto.FLOAT]
        activation = floats[0] if floats else ""
        for value, array in list(zip(model.graph.input, inputs)):
            array = np.asarray(array)
            is_constant = model.graph.node[0].op_type in ("Resize", "Range") and value.name != activation
            if value.type.tensor_type.elem_type == TensorProto.FLOAT and not is_constant:
                tensor = numpy_helper.from_array(array, f"golden_input/{value.name}")
            else:
                tensor = numpy_helper.from_array(array, value.name)
            model.graph.initializer.append(tensor)
        constants = {tensor.name for tensor in model.graph.initializer}
        kept = [value for value in model.graph.input if value.name not in constants]
        if not kept:
            continue
        del model.graph.input[:]
        # One input of four axes would be taken for a picture, and turned where its last axis is 3: two are none.
        model.graph.input.extend(kept + [helper.make_tensor_value_info("unused", TensorProto.FLOAT, [1])])
        model.graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "golden_input/unused"))
        for value, array in zip(model.graph.output, outputs):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), f"golden_output/{value.name}"))
        onnx.save(model, folder / f"{case.name}.onnx")
        count += 1
    print(f"{count} node tests in {folder}")


if __name__ == "__main__":
    main()
