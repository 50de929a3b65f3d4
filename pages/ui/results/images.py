"""Images behind the numbers: with what they are, and what the model took them for."""

from typing import Any

import pandas as pd
import streamlit as st

from core.data.index import DataSet
from core.results.losses import top_losses
from core.results.predictions import Predictions
from pages.ui.text import literal, plain
from pages.ui.thumbnails import thumbnail

SIDE = 112
"""Pixels of a picture on the page."""
PER_PAGE = 24
WHAT_IT_SAYS = "Each image's own class and, after the arrow, the predicted one, with the model's probability of each."
ALL_RIGHT = "Not one image is wrong."


@st.fragment
def worst_view(predictions: Predictions, data: DataSet, key: str) -> None:
    """The images with the highest loss: what the model is most sure of and wrong about, a page at a time."""
    wrong_only = st.toggle("Errors only", True, key=f"{key}-wrong")
    rows = top_losses(predictions, len(predictions), wrong_only=wrong_only)
    if rows.empty:
        st.success(ALL_RIGHT, icon=":material/celebration:")
        return
    pages = -(-len(rows) // PER_PAGE)
    slot = st.container()
    page = st.pagination(pages, key=f"{key}-page-{wrong_only}") if pages > 1 else 1
    with slot:
        pictures(rows.iloc[(page - 1) * PER_PAGE : page * PER_PAGE], data, with_classes=True)


def pictures(rows: pd.DataFrame, data: DataSet, *, with_classes: bool) -> None:
    """Images with what they are, what they were taken for, and how probable both were said to be."""
    shown: list[Any] = list(rows.itertuples())
    items = [data.items[row.item] for row in shown]
    found = [(thumbnail(item, SIDE), row) for item, row in zip(items, shown, strict=True)]
    there = [(picture, row) for picture, row in found if picture is not None]
    if len(there) < len(found):
        st.caption(f"{len(found) - len(there)} of these files have gone or changed.")
    if there:
        st.caption(WHAT_IT_SAYS)
    with st.grid("auto", min_column_width=SIDE, gap="small"):
        for picture, row in there:
            st.image(
                picture,
                caption=_caption(row, with_classes=with_classes),
                width=SIDE,
                alt=f"{plain(row.true)} taken for {plain(row.predicted)}",
            )


def _caption(row: Any, *, with_classes: bool) -> str:
    """What it is and, after an arrow, what it was taken for, each with the probability that the model gave it."""
    is_, called = f"{row.probability:.0%}", f"{row.confidence:.0%}"
    if with_classes:
        is_, called = f"{literal(row.true, 16)}, {is_}", f"{literal(row.predicted, 16)}, {called}"
    return is_ if row.true == row.predicted else f"{is_}  \n→ {called}"
