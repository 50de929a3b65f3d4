"""Trials: a work begun in a process of its own, a fault, and what came of it."""

import json
import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import AnnealError
from tests.faults import works
from tests.faults.boundaries import HOWS, Boundaries, Fault
from tests.fuzz import edits

LONGEST_S = 240


@dataclass(frozen=True)
class Trial:
    """One fault: in the process that does the work, or in the server that has a worker do it.

    `moment` (0..1) says when: the share of the boundaries, or, with `how` "killed at a moment", of the time that it
    takes.
    """

    number: int
    work: str
    server: bool
    how: str
    moment: float

    @classmethod
    def of(cls, number: int) -> "Trial":
        """The trial with this number."""
        draws = random.Random(number)
        server = draws.random() < 0.25
        work = draws.choice(works.BY_A_SERVER if server else works.WORKS)
        return cls(number, work, server, draws.choice([*HOWS, "killed at a moment"]), draws.random())

    def __str__(self) -> str:
        who = "server" if self.server else "worker"
        return f"trial {self.number}: {self.work}, the {who} {self.how} at {self.moment:.2f}"


@dataclass(frozen=True)
class Ended:
    """How a child process ended: `said` is what it sent, `failed` a traceback or "", `killed` whether it was."""

    said: str
    failed: str
    killed: bool
    seconds: float


def child(work: Callable[[], str], kill_after: float | None = None) -> Ended:
    """Do `work` in a forked process and wait for it; kill it after so many seconds, if that is given."""
    reading, writing = os.pipe()
    began = time.monotonic()
    pid = os.fork()
    if not pid:
        os.close(reading)
        answer = {"said": "", "failed": ""}
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            answer["said"] = work()
        except AnnealError as error:
            answer["said"] = f"refused: {error}"
        except BaseException:
            answer["failed"] = traceback.format_exc()
        os.write(writing, json.dumps(answer).encode()[-60_000:])
        os._exit(0)
    os.close(writing)
    until = began + (LONGEST_S if kill_after is None else kill_after)
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(0.002)
    with os.fdopen(reading, "rb") as answers:
        sent = answers.read()
    answer = json.loads(sent) if sent.endswith(b"}") else {"said": "", "failed": ""}
    return Ended(answer["said"], answer["failed"], not sent, time.monotonic() - began)


class Laboratory:
    """Templates and uninterrupted results of each work, made when first needed, and trials on copies of them.

    `missed` counts the trials in which nothing came of the fault: it lay behind the end, or was passed over.
    """

    def __init__(self, root: Path) -> None:
        import torch  # before the forks, so that they need not; one thread, as forks want

        import core.jobs.execute  # noqa: F401

        torch.set_num_threads(1)
        self.root = root
        self.missed = 0
        self._known: dict[tuple[str, bool], tuple[int, float]] = {}
        self.images = works.pictures(root / "pictures")

    def known(self, work: str, server: bool) -> tuple[int, float]:
        """How many boundaries the work has without a fault, and how many seconds it takes."""
        if (work, server) not in self._known:
            begin, whole = self.root / f"begin-{work}", self.root / f"whole-{work}-{server}"
            if not begin.exists():
                made = child(lambda: str(works.template(begin, self.images, work)))
                assert not made.failed, made.failed
            edits.copy(begin, whole)
            found = child(lambda: str(self._work(work, server, whole, Fault(0, "fails"))))
            assert found.said.isdigit(), found
            self._known[work, server] = int(found.said), found.seconds
        return self._known[work, server]

    def _work(self, work: str, server: bool, home: Path, fault: Fault) -> int:
        boundaries = Boundaries(fault).install()
        if server:
            plain = works.forked_worker

            def start(*given: object) -> int:
                boundaries.on = False  # for the worker, which is forked here; the server's own go on below
                try:
                    return plain(*given)  # type: ignore[arg-type]
                finally:
                    boundaries.on = True

            works.forked_worker = start  # type: ignore[assignment]
            works.serve(work, home)
        else:
            works.do(work, home)
        boundaries.on = False
        return boundaries.count

    def run(self, trial: Trial) -> str:
        """Do a trial; "" when all held, else what did not."""
        count, seconds = self.known(trial.work, trial.server)
        home = self.root / f"trial-{trial.number}"
        edits.copy(self.root / f"begin-{trial.work}", home)
        if trial.how == "killed at a moment":
            fault, after = Fault(0, "fails"), trial.moment * seconds
        else:
            fault, after = Fault(1 + int(trial.moment * count), trial.how), None  # type: ignore[arg-type]
        first = child(lambda: str(self._work(trial.work, trial.server, home, fault)), after)
        if first.failed:
            return f"{trial}\n{first.failed}"
        if first.said.isdigit():  # progress is written by the clock, so that a faster pass has fewer boundaries
            self.missed += 1
        whole = self.root / f"whole-{trial.work}-{trial.server}"
        then = child(lambda: works.recover(trial.work, home, whole))
        if then.failed or then.killed or then.said.startswith("refused"):
            return f"{trial} ({first.said})\n{then.failed or then.said or 'it was killed'}"
        edits.remove(home)
        return ""


def laboratory() -> tempfile.TemporaryDirectory[str]:
    """A folder for one."""
    return tempfile.TemporaryDirectory(prefix="anneal-faults-")
