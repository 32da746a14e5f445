"""Pictures of boards through a lens that is known: render_boards.py FOLDER KIND, KIND checkerboard or charuco.

Writes view-NN.png (a board held before the camera), road.png (a checkerboard on the road) and truth.json. Every pixel
is traced through the inverse of the distortion onto the board, so nothing of the calibration's own forward model is
used.
"""

import json
import math
import sys
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 960, 540
K = np.array([[700.0, 0, 471.3], [0, 703.5, 283.8], [0, 0, 1]])
DISTORTION = np.array([-0.21, 0.07, 0.0008, -0.0006, -0.011])
SQUARE = 0.04
ROAD_SQUARE = 0.25
CAMERA = {"height": 1.27, "pitch": 6.5, "roll": 1.5}
TEXELS = 40


def rays():
    """Directions of 3x3 samples of every pixel."""
    offsets = (np.arange(3) - 1) / 3
    columns = (np.arange(WIDTH)[:, None] + offsets).ravel()
    rows = (np.arange(HEIGHT)[:, None] + offsets).ravel()
    bent = np.stack(np.meshgrid((columns - K[0, 2]) / K[0, 0], (rows - K[1, 2]) / K[1, 1]), axis=-1).reshape(-1, 2)
    k1, k2, p1, p2, k3 = DISTORTION
    x, y = bent.T.copy()
    # The inverse of the distortion by fixed point: each step takes away what the forward formula adds.
    for _ in range(60):
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        dx, dy = 2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        x, y = (bent[:, 0] - dx) / radial, (bent[:, 1] - dy) / radial
    return np.stack([x, y, np.ones(len(x))], axis=1)


def picture(directions, board, square, rotation, shift):
    """A board (grey texels, `TEXELS` a square) at a pose; the paper around it is white, the rest grey."""
    normal = rotation[:, 2]
    depth = (normal @ shift) / (directions @ normal)
    places = (directions * depth[:, None] - shift) @ rotation
    x, y = places[:, 0] / square * TEXELS, places[:, 1] / square * TEXELS
    height, width = board.shape
    inside = (depth > 0) & (x >= -TEXELS) & (y >= -TEXELS) & (x < width + TEXELS) & (y < height + TEXELS)
    on_board = inside & (x >= 0) & (y >= 0) & (x < width) & (y < height)
    values = np.full(len(directions), 110, np.float32)
    values[inside] = 235
    values[on_board] = board[y[on_board].astype(int), x[on_board].astype(int)]
    samples = values.reshape(HEIGHT, 3, WIDTH, 3).mean(axis=(1, 3))
    noise = np.random.default_rng(7).normal(0, 2, samples.shape)
    return np.clip(cv2.GaussianBlur(samples, (3, 3), 0.6) + noise, 0, 255).astype(np.uint8)


def checkerboard(columns, rows):
    """`columns` x `rows` inner corners."""
    tiles = np.indices((rows + 1, columns + 1)).sum(axis=0) % 2
    return np.kron(tiles * 215 + 20, np.ones((TEXELS, TEXELS))).astype(np.uint8)


def charuco(columns, rows):
    board = cv2.aruco.CharucoBoard(
        (columns, rows), SQUARE, SQUARE * 0.75, cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_100)
    )
    return board.generateImage((columns * TEXELS, rows * TEXELS))


def poses(width, height):
    """Held in all parts of the picture, near and far, slanted."""
    for distance, side, high in ((0.62, 0.19, 0.06), (0.95, 0.42, 0.18)):
        for across in (-1, 0, 1):
            for down in (-1, 0, 1):
                far = distance > 0.7
                turn = np.array([0.35 * down * (1 if far else 0.6), -0.5 * across + 0.3 * far, 0.15 * across * down])
                rotation, _ = cv2.Rodrigues(turn)
                middle = np.array([across * side, down * high, distance])
                yield rotation, middle - rotation @ np.array([width / 2, height / 2, 0])


def road_pose(columns, rows):
    """A board that lies on the road four metres ahead, and its turn into the camera's frame."""
    pitch, roll = math.radians(CAMERA["pitch"]), math.radians(CAMERA["roll"])
    tilt = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    turn = np.array([[math.cos(roll), math.sin(roll), 0], [-math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    camera = turn @ tilt
    # Columns to the right, rows towards the camera, the board's third axis into the road.
    world = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float).T
    angle = 0.3
    spin = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    rotation = camera @ world @ spin
    middle = np.array([0.3, CAMERA["height"], 4.2])
    half = np.array([(columns + 1) / 2 * ROAD_SQUARE, (rows + 1) / 2 * ROAD_SQUARE, 0])
    return rotation, camera @ middle - rotation @ half


def main(folder, kind):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    directions = rays()
    columns, rows = (9, 6) if kind == "checkerboard" else (8, 6)
    board = checkerboard(columns, rows) if kind == "checkerboard" else charuco(columns, rows)
    size = board.shape[1] / TEXELS * SQUARE, board.shape[0] / TEXELS * SQUARE
    for number, (rotation, shift) in enumerate(poses(*size)):
        view = picture(directions, board, SQUARE, rotation, shift)
        cv2.imwrite(str(folder / f"view-{number:02}.png"), view)
    road = picture(directions, checkerboard(7, 5), ROAD_SQUARE, *road_pose(7, 5))
    cv2.imwrite(str(folder / "road.png"), road)
    truth = {
        "fx": K[0, 0], "fy": K[1, 1], "cx": K[0, 2], "cy": K[1, 2], "distortion": DISTORTION.tolist(), **CAMERA,
    }
    (folder / "truth.json").write_text(json.dumps(truth))


if __name__ == "__main__":
    main(*sys.argv[1:])
