"""Weights kept under a name, and the checkpoint made from them. Importing this module does not import torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.runs.checkpoint import (
    CheckpointMeta,
    SnapshotMeta,
    checkpoint_to_snapshot,
    now,
    read_meta,
    read_snapshot_meta,
    snapshot_to_checkpoint,
)
from core.runs.names import LATEST
from core.runs.state import RunInfo, RunState, StageState

if TYPE_CHECKING:
    from core.runs.folder import RunFolder


@dataclass(frozen=True)
class Snapshot:
    """Weights kept under a name. Accuracy and loss are those of the validation images when it was taken."""

    name: str
    path: Path
    created: str
    epoch: int
    step: int
    accuracy: float | None
    valid_loss: float | None
    bytes: int


def listed(folder: Path) -> list[Snapshot]:
    """The snapshots in a folder, oldest first; damaged ones are left out."""
    found = []
    for path in folder.glob("[!.]*.safetensors"):
        try:
            meta = read_snapshot_meta(path)
            size = path.stat().st_size
        except (RunError, OSError):
            continue
        figures = (meta.epoch, meta.step, meta.accuracy, meta.valid_loss)
        found.append(Snapshot(path.stem, path, meta.created, *figures, size))
    return sorted(found, key=lambda snapshot: (snapshot.step, snapshot.created, snapshot.name))


def described(info: RunInfo, learner: dict[str, Any], figures: dict[str, float], size: int) -> SnapshotMeta:
    """The header of a snapshot of a run: where its learner stands, its figures, the size of its images."""
    return SnapshotMeta(
        backbone=info.backbone,
        classes=info.classes,
        size=size or info.size,
        created=now(),
        epoch=learner["position"]["epoch"],
        step=learner["position"]["step"],
        accuracy=figures.get("accuracy"),
        valid_loss=figures.get("valid_loss"),
        learner=learner,
    )


def keep_checkpoint(run: "RunFolder", name: str) -> None:
    """Write the checkpoint's weights as a snapshot; raises `RunError` when there are none or the name is taken."""
    path, meta = run.snapshot_path(name), read_meta(run.checkpoint)
    if meta is None:
        raise RunError("Nothing has been trained yet, so there is nothing to save. Train a stage first.")
    if path.exists():
        raise RunError(f"There is a snapshot called {name} already. Choose another name.")
    checkpoint_to_snapshot(run.checkpoint, path, described(run.info, meta.learner, meta.figures, meta.size))


def put_in_place(run: "RunFolder", name: str) -> None:
    """Make a snapshot the checkpoint; the caller sees to it that nobody else is at work on the run."""
    snapshot = run.snapshot_path(name)
    about, info = read_snapshot_meta(snapshot), run.info
    if (about.backbone, about.classes) != (info.backbone, info.classes):
        raise RunError(f"The snapshot {name} is of another network or other classes, so this run cannot load it.")
    before = _counts(run, about)
    position = {**before.learner["position"], "due": "nothing"}
    figures = {"accuracy": about.accuracy, "valid_loss": about.valid_loss}
    kept = {
        "stages": [ended(stage) for stage in before.stages],
        "figures": {name: value for name, value in figures.items() if value is not None},
        "loaded": name,
        "size": about.size,
    }
    learner = {**before.learner, "position": position, "stage": None}
    snapshot_to_checkpoint(snapshot, run.checkpoint, before.model_copy(update={**kept, "learner": learner}))
    plan = {"plan": [], "plan_name": "", "plan_start": len(before.stages), "next_stage": 0}
    run.forget_predictions(LATEST)
    run.write_state(RunState.model_validate({**run.state.model_dump(), **kept, **plan}))


def ended(stage: StageState) -> StageState:
    """A stage that nothing goes on with any more."""
    return stage.model_copy(update={"status": "stopped"}) if stage.status == "running" else stage


def _counts(run: "RunFolder", about: SnapshotMeta) -> CheckpointMeta:
    """Where the run stands: what its checkpoint says or, when that is missing or damaged, its history and state."""
    try:
        meta = read_meta(run.checkpoint)
    except RunError:
        meta = None
    if meta is not None:
        return meta
    if not about.learner:
        raise RunError("This snapshot does not say where it was taken, and the run has no checkpoint to go on from.")
    history, state = run.history, run.state
    seen = {
        "step": int(history.steps["step"].max()) if len(history.steps) else 0,
        "epoch": int(history.epochs["epoch"].max()) if len(history.epochs) else 0,
        "cycle": int(history.cycles["cycle"].max()) if len(history.cycles) else 0,
    }
    position = about.learner["position"]
    position = {**position, **{name: max(value, position[name]) for name, value in seen.items()}}
    return CheckpointMeta(
        learner={**about.learner, "position": position},
        history_bytes=history.path.stat().st_size if history.path.exists() else 0,
        stages=state.stages,
        best=state.best,
        seconds=state.seconds,
    )
