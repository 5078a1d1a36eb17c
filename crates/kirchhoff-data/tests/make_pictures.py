#!/usr/bin/env python3
"""Makes the pictures that tests/pictures.rs reads, and what Pillow makes of them.

Needs NumPy, Pillow (made with 13.0 and libjpeg-turbo 3.2), and libjpeg-turbo's cjpeg. Run it in this folder. The expected
values are .npy files of unsigned bytes: H x W for grey, H x W x 3 for colour.
"""

import os
import struct
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageOps

FOLDER = "pictures"
random = np.random.default_rng(1)


def photo(height, width):
    y, x = np.mgrid[0:height, 0:width]
    red = 127 + 90 * np.sin(x / 5.0) + 30 * np.cos(y / 3.0)
    green = 127 + 100 * np.cos((x + y) / 7.0)
    blue = 127 + 110 * np.sin(y / 4.0 - x / 9.0)
    noise = random.normal(0, 8, (height, width, 3))
    return (np.stack([red, green, blue], -1) + noise).clip(0, 255).astype(np.uint8)


def at(name):
    return os.path.join(FOLDER, name)


def expect(name, picture):
    np.save(at(name), np.asarray(picture))


PHOTO = photo(21, 27)
SOURCE = Image.fromarray(PHOTO)


def cjpeg(name, *options, scans=None, cmyk=None):
    """Writes a JPEG, and its pixels as libjpeg gives them."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "source.ppm")
        SOURCE.save(source)
        options = list(options)
        if scans:
            script = os.path.join(folder, "scans.txt")
            open(script, "w").write(scans)
            options += ["-scans", script]
        subprocess.run(["cjpeg", *options, "-outfile", at(name + ".jpg"), source], check=True)
    expect(name, Image.open(at(name + ".jpg")).convert("RGB"))


SEPARATE = "0;\n1;\n2;\n"
for sampling in ["1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "3x1"]:
    cjpeg(f"interleaved-{sampling}", "-sample", sampling)
    cjpeg(f"separate-{sampling}", "-sample", sampling, scans=SEPARATE)
    cjpeg(f"progressive-{sampling}", "-sample", sampling, "-progressive")
cjpeg("two-scans", "-sample", "2x2", scans="0;\n1 2;\n")
cjpeg("mixed", "-sample", "2x2,2x1,1x2")
cjpeg("finer-colour", "-sample", "1x1,2x2,2x2")
cjpeg("restarts", "-sample", "2x2", "-restart", "3B")
cjpeg("rgb", "-rgb")
cjpeg("grey", "-grayscale")
cjpeg("arithmetic", "-arithmetic")
inks = np.concatenate([PHOTO, PHOTO[..., :1] // 2], -1)
Image.fromarray(inks, "CMYK").save(at("cmyk.jpg"), quality=90)
expect("cmyk", Image.open(at("cmyk.jpg")).convert("RGB"))

# Orientations of EXIF: a picture without symmetry, as stored and as seen.
small = Image.fromarray(photo(3, 5))
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    small.save(at(f"orientation-{orientation}.png"), exif=exif)
    expect(f"orientation-{orientation}", ImageOps.exif_transpose(Image.open(at(f"orientation-{orientation}.png"))))
exif = Image.Exif()
exif[0x0112] = 6
SOURCE.save(at("turned.jpg"), exif=exif, quality=90)
expect("turned", ImageOps.exif_transpose(Image.open(at("turned.jpg"))).convert("RGB"))

# PNG of every kind. What Pillow makes RGB and grey of it.
alpha = (PHOTO[..., 0] // 2 + 60)[..., None]
grey = SOURCE.convert("L")
pictures = {
    "png-rgb": SOURCE,
    "png-rgba": Image.fromarray(np.concatenate([PHOTO, alpha], -1), "RGBA"),
    "png-grey": grey,
    "png-grey-alpha": Image.fromarray(np.concatenate([np.asarray(grey)[..., None], alpha], -1), "LA"),
    "png-palette": SOURCE.quantize(12),
    "png-bits": grey.convert("1"),
}
for name, picture in pictures.items():
    picture.save(at(name + ".png"), optimize=True)
    expect(name, Image.open(at(name + ".png")).convert("RGB"))
    expect(name + "-grey", Image.open(at(name + ".png")).convert("L"))
palette = SOURCE.quantize(8)
palette.save(at("png-palette-alpha.png"), transparency=3)
expect("png-palette-alpha", Image.open(at("png-palette-alpha.png")).convert("RGB"))
expect("png-palette-alpha-grey", Image.open(at("png-palette-alpha.png")).convert("L"))

# torchvision's Resize and CenterCrop on PIL images, which are these lines of its source.
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def resize(picture, side, filter):
    width, height = picture.size
    short, long = min(width, height), max(width, height)
    longer = int(side * long / short)
    size = (side, longer) if width <= height else (longer, side)
    return picture.resize(size, FILTERS[filter])


def centre_crop(picture, size):
    width, height = picture.size
    top, left = int(round((height - size) / 2.0)), int(round((width - size) / 2.0))
    return picture.crop((left, top, left + size, top + size))


tall = Image.fromarray(photo(50, 37))
tall.save(at("tall.png"))
SOURCE.save(at("wide.png"))
for name, picture in [("tall", tall), ("wide", SOURCE)]:
    for filter in FILTERS:
        expect(f"{name}-{filter}-12", centre_crop(resize(picture, 12, filter), 12))
        expect(f"{name}-{filter}-16-12", centre_crop(resize(picture, 16, filter), 12))
        expect(f"{name}-{filter}-60", centre_crop(resize(picture, 60, filter), 60))
        expect(f"{name}-{filter}-stretch-13", picture.resize((13, 13), FILTERS[filter]))
    expect(f"{name}-grey-12", centre_crop(resize(picture.convert("L"), 12, "bilinear"), 12))

# 16 bits, written by hand, for Pillow writes grey alone: the values are in the .npy file.
deep = (PHOTO.astype(np.uint32) * 257 + 91).clip(0, 65535).astype(">u2")


def png(name, colour, values):
    import zlib

    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in values)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    open(at(name + ".png"), "wb").write(b"\x89PNG\r\n\x1a\n" + content)
    np.save(at(name), values.astype("<u2"))


png("png-deep-rgb", 2, deep)
png("png-deep-grey", 0, deep[..., 0])

# NumPy's archives.
values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
labels = np.array([1, 0], dtype=np.uint8)
np.savez(at("stored"), inputs=values, labels=labels)
np.savez_compressed(at("deflated"), x_train=values, y_train=labels, x_test=values[::-1], y_test=labels[::-1, None])
np.savez_compressed(at("fortran"), np.asfortranarray(values))
