"""A run's job as it goes: how far it is, a way to stop it, and whatever a page draws of it, twice a second."""

from collections.abc import Callable

import streamlit as st

from core.errors import AnnealError
from core.runs import jobs
from core.runs.folder import RunFolder
from core.runs.jobs import Job
from core.workspace import Workspace
from pages.ui.errors import show
from pages.ui.names import literal
from pages.ui.words import duration

POLL = 0.5
"""Seconds between two looks while a job is live."""

DOING = {"find_lr": "Range test", "train": "Training", "evaluate": "Evaluation"}
LOG_LINES = 40


def is_at_work(workspace: Workspace, run: RunFolder) -> bool:
    """Whether a job of the run is queued or running."""
    return jobs.live_job(workspace, run.id) is not None


def follow(workspace: Workspace, run: RunFolder, draw: Callable[[Job | None], None]) -> Job | None:
    """Show the run's live job and call `draw` with it, again and again until it ends; then the page runs once more.

    Without a live job `draw(None)` is called once. Returns the live job.
    """
    job = jobs.live_job(workspace, run.id)
    panel = st.fragment(_panel, run_every=POLL if job else None)
    panel(workspace, run.id, job.id if job else None, draw)
    return job


def _panel(workspace: Workspace, run_id: str, was: str | None, draw: Callable[[Job | None], None]) -> None:
    jobs.advance(workspace)
    job = jobs.live_job(workspace, run_id)
    if (job.id if job else None) != was:
        st.rerun()
    if job is not None:
        _status(workspace, job)
    draw(job)


def _status(workspace: Workspace, job: Job) -> None:
    stopping = jobs.stop_asked(workspace, job) is not None
    with st.container(border=True):
        bar, button = st.columns([6, 1], vertical_alignment="center")
        bar.progress(job.progress.share, text=_how_far(workspace, job, stopping))
        button.button(
            "Stopping" if stopping else "Stop" if job.status == "running" else "Cancel",
            icon=":material/stop_circle:",
            key=f"stop-{job.id}",
            disabled=stopping,
            on_click=_stop,
            args=(workspace, job.id),
            width="stretch",
        )


def _stop(workspace: Workspace, job_id: str) -> None:
    try:
        jobs.stop(workspace, job_id)
    except AnnealError as error:
        st.toast(literal(str(error), None))


def _how_far(workspace: Workspace, job: Job, stopping: bool) -> str:
    name = DOING[job.kind]
    if stopping:
        return f"**{name}** stops at the end of this batch"
    if job.status == "queued":
        ahead = sum(other.created < job.created for other in jobs.queue(workspace)) + 1
        return f"**{name}** waits for {ahead} other job{'s' if ahead > 1 else ''}, and starts by itself"
    what = literal(job.progress.what) if job.progress.what else "starting"
    left = f" · {duration(job.progress.eta_s)} left" if job.progress.eta_s is not None else ""
    return f"**{name}** · {what}{left}"


def last_ended(run: RunFolder, *kinds: str) -> Job | None:
    """The newest of the run's jobs of these kinds, if it has ended."""
    newest = next((job for job in jobs.jobs_of(run) if job.kind in kinds), None)
    return None if newest is None or newest.live else newest


def say_how_it_ended(run: RunFolder, *kinds: str) -> Job | None:
    """Say why the newest job of these kinds failed, was lost or stopped, with the log's end; returns that job."""
    job = last_ended(run, *kinds)
    if job is None or job.status not in ("failed", "lost", "stopped"):
        return None
    text = literal(job.message, None) if job.message else f"{DOING[job.kind]} was stopped."
    if job.status == "stopped":
        st.info(text, icon=":material/pause_circle:")
        return job
    st.error(
        text, icon=":material/error:", title=f"{DOING[job.kind]} {'failed' if job.status == 'failed' else 'broke off'}"
    )
    log = run.log_tail(LOG_LINES)
    if log:
        with st.expander("Log", icon=":material/description:"):
            st.code(log, language=None, height=240)
    return job


def submit(workspace: Workspace, run: RunFolder, kind: jobs.Kind, spec: dict[str, object]) -> bool:
    """Queue a job; a refusal is shown as its sentence. Whether it was taken."""
    try:
        jobs.submit(workspace, run.id, kind, spec)
    except AnnealError as error:
        show(error)
        return False
    return True
