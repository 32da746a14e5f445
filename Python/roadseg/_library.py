"""libroadseg.so by ctypes, which gives up Python's lock for each call. The names are those of roadseg.h."""

from __future__ import annotations

import ctypes
import os
from ctypes import (
    POINTER, Structure, byref, c_char_p, c_double, c_int32, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p,
)

from ._errors import RoadsegError

RGBX, RGB24, BGR24, GREY, YUYV, UYVY, NV12, I420, JPEG, PNG, I422, I444, I411 = range(13)
#: roadseg_preparation by the names that recordings have.
PREPARATIONS = {"pictures": 0, "planes": 1, "scaled-planes": 2}
#: roadseg_strength by the command line's words.
STRENGTHS = {"off": 0, "gentle": 1, "strong": 2}
BT601, BT601_FULL, BT709, BT709_FULL = range(4)

_KINDS = {
    1: "argument",
    2: "model",
    3: "frame",
    4: "source",
    5: "timeout",
    6: "disconnected",
    7: "ended",
    8: "busy",
    9: "failed",
}


class _Sized(Structure):
    """A struct whose first member is its size."""

    def __init__(self, **members: object) -> None:
        super().__init__(size=ctypes.sizeof(self), **members)


class Options(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("width", c_int32),
        ("height", c_int32),
        ("format", c_int32),
        ("threads", c_int32),
        ("input_width", c_int32),
        ("input_height", c_int32),
        ("largest_frame", c_size_t),
        ("preparation", c_int32),
        ("reserved", c_int32),
        ("clean", c_int32),
        ("stabilise", c_int32),
        ("near_bottom", c_int32),
        ("own_parts", c_char_p),
        ("region", c_char_p),
    ]


class Class(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("name", c_char_p),
        ("red", c_uint8),
        ("green", c_uint8),
        ("blue", c_uint8),
        ("is_road", c_uint8),
    ]


class FrameStruct(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("format", c_int32),
        ("yuv", c_int32),
        ("width", c_int32),
        ("height", c_int32),
        ("bytes", c_void_p),
        ("byte_count", c_size_t),
        ("row_pitch", c_size_t),
        ("sequence", c_uint64),
        ("timestamp", c_uint64),
    ]


class Output(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("classes", c_void_p),
        ("classes_pitch", c_size_t),
        ("confidence", c_void_p),
        ("confidence_pitch", c_size_t),
    ]


class Timings(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("decode", c_uint64),
        ("scale", c_uint64),
        ("network", c_uint64),
        ("class_map", c_uint64),
        ("confidence", c_uint64),
        ("road_pixels", c_uint64),
        ("stabilise", c_uint64),
        ("refine", c_uint64),
    ]


class SourceOptions(_Sized):
    _fields_ = [("size", c_size_t), ("width", c_int32), ("height", c_int32), ("rate", c_double)]


class SourceProperties(_Sized):
    _fields_ = [
        ("size", c_size_t),
        ("name", c_char_p),
        ("width", c_int32),
        ("height", c_int32),
        ("format", c_int32),
        ("rate", c_double),
        ("is_live", c_uint8),
        ("is_synthetic", c_uint8),
    ]


def _load() -> ctypes.CDLL:
    beside = os.path.join(os.path.dirname(__file__), "lib", "libroadseg.so.0")
    try:
        library = ctypes.CDLL(beside if os.path.exists(beside) else "libroadseg.so.0")
    except OSError as error:
        raise ImportError(f"roadseg: {error}; install the wheel that `make wheel` built for this machine") from error
    for name, result, arguments in [
        ("roadseg_last_error", c_char_p, []),
        ("roadseg_version", c_char_p, []),
        ("roadseg_open", c_int32, [c_char_p, POINTER(Options), POINTER(c_void_p)]),
        ("roadseg_close", None, [c_void_p]),
        ("roadseg_class_count", c_int32, [c_void_p]),
        ("roadseg_class_at", c_int32, [c_void_p, c_int32, POINTER(Class)]),
        ("roadseg_terms", c_char_p, [c_void_p]),
        ("roadseg_input_size", c_int32, [c_void_p, POINTER(c_int32), POINTER(c_int32)]),
        ("roadseg_model_hash", c_char_p, [c_void_p]),
        ("roadseg_instruction_set", c_char_p, [c_void_p]),
        ("roadseg_segment", c_int32, [c_void_p, POINTER(FrameStruct), POINTER(Output), POINTER(Timings)]),
        ("roadseg_source_open", c_int32, [c_char_p, POINTER(SourceOptions), POINTER(c_void_p)]),
        ("roadseg_source_close", None, [c_void_p]),
        ("roadseg_source_describe", c_int32, [c_void_p, POINTER(SourceProperties)]),
        ("roadseg_source_read", c_int32, [c_void_p, c_uint32, POINTER(FrameStruct)]),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _load()


def check(status: int) -> None:
    """Raises this thread's last error unless all went well."""
    if status != 0:
        raise RoadsegError(library.roadseg_last_error().decode(), _KINDS.get(status, "failed"))


__all__ = ["byref", "check", "library"]
