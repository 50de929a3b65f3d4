"""The confusion matrix, and the images behind the cell or the pair of classes that was clicked."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.charts.confusion import CELL_PICKED, NUMBERED, confusion
from core.results.confusion import (
    Integers,
    as_frame,
    confusion_matrix,
    most_confused,
    most_confused_pair,
    order_by_confusion,
)
from core.results.listing import Wanted, image_rows, positions_of
from pages.ui.results.images import ALL_RIGHT, PER_PAGE, pictures
from pages.ui.results.judged import Judged
from pages.ui.results.shown_classes import shown_classes
from pages.ui.text import PERCENT, literal, percent

Cell = tuple[str, str]

PAIRS = 8


def matrix_and_cell(judged: Judged, key: str) -> None:
    """The map, beside it the pairs most often confused, and below both the images of the cell that was clicked."""
    predictions = judged.predictions
    classes = list(predictions.classes)
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(classes))
    shares, by_confusion, errors_only = _controls(key)
    places = order_by_confusion(matrix) if by_confusion else list(range(len(classes)))
    places = shown_classes(matrix, places, classes, key)
    left, right = st.columns([3, 2], gap="medium")
    state = f"{key}-cell"
    with right:
        pairs = _pairs(matrix, classes, key, state)
    with left:
        chart = confusion(
            as_frame(matrix, classes, "true", places, filled=len(places) > NUMBERED),
            classes=[classes[place] for place in places],
            normalised=shares,
            errors_only=errors_only,
            picked=_shown_cell(state),
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
    _images_of(judged, _shown_cell(state), key, any_pairs=pairs)


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
        errors = st.toggle("Colour errors only", True, key=f"{key}-errors")
    return shares, by_confusion, errors


def _second(label: str, first: str, second: str, key: str, why: str) -> bool:
    """Whether the second of two ways is chosen; the first is until then."""
    return st.segmented_control(label, [first, second], default=first, required=True, key=key, help=why) == second


def clicked(event: Mapping[str, Any]) -> Cell | None:
    """The cell that was clicked; None when none is."""
    rows = event["selection"].get(CELL_PICKED) or []
    return (rows[0]["true"], rows[0]["predicted"]) if rows and "predicted" in rows[0] else None


def _shown_cell(state: str) -> Cell | None:
    """The cell whose images are shown, from the session."""
    names = st.session_state.get(state)
    return (str(names[0]), str(names[1])) if names else None


def _newest(source: str, found: Cell | None, state: str) -> bool:
    """Show the cell `found` if this source has not reported it before: the last click wins. Whether it was new."""
    seen = f"{source}-seen"
    if st.session_state.get(seen) == found:
        return False
    st.session_state[seen] = found
    if found is None:
        return False
    st.session_state[state] = found
    return True


def _pairs(matrix: Integers, classes: list[str], key: str, state: str) -> bool:
    """The pairs most often confused; a click on a row shows its images. Whether there are any."""
    every = most_confused(matrix, classes, matrix.size)
    pairs = every.head(PAIRS).assign(share=lambda rows: 100 * rows["share"])
    if pairs.empty:
        st.success(ALL_RIGHT, icon=":material/celebration:")
        return False
    st.markdown("**Most often confused**")
    event = st.dataframe(
        pairs,
        hide_index=True,
        key=f"{key}-pairs",
        on_select="rerun",
        selection_mode="single-row",
        height=38 + 35 * len(pairs),
        column_config={
            "true": "True class",
            "predicted": "Taken for",
            "images": "Images",
            "share": st.column_config.NumberColumn("Of its class", format=PERCENT),
        },
        alt="The pairs of classes most often confused",
    )
    if more := len(every) - len(pairs):
        st.caption(_left_out(more, int((every["images"][PAIRS:] == pairs["images"].iloc[-1]).sum())))
    one, other, count = most_confused_pair(matrix)
    names = " and ".join(f"**{literal(classes[place], 30)}**" for place in (one, other))
    st.caption(f"Both ways together, {names} are confused most: {count:,} {'image' if count == 1 else 'images'}.")
    rows = event["selection"]["rows"]
    found = (pairs["true"][rows[0]], pairs["predicted"][rows[0]]) if rows and rows[0] < len(pairs) else None
    _newest(f"{key}-pairs", found, state)
    return True


def _left_out(pairs: int, ties: int) -> str:
    """How many pairs are not in the list, and how many of them were confused as often as its last one."""
    what = "1 more pair is confused" if pairs == 1 else f"{pairs:,} more pairs are confused"
    if not ties:
        return f"{what}, less often."
    return f"{what}{'' if ties == pairs else f', {ties:,} of them'} as often as the last one here."


def _images_of(judged: Judged, chosen: Cell | None, key: str, *, any_pairs: bool) -> None:
    if chosen is None:
        st.caption("Click a cell or a row to see its images." if any_pairs else "Click a cell to see its images.")
        return
    positions = positions_of(judged.predictions, Wanted(true=chosen[0], predicted=chosen[1]))
    true, called = (literal(name, 30) for name in chosen)
    st.markdown(f"**{true}**, all right" if true == called else f"**{true}** taken for **{called}**")
    if not len(positions):
        st.caption("No image lies in this cell.")
        return
    first = f"The first {PER_PAGE} of " if len(positions) > PER_PAGE else ""
    st.caption(f"{first}{len(positions):,} images, the worst first" if len(positions) > 1 else "1 image")
    rows = image_rows(judged.predictions, positions[:PER_PAGE])
    pictures(rows, judged, f"{key}-cell", with_classes=False, every=positions)
