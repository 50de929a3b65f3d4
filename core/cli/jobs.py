"""A job done by this process: the same run folder and job file as a worker's, so that the app shows it live."""

import shlex
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from core.cli.output import Reporter
from core.errors import RunError
from core.jobs.actions import add_images, point_to
from core.jobs.specs import Spec, StudySpec
from core.results.studies import AnyQuestion
from core.runs.folder import RunFolder, open_run
from core.runs.history import HistoryReader
from core.runs.studies import kept_answer
from core.workspace import Workspace

Found = TypeVar("Found", bound=BaseModel)

READ_EVERY_S = 0.2
"""How often the history is read for finished epochs."""


class EpochReporter:
    """Progress of a job, with a line that stays for every epoch that was finished since."""

    def __init__(self, run: RunFolder, reporter: Reporter) -> None:
        self._reporter = reporter
        self._history = HistoryReader(run.history.path).refresh()
        self._written = len(self._history.rows("epoch"))
        self._read = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """As `Progress`."""
        if time.monotonic() - self._read >= READ_EVERY_S:
            self.catch_up()
        self._reporter(what, done, total)

    def catch_up(self) -> None:
        """Say what epochs were finished; a resumed run first drops the ones after its checkpoint."""
        self._read = time.monotonic()
        rows = self._history.refresh().rows("epoch")
        for row in rows[self._written :]:
            self._reporter.say(
                f"Epoch {row['epoch']}: training loss {row['train_loss']:.3f}, validation loss "
                f"{row['valid_loss']:.3f}, accuracy {row['accuracy']:.1%}, {row['seconds']:.1f} s"
            )
        self._written = len(rows)


def run_named(text: str, workspace: Workspace) -> RunFolder:
    """The run of that id in the workspace, or in that folder; raises `RunError`."""
    if (Path(text).expanduser() / "run.json").is_file():
        run = RunFolder(text, workspace)
        _ = run.info
        return run
    if "/" in text:
        raise RunError(f"There is no run in the folder {text}. Give a run's id, or the path of its folder.")
    if not (workspace.runs / text / "run.json").is_file():
        raise RunError(f"There is no run {text} in {workspace.runs}. Give its id or its folder; --home says where.")
    return open_run(workspace, text)


def find_moved(run: RunFolder, moved_to: str | None, reporter: Reporter) -> None:
    """Point the run to where its images lie now, if that was said; raises `DataError` when they are not there."""
    if moved_to is not None:
        reporter("Comparing the images", 0, 0)
        point_to(run, moved_to, reporter)
        reporter.say(f"The images of this run are read from {run.info.data_spec} from now on.")


def add_to(run: RunFolder, spec: str | None, reporter: Reporter) -> None:
    """Add the images of `spec` to the run, if that was asked for; raises what `add_images` raises."""
    if spec is not None:
        reporter("Reading the new images", 0, 0)
        growth = add_images(run, spec, reporter)
        known = f"; {growth.known:,} were there already" if growth.known else ""
        images = "image" if growth.train == 1 else "images"
        reporter.say(f"Added {growth.train:,} {images} to train on and {growth.valid:,} to validate on{known}.")


def work(run: RunFolder, spec: Spec, reporter: Reporter) -> None:
    """Do a job of a run to its end, in its turn.

    Raises the `AnnealError` that it failed with, and `KeyboardInterrupt` with how to go on when it was stopped.
    """
    reporter("Getting ready", 0, 0)
    from core.jobs.execute import run_here

    epochs = EpochReporter(run, reporter)
    go_on = f"To go on: python -m core train --continue {shlex.quote(str(run.path))}" if spec.kind == "train" else ""
    try:
        with _terminated_as_ctrl_c():
            ended = run_here(run.workspace, run.id, spec, progress=epochs)
    except KeyboardInterrupt as interrupt:
        epochs.catch_up()
        raise KeyboardInterrupt(f"{interrupt or 'Stopped.'} {go_on}".strip()) from interrupt
    epochs.catch_up()
    if ended.status != "done":
        raise KeyboardInterrupt(f"Stopped by another process. {go_on}".strip())
    if ended.message:
        reporter.say(ended.message)


def answered(run: RunFolder, question: AnyQuestion, kind: type[Found], reporter: Reporter) -> Found:
    """The run's answer to a study's question: the one that is kept, else it is asked now. Raises as `work`."""
    found = kept_answer(run, question, kind)
    if found is None:
        work(run, StudySpec(question=question), reporter)
        found = kept_answer(run, question, kind)
    if found is None:
        raise RunError("The answer was not kept. Ask again.")
    return found


@contextmanager
def _terminated_as_ctrl_c() -> Iterator[None]:
    """Handle SIGTERM as a Ctrl-C, in a program's main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
