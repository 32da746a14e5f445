#!/usr/bin/env python3
"""Makes Goldens/: pictures as people bring them, and what Pillow makes of them. Needs numpy and pillow.

Run in this folder; the files are committed, so that the tests need no Python.
"""
import io
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

out = pathlib.Path(__file__).parent / "Goldens"
random = np.random.default_rng(11)


def save(name, data):
    (out / name).write_bytes(data)


def rgb(image):
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8)).tobytes()


# A small scene, no side a multiple of 8, nothing symmetric.
height, width = 14, 23
y, x = np.mgrid[0:height, 0:width]
scene = np.stack([x * 9, y * 15, 255 - x * 5 - y * 6], -1).astype(np.float64)
scene[9:, :8] = [30, 200, 60]
scene = np.clip(scene + random.normal(0, 3, scene.shape), 0, 255).astype(np.uint8)
picture = Image.fromarray(scene)


def exif(orientation, order):
    """A TIFF header of either byte order with one entry before the orientation, as cameras write it."""
    pack = lambda kind, *values: struct.pack(order + kind, *values)
    entries = pack("HHII", 0x010F, 2, 4, 0x61620000 if order == ">" else 0x00006261)
    entries += pack("HHI", 0x0112, 3, 1) + pack("H", orientation) + pack("H", 0)
    return (b"MM" if order == ">" else b"II") + pack("HI", 42, 8) + pack("H", 2) + entries + pack("I", 0)


# All eight orientations, both byte orders, JPEG and PNG; Pillow turns them upright.
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size, depth, colour, rows, before=(), after=(), interlace=0):
    head = struct.pack(">IIBBBBB", size[0], size[1], depth, colour, 0, 0, interlace)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(before) + chunk(b"IDAT", body) + b"".join(after)
            + chunk(b"IEND", b""))


for orientation in range(1, 9):
    order = "<>"[orientation % 2]
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + exif(orientation, order))
    save(f"exif-{orientation}.jpg", buffer.getvalue())
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(buffer.getvalue())))
    save(f"exif-{orientation}-{upright.width}x{upright.height}.rgb", rgb(upright))
data = png((width, height), 8, 2, [row.tobytes() for row in scene], after=[chunk(b"eXIf", exif(6, "<"))])
save("exif-6.png", data)
save("exif-6-png.rgb", rgb(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))))

# 16 bits: the upper byte counts, whatever the lower one is; gamma and colour space chunks do not.
deep = scene.astype(np.uint16) * 256 + random.integers(0, 256, scene.shape).astype(np.uint16)
grey = deep[..., 0]
alpha = random.integers(0, 65536, grey.shape).astype(np.uint16)
gamma = chunk(b"gAMA", struct.pack(">I", 100000))
rows16 = lambda array: [row.astype(">u2").tobytes() for row in array]
kinds = {
    "rgb16": png((width, height), 16, 2, rows16(deep)),
    "rgb16-gamma": png((width, height), 16, 2, rows16(deep), before=[gamma]),
    "rgba16": png((width, height), 16, 6, rows16(np.dstack([deep, alpha]))),
    "grey16": png((width, height), 16, 0, rows16(grey)),
    "grey-alpha16": png((width, height), 16, 4, rows16(np.dstack([grey, alpha]))),
    "rgb8-gamma": png((width, height), 8, 2, [row.tobytes() for row in scene], before=[gamma]),
    "rgb8-srgb-gamma": png((width, height), 8, 2, [row.tobytes() for row in scene],
                           before=[chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"sRGB", b"\0")]),
    "rgba8": png((width, height), 8, 6, [row.tobytes() for row in np.dstack([scene, alpha.astype(np.uint8)])]),
}
for name, data in kinds.items():
    save(f"photo-{name}.png", data)
    image = Image.open(io.BytesIO(data))
    # Pillow keeps 16-bit grey and clips it in conversion, which nobody means: the upper byte is taken here by hand.
    if image.mode.startswith("I"):
        golden = np.repeat((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)[..., None], 3, 2).tobytes()
    else:
        golden = rgb(image)
    save(f"photo-{name}.rgb", golden)
for name, mode in {"palette": "P", "bilevel": "1", "grey": "L"}.items():
    buffer = io.BytesIO()
    picture.convert(mode).save(buffer, "PNG")
    save(f"photo-{name}.png", buffer.getvalue())
    save(f"photo-{name}.rgb", rgb(Image.open(io.BytesIO(buffer.getvalue()))))

# JPEGs that are sound and not decoded, each with its own reason; and a grey one that is.
for mode, name in {"CMYK": "cmyk"}.items():
    buffer = io.BytesIO()
    picture.convert(mode).save(buffer, "JPEG", quality=90)
    save(f"jpeg-{name}.jpg", buffer.getvalue())

# Labels: value of pixel i is 7 i modulo the number of classes.
values = (np.arange(32) * 7 % 200).astype(np.uint8).reshape(4, 8)
bits = (np.arange(32) * 7 % 2).astype(np.uint8).reshape(4, 8)
save("label-16.png", png((8, 4), 16, 0, rows16(values)))
save("label-instances.png", png((8, 4), 16, 0, rows16(values.astype(np.uint16) + 26001)))
save("label-rgb-equal.png", png((8, 4), 8, 2, [row.tobytes() for row in np.dstack([values] * 3)]))
save("label-rgba-equal.png", png((8, 4), 8, 6, [row.tobytes() for row in np.dstack([values] * 3 + [255 - values])]))
save("label-grey-alpha.png", png((8, 4), 8, 4, [row.tobytes() for row in np.dstack([values, 255 - values])]))
save("label-1bit.png", png((8, 4), 1, 0, [np.packbits(row).tobytes() for row in bits], before=[gamma]))
save("label-palette-1bit.png", png((8, 4), 1, 3, [np.packbits(row).tobytes() for row in bits],
                                   before=[chunk(b"PLTE", b"\x80\x40\x80" * 2)]))
fours = np.arange(32) * 7 % 4
packed = (fours[0::4] << 6 | fours[1::4] << 4 | fours[2::4] << 2 | fours[3::4]).astype(np.uint8).reshape(4, 2)
save("label-2bit.png", png((8, 4), 2, 0, [row.tobytes() for row in packed]))
