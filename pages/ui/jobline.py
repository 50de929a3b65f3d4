"""The sidebar's line about the job at work and those that wait, kept up to date while there is one."""

import streamlit as st

from core.errors import RunError
from core.runs import jobs
from core.runs.folder import open_run
from core.workspace import Workspace
from pages.ui.names import literal, plain
from pages.ui.words import duration

POLL = 3.0
"""Seconds between two looks."""
DOING = {"find_lr": "Finding a learning rate", "train": "Training", "evaluate": "Evaluating"}
"""What each kind of job is called."""


def job_line(workspace: Workspace) -> None:
    """Say which job is at work, how far it is and what waits; nothing when all is quiet."""
    job = jobs.live_job(workspace)
    if job is not None:
        st.fragment(_line, run_every=POLL)(workspace, job.id)


def _line(workspace: Workspace, was: str) -> None:
    jobs.advance(workspace)
    job = jobs.live_job(workspace)
    if job is None or job.id != was:
        st.rerun()
    with st.container(border=True, gap="xsmall", key="job-line"):
        st.markdown(f":material/local_fire_department: **{DOING[job.kind]}**")
        st.text(plain(run_name(workspace, job.run), 30))
        st.progress(job.progress.share, text=how_far(job))
        waiting = sum(other.id != job.id for other in jobs.queue(workspace))
        if waiting:
            st.caption(f"{waiting} more {'waits' if waiting == 1 else 'wait'} after it")


def run_name(workspace: Workspace, run_id: str) -> str:
    """The name a person gave to a run, or its id where it cannot be read; not escaped."""
    try:
        return open_run(workspace, run_id).info.name
    except RunError:
        return run_id


def how_far(job: jobs.Job) -> str:
    """What a job is doing and how long it has left, for markdown."""
    if job.status == "queued":
        return "Waiting for its turn"
    what = literal(job.progress.what) if job.progress.what else "Starting"
    return f"{what} · {duration(job.progress.eta_s)} left" if job.progress.eta_s else what
