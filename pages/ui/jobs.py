"""Jobs on pages: the sidebar's line about them; a run's own job, how far it is, and a way to stop it."""

import time
from collections.abc import Callable

import streamlit as st

from core.errors import AnnealError, RunError
from core.jobs import queue
from core.jobs.specs import Kind, Spec, StudySpec
from core.jobs.store import Job
from core.runs.folder import RunFolder, open_run
from core.workspace import Workspace
from pages.ui.errors import show
from pages.ui.text import duration, literal, plain

POLL = 1.0
"""Seconds between two readings of a live job's progress."""

LINE_POLL = 3.0
"""Seconds between two updates of the sidebar's line about the jobs."""

FIRST = 0.25
"""Seconds between two drawings of its charts before it has a first point."""

WAIT_S, LOOK_S = 0.6, 0.02
"""Seconds that the server itself waits for that point before it draws the page without it, and between two readings."""

PACES = (1.0, 2.0, 5.0)
"""Seconds between two drawings of its charts from then on."""

NEW_S = 8.0
"""Seconds for which a job is new."""

LOOKS_LEFT = 4
"""A slower pace is taken only while this many drawings at that pace are still to come."""

TITLES: dict[Kind, str] = {
    "lr_finder": "Range test",
    "trials": "Trials",
    "train": "Training",
    "evaluate": "Evaluation",
    "study": "Study",
    "export": "Export",
}
"""What each kind of job is called; a study is called after its question, see `title`."""

LOG_LINES = 40


def title(job: Job) -> str:
    """What a job is called."""
    return job.spec.question.title if isinstance(job.spec, StudySpec) else TITLES[job.kind]


def is_at_work(workspace: Workspace, run: RunFolder) -> bool:
    """Whether a job of the run is queued or running."""
    return queue.live_job(workspace, run.id) is not None


def pace(job: Job) -> float:
    """Seconds between two drawings of a job's charts.

    A drawing costs server and browser about half a second of a core, which training on the same machine then lacks.
    So charts are drawn at once when there is a first point to see, often while the job is new and shortly before its
    end, and seldom in the middle of a long job.
    """
    if job.status == "running" and not job.progress.done:
        return FIRST
    left = job.progress.eta_s if job.progress.now_s is None else job.progress.now_s
    if job.seconds < NEW_S or left is None:
        return PACES[0]
    return next((pace for pace in reversed(PACES) if left >= LOOKS_LEFT * pace), PACES[0])


def follow(workspace: Workspace, run: RunFolder, draw: Callable[[Job | None], None]) -> Job | None:
    """Show the run's live job and call `draw` with it, again and again until it ends; then the page runs once more.

    Without a live job `draw(None)` is called once. Returns the live job.
    """
    job = queue.live_job(workspace, run.id)
    if job is None:
        st.fragment(draw)(None)
        return None
    st.fragment(_watch, run_every=POLL)(workspace, run.id, job.id)
    every = pace(job)
    st.fragment(_draw, run_every=every)(workspace, run.id, draw, every)
    return job


def _watch(workspace: Workspace, run_id: str, was: str) -> None:
    """How far the job is: little work, so it is done often."""
    queue.advance(workspace)
    job = queue.live_job(workspace, run_id)
    if job is None or job.id != was:
        st.rerun()
    _status(workspace, job)


def _draw(workspace: Workspace, run_id: str, draw: Callable[[Job | None], None], every: float) -> None:
    """What the page draws of it; the page runs again when the pace changes."""
    job = queue.live_job(workspace, run_id)
    if every == FIRST:
        job = _begun(workspace, job)
    draw(job)
    if job is not None and pace(job) != every:
        st.rerun()


def _begun(workspace: Workspace, job: Job | None) -> Job | None:
    """Wait a little for a job's first step: the browser would ask for it later than that."""
    until = time.monotonic() + WAIT_S
    while job is not None and pace(job) == FIRST and time.monotonic() < until:
        time.sleep(LOOK_S)
        job = queue.live_job(workspace, job.run)
    return job


def _status(workspace: Workspace, job: Job) -> None:
    stopping = queue.stop_asked(workspace, job) is not None
    with st.container(border=True):
        bar, button = st.columns([6, 1], vertical_alignment="center")
        bar.progress(job.progress.share, text=f"**{title(job)}** · {how_far(workspace, job)}")
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
        queue.stop(workspace, job_id)
    except AnnealError as error:
        st.toast(literal(str(error), None))


def last_ended(run: RunFolder, *kinds: Kind) -> Job | None:
    """The newest of the run's jobs of these kinds, if it has ended."""
    newest = next((job for job in queue.jobs_of(run) if job.kind in kinds), None)
    return None if newest is None or newest.live else newest


def say_how_it_ended(run: RunFolder, *kinds: Kind) -> Job | None:
    """Say why the newest job of these kinds failed, was lost or was stopped, with its log's end; returns that job."""
    job = last_ended(run, *kinds)
    if job is not None and job.status == "done" and job.message:
        st.info(literal(job.message, None), icon=":material/info:")
        return job
    if job is None or job.status not in ("failed", "lost", "stopped"):
        return None
    text = literal(job.message, None) if job.message else f"{title(job)} was stopped."
    if job.status == "stopped":
        st.info(text, icon=":material/pause_circle:")
        return job
    st.error(text, icon=":material/error:", title=f"{title(job)} {'failed' if job.status == 'failed' else 'broke off'}")
    log = run.log_tail(LOG_LINES)
    if log and run.workspace.host is None:  # it names files of the server
        with st.expander("Log", icon=":material/description:"):
            st.code(log, language=None, height=240)
    return job


def submit(run: RunFolder, spec: Spec) -> bool:
    """Queue a job; a refusal is shown as its sentence. Whether it was taken."""
    try:
        queue.submit(run.workspace, run.id, spec)
    except AnnealError as error:
        show(error)
        return False
    return True


def job_line(workspace: Workspace, run: RunFolder | None) -> None:
    """Say which job is running, how far it is and how many wait; nothing when there is none.

    The page runs again when a job of its own `run` begins or ends, and not for those of others: an open dialog would
    be closed by it.
    """
    job = queue.live_job(workspace)
    if job is not None:
        st.fragment(_line, run_every=LINE_POLL)(workspace, None if run is None else run.id, job)


def _line(workspace: Workspace, run_id: str | None, was: Job) -> None:
    queue.advance(workspace)
    job = queue.live_job(workspace)
    changed = job is None or job.id != was.id
    if changed and run_id is not None and run_id in (was.run, "" if job is None else job.run):
        st.rerun()
    if job is None:
        return
    with st.container(border=True, gap="xsmall", key="job-line"):
        st.markdown(f":material/local_fire_department: **{title(job)}**")
        st.text(plain(run_name(workspace, job.run), 30))
        st.progress(job.progress.share, text=how_far(workspace, job))
        waiting = sum(other.id != job.id for other in queue.waiting(workspace))
        if waiting:
            st.caption(f"{waiting} more {'waits' if waiting == 1 else 'wait'} after it")


def run_name(workspace: Workspace, run_id: str) -> str:
    """The name a person gave to a run, or its id where it cannot be read; not escaped."""
    try:
        return open_run(workspace, run_id).info.name
    except RunError:
        return run_id


def how_far(workspace: Workspace, job: Job) -> str:
    """What a job is doing and how long it has left, or what it waits for; for markdown."""
    if queue.stop_asked(workspace, job) is not None:
        return "Stops at the end of this batch"
    if job.status == "queued":
        waits = queue.waiting_for(workspace, job)
        wait = queue.expected_wait(workspace, job) if waits else None
        about = f" in about {duration(wait)}" if wait else ""
        return f"{waits}, then it starts by itself{about}" if waits else "Starts in a moment"
    what = literal(job.progress.what) if job.progress.what else "Starting"
    if job.progress.eta_s is None:
        return what
    return f"{what} · {'about ' if job.progress.about else ''}{duration(job.progress.eta_s)} left"
