"""Frames of cameras, folders, streams and recordings."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

import numpy as np

from . import _library as c
from ._errors import RoadsegError
from ._segmenter import Bytes, Result, Segmenter


@dataclass(frozen=True)
class Frame:
    """A frame as the source sent it."""

    #: The bytes, a copy.
    data: Bytes
    #: Width, height.
    size: Tuple[int, int]
    #: The driver's number, and nanoseconds of CLOCK_MONOTONIC.
    sequence: int
    timestamp: int


class Source:
    """``for frame, result in Source("/dev/video0").segmented(segmenter): ...``

    ``name`` is a camera ("/dev/video0", or None for the first), "synthetic", a folder, picture, stream or recording.
    """

    def __init__(
        self, name: Optional[str] = None, *, size: Optional[Tuple[int, int]] = None, rate: float = 0
    ) -> None:
        width, height = size or (0, 0)
        options = c.SourceOptions(width=width, height=height, rate=rate)
        self._handle = ctypes.c_void_p()
        c.check(c.library.roadseg_source_open(name.encode() if name else None, c.byref(options), c.byref(self._handle)))
        properties = c.SourceProperties()
        c.check(c.library.roadseg_source_describe(self._handle, c.byref(properties)))
        self.name: str = properties.name.decode()
        self.size = (properties.width, properties.height)
        self.is_live = bool(properties.is_live)
        self.is_synthetic = bool(properties.is_synthetic)

    def segmented(self, segmenter: Segmenter, *, timeout: float = 5) -> Iterator[Tuple[Frame, Result]]:
        """Each frame with its class map, until the source ends. Damaged frames are left out.

        Raises "timeout" when nothing comes for ``timeout`` seconds.
        """
        while True:
            given = c.FrameStruct()
            try:
                c.check(c.library.roadseg_source_read(self._handle, int(timeout * 1000), c.byref(given)))
                height, width = given.height, given.width
                result = segmenter._segment(
                    (width, height), given, np.empty((height, width), np.uint8), None, given.byte_count
                )
            except RoadsegError as error:
                if error.kind == "ended":
                    return
                if error.kind in ("frame", "disconnected"):
                    continue
                raise
            data = np.ctypeslib.as_array(ctypes.cast(given.bytes, ctypes.POINTER(ctypes.c_uint8)), (given.byte_count,))
            yield Frame(data.copy(), (width, height), given.sequence, given.timestamp), result

    def close(self) -> None:
        handle, self._handle = self._handle, ctypes.c_void_p()
        c.library.roadseg_source_close(handle)

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()
