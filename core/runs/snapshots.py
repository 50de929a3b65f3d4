"""Snapshots: weights kept under a name. Importing this module does not import torch."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import RunError
from core.runs.checkpoint import SnapshotMeta, read_snapshot_meta
from core.runs.state import RunInfo
from core.training.position import LearnerMeta
from core.workspace import timestamp


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
