"""Images behind the numbers: with what they are, and what the model took them for."""

from typing import Any

import pandas as pd
import streamlit as st

from core.results.predictions import Integers
from pages.ui.results.closer import look_closely
from pages.ui.results.judged import Judged
from pages.ui.text import literal, plain
from pages.ui.thumbnails import thumbnail

SIDE = 112
"""Pixels of a picture on the page."""
PER_PAGE = 24
WITH_CLASSES = "Each image's own class and, after the arrow, the predicted one, with the model's probability of each."
PROBABILITIES = "The model's probability of each image's own class and, after the arrow, of the predicted one."
ALL_RIGHT = "Not one image is wrong."


def pictures(
    rows: pd.DataFrame, judged: Judged, key: str, *, with_classes: bool, every: Integers | None = None
) -> None:
    """Images with what they are, what they were taken for, and how probable both were said to be.

    The button under each opens it large, from where the others can be gone through: those at the positions `every`,
    by default of `rows`.
    """
    shown: list[Any] = list(rows.itertuples())
    found = [(thumbnail(judged.data.items[row.item], SIDE), row) for row in shown]
    there = [(picture, row) for picture, row in found if picture is not None]
    if len(there) < len(found):
        st.caption(f"{len(found) - len(there)} of these files have gone or changed.")
    if there:
        st.caption(WITH_CLASSES if with_classes else PROBABILITIES)
    opened = None
    with st.grid("auto", min_column_width=SIDE, gap="small"):
        for picture, row in there:
            with st.container(gap=None):
                alt = f"{plain(row.true)} taken for {plain(row.predicted)}"
                st.image(picture, caption=_caption(row, with_classes=with_classes), width=SIDE, alt=alt)
                if st.button("Look", icon=":material/zoom_in:", type="tertiary", key=f"{key}-look-{row.position}"):
                    opened = int(row.position)
    if opened is not None:
        positions = (rows["position"].to_numpy() if every is None else every).tolist()
        look_closely(judged, positions, positions.index(opened))


def _caption(row: Any, *, with_classes: bool) -> str:
    """What it is and, after an arrow, what it was taken for, each with the probability that the model gave it."""
    is_, called = f"{row.probability:.0%}", f"{row.confidence:.0%}"
    if with_classes:
        is_, called = f"{literal(row.true, 16)}, {is_}", f"{literal(row.predicted, 16)}, {called}"
    return is_ if row.true == row.predicted else f"{is_}  \n→ {called}"
