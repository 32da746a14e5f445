#!/usr/bin/env python3
"""roadseg's quantizer against others on one float network and one set of calibration pictures.

    Tests/Peers/compare_quantizers.py --model FLOAT.onnx --calibration TRAIN.txt [--calibration MORE.txt] \\
        --pictures 96 --list VAL.txt[:LABEL-MAP.tsv] [--list ...] [--roadseg .build/release/roadseg]

Prints mIoU and road IoU of the float network (ONNX Runtime), of roadseg's int8 (`roadseg evaluate`, the integer
engine), of ONNX Runtime's static quantizer with each of its calibration methods (run by ONNX Runtime) and of NNCF (run
by OpenVINO). Class 0 is the road. Every engine sees the same pictures, scaled bilinearly, its scores raised bilinearly
to the label's size.

Needs Python with numpy, opencv-python-headless, pillow, onnx, onnxruntime and, for NNCF, openvino and nncf.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime import quantization as ortq
from PIL import Image


def pairs(path):
    lines = [line.split() for line in Path(path).read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [[str(Path(path).parent / name) for name in line[:2]] for line in lines]


def spread(items, count):
    return items if count >= len(items) else [items[i * len(items) // count] for i in range(count)]


def label_table(path):
    """256 classes by the label's value; 255 is left out."""
    table = np.arange(256)
    if path:
        table[:] = 255
        for line in Path(path).read_text().splitlines():
            cells = line.split("\t")
            if cells[0].isdigit():
                table[int(cells[0])] = 255 if cells[1] in ("void", "-", "255") else int(cells[1])
    return table


class Network:
    """What is fed to every engine, and what is made of its scores."""

    def __init__(self, model):
        graph = onnx.load(model).graph
        self.input = graph.input[0].name
        self.height, self.width = (d.dim_value for d in graph.input[0].type.tensor_type.shape.dim[2:])

    def tensor(self, file):
        picture = cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)
        if picture.shape[:2] != (self.height, self.width):
            picture = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        return picture.transpose(2, 0, 1)[None].astype(np.float32)

    def score(self, run, labelled, table):
        """mIoU and road IoU of `run`, which takes a tensor and gives scores."""
        confusion = None
        for picture, file in labelled:
            label = table[np.asarray(Image.open(file))]  # OpenCV would turn palette indices into colours
            scores = run(self.tensor(picture))[0].transpose(1, 2, 0)
            classes = scores.shape[2]
            raised = cv2.resize(scores, label.shape[::-1], interpolation=cv2.INTER_LINEAR).argmax(2)
            known = label < classes
            counts = np.bincount(label[known] * classes + raised[known], minlength=classes * classes)
            counts = counts.reshape(classes, classes)
            confusion = counts if confusion is None else confusion + counts
        hits = np.diag(confusion)
        union = confusion.sum(0) + confusion.sum(1) - hits
        iou = hits[union > 0] / union[union > 0]
        return iou.mean(), hits[0] / union[0]


def onnxruntime_runner(path):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.x64quantprecision", "1")  # without VNNI sums of bytes saturate otherwise
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x})[0]


class Reader(ortq.CalibrationDataReader):
    def __init__(self, network, files):
        self.tensors = ({network.input: network.tensor(file)} for file in files)

    def get_next(self):
        return next(self.tensors, None)


def quantized_by_onnxruntime(model, network, files, method, folder):
    path, prepared = Path(folder) / f"ort-{method.name}.onnx", Path(folder) / "prepared.onnx"
    ortq.shape_inference.quant_pre_process(model, prepared, skip_symbolic_shape=True)
    ortq.quantize_static(
        prepared, path, Reader(network, files), quant_format=ortq.QuantFormat.QDQ, per_channel=True,
        activation_type=ortq.QuantType.QUInt8, weight_type=ortq.QuantType.QInt8, calibrate_method=method)
    return onnxruntime_runner(path)


def quantized_by_nncf(model, network, files):
    import nncf
    import openvino
    data = nncf.Dataset(files, network.tensor)
    quantized = nncf.quantize(openvino.Core().read_model(model), data, subset_size=len(files))
    compiled = openvino.Core().compile_model(quantized, "CPU")
    return lambda x: compiled(x)[0]


def roadseg_scores(arguments, path, labelled_list, label_map):
    command = [arguments.roadseg, "evaluate", "--model", str(path), "--list", labelled_list, "--json"]
    command += ["--label-map", label_map] if label_map else []
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result["miou"], result["road_iou"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--calibration", action="append", required=True)
    parser.add_argument("--pictures", type=int, default=96)
    parser.add_argument("--list", action="append", required=True)
    parser.add_argument("--roadseg", default=str(Path(__file__).parents[2] / ".build/release/roadseg"))
    arguments = parser.parse_args()
    network = Network(arguments.model)
    share = max(arguments.pictures // len(arguments.calibration), 1)
    files = [pair[0] for path in arguments.calibration for pair in spread(pairs(path), share)]
    lists = [(item.split(":") + [""])[:2] for item in arguments.list]

    def report(name, run):
        for path, label_map in lists:
            miou, road = network.score(run, pairs(path), label_table(label_map))
            print(f"{name:24} {Path(path).parent.name:10} mIoU {miou:.4f}   road IoU {road:.4f}", flush=True)

    report("float", onnxruntime_runner(arguments.model))
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "roadseg.onnx"
        command = [arguments.roadseg, "quantize", arguments.model, "--pictures", str(arguments.pictures),
                   "--output", str(ours)]
        for path in arguments.calibration:
            command += ["--calibration", path]
        subprocess.run(command, check=True, capture_output=True)
        for path, label_map in lists:
            miou, road = roadseg_scores(arguments, ours, path, label_map)
            print(f"{'roadseg':24} {Path(path).parent.name:10} mIoU {miou:.4f}   road IoU {road:.4f}", flush=True)
        for method in (ortq.CalibrationMethod.MinMax, ortq.CalibrationMethod.Entropy,
                       ortq.CalibrationMethod.Percentile):
            try:
                report(f"ONNX Runtime {method.name}",
                       quantized_by_onnxruntime(arguments.model, network, files, method, folder))
            except (RuntimeError, ValueError) as problem:  # a peer that fails is a line of the table, not the end of it
                print(f"ONNX Runtime {method.name}: {problem}", file=sys.stderr)
        report("NNCF", quantized_by_nncf(arguments.model, network, files))


if __name__ == "__main__":
    main()
