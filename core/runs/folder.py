"""The run folder: one model's whole life on disk. Importing this module does not import torch."""

import os
import secrets
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from core.data.index import DataSet
from core.errors import RunError
from core.model.catalogue import BACKBONES
from core.runs import jobs
from core.runs.checkpoint import now
from core.runs.history import HistoryReader, reader
from core.runs.launch import LOG
from core.runs.names import BEST, LATEST, checked_id, checked_name, checked_new_snapshot, checked_snapshot, new_id
from core.runs.snapshots import Snapshot, keep_checkpoint, listed, put_in_place
from core.runs.state import Curve, RunInfo, RunState
from core.workspace import Workspace, read_json, sentences, write_json

SPLITS = ("train", "valid", "test")
TRASH = ".trash-"

Model = TypeVar("Model", RunInfo, RunState)


class RunFolder:
    """One run. `path` is its folder in a workspace's `runs`; raises `RunError` when there is no run."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser().resolve()
        if not (self.path / "run.json").is_file():
            raise RunError("There is no such run. It may have been deleted; choose another on the Runs page.")
        self.id = self.path.name
        self.workspace = Workspace(self.path.parents[1])

    @property
    def info(self) -> RunInfo:
        """What the run is; raises `RunError` when its file is damaged."""
        return self._read("run.json", RunInfo)

    @property
    def state(self) -> RunState:
        """How far it has come; raises `RunError` when its file is damaged."""
        return self._read("state.json", RunState) if (self.path / "state.json").exists() else RunState()

    def _read(self, name: str, model: type[Model]) -> Model:
        try:
            return model.model_validate(read_json(self.path / name))
        except FileNotFoundError as error:
            raise RunError(
                "There is no such run. It may have been deleted; choose another on the Runs page."
            ) from error
        except (OSError, ValueError, ValidationError) as error:
            raise RunError(f"{name} of run {self.id} is damaged. Delete the run, or put the file right.") from error

    def write_state(self, state: RunState) -> None:
        """Keep how far the run has come; for the worker."""
        write_json(self.path / "state.json", state.model_dump(mode="json"))

    def data(self) -> DataSet:
        """The data set as it was when the run was made, with its split; raises `RunError` when it is damaged."""
        return self._data

    @cached_property
    def _data(self) -> DataSet:
        try:
            return DataSet.from_json(read_json(self.path / "data.json"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"data.json of run {self.id} is damaged. Begin a new run on the data set.") from error

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

    def snapshots(self) -> list[Snapshot]:
        """What was kept, oldest first; damaged ones are left out (the check finds them)."""
        return listed(self.path / "snapshots")

    def curves(self) -> list[Curve]:
        """The range tests that came to an end, oldest first."""
        return [curve for curve in self.all_curves() if curve.complete]

    def curve_under_way(self) -> Curve | None:
        """The range test that runs now, as far as it is."""
        live = jobs.live_job(self.workspace, self.id)
        under_way = [curve for curve in self.all_curves() if not curve.complete]
        return under_way[-1] if under_way and live is not None and live.status == "running" else None

    def all_curves(self) -> list[Curve]:
        """Every range test, also one that was broken off."""
        found = []
        for path in sorted((self.path / "finder").glob("[!.]*.json")):
            try:
                found.append(Curve.model_validate(read_json(path)))
            except (OSError, ValueError, ValidationError):
                continue
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

    def rename(self, name: str) -> None:
        """Give the run another name; raises `RunError` while a job is at work on it."""
        name = checked_name(name)
        with jobs.locked(self.workspace):
            self.refuse_while_live("renamed")
            write_json(self.path / "run.json", self.info.model_copy(update={"name": name}).model_dump(mode="json"))

    def delete(self) -> None:
        """Delete the run and all that it holds; raises `RunError` while a job is at work on it."""
        with jobs.locked(self.workspace):
            self.refuse_while_live("deleted")
            trash = self.path.with_name(f"{TRASH}{self.id}-{secrets.token_hex(2)}")
            with sentences(self.path):
                self.path.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)

    def refuse_while_live(self, what: str) -> None:
        """Raise `RunError` when a job of this run is queued or running; the caller holds the lock on jobs."""
        if jobs.live_job(self.workspace, self.id) is not None:
            raise RunError(
                f"This run is at work, so it cannot be {what} now. Stop it first, or wait until it has ended."
            )

    def save_snapshot(self, name: str) -> Snapshot:
        """Keep the present weights under a name of a person's own; raises `RunError` when it is taken or reserved."""
        name = checked_new_snapshot(name)
        with jobs.locked(self.workspace):
            self.refuse_while_live("saved under a name")
            keep_checkpoint(self, name)
        return next(snapshot for snapshot in self.snapshots() if snapshot.name == name)

    def load_snapshot(self, name: str) -> None:
        """Make a snapshot's weights those that the next stage begins from; "latest" changes nothing.

        The optimiser starts afresh, a plan under way is given up, and the history goes on counting.
        """
        with jobs.locked(self.workspace):
            self.refuse_while_live("loaded into")
            if name != LATEST:
                put_in_place(self, name)

    def delete_snapshot(self, name: str) -> None:
        """Delete a snapshot; raises `RunError` while a job is at work on the run."""
        path = self.snapshot_path(checked_snapshot(name))
        with jobs.locked(self.workspace):
            self.refuse_while_live("changed")
            path.unlink(missing_ok=True)
            self.forget_predictions(path.stem)

    def summary(self) -> dict[str, Any]:
        """The run in one row; `accuracy` is the last epoch's, `best` the highest, `bytes` what it occupies on disk."""
        info, state = self.info, self.state
        return {
            "id": self.id,
            "name": info.name,
            "created": info.created,
            "data": info.data_title,
            "images": info.images,
            "model": info.backbone,
            "size": info.size,
            "stages": len(state.stages),
            "epochs": sum(stage.epochs for stage in state.stages),
            "accuracy": state.figures.get("accuracy"),
            "valid_loss": state.figures.get("valid_loss"),
            "best": state.best.accuracy if state.best else None,
            "seconds": state.seconds,
            "status": self.status(),
            "bytes": sum(path.stat().st_size for path in self.path.rglob("*") if path.is_file()),
        }

    def status(self) -> str:
        """Of its job at work or last training: queued, running, done, failed, stopped or lost; "new" before any."""
        live = jobs.live_job(self.workspace, self.id)
        if live is not None:
            return live.status
        trained = next((job for job in jobs.jobs_of(self) if job.kind == "train"), None)
        if trained is not None:
            return trained.status
        stages = self.state.stages
        return stages[-1].status if stages else "new"


def create_run(
    workspace: Workspace,
    data: DataSet,
    *,
    backbone: str,
    size: int,
    seed: int = 0,
    pretrained: bool = True,
    folded: bool | None = None,
    name: str = "",
) -> RunFolder:
    """Make a run on `data`, whose items and split it keeps as they are now. Nothing is built or trained yet.

    `pretrained` is taken for what it is where the backbone has no such weights: a network begun from random ones.
    `folded` (by default, for pretrained networks) trains with batch norm folded into the convolutions.
    """
    offer = BACKBONES.get(backbone)
    pretrained = pretrained and (offer is None or offer.has_weights)
    run_id = new_id()
    held_out, trained = len(data.indices("valid")), len(data.indices("train"))
    info = RunInfo(
        id=run_id,
        name=checked_name(name or f"{data.title}, {backbone}"[:80]),
        created=now(),
        data_spec=data.spec,
        data_title=data.title,
        fingerprint=data.fingerprint,
        classes=data.classes,
        images=len(data.items),
        backbone=backbone,
        pretrained=pretrained,
        folded=pretrained if folded is None else folded and pretrained,
        seed=seed,
        valid_share=held_out / max(1, held_out + trained),
        size=size,
    )
    path = workspace.runs / run_id
    making = path.with_name(f".new-{run_id}")
    with sentences(path):
        making.mkdir()
        write_json(making / "data.json", data.to_json())
        write_json(making / "state.json", RunState().model_dump(mode="json"))
        write_json(making / "run.json", info.model_dump(mode="json"))
        making.rename(path)
    return RunFolder(path)


def list_runs(workspace: Workspace) -> list[RunFolder]:
    """Every run, newest first."""
    paths = sorted(workspace.runs.glob("[!.]*"), reverse=True)
    return [RunFolder(path) for path in paths if (path / "run.json").is_file()]


def open_run(workspace: Workspace, run_id: str) -> RunFolder:
    """The run of that id; raises `RunError` when there is none, or it is damaged."""
    run = RunFolder(workspace.runs / checked_id(run_id))
    _ = run.info
    return run


__all__ = ["BEST", "LATEST", "RunFolder", "Snapshot", "create_run", "list_runs", "open_run"]
