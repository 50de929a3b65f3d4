"""What a server's visitor may ask of its workers: refused with a sentence when it is asked, or when it is reached."""

import contextlib
import time
from collections.abc import Sequence

from core.errors import AnnealError, RunError, WorkspaceError
from core.hosting.settings import Settings, settings_of
from core.hosting.usage import MB, free_memory, refuse_full, resident
from core.jobs.pool import Turn
from core.jobs.specs import Spec, TrainSpec
from core.jobs.store import Job, all_jobs
from core.runs.folder import RunFolder, run_path
from core.workspace import Workspace

LOOK_S = 5.0
"""Seconds between two looks at the disk while a job runs."""


def refuse(workspace: Workspace, run_id: str, spec: Spec) -> None:
    """Raise `RunError` or `WorkspaceError` for a job that a visitor may not queue; nothing to refuse elsewhere."""
    if workspace.host is None:
        return
    settings = settings_of(workspace)
    epochs = _epochs(workspace, run_id, spec)
    if epochs > settings.epochs:
        raise RunError(
            f"This plan has {epochs:,} epochs; a job on this server may have {settings.epochs:,}. Take epochs or "
            "stages out, and train the rest in a job of its own."
        )
    waiting = sum(job.status == "queued" for job in all_jobs(workspace))
    if waiting >= settings.waiting:
        raise RunError(
            f"{waiting} jobs of yours wait already, and more than {settings.waiting} may not. Wait until one has "
            "begun, or cancel one."
        )
    refuse_full(workspace)


def _epochs(workspace: Workspace, run_id: str, spec: Spec) -> int:
    """The epochs that a training job asks for; 0 for other jobs, whose time is limited all the same."""
    if not isinstance(spec, TrainSpec):
        return 0
    if spec.plan is not None:
        return sum(stage.epochs for stage in spec.plan.stages)
    state = RunFolder(run_path(workspace, run_id), workspace).state
    return sum(getattr(stage, "epochs", 0) for stage in state.plan[state.next_stage :])


def has_memory(workspace: Workspace, turns: Sequence[Turn]) -> bool:
    """Whether the server has memory for one more job; always on a person's own machine."""
    if workspace.host is None:
        return True
    settings = settings_of(workspace)
    if free_memory() < settings.memory_mb * MB:
        return False
    if not settings.total_memory_mb:
        return True
    running = [turn.job.pid for turn in turns if turn.job.status == "running" and turn.job.pid]
    promised = max(resident(running), len(running) * settings.memory_mb * MB)
    return promised + settings.memory_mb * MB <= settings.total_memory_mb * MB


def bound_memory(workspace: Workspace) -> None:
    """Have this process be refused more memory than a job may have; to be called by a visitor's worker."""
    if workspace.host is None:
        return
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        most = settings_of(workspace).memory_mb * MB
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (most if hard < 0 else min(most, hard), hard))


class Bounds:
    """The time and the disk of one running job; `reached` is asked for every batch."""

    def __init__(self, workspace: Workspace, job: Job) -> None:
        self._workspace = workspace
        self._settings: Settings | None = settings_of(workspace) if workspace.host is not None else None
        self._began = job.started or time.time()
        self._looked = time.monotonic()

    def reached(self) -> str:
        """The sentence to end the job with; "" while it is within its bounds."""
        if self._settings is None:
            return ""
        minutes = self._settings.minutes
        if time.time() - self._began > 60 * minutes:
            return f"Stopped after {minutes:g} minutes, the most that a job may take on this server."
        if time.monotonic() - self._looked >= LOOK_S:
            self._looked = time.monotonic()
            return self._full()
        return ""

    def _full(self) -> str:
        try:
            refuse_full(self._workspace)
        except WorkspaceError as error:
            return f"Stopped. {error}"
        except AnnealError:  # settings that were damaged meanwhile stop no job
            return ""
        return ""
