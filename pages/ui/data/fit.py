"""How pictures that are not square become so: chosen with a run, and shown on one of them."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from core.data.decode import FITS, Fit, Pixels, decode
from core.data.index import DataSet, Item
from core.errors import DataError

WORDS: dict[Fit, str] = {
    "crop": "Crop",
    "squash": "Squash",
    "pad": "Pad",
}
SHOWN: dict[Fit, str] = {"crop": "the middle", "squash": "all, reshaped", "pad": "all, with borders"}
SIDE, WIDTH = 160, 92
"""Pixels of the pictures that are made, and of those that are drawn."""

SQUARE = 1.05
"""Pictures whose longer side is at most this many times the shorter one count as square."""


def fit_choice(data: DataSet, key: str) -> Fit:
    """The choice, with one picture of the data set fitted in each way; nothing to choose where all are square."""
    item = _longest(data)
    if item is None:
        return "crop"
    chosen = st.segmented_control(
        "Pictures that are not square",
        list(FITS),
        default="crop",
        format_func=WORDS.__getitem__,
        required=True,
        key=f"{key}-fit",
        help="The same for training, validation and predictions. A run keeps what it began with.",
    )
    try:
        with st.container(horizontal=True, gap="small"):
            for fit in FITS:
                picture = _fitted(str(item.path), item.digest, fit)
                st.image(picture, width=WIDTH, caption=SHOWN[fit], alt=f"A picture of this data set, to {fit}")
    except DataError:
        st.caption("A picture of this data set cannot be shown now.")
    return chosen


def _longest(data: DataSet) -> Item | None:
    """The usual picture among those that are not square: the one in the middle by its sides' ratio; None if all are."""
    widths, heights = data.used.widths, data.used.heights
    ratios = np.maximum(widths, heights) / np.minimum(widths, heights)
    long = np.flatnonzero(ratios > SQUARE)
    ranked = long[np.argsort(ratios[long], kind="stable")]
    return data.used[ranked[len(ranked) // 2]] if len(ranked) else None


@lru_cache(maxsize=32)
def _fitted(path: str, digest: str, fit: Fit) -> Pixels:
    del digest  # part of the key: another file at the same place is another picture
    return decode(Path(path), SIDE, fit)
