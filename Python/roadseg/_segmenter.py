"""Pictures to class maps."""

from __future__ import annotations

import ctypes
import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from . import _library as c
from ._errors import RoadsegError

if TYPE_CHECKING:
    from ._recording import RecordedFrame

Bytes = npt.NDArray[np.uint8]
#: Corners of one polygon in percent of width and height.
Polygon = Sequence[Tuple[float, float]]


@dataclass(frozen=True)
class RoadClass:
    """One class of a network, with its colour as red, green, blue."""

    name: str
    colour: Tuple[int, int, int]
    is_road: bool


@dataclass(frozen=True)
class Result:
    """What a network says of one picture."""

    #: Height x width: the class of each pixel.
    classes: Bytes
    #: Height x width, or None unless asked for: how far the best class is above the second, 0 to 255.
    confidence: Optional[Bytes]
    #: Which class is road.
    road_class: int
    #: Pixels of it.
    road_pixels: int
    #: Seconds of the network alone, and from the picture to the class map.
    network_seconds: float
    seconds: float

    @property
    def road(self) -> npt.NDArray[np.bool_]:
        """Height x width: whether each pixel is road."""
        return np.equal(self.classes, self.road_class)

    @property
    def road_share(self) -> float:
        """0 to 1."""
        return self.road_pixels / self.classes.size


class Segmenter:
    """A network, ready for pictures.

    ``preparation`` says how JPEGs come to the network: "pictures" as ``roadseg run`` has it, "planes" as ``live``,
    "scaled-planes" as ``record``; the last two are faster and give nearly the same classes.
    ``model`` is a shipped network's name or the path of an int8 ONNX file, ``threads`` counts the caller's own (0: one
    a core, at most 4), ``input_size`` is the network's (width, height). Pictures of any size are taken; each new size
    takes memory once. One thread at a time uses a segmenter; Python's lock is given up while it works.

    What is done to masks, as by the options of the command line: ``clean`` and ``stabilise`` are "off", "gentle" or
    "strong", ``near_bottom`` is a percentage. There is never road within ``own_parts``, a file of polygons or polygons,
    nor outside of ``region``, one polygon; corners are (x, y) in percent. With ``stabilise`` the pictures of one size
    are one film, in order; frames of a ``Source`` begin it anew after half a second without one.
    """

    #: Sizes whose memory is kept at a time.
    _KEPT = 4

    def __init__(
        self,
        model: str = "contextnet",
        *,
        threads: int = 0,
        input_size: Optional[Tuple[int, int]] = None,
        preparation: str = "pictures",
        clean: str = "off",
        stabilise: str = "off",
        near_bottom: Optional[int] = None,
        own_parts: Union[str, "os.PathLike[str]", Sequence[Polygon], None] = None,
        region: Optional[Polygon] = None,
    ) -> None:
        if preparation not in c.PREPARATIONS:
            raise RoadsegError(f'preparation "{preparation}"; one of {", ".join(c.PREPARATIONS)}', "argument")
        for name, strength in ("clean", clean), ("stabilise", stabilise):
            if strength not in c.STRENGTHS:
                raise RoadsegError(f'{name} "{strength}"; one of {", ".join(c.STRENGTHS)}', "argument")
        if near_bottom is not None and not 1 <= near_bottom <= 100:
            raise RoadsegError(f"near_bottom {near_bottom}; 1 to 100 percent, or None", "argument")
        self._masks = {
            "clean": c.STRENGTHS[clean],
            "stabilise": c.STRENGTHS[stabilise],
            "near_bottom": near_bottom or 0,
            "own_parts": _parts(own_parts),
            "region": None if region is None else _text([region]),
        }
        self.model = model
        self._preparation = preparation
        self._threads = threads
        self._input_size = input_size or (0, 0)
        #: By size and preparation: the handle, and the bytes of the largest JPEG or PNG that it takes.
        self._handles: dict[Tuple[int, int, str], Tuple[ctypes.c_void_p, int]] = {}
        handle = self._handle((32, 32))
        self.classes = tuple(self._class(handle, index) for index in range(c.library.roadseg_class_count(handle)))
        terms = c.library.roadseg_terms(handle)
        #: What may be done with the network's weights, or None.
        self.terms: Optional[str] = terms.decode() if terms else None
        width, height = ctypes.c_int32(), ctypes.c_int32()
        c.check(c.library.roadseg_input_size(handle, c.byref(width), c.byref(height)))
        #: Width and height of the network's input.
        self.input_size: Tuple[int, int] = (width.value, height.value)
        #: SHA-256 of the model file in hexadecimal digits; recordings name theirs.
        self.model_hash: str = c.library.roadseg_model_hash(handle).decode()
        #: Which kernels run: "avx2", "neondot", ...
        self.instruction_set: str = c.library.roadseg_instruction_set(handle).decode()

    @property
    def road_class(self) -> int:
        return next(index for index, entry in enumerate(self.classes) if entry.is_road)

    def __call__(
        self,
        picture: Any,
        *,
        order: str = "rgb",
        confidence: bool = False,
        out: Optional[Bytes] = None,
    ) -> Result:
        """The class of every pixel.

        ``picture`` is an array of height x width x 3 (``order`` "rgb" or "bgr"), height x width (grey) or height x
        width x 4 (RGBX) bytes, or a Pillow picture. Rows may lie apart; they are read where they are. ``out`` takes the
        class map where it is given: height x width bytes.
        """
        pixels, format = _pixels(picture, order)
        height, width = pixels.shape[:2]
        classes = np.empty((height, width), np.uint8) if out is None else _checked(out, (height, width))
        margins = np.empty((height, width), np.uint8) if confidence else None
        frame = c.FrameStruct(
            format=format,
            yuv=c.BT601_FULL,  # grey of pictures is 0 to 255
            width=width,
            height=height,
            bytes=pixels.ctypes.data,
            byte_count=pixels.strides[0] * (height - 1) + pixels.strides[1] * width,
            row_pitch=pixels.strides[0],
        )
        return self._segment((width, height), frame, classes, margins)

    def decode(
        self,
        data: bytes,
        size: Tuple[int, int],
        *,
        confidence: bool = False,
        out: Optional[Bytes] = None,
        preparation: Optional[str] = None,
    ) -> Result:
        """The same of a JPEG or PNG of ``size`` (width, height), decoded as roadseg does."""
        width, height = size
        classes = np.empty((height, width), np.uint8) if out is None else _checked(out, (height, width))
        format = c.PNG if data[:4] == b"\x89PNG" else c.JPEG
        frame = c.FrameStruct(
            format=format, bytes=ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value, byte_count=len(data)
        )
        margins = np.empty((height, width), np.uint8) if confidence else None
        return self._segment(size, frame, classes, margins, len(data), preparation)

    def recorded(self, frame: RecordedFrame, *, confidence: bool = False) -> Result:
        """The same of a recorded frame, whatever its format, prepared as its recording says: the recorded mask
        again.
        """
        if frame.image is None:
            raise RoadsegError(f"frame {frame.record.get('ordinal')}: no picture was recorded", "frame")
        if frame.format in ("jpeg", "png"):
            return self.decode(frame.image, _size(frame.image), confidence=confidence, preparation=frame.preparation)
        if frame.format not in _RAW:
            raise RoadsegError(
                f"frame {frame.record.get('ordinal')}: raw images of '{frame.format}' are not known", "frame"
            )
        width, height = frame.size
        given = c.FrameStruct(
            format=_RAW[frame.format],
            yuv=_YUV.get(str(frame.record.get("yuv_encoding")), c.BT601),
            width=width,
            height=height,
            bytes=ctypes.cast(ctypes.c_char_p(frame.image), ctypes.c_void_p).value,
            byte_count=len(frame.image),
            row_pitch=frame.row_pitch,
        )
        margins = np.empty((height, width), np.uint8) if confidence else None
        return self._segment(frame.size, given, np.empty((height, width), np.uint8), margins, len(frame.image))

    def _segment(
        self,
        size: Tuple[int, int],
        frame: c.FrameStruct,
        classes: Bytes,
        margins: Optional[Bytes],
        largest: int = 0,
        preparation: Optional[str] = None,
    ) -> Result:
        output = c.Output(classes=classes.ctypes.data, classes_pitch=classes.strides[0])
        if margins is not None:
            output.confidence = margins.ctypes.data
        timings = c.Timings()
        handle = self._handle(size, largest, preparation)
        c.check(c.library.roadseg_segment(handle, c.byref(frame), c.byref(output), c.byref(timings)))
        nanoseconds = timings.decode + timings.scale + timings.network + timings.class_map + timings.refine
        return Result(
            classes, margins, self.road_class, timings.road_pixels, timings.network / 1e9, nanoseconds / 1e9
        )

    def _handle(
        self, size: Tuple[int, int], largest: int = 0, preparation: Optional[str] = None
    ) -> ctypes.c_void_p:
        way = preparation or self._preparation
        if way not in c.PREPARATIONS:
            raise RoadsegError(f'preparation "{way}" is not known here; a newer roadseg may know it', "argument")
        key = (*size, way)
        kept, limit = self._handles.get(key, (None, 0))
        if kept is not None and largest <= limit:
            return kept
        limit = max(largest, 4 * size[0] * size[1] + 65536)
        options = c.Options(
            width=size[0],
            height=size[1],
            format=c.RGB24,
            threads=self._threads,
            input_width=self._input_size[0],
            input_height=self._input_size[1],
            largest_frame=limit,
            preparation=c.PREPARATIONS[way],
            **self._masks,
        )
        handle = ctypes.c_void_p()
        c.check(c.library.roadseg_open(self.model.encode(), c.byref(options), c.byref(handle)))
        if kept is not None or len(self._handles) >= self._KEPT:
            c.library.roadseg_close(self._handles.pop(key if kept is not None else next(iter(self._handles)))[0])
        self._handles[key] = (handle, limit)
        return handle

    @staticmethod
    def _class(handle: ctypes.c_void_p, index: int) -> RoadClass:
        entry = c.Class()
        c.check(c.library.roadseg_class_at(handle, index, c.byref(entry)))
        return RoadClass(entry.name.decode(), (entry.red, entry.green, entry.blue), bool(entry.is_road))

    def close(self) -> None:
        """Gives the memory back; also done when the object goes away."""
        while self._handles:
            c.library.roadseg_close(self._handles.popitem()[1][0])

    def __enter__(self) -> "Segmenter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handles", None):
            self.close()

    def overlay(self, picture: Any, result: Result, *, alpha: float = 0.5) -> Bytes:
        """A copy of the picture (height x width x 3) with the road in its colour."""
        if not 0 <= alpha <= 1:
            raise RoadsegError(f"alpha {alpha}; 0 to 1", "argument")
        painted = np.array(np.asarray(picture)[..., :3], np.uint8)
        colour = np.array(self.classes[result.road_class].colour, np.float32)
        road = result.road
        painted[road] = np.round(painted[road] * (1 - alpha) + colour * alpha).astype(np.uint8)
        return painted


#: How foxglove.RawImage and sensor_msgs/Image name what roadseg records raw.
_RAW = {
    "yuyv": c.YUYV,
    "yuv422_yuy2": c.YUYV,
    "uyvy": c.UYVY,
    "yuv422": c.UYVY,
    "nv12": c.NV12,
    "i420": c.I420,
    "i422": c.I422,
    "i444": c.I444,
    "i411": c.I411,
    "mono8": c.GREY,
    "rgba8": c.RGBX,
}
_YUV = {"bt601": c.BT601, "bt601Full": c.BT601_FULL, "bt709": c.BT709, "bt709Full": c.BT709_FULL}


def _parts(given: Union[str, "os.PathLike[str]", Sequence[Polygon], None]) -> Optional[bytes]:
    """Polygons as roadseg reads them."""
    if given is None or not isinstance(given, (str, os.PathLike)):
        return None if given is None else _text(given)
    try:
        with open(given, "rb") as file:
            return file.read()
    except OSError as error:
        raise RoadsegError(f"own_parts: {error}", "argument") from error


def _text(polygons: Sequence[Polygon]) -> bytes:
    return "\n".join(" ".join(f"{float(x):.2f},{float(y):.2f}" for x, y in polygon) for polygon in polygons).encode()


def _size(picture: bytes) -> Tuple[int, int]:
    """Width and height of a JPEG or PNG as roadseg sees them: turned as EXIF says."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture)) as image:
            width, height = image.size
            return (height, width) if image.getexif().get(274, 1) in (5, 6, 7, 8) else (width, height)
    except OSError as error:
        raise RoadsegError(f"no picture: {error}", "frame") from error


def _pixels(picture: Any, order: str) -> Tuple[Bytes, int]:
    """Where the bytes lie; copied only where pixels of a row are not side by side."""
    if order not in ("rgb", "bgr"):
        raise RoadsegError(f'order "{order}"; "rgb" or "bgr"', "argument")
    mode: Union[str, None] = getattr(picture, "mode", None)
    if mode is not None and mode not in ("RGB", "L"):
        picture = picture.convert("RGB")
    pixels = np.asarray(picture)
    if pixels.dtype != np.uint8:
        raise RoadsegError(f"a picture of {pixels.dtype}; scale it to bytes, 0 to 255", "argument")
    channels = 1 if pixels.ndim == 2 else pixels.shape[2] if pixels.ndim == 3 else 0
    if channels not in (1, 3, 4) or 0 in pixels.shape:
        raise RoadsegError(f"a picture of shape {pixels.shape}; height x width x 3, or height x width", "argument")
    wanted: Sequence[int] = (channels, 1)[: pixels.ndim - 1]
    if tuple(pixels.strides[1:]) != tuple(wanted) or pixels.strides[0] < channels * pixels.shape[1]:
        pixels = np.ascontiguousarray(pixels)
    if channels == 4 and order == "bgr":
        pixels, channels = np.ascontiguousarray(pixels[..., :3]), 3
    return pixels, {1: c.GREY, 3: c.RGB24 if order == "rgb" else c.BGR24, 4: c.RGBX}[channels]


def _checked(out: Bytes, shape: Tuple[int, int]) -> Bytes:
    if out.shape != shape or out.dtype != np.uint8 or out.strides[1] != 1 or not out.flags.writeable:
        raise RoadsegError(
            f"out is {out.dtype} of {out.shape}; bytes of {shape}, writeable, rows in one piece", "argument"
        )
    return out
