"""The files of jobs: one small JSON file each in the workspace, and the one lock on them."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, model_validator

from core.errors import RunError, WorkspaceError
from core.jobs.specs import Kind, Spec
from core.kept import Count, Estimate, Pid, Seconds, read_model
from core.runs.names import checked_id
from core.workspace import Workspace, sentences, write_json

Status = Literal["queued", "running", "done", "failed", "stopped", "lost"]

KEPT = 200
"""Ended jobs whose files are kept."""


class JobProgress(BaseModel):
    """How far a job is: what it does now, steps done of all, and seconds left where that can be said.

    `about` says that the seconds are estimated from other work than this job's own. Where what it does now is only a
    part of the job, `now_s` are the seconds left of that, and `part` is the share (0..1) of the job that is done.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    what: str = ""
    done: Count = 0
    total: Count = 0
    eta_s: Estimate = None
    about: bool = False
    now_s: Estimate = None
    part: Estimate = None

    @property
    def share(self) -> float:
        """Between 0 and 1, for a progress bar."""
        if self.part is not None:
            return min(1.0, max(0.0, self.part))
        return min(1.0, max(0.0, self.done / self.total)) if self.total > 0 else 0.0


class Job(BaseModel):
    """One job: a range test, training or an evaluation of one run. Times are seconds since 1970.

    `host` names the machine that `pid` is on, where several processes do the job; "" is this machine.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    run: str
    spec: Spec
    status: Status = "queued"
    pid: Pid | None = None
    start_time: float | None = None
    created: Seconds = 0.0
    started: Seconds | None = None
    ended: Seconds | None = None
    progress: JobProgress = JobProgress()
    message: str = ""
    here: bool = False
    host: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read_files_of_earlier_versions(cls, values: Any) -> Any:
        """They had the kind beside the spec, and called a range test "find_lr"."""
        if isinstance(values, dict) and isinstance(values.get("spec"), dict) and "kind" in values:
            kind = {"find_lr": "lr_finder"}.get(values["kind"], values["kind"])
            values = {**values, "spec": {"kind": kind, **values["spec"]}}
        return values

    @property
    def kind(self) -> Kind:
        """What kind of job it is."""
        return self.spec.kind

    @property
    def live(self) -> bool:
        """Whether it is queued or running."""
        return self.status in ("queued", "running")

    @property
    def seconds(self) -> float:
        """How long it has been running, or ran."""
        return max(0.0, (self.ended or time.time()) - self.started) if self.started else 0.0


@contextmanager
def locked(workspace: Workspace, timeout: float = 20.0) -> Iterator[None]:
    """Hold the workspace's one lock on jobs; the visitors of a server have one together.

    Raises `WorkspaceError` when it stays held by others.
    """
    path = workspace.pool.jobs / ".lock"
    try:
        with sentences(path), FileLock(path, timeout=timeout, poll_interval=0.01):
            yield
    except Timeout as error:
        raise WorkspaceError("Another process holds the list of jobs. Wait a moment and try again.") from error


def _read(path: Path) -> Job | None:
    """The job in `path`; None when gone or damaged."""
    try:
        return read_model(path, Job)
    except (OSError, ValueError):
        return None


def job_path(workspace: Workspace, job_id: str) -> Path:
    """Where a job is written down; raises `RunError` for what cannot be an id."""
    return workspace.jobs / f"{checked_id(job_id)}.json"


def write(workspace: Workspace, job: Job) -> Job:
    """Write a job's file, whole or not at all; the caller holds the lock."""
    write_json(job_path(workspace, job.id), job.model_dump(mode="json"))
    return job


def all_jobs(workspace: Workspace) -> list[Job]:
    """Every job whose file is kept, oldest first."""
    found = (_read(path) for path in sorted(workspace.jobs.glob("*.json")))
    return [job for job in found if job is not None]


def get(workspace: Workspace, job_id: str) -> Job:
    """One job as it is now; raises `RunError` when there is none of that id."""
    job = _read(job_path(workspace, job_id))
    if job is None:
        raise RunError("That job is no longer known.")
    return job


def prune(workspace: Workspace) -> None:
    """Forget the oldest ended jobs beyond the last `KEPT`; the caller holds the lock."""
    ended = [job for job in all_jobs(workspace) if not job.live]
    for job in ended[:-KEPT]:
        job_path(workspace, job.id).unlink(missing_ok=True)


def write_progress(workspace: Workspace, job: Job, progress: JobProgress) -> Job:
    """Write a running job's progress; only its own worker may call this."""
    job = job.model_copy(update={"progress": progress})
    replace_json(job_path(workspace, job.id), job.model_dump(mode="json"))
    return job


def replace_json(path: Path, value: Any) -> None:
    """Write JSON that readers see whole, but that is soon out of date and so not worth a flush to the disk."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with sentences(path):
        part.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
