"""The run folder: everything about one model on disk. Importing this module does not import torch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from core.data.index import DataSet
from core.data.parallel import collector_rests
from core.errors import DataError, RunError
from core.hosting.confine import refuse_outside
from core.kept import read_json, read_model
from core.runs.history import HistoryReader, reader
from core.runs.names import LATEST, checked_id, checked_snapshot
from core.runs.snapshots import Snapshot, listed
from core.runs.state import Curve, RunInfo, RunState, StageStatus
from core.training.curve import suggestion_for
from core.training.schedules import steps_per_epoch
from core.training.stage import Stage
from core.workspace import Workspace, sentences, write_json

SPLITS = ("train", "valid", "test")

LOG = "log.txt"
"""What the run's workers print."""

LOCK = ".lock"
"""The file that a process locks for as long as it does a job on the run."""

LOCK_WAIT_S = 10.0
"""Seconds that a job waits for another process to unlock the run."""

NO_RUN = "There is no such run. It may have been deleted; choose another on the Runs page."
DAMAGED = "{name} of run {run} is damaged. Delete the run, or put the file right."
INTERRUPTED = "The process that trained this stage ended before the stage did."

Model = TypeVar("Model", RunInfo, RunState)


class RunFolder:
    """One run, which is its folder `path`: a copy of the folder is a run of its own.

    `id` is the folder's name where it lies in the workspace's `runs`, and its absolute path elsewhere; `run_path`
    gives the folder of an id. `workspace` keeps the run's caches and jobs, wherever the folder lies; to a server's
    visitor there is no run but in his own. Raises `RunError` when there is no run.
    """

    def __init__(self, path: Path | str, workspace: Workspace) -> None:
        given = Path(os.path.abspath(Path(path).expanduser()))
        self.path = given.parent.resolve() / given.name
        if not (self.path / "run.json").is_file():
            raise RunError(NO_RUN)
        inside = self.path.parent == workspace.runs.resolve()
        if workspace.host is not None and (not inside or self.path.is_symlink()):
            raise RunError(NO_RUN)
        self.id = self.path.name if inside else str(self.path)
        self.workspace = workspace

    @property
    def info(self) -> RunInfo:
        """What the run is; raises `RunError` when its file is damaged."""
        return self._read("run.json", RunInfo)

    @property
    def state(self) -> RunState:
        """How far it has come; raises `RunError` when its file is damaged.

        A stage that the file calls running while no process works on the run reads as stopped.
        """
        state = self._state_in_file()
        if not state.running:
            return state
        with self._unlocked() as free:
            return self._state_in_file().ended("stopped", INTERRUPTED) if free else state

    def _state_in_file(self) -> RunState:
        if not (self.path / "state.json").exists():
            return RunState()
        state = self._read("state.json", RunState)
        if not state.in_order:
            raise RunError(DAMAGED.format(name="state.json", run=self.id))
        return state

    def end_stages(self, status: StageStatus, message: str) -> None:
        """Write that stages still called running have ended so; for whoever ends the run's job."""
        state = self._state_in_file()
        if state.running:
            self.write_state(state.ended(status, message))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from working on the run; raises `RunError` when one does so already."""
        path = self.path / LOCK
        try:
            with sentences(path), FileLock(path, timeout=LOCK_WAIT_S, poll_interval=0.05):
                yield
        except Timeout as error:
            raise RunError("Another process is at work on this run. Wait until it has ended and try again.") from error

    @contextmanager
    def _unlocked(self) -> Iterator[bool]:
        """Whether no process works on the run; none can begin to within the block."""
        lock = FileLock(self.path / LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        except OSError:  # a folder that cannot be written to: nobody can work there
            yield True
            return
        try:
            yield True
        finally:
            lock.release()

    def _read(self, name: str, model: type[Model]) -> Model:
        """The value in a file; the caller may change it."""
        try:
            return read_model(self.path / name, model)
        except FileNotFoundError as error:
            raise RunError(NO_RUN) from error
        except (OSError, ValueError) as error:
            raise RunError(DAMAGED.format(name=name, run=self.id)) from error

    def write_state(self, state: RunState) -> None:
        """Keep how far the run has come; for the worker."""
        write_json(self.path / "state.json", state.model_dump(mode="json"))

    def data(self) -> DataSet:
        """The data set as it was when the run was made, with its split.

        Raises `RunError` when it is damaged, and where it lies outside the part of a server's visitor.
        """
        return self._data

    @cached_property
    def _data(self) -> DataSet:
        try:
            with collector_rests():
                data = DataSet.from_json(read_json(self.path / "data.json"))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, DataError) as error:
            raise RunError(f"data.json of run {self.id} is damaged. Begin a new run on the data set.") from error
        try:
            refuse_outside(map(Path, data.items.paths()), self.workspace)
        except DataError as error:
            raise RunError(str(error)) from error
        return data

    def write_data(self, data: DataSet) -> None:
        """Keep where the images of the data set lie, for those that have moved, and which there are."""
        known = {
            "data_spec": data.spec,
            "fingerprint": data.fingerprint,
            "given": data.given,
            "images": len(data.used),
        }
        info = self.info.model_copy(update=known)
        write_json(self.path / "data.json", data.to_json(), indent=None)
        write_json(self.path / "run.json", info.model_dump(mode="json"))
        self.__dict__["_data"] = data

    @property
    def history(self) -> HistoryReader:
        """What happened, refreshed; the same reader for everybody in this process."""
        return reader(self.path / "history.jsonl")

    @property
    def checkpoint(self) -> Path:
        """The weights, the optimiser and the place to go on from; missing before the first stage."""
        return self.path / "checkpoint.safetensors"

    def snapshot_path(self, name: str) -> Path:
        """The weights file of a snapshot, or of the checkpoint for "latest"; raises `RunError` for no name."""
        return self.checkpoint if name == LATEST else self.path / "snapshots" / f"{checked_snapshot(name)}.safetensors"

    def restart_path(self, snapshot: str) -> Path:
        """What a run needs beside a cycle's snapshot to go on from it to the same numbers; there may be none."""
        return self.path / "restarts" / f"{checked_snapshot(snapshot)}.safetensors"

    def snapshots(self) -> list[Snapshot]:
        """What was kept, oldest first; damaged ones are left out (the check finds them)."""
        return listed(self.path / "snapshots")

    def curves(self) -> list[Curve]:
        """The range tests that came to an end, oldest first, each with Anneal's suggestion as far as it is known."""
        return [self._with_suggestion(curve) for curve in self.all_curves() if curve.complete]

    def _with_suggestion(self, curve: Curve) -> Curve:
        """The curve with the suggestion that an earlier version did not write; without one where the run is damaged."""
        if curve.suggestion is not None or not isinstance(curve.stage, Stage):
            return curve
        try:
            classes = curve.classes or len(self.info.classes)
            batches = curve.batches or curve.stage.epochs * steps_per_epoch(curve.stage, self.data())
            found = suggestion_for(curve.lrs, curve.losses, curve.stage, batches=batches, classes=classes)
        except (RunError, ValueError):
            return curve
        return curve.model_copy(update={"suggestion": found})

    def unfinished_curve(self) -> Curve | None:
        """The newest range test that has not come to its end: the one under way, while a job is."""
        unfinished = [curve for curve in self.all_curves() if not curve.complete]
        return unfinished[-1] if unfinished else None

    def all_curves(self) -> list[Curve]:
        """Every range test, also one that was broken off."""
        found = []
        for path in sorted((self.path / "finder").glob("[!.]*.json")):
            try:
                curve = read_model(path, Curve)
            except (OSError, ValueError):
                continue
            if curve.name == path.stem and curve.even:  # files are found again by their name
                found.append(curve)
        return found

    def predictions_path(self, snapshot: str = LATEST, split: str = "valid", *, tta: bool = False) -> Path:
        """Where the predictions of a snapshot on a split are kept; there may be none yet."""
        name = snapshot if snapshot == LATEST else checked_snapshot(snapshot)
        if split not in SPLITS:
            raise RunError("A data set has a train, a valid and perhaps a test split. Choose one of them.")
        return self.path / "predictions" / f"{name}-{split}{'-tta' if tta else ''}.npz"

    def forget_predictions(self, snapshot: str) -> None:
        """Delete what was predicted with weights that are about to change."""
        for path in (self.path / "predictions").glob("*.npz"):
            if path.name.startswith(f"{snapshot}-") and path.stem[len(snapshot) + 1 :].split("-")[0] in SPLITS:
                path.unlink(missing_ok=True)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines that the run's workers printed; empty when they printed nothing."""
        try:
            with (self.path / LOG).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 400 * lines))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def list_runs(workspace: Workspace) -> list[RunFolder]:
    """Every run, newest first."""
    paths = sorted(workspace.runs.glob("[!.]*"), reverse=True)
    return [RunFolder(path, workspace) for path in paths if (path / "run.json").is_file()]


def open_run(workspace: Workspace, run_id: str) -> RunFolder:
    """The run of that name in the workspace's `runs`; raises `RunError` when there is none, or it is damaged."""
    run = RunFolder(workspace.runs / checked_id(run_id), workspace)
    _ = run.info
    return run


def run_path(workspace: Workspace, run_id: str) -> Path:
    """The folder of the run with this `RunFolder.id`; there may be no run (any more)."""
    path = Path(run_id)
    return path if path.is_absolute() and workspace.host is None else workspace.runs / checked_id(run_id)
