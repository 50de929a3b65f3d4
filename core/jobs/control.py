"""What a job at work tells and hears: its progress, written a few times a second, and the flag that stops it."""

import time
from collections.abc import Callable

from core.jobs import queue, store
from core.jobs.store import Job, JobProgress
from core.runs.folder import RunFolder
from core.workspace import Progress, no_progress

TOLD_EVERY_S = 0.25


class StoppedError(Exception):
    """The job was asked to stop."""


class JobControl:
    """One job's progress and stop flag. `heard` is also told, as a command line wants it."""

    def __init__(
        self,
        folder: RunFolder,
        job: Job,
        *,
        heard: Progress = no_progress,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.folder = folder
        self.workspace = folder.workspace
        self.job = job
        self._heard = heard
        self._stopped = stopped
        self._told = 0.0
        self._flag = folder.path / queue.STOP

    def stopping(self) -> bool:
        """Whether somebody asked the job to stop; looked up at every batch, so without a flag it is one `stat`."""
        if self._stopped():
            return True
        return self._flag.exists() and queue.stop_asked(self.workspace, self.job) is not None

    def check(self) -> None:
        """Raise `StoppedError` if somebody asked the job to stop."""
        if self.stopping():
            raise StoppedError

    def tell(self, progress: JobProgress, *, now: bool = False) -> None:
        """Write how far the job is: its first step at once, and else at most about four times a second."""
        self._heard(progress.what, progress.done, progress.total)
        moment = time.monotonic()
        first = progress.done > 0 == self.job.progress.done
        if now or first or moment - self._told >= TOLD_EVERY_S:
            self._told = moment
            self.job = store.tell(self.workspace, self.job, progress)

    def progress(self, what: str, done: int, total: int) -> None:
        """A `Progress` for preparations (decoding, activations): tells, and stops them by raising `StoppedError`."""
        self.check()
        self.tell(JobProgress(what=what, done=done, total=total), now=done >= total > 0)
