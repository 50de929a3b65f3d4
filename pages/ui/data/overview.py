"""What is in a data set and what is wrong with it, in one look."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.charts.data import class_bars, image_sizes
from core.data.health import Finding, findings, size_range, sizes, typical_size
from core.data.index import DataSet
from pages.ui.data.choice import change_button, split_form
from pages.ui.data.reading_view import reading_box, reading_line
from pages.ui.frame import Context
from pages.ui.text import literal
from pages.ui.visitor import owner

ICONS = {
    "good": ":green[:material/check_circle:]",
    "note": ":orange[:material/info:]",
    "bad": ":red[:material/warning:]",
}
MANY_CLASSES, BARS_HEIGHT = 16, 420
"""With more classes the bars scroll within so many pixels."""
MOST_ROWS = 1000
SHORT = 143
"""Pixels of the rows of what is to be mended first: three of them, and their heads."""


@dataclass(frozen=True)
class Figures:
    """Images in each class and split, what is wrong, and the sizes of the images."""

    counts: pd.DataFrame
    findings: list[Finding]
    sizes: pd.DataFrame
    typical: str
    range: str


@st.cache_data(max_entries=16, show_spinner=False)
def _figures(
    whose: str, fingerprint: str, split_origin: str, seed: int, reading: str, broken: int, _data: DataSet
) -> Figures:
    del (
        whose,
        fingerprint,
        split_origin,
        seed,
        reading,
        broken,
    )  # they are the key: whose, content, split, and how it was read
    asked = {question.rstrip(".") for question in _data.reading.questions}  # they stand above, with the folders
    found = [finding for finding in findings(_data) if finding.title not in asked]
    return Figures(_data.counts(), found, sizes(_data), typical_size(_data), size_range(_data))


def overview(context: Context, data: DataSet) -> None:
    """How it was read, figures, what to mend first, images a class, what else is wrong, the split and image sizes."""
    _headline(data)
    reading_line(data)
    reading_box(context.workspace, context.choice, data)
    how = data.reading.model_dump_json()
    figures = _figures(owner(data), data.fingerprint, data.split_origin, data.seed, how, hash(data.broken), data)
    _numbers(data, figures)
    worst = [finding for finding in figures.findings if finding.level != "good" and not _says_skipped(finding)][:1]
    for finding in worst:
        _mend_first(finding)
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(height=BARS_HEIGHT if len(data.classes) > MANY_CLASSES else "content", border=False):
        chart = class_bars(figures.counts)
        st.altair_chart(chart, key="class-bars", alt=f"Images in each of {len(data.classes)} classes")
    with right:
        _findings([finding for finding in figures.findings if finding not in worst], else_="else " if worst else "")
        split_form(context, data)
        if len(figures.sizes) > 1:
            with st.expander("Image sizes", icon=":material/aspect_ratio:"):
                chart = image_sizes(figures.sizes)
                st.altair_chart(chart, key="image-sizes", alt="Widths and heights of the images")


def _headline(data: DataSet) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(literal(data.title), anchor=False, width="content")
        change_button()


def _numbers(data: DataSet, figures: Figures) -> None:
    """The figures on one line."""
    train, valid = (len(data.indices(split)) for split in ("train", "valid"))
    with st.grid(4, min_column_width=150):
        st.metric("Classes", f"{len(data.classes):,}")
        st.metric("Training images", f"{train:,}")
        st.metric("Validation images", f"{valid:,}", help=f"The split: {literal(data.split_origin)}.")
        st.metric("Typical size", figures.typical, help=f"In pixels; from {figures.range}.")


def _mend_first(finding: Finding) -> None:
    """The worst that was found, with what to do and the files behind it."""
    icon, title, advice = ICONS[finding.level], _title(finding), literal(finding.advice, None)
    if finding.level == "bad":
        with st.expander(f"{icon} **Fix first:** {title}", expanded=True, key="mend-first"):
            st.markdown(advice)
            if finding.rows is not None:
                _rows(finding.rows, SHORT)
        return
    with st.expander(f"{icon} **Note:** {title}. {advice}", key="know-first", type="compact"):
        if finding.rows is not None:
            _rows(finding.rows)


def _says_skipped(finding: Finding) -> bool:
    """Whether it is about files that were left out, which the first lines of the page say already."""
    return finding.rows is not None and list(finding.rows.columns) == ["file", "reason"]


def _findings(found: list[Finding], *, else_: str) -> None:
    """Each other thing that was checked on a line; the details open."""
    if not found:
        return
    st.markdown(f"**What {else_}to know about it**")
    with st.container(gap="xsmall"):
        for place, finding in enumerate(found):
            if finding.level == "good":
                st.markdown(f"{ICONS['good']} {_title(finding)}")
            else:
                _finding(place, finding)


def _finding(place: int, finding: Finding) -> None:
    with st.expander(f"{ICONS[finding.level]} {_title(finding)}", key=f"finding-{place}"):
        st.caption(literal(finding.advice, None))
        if finding.rows is not None:
            _rows(finding.rows)


def _title(finding: Finding) -> str:
    """What was found, with the names of classes and files as they are."""
    return literal(finding.title, None)


def _rows(rows: pd.DataFrame, tallest: int = 280) -> None:
    height = min(tallest, 38 + 35 * len(rows))
    st.dataframe(rows.head(MOST_ROWS), hide_index=True, height=height, alt="The files or classes")
    if len(rows) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS:,} of {len(rows):,}.")
