"""Makes the conformance zoo: trains small instances of the field's segmentation networks for a moment, exports them the
ways PyTorch users do, and has ONNX Runtime compute what the tests compare with.

    python3 -m venv venv && venv/bin/pip install torch onnx onnxscript onnxruntime numpy pillow
    venv/bin/python make_zoo.py --work /tmp/zoo            # everything
    venv/bin/python make_zoo.py --work /tmp/zoo segnet     # these networks only; pictures are made alike every time

Under --work: NETWORK.pt (weights; what exists is not trained again) and NETWORK/VARIANT.onnx. Beside this script:
Pictures/ (calibration-*.png, evaluation-*.png), Networks/NETWORK.onnx (float, opset 17, fixed size) and
ClassMaps/NETWORK.png (ONNX Runtime's class maps of the evaluation pictures, one below the other).
"""

import argparse
import os
import pathlib

import numpy as np
import onnxruntime as ort
import torch
from PIL import Image

from recipe import scene
from recipe.blocks import Normalised
from recipe.catalogue import BY_NAME, ENTRIES
from recipe.export import COMMITTED, VARIANTS, export
from recipe.training import train

HERE = pathlib.Path(__file__).resolve().parent
CALIBRATION, EVALUATION = range(1000, 1008), range(2000, 2004)


def pictures():
    """The committed pictures; made where they are missing."""
    folder = HERE / "Pictures"
    folder.mkdir(exist_ok=True)
    for kind, seeds in (("calibration", CALIBRATION), ("evaluation", EVALUATION)):
        for index, seed in enumerate(seeds):
            Image.fromarray(scene.scene(seed)[0]).save(folder / f"{kind}-{index}.png", optimize=True)


def evaluation(size):
    """The evaluation pictures at a network's size, N x 3 x H x W, 0...255."""
    files = sorted((HERE / "Pictures").glob("evaluation-*.png"))
    stack = [scene.fit(np.asarray(Image.open(file)), size) for file in files]
    return np.stack(stack).transpose(0, 3, 1, 2).astype(np.float32)


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def class_maps(path, size):
    """ONNX Runtime's class of every pixel, N x H x W; scores at a stride are raised bilinearly first."""
    model = session(path)
    maps = []
    for image in evaluation(size):
        scores = torch.from_numpy(model.run(None, {"image": image[None]})[0])
        if scores.shape[2:] != image.shape[1:]:
            scores = torch.nn.functional.interpolate(scores, image.shape[1:], mode="bilinear", align_corners=False)
        maps.append(scores[0].argmax(0).numpy().astype(np.uint8))
    return np.stack(maps)


def accuracy(maps, entry):
    """Share of the pixels that the network tells right: it has learnt something."""
    truth = [scene.fit(scene.coarse(scene.scene(seed)[1], entry.classes), entry.size) for seed in EVALUATION]
    return float((maps == np.stack(truth)).mean())


def network(entry, work):
    file = work / f"{entry.name}.pt"
    if file.exists():
        model = Normalised(entry.make(entry.classes))
        model.load_state_dict(torch.load(file))
        return model.eval()
    model = train(entry)
    torch.save(model.state_dict(), file)
    return model


def exports(entry, model, work):
    folder = work / entry.name
    folder.mkdir(exist_ok=True)
    for variant in VARIANTS:
        try:
            export(model, entry, variant, str(folder / f"{variant}.onnx"))
            (folder / f"{variant}.error").unlink(missing_ok=True)
        except Exception as error:
            (folder / f"{variant}.onnx").unlink(missing_ok=True)
            cause = str(error).strip().splitlines() or [type(error).__name__]
            (folder / f"{variant}.error").write_text(cause[0][:200])
            print(f"{entry.name}: {variant} cannot be exported: {cause[0][:200]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("networks", nargs="*", default=[entry.name for entry in ENTRIES])
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    pictures()
    for folder in ("Networks", "ClassMaps"):
        (HERE / folder).mkdir(exist_ok=True)
    for entry in (BY_NAME[name] for name in arguments.networks):
        model = network(entry, arguments.work)
        exports(entry, model, arguments.work)
        data = (arguments.work / entry.name / f"{COMMITTED}.onnx").read_bytes()
        (HERE / "Networks" / f"{entry.name}.onnx").write_bytes(data)
        maps = class_maps(HERE / "Networks" / f"{entry.name}.onnx", entry.size)
        Image.fromarray(maps.reshape(-1, maps.shape[2])).save(HERE / "ClassMaps" / f"{entry.name}.png", optimize=True)
        print(f"{entry.name}: {len(data)} bytes, {100 * accuracy(maps, entry):.1f} % of the pixels right", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
