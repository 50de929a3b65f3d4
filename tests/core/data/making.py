"""Pictures and folders for the tests."""

import io
import zipfile
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
