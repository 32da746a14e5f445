"""A trained network as PyTorch users export it."""

import contextlib
import logging
import warnings

import onnx
import torch

# Every way a network is exported: exporter, operator set, whether batch, height and width stay free.
VARIANTS = {
    "opset17-static": ("torchscript", 17, False),
    "opset17-dynamic": ("torchscript", 17, True),
    "opset11-static": ("torchscript", 11, False),
    "opset11-dynamic": ("torchscript", 11, True),
    "dynamo-static": ("dynamo", 18, False),
    "dynamo-dynamic": ("dynamo", 18, True),
}

# What is committed and tested.
COMMITTED = "opset17-static"


def export(network, entry, variant, path, size=None):
    """Writes the model, at the entry's size unless another is given; a PyTorch error where that exporter cannot say the
    network in that operator set."""
    exporter, opset, dynamic = VARIANTS[variant]
    if dynamic and entry.other is None:
        raise ValueError("its pools are bound to the size")
    torch.manual_seed(0)
    example = torch.rand(2 if dynamic and exporter == "dynamo" else 1, 3, *(size or entry.size)) * 255
    names = dict(input_names=["image"], output_names=["scores"])
    with quiet():
        if exporter == "torchscript":
            free = {0: "batch", 2: "height", 3: "width"}
            axes = dict(dynamic_axes={"image": free, "scores": free}) if dynamic else {}
            torch.onnx.export(network, (example,), path, opset_version=opset, dynamo=False, **names, **axes)
        else:
            free = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
            shapes = dict(dynamic_shapes=(free,)) if dynamic else {}
            torch.onnx.export(
                network, (example,), path, opset_version=opset, dynamo=True, external_data=False, verbose=False,
                **names, **shapes,
            )
    compact(path)
    onnx.checker.check_model(path)
    return path


@contextlib.contextmanager
def quiet():
    """Without the exporters' warnings; what they cannot do comes as an error anyway."""
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def compact(path):
    """Without the stack traces that exporters note down for every node."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for value in list(model.graph.value_info) + list(model.graph.input) + list(model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    for tensor in model.graph.initializer:
        tensor.doc_string = ""
        del tensor.metadata_props[:]
    del model.graph.value_info[:]
    onnx.save(model, path)
