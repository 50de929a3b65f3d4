"""Data: choose a data set, see what is in it and what is wrong with it, and start a run with it."""

import pandas as pd
import streamlit as st

from core.charts.data import class_bars, image_sizes
from core.data.health import Finding, findings, size_range, sizes, typical_size
from core.data.index import DataSet
from pages.ui import session
from pages.ui.data.gallery import gallery
from pages.ui.data.new_run import new_run_form
from pages.ui.data.pickers import data_picker
from pages.ui.errors import shown
from pages.ui.frame import Context, begin
from pages.ui.text import literal, plain

ICONS = {
    "good": ":green[:material/check_circle:]",
    "note": ":orange[:material/info:]",
    "bad": ":red[:material/warning:]",
}
BARS_HEIGHT = 420


def choose(context: Context) -> None:
    """The ways to a data set: open while nothing is in hand, one click away afterwards."""
    if context.data_spec is not None and not st.session_state.get("choosing"):
        return
    spec = data_picker("data", context.workspace)
    if spec is None:
        return
    choice = session.DataChoice(spec)
    with shown() as outcome:
        session.forget(context.workspace, choice)
        session.load(context.workspace, choice)
    if outcome.ok:
        session.select_data(choice)
        st.session_state["choosing"] = False
        st.rerun()


def change() -> None:
    """Open or close the ways to another data set."""
    st.session_state["choosing"] = not st.session_state.get("choosing")


def headline(data: DataSet) -> None:
    """The figures of a data set, on one line."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(literal(data.title), anchor=False, width="content")
        st.button("Choose other data", icon=":material/swap_horiz:", type="tertiary", on_click=change)
    per_split = [len(data.indices(split)) for split in ("train", "valid", "test")]
    with st.grid(4, min_column_width=150):
        st.metric("Classes", f"{len(data.classes):,}")
        st.metric("Training images", f"{per_split[0]:,}")
        st.metric("Validation images", f"{per_split[1]:,}", help=f"The split: {literal(data.split_origin)}.")
        st.metric("Typical size", typical_size(data), help=f"In pixels; from {size_range(data)}.")


@st.cache_data(max_entries=16, show_spinner=False)
def facts(key: tuple[str, str, int], _data: DataSet) -> tuple[pd.DataFrame, list[Finding], pd.DataFrame]:
    """Images a class and split, what is wrong, and image sizes; worked out once for a content and split."""
    del key
    return _data.counts(), findings(_data), sizes(_data)


def what_is_wrong(found: list[Finding]) -> None:
    """Each thing checked on a line; what is behind it opens."""
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
    st.dataframe(rows.head(1000), hide_index=True, height=min(280, 38 + 35 * len(rows)), alt="The files or classes")
    if len(rows) > 1000:
        st.caption(f"The first 1,000 of {len(rows):,}.")


def split_form(context: Context, data: DataSet) -> None:
    """How much is held out for validation, where the data does not say so itself."""
    choice = context.choice
    if choice is None or data.split_origin == "as given":
        st.caption(f"Split: {literal(data.split_origin)}.")
        return
    with st.form("split", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.slider("Held out for validation", 5, 50, round(choice.valid_share * 100), 5, format="%d %%")
        seed = st.number_input("Seed", 0, 2**31 - 1, choice.seed, help="Another seed holds out others.", width=120)
        if st.form_submit_button("Split again"):
            session.select_data(session.DataChoice(choice.spec, share / 100, int(seed)))
            st.rerun()


def inspect(context: Context, data: DataSet) -> None:
    """What there is and what is wrong with it, in one look."""
    headline(data)
    counts, found, spread = facts((data.fingerprint, data.split_origin, data.seed), data)
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(height=BARS_HEIGHT if len(data.classes) > 16 else "content", border=False):
        st.altair_chart(class_bars(counts), key="class-bars", alt=f"Images in each of {len(data.classes)} classes")
    with right:
        what_is_wrong(found)
        split_form(context, data)
        if len(spread) > 1:
            with st.expander("Image sizes", icon=":material/aspect_ratio:"):
                st.altair_chart(image_sizes(spread), key="image-sizes", alt="Widths and heights of the images")


context = begin(
    "Data",
    ":material/photo_library:",
    lead="Pictures sorted into classes: most to learn from, some held out to judge by. Look at them before you train.",
)
choose(context)
with shown(stop=True):
    data = context.data()
if data is not None:
    inspect(context, data)
    pictures, start = st.columns([3, 2], gap="medium")
    with pictures:
        st.subheader("Pictures", anchor=False)
        gallery(data, f"gallery-{plain(data.fingerprint)}")
    with start, st.container(border=True):
        st.subheader("Start a run with this data", anchor=False)
        new_run_form(context, "new-run")
