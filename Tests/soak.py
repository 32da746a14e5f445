"""soak.py PROGRAM MINUTES: what Tests/soak runs.

`live synthetic` at 1000 frames a second: as fast as the network is. After a quarter of the time, in which memory fills,
every figure has to stay where it is.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request


class Watched:
    """The last statistics of a run, and what the kernel says of the process."""

    def __init__(self, process):
        self.process = process
        self.last = None
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.last = json.loads(line)

    def sample(self):
        folder = pathlib.Path(f"/proc/{self.process.pid}")
        status = (folder / "status").read_text()
        value = lambda key: int(re.search(rf"^{key}:\s+(\d+)", status, re.M).group(1))
        return {
            "memory": value("RssAnon") * 1024,
            "threads": value("Threads"),
            "descriptors": len(os.listdir(folder / "fd")),
        }


def visit(address, seconds):
    """A viewer for a while, and one who asks for the figures."""
    with urllib.request.urlopen(f"{address}stream") as stream:
        end = time.time() + seconds
        while time.time() < end:
            stream.read(65536)
    urllib.request.urlopen(f"{address}metrics").read()


def main(program, minutes):
    seconds = float(minutes) * 60
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        errors = open(f"{folder}/errors", "w+")
        process = subprocess.Popen(
            [program, "live", "synthetic", "--rate", "1000", "--json", "--web", "127.0.0.1:0",
             "--output", f"unix:{folder}/masks",
             "--output", f"shm:/roadseg-soak-{os.getpid()}",
             "--budget-ms", "200", "--trace", "/dev/null"],
            stdout=subprocess.PIPE, stderr=errors, text=True)
        watched = Watched(process)
        try:
            begin = time.time()
            address = None
            while address is None and time.time() < begin + 30:
                time.sleep(0.2)
                found = re.search(r"page at (http:\S+)", pathlib.Path(f"{folder}/errors").read_text())
                address = found and found.group(1)
            if address is None:
                print("soak: no page:", pathlib.Path(f"{folder}/errors").read_text(), file=sys.stderr)
                return 1
            samples = []
            while time.time() < begin + seconds:
                # Somebody comes and goes: that must leave nothing either.
                visit(address, min(5, seconds / 12))
                time.sleep(1)
                if process.poll() is not None:
                    break
                if time.time() > begin + seconds / 4:
                    samples.append(watched.sample())
                    print(f"{time.time() - begin:6.0f} s", samples[-1], flush=True)
            if process.poll() is not None:
                failures.append(f"it ended by itself with {process.returncode}")
        finally:
            process.terminate()
            process.wait(timeout=10)
            errors.seek(0)
        if process.returncode != 0:
            failures.append(f"exit code {process.returncode}: {errors.read()[-500:]}")
        time.sleep(0.5)
        for key, room in [("memory", 8 << 20), ("threads", 0), ("descriptors", 0)]:
            values = [sample[key] for sample in samples]
            if not values:
                failures.append("no samples")
                break
            early, late = values[: max(1, len(values) // 4)], values[-max(1, len(values) // 4):]
            if max(late) > max(early) + room:
                failures.append(f"{key} grows: {max(early)} to {max(late)}")
        ledger = watched.last["ledger"]
        bins = sum(value for key, value in ledger.items() if key not in ("frames", "balances", "in_flight"))
        if watched.last["type"] != "summary" or not ledger["balances"] or bins != ledger["frames"]:
            failures.append(f"the ledger does not add up: {ledger}")
        for sink in watched.last["sinks"]:
            shown = sink["shown"]
            ends = sum(shown[key] for key in ("delivered", "superseded", "too_much_memory", "failed", "unfinished"))
            if ends != shown["offered"] or shown["failed"]:
                failures.append(f"{sink['name']}: {shown}")
        rate = ledger["shown"] / max(watched.last["seconds"], 1e-9)
        print(f"{watched.last['seconds']:.0f} s: {ledger['frames']} frames, "
              f"{ledger['shown']} shown, {rate:.1f} a second")
    for failure in failures:
        print(f"soak: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
