"""Curves of a run: every scalar of its log.jsonl over the steps, one panel each, as a PNG.

    python -m roadtrain.plot runs/contextnet            writes runs/contextnet/curves.png
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .commands import bad_input_exits

PANEL = (420, 190)
MARGIN = (64, 30, 14, 24)
"""Left, top, right, bottom: room for numbers and title."""


def read_log(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Each scalar's (step, value) pairs. What a stopped run did after its last checkpoint is replaced by what came
    later; a line that it did not finish and what is not finite are left out. Raises `ValueError` on what is no log.
    """
    if not path.exists():
        raise ValueError(f"{path}: there is no such log")
    curves: dict[str, list[tuple[int, float]]] = {}
    for step, scalars in _entries(path.read_bytes()):
        for name, value in scalars.items():
            points = curves.setdefault(name, [])
            while points and points[-1][0] >= step:
                points.pop()
            points.append((step, value))
    if not curves:
        raise ValueError(f"{path}: holds no scalars: not the log of a run, or of one just begun")
    return curves


def _entries(log: bytes) -> Iterator[tuple[int, dict[str, float]]]:
    """Step and finite scalars of each whole line."""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
            scalars = {name: float(value) for name, value in entry.items() if name not in ("step", "time")}
            yield int(entry["step"]), {name: value for name, value in scalars.items() if math.isfinite(value)}
        except (ValueError, TypeError, AttributeError, KeyError):
            continue


def panel(name: str, points: list[tuple[int, float]]) -> np.ndarray:
    """One curve with its extremes written beside it."""
    width, height = PANEL
    left, top, right, bottom = MARGIN
    image = np.full((height, width, 3), 255, np.uint8)
    steps, values = (np.array(column, float) for column in zip(*points))
    low, high = float(values.min()), float(values.max())
    x = left + (steps - steps[0]) / max(steps[-1] - steps[0], 1) * (width - left - right)
    y = height - bottom - (values - low) / max(high - low, 1e-12) * (height - top - bottom)
    cv2.rectangle(image, (left, top), (width - right, height - bottom), (200, 200, 200))
    line = np.stack([x, y], 1).round().astype(np.int32)
    cv2.polylines(image, [line.reshape(-1, 1, 2)], False, (160, 80, 20), 1, cv2.LINE_AA)
    for text, at in ((f"{high:.4g}", (4, top + 8)), (f"{low:.4g}", (4, height - bottom)),
                     (f"{name}: {values[-1]:.4g}", (left, 20)), (f"step {int(steps[-1])}", (width - 110, height - 6))):
        cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (40, 40, 40), 1, cv2.LINE_AA)
    return image


def plot(curves: dict[str, list[tuple[int, float]]], columns: int = 3) -> np.ndarray:
    """All curves, by name."""
    panels = [panel(name, curves[name]) for name in sorted(curves)]
    blank = np.full((PANEL[1], PANEL[0], 3), 255, np.uint8)
    panels += [blank] * (-len(panels) % columns)
    return np.concatenate([np.concatenate(panels[i : i + columns], 1) for i in range(0, len(panels), columns)], 0)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.plot", description=__doc__)
    parser.add_argument("run", type=Path, help="the run's --output folder")
    run = parser.parse_args().run
    with bad_input_exits(parser):
        curves = read_log(run / "log.jsonl")
        if not cv2.imwrite(str(run / "curves.png"), plot(curves)):
            raise OSError(f"{run / 'curves.png'}: cannot be written")
        print(run / "curves.png")


if __name__ == "__main__":
    main()
