"""A confusion matrix read: the map, the images behind a cell, the pairs, the classes, the worst errors."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from PIL import Image

from core.charts.confusion import CELL_PICKED, confusion
from core.data.decode import decode
from core.data.index import DataSet
from core.errors import DataError
from core.results.confusion import as_frame, confusion_matrix, most_confused, order_by_confusion, per_class
from core.results.losses import cell, top_losses
from core.results.predictions import Predictions
from pages.ui.text import literal, percent, plain

Cell = tuple[str, str]

SIDE = 112
"""Pixels of a picture on the page."""
PER_PAGE = 24
PAIRS = 12
FEW = 4
"""Pictures that need no scrolling of their own."""


@st.cache_resource(max_entries=8, show_spinner=False)
def predictions_in(path: Path, changed: int) -> Predictions:
    """Predictions from their file, read again when it has `changed` (its time in nanoseconds). Raises `RunError`."""
    del changed
    return Predictions.load(path)


def headline(predictions: Predictions, table: pd.DataFrame) -> None:
    """The figures on one line."""
    right = int((predictions.predicted == predictions.labels).sum())
    present = table[table["images"] > 0]
    worst = present.iloc[int(present["recall"].to_numpy().argmin())]
    with st.grid(4, min_column_width=140):
        st.metric("Accuracy", percent(predictions.accuracy))
        st.metric("Right", f"{right:,} of {len(predictions):,}")
        st.metric("Mean loss", f"{predictions.loss:.3f}")
        found = f"{worst['recall']:.0%} found"
        st.metric("Hardest class", literal(worst["class"], 18), found, delta_color="off", delta_arrow="off")


def matrix_and_cell(predictions: Predictions, data: DataSet, key: str) -> None:
    """The map at the left; at the right the pairs most often confused, or the images of the cell that was clicked."""
    classes = list(predictions.classes)
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(classes))
    shares, by_confusion, errors_only = _controls(key)
    places = order_by_confusion(matrix) if by_confusion else list(range(len(classes)))
    left, right = st.columns([3, 2], gap="medium")
    state = f"{key}-cell"
    with right:
        pairs = _pairs(matrix, classes, key, state)
    with left:
        chart = confusion(
            as_frame(matrix, classes, "true", places),
            classes=[classes[place] for place in places],
            normalised=shares,
            errors_only=errors_only,
            picked=st.session_state.get(state),
        )
        event = st.altair_chart(
            chart,
            key=f"{key}-map",
            on_select="rerun",
            selection_mode=CELL_PICKED,
            alt=f"Confusion matrix of {len(classes)} classes, {percent(predictions.accuracy)} right",
        )
    if _newest(f"{key}-map", clicked(event), state):
        st.rerun()
    with right:
        _images_of(predictions, data, st.session_state.get(state), any_pairs=pairs)


def _controls(key: str) -> tuple[bool, bool, bool]:
    """How the map is to be drawn: as shares, in the order of confusion, with the errors alone coloured."""
    with st.container(horizontal=True, vertical_alignment="center"):
        shares = _second(
            "Show",
            "Counts",
            "Shares",
            f"{key}-value",
            "Shares are of each true class, so that rare classes count as much.",
        )
        by_confusion = _second(
            "Order",
            "As given",
            "By confusion",
            f"{key}-order",
            "By confusion puts classes that are taken for each other side by side.",
        )
        errors = st.toggle("Colour errors only", key=f"{key}-errors")
    return shares, by_confusion, errors


def _second(label: str, first: str, second: str, key: str, why: str) -> bool:
    """Whether the second of two ways is chosen; the first is until then."""
    return st.segmented_control(label, [first, second], default=first, required=True, key=key, help=why) == second


def clicked(event: Mapping[str, Any]) -> Cell | None:
    """The cell that was clicked; None when none is."""
    rows = event["selection"].get(CELL_PICKED) or []
    return (rows[0]["true"], rows[0]["predicted"]) if rows and "predicted" in rows[0] else None


def _newest(source: str, found: Cell | None, state: str) -> bool:
    """Keep `found` as the cell on show if it is news from this source: the last click wins. Whether it was news."""
    seen = f"{source}-seen"
    if st.session_state.get(seen) == found:
        return False
    st.session_state[seen] = found
    if found is None:
        return False
    st.session_state[state] = found
    return True


def _pairs(matrix: Any, classes: list[str], key: str, state: str) -> bool:
    """The pairs most often confused; a click on a row shows its images. Whether there are any."""
    pairs = most_confused(matrix, classes, PAIRS).round(3)
    if pairs.empty:
        st.success("Not one image is wrong.", icon=":material/celebration:")
        return False
    st.markdown("**Most often confused**")
    event = st.dataframe(
        pairs,
        hide_index=True,
        key=f"{key}-pairs",
        on_select="rerun",
        selection_mode="single-row",
        height=min(38 + 35 * len(pairs), 248),
        column_config={
            "true": "True class",
            "predicted": "Taken for",
            "images": "Images",
            "share": st.column_config.NumberColumn("Of its class", format="percent"),
        },
        alt="The pairs of classes most often confused",
    )
    rows = event["selection"]["rows"]
    found = (pairs["true"][rows[0]], pairs["predicted"][rows[0]]) if rows and rows[0] < len(pairs) else None
    _newest(f"{key}-pairs", found, state)
    return True


def _images_of(predictions: Predictions, data: DataSet, chosen: Cell | None, *, any_pairs: bool) -> None:
    if chosen is None:
        st.caption("Click a cell or a row to see its images." if any_pairs else "Click a cell to see its images.")
        return
    rows = cell(predictions, *chosen)
    true, called = (literal(name, 30) for name in chosen)
    st.markdown(f"**{true}**, all right" if true == called else f"**{true}** taken for **{called}**")
    if rows.empty:
        st.caption("No image lies in this cell.")
        return
    st.caption(f"{len(rows):,} images, the worst first" if len(rows) > 1 else "1 image")
    with st.container(height=380 if len(rows) > FEW else "content", border=False):
        pictures(rows.head(PER_PAGE), data, with_classes=False)


def classes_table(table: pd.DataFrame) -> None:
    """Precision, recall and F1 of each class."""
    st.caption(
        "Precision: of the images called so, the share that is. Recall: of the images that are so, the share that was "
        "found. F1 is high only when both are."
    )
    columns: dict[str, Any] = {"class": "Class", "images": "Images"}
    for name, title in (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1")):
        columns[name] = st.column_config.ProgressColumn(title, format="percent", min_value=0.0, max_value=1.0)
    table = table.round(3)
    height = min(38 + 35 * len(table), 600)
    st.dataframe(
        table, hide_index=True, height=height, column_config=columns, alt="Precision, recall and F1 of each class"
    )


@st.fragment
def worst_view(predictions: Predictions, data: DataSet, key: str) -> None:
    """The images with the highest loss: what the model is most sure of and wrong about, a page at a time."""
    wrong_only = st.toggle("Errors only", True, key=f"{key}-wrong")
    rows = top_losses(predictions, len(predictions), wrong_only=wrong_only)
    if rows.empty:
        st.success("Not one image is wrong.", icon=":material/celebration:")
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
    found = [(_thumbnail(item.digest, item.path), row) for item, row in zip(items, shown, strict=True)]
    there = [(picture, row) for picture, row in found if picture is not None]
    if len(there) < len(found):
        st.caption(f"{len(found) - len(there)} of these files have gone or changed.")
    with st.grid("auto", min_column_width=SIDE, gap="small"):
        for picture, row in there:
            st.image(
                picture,
                caption=_caption(row, with_classes=with_classes),
                width=SIDE,
                alt=f"{plain(row.true)} taken for {plain(row.predicted)}",
            )


def _caption(row: Any, *, with_classes: bool) -> str:
    """What it is and what it was taken for, each with the probability that the model gave it."""
    is_, called = f"{row.probability:.0%}", f"{row.confidence:.0%}"
    if with_classes:
        is_, called = f"{literal(row.true, 16)}, {is_}", f"{literal(row.predicted, 16)}, {called}"
    return f"is {is_}" if row.true == row.predicted else f"is {is_}  \ncalled {called}"


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(digest: str, _path: Path) -> bytes | None:
    """JPEG of one image, or None where its file has gone or can no longer be read."""
    del digest  # the key: the content, wherever it lies
    try:
        pixels = decode(_path, SIDE)
    except (DataError, OSError):
        return None
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=88)
    return file.getvalue()


def class_figures(predictions: Predictions) -> pd.DataFrame:
    """Precision, recall, F1 and images of each class."""
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(predictions.classes))
    return per_class(matrix, predictions.classes)
