"""Branches: a new run that goes on from the end of a cycle of another one, with one thing changed. Imports no torch."""

import shutil
from pathlib import Path

from core.errors import RunError
from core.runs.branching import Change, Left, left_after
from core.runs.checkpoint import CheckpointMeta, join_checkpoint, read_meta
from core.runs.folder import RunFolder
from core.runs.names import BEST, checked_name, new_id
from core.runs.state import BranchOrigin, RunInfo, RunState
from core.workspace import sentences, timestamp, write_json

NO_RESTART = (
    "{name} does not hold the optimiser's state, so a branch from it would not be equal in all else. "
    "Branch from a snapshot at the end of a cycle that this version of Anneal has trained."
)


def points(run: RunFolder) -> list[str]:
    """The snapshots that a branch can begin from, oldest first; that of the last cycle only if a plan was left."""
    return [snapshot.name for snapshot in run.snapshots() if run.restart_path(snapshot.name).exists()]


def branch(run: RunFolder, snapshot: str, change: Change, *, name: str = "") -> RunFolder:
    """Make a run that goes on from `snapshot` of `run` as that did, but for the change; `continue` trains it.

    It has the history, the range tests and the stages up to there. With no change it trains to the same bytes.
    Raises `RunError` when the snapshot is no end of a cycle or nothing was left to train, and `PlanError` where
    the change contradicts the stage.
    """
    info, state = run.info, run.state
    point = read_meta(run.restart_path(snapshot))
    if point is None:
        raise RunError(NO_RESTART.format(name=snapshot))
    left = left_after(point, state, change, snapshot)
    learner = point.learner.between_stages() if left.under_way is None else point.learner
    update = {"stage": left.under_way, "seed": info.seed if change.seed is None else change.seed}
    meta = point.model_copy(update={"learner": learner.model_copy(update=update), "stages": left.stages})
    path = run.workspace.runs / new_id()
    making = path.with_name(f".new-{path.name}")
    with sentences(path):
        making.mkdir()
        try:
            _write(making, run, snapshot, meta, left)
            write_json(making / "run.json", _info(run, info, snapshot, meta, change, name).model_dump(mode="json"))
            making.rename(path)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    return RunFolder(path, run.workspace)


def _info(run: RunFolder, info: RunInfo, snapshot: str, meta: CheckpointMeta, change: Change, name: str) -> RunInfo:
    origin = BranchOrigin(run=run.id, snapshot=snapshot, step=meta.step, epoch=meta.epoch, change=change.words())
    called = checked_name(name or f"{info.name[:50]}, {origin.change[:26]}")
    return info.model_copy(update={"name": called, "created": timestamp(), "seed": meta.learner.seed, "origin": origin})


def _write(making: Path, run: RunFolder, snapshot: str, meta: CheckpointMeta, left: Left) -> None:
    shutil.copyfile(run.path / "data.json", making / "data.json")
    _copy_history(run.path / "history.jsonl", making / "history.jsonl", meta.history_bytes)
    _copy_curves(run, making, meta.step)
    _copy_weights(run, making, snapshot, meta)
    keeps_optimiser = left.under_way is not None
    weights, restart = run.snapshot_path(snapshot), run.restart_path(snapshot)
    join_checkpoint(weights, restart if keeps_optimiser else None, making / "checkpoint.safetensors", meta)
    state = RunState(
        stages=left.stages,
        plan=list(left.plan),
        plan_start=left.plan_start,
        next_stage=0 if keeps_optimiser else 1,
        best=meta.best if (making / "snapshots" / f"{BEST}.safetensors").exists() else None,
        seconds=meta.seconds,
        figures=meta.figures,
    )
    write_json(making / "state.json", state.model_dump(mode="json"))


def _copy_history(source: Path, target: Path, length: int) -> None:
    with source.open("rb") as file, target.open("wb") as copy:
        found = file.read(length)
        if len(found) < length:
            raise RunError("The history of this run is shorter than it was at the snapshot. Begin a new run.")
        copy.write(found)


def _copy_curves(run: RunFolder, making: Path, step: int) -> None:
    """The range tests that were made before the branch; stages name them."""
    (making / "finder").mkdir()
    for curve in run.all_curves():
        if curve.complete and curve.step <= step:
            name = f"{curve.name}.json"
            shutil.copyfile(run.path / "finder" / name, making / "finder" / name)


def _copy_weights(run: RunFolder, making: Path, snapshot: str, meta: CheckpointMeta) -> None:
    """The snapshots up to the branch, and the best weights where they are older than it."""
    (making / "snapshots").mkdir()
    (making / "restarts").mkdir()
    for kept in run.snapshots():
        if kept.name == snapshot or kept.step <= meta.step:
            shutil.copyfile(kept.path, making / "snapshots" / kept.path.name)
            restart = run.restart_path(kept.name)
            if restart.exists():
                shutil.copyfile(restart, making / "restarts" / restart.name)
