"""A training job asked to pause: it ends between two stages, where what is left of its plan can be changed."""

import contextlib

from core.jobs.store import Job, get
from core.runs.folder import run_path
from core.workspace import Workspace, sentences

PAUSE = "pause"
"""Name of the flag file in a run's folder; it holds the id of the job that is asked to pause."""

PAUSED = (
    "Paused before stage {stage}, as asked. Continue goes on with the plan; what is left of it can be changed first."
)


def ask_to_pause(workspace: Workspace, job_id: str) -> None:
    """Ask a training job to end when its present stage has; one that has ended is left as it is."""
    job = get(workspace, job_id)
    if job.live:
        flag = run_path(workspace, job.run) / PAUSE
        with sentences(flag):
            flag.write_text(job.id, encoding="utf-8")


def go_on_after_all(workspace: Workspace, job_id: str) -> None:
    """Take the request back."""
    (run_path(workspace, get(workspace, job_id).run) / PAUSE).unlink(missing_ok=True)


def pause_asked(workspace: Workspace, job: Job) -> bool:
    """Whether this very job was asked to pause."""
    with contextlib.suppress(OSError):
        return (run_path(workspace, job.run) / PAUSE).read_text(encoding="utf-8") == job.id
    return False
