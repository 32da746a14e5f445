"""Many recordings, videos and pictures at once, on Ray Data.

    report = roadseg.fleet.run("s3://drives/2026/", "results/", model="contextnet")

One process a core holds the network once. What is done is known by the SHA-256 of each input's bytes with the run's
settings, so a run that was broken off goes on where it was, and a file that lies in two places is worked on once. The
results do not depend on the number of workers:

    results/frames/SHA.parquet   a row a frame: input, frame, time, road_pixels, road_share, mask_hash (XXH64), matches
    results/masks/SHA/N.png      the class of every pixel
    results/done/SHA.json        what the input came to, written last
    results/failed/SHA.json      why an input could not be used

Inputs and outputs are paths or fsspec addresses ("s3://…", "gs://…", "memory://…"). Videos need ffmpeg.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from ._errors import RoadsegError
from ._recording import RecordedFrame, Recording
from ._segmenter import Bytes, Segmenter, _size

_PICTURES = (".jpg", ".jpeg", ".png")
_RECORDINGS = (".mcap",)
_VIDEOS = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".mjpeg")
#: A file's bytes, pixels, or a frame of a recording.
_Picture = Union[bytes, Bytes, RecordedFrame]


@dataclass(frozen=True)
class Options:
    """What every worker does with every input."""

    output: str
    model: str = "contextnet"
    #: Write class maps as PNGs.
    masks: bool = True
    #: Of recordings: compare the hash of each recorded mask with that of the one computed anew.
    verify: bool = True
    #: Folder of label PNGs named as the pictures; scores road and classes.
    labels: Optional[str] = None


@dataclass
class Report:
    """What a run came to; also results/report.json."""

    inputs: int = 0
    #: Inputs that an earlier run had done, and those that are the same bytes as another.
    known: int = 0
    frames: int = 0
    failed: Dict[str, str] = field(default_factory=dict)
    #: Frames whose recorded mask differs from the one computed anew: "input#frame".
    mismatches: List[str] = field(default_factory=list)
    #: Recorded masks that were computed anew with the same hash.
    verified: int = 0
    #: Recordings whose masks this run cannot compute again, with the reason.
    unverified: Dict[str, str] = field(default_factory=dict)
    road_share: Optional[float] = None
    #: With labels: intersection over union of the road, and the mean over the classes that occur.
    road_iou: Optional[float] = None
    mean_iou: Optional[float] = None
    seconds: float = 0


def run(
    inputs: Union[str, Sequence[str]],
    output: str,
    *,
    model: str = "contextnet",
    workers: Optional[int] = None,
    masks: bool = True,
    verify: bool = True,
    labels: Optional[str] = None,
    progress: bool = True,
) -> Report:
    """Works through all inputs; see the module. ``workers`` counts processes; default: one for each core of the
    cluster.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise RoadsegError("fleets need more packages: pip install 'roadseg[fleet]'") from error
    begin = time.monotonic()
    options = Options(output.rstrip("/"), model, masks, verify, labels.rstrip("/") if labels else None)
    found = find([inputs] if isinstance(inputs, str) else inputs)
    if not found:
        raise RoadsegError(f"{inputs}: holds no picture, video or recording", "source")
    Segmenter(model, threads=1).close()  # A model that cannot be used is told at once, not by each worker.
    if not ray.is_initialized():
        ray.init(log_to_driver=False, include_dashboard=False)
    cluster: Any = ray
    count = workers or max(1, int(cluster.cluster_resources().get("CPU", 1)))
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # A worker that dies is started again, and the inputs that it had are given to another.
    dataset = ray.data.from_items([{"input": name} for name in found], override_num_blocks=min(len(found), 8 * count))
    results = dataset.map_batches(
        Worker,
        fn_constructor_args=(options,),
        batch_size=1,
        batch_format="numpy",
        concurrency=count,
        num_cpus=1,
        max_restarts=-1,
        max_task_retries=-1,
    )
    done: List[Dict[str, Any]] = []
    said = time.monotonic()
    for row in results.iter_rows():
        done.append(json.loads(row["result"]))
        if progress and (time.monotonic() - said > 10 or len(done) == len(found)):
            said = time.monotonic()
            frames = sum(entry["frames"] for entry in done)
            print(
                f"fleet: {len(done)} of {len(found)} inputs, {frames} frames,"
                f" {frames / (said - begin):.1f} frames a second",
                file=sys.stderr,
            )
    report = _report(done, time.monotonic() - begin)
    _write(f"{options.output}/report.json", json.dumps(asdict(report), indent=2).encode())
    return report


def find(inputs: Sequence[str]) -> List[str]:
    """All files below the inputs that a fleet works on, sorted."""
    import fsspec

    names: List[str] = []
    for name in inputs:
        system, path = fsspec.core.url_to_fs(name)
        files = [path] if system.isfile(path) else sorted(system.find(path))
        wanted = [file for file in files if file.lower().endswith(_PICTURES + _RECORDINGS + _VIDEOS)]
        names += [system.unstrip_protocol(file) if "://" in name else file for file in wanted]
    return sorted(set(names))


class Worker:
    """One process: the network, and one input after the other."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.segmenter = Segmenter(options.model, threads=1)
        # Another network or other wishes make other results of the same bytes.
        wishes = [self.segmenter.model_hash, options.masks, options.verify, options.labels]
        self._settings = json.dumps(wishes).encode()

    def __call__(self, batch: Dict[str, Any]) -> Dict[str, Any]:
        return {"result": np.array([json.dumps(self.work(str(name))) for name in batch["input"]])}

    def work(self, name: str) -> Dict[str, Any]:
        """What the input came to. Only a broken output ends the run: inputs are set aside with their reason."""
        entry: Dict[str, Any] = {"input": name, "frames": 0}
        try:
            data = _read(name)
        except OSError as error:
            return {**entry, "failed": f"cannot be read: {error}"}
        key = hashlib.sha256(data + self._settings).hexdigest()
        known = _known(f"{self.options.output}/done/{key}.json")
        if known is not None:
            return {**known, "input": name, "known": True}
        try:
            result = {**entry, **self._frames(name, key, data)}
        except (RoadsegError, OSError, ValueError, subprocess.SubprocessError) as error:
            result = {**entry, "failed": str(error)}
            _write(f"{self.options.output}/failed/{key}.json", _json(result))
            return result
        _write(f"{self.options.output}/done/{key}.json", _json(result))
        return result

    def _frames(self, name: str, key: str, data: bytes) -> Dict[str, Any]:
        rows: List[Dict[str, Any]] = []
        confusion = np.zeros((len(self.segmenter.classes),) * 2, np.int64)
        unverified: List[str] = []
        for number, (frame_time, picture) in enumerate(self._pictures(name, data, unverified)):
            classes = self._classes(picture)
            hash = _hash(classes)
            recorded = picture.record.get("mask_hash") if isinstance(picture, RecordedFrame) else None
            matches = hash == recorded if recorded and self.options.verify and not unverified else None
            road = int((classes == self.segmenter.road_class).sum())
            rows.append(
                {
                    "input_sha256": key,
                    "frame": number,
                    "time": frame_time,
                    "width": classes.shape[1],
                    "height": classes.shape[0],
                    "road_pixels": road,
                    "road_share": road / classes.size,
                    "mask_hash": hash,
                    "matches": matches,
                }
            )
            if self.options.masks:
                _write(f"{self.options.output}/masks/{key}/{number:06}.png", _png(classes))
            if self.options.labels and name.lower().endswith(_PICTURES):
                confusion += _confusion(classes, _label(self.options.labels, name), len(confusion))
        if not rows:
            raise RoadsegError("holds no frame", "frame")
        _write(f"{self.options.output}/frames/{key}.parquet", _parquet(rows))
        return {
            "sha256": key,
            "frames": len(rows),
            "road_share": sum(row["road_share"] for row in rows),
            "mismatches": [row["frame"] for row in rows if row["matches"] is False],
            "verified": sum(1 for row in rows if row["matches"]),
            "unverified": unverified[0] if unverified else None,
            "confusion": confusion.tolist() if self.options.labels else None,
            "road_class": self.segmenter.road_class,
        }

    def _classes(self, picture: _Picture) -> Bytes:
        if isinstance(picture, RecordedFrame):
            return self.segmenter.recorded(picture).classes
        if isinstance(picture, bytes):
            return self.segmenter.decode(picture, _size(picture)).classes
        return self.segmenter(picture).classes

    def _pictures(self, name: str, data: bytes, unverified: List[str]) -> Iterator[Tuple[Optional[int], _Picture]]:
        """Time and picture of each frame; into ``unverified`` why a recording's masks cannot be compared, if so."""
        ending = os.path.splitext(name.lower())[1]
        if ending in _PICTURES:
            yield None, data
        elif ending in _RECORDINGS:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "recording.mcap")
                with open(path, "wb") as file:
                    file.write(data)
                try:
                    recording = Recording(path)
                    reason = self._why_unverified(recording.run) if self.options.verify else None
                    unverified += [reason] if reason else []
                    yield from ((frame.time, frame) for frame in recording if frame.image is not None)
                except RoadsegError as error:
                    raise RoadsegError(str(error).replace(path, name), error.kind) from error
        else:
            yield from ((None, picture) for picture in _video(data))

    def _why_unverified(self, run: Dict[str, str]) -> Optional[str]:
        """What makes this worker's masks others than the recording's; None where they must be the same."""
        if run.get("model_sha256") not in (None, self.segmenter.model_hash):
            return f"recorded with another model: {run.get('model')}, SHA-256 {run.get('model_sha256')}"
        if run.get("images") == "encoded":
            return "its pictures were encoded after their masks were computed"
        if run.get("clean", "off") != "off" or "near_bottom" in run or "own_parts" in run:
            return "its masks were cleaned: roadseg replay --verify repeats that"
        own = "x".join(map(str, self.segmenter.input_size))
        if run.get("input_size", own) != own:
            return f"recorded with --input-size {run['input_size']}: roadseg replay --verify repeats that"
        return None


def _video(data: bytes) -> Iterator[Bytes]:
    """Each picture of a video, by ffmpeg; one in memory at a time."""
    if shutil.which("ffmpeg") is None:
        raise RoadsegError("videos need ffmpeg, which is not installed", "source")
    with tempfile.NamedTemporaryFile(suffix=".video") as file:
        file.write(data)
        file.flush()
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height"]
            + ["-of", "csv=p=0", file.name],
            capture_output=True,
            text=True,
        )
        try:
            width, height = (int(number) for number in probe.stdout.strip().rstrip(",").split(",")[:2])
        except ValueError:
            raise RoadsegError(f"ffprobe: {probe.stderr.strip() or 'no video in it'}", "frame") from None
        command = ["ffmpeg", "-v", "error", "-i", file.name, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as decoder:
            assert decoder.stdout is not None
            while len(picture := decoder.stdout.read(3 * width * height)) == 3 * width * height:
                yield np.frombuffer(picture, np.uint8).reshape(height, width, 3)


def _label(folder: str, name: str) -> Bytes:
    from PIL import Image

    stem = os.path.splitext(os.path.basename(name))[0]
    try:
        return np.asarray(Image.open(io.BytesIO(_read(f"{folder}/{stem}.png"))))
    except OSError as error:
        raise RoadsegError(f"no label for it: {error}", "frame") from error


def _confusion(classes: Bytes, label: Bytes, count: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Rows are labels, columns answers; what has no class of the network is left out."""
    if label.shape != classes.shape:
        raise RoadsegError(f"its label has shape {label.shape}, the picture {classes.shape}", "frame")
    kept = label < count
    pairs = label[kept].astype(np.int64) * count + classes[kept]
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def _report(done: List[Dict[str, Any]], seconds: float) -> Report:
    report = Report(inputs=len(done), seconds=round(seconds, 3))
    seen: Dict[str, Dict[str, Any]] = {}
    for entry in sorted(done, key=lambda entry: str(entry["input"])):
        if "failed" in entry:
            report.failed[entry["input"]] = entry["failed"]
            continue
        report.known += 1 if entry.get("known") or entry["sha256"] in seen else 0
        seen.setdefault(entry["sha256"], entry)
        report.mismatches += [f"{entry['input']}#{frame}" for frame in entry["mismatches"]]
        if entry["unverified"]:
            report.unverified[entry["input"]] = entry["unverified"]
    entries = list(seen.values())
    report.frames = sum(entry["frames"] for entry in entries)
    report.verified = sum(entry["verified"] for entry in entries)
    if report.frames:
        report.road_share = sum(entry["road_share"] for entry in entries) / report.frames
    confusions = [np.array(entry["confusion"]) for entry in entries if entry["confusion"]]
    if confusions:
        total = np.sum(confusions, axis=0)
        hits, union = np.diag(total), total.sum(0) + total.sum(1) - np.diag(total)
        road = entries[0]["road_class"]
        report.road_iou = float(hits[road] / union[road]) if union[road] else None
        occurring = union > 0
        report.mean_iou = float((hits[occurring] / union[occurring]).mean()) if occurring.any() else None
    return report


def _read(name: str) -> bytes:
    import fsspec

    with fsspec.open(name, "rb") as file:
        data: bytes = file.read()
        return data


def _known(name: str) -> Optional[Dict[str, Any]]:
    try:
        result: Dict[str, Any] = json.loads(_read(name))
        return result
    except (OSError, ValueError):
        return None


def _write(name: str, data: bytes) -> None:
    """Whole or not at all, also when the process is killed in the middle."""
    import fsspec

    system, path = fsspec.core.url_to_fs(name)
    system.makedirs(os.path.dirname(path), exist_ok=True)
    if "file" in (system.protocol if isinstance(system.protocol, tuple) else (system.protocol,)):
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), prefix=".", delete=False) as file:
            file.write(data)
        os.replace(file.name, path)
    else:
        system.pipe_file(path, data)  # Object stores write an object whole.


def _hash(classes: Bytes) -> str:
    """As recordings have it: XXH64 of the class map, row by row."""
    import xxhash

    digits: str = xxhash.xxh64(np.ascontiguousarray(classes)).hexdigest()
    return digits


def _json(value: Dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _png(classes: Bytes) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(classes).save(file, "PNG")
    return file.getvalue()


def _parquet(rows: List[Dict[str, Any]]) -> bytes:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    schema = arrow.schema(
        [
            ("input_sha256", arrow.string()),
            ("frame", arrow.int64()),
            ("time", arrow.int64()),
            ("width", arrow.int32()),
            ("height", arrow.int32()),
            ("road_pixels", arrow.int64()),
            ("road_share", arrow.float64()),
            ("mask_hash", arrow.string()),
            ("matches", arrow.bool_()),
        ]
    )
    file = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(rows, schema=schema), file)
    return file.getvalue()
