"""Runs: every run with its figures, runs beside each other, jobs, and what is kept on disk."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.charts.runs import compare_runs
from core.errors import AnnealError
from core.jobs import actions, queue, store
from core.jobs.specs import TrainSpec
from core.runs.folder import RunFolder, list_runs
from pages.ui import session
from pages.ui.errors import shown
from pages.ui.frame import Context, begin
from pages.ui.jobs import WORDS, how_far, run_name
from pages.ui.runs.storage import damage, storage
from pages.ui.runs.table import choose_rows, differences, epochs_of
from pages.ui.text import literal, plain

POLL = 1.5
TABLE = "runs-table"
SAID = "dialog-said"
"""What came of a dialog's button: "" when it is done, else what was wrong."""


def go_to(run: RunFolder, page: str) -> None:
    """Take a run in hand and open a page with it."""
    session.select_run(run.id)
    st.switch_page(page, query_params={"run": run.id})


def one_run(context: Context, run: RunFolder) -> None:
    """What can be done with one run; a damaged one can at least be deleted."""
    st.subheader(literal(name_of(run)), anchor=False)
    with shown() as outcome:
        _ = run.info, run.state
    if not outcome.ok:
        if st.button("Delete", icon=":material/delete:"):
            delete([run])
        return
    with st.container(horizontal=True):
        if st.button("Open", type="primary", icon=":material/arrow_forward:"):
            go_to(run, "pages/training.py")
        if run.state.unfinished and st.button("Continue training", icon=":material/play_arrow:"):
            with shown() as outcome:
                queue.submit(context.workspace, run.id, TrainSpec())
            if outcome.ok:
                go_to(run, "pages/training.py")
        if st.button("Confusion matrix", icon=":material/grid_on:"):
            go_to(run, "pages/confusion_matrix.py")
        if st.button("Rename", icon=":material/edit:"):
            rename(run)
        if st.button("Delete", icon=":material/delete:"):
            delete([run])


def attempt(what: Callable[[], None]) -> None:
    """Do what a dialog's button says; its dialog then shows what was wrong, or closes."""
    try:
        what()
        st.session_state[SAID] = ""
    except AnnealError as error:
        st.session_state[SAID] = str(error)


def close_or_say() -> None:
    """In a dialog: close it when its button's work is done, or show why it is not."""
    said = st.session_state.pop(SAID, None)
    if said == "":
        st.rerun()
    if said:
        st.error(literal(said, None), icon=":material/error:")


@st.dialog("Rename the run", icon=":material/edit:")
def rename(run: RunFolder) -> None:
    """Ask for another name."""
    close_or_say()
    st.text_input("Name", run.info.name, max_chars=80, key="new-name")
    todo = partial(attempt, lambda: actions.rename(run, st.session_state["new-name"]))
    st.button("Rename", type="primary", key="rename-now", on_click=todo)


@st.dialog("Delete for good?", icon=":material/delete:")
def delete(runs: Sequence[RunFolder]) -> None:
    """Say what goes, and ask once."""
    close_or_say()
    for run in runs:
        st.text(plain(name_of(run)))
    st.markdown("Its weights, history and snapshots go with it. The pictures stay where they are.")
    label = "Delete this run" if len(runs) == 1 else f"Delete these {len(runs)} runs"
    st.button(label, type="primary", key="delete-now", on_click=partial(attempt, partial(delete_all, runs)))


def delete_all(runs: Sequence[RunFolder]) -> None:
    """Delete runs, and put down the one in hand if it is among them. Raises `RunError` for one at work."""
    for run in runs:
        actions.delete(run)
        if session.selected_run_id() == run.id:
            session.clear_run()
    st.session_state.pop(TABLE, None)


def name_of(run: RunFolder) -> str:
    """A run's name, or its id where its file is damaged; not escaped."""
    try:
        return run.info.name
    except AnnealError:
        return run.id


def several_runs(runs: Sequence[RunFolder]) -> None:
    """Runs beside each other: accuracy by epoch, and in what they differ."""
    st.subheader(f"{len(runs)} runs beside each other", anchor=False)
    epochs = epochs_of(runs)
    if epochs.empty:
        st.caption("None of them has finished an epoch yet.")
    else:
        st.altair_chart(compare_runs(epochs), key="compare", alt="Validation accuracy by epoch, one line a run")
    rows = differences(runs)
    if rows.empty:
        st.caption("They have the same settings and figures.")
    else:
        st.markdown("**In what they differ**")
        st.dataframe(rows, alt="Settings and figures that differ")
    if st.button(f"Delete these {len(runs)} runs", icon=":material/delete:"):
        delete(runs)


def show_jobs(context: Context) -> None:
    """The job at work and those that wait, with a way to stop each."""
    live = [job for job in store.all_jobs(context.workspace) if job.live]
    st.fragment(_jobs, run_every=POLL if live else None)(context, [job.id for job in live])


def _jobs(context: Context, shown_before: list[str]) -> None:
    live = [job for job in store.all_jobs(context.workspace) if job.live]
    if [job.id for job in live] != shown_before:
        st.rerun()
    if not live:
        return
    st.subheader("At work", anchor=False)
    for job in sorted(live, key=lambda job: job.status != "running"):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{WORDS[job.kind]}** · {literal(run_name(context.workspace, job.run), 40)}", width=260)
            st.progress(job.progress.share, text=how_far(job), width="stretch")
            if st.button("Stop", icon=":material/stop:", key=f"stop-{job.id}"):
                queue.stop(context.workspace, job.id)


context = begin(
    "Runs",
    ":material/history:",
    lead="A run is one model's whole life: its data, its stages, its figures. Choose one row to go on with it, several "
    "to compare them.",
)
show_jobs(context)
with shown(stop=True):
    runs = list_runs(context.workspace)
if runs:
    chosen = choose_rows(runs, TABLE)
    with shown():
        if len(chosen) == 1:
            one_run(context, chosen[0])
        elif chosen:
            several_runs(chosen)
        else:
            st.caption("Choose a row to open, continue, rename or delete a run; choose several to compare them.")
else:
    with st.container(border=True):
        st.markdown("**No runs yet.** Choose data first; a run is made there.")
        st.page_link("pages/data.py", label="Choose data", icon=":material/photo_library:")
with shown():
    storage(context.workspace)
    damage(context.workspace)
