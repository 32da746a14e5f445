"""ONNX Runtime's Resize (linear, half_pixel) and ArgMax on u8 scores -> upsampling.bin,
which ClassUpsamplerTests reads.

    python make_upsampling.py       (onnx, onnxruntime, numpy)

Ratios whose weights float32 holds exactly (powers of two) are compared at every pixel, ties included. For the others a
pixel whose best two exact values nearly tie is set to 255: there the rounding of float32 decides, not the definition.

Format, little endian: u32 number of cases; for each: u16 score width, height, classes, picture width, height, then the
scores (NHWC bytes) and the classes (bytes).
"""
import struct
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

CASES = [  # score width, height, classes, picture width, height, highest score
    (6, 5, 7, 48, 40, 255), (7, 4, 3, 28, 16, 3), (8, 8, 5, 4, 4, 15), (5, 3, 4, 40, 6, 2), (16, 12, 7, 8, 48, 255),
    (1, 1, 4, 8, 8, 255), (6, 5, 7, 64, 53, 255), (9, 7, 5, 31, 10, 9),
]


def runtime(scores, height, width):
    graph = helper.make_graph(
        [helper.make_node("Resize", ["scores", "", "", "sizes"], ["up"], mode="linear",
                          coordinate_transformation_mode="half_pixel"),
         helper.make_node("ArgMax", ["up"], ["classes"], axis=1, keepdims=0)],
        "upsampling",
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, list(scores.shape))],
        [helper.make_tensor_value_info("classes", TensorProto.INT64, None)],
        [helper.make_tensor("sizes", TensorProto.INT64, [4], [1, scores.shape[1], height, width])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"scores": scores})[0][0]


def axis(source, output):
    for d in range(output):
        place = min(max(Fraction((2 * d + 1) * source - output, 2 * output), Fraction(0)), Fraction(source - 1))
        first = int(place)
        yield first, min(first + 1, source - 1), float(place - first)


def is_close(scores, height, width):
    """Where the best two values are within 1e-3 of each other, in double precision."""
    close = np.zeros((height, width), bool)
    for y, (y0, y1, v) in enumerate(axis(scores.shape[2], height)):
        row = scores[0, :, y0].astype(float) * (1 - v) + scores[0, :, y1] * v
        for x, (x0, x1, w) in enumerate(axis(scores.shape[3], width)):
            values = np.sort(row[:, x0] * (1 - w) + row[:, x1] * w)
            close[y, x] = values[-1] - values[-2] < 1e-3
    return close


def is_power_of_two_ratio(a, b):
    ratio = Fraction(a, b)
    return all(n & (n - 1) == 0 for n in (ratio.numerator, ratio.denominator))


def main():
    random = np.random.default_rng(7)
    out = struct.pack("<I", len(CASES))
    for width, height, classes, picture_width, picture_height, highest in CASES:
        scores = random.integers(0, highest + 1, (1, classes, height, width)).astype(np.float32)
        result = runtime(scores, picture_height, picture_width).astype(np.uint8)
        if not (is_power_of_two_ratio(width, picture_width) and is_power_of_two_ratio(height, picture_height)):
            result[is_close(scores, picture_height, picture_width)] = 255
        print(width, height, classes, picture_width, picture_height, "left out:", int((result == 255).sum()))
        out += struct.pack("<5H", width, height, classes, picture_width, picture_height)
        out += scores[0].transpose(1, 2, 0).astype(np.uint8).tobytes() + result.tobytes()
    with open("upsampling.bin", "wb") as file:
        file.write(out)


main()
