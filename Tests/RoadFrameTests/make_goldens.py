#!/usr/bin/env python3
"""Makes Goldens/: small pictures and what OpenCV and Pillow make of them. Needs numpy, opencv-python-headless, pillow,
djpeg (Debian's libjpeg-turbo-progs).

Run in this folder; the files are committed, so that the tests need no Python.
"""
import io
import pathlib
import struct
import subprocess
import zlib

import cv2
import numpy as np
from PIL import Image

out = pathlib.Path(__file__).parent / "Goldens"
out.mkdir(exist_ok=True)
random = np.random.default_rng(7)


def save(name, array):
    (out / name).write_bytes(np.ascontiguousarray(array, np.uint8).tobytes())


# Raw camera formats, 18x6, random: OpenCV converts BT.601 limited range, but takes a luma below black for black.
width, height = 18, 6
packed = random.integers(0, 256, (height, width, 2), np.uint8)
packed = np.maximum(packed, 16)
save("yuv422-18x6.bin", packed)
save("yuyv-18x6.rgb", cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_YUYV))
save("uyvy-18x6.rgb", cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_UYVY))
planes = random.integers(0, 256, (height * 3 // 2, width), np.uint8)
planes[:height] = np.maximum(planes[:height], 16)
save("yuv420-18x6.bin", planes)
save("nv12-18x6.rgb", cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_NV12))
save("i420-18x6.rgb", cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420))

# A photograph-like picture for JPEG: gradients, an edge, a little noise.
y, x = np.mgrid[0:22, 0:37]
picture = np.stack([x * 6, y * 11, 255 - x * 3 - y * 4], -1).astype(np.float64)
picture[8:, 20:] = [40, 60, 200]
picture = np.clip(picture + random.normal(0, 4, picture.shape), 0, 255).astype(np.uint8)
for name, options in {
    "444": dict(subsampling=0), "422": dict(subsampling=1), "420": dict(subsampling=2),
    "progressive": dict(subsampling=2, progressive=True), "grey": {},
}.items():
    image = Image.fromarray(picture).convert("L" if name == "grey" else "RGB")
    image.save(out / f"jpeg-{name}.jpg", quality=90, **options)
    save(f"jpeg-{name}.rgb", np.asarray(Image.open(out / f"jpeg-{name}.jpg").convert("RGB")))
    if name == "444":
        continue
    for eighths in (4, 2, 1):
        luma = subprocess.run(["djpeg", "-dct", "int", "-scale", f"{eighths}/8", "-grayscale", "-pnm",
                               out / f"jpeg-{name}.jpg"], check=True, capture_output=True).stdout
        save(f"jpeg-{name}-{eighths}.luma", np.asarray(Image.open(io.BytesIO(luma))))
    # With each chroma sample repeated over its pixels.
    plain = subprocess.run(["djpeg", "-dct", "int", "-nosmooth", "-pnm", "-rgb", out / f"jpeg-{name}.jpg"],
                           check=True, capture_output=True).stdout
    save(f"jpeg-{name}-plain.rgb", np.asarray(Image.open(io.BytesIO(plain)).convert("RGB")))


def png(name, colour, depth, rows, *chunks):
    """A PNG by the specification, chunk by chunk: what an encoder would tidy away stays."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    channels = {0: 1, 2: 3, 3: 1}[colour]
    head = struct.pack(">IIBBBBB", len(rows[0]) * 8 // (depth * channels), len(rows), depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + bytes(r) for r in rows))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    for kind, content in chunks:
        data += chunk(kind, content)
    (out / name).write_bytes(data + chunk(b"IDAT", body) + chunk(b"IEND", b""))


# Labels: 4 rows of 8; the value of pixel i is what each test says.
count = [[8 * r + c for c in range(8)] for r in range(4)]
same = b"\x80\x40\x80" * 32  # thirty-two classes of one colour
png("palette-duplicates.png", 3, 8, count, (b"PLTE", same))
png("palette-transparent.png", 3, 8, count, (b"PLTE", same), (b"tRNS", bytes(range(0, 256, 8))))
png("palette-4bit.png", 3, 4, [[0x01, 0x23, 0x45, 0x67], [0x89, 0xAB, 0xCD, 0xEF]] * 2, (b"PLTE", same[:48]))
png("grey-gamma.png", 0, 8, count, (b"gAMA", struct.pack(">I", 100000)))
png("grey-16bit.png", 0, 16, [[0] * 16] * 4)
png("rgb.png", 2, 8, [[c for c in range(24)]] * 4)
Image.fromarray(np.array(count, np.uint8)).save(out / "grey.png")

# Bilinear interpolation: one noisy source, OpenCV's INTER_LINEAR at several sizes with reduction of 2 at most.
source = random.integers(0, 256, (30, 41, 3), np.uint8)
save("scale-41x30.rgb", source)
for w, h in [(41, 30), (31, 23), (21, 15), (64, 45), (100, 31), (39, 60)]:
    save(f"scale-41x30-to-{w}x{h}.rgb", cv2.resize(source, (w, h), interpolation=cv2.INTER_LINEAR))
