"""Writes Goldens/*.bin: dense conditional random fields by brute force, as pydensecrf defines them.

python3 make_goldens.py. Needs NumPy. Every sum of the mean field is over all pairs of pixels, exactly. Layout,
little-endian: width, height, classes, iterations (int32); RGB bytes; logits and result (float32, pixel by pixel).
"""
import pathlib
import struct

import numpy as np

COLOUR_WEIGHT, COLOUR_PLACE, COLOUR, PLACE_WEIGHT, PLACE = 4.0, 67.0, 3.0, 3.0, 1.0


def softmax(values):
    values = np.exp(values - values.max(1, keepdims=True))
    return values / values.sum(1, keepdims=True)


def kernel(features):
    distances = ((features[:, None, :] - features[None, :, :]) ** 2).sum(2)
    return np.exp(-distances / 2)


def mean_field(picture, logits, iterations):
    height, width, _ = picture.shape
    y, x = np.mgrid[0:height, 0:width]
    place = np.stack([x.ravel(), y.ravel()], 1).astype(float)
    colour = picture.reshape(-1, 3).astype(float)
    kernels = [(COLOUR_WEIGHT, kernel(np.hstack([place / COLOUR_PLACE, colour / COLOUR]))),
               (PLACE_WEIGHT, kernel(place / PLACE))]
    unary = np.log(np.maximum(softmax(logits), 1e-10))
    field = softmax(unary)
    for _ in range(iterations):
        energies = unary.copy()
        for weight, sums in kernels:
            norm = 1 / np.sqrt(sums.sum(1) + 1e-20)[:, None]
            energies += weight * norm * (sums @ (norm * field))
        field = softmax(energies)
    return field


def case(name, seed, width, height, classes, iterations):
    """Areas of one colour with some noise, and logits that know them badly."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    truth = ((x + 0.6 * y > 0.7 * width).astype(int) + (y < height / 3)) % classes
    colours = random.integers(30, 220, (classes, 3))
    picture = np.clip(colours[truth] + random.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)
    logits = random.normal(0, 1, (height * width, classes)).astype(np.float32)
    logits[np.arange(height * width), truth.ravel()] += 1
    field = mean_field(picture, logits.astype(float), iterations).astype(np.float32)
    folder = pathlib.Path(__file__).parent / "Goldens"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.bin").write_bytes(
        struct.pack("<4i", width, height, classes, iterations) + picture.tobytes() + logits.tobytes() + field.tobytes())
    print(name, "right before", (logits.argmax(1) == truth.ravel()).mean(),
          "after", (field.argmax(1) == truth.ravel()).mean())


case("two", 1, 40, 30, 2, 10)
case("three", 2, 32, 24, 3, 10)
case("once", 3, 24, 20, 3, 1)
