"""What a run tells while it trains: lines for people, JSON lines for scripts, event files for TensorBoard.

The event files are written here, 60 lines, rather than by the tensorboard package: that brings a web server, gRPC and a
dozen more packages to every machine that trains. TensorBoard itself, where somebody has it, reads them.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from pathlib import Path


def log(message: str) -> None:
    """A line on standard error, with the time."""
    print(time.strftime("%H:%M:%S"), message, file=sys.stderr, flush=True)


def _crc32c_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC32C = _crc32c_table()


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC, which TFRecord files use (RFC 3720, appendix B.4)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC32C[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def tf_record(data: bytes) -> bytes:
    """Length, its checksum, data, its checksum. Checksums are rotated by 15 and shifted by a constant.

    https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """
    def masked(part: bytes) -> bytes:
        crc = crc32c(part)
        return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _bytes_field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def event(seconds: float, step: int, scalars: dict[str, float]) -> bytes:
    """A tensorflow.Event (event.proto): wall_time = 1, step = 2, summary = 5 with value = 1 of tag = 1, simple_value
    = 2.
    """
    values = b"".join(
        _bytes_field(1, _bytes_field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
        for tag, value in scalars.items())
    return b"\x09" + struct.pack("<d", seconds) + b"\x10" + _varint(step) + _bytes_field(5, values)


class RunLog:
    """Scalars of a run, appended to `log.jsonl` and to an event file in the same folder."""

    def __init__(self, folder: Path) -> None:
        self.lines = folder / "log.jsonl"
        self.events = folder / f"events.out.tfevents.{int(time.time())}.roadtrain"

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """One line and one event; a crash loses nothing that was written before."""
        now = time.time()
        with self.lines.open("a") as file:
            file.write(json.dumps({"step": step, "time": round(now, 3), **values}) + "\n")
        begun = self.events.exists()
        with self.events.open("ab") as file:
            if not begun:  # the first record names the format: file_version = 3
                header = b"\x09" + struct.pack("<d", now) + _bytes_field(3, b"brain.Event:2")
                file.write(tf_record(header))
            file.write(tf_record(event(now, step, values)))
