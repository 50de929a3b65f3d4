"""What is in a data set and what is wrong with it, in one look."""

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.charts.data import class_bars, image_sizes
from core.data.health import Finding, findings, size_range, sizes, typical_size
from core.data.index import DataSet
from pages.ui.data.choice import change_button, split_form
from pages.ui.frame import Context
from pages.ui.text import literal

ICONS = {
    "good": ":green[:material/check_circle:]",
    "note": ":orange[:material/info:]",
    "bad": ":red[:material/warning:]",
}
MANY_CLASSES, BARS_HEIGHT = 16, 420
"""With more classes the bars scroll within so many pixels."""
MOST_ROWS = 1000


@dataclass(frozen=True)
class Figures:
    """Images in each class and split, what is wrong, and the sizes of the images."""

    counts: pd.DataFrame
    findings: list[Finding]
    sizes: pd.DataFrame


@st.cache_data(max_entries=16, show_spinner=False)
def _figures(fingerprint: str, split_origin: str, seed: int, _data: DataSet) -> Figures:
    del fingerprint, split_origin, seed  # they are the key: content and split
    return Figures(_data.counts(), findings(_data), sizes(_data))


def overview(context: Context, data: DataSet) -> None:
    """Figures, images a class, what is wrong, the split and the sizes of the images."""
    _headline(data)
    figures = _figures(data.fingerprint, data.split_origin, data.seed, data)
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(height=BARS_HEIGHT if len(data.classes) > MANY_CLASSES else "content", border=False):
        chart = class_bars(figures.counts)
        st.altair_chart(chart, key="class-bars", alt=f"Images in each of {len(data.classes)} classes")
    with right:
        _findings(figures.findings)
        split_form(context, data)
        if len(figures.sizes) > 1:
            with st.expander("Image sizes", icon=":material/aspect_ratio:"):
                chart = image_sizes(figures.sizes)
                st.altair_chart(chart, key="image-sizes", alt="Widths and heights of the images")


def _headline(data: DataSet) -> None:
    """The title and the figures on one line."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(literal(data.title), anchor=False, width="content")
        change_button()
    train, valid = (len(data.indices(split)) for split in ("train", "valid"))
    with st.grid(4, min_column_width=150):
        st.metric("Classes", f"{len(data.classes):,}")
        st.metric("Training images", f"{train:,}")
        st.metric("Validation images", f"{valid:,}", help=f"The split: {literal(data.split_origin)}.")
        st.metric("Typical size", typical_size(data), help=f"In pixels; from {size_range(data)}.")


def _findings(found: list[Finding]) -> None:
    """Each thing that was checked on a line; the details open."""
    st.markdown("**What to know about it**")
    with st.container(gap="xsmall"):
        for place, finding in enumerate(found):
            if finding.level == "good":
                st.markdown(f"{ICONS['good']} {finding.title}")
            else:
                _finding(place, finding)


def _finding(place: int, finding: Finding) -> None:
    with st.expander(f"{ICONS[finding.level]} {finding.title}", key=f"finding-{place}"):
        st.caption(finding.advice)
        if finding.rows is not None:
            _rows(finding.rows)


def _rows(rows: pd.DataFrame) -> None:
    height = min(280, 38 + 35 * len(rows))
    st.dataframe(rows.head(MOST_ROWS), hide_index=True, height=height, alt="The files or classes")
    if len(rows) > MOST_ROWS:
        st.caption(f"The first {MOST_ROWS:,} of {len(rows):,}.")
