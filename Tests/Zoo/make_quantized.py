"""Networks of the zoo quantized by ONNX Runtime's own quantizer, by NNCF and by PyTorch, and every integer that ONNX
Runtime computes in them.

    venv/bin/python make_zoo.py --work /tmp/zoo contextnet unet deeplab-v3 deeplab-v3plus espnet
    venv/bin/python make_quantized.py --work /tmp/zoo
    venv/bin/python make_quantized.py --of MODEL.onnx ... --into FOLDER

Beside this script, in Quantized/: NAME.onnx (QDQ, opset 17, fixed size), NAME-layers.png (the bytes behind every
QuantizeLinear of an activation for the first evaluation picture, in graph order, channels last; int8 as the byte's
bits) and NAME-classes.png (the classes of all evaluation pictures, one below the other). The second form does the same
with models that anyone quantized; the tests read them from the folder that the environment variable ROADSEG_QUANTIZED
names.
"""

import argparse
import os
import pathlib
import shutil
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

from make_zoo import CALIBRATION, HERE, evaluation, network
from recipe import scene
from recipe.catalogue import BY_NAME
from recipe.export import COMMITTED, export

# Half the zoo's size: all layers of a network are committed.
SIZE = (48, 64)

# Name → network, type of the activations, weights with a scale a channel, operators whose last node stays in floats.
CASES = {
    "deeplab-v3-u8s8-float-scores": ("deeplab-v3", QuantType.QUInt8, True, ("Conv", "Resize")),
    "contextnet-u8s8": ("contextnet", QuantType.QUInt8, True, ()),
    "contextnet-s8s8": ("contextnet", QuantType.QInt8, True, ()),
    "deeplab-v3-u8s8": ("deeplab-v3", QuantType.QUInt8, True, ()),
    "unet-s8s8": ("unet", QuantType.QInt8, True, ()),
}

# Name → network that NNCF quantizes, with its defaults.
NNCF_CASES = {"espnet-nncf": "espnet", "deeplab-v3plus-nncf": "deeplab-v3plus"}

# The same for PyTorch before `convert`.
TORCH_CASES = {"deeplab-v3plus-torch": "deeplab-v3plus"}


class Pictures(CalibrationDataReader):
    def __init__(self):
        stack = [scene.fit(scene.scene(seed)[0], SIZE) for seed in CALIBRATION]
        self.images = iter(np.stack(stack).transpose(0, 3, 1, 2).astype(np.float32)[:, None])

    def get_next(self):
        image = next(self.images, None)
        return None if image is None else {"image": image}


def quantize_with_nncf(entry, weights, path):
    import nncf

    with tempfile.TemporaryDirectory() as folder:
        export(weights, entry, COMMITTED, f"{folder}/plain.onnx", size=SIZE)
        images = nncf.Dataset(list(Pictures().images), lambda image: {"image": image})
        onnx.save(nncf.quantize(onnx.load(f"{folder}/plain.onnx"), images, subset_size=len(CALIBRATION)), path)


def quantize_with_torch(entry, network, path):
    """Fake quantization as quantization-aware training leaves it, but calibrated only:
    int8 weights with a scale a channel."""
    from torch.ao import quantization as ao
    from torch.ao.quantization import quantize_fx

    activation = ao.FakeQuantize.with_args(
        observer=ao.MovingAverageMinMaxObserver, quant_min=0, quant_max=255, dtype=torch.quint8,
        qscheme=torch.per_tensor_affine)
    weight = ao.FakeQuantize.with_args(
        observer=ao.PerChannelMinMaxObserver, quant_min=-128, quant_max=127, dtype=torch.qint8,
        qscheme=torch.per_channel_symmetric)
    pictures = [torch.from_numpy(image) for image in Pictures().images]
    mapping = ao.QConfigMapping().set_global(ao.QConfig(activation=activation, weight=weight))
    prepared = quantize_fx.prepare_qat_fx(network.train(), mapping, (pictures[0],)).eval()
    prepared.apply(ao.enable_observer).apply(ao.disable_fake_quant)
    with torch.no_grad():
        for picture in pictures:
            prepared(picture)
    prepared.apply(ao.disable_observer).apply(ao.enable_fake_quant)
    torch.onnx.export(
        prepared, (pictures[0],), str(path), opset_version=13, dynamo=False, input_names=["image"],
        output_names=["scores"])


def quantize(entry, weights, activation, per_channel, floats, path):
    with tempfile.TemporaryDirectory() as folder:
        plain, prepared = f"{folder}/plain.onnx", f"{folder}/prepared.onnx"
        export(weights, entry, COMMITTED, plain, size=SIZE)
        quant_pre_process(plain, prepared, skip_symbolic_shape=True)
        nodes = onnx.load(prepared).graph.node
        excluded = [[node.name for node in nodes if node.op_type == operation][-1] for operation in floats]
        quantize_static(
            prepared, str(path), Pictures(), quant_format=QuantFormat.QDQ, activation_type=activation,
            weight_type=QuantType.QInt8, per_channel=per_channel, nodes_to_exclude=excluded,
        )


def activations(model):
    """The outputs of all QuantizeLinear nodes but those of constants, in graph order."""
    constants = {tensor.name for tensor in model.graph.initializer}
    return [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear" and n.input[0] not in constants]


def layers(path):
    """The bytes of every activation for the first evaluation picture, channels last, one after the other."""
    model = onnx.load(path)
    names = activations(model)
    del model.graph.output[:]
    model.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    tensors = session_of(model).run(None, {"image": evaluation(size(path))[:1]})
    return np.concatenate([np.ascontiguousarray(t.transpose(0, 2, 3, 1)).view(np.uint8).ravel() for t in tensors])


def size(path):
    return tuple(axis.dim_value for axis in onnx.load(path).graph.input[0].type.tensor_type.shape.dim[2:])


def session(path):
    """With ONNX Runtime's optimizations, but for models that they cannot take: PyTorch's, with scales of shape [1]."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    options.add_session_config_entry("session.x64quantprecision", "1")  # without VNNI sums of bytes saturate otherwise
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except ort.capi.onnxruntime_pybind11_state.Fail:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def session_of(model):
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(model.SerializeToString())
        file.flush()
        return session(file.name)


def class_maps(path):
    model, maps = session(path), []
    for image in evaluation(size(path)):
        scores = torch.from_numpy(model.run(None, {"image": image[None]})[0])
        if scores.shape[2:] != size(path):
            scores = torch.nn.functional.interpolate(scores, size(path), mode="bilinear", align_corners=False)
        maps.append(scores[0].argmax(0).numpy().astype(np.uint8))
    return np.concatenate(maps)


def run(path):
    """What ONNX Runtime makes of a quantized model, beside it."""
    values = layers(path)
    width = 1024
    padded = np.zeros(-(-values.size // width) * width, np.uint8)
    padded[: values.size] = values
    Image.fromarray(padded.reshape(-1, width)).save(path.with_name(f"{path.stem}-layers.png"), optimize=True)
    Image.fromarray(class_maps(path)).save(path.with_name(f"{path.stem}-classes.png"), optimize=True)
    print(f"{path.stem}: {path.stat().st_size} bytes, {len(activations(onnx.load(path)))} tensors, "
          f"{values.size} values")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--of", type=pathlib.Path, nargs="*", default=[], help="models that are quantized already")
    parser.add_argument("--into", type=pathlib.Path, default=HERE / "Quantized")
    parser.add_argument("names", nargs="*", help="these models only")
    arguments = parser.parse_args()
    folder = arguments.into
    folder.mkdir(exist_ok=True)
    for path in arguments.of:
        shutil.copy(path, folder)
        run(folder / path.name)
    for name, (base, activation, per_channel, floats) in CASES.items():
        if arguments.of or arguments.names and name not in arguments.names:
            continue
        entry, path = BY_NAME[base], folder / f"{name}.onnx"
        quantize(entry, network(entry, arguments.work), activation, per_channel, floats, path)
        run(path)
    for name, base in NNCF_CASES.items():
        if arguments.of or arguments.names and name not in arguments.names:
            continue
        quantize_with_nncf(BY_NAME[base], network(BY_NAME[base], arguments.work), folder / f"{name}.onnx")
        run(folder / f"{name}.onnx")
    for name, base in TORCH_CASES.items():
        if arguments.of or arguments.names and name not in arguments.names:
            continue
        quantize_with_torch(BY_NAME[base], network(BY_NAME[base], arguments.work), folder / f"{name}.onnx")
        run(folder / f"{name}.onnx")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
