"""Inputs of goldens, each stored once: many cases read the same picture.

`store` writes Goldens/inputs/HASH.rgb (RGB bytes, HWC) and the case's line of inputs.tsv beside its model.
`Tests/RoadTestSupport/GoldenFolder.swift` reads them.
"""

import hashlib
from pathlib import Path

INPUTS = Path(__file__).resolve().parent / "inputs"


def store(case_path, pixels: bytes) -> None:
    """`case_path`: the case's path without a suffix."""
    case = Path(case_path)
    name = hashlib.sha256(pixels).hexdigest()[:16]
    INPUTS.mkdir(exist_ok=True)
    (INPUTS / f"{name}.rgb").write_bytes(pixels)
    table = case.parent / "inputs.tsv"
    lines = dict(line.split("\t") for line in table.read_text().splitlines()) if table.exists() else {}
    lines[case.name] = name
    table.write_text("".join(f"{key}\t{lines[key]}\n" for key in sorted(lines)))
