"""Logs and curves: what is written can be read back, byte by byte where TensorBoard reads it."""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from roadtrain import plot as plot_module
from roadtrain.logs import RunLog, crc32c, event
from roadtrain.plot import plot, read_log


def test_checksum_is_castagnolis() -> None:
    """Check value of CRC-32C, and the first vector of RFC 3720, appendix B.4."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


def records(data: bytes) -> list[bytes]:
    """The payloads of a TFRecord file, every checksum checked."""
    def unmasked(masked: int) -> int:
        rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
        return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF

    out = []
    while data:
        size, size_check = struct.unpack("<QI", data[:12])
        payload, (check,) = data[12 : 12 + size], struct.unpack("<I", data[12 + size : 16 + size])
        assert unmasked(size_check) == crc32c(data[:8]) and unmasked(check) == crc32c(payload)
        out.append(payload)
        data = data[16 + size :]
    return out


def test_events_are_tensorboards(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.scalars(100, {"loss": 0.5})
    log.scalars(300, {"loss": 0.25, "rate": 0.001})
    version, first, second = records(log.events.read_bytes())
    assert version.endswith(b"\x1a\x0dbrain.Event:2")
    assert first[9:] == b"\x10\x64\x2a\x0d\x0a\x0b\x0a\x04loss\x15" + struct.pack("<f", 0.5)
    assert second[9:12] == b"\x10\xac\x02" and second.count(b"\x0a\x04loss") == 1 and b"\x0a\x04rate" in second
    assert event(0.0, 1, {})[:9] == b"\x09" + bytes(8)


def test_lines_and_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = RunLog(tmp_path)
    for step in (100, 200, 300, 200, 300):  # stopped after 300, gone on from a checkpoint at 100
        log.scalars(step, {"loss": 1 / step, "made/road": 0.5})
    lines = [json.loads(line) for line in log.lines.read_text().splitlines()]
    assert len(lines) == 5 and lines[0]["step"] == 100 and lines[0]["loss"] == 0.01
    curves = read_log(log.lines)
    assert [step for step, _ in curves["loss"]] == [100, 200, 300]
    image = plot(curves)
    assert image.shape[1] == 3 * plot_module.PANEL[0] and len(np.unique(image)) > 10
    monkeypatch.setattr(sys, "argv", ["plot", str(tmp_path)])
    plot_module.main()
    assert (tmp_path / "curves.png").stat().st_size > 1000
