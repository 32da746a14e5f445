"""The installed wheel against the command line, Pillow and OpenCV."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import roadseg
from roadseg._program import program


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frames")
    subprocess.run([program(), "live", "synthetic", "--frames", "3", "--output", folder / "frames"], check=True)
    return folder


@pytest.fixture(scope="module")
def picture(folder: Path) -> Path:
    return sorted((folder / "frames").glob("*.jpg"))[0]


@pytest.fixture(scope="module")
def segmenter() -> roadseg.Segmenter:
    return roadseg.Segmenter(threads=2)


def random_picture(height: int = 200, width: int = 320) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def test_same_bytes_as_the_command_line(folder: Path, picture: Path, segmenter: roadseg.Segmenter) -> None:
    subprocess.run([program(), "run", picture, "--output", folder / "out", "--write", "classes"], check=True)
    wanted = np.asarray(Image.open(next((folder / "out" / "classes").glob("*.png"))))
    result = segmenter.decode(picture.read_bytes(), (640, 480))
    assert (result.classes == wanted).all() and len(np.unique(wanted)) > 1
    assert result.road_pixels == (wanted == segmenter.road_class).sum() == result.road.sum()


def test_takes_what_numpy_pillow_and_opencv_give(segmenter: roadseg.Segmenter) -> None:
    rgb = random_picture()
    wanted = segmenter(rgb).classes
    assert (segmenter(rgb[..., ::-1], order="bgr").classes == wanted).all(), "pixels lie apart: copied"
    assert (segmenter(np.ascontiguousarray(rgb[..., ::-1]), order="bgr").classes == wanted).all()
    assert (segmenter(Image.fromarray(rgb)).classes == wanted).all()
    assert (segmenter(np.dstack([rgb, rgb[..., 0]])).classes == wanted).all(), "four channels"
    larger = np.zeros((210, 340, 3), np.uint8)
    larger[5:205, 10:330] = rgb
    assert (segmenter(larger[5:205, 10:330]).classes == wanted).all(), "rows lie apart: read where they are"
    cv2 = pytest.importorskip("cv2")
    assert (segmenter(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), order="bgr").classes == wanted).all()
    grey = rgb[..., 0].copy()
    assert (segmenter(grey).classes == segmenter(np.dstack([grey] * 3)).classes).all()


def test_writes_where_it_is_told(segmenter: roadseg.Segmenter, picture: Path) -> None:
    rgb = random_picture()
    large = np.full((210, 340), 0xEE, np.uint8)
    result = segmenter(rgb, out=large[5:205, 10:330], confidence=True)
    assert result.classes.base is large and (large[:5] == 0xEE).all() and (large[:, 330:] == 0xEE).all()
    assert (large[5:205, 10:330] == segmenter(rgb).classes).all()
    data = picture.read_bytes()
    whole = np.zeros((480, 640), np.uint8)
    assert segmenter.decode(data, (640, 480), out=whole).classes is whole
    assert (whole == segmenter.decode(data, (640, 480)).classes).all()
    assert result.confidence is not None and result.confidence.shape == (200, 320) and result.confidence.max() > 10


def test_masks_are_cleaned_and_cut_as_by_the_command_line(folder: Path, picture: Path) -> None:
    bonnet, region = [(0, 80), (50.25, 75), (100, 80), (100, 100), (0, 100)], [(10, 0), (100, 0), (100, 100), (10, 100)]
    file = folder / "parts.txt"
    file.write_text("# bonnet\n" + " ".join(f"{x},{y}" for x, y in bonnet) + "\n")
    written = " ".join(f"{x},{y}" for x, y in region)
    options = ["--clean", "strong", "--near-bottom", "40", "--own-parts", file, "--region", written]
    command = [program(), "run", picture, "--output", folder / "masks", "--write", "classes", *options]
    subprocess.run(command, check=True)
    wanted = np.asarray(Image.open(next((folder / "masks" / "classes").glob("*.png"))))
    for parts in (str(file), file, [bonnet]):
        segmenter = roadseg.Segmenter(clean="strong", near_bottom=40, own_parts=parts, region=region)
        assert (segmenter.decode(picture.read_bytes(), (640, 480)).classes == wanted).all()
    assert not (wanted[-40:] == segmenter.road_class).any() and (wanted == segmenter.road_class).any()
    assert not (wanted[:, :60] == segmenter.road_class).any()
    assert (roadseg.Segmenter().decode(picture.read_bytes(), (640, 480)).classes != wanted).any()


def test_a_film_is_steadied_as_by_the_command_line(folder: Path) -> None:
    command = [program(), "run", folder / "frames", "--output", folder / "steady", "--write", "classes"]
    subprocess.run([*command, "--stabilise", "strong"], check=True)
    files = sorted((folder / "steady" / "classes").glob("*.png"))
    steady, plain = roadseg.Segmenter(stabilise="strong"), roadseg.Segmenter()
    differing = 0
    for picture, file in zip(sorted((folder / "frames").glob("*.jpg")), files):
        result = steady.decode(picture.read_bytes(), (640, 480))
        assert (result.classes == np.asarray(Image.open(file))).all()
        differing += int((result.classes != plain.decode(picture.read_bytes(), (640, 480)).classes).sum())
    assert differing > 0 and len(files) == 3


@pytest.mark.parametrize(
    "options, words",
    [
        ({"clean": "much"}, 'clean "much"'),
        ({"stabilise": ""}, 'stabilise ""'),
        ({"near_bottom": 0}, "near_bottom 0"),
        ({"own_parts": "/no/such/file"}, "own_parts"),
        ({"own_parts": [[(0, 0), (1, 1)]]}, "own_parts:1: a polygon of 2 corners"),
        ({"region": [(0, 0), (101, 1), (1, 1)]}, "'101.00,1.00' is no corner"),
    ],
)
def test_says_what_is_wrong_with_mask_options(options: dict, words: str) -> None:
    with pytest.raises(roadseg.RoadsegError, match=re.escape(words)) as error:
        roadseg.Segmenter(**options)
    assert error.value.kind == "argument"


@pytest.mark.parametrize(
    "wrong, words",
    [
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((4, 4, 2), np.uint8), "shape"),
        (np.zeros((0, 4, 3), np.uint8), "shape"),
        (np.zeros(4, np.uint8), "shape"),
    ],
)
def test_says_what_is_wrong_with_a_picture(segmenter: roadseg.Segmenter, wrong: np.ndarray, words: str) -> None:
    with pytest.raises(roadseg.RoadsegError, match=words) as error:
        segmenter(wrong)
    assert error.value.kind == "argument"


def test_errors_are_exceptions_with_cause_and_remedy(picture: Path, segmenter: roadseg.Segmenter) -> None:
    with pytest.raises(roadseg.RoadsegError, match="no shipped model 'nothing'.*contextnet") as error:
        roadseg.Segmenter("nothing")
    assert error.value.kind == "model"
    with pytest.raises(roadseg.RoadsegError) as error:
        segmenter.decode(picture.read_bytes()[:2000], (640, 480))
    assert error.value.kind == "frame"
    with pytest.raises(roadseg.RoadsegError, match="/dev/video99"):
        roadseg.Source("/dev/video99")
    with pytest.raises(roadseg.RoadsegError):
        roadseg.quantize("/no/such.onnx", "/tmp/never.onnx", "/no/such/folder")
    with pytest.raises(roadseg.RoadsegError, match="holds no recording"):
        roadseg.Recording("/usr")


def test_gives_up_the_lock_of_python() -> None:
    slow = roadseg.Segmenter("fcn8s", threads=1)
    rgb = random_picture(480, 640)
    slow(rgb)
    counted, done = 0, threading.Event()

    def work() -> None:
        for _ in range(10):
            slow(rgb)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        counted += 1
        time.sleep(0.001)
    thread.join()
    assert counted > 20, "another thread of Python ran meanwhile"


def test_sources_give_frames_and_masks(segmenter: roadseg.Segmenter, folder: Path) -> None:
    with roadseg.Source("synthetic", size=(320, 240), rate=60) as source:
        assert source.is_synthetic and source.size == (320, 240)
        for frame, result in source.segmented(segmenter):
            assert result.classes.shape == (240, 320) and len(frame.data) > 1000
            if frame.sequence > 2:
                break
    with roadseg.Source(str(folder / "frames")) as source:
        assert len(list(source.segmented(segmenter))) >= 1, "and it ends"


@pytest.mark.parametrize("way", ["pictures", "planes", "scaled-planes"])
def test_prepares_as_the_command_line(folder: Path, picture: Path, way: str) -> None:
    """1280x720, so that scaled planes are smaller ones."""
    large, out = folder / "large.jpg", folder / f"out-{way}"
    Image.open(picture).resize((1280, 720)).save(large, quality=90)
    command = [program(), "run", large, "--output", out, "--write", "classes", "--preparation", way]
    subprocess.run(command, check=True)
    wanted = np.asarray(Image.open(next((out / "classes").glob("*.png"))))
    result = roadseg.Segmenter(threads=1, preparation=way).decode(large.read_bytes(), (1280, 720))
    assert (result.classes == wanted).all()


@pytest.mark.parametrize("options", [[], ["--schemas", "ros2"], ["--schemas", "ros2", "--raw-masks"]])
def test_reads_recordings(folder: Path, segmenter: roadseg.Segmenter, options: list) -> None:
    drive = folder / "-".join(["drive", *options])
    subprocess.run([program(), "record", folder / "frames", "--output", drive, *options], check=True)
    frames = list(roadseg.Recording(drive))
    shown = [frame for frame in frames if frame.record["fate"] == "shown"]
    assert len(shown) >= 1 and all(frame.mask is not None for frame in shown)
    for frame in shown:
        assert frame.image is not None and frame.format == "jpeg" and frame.picture.shape == (480, 640, 3)
        assert frame.preparation == "scaled-planes"
        assert (segmenter.recorded(frame).classes == frame.mask).all(), "masks can be proven"


def test_evaluates(folder: Path, picture: Path) -> None:
    subprocess.run([program(), "run", folder / "frames", "--output", folder / "own", "--write", "classes"], check=True)
    report = roadseg.evaluate("contextnet", folder / "frames", folder / "own" / "classes")
    assert "1" in str(report) and report["model"] == "contextnet"


def test_the_readme_s_examples_run(
    folder: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (Path(__file__).parent.parent / "README.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    (tmp_path / "road.jpg").write_bytes(picture.read_bytes())
    (tmp_path / "drive").mkdir()
    for file in (folder / "drive").glob("*.mcap"):
        (tmp_path / "drive" / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    for block in blocks:
        if "float.onnx" not in block:
            exec(block, scope)
    assert (tmp_path / "overlay.png").exists()
