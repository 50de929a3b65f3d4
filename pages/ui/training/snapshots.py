"""The snapshots of a run: save the present weights under a name, go back to others."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import AnnealError
from core.jobs import actions
from core.runs.folder import RunFolder
from core.runs.snapshots import Snapshot, to_train_on
from core.runs.state import RunState
from pages.ui.errors import shown
from pages.ui.text import PERCENT, ago, literal

COLUMNS = {
    "Accuracy": st.column_config.NumberColumn(format=PERCENT),
    "Validation loss": st.column_config.NumberColumn(format="%.3f"),
}


def snapshots_view(run: RunFolder, state: RunState, *, branches: bool) -> None:
    """The weights that were kept, a way to save the present ones, and a way back to others.

    `branches` says whether one of them is a place to branch from.
    """
    st.caption(
        "The weights are kept after each cycle, and those of the best epoch. Load a snapshot to train on from it; the "
        "history stays."
    )
    if not branches:
        st.caption("Branches begin at a snapshot with more of the plan ahead. There is none yet.")
    _save_form(run)
    kept = run.snapshots()
    if not kept:
        return
    alt = "Snapshots of this run"
    st.dataframe(_table(kept), hide_index=True, column_config=COLUMNS, height="content", alt=alt)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [snapshot.name for snapshot in reversed(to_train_on(kept))]
        chosen = st.selectbox("Go back to", names, key="snapshot-chosen")
        st.button("Load", icon=":material/restore:", key="snapshot-load", on_click=load, args=(run, chosen))


def _save_form(run: RunFolder) -> None:
    with st.form("save-snapshot", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Save the present weights as", placeholder="before unfreezing", max_chars=60)
        asked = st.form_submit_button("Save", icon=":material/save:")
    if asked:
        with shown():
            saved = actions.save_snapshot(run, name)
            st.toast(f"Saved as {literal(saved.name)}", icon=":material/check:")


def _table(kept: Sequence[Snapshot]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Snapshot": [snapshot.name for snapshot in kept],
            "Epoch": [snapshot.epoch for snapshot in kept],
            "Accuracy": [None if snapshot.accuracy is None else 100 * snapshot.accuracy for snapshot in kept],
            "Validation loss": [snapshot.valid_loss for snapshot in kept],
            "Saved": [ago(snapshot.created) for snapshot in kept],
        }
    )


def load(run: RunFolder, name: str) -> None:
    """In a button's callback: make a snapshot the weights that the next stage begins from."""
    is_loaded(run, name)


def is_loaded(run: RunFolder, name: str) -> bool:
    """As `load`; whether it was done."""
    try:
        actions.load_snapshot(run, name)
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")
        return False
    st.toast(f"Loaded {literal(name)}. The next stage begins from it.", icon=":material/check:")
    return True
