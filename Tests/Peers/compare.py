#!/usr/bin/env python3
"""roadseg against other engines on one network: both take turns in one run, medians of many.

    Tests/Peers/compare.py --model INT8.onnx --peer openvino=NET.xml --peer tflite=NET.tflite \\
        [--peer onnxruntime=QDQ.onnx] [--threads 1,2] [--rounds 7] [--roadseg .build/release/roadseg]

A benchmark, not a test: run it on a quiet machine, as root for the highest priority. INT8.onnx is what `roadseg
quantize` made of the same float network; the peers' files come from their own quantizers, and end where roadseg's
scores do (at the network's stride). Each round measures every engine once for about a second, in a process of its own,
one after the other. Three figures:

    network   input tensor to scores
    memory    for a peer, by how much loading the model and running it made its process grow; for roadseg what `profile`
              prints: activations, strips and packed weights
    overlay   camera frame (640x480 YUYV) to the painted picture: for a peer OpenCV converts, scales, upsamples the
              scores and paints, with numpy's argmax

Needs Python with numpy, opencv-python-headless and the engines that are compared.
"""
import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

FRAME = (640, 480)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def openvino(path, threads):
    import openvino as ov
    config = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads}
    request = ov.Core().compile_model(path, "CPU", config).create_infer_request()

    def infer(x):
        request.set_input_tensor(ov.Tensor(x, shared_memory=True))
        request.infer()
        return request.get_output_tensor().data[0]
    shape = list(request.get_input_tensor().shape)
    return infer, shape, False


def onnxruntime(path, threads):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name, shape = session.get_inputs()[0].name, session.get_inputs()[0].shape
    return lambda x: session.run(None, {name: x})[0][0], shape, False


def tflite(path, threads):
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter
    net = Interpreter(path, num_threads=threads)
    net.allocate_tensors()
    inp, out = net.get_input_details()[0], net.get_output_details()[0]

    def infer(x):
        net.set_tensor(inp["index"], x)
        net.invoke()
        return net.get_tensor(out["index"])[0]
    _, height, width, _ = inp["shape"]
    return infer, [1, 3, height, width], inp["quantization"] if inp["dtype"] == np.int8 else True


PEERS = {"openvino": openvino, "onnxruntime": onnxruntime, "tflite": tflite}
MODULES = {"openvino": "openvino", "onnxruntime": "onnxruntime", "tflite": "ai_edge_litert.interpreter"}


def resident_bytes():
    """Anonymous memory of this process: a model file that is only mapped costs a peer nothing."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no RssAnon")


def median_ms(call, seconds=1.0):
    for _ in range(5):
        call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def measure_peer(peer, path, threads):
    """One peer in this process; prints the figures as JSON."""
    import cv2
    import numpy as np
    cv2.setNumThreads(threads)
    importlib.import_module(MODULES[peer])
    before = resident_bytes()
    infer, (_, _, height, width), quantization = PEERS[peer](path, threads)
    channels_last = quantization is not False
    steps = np.arange(256, dtype=np.float32)[:, None] / 255
    levels = (steps - np.float32(MEAN)) / np.float32(STD)  # one row of three numbers for each byte
    kind = np.float32
    if isinstance(quantization, tuple):
        levels, kind = np.clip(np.rint(levels / quantization[0]) + quantization[1], -128, 127), np.int8
    levels = levels.astype(kind)
    table = np.ascontiguousarray(levels.reshape(1, 256, 3))

    def tensor(rgb):
        x = cv2.LUT(rgb, table)
        return x[None] if channels_last else np.ascontiguousarray(x.transpose(2, 0, 1))[None]

    yuyv = np.random.default_rng(0).integers(16, 235, (FRAME[1], FRAME[0], 2), np.uint8)
    green = np.zeros((FRAME[1], FRAME[0], 3), np.uint8)
    green[..., 1] = 200

    def overlay():
        picture = cv2.cvtColor(yuyv, cv2.COLOR_YUV2RGB_YUYV)
        scores = infer(tensor(cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)))
        scores = scores if channels_last else scores.transpose(1, 2, 0)
        if scores.dtype == np.int8:  # OpenCV scales unsigned bytes only; the order stays
            scores = scores.view(np.uint8) ^ 128
        classes = cv2.resize(np.ascontiguousarray(scores), FRAME, interpolation=cv2.INTER_LINEAR).argmax(-1)
        mask = (classes == 0).astype(np.uint8)
        return cv2.copyTo(cv2.addWeighted(picture, 0.6, green, 0.4, 0), mask, picture)

    x = tensor(np.zeros((height, width, 3), np.uint8))
    for _ in range(3):
        infer(x)
    grown = resident_bytes() - before - x.nbytes
    print(json.dumps({"network": median_ms(lambda: infer(x)), "overlay": median_ms(overlay), "memory": grown}))


def measure_roadseg(program, model, classes, threads):
    out = subprocess.run([program, "profile", "--model", model, "--threads", str(threads), "--frames", "150",
                          "--frame-format", "yuyv", "--frame-size", "%dx%d" % FRAME, "--json",
                          *(["--classes", classes] if classes else [])],
                         check=True, capture_output=True, text=True).stdout
    profile = json.loads(out)
    stage = {s["name"]: s["milliseconds"]["median"] for s in profile["stages"]}
    return {"network": stage["network"], "overlay": profile["camera_to_overlay"]["median"],
            "memory": sum(profile["memory"][part] for part in ("arena_bytes", "strip_bytes", "constant_bytes"))}


def take_priority():
    try:
        Path("/proc/self/autogroup").write_text("-20")
        os.nice(-20)
    except OSError:
        print("not root: other processes will disturb the timing", file=sys.stderr)


def compare(arguments, threads):
    peers = dict(peer.split("=", 1) for peer in arguments.peer)
    rounds = {name: [] for name in ["roadseg", *peers]}
    for _ in range(arguments.rounds):
        rounds["roadseg"].append(measure_roadseg(arguments.roadseg, arguments.model, arguments.classes, threads))
        for peer, path in peers.items():
            done = subprocess.run([sys.executable, __file__, "--time", peer, path, str(threads)], check=True,
                                  capture_output=True, text=True)
            rounds[peer].append(json.loads(done.stdout.splitlines()[-1]))
    for figure, unit, scale in (("network", "ms", 1), ("overlay", "ms", 1), ("memory", "MB", 1e6)):
        def text(name):
            values = [r[figure] / scale for r in rounds[name]]
            return f"{statistics.median(values):.3f} {unit} ({min(values):.3f}-{max(values):.3f})"
        print(f"{threads} threads, {figure}: roadseg {text('roadseg')}")
        for peer in peers:
            ratio = statistics.median(t[figure] / o[figure] for t, o in zip(rounds[peer], rounds["roadseg"]))
            print(f"    {peer:12} {text(peer)}   {ratio:.2f} times ours")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="the int8 model of roadseg")
    parser.add_argument("--classes", help="class table of a model that holds none")
    parser.add_argument("--peer", action="append", default=[], metavar="ENGINE=FILE", help=f"one of {', '.join(PEERS)}")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--roadseg", default=str(Path(__file__).parents[2] / ".build/release/roadseg"))
    parser.add_argument("--time", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.time:
        return measure_peer(arguments.time[0], arguments.time[1], int(arguments.time[2]))
    if not arguments.model or not arguments.peer:
        parser.error("needs --model and at least one --peer")
    take_priority()
    for threads in arguments.threads.split(","):
        compare(arguments, int(threads))


if __name__ == "__main__":
    main()
