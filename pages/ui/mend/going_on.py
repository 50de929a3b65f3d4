"""Letting the run go on with the edits: what that changes, and the button."""

import streamlit as st

from core.data.index import DataSet
from core.data.versions.edits import Edit, counted
from core.data.versions.version import versioned
from core.jobs import queue
from core.jobs.actions import use_version
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.errors import shown

SAID = "mend-used"
"""Session key: the run that was given edits last, and the sentence that says so."""


def going_on(run: RunFolder, data: DataSet, edits: tuple[Edit, ...]) -> None:
    """Say how the run's data and the list of edits differ, and offer to take the edits over."""
    said = st.session_state.get(SAID)
    if said and said[0] == run.id:
        st.success(said[1], icon=":material/check_circle:")
        st.page_link("pages/training.py", label="Train a stage on them", icon=":material/local_fire_department:")
    if _effects(edits) == _effects(data.edits):
        return
    with st.container(border=True), shown():
        after = versioned(data, edits)
        sides = [(len(data.indices(split)), len(after.indices(split))) for split in ("train", "valid")]
        valid = counted([edit for edit in after.edits if edit.split == "valid"])
        held = f" Of the validation images {valid}: figures are given on both, as they were and as mended."
        st.markdown(
            f"**The run has not used these edits yet** ({counted(edits) or 'all edits taken back'}). With them: "
            f"{_change(*sides[0])} training images, {_change(*sides[1])} validation images.{held if valid else ''}"
        )
        busy = "A job is at work on this run." if queue.live_job(run.workspace, run.id) is not None else None
        st.caption(
            "Every image keeps its side of the split; nothing is decoded or computed again. Predictions are made anew, "
            "and branches can then begin from later cycles only."
        )
        if st.button(
            "Go on with the mended data",
            type="primary",
            icon=":material/healing:",
            key="mend-use",
            disabled=busy is not None,
            help=busy,
        ):
            used = use_version(run)
            session.forget_run(run.workspace, run.id)
            train, held_out = len(used.indices("train")), len(used.indices("valid"))
            what = counted(used.edits) or "no edits"
            said_now = f"The run goes on with {what}: {train:,} training and {held_out:,} validation images."
            st.session_state[SAID] = (run.id, said_now)
            st.rerun()


def _effects(edits: tuple[Edit, ...]) -> set[tuple[str, str, str]]:
    return {edit.effect for edit in edits if edit.changes_data}


def _change(before: int, after: int) -> str:
    return f"{before:,}" if before == after else f"{before:,} → {after:,}"
