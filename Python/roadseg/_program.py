"""What the command line does better alone: quantizing and scoring, in a process of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Union

from ._errors import RoadsegError

Name = Union[str, Path]


def quantize(model: Name, output: Name, calibration: Name, **options: Any) -> Dict[str, Any]:
    """Makes an int8 model of a float ONNX model, with a folder of pictures; returns the report.

    Options are those of ``roadseg quantize``: ``mean=(123.7, 116.3, 103.5)``, ``observer="percentile"``,
    ``classes="classes.tsv"``, ``threads=2``; True stands for a flag.
    """
    return _run(["quantize", str(model), "--output", str(output), "--calibration", str(calibration)], options)


def evaluate(model: Name, pictures: Name, labels: Name, **options: Any) -> Dict[str, Any]:
    """Road IoU, mIoU and more of a model on labelled pictures, as ``roadseg evaluate --json`` says them."""
    return _run(
        ["evaluate", "--model", str(model), "--images", str(pictures), "--labels", str(labels)], options
    )


def program() -> str:
    """The command line: the wheel's own, or the one on the path."""
    own = Path(__file__).parent / "bin" / "roadseg"
    found = str(own) if own.exists() else shutil.which("roadseg")
    if not found:
        raise RoadsegError("the program roadseg is not there; install the wheel that `make wheel` built")
    return found


def _run(arguments: List[str], options: Dict[str, Any]) -> Dict[str, Any]:
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            arguments += [f"{option}={text}"]
    done = subprocess.run([program(), *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        last = words[-1] if words else ""
        message = next((line for line in words if line.startswith(("roadseg: ", "Error: "))), last)
        kind = "argument" if done.returncode == 64 else "failed"
        raise RoadsegError(message.split(": ", 1)[-1] or f"ended with exit code {done.returncode}", kind)
    result: Dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
