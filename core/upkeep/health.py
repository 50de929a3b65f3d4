"""Whether jobs run here: what a server's watcher asks for, on the command line and by its address."""

import shutil
import time
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import AnnealError
from core.hosting.settings import settings_of
from core.hosting.usage import MB, free_memory
from core.jobs import pool, queue
from core.jobs.pool import Turn
from core.jobs.store import locked
from core.process.identity import alive
from core.workspace import VISITORS, Workspace, write_json


@dataclass(frozen=True)
class Health:
    """What was found: `problems` are sentences, none when all is well. Bytes are free ones; `oldest_s` has waited."""

    problems: tuple[str, ...]
    running: int
    waiting: int
    oldest_s: float
    free_disk: int
    free_memory: int

    @property
    def ok(self) -> bool:
        """Whether jobs run."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """As the command and the address write it."""
        return {"ok": self.ok, **asdict(self), "problems": list(self.problems)}


def health(workspace: Workspace) -> Health:
    """Look at the workspace of a person or a server, after starting the jobs whose turn has come."""
    problems = list(_of_writing(workspace))
    turns: list[Turn] = []
    free = _free_disk(workspace)
    try:
        queue.advance(workspace)
        turns = pool.live(workspace)
        if free < _kept_free(workspace):
            problems.append("The disk is nearly full, so nothing new is begun. Free some space on it.")
        problems += _of_jobs(workspace, turns)
    except AnnealError as error:
        problems.append(str(error))
    waiting = [turn.job for turn in turns if turn.job.status == "queued"]
    return Health(
        problems=tuple(problems),
        running=len(turns) - len(waiting),
        waiting=len(waiting),
        oldest_s=max((round(time.time() - job.created, 1) for job in waiting), default=0.0),
        free_disk=free,
        free_memory=free_memory(),
    )


def _of_writing(workspace: Workspace) -> list[str]:
    """What keeps a job from being written down."""
    try:
        with locked(workspace, timeout=5.0):
            write_json(workspace.jobs / ".health", {"asked": time.time()})
    except AnnealError as error:
        return [str(error)]
    return []


def _of_jobs(workspace: Workspace, turns: list[Turn]) -> list[str]:
    problems = []
    running = [turn.job for turn in turns if turn.job.status == "running"]
    dead = sum(not alive(job.pid, job.start_time) for job in running)
    if dead:
        problems.append(f"{dead} running job{'' if dead == 1 else 's'} lost the process that did the work.")
    first = queue.next_in(workspace, turns)
    if first is not None and not first.job.here:
        problems.append("A job waits although it could run. Start the app again.")
    return problems


def _free_disk(workspace: Workspace) -> int:
    folder = workspace.root
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _kept_free(workspace: Workspace) -> int:
    """Bytes that a server keeps free; a person's own machine 50 MB, without which nothing can be saved."""
    serves = (workspace.root / VISITORS).is_dir()
    return settings_of(workspace).keep_free_mb * MB if serves else 50 * MB
