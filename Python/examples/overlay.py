"""overlay.py PICTURE OUT.png: the road painted over a picture."""

import sys

import numpy as np
from PIL import Image

import roadseg


def main(picture_path: str, overlay_path: str) -> None:
    picture = np.asarray(Image.open(picture_path).convert("RGB"))
    segmenter = roadseg.Segmenter()
    result = segmenter(picture)
    Image.fromarray(segmenter.overlay(picture, result)).save(overlay_path)
    print(f"{result.road_share:.1%} road in {result.seconds * 1000:.1f} ms ({segmenter.instruction_set})")


if __name__ == "__main__":
    main(*sys.argv[1:])
