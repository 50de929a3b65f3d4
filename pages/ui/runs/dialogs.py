"""Dialogs that rename or delete runs; what went wrong is shown in the dialog."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.errors import AnnealError
from core.jobs import actions
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.runs.chosen_rows import forget_rows
from pages.ui.runs.table import TABLE
from pages.ui.text import literal, plain

RESULT = "dialog-result"
"""Session key of the result of a dialog's button: "" when it is done, else what was wrong."""


def name_of(run: RunFolder) -> str:
    """A run's name, or its id where its file is damaged; not escaped."""
    try:
        return run.info.name
    except AnnealError:
        return run.id


@st.dialog("Rename the run", icon=":material/edit:")
def rename(run: RunFolder) -> None:
    """Ask for another name."""
    _close_when_done()
    st.text_input("Name", run.info.name, max_chars=80, key="new-name")
    st.button("Rename", type="primary", key="rename-now", on_click=_attempt, args=(partial(_rename, run),))


@st.dialog("Delete for good?", icon=":material/delete:")
def delete(runs: Sequence[RunFolder]) -> None:
    """Say what goes, and ask once."""
    _close_when_done()
    for run in runs:
        st.text(plain(name_of(run)))
    st.markdown("Its weights, history and snapshots go with it. The pictures stay where they are.")
    label = "Delete this run" if len(runs) == 1 else f"Delete these {len(runs)} runs"
    st.button(label, type="primary", key="delete-now", on_click=_attempt, args=(partial(_delete, runs),))


def _rename(run: RunFolder) -> None:
    actions.rename(run, str(st.session_state["new-name"]))


def _delete(runs: Sequence[RunFolder]) -> None:
    """Delete runs, and close the current one if it is among them. Raises `RunError` for one at work."""
    for run in runs:
        actions.delete(run)
        if session.selected_run_id() == run.id:
            session.close_run()
    forget_rows(TABLE)


def _attempt(action: Callable[[], None]) -> None:
    """In a button's callback: do what it says, and keep the result for the dialog."""
    try:
        action()
    except AnnealError as error:
        st.session_state[RESULT] = str(error)
    else:
        st.session_state[RESULT] = ""


def _close_when_done() -> None:
    """In a dialog: close it when its button's work is done, or show why it is not."""
    result = st.session_state.pop(RESULT, None)
    if result == "":
        st.rerun()
    if result:
        st.error(literal(result, None), icon=":material/error:")
