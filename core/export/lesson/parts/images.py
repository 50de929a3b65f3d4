"""Random numbers, and images as arrays."""

import base64
import hashlib
import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from core.export.lesson.parts.settings import FIT, IMAGES, SPLIT_SEED

# %% words
# ## Random numbers
#
# Every random number depends on the seed, on what it is for and on the number of the batch or epoch, and on nothing
# that was drawn before. So the same seed gives the same training again, also where one is interrupted on the way.


# %% code
def seed_of(*parts: int | str) -> int:
    """A seed for this combination of parts, such as (0, "dropout", 17)."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(*parts: int | str) -> torch.Generator:
    """Random numbers for one purpose."""
    return torch.Generator().manual_seed(seed_of(*parts))


# %% words
# ## The images
#
# Each picture is made a square of the stage's size once, and all of them are kept as bytes. The network must be judged
# on images that it never trained on: those of the split "valid".


# %% code
def listed() -> tuple[list[str], np.ndarray, list[str]]:
    """Name, class number and split of every image, in the order of the run."""
    rows = json.loads(zlib.decompress(base64.b85decode(IMAGES)))
    return [row[0] for row in rows], np.array([row[1] for row in rows], dtype=np.int64), [row[2] for row in rows]


def decode(path: Path, size: int) -> np.ndarray:
    """A picture as RGB, (size, size, 3) uint8, upright, transparent parts on white."""
    with Image.open(path) as picture:
        picture.draft(None, (size, size))  # a JPEG is decoded at the smallest scale that suffices
        turn = picture.getexif().get(0x0112, 1)
        plain: Image.Image = picture
        if picture.has_transparency_data:
            plain = picture.convert("RGBA")
        elif picture.mode not in ("L", "RGB", "CMYK"):
            plain = picture.convert("RGB")
        width, height = plain.size
        across, down, box = size, size, (0, 0, width, height)
        if FIT == "crop":
            side = min(width, height)
            left, top = (width - side) // 2, (height - side) // 2
            box = (left, top, left + side, top + side)
        elif FIT == "pad":
            across, down = (max(1, round(of * size / max(width, height))) for of in (width, height))
        square = plain.resize((across, down), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    if square.mode == "RGBA":
        square = Image.alpha_composite(Image.new("RGBA", square.size, "white"), square)
    square = square.convert("RGB")
    if (across, down) != (size, size):
        whole = Image.new("RGB", (size, size), (124, 116, 104))
        whole.paste(square, ((size - across) // 2, (size - down) // 2))
        square = whole
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF's orientation -> Pillow's number of the transposition
    return np.array(square.transpose(Image.Transpose(turns[turn])) if turn in turns else square)


def batch_of(pixels: np.ndarray, indices: np.ndarray) -> Tensor:
    """Images (B, 3, S, S) in 0..1."""
    return torch.from_numpy(pixels[indices]).permute(0, 3, 1, 2).float().div_(255)


# %% code: growing
def shrunk(images: Tensor, side: int) -> Tensor:
    """Images of `side` pixels: to half or more by the four pixels around each place, else by all that one covers."""
    return F.interpolate(images, (side, side), mode="bilinear", antialias=2 * side < images.shape[-1])


# %% words: share
# ### A part of the images
#
# A hash of each image's name decides which part is used, so that a larger part contains every smaller one.


# %% code: share
def part_of(train: np.ndarray, names: list[str], labels: np.ndarray, share: float) -> np.ndarray:
    """Of the training images of every class that share which comes first by its hash."""
    used: list[int] = []
    for label in dict.fromkeys(labels[train].tolist()):
        own = [int(i) for i in train if labels[i] == label]
        own.sort(key=lambda i: hashlib.blake2b(repr((SPLIT_SEED, "share", names[i])).encode(), digest_size=8).digest())
        used += own[: max(1, math.floor(share * len(own) + 0.5))]
    return np.array(sorted(used), dtype=np.int64)
