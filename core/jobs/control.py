"""A running job's progress reports and its stop flag."""

import time
from collections.abc import Callable

from core.errors import AnnealError
from core.jobs import queue, store
from core.jobs.limits import Bounds
from core.jobs.store import Job, JobProgress
from core.runs.folder import RunFolder
from core.workspace import Progress, no_progress

REPORT_EVERY_S = 0.25
"""Seconds between two writings of a job's progress."""


class StoppedError(Exception):
    """The job was asked to stop."""


class TerminatedError(BaseException):
    """The process was asked to end at once."""


class JobControl:
    """One job's progress and stop flag.

    `echo` is called with every report, also those that are not written; a command line shows them. `stopped` says
    whether this process itself was asked to stop. `around` puts each report into the whole that it is a part of, before
    it is written. `over` is the sentence of the limit of a server that ends the job, "" while none does.
    """

    def __init__(
        self,
        folder: RunFolder,
        job: Job,
        *,
        echo: Progress = no_progress,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.folder = folder
        self.workspace = folder.workspace
        self.job = job
        self._echo = echo
        self._stopped = stopped
        self.around: Callable[[JobProgress], JobProgress] = lambda progress: progress
        self._bounds = Bounds(self.workspace, job)
        self.over = ""
        self._written = 0.0
        self._flag = folder.path / queue.STOP

    def stopping(self) -> bool:
        """Whether the job was asked to stop, or has reached a limit.

        Called for every batch, so without a flag and a limit it is one `stat`.
        """
        if self._stopped():
            return True
        if not self.over:
            self.over = self._bounds.reached()
        if self.over:
            return True
        return self._flag.exists() and queue.stop_asked(self.workspace, self.job) is not None

    def check(self) -> None:
        """Raise `StoppedError` if the job was asked to stop."""
        if self.stopping():
            raise StoppedError

    def report(self, progress: JobProgress, *, now: bool = False) -> None:
        """Write how far the job is: its first step at once, others at most about four times a second."""
        self._echo(progress.what, progress.done, progress.total)
        moment = time.monotonic()
        first = progress.done > 0 == self.job.progress.done
        if now or first or moment - self._written >= REPORT_EVERY_S:
            self._written = moment
            self.job = store.write_progress(self.workspace, self.job, self.around(progress))

    def progress(self, what: str, done: int, total: int) -> None:
        """A `Progress` for decoding, activations and evaluation: reports, and raises `StoppedError` to stop them."""
        self.check()
        self.report(JobProgress(what=what, done=done, total=total), now=done >= total > 0)


REFUSED_MEMORY = ("allocate memory", "could not create a primitive", "could not create a memory object")


def out_of_memory(error: BaseException) -> bool:
    """Whether a computation ended because there was no memory for it; torch says so in a plain `RuntimeError`.

    oneDNN, which computes convolutions on a CPU, says only that it could not create what it needs.
    """
    return isinstance(error, MemoryError) or any(said in str(error) for said in REFUSED_MEMORY)


def explanation(error: Exception) -> str:
    """What to tell a person about the error that ended a job."""
    if isinstance(error, AnnealError):
        return str(error)
    if out_of_memory(error):
        return (
            "The machine ran out of memory. Lower the batch size or the image size and try again; nothing that was "
            "saved is lost."
        )
    said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return f"Something unexpected went wrong ({said}). The log has the details; nothing saved was lost."
