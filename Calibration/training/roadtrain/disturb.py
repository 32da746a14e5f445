"""What cameras and windscreens do to a validation set, each at one fixed strength: pictures to measure robustness by.

    python -m roadtrain.disturb recipes/contextnet-driving7.yaml --data DATA --output disturbed

writes them as files, so that `roadseg evaluate --list disturbed/SET/NAME/val.txt` scores the int8 network on the very
pictures that `python -m roadtrain.evaluate --robustness` scores the float one on.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from .augment import jpeg
from .commands import bad_input_exits
from .datasets import Sample
from .geometry import camera_view, warped
from .labels import VOID
from .pictures import load_validation
from .recipe import Recipe, load_recipe
from .scenery import overexpose, paste_bonnet, rain, reflect_dashboard, stamp

Disturbance = Callable[[Sample], Sample]


def generator(seed: int, sample: Sample, name: str) -> np.random.Generator:
    """Random numbers that depend on seed, picture and disturbance alone, not on the order in which they are asked
    for.
    """
    return np.random.default_rng([seed, zlib.crc32(sample.name.encode()), zlib.crc32(name.encode())])


def moved(sample: Sample, **mount: float) -> Sample:
    """As a camera mounted otherwise would see it; what it would see beyond the picture is black and void."""
    size = sample.label.shape
    change, matrix = camera_view(size, **mount), np.eye(2, 3)
    return replace(sample, image=warped(sample.image, matrix, size, 1, cv2.INTER_LINEAR, (0, 0, 0), change),
                   label=warped(sample.label, matrix, size, 1, cv2.INTER_NEAREST, VOID, change))


def disturbances(recipe: Recipe) -> dict[str, Disturbance]:
    """Each disturbance by name. A bonnet has the class that the recipe's augmentation gives it."""
    def pictorial(name: str, change: Callable[[np.random.Generator, np.ndarray], np.ndarray]) -> Disturbance:
        return lambda sample: replace(sample, image=change(generator(recipe.seed, sample, name), sample.image))

    def bonnet(sample: Sample) -> Sample:
        label = sample.label.copy()
        image = paste_bonnet(generator(recipe.seed, sample, "bonnet"), sample.image, label, sample.image,
                             recipe.augmentation.bonnet_class, 1)
        return replace(sample, image=image, label=label)

    return {
        "none": lambda sample: sample,
        "darkened to 0.35": pictorial("dark", lambda _, image: (image * 0.35).astype(np.uint8)),
        "blur, sigma 2": pictorial("blur", lambda _, image: cv2.GaussianBlur(image, (0, 0), 2)),
        "noise, sigma 12": pictorial("noise", lambda rng, image: (
            np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8))),
        "JPEG quality 30": pictorial("jpeg", lambda _, image: jpeg(image, 30)),
        "mirrored": lambda s: replace(s, image=s.image[:, ::-1].copy(), label=s.label[:, ::-1].copy()),
        "pitched 4 degrees down": lambda sample: moved(sample, pitch_degrees=4),
        "pitched 4 degrees up": lambda sample: moved(sample, pitch_degrees=-4),
        "mounted at 0.7 of the height": lambda sample: moved(sample, height_factor=0.7),
        "mounted at 1.5 times the height": lambda sample: moved(sample, height_factor=1.5),
        "bonnet": bonnet,
        "dashboard reflections": pictorial("dashboard", reflect_dashboard),
        "date stamp": pictorial("stamp", stamp),
        "rain": pictorial("rain", rain),
        "overexposed": pictorial("overexposed", overexpose),
    }


def slug(name: str) -> str:
    """A folder's name for a disturbance."""
    return "-".join("".join(c if c.isalnum() or c == "." else " " for c in name.lower()).split())


def write(samples: list[Sample], folder: Path) -> Path:
    """Pictures and labels as PNG (nothing more is lost), and their list; gives the list's path."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    lines = []
    for number, sample in enumerate(samples):
        # Pictures of two drives may have one name, and in a list spaces separate and # begins a comment.
        name = f"{number:05}_" + "".join(c if c.isalnum() or c in "._-" else "_" for c in sample.name)
        files = {f"images/{name}.png": sample.image[..., ::-1], f"labels/{name}.png": sample.label}
        for file, pixels in files.items():
            if not cv2.imwrite(str(folder / file), pixels):
                raise OSError(f"{folder / file}: cannot be written")
        lines.append(" ".join(files) + "\n")
    path = folder / "val.txt"
    path.write_text("".join(lines))
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m roadtrain.disturb", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's data sets")
    parser.add_argument("--output", type=Path, required=True, help="folder for SET/DISTURBANCE/val.txt and pictures")
    arguments = parser.parse_args()
    with bad_input_exits(parser):
        recipe = load_recipe(arguments.recipe)
        for name, samples in load_validation(recipe, arguments.data).items():
            for label, disturb in disturbances(recipe).items():
                print(write([disturb(s) for s in samples], arguments.output / name / slug(label)), flush=True)


if __name__ == "__main__":
    main()
