"""Goldens/projections.tsv: places on a flat road as OpenCV's projectPoints puts them into pictures.

The mount's rotation is put together here from matrices, and not as GroundProjection.swift does it.
"""

import math
import pathlib

import cv2
import numpy as np

CAMERAS = [
    # width, height, fx, fy, cx, cy, distortion, height, pitch, roll, yaw
    (640, 480, 576, 576, 319.5, 206, [], 1.4, 0, 0, 0),
    (1280, 720, 933.3, 930.1, 651.2, 348.9, [-0.31, 0.12, 0.0011, -0.0007], 1.27, 4.5, 1.2, -2.0),
    (960, 540, 700, 703.5, 471.3, 283.8, [-0.21, 0.07, 0.0008, -0.0006, -0.011], 2.4, 12, -3, 6),
    (640, 360, 410, 411, 330, 171, [0.9, 0.3, -0.0004, 0.0009, 0.02, 1.2, 0.5, 0.05], 0.6, -2, 0.5, 0.3),
]
PLACES = [(0, 3), (0, 10), (0, 30), (-2.5, 6), (1.75, 4.2), (4, 12), (-6, 25), (8, 55)]


def turn(axis, degrees):
    return cv2.Rodrigues(np.array(axis, dtype=float) * math.radians(degrees))[0]


def main():
    rows = ["# width height fx fy cx cy distortion mount(height pitch roll yaw) x z u v"]
    for width, height, fx, fy, cx, cy, distortion, h, pitch, roll, yaw in CAMERAS:
        k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=float)
        # Axes: x to the right, y down, z ahead. The world turns against the camera.
        rotation = turn((0, 0, 1), -roll) @ turn((1, 0, 0), pitch) @ turn((0, 1, 0), -yaw)
        for x, z in PLACES:
            point, _ = cv2.projectPoints(
                np.array([[x, h, z]], dtype=float), cv2.Rodrigues(rotation)[0], np.zeros(3), k,
                np.array(distortion or [0.0] * 4),
            )
            u, v = point.ravel()
            numbers = [width, height, fx, fy, cx, cy, ",".join(map(str, distortion)) or "-", h, pitch, roll, yaw, x, z]
            rows.append("\t".join(map(str, numbers)) + f"\t{u:.6f}\t{v:.6f}")
    (pathlib.Path(__file__).parent / "Goldens/projections.tsv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
