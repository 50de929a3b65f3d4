"""Pictures and folders for the tests."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image


def picture(number: int = 0, width: int = 12, height: int = 10) -> Image.Image:
    """Noise; another number, another picture."""
    values = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def png(number: int = 0) -> bytes:
    return encoded(picture(number), "PNG")


def encoded(image: Image.Image, kind: str, **settings: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **settings)
    return content.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def folder(root: Path, classes: dict[str, int]) -> Path:
    """A folder of so many different pictures in each class folder."""
    names = [f"{name}/{k:03d}.png" for name, images in classes.items() for k in range(images)]
    return write(root, {name: png(number) for number, name in enumerate(names)})


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def deep_png(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow does not write; `values` uint16 of shape (H, W, 3 or 4)."""
    height, width, channels = values.shape
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in values)
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def deep_tiff(values: np.ndarray, order: str = "<") -> bytes:
    """An RGB TIFF of 16 bits a channel in either byte order, not compressed; `values` uint16 of shape (H, W, 3)."""
    height, width, channels = values.shape
    content = values.astype(f"{order}u2").tobytes()
    tags = ((256, 3, width), (257, 3, height), (258, 3, 0), (259, 3, 1), (262, 3, 2), (273, 4, 0), (277, 3, channels))
    tags += ((278, 3, height), (279, 4, len(content)))
    bits = 8 + 2 + 12 * len(tags) + 4
    known = {258: bits, 273: bits + 2 * channels}
    entries = b""
    for tag, kind, value in tags:
        count = channels if tag == 258 else 1
        last = struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else None
        entries += struct.pack(f"{order}HHI", tag, kind, count)
        entries += last or struct.pack(f"{order}I", known.get(tag, value))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    return head + entries + struct.pack(f"{order}I", 0) + struct.pack(f"{order}{channels}H", *[16] * channels) + content
