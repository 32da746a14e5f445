#!/usr/bin/env python3
"""All of a frame but the network: motion JPEG in, motion JPEG with the road out.
roadseg against OpenCV around OpenVINO.

    Tests/Peers/compare_frames.py [--model int8.onnx] [--sizes 640x480,1280x720] [--threads 1,2] [--rounds 5]
        [--picture road.jpg] [--roadseg .build/release/roadseg]

A benchmark, not a test: run it on a quiet machine, as root for the highest priority. Both take turns in one run, each
in a process of its own, medians of the rounds. Both get the same JPEG (a picture at the frame's size, 4:2:2 as cameras
send it, quality 90, or roadseg's computed road) and the same network: OpenVINO reads roadseg's int8 file. Stages:

    decode    JPEG to what the next stages need
    scale     to the network's input
    class map scores at the network's stride to the class of each pixel of the frame; for OpenCV the fastest of numpy's
              argmax and comparisons plane by plane
    overlay   road tinted (roadseg also draws the outline and the panel with its numbers)
    encode    JPEG, 4:2:0, quality 85

Needs Python with numpy, opencv-python-headless and openvino.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
MODEL = HERE.parents[2] / "Sources/RoadSeg/Models/contextnet-driving7-int8.onnx"
STAGES = ["decode", "scale", "network", "class map", "overlay", "encode"]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def measure_opencv(model, picture, threads, frames):
    """One process of OpenCV around OpenVINO; prints the medians of the stages as JSON, in milliseconds."""
    import cv2
    import numpy as np
    import openvino as ov
    cv2.setNumThreads(threads)
    data = np.frombuffer(Path(picture).read_bytes(), np.uint8)
    core = ov.Core()
    network = core.read_model(model)
    config = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(network, "CPU", config).create_infer_request()
    _, _, height, width = request.get_input_tensor().shape
    steps = np.arange(256, dtype=np.float32)[:, None] / 255
    table = np.ascontiguousarray(((steps - np.float32(MEAN)) / np.float32(STD))[:, ::-1].reshape(1, 256, 3))

    def plain(scores, size):
        return cv2.resize(np.ascontiguousarray(scores.transpose(1, 2, 0)), size).argmax(-1).astype(np.uint8)

    def by_plane(scores, size):
        best = cv2.resize(scores[0], size)
        classes = np.zeros(best.shape, np.uint8)
        for index in range(1, len(scores)):
            plane = cv2.resize(scores[index], size)
            classes[cv2.compare(plane, best, cv2.CMP_GT) > 0] = index
            cv2.max(plane, best, best)
        return classes

    times = {stage: [] for stage in STAGES}
    ways = {plain: [], by_plane: []}
    green = None
    for frame in range(frames + 5):
        moments = [time.perf_counter()]
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
        moments.append(time.perf_counter())
        tensor = cv2.LUT(cv2.resize(bgr, (width, height)), table).transpose(2, 0, 1)[::-1]
        tensor = np.ascontiguousarray(tensor)[None]
        moments.append(time.perf_counter())
        request.set_input_tensor(ov.Tensor(tensor, shared_memory=True))
        request.infer()
        scores = request.get_output_tensor().data[0]
        moments.append(time.perf_counter())
        size = (bgr.shape[1], bgr.shape[0])
        way = [plain, by_plane][frame % 2]
        classes = way(scores, size)
        moments.append(time.perf_counter())
        if green is None:
            green = np.zeros_like(bgr)
            green[:] = (140, 214, 0)
        tinted = cv2.addWeighted(bgr, 0.67, green, 0.33, 0)
        cv2.copyTo(tinted, (classes == 0).astype(np.uint8), bgr)
        moments.append(time.perf_counter())
        cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 85])
        moments.append(time.perf_counter())
        if frame < 5:
            continue
        spans = [(b - a) * 1e3 for a, b in zip(moments, moments[1:])]
        for stage, span in zip(STAGES, spans):
            if stage != "class map":
                times[stage].append(span)
        ways[way].append(spans[3])
    result = {stage: statistics.median(values) for stage, values in times.items() if values}
    result["class map"] = min(statistics.median(values) for values in ways.values())
    print(json.dumps(result))


def measure_roadseg(program, model, picture, threads, frames, preparation):
    options = ["--preparation", preparation] if preparation else []
    out = subprocess.run([program, "profile", "--model", model, "--threads", str(threads), "--frames", str(frames),
                          "--input", picture, "--json", *options], check=True, capture_output=True, text=True).stdout
    stages = {s["name"].removesuffix(" JPEG"): s["milliseconds"]["median"] for s in json.loads(out)["stages"]}
    return {stage: stages[stage] for stage in STAGES}


def around(times):
    return sum(span for stage, span in times.items() if stage != "network")


def make_picture(arguments, size, folder):
    """The frame: as large as asked for, chroma at half the width."""
    import cv2
    path = f"{folder}/{size}.jpg"
    source = arguments.picture
    if not source:
        source = f"{folder}/synthetic-{size}"
        subprocess.run([arguments.roadseg, "live", "synthetic", "--size", size, "--frames", "30", "--output", source],
                       check=True, capture_output=True)
        source = str(sorted(Path(source).rglob("frame-*.jpg"))[-1])
    width, height = map(int, size.split("x"))
    picture = cv2.resize(cv2.imread(source), (width, height), interpolation=cv2.INTER_AREA)
    sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422]
    cv2.imwrite(path, picture, [cv2.IMWRITE_JPEG_QUALITY, 90, *sampling])
    return path


def take_priority():
    try:
        Path("/proc/self/autogroup").write_text("-20")
        os.nice(-20)
    except OSError:
        print("not root: other processes will disturb the timing", file=sys.stderr)


def compare(arguments, picture, size, threads):
    ways = {"roadseg": None, **({"roadseg, pictures": "pictures"} if arguments.both else {})}
    rounds = {name: [] for name in [*ways, "OpenCV, OpenVINO"]}
    for _ in range(arguments.rounds):
        for name, preparation in ways.items():
            rounds[name].append(measure_roadseg(
                arguments.roadseg, arguments.model, picture, threads, arguments.frames, preparation))
        done = subprocess.run([sys.executable, HERE, "--time", arguments.model, picture, str(threads),
                               str(arguments.frames)], check=True, capture_output=True, text=True)
        rounds["OpenCV, OpenVINO"].append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{size}, {os.path.getsize(picture) // 1024} KiB a frame, {threads} threads, ms")
    for name, runs in rounds.items():
        stages = "  ".join(f"{stage} {statistics.median(r[stage] for r in runs):.3f}" for stage in STAGES)
        sums = [around(r) for r in runs]
        share = statistics.median(around(r) / r["network"] for r in runs)
        print(f"  {name:18} {stages}  all but the network {statistics.median(sums):.3f}"
              f" ({min(sums):.3f}-{max(sums):.3f}), {share:.2f} of it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=str(MODEL))
    parser.add_argument("--sizes", default="640x480,1280x720")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--picture", help="a photograph of a road; without one the computed road")
    parser.add_argument("--both", action="store_true", help="measure roadseg's --preparation pictures, too")
    parser.add_argument("--roadseg", default=str(HERE.parents[2] / ".build/release/roadseg"))
    parser.add_argument("--time", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.time:
        model, picture, threads, frames = arguments.time
        return measure_opencv(model, picture, int(threads), int(frames))
    take_priority()
    with tempfile.TemporaryDirectory() as folder:
        for size in arguments.sizes.split(","):
            picture = make_picture(arguments, size, folder)
            for threads in arguments.threads.split(","):
                compare(arguments, picture, size, int(threads))


if __name__ == "__main__":
    main()
