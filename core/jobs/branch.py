"""Branches: a new run that goes on from a snapshot of another one, with one thing changed. Imports no torch."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from core.errors import AnnealError, RunError
from core.hosting.usage import refuse_full
from core.jobs import queue
from core.runs.branching import Change, Left, left_after
from core.runs.checkpoint import (
    CheckpointMeta,
    copy_checkpoint,
    join_checkpoint,
    read_meta,
    read_snapshot_meta,
)
from core.runs.folder import RunFolder
from core.runs.names import BEST, CYCLE, LATEST, checked_name, new_id
from core.runs.snapshots import Snapshot
from core.runs.state import Best, BranchOrigin, RunInfo, RunState
from core.workspace import sentences, timestamp, write_json

NO_RESTART = (
    "{name} does not hold the optimiser's state, so a branch from it would not be equal in all else. An average and an "
    "ensemble have none, and neither have snapshots that an earlier version of Anneal took. Branch from another one: "
    "{others}."
)
AT_WORK = "This run is at work, so its latest weights change. Stop it first, or branch from a snapshot."
NOT_IN_ORDER = "The last stage of this run did not end in order, so its latest weights are no place to branch from."


def points(run: RunFolder) -> list[str]:
    """Snapshots, oldest first, and "latest": those from which a branch has something of the plan to train."""
    state = run.state
    return [name for name in (*(one.name for one in run.snapshots()), LATEST) if _goes_on(run, name, state)]


def _goes_on(run: RunFolder, snapshot: str, state: RunState) -> bool:
    try:
        point = _latest(run) if snapshot == LATEST else _kept(run, snapshot)
        return point is not None and bool(left_after(point, state, Change(), snapshot))
    except AnnealError:
        return False


def _kept(run: RunFolder, snapshot: str) -> CheckpointMeta | None:
    """Where in training a snapshot was taken, and with what optimiser; None where that was not kept beside it."""
    about, point = read_snapshot_meta(run.snapshot_path(snapshot)), read_meta(run.restart_path(snapshot))
    return None if point is None or point.step != about.step or about.members else point


def branching_point(run: RunFolder, snapshot: str) -> CheckpointMeta:
    """Where in training a snapshot, or "latest", was taken, and with what optimiser.

    Raises `RunError` where there is no such snapshot, or the optimiser's state was not kept beside it.
    """
    if snapshot == LATEST:
        return _latest(run)
    point = _kept(run, snapshot)
    if point is None:
        state = run.state
        others = [one.name for one in run.snapshots() if one.name != snapshot and _goes_on(run, one.name, state)]
        raise RunError(NO_RESTART.format(name=snapshot, others=", ".join(others) or "this run has none"))
    return point


def _latest(run: RunFolder) -> CheckpointMeta:
    if queue.live_job(run.workspace, run.id) is not None:
        raise RunError(AT_WORK)
    point = read_meta(run.checkpoint)
    if point is None:
        raise RunError("Nothing has been trained in this run yet, so there is nothing to branch. Train a stage first.")
    if point.learner.position.due == "nothing" and point.stages and point.stages[-1].status != "done":
        raise RunError(NOT_IN_ORDER)
    return point


def branch(run: RunFolder, snapshot: str, change: Change, *, name: str = "") -> RunFolder:
    """Make a run that goes on from `snapshot` of `run` as that did, but for the change; `continue` trains it.

    It has the history, the range tests and the stages up to there. With no change it trains to the same bytes.
    Raises `RunError` when the optimiser's state at the snapshot was not kept or nothing was left to train, and
    `PlanError` where the change contradicts the stage.
    """
    info, state = run.info, run.state
    point = branching_point(run, snapshot)
    left = left_after(point, state, change, snapshot)
    learner = point.learner.between_stages() if left.under_way is None else point.learner
    update = {"stage": left.under_way, "seed": info.seed if change.seed is None else change.seed}
    meta = point.model_copy(update={"learner": learner.model_copy(update=update), "stages": left.stages})
    refuse_full(run.workspace)
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
    origin = BranchOrigin(
        run=run.id,
        snapshot=snapshot,
        step=meta.step,
        epoch=meta.epoch,
        change=change.words(),
        first_seed=info.first_seed,
    )
    called = checked_name(name or f"{info.name[:50]}, {origin.change[:26]}")
    return info.model_copy(update={"name": called, "created": timestamp(), "seed": meta.learner.seed, "origin": origin})


def _write(making: Path, run: RunFolder, snapshot: str, meta: CheckpointMeta, left: Left) -> None:
    shutil.copyfile(run.path / "data.json", making / "data.json")
    _copy_history(run.path / "history.jsonl", making / "history.jsonl", meta.history_bytes)
    _copy_curves(run, making, meta.step)
    best = _copy_weights(run, making, snapshot, meta)
    keeps_optimiser = left.under_way is not None
    if snapshot == LATEST:
        copy_checkpoint(run.checkpoint, making / "checkpoint.safetensors", meta, only_model=not keeps_optimiser)
    else:
        weights, restart = run.snapshot_path(snapshot), run.restart_path(snapshot)
        join_checkpoint(weights, restart if keeps_optimiser else None, making / "checkpoint.safetensors", meta)
    state = RunState(
        stages=left.stages,
        plan=list(left.plan),
        plan_start=left.plan_start,
        next_stage=0 if keeps_optimiser else 1,
        best=best,
        seconds=meta.seconds,
        figures=meta.figures,
        valid_edits=run.state.valid_edits,
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


def _copy_weights(run: RunFolder, making: Path, snapshot: str, meta: CheckpointMeta) -> Best | None:
    """The snapshots up to the branch, and the best of them.

    Where the run became better after the branch, the weights of the best epoch before it are gone, unless a cycle
    ended with it: the best are then those of the best cycle that was kept.
    """
    (making / "snapshots").mkdir()
    (making / "restarts").mkdir()
    behind = [kept for kept in run.snapshots() if kept.name == snapshot or kept.step <= meta.step]
    for kept in behind:
        shutil.copyfile(kept.path, making / "snapshots" / kept.path.name)
        restart = run.restart_path(kept.name)
        if restart.exists():
            shutil.copyfile(restart, making / "restarts" / restart.name)
    if meta.best is None or BEST in [kept.name for kept in behind]:
        return meta.best
    return _best_cycle(behind, making / "snapshots" / f"{BEST}.safetensors")


def _best_cycle(behind: Sequence[Snapshot], path: Path) -> Best | None:
    """The snapshot with the best figures among those of cycles, copied to `path`."""
    best: Best | None = None
    for kept in behind:
        if not kept.name.startswith(CYCLE) or kept.accuracy is None or kept.valid_loss is None:
            continue
        if best is None or best.beaten_by(kept.accuracy, kept.valid_loss):
            best = Best(accuracy=kept.accuracy, valid_loss=kept.valid_loss, epoch=kept.epoch)
            shutil.copyfile(kept.path, path)
    return best
