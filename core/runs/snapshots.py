"""Snapshots: weights kept under a name. Importing this module does not import torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError
from core.runs.checkpoint import SnapshotMeta, read_snapshot_meta
from core.runs.state import RunInfo
from core.training.position import LearnerMeta
from core.workspace import timestamp


@dataclass(frozen=True)
class Snapshot:
    """Weights kept under a name, trained on images of `size` px last.

    Accuracy and loss are those of the validation images when it was taken. `members` are the snapshots that an ensemble
    is made of; it cannot be trained on.
    """

    name: str
    path: Path
    created: str
    epoch: int
    step: int
    accuracy: float | None
    valid_loss: float | None
    size: int
    bytes: int
    members: tuple[str, ...] = ()


def listed(folder: Path) -> list[Snapshot]:
    """The snapshots in a folder, oldest first; damaged ones are left out."""
    found = []
    for path in folder.glob("[!.]*.safetensors"):
        try:
            meta = read_snapshot_meta(path)
            length = path.stat().st_size
        except (RunError, OSError):
            continue
        figures = (meta.epoch, meta.step, meta.accuracy, meta.valid_loss, meta.size)
        found.append(Snapshot(path.stem, path, meta.created, *figures, length, meta.members))
    return sorted(found, key=lambda snapshot: (snapshot.step, snapshot.created, snapshot.name))


def to_train_on(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Those that a stage can begin from: all but ensembles."""
    return [snapshot for snapshot in snapshots if not snapshot.members]


def lowest_loss(snapshots: Sequence[Snapshot], size: int) -> Snapshot | None:
    """The earliest snapshot with the lowest validation loss on images of `size` px; None where there is none."""
    few = [one for one in to_train_on(snapshots) if one.size == size]
    measured = [(one.valid_loss, one.step, one) for one in few if one.valid_loss is not None]
    return min(measured, key=lambda found: found[:2])[2] if measured else None


def snapshot_meta(info: RunInfo, learner: LearnerMeta, figures: dict[str, float], size: int) -> SnapshotMeta:
    """The header of a snapshot of a run, from its learner's header, its last figures and its image size."""
    return SnapshotMeta(
        backbone=info.backbone,
        classes=info.classes,
        size=size or info.size,
        created=timestamp(),
        epoch=learner.position.epoch,
        step=learner.position.step,
        accuracy=figures.get("accuracy"),
        valid_loss=figures.get("valid_loss"),
        learner=learner,
    )
