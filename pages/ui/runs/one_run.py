"""What can be done with one run."""

import streamlit as st

from core.jobs.specs import TrainSpec
from core.runs.folder import RunFolder
from pages.ui import jobs, session
from pages.ui.data.moved import moved_run
from pages.ui.errors import shown
from pages.ui.runs.dialogs import delete, name_of, rename
from pages.ui.runs.take_away import take_away
from pages.ui.text import literal


def one_run(run: RunFolder) -> None:
    """Open, continue, rename or delete a run; a damaged one can at least be deleted."""
    st.subheader(literal(name_of(run)), anchor=False)
    unfinished = False
    with shown() as outcome:
        _, unfinished = run.info, run.state.unfinished
    if outcome.ok:
        with shown():
            moved_run(run, session.data_of_run(run.workspace, run.id))
    with st.container(horizontal=True):
        if outcome.ok:
            _actions(run, unfinished=unfinished)
        if st.button("Delete", icon=":material/delete:"):
            delete([run])
    if outcome.ok:
        with shown():
            take_away(run)


def _actions(run: RunFolder, *, unfinished: bool) -> None:
    if st.button("Open", type="primary", icon=":material/arrow_forward:"):
        _go_to(run, "pages/training.py")
    if unfinished and st.button("Continue training", icon=":material/play_arrow:") and jobs.submit(run, TrainSpec()):
        _go_to(run, "pages/training.py")
    if st.button("Confusion matrix", icon=":material/grid_on:"):
        _go_to(run, "pages/confusion_matrix.py")
    if st.button("Rename", icon=":material/edit:"):
        rename(run)


def _go_to(run: RunFolder, page: str) -> None:
    """Open a page with this run."""
    session.select_run(run.id)
    st.switch_page(page, query_params={"run": run.id})
