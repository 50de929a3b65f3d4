"""Progress of a study, with the time left at its own pace."""

import time

from core.jobs.control import JobControl
from core.jobs.store import JobProgress


class Pace:
    """A `Progress` for work whose units take about as long as each other; it raises `StoppedError` to stop the work."""

    def __init__(self, control: JobControl) -> None:
        self._control = control
        self._what = ""
        self._first = 0
        self._began = time.monotonic()

    def check(self) -> None:
        """Raise `StoppedError` if the job was asked to stop."""
        self._control.check()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report that `done` of `total` is done of `what`."""
        self._control.check()
        if what != self._what or done < self._first:
            self._what, self._first, self._began = what, done, time.monotonic()
        passed, ended = time.monotonic() - self._began, done - self._first
        left = passed / ended * (total - done) if ended > 0 and total > 0 else None
        self._control.report(JobProgress(what=what, done=done, total=total, eta_s=left), now=done >= total > 0)
