"""Writes Goldens/adaptive-pool-*.onnx: pools whose cells do not divide the picture, as PyTorch's exporter says them.

    pip install torch onnx onnxscript onnxruntime numpy && python make_adaptive_pools.py

Input and expected output lie in the file itself, see make_goldens.py.
"""
import io

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper

from make_goldens import HERE, random

CASES = {(5, 7): (3, 2), (6, 8): (3, 6), (9, 4): (2, 3), (7, 12): (6, 5)}


class Pools(torch.nn.Module):
    """Both ends of a pyramid: the pool, and what follows it."""

    def __init__(self, channels, cells):
        super().__init__()
        self.pool = torch.nn.AdaptiveAvgPool2d(cells)
        self.scale = torch.nn.Parameter(torch.linspace(0.5, 1.5, channels).reshape(1, channels, 1, 1))

    def forward(self, x):
        return self.pool(x) * self.scale


def main():
    for size, cells in CASES.items():
        model = Pools(10, cells).eval()
        file = io.BytesIO()
        torch.onnx.export(model, (torch.zeros(1, 10, *size),), file, dynamo=True, input_names=["x"], output_names=["y"])
        graph = onnx.load_from_string(file.getvalue())
        graph.ClearField("functions")
        for each in graph.graph.node:
            each.ClearField("metadata_props")
            each.ClearField("doc_string")
        del graph.graph.value_info[:], graph.metadata_props[:]
        assert any(each.op_type == "GatherND" for each in graph.graph.node), size
        x = random(1, 10, *size)
        session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        graph.graph.initializer.append(numpy_helper.from_array(x, "golden_input"))
        graph.graph.initializer.append(
            numpy_helper.from_array(session.run(None, {"x": x})[0].astype(np.float32), "golden_output"))
        name = "x".join(map(str, size)) + "-" + "x".join(map(str, cells))
        onnx.save(graph, HERE / f"adaptive-pool-{name}.onnx")


if __name__ == "__main__":
    main()
