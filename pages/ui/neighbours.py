"""A row of training images that are like another image, with their classes."""

import streamlit as st

from core.data.index import DataSet
from core.results.neighbours import Neighbours
from pages.ui.text import literal, plain
from pages.ui.thumbnails import thumbnail

SIDE = 104
"""Pixels of a picture."""


def neighbours_row(data: DataSet, found: Neighbours, row: int) -> None:
    """The neighbours of the image in `row` of `found`, the nearest first; files that have gone are counted."""
    gone = 0
    with st.grid("auto", min_column_width=SIDE, gap="small"):
        for place, similarity in zip(found.indices[row], found.similarities[row], strict=True):
            item = data.items[int(place)]
            picture = thumbnail(item, SIDE)
            gone += picture is None
            if picture is not None:
                label = data.classes[item.label]
                caption = f"{literal(label, 16)}, {similarity:.2f}"
                st.image(picture, caption=caption, width=SIDE, alt=f"Training image of {plain(label)}")
    if gone:
        st.caption(f"{gone} of these files {'has' if gone == 1 else 'have'} gone or changed.")
