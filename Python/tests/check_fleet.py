"""check_fleet.py [PICTURES]: a local Ray cluster of two workers, one killed half way, against one process.

Takes minutes, so the extended check runs it. PICTURES pictures (default 1000), a recording, a poisoned file.
"""

from __future__ import annotations

import filecmp
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from PIL import Image

from roadseg import Segmenter, fleet
from roadseg._program import program


def make_inputs(folder: Path, pictures: int) -> None:
    subprocess.run([program(), "live", "synthetic", "--frames", "20", "--output", folder / "base"], check=True)
    base = [Image.open(file).convert("RGB") for file in sorted((folder / "base").glob("*.jpg"))]
    (folder / "in" / "pictures").mkdir(parents=True)
    for number in range(pictures):
        picture = np.roll(np.asarray(base[number % len(base)]), (number // 640, number), axis=(0, 1))
        Image.fromarray(picture).resize((320, 240)).save(folder / "in" / "pictures" / f"{number:04}.jpg")
    subprocess.run([program(), "record", folder / "base", "--output", folder / "in" / "drive"], check=True)
    (folder / "in" / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "in" / "empty.mcap").write_bytes(b"")


def kill_one_worker(output: Path, finished: threading.Event) -> int:
    """SIGKILL for a worker process once some inputs are done."""
    while not finished.wait(0.05):
        found = subprocess.run(["pgrep", "-f", "ray::.*(MapWorker|Worker)"], capture_output=True, text=True).stdout
        processes = [int(word) for word in found.split()]
        done = list(output.glob("done/*.json"))
        if len(processes) >= 2 and len(done) >= 40:
            os.kill(processes[0], signal.SIGKILL)
            return processes[0]
    return 0


def same(one: Path, two: Path) -> None:
    names = sorted(str(file.relative_to(one)) for file in one.rglob("*") if file.is_file())
    others = sorted(str(file.relative_to(two)) for file in two.rglob("*") if file.is_file())
    names = [name for name in names if name != "report.json"]
    others = [name for name in others if name != "report.json"]
    assert names == others, set(names) ^ set(others)
    differing = [name for name in names if not filecmp.cmp(one / name, two / name, shallow=False)]
    assert not differing, differing[:5]


def main(pictures: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_inputs(folder, pictures)
        finished = threading.Event()
        killed: list[int] = []
        killer = threading.Thread(target=lambda: killed.append(kill_one_worker(folder / "two", finished)))
        killer.start()
        begin = time.monotonic()
        report = fleet.run(str(folder / "in"), str(folder / "two"), workers=2)
        took = time.monotonic() - begin
        finished.set()
        killer.join()
        assert killed[0] > 0, "no worker was killed in time: more pictures"
        assert len(report.failed) == 2, report.failed
        assert not report.mismatches and report.frames >= pictures + 10, report

        options = fleet.Options(str(folder / "one"))
        worker = fleet.Worker(options)
        begin = time.monotonic()
        for file in fleet.find([str(folder / "in")]):
            worker.work(file)
        alone = time.monotonic() - begin
        same(folder / "one", folder / "two")

        again = fleet.run(str(folder / "in"), str(folder / "two"), workers=2, progress=False)
        assert again.frames == report.frames and again.known >= report.inputs - 2, again
        print(
            f"check-fleet: {report.frames} frames, worker {killed[0]} killed, results as of one process;"
            f" {report.frames / took:.0f} frames a second with two workers and start-up, {report.frames / alone:.0f} with"
            f" one process; {len(report.failed)} poisoned inputs set aside; the second run knew {again.known}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
