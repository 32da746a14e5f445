"""Reading data sets, and what augmentation may and may not do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import CLASSES, scene
from roadtrain.augment import NOISE, STREAMS, Augmentation, augmented_crop, degrade
from roadtrain.geometry import LABEL_STRIDE, camera_view, crop_matrix, to_crop
from roadtrain.datasets import VOID, Sample, label_table, load, read_pairs
from roadtrain.scenery import colours_of, dry_grass, mix_in

STILL = Augmentation(
    aspect=0, rotation_degrees=0, flip=0, brightness=0, contrast=0, gamma=0, tint=0, saturation=0, darken=0,
    fade=0, shadow=0, reflection=0, bonnet=0, blur=0, noise=0, jpeg=0,
)
"""No disturbance at all."""


def sample(seed: int, height: int = 72, width: int = 96) -> Sample:
    """A made picture, as a data set has it."""
    return Sample("made", *scene(seed, height, width))


def test_labels_are_mapped_by_pixel_value(data: Path) -> None:
    samples = load(data / "made" / "train.txt", CLASSES)
    image, label = scene(0)
    assert [s.name for s in samples] == ["0", "1", "2", "3", "4", "5"]
    np.testing.assert_array_equal(samples[0].image, image)
    np.testing.assert_array_equal(samples[0].label, np.array(CLASSES)[label])


def test_unlisted_labels_are_void() -> None:
    table = label_table([0, 4])
    assert table[:3].tolist() == [0, 4, VOID] and table[200] == VOID


def test_broken_lists_and_pictures_are_named(data: Path) -> None:
    broken = data / "made" / "broken.txt"
    broken.write_text("only-one-field\n")
    with pytest.raises(ValueError, match="broken.txt:1"):
        read_pairs(broken)
    broken.write_text("\n")
    with pytest.raises(ValueError, match="lists no pictures"):
        read_pairs(broken)
    broken.write_text("missing.png train/labels/0.png\n")
    with pytest.raises(ValueError, match="missing.png"):
        load(broken, CLASSES)
    cv2.imwrite(str(data / "made" / "small.png"), np.zeros((5, 5, 3), np.uint8))
    broken.write_text("small.png train/labels/0.png\n")
    with pytest.raises(ValueError, match="96x72"):
        load(broken, CLASSES)


def test_the_identity_crop_is_the_picture() -> None:
    image, label = scene(1)
    crop, small = to_crop(image, label, np.array([[1.0, 0, 0], [0, 1, 0]]), image.shape[:2], np.zeros(3))
    np.testing.assert_array_equal(crop, image)
    agree = small == label[::LABEL_STRIDE, ::LABEL_STRIDE]
    assert agree.mean() > 0.95  # a label pixel's centre lies between four picture pixels


@pytest.mark.parametrize("seed", range(20))
def test_picture_and_labels_stay_aligned(seed: int) -> None:
    """The labels are drawn into the picture itself, so a crop of it must show its own labels."""
    _, label = scene(seed, 227, 320)
    levels = np.array([40, 120, 200, 255], np.uint8)
    image = np.repeat(levels[label][..., None], 3, 2)
    still = replace(STILL, aspect=0.2, rotation_degrees=5, flip=0.5)
    rng = np.random.default_rng(seed)
    matrix = crop_matrix(rng, label.shape, (360, 480), (224, 320), (0.6, 1.6), still)
    crop, small = to_crop(image, label, matrix, (224, 320), np.zeros(3))
    seen = np.abs(cv2.resize(crop, small.shape[::-1], interpolation=cv2.INTER_AREA)[..., :1].astype(int)
                  - levels[None, None]).argmin(2)
    known = small != VOID
    assert known.mean() > 0.2
    # Only edges may differ, and they by half a pixel: not as by a slip of several pixels.
    inner = known & (cv2.dilate(small, np.ones((3, 3))) == cv2.erode(small, np.ones((3, 3))))
    assert (seen == small)[inner].mean() > 0.995


def test_undisturbed_tone_keeps_the_picture() -> None:
    still, rng = sample(2), np.random.default_rng(0)
    crop, _ = augmented_crop(rng, still, still, (72, 96), (72, 96), (1, 1), STILL)
    assert np.abs(crop.astype(int) - still.image).max() <= 1


@pytest.mark.parametrize("name", ["darken", "fade", "shadow", "reflection", "blur", "noise", "jpeg", "rain", "glare",
                                  "overexposure", "dashboard", "stamp", "dry_grass", "shade_band",
                                  "colours"])
def test_disturbances_change_the_picture_and_not_the_labels(name: str) -> None:
    plain = augmented_crop(np.random.default_rng(5), sample(3), sample(4), (72, 96), (72, 96), (1, 1), STILL)
    disturbed = augmented_crop(np.random.default_rng(5), sample(3), sample(4), (72, 96), (72, 96), (1, 1),
                               replace(STILL, dry_grass_classes=(1,), **{name: 1.0}))
    np.testing.assert_array_equal(plain[1], disturbed[1])
    assert np.abs(plain[0].astype(int) - disturbed[0]).mean() > 0.3


@pytest.mark.parametrize("seed", range(8))
def test_jpeg_keeps_red_detail_better_than_blue(seed: int) -> None:
    """As cameras write it: most of what is fine goes by luma, 0.299 of it red, 0.114 blue (ITU-T T.871)."""
    stripes = (np.indices((72, 96))[1] // 2 % 2 * 120).astype(np.uint8)

    def lost(channel: int) -> float:
        image = np.full((72, 96, 3), 100, np.uint8)
        image[..., channel] += stripes
        left = degrade(np.random.default_rng(seed), image, replace(STILL, jpeg=1.0))
        return float(np.abs(left[..., channel].astype(int) - image[..., channel]).mean())

    assert lost(0) < lost(2)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [(72, 96), (71, 95)])
def test_dry_grass_covers_its_classes_alone(seed: int, size: tuple[int, int]) -> None:
    """Whatever the line that it grows below: the road (2) and the sky keep their pixels, but for one at the edge."""
    image, label = scene(3, *size)
    small = label[::LABEL_STRIDE, ::LABEL_STRIDE]
    grown = dry_grass(np.random.default_rng(seed), image, small, (1,))
    spread = cv2.dilate((label == 1).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    changed = (grown != image).any(2)
    assert changed[label == 1].mean() > 0.05
    assert not changed[~spread].any()
    np.testing.assert_array_equal(dry_grass(np.random.default_rng(seed), image, small, ()), image)


@pytest.mark.parametrize("seed", range(8))
def test_colours_go_the_way_to_the_other_picture_s(seed: int) -> None:
    """Mean and contrast of each channel lie between both pictures', at least three tenths of the way."""
    rng = np.random.default_rng(seed)
    dusk, day = (np.clip(rng.normal(mean, spread, (360, 480, 3)), 0, 255).astype(np.uint8)
                 for mean, spread in (([90, 70, 60], 15), ([120, 130, 150], 24)))
    moved = colours_of(rng, dusk, day)
    for figure in (np.mean, np.std):
        before, wanted, after = (figure(image, (0, 1)) for image in (dusk, day, moved))
        way = (after - before) / (wanted - before)
        assert (way > 0.25).all() and (way < 1.05).all()
    assert np.abs(colours_of(rng, dusk, dusk).astype(int) - dusk).max() <= 1


def test_colours_of_a_plain_picture_stay_within_the_range() -> None:
    """A picture of one colour has no contrast to divide by."""
    plain = np.full((8, 8, 3), 40, np.uint8)
    bright = colours_of(np.random.default_rng(1), plain, np.full((8, 8, 3), 250, np.uint8))
    assert len(np.unique(bright)) == 1 and 40 < bright[0, 0, 0] <= 250


@pytest.mark.parametrize("size", [(72, 96), (71, 95)])
def test_mixing_lends_pixels_with_their_labels(size: tuple[int, int]) -> None:
    """What is lent has the other picture's pixels and labels; all else keeps its own, but for a pixel at the edge."""
    (image, label), (other, other_label) = scene(3, *size), scene(4, *size)
    label, other_label = label[::LABEL_STRIDE, ::LABEL_STRIDE], other_label[::LABEL_STRIDE, ::LABEL_STRIDE] + 10
    seen = set()
    for seed in range(40):
        mixed_label = label.copy()
        mixed = mix_in(np.random.default_rng(seed), image, mixed_label, other, other_label, (11, 12))
        chosen = next(c for c in [(), (11,), (12,), (11, 12)] if np.array_equal(
            mixed_label, np.where(np.isin(other_label, c), other_label, label)))
        lent = cv2.resize(np.isin(other_label, chosen).astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
        inside, outside = cv2.erode(lent, np.ones((3, 3))) > 0, cv2.dilate(lent, np.ones((3, 3))) == 0
        assert np.abs(mixed[inside].astype(int) - other[inside]).max(initial=0) <= 1
        np.testing.assert_array_equal(mixed[outside], image[outside])
        seen.add(chosen)
    assert len(seen) == 4


def test_crops_larger_than_the_bank_of_noise_differ() -> None:
    """Noise that always began at its first value would be learnt."""
    grey = np.full((768, 1024, 3), 128, np.uint8)
    assert grey.size > NOISE.size
    first, second = (degrade(np.random.default_rng(seed), grey, replace(STILL, noise=1.0)).astype(int) - 128
                     for seed in (1, 2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_a_crop_borrows_what_may_be_lent_alone() -> None:
    """Of a picture of road (0), sky (2) and vehicles (3), vehicles: they come with their own pixels and labels."""
    lent = np.zeros((72, 96), np.uint8)
    lent[:20], lent[20:50, 30:60] = 2, 3
    grey, white = (np.full((72, 96, 3), level, np.uint8) for level in (90, 200))
    plain, lender = Sample("plain", grey, np.zeros_like(lent)), Sample("lender", white, lent)
    mixing, borrowed = replace(STILL, mix=1.0, mix_classes=(1, 3)), 0
    for number in range(10):
        crop, label = augmented_crop(np.random.default_rng(number), plain, lender, (72, 96), (72, 96), (1, 1), mixing,
                                     (number,))
        assert set(np.unique(label)) <= {0, 3}
        inside = cv2.erode(cv2.resize(label, (96, 72), interpolation=cv2.INTER_NEAREST), np.ones((5, 5))) == 3
        assert (crop[inside] > 195).all()
        borrowed += inside.any()
    assert 0 < borrowed < 10


def test_a_bonnet_covers_the_bottom_and_has_its_class() -> None:
    image, label = scene(3)
    with_bonnet, all_road = replace(STILL, bonnet=1.0, bonnet_class=1), Sample("made", image, label * 0)
    crop, small = augmented_crop(np.random.default_rng(5), all_road, all_road, (72, 96), (72, 96), (1, 1), with_bonnet)
    assert small.shape == (36, 48)
    assert (small[-1] == 1).mean() > 0.5 and (small[:25] == 0).all()
    assert np.abs(crop[:50].astype(int) - image[:50]).max() <= 1


def test_new_disturbances_leave_the_draws_of_the_others_alone() -> None:
    """A stamp may change what it is written on, and nothing else of a crop that has all the older disturbances."""
    one, other = sample(3, 227, 320), sample(4, 227, 320)
    often = Augmentation(darken=0.5, fade=0.5, shadow=0.5, reflection=0.5, bonnet=0.5, blur=0.5, noise=0.5, jpeg=0.5)
    for number in range(12):
        plain, plain_label = augmented_crop(np.random.default_rng([1, number]), one, other, (227, 320), (224, 320),
                                            (0.6, 1.6), often, (1, number))
        stamped, stamped_label = augmented_crop(np.random.default_rng([1, number]), one, other, (227, 320), (224, 320),
                                                (0.6, 1.6), replace(often, stamp=1.0), (1, number))
        np.testing.assert_array_equal(plain_label, stamped_label)
        changed = (plain != stamped).any(2)
        assert 0 < changed.mean() < 0.12 and not changed[60:150].any()


def test_crops_with_everything_depend_on_seed_and_number_alone() -> None:
    one, other = sample(3, 227, 320), sample(4, 227, 320)
    often = Augmentation(**{name: 1.0 for name in STREAMS if name != "view"}, pitch=1.0, height=1.0, horizon=1.0,
                         dry_grass_classes=(1,), mix_classes=(2,))
    crops = [augmented_crop(np.random.default_rng([1, n]), one, other, (227, 320), (96, 128), (0.6, 1.6), often,
                            (1, n))[0] for n in (7, 7, 8)]
    np.testing.assert_array_equal(crops[0], crops[1])
    assert (crops[0] != crops[2]).mean() > 0.5


def test_a_camera_that_is_not_moved_sees_the_same() -> None:
    image, label = scene(1)
    matrix = np.eye(2, 3)
    plain = to_crop(image, label, matrix, image.shape[:2], np.zeros(3))
    moved = to_crop(image, label, matrix, image.shape[:2], np.zeros(3), camera_view(image.shape[:2]))
    np.testing.assert_array_equal(plain[0], moved[0])
    np.testing.assert_array_equal(plain[1], moved[1])


@pytest.mark.parametrize("mount", [{"pitch_degrees": 5}, {"pitch_degrees": -5}, {"height_factor": 1.5},
                                   {"height_factor": 0.7}, {"shift": 0.1}])
def test_other_mounts_move_picture_and_labels_alike(mount: dict) -> None:
    _, label = scene(5, 227, 320)
    levels = np.array([40, 120, 200, 255], np.uint8)
    image = np.repeat(levels[label][..., None], 3, 2)
    crop, small = to_crop(image, label, np.eye(2, 3), label.shape, np.zeros(3), camera_view(label.shape, **mount))
    seen = np.abs(cv2.resize(crop, small.shape[::-1], interpolation=cv2.INTER_AREA)[..., :1].astype(int)
                  - levels[None, None]).argmin(2)
    known = small != VOID
    inner = known & (cv2.dilate(small, np.ones((3, 3))) == cv2.erode(small, np.ones((3, 3))))
    assert known.mean() > 0.7 and (seen == small)[inner].mean() > 0.99
    assert (crop != image).mean() > 0.02


def test_pitch_is_the_rotation_that_the_pinhole_camera_makes() -> None:
    """The ray through a pixel, turned, must meet the pixel that the change names."""
    rows, columns = 240, 320
    change = camera_view((rows, columns), pitch_degrees=7)
    angle, focal = np.deg2rad(7), 0.9 * columns
    turn = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
    for x, y in ((160.0, 120.0), (10.0, 30.0), (300.0, 200.0)):
        ray = turn @ np.array([(x - columns / 2) / focal, (y - rows / 2) / focal, 1])
        wanted = columns / 2 + focal * ray[0] / ray[2], rows / 2 + focal * ray[1] / ray[2]
        given = change(np.array([[x]]), np.array([[y]]))
        assert (given[0].item(), given[1].item()) == pytest.approx(wanted, abs=1e-6)


def test_height_scales_the_ground_about_the_horizon() -> None:
    change = camera_view((100, 200), height_factor=2.0)
    _, y = change(np.array([[50.0, 50.0, 50.0]]), np.array([[30.0, 45.0, 85.0]]))
    assert y.tolist() == [[30.0, 45.0, 65.0]]


def test_a_hidden_road_stays_void_beyond_the_picture() -> None:
    image, label = scene(1)
    _, small = to_crop(image, label * 0, np.eye(2, 3), label.shape, np.zeros(3), camera_view(label.shape, shift=0.5))
    assert (small[-15:] == VOID).all() and (small[:15] == 0).all()
