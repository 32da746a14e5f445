"""Recordings of ``roadseg record``: frames, masks and what became of each."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import numpy as np

from ._errors import RoadsegError
from ._segmenter import Bytes


@dataclass(frozen=True)
class RecordedFrame:
    """One frame of a recording."""

    #: The record of ``/road/frame``: ordinal, times, ledger bin, mask_hash, road_share, ...
    record: Dict[str, Any]
    #: The bytes that the camera sent; None where they were not recorded.
    image: Optional[bytes]
    #: "jpeg", "png", or how a raw image lies in its bytes: "yuyv", "nv12", ...; empty without an image.
    format: str
    #: Height x width classes; None where the frame has no mask.
    mask: Optional[Bytes]
    #: Nanoseconds of the recording's clock.
    time: int
    #: Of a raw image: width, height, and bytes from one row to the next.
    size: Tuple[int, int] = (0, 0)
    row_pitch: int = 0
    #: How the frame came to the network; see ``Segmenter``.
    preparation: str = "pictures"

    @property
    def picture(self) -> Bytes:
        """The image decoded by Pillow: height x width x 3, red, green, blue."""
        from PIL import Image

        if self.image is None:
            raise RoadsegError(f"frame {self.record.get('ordinal')}: no picture was recorded", "frame")
        if self.format not in ("jpeg", "png"):
            raise RoadsegError(f"raw {self.format} is not decoded here; export it: roadseg export --help", "frame")
        return np.asarray(Image.open(io.BytesIO(self.image)).convert("RGB"))


class Recording:
    """A file or a folder of segments, in the order of time.

    >>> for frame in Recording("drive/"):                                    # doctest: +SKIP
    ...     print(frame.record["ordinal"], frame.mask.shape if frame.mask is not None else None)
    """

    def __init__(self, path: Union[str, Path]) -> None:
        path = Path(path)
        self.files: List[Path] = sorted(path.glob("*.mcap")) if path.is_dir() else [path]
        if not self.files:
            raise RoadsegError(f"{path}: holds no recording (*.mcap)", "source")

    @property
    def run(self) -> Dict[str, str]:
        """What the first file says of its run: model, model_sha256, version, instruction_set, input_size, ..."""
        return self._run(self.files[0])

    @staticmethod
    def _run(file: Path) -> Dict[str, str]:
        try:
            from mcap.exceptions import McapError
            from mcap.reader import make_reader
        except ImportError as error:
            raise RoadsegError(_MISSING) from error
        try:
            with open(file, "rb") as stream:
                found = (entry.metadata for entry in make_reader(stream).iter_metadata() if entry.name == "roadseg")
                return dict(next(found, {}))
        except (OSError, McapError) as error:
            raise _damaged(file, error) from error

    def __iter__(self) -> Iterator[RecordedFrame]:
        try:
            from mcap.exceptions import McapError
            from mcap.reader import make_reader
            from mcap_protobuf.decoder import DecoderFactory
            from mcap_ros2.decoder import DecoderFactory as ROS2DecoderFactory
        except ImportError as error:
            raise RoadsegError(_MISSING) from error
        for file in self.files:
            preparation = self._run(file).get("preparation", "pictures")
            try:
                with open(file, "rb") as stream:
                    factories: Any = [DecoderFactory(), ROS2DecoderFactory(), _JSON()]
                    yield from self._frames(make_reader(stream, decoder_factories=factories), preparation)
            except (OSError, McapError) as error:
                raise _damaged(file, error) from error

    @staticmethod
    def _frames(reader: Any, preparation: str) -> Iterator[RecordedFrame]:
        """Pictures and masks come before the record of their frame; all three have its number."""
        waiting: Dict[int, Dict[str, Any]] = {}
        topics = ["/camera/image", "/road/mask", "/road/frame"]
        # As ROS 2 names topics with compressed images.
        topics += [f"{topic}/compressed" for topic in topics[:2]]
        for _, channel, message, content in reader.iter_decoded_messages(topics=topics):
            parts = waiting.setdefault(message.sequence, {})
            topic = channel.topic[: -len("/compressed")] if channel.topic.endswith("/compressed") else channel.topic
            # A frame's record of ROS 2 is the text of a std_msgs/String.
            is_text = topic == "/road/frame" and not isinstance(content, dict)
            parts[topic] = json.loads(content.data) if is_text else content
            if topic == "/road/frame":
                yield Recording._frame(waiting.pop(message.sequence), message.log_time, preparation)

    @staticmethod
    def _frame(parts: Dict[str, Any], time: int, preparation: str) -> RecordedFrame:
        image, mask = parts.get("/camera/image"), parts.get("/road/mask")
        classes = None if mask is None else _classes(mask)
        record = parts["/road/frame"]
        if image is None:
            return RecordedFrame(record, None, "", classes, time, preparation=preparation)
        size, row_pitch = ((image.width, image.height), image.step) if hasattr(image, "step") else ((0, 0), 0)
        return RecordedFrame(record, bytes(image.data), _format(image), classes, time, size, row_pitch, preparation)


_MISSING = "recordings need more packages: pip install 'roadseg[recordings]'"


def _damaged(file: Path, error: Exception) -> RoadsegError:
    return RoadsegError(f"{file}: {error}; mend it with: roadseg recover {file}", "source")


class _JSON:
    """A decoder for mcap's reader."""

    def decoder_for(self, message_encoding: str, schema: Any) -> Any:
        return json.loads if message_encoding == "json" else None


def _format(image: Any) -> str:
    return str(image.encoding if hasattr(image, "encoding") else image.format)


def _classes(mask: Any) -> Bytes:
    """A mask is a paletted PNG, or a raw image whose bytes are the classes."""
    if hasattr(mask, "encoding"):
        rows = np.frombuffer(mask.data, dtype=np.uint8).reshape(mask.height, mask.step)
        return rows[:, : mask.width]
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(mask.data)))
