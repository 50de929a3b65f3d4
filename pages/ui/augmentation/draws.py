"""Random draws of one image, as training would see it, and how they are shown."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.augment import Augmentation
from core.data.decode import decode

Picture = np.ndarray[Any, np.dtype[np.uint8]]

SIZE = 160
FIRST_SEED = 46
"""Of the first view: its draws happen to show both sides of every flip, and all four quarter turns."""
SEED = "augmentation_seed"
"""Session key: how often other draws were asked for."""


@lru_cache(maxsize=64)
def opened(path: str, digest: str) -> Picture:
    """The image as training sees it; cached by the digest of its content. Raises `DataError`."""
    return decode(Path(path), SIZE)


def draws_of(picture: Picture, how: Augmentation, count: int) -> list[Picture]:
    """`count` draws of one image; the same ones until others are asked for."""
    import torch

    from core.augment import augment

    seed = FIRST_SEED + int(st.session_state.get(SEED, 0))
    batch = torch.from_numpy(picture.copy()).permute(2, 0, 1).expand(count, -1, -1, -1)
    drawn = augment(batch, how, generator=torch.Generator().manual_seed(seed))
    return list((drawn * 255).round().byte().permute(0, 2, 3, 1).numpy())


def draw_again() -> None:
    """Show other draws from now on."""
    st.session_state[SEED] = int(st.session_state.get(SEED, 0)) + 1


def show(pictures: Sequence[Picture], width: int, what: str) -> None:
    """Pictures side by side, as many on a line as fit; `what` they show is said to screen readers, with a number."""
    with st.container(horizontal=True, gap="xsmall"):
        for number, picture in enumerate(pictures, start=1):
            st.image(picture, width=width, output_format="JPEG", alt=f"{what}, draw {number}")
