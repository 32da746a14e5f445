"""Every data set's layout, made small: which picture gets which labels, and what their values come to mean."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from roadtrain.datasets import load_pairs, read_image, read_label
from roadtrain.labels import TABLES, VOID, label_map, label_set, named, read_label_set
from roadtrain.readers import CAMVID32, COMMA10K, FORMATS, load_split, mapillary_table

DRIVABLE, NON_DRIVABLE, LIVING, VEHICLES, ROADSIDE, FAR, SKY = range(7)
HEIGHT, WIDTH = 6, 8


def put(root: Path, picture: str, label: str, values: np.ndarray | list) -> None:
    """A picture of one colour and its labels: a row of values, each a column wide, grey or RGB."""
    for path in (picture, label):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    shade = sum(picture.encode()) % 256
    Image.fromarray(np.full((HEIGHT, WIDTH, 3), shade, np.uint8)).save(root / picture)
    row = np.array(values, np.uint8)
    row = row[np.arange(WIDTH) % len(row)]
    Image.fromarray(np.broadcast_to(row, (HEIGHT, *row.shape)).copy()).save(root / label)


def targets(root: Path, form: str, split: str = "train", wanted: str = "driving7", **options) -> dict[str, list]:
    """The label row of each picture of a split, void as -1."""
    samples = load_split(root, split, form, label_set=wanted, class_names=label_set(wanted).names, **options)
    return {s.name: np.where(s.label[0] == VOID, -1, s.label[0].astype(int)).tolist() for s in samples}


def test_camvid(tmp_path: Path) -> None:
    for split, name in (("train", "0001TP_006690"), ("val", "0016E5_07959")):
        put(tmp_path, f"{split}/{name}.png", f"{split}annot/{name}.png", [3, 0, 11, 10])
    assert targets(tmp_path, "camvid") == {"0001TP_006690": [DRIVABLE, SKY, -1, LIVING] * 2}
    assert targets(tmp_path, "camvid", "val", "camvid11") == {"0016E5_07959": [3, 0, -1, 10] * 2}


def test_camvid_as_published(tmp_path: Path) -> None:
    names = dict(zip([row.split("\t")[2] for row in (
        TABLES / "label-maps/camvid32-to-camvid11.tsv").read_text().splitlines()[2:]], CAMVID32))
    colours = [names["LaneMkgsDriv"], names["Sidewalk"], names["Void"], (1, 2, 3)]
    for i in range(100):
        put(tmp_path, f"701_StillsRaw_full/f{i:03}.png", f"LabeledApproved_full/f{i:03}_L.png", colours)
    assert targets(tmp_path, "camvid32", "val")["f090"] == [DRIVABLE, NON_DRIVABLE, -1, -1] * 2
    assert sorted(targets(tmp_path, "camvid32", "val")) == [f"f{i:03}" for i in range(90, 100)]
    assert len(targets(tmp_path, "camvid32", "train", "camvid11")) == 90
    assert targets(tmp_path, "camvid32", "train", "camvid11")["f000"] == [3, 4, -1, -1] * 2


def test_idd_lite(tmp_path: Path) -> None:
    for folder in ("7", "8"):  # the same number in two drives
        put(tmp_path, f"leftImg8bit/train/{folder}/024541_image.jpg", f"gtFine/train/{folder}/024541_label.png",
            [0, 6, 255, 4])
    row = [DRIVABLE, SKY, -1, ROADSIDE] * 2
    assert targets(tmp_path, "idd-lite") == {"7_024541": row, "8_024541": row}


def test_kitti_road(tmp_path: Path) -> None:
    magenta, red, black = (255, 0, 255), (255, 0, 0), (0, 0, 0)
    for category in ("um", "uu"):
        for i in range(5):
            put(tmp_path, f"training/image_2/{category}_{i:06}.png", f"training/gt_image_2/{category}_road_{i:06}.png",
                [magenta, red, black, red])
    put(tmp_path, "elsewhere.png", "training/gt_image_2/um_lane_000000.png", [red])
    val = targets(tmp_path, "kitti-road", "val", "kitti-road")
    assert val == {"um_000004": [0, 1, -1, 1] * 2, "uu_000004": [0, 1, -1, 1] * 2}
    train = targets(tmp_path, "kitti-road")
    assert len(train) == 8 and train["um_000000"] == [DRIVABLE, -1, -1, -1] * 2


def test_cityscapes(tmp_path: Path) -> None:
    stem = "aachen/aachen_000000_000019"
    put(tmp_path, f"leftImg8bit/train/{stem}_leftImg8bit.png", f"gtFine/train/{stem}_gtFine_labelIds.png",
        [7, 8, 1, 26])
    assert targets(tmp_path, "cityscapes") == {
        "aachen_000000_000019_leftImg8bit": [DRIVABLE, NON_DRIVABLE, VEHICLES, VEHICLES] * 2}
    assert list(targets(tmp_path, "cityscapes", wanted="camvid11").values()) == [[3, 4, -1, 8] * 2]
    assert list(targets(tmp_path, "cityscapes", wanted="kitti-road").values()) == [[0, 1, 1, 1] * 2]


@pytest.mark.parametrize(("picture", "label"), [
    ("images/10k/val/a.jpg", "labels/sem_seg/masks/val/a.png"),
    ("seg/images/val/a.jpg", "seg/labels/val/a_train_id.png"),
])
def test_bdd100k(tmp_path: Path, picture: str, label: str) -> None:
    put(tmp_path, picture, label, [0, 9, 255, 18])
    assert targets(tmp_path, "bdd100k", "val") == {"a": [DRIVABLE, NON_DRIVABLE, -1, VEHICLES] * 2}


def vistas(root: Path, name: str, classes: list[str]) -> None:
    (root / name).write_text(json.dumps({"labels": [{"name": c, "evaluate": True} for c in classes]}))


def test_mapillary_by_the_names_of_its_own_config(tmp_path: Path) -> None:
    put(tmp_path, "training/images/a.jpg", "training/labels/a.png", [2, 0, 1, 3])
    vistas(tmp_path, "config.json",
           ["nature--sky", "void--unlabeled", "construction--flat--road", "construction--flat--sidewalk"])
    assert targets(tmp_path, "mapillary") == {"a": [DRIVABLE, SKY, -1, NON_DRIVABLE] * 2}


def test_mapillary_2_by_group(tmp_path: Path) -> None:
    classes = ["construction--barrier--concrete-block", "construction--flat--road-shoulder",
               "marking--discrete--arrow--left", "object--traffic-light--general-single-front",
               "human--person--person-group", "object--parking-meter", "construction--structure--garage",
               "something--new"]
    put(tmp_path, "validation/images/a.jpg", "validation/v2.0/labels/a.png", list(range(8)))
    put(tmp_path, "validation/images/a.jpg", "validation/v1.2/labels/a.png", [0])
    vistas(tmp_path, "config_v2.0.json", classes)
    assert targets(tmp_path, "mapillary", "val") == {
        "a": [ROADSIDE, DRIVABLE, DRIVABLE, ROADSIDE, LIVING, -1, FAR, -1]}


def test_mapillary_table_is_that_of_version_1_2(tmp_path: Path) -> None:
    known = label_map("mapillary", "driving7")
    assert len(known.names) == 66
    vistas(tmp_path, "config.json", list(known.names))
    np.testing.assert_array_equal(mapillary_table(tmp_path, known), known.values)


def test_comma10k(tmp_path: Path) -> None:
    for i in (1, 9):
        put(tmp_path, f"imgs/000{i}.png", f"masks/000{i}.png", [COMMA10K[0], COMMA10K[1], COMMA10K[2], COMMA10K[4]])
    assert targets(tmp_path, "comma10k") == {"0001": [DRIVABLE, DRIVABLE, -1, VEHICLES] * 2}
    assert targets(tmp_path, "comma10k", "val", "kitti-road") == {"0009": [0, 0, 1, 1] * 2}


CLASSES_TSV = "index\tname\tr\tg\tb\n0\tNon_Drivable\t1\t1\t1\n1\tdrivable\t2\t2\t2\n255\tvoid\t0\t0\t0\n"


def test_own_folder_with_splits(tmp_path: Path) -> None:
    put(tmp_path, "train/images/a b.jpg", "train/labels/a b.png", [0, 1, 255, 7])
    put(tmp_path, "val/images/c.png", "val/labels/c.png", [1])
    (tmp_path / "classes.tsv").write_text(CLASSES_TSV)
    assert targets(tmp_path, "folder") == {"a b": [NON_DRIVABLE, DRIVABLE, -1, -1] * 2}
    assert targets(tmp_path, "folder", "val") == {"c": [DRIVABLE] * 8}
    assert targets(tmp_path, "folder", classes=[6, 5]) == {"a b": [SKY, FAR, -1, -1] * 2}


def test_own_folder_without_splits_in_colours(tmp_path: Path) -> None:
    for i in range(20):
        put(tmp_path, f"images/{i:02}.png", f"labels/{i:02}.png", [(2, 2, 2), (1, 1, 1), (0, 0, 0), (9, 9, 9)])
    (tmp_path / "classes.tsv").write_text(CLASSES_TSV)
    assert sorted(targets(tmp_path, "folder", "val")) == ["18", "19"]
    train = targets(tmp_path, "folder")
    assert len(train) == 18 and train["00"] == [DRIVABLE, NON_DRIVABLE, -1, -1] * 2


@pytest.mark.parametrize("form", ["folder", "camvid", "comma10k"])
def test_damaged_labels_are_refused_by_name_or_read(tmp_path: Path, form: str) -> None:
    """Cut and altered anywhere: never anything but labels or one `ValueError` with the file's name."""
    picture, label = {"folder": ("train/images/a.png", "train/labels/a.png"),
                      "camvid": ("train/a.png", "trainannot/a.png"),
                      "comma10k": ("imgs/a.png", "masks/a.png")}[form]
    put(tmp_path, picture, label, [COMMA10K[0], COMMA10K[1]] if form == "comma10k" else [0, 1])
    (tmp_path / "classes.tsv").write_text(CLASSES_TSV)
    whole, rng, refused = (tmp_path / label).read_bytes(), np.random.default_rng(0), 0
    cut = [whole[:length] for length in range(len(whole))]
    altered = [bytearray(whole) for _ in range(300)]
    for data in altered:
        data[rng.integers(len(data))] = rng.integers(256)
    for data in (*cut, *altered):
        (tmp_path / label).write_bytes(data)
        try:
            targets(tmp_path, form)
        except ValueError as error:
            assert str(tmp_path / label) in str(error)
            refused += 1
    assert refused > len(cut) / 2


@pytest.mark.parametrize(("mode", "message"), [
    ("1", "coloured labels must be an 8-bit RGB or paletted PNG, not mode 1"), ("I;16", "not mode I;16"),
    ("LA", "not mode LA")])
def test_labels_of_other_depths_are_refused(tmp_path: Path, mode: str, message: str) -> None:
    """Silently taken for colours, none of their pixels would have a class."""
    put(tmp_path, "train/images/a.png", "train/labels/a.png", [0])
    Image.new(mode, (WIDTH, HEIGHT)).save(tmp_path / "train/labels/a.png")
    (tmp_path / "classes.tsv").write_text(CLASSES_TSV)
    with pytest.raises(ValueError, match=f"labels/a.png: .*{message}"):
        targets(tmp_path, "folder")


def test_grey_labels_of_few_bits_are_refused(tmp_path: Path) -> None:
    """Pillow makes 0, 85, 170, 255 of 0, 1, 2, 3."""
    put(tmp_path, "train/images/a.png", "train/labels/a.png", [0])
    (tmp_path / "classes.tsv").write_text(CLASSES_TSV)
    rows = b"".join(b"\0" + bytes([0b00011011] * (WIDTH // 4)) for _ in range(HEIGHT))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 2, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)),
              (b"IEND", b""))
    png = b"".join(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
                   for kind, body in chunks)
    (tmp_path / "train/labels/a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + png)
    with pytest.raises(ValueError, match="labels/a.png: grey labels of 2 or 4 bits"):
        targets(tmp_path, "folder")


def test_a_picture_is_read_as_it_is_stored(tmp_path: Path) -> None:
    """Labels and roadseg do not follow a note that it be turned, either."""
    picture = Image.fromarray(np.vstack([np.full((8, 16, 3), 20, np.uint8), np.full((8, 16, 3), 220, np.uint8)]))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    picture.save(tmp_path / "a.jpg", exif=exif)
    image = read_image(tmp_path / "a.jpg")
    assert image[:7].max() < 60 and image[9:].min() > 180


@pytest.mark.parametrize("factor", [3, 5])
def test_smaller_pictures_keep_their_labels_in_place(tmp_path: Path, factor: int) -> None:
    """Each pixel of the smaller picture has the label at its centre; mirrored, too."""
    rows, columns = 12 * factor, 20 * factor
    label = np.zeros((rows, columns), np.uint8)
    label[:, 9 * factor + factor // 2:] = 1
    Image.fromarray(np.zeros((rows, columns, 3), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(label).save(tmp_path / "plain.png")
    Image.fromarray(np.ascontiguousarray(label[:, ::-1])).save(tmp_path / "mirrored.png")
    pairs = [(tmp_path / "a.png", tmp_path / f"{name}.png") for name in ("plain", "mirrored")]
    smaller = load_pairs(pairs, lambda path: read_label(path, np.arange(256)), 12)
    # The edge runs through a pixel's centre, whose label counts.
    assert [int(sample.label[0].sum()) for sample in smaller] == [11, 11]


def test_labels_without_any_class_are_refused(tmp_path: Path) -> None:
    """As masks of 0 and 255 for road are, where 255 means void."""
    put(tmp_path, "train/images/a.png", "train/labels/a.png", [9, 255])
    (tmp_path / "classes.tsv").write_text(CLASSES_TSV)
    with pytest.raises(ValueError, match="no pixel of its train labels has a class; .*labels/a.png is the first"):
        targets(tmp_path, "folder")


def test_paletted_colours_are_colours(tmp_path: Path) -> None:
    put(tmp_path, "imgs/a.png", "masks/a.png", [COMMA10K[0], COMMA10K[4]])
    with Image.open(tmp_path / "masks/a.png") as mask:
        mask.quantize(4).save(tmp_path / "masks/a.png")
    assert targets(tmp_path, "comma10k") == {"a": [DRIVABLE, VEHICLES] * 4}


@pytest.mark.parametrize("content", [
    "", "{", "[]", "{}", '{"labels": 3}', '{"labels": [{}]}', '{"labels": [7]}', "[" * 100_000, "\udc80"])
def test_a_damaged_mapillary_config_is_named(tmp_path: Path, content: str) -> None:
    put(tmp_path, "training/images/a.jpg", "training/labels/a.png", [0])
    (tmp_path / "config.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(ValueError, match="config.json: is damaged"):
        targets(tmp_path, "mapillary")
    vistas(tmp_path, "config.json", ["nature--sky"] * 256)
    with pytest.raises(ValueError, match="config.json: 256 labels, more than an 8-bit picture tells apart"):
        targets(tmp_path, "mapillary")


def test_large_pictures_are_read_smaller(tmp_path: Path) -> None:
    put(tmp_path, "train/images/a.png", "train/labels/a.png", [0, 0, 0, 0, 1, 1, 1, 1])
    sample = load_split(tmp_path, "train", "folder", [0, 1], rows=3)[0]
    assert sample.image.shape == (3, 4, 3) and sample.label[0].tolist() == [0, 0, 1, 1]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such folder"):
        load_split(tmp_path / "nowhere", "train", "camvid", label_set="driving7")
    with pytest.raises(ValueError, match="unknown format 'camvdi'; did you mean 'camvid'"):
        load_split(tmp_path, "train", "camvdi", label_set="driving7")
    with pytest.raises(ValueError, match="no train pictures"):
        load_split(tmp_path, "train", "camvid", label_set="driving7")
    put(tmp_path, "train/x.png", "trainannot/y.png", [0])
    with pytest.raises(ValueError, match="trainannot/x.png: missing"):
        load_split(tmp_path, "train", "camvid", label_set="driving7")
    put(tmp_path, "train/x.png", "trainannot/x.png", [0])
    with pytest.raises(ValueError, match="'label_set' in the recipe"):
        load_split(tmp_path, "train", "camvid")
    with pytest.raises(ValueError, match="no map from idd-lite to camvid11: there is one to driving7, kitti-road"):
        label_map("idd-lite", "camvid11")
    (tmp_path / "train.txt").write_text("train/x.png trainannot/x.png\n")
    with pytest.raises(ValueError, match="say what its labels mean"):
        load_split(tmp_path, "train", "list", label_set="driving7")
    (tmp_path / "classes.tsv").write_text("index\tname\tr\tg\tb\n0\tdrivabel\t1\t1\t1\n")
    with pytest.raises(ValueError, match="unknown class 'drivabel'; did you mean 'drivable'"):
        load_split(tmp_path, "train", "list", class_names=label_set("driving7").names)


@pytest.mark.parametrize("path", sorted((TABLES / "label-maps").glob("*.tsv")), ids=lambda p: p.stem)
def test_label_maps_say_the_same_in_numbers_and_names(path: Path) -> None:
    source, target = path.stem.split("-to-")
    assert source in FORMATS
    classes = label_set(target).names
    for line in path.read_text().splitlines()[2:]:
        _, number, _, name = line.split("\t")
        assert name == ("void" if number == "void" else classes[int(number)]), line
    assert label_map(source, target).values.max() == VOID


def test_label_sets(tmp_path: Path) -> None:
    assert [label_set(name).road for name in ("driving7", "camvid11", "kitti-road")] == [0, 3, 0]
    own = named(["grass", "road", "sky"])
    (tmp_path / "own.tsv").write_text(own.text)
    assert read_label_set(tmp_path / "own.tsv") == own and own.road == 1 and len(set(own.colours)) == 3
    (tmp_path / "own.tsv").write_text("index\tname\tr\tg\tb\n1\troad\t1\t1\t1\n")
    with pytest.raises(ValueError, match="index 1, expected 0"):
        read_label_set(tmp_path / "own.tsv")
    for field in ("x", "-1", "256", "1.5", "", "\u0663", "1" * 5000):
        (tmp_path / "own.tsv").write_text(f"index\tname\tr\tg\tb\n0\troad\t1\t{field}\t1\n")
        with pytest.raises(ValueError, match=f"own.tsv: expected a number from 0 to 255, found '{field}'"):
            read_label_set(tmp_path / "own.tsv")
    (tmp_path / "own.tsv").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="own.tsv: is not a text file"):
        read_label_set(tmp_path / "own.tsv")
    (tmp_path / "own.tsv").write_text("index name\n")
    with pytest.raises(ValueError, match="separated by tabs"):
        read_label_set(tmp_path / "own.tsv")
