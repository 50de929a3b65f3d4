"""Random draws of one image, as training would see it, and how they are shown."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw

from core.augment import Augmentation
from core.charts import palette
from core.data.decode import Fit, decode

Picture = np.ndarray[Any, np.dtype[np.uint8]]

SIZE = 160
FIRST_SEED = 46
"""Of the first view: its draws happen to show both sides of every flip, and all four quarter turns."""
OUTSIDE, FRAME = 0.35, palette.VERMILLION
"""How bright the picture is outside a crop, and the colour of the crop's frame."""
SEED = "augmentation_seed"
"""Session key: how often other draws were asked for."""


@lru_cache(maxsize=64)
def opened(path: str, digest: str, fit: Fit = "crop") -> Picture:
    """The image as training sees it; cached by the digest of its content. Raises `DataError`."""
    return decode(Path(path), SIZE, fit)


def draws_of(picture: Picture, how: Augmentation, count: int) -> list[Picture]:
    """`count` draws of one image; the same ones until others are asked for."""
    import torch

    from core.augment import augment

    batch = torch.from_numpy(picture.copy()).permute(2, 0, 1).expand(count, -1, -1, -1)
    drawn = augment(batch, how, generator=torch.Generator().manual_seed(_seed()))
    return list((drawn * 255).round().byte().permute(0, 2, 3, 1).numpy())


def framed(picture: Picture, how: Augmentation, count: int) -> list[Picture]:
    """The image with the frame of each random crop that `draws_of` makes of it."""
    import torch

    from core.augment.images import boxes_drawn

    boxes = boxes_drawn(count, how, generator=torch.Generator().manual_seed(_seed())).numpy()
    height, width = picture.shape[:2]
    found = []
    for left, top, right, bottom in boxes * np.array([width, height, width, height]):
        image = Image.fromarray((picture * OUTSIDE).astype(np.uint8))
        box = (round(left), round(top), max(round(left) + 1, round(right)), max(round(top) + 1, round(bottom)))
        image.paste(Image.fromarray(picture).crop(box), box[:2])
        ImageDraw.Draw(image).rectangle((*box[:2], box[2] - 1, box[3] - 1), outline=FRAME, width=3)
        found.append(np.asarray(image))
    return found


def _seed() -> int:
    return FIRST_SEED + int(st.session_state.get(SEED, 0))


def draw_again() -> None:
    """Show other draws from now on."""
    st.session_state[SEED] = int(st.session_state.get(SEED, 0)) + 1


def show(pictures: Sequence[Picture], width: int, what: str) -> None:
    """Pictures side by side, as many on a line as fit; `what` they show is said to screen readers, with a number."""
    with st.container(horizontal=True, gap="xsmall"):
        for number, picture in enumerate(pictures, start=1):
            st.image(picture, width=width, output_format="JPEG", alt=f"{what}, draw {number}")
