"""Weights on disk: a run's checkpoint and its snapshots, as safetensors files whose header says what they are.

What a page needs (reading headers, making a snapshot of the checkpoint and the reverse) works without torch.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from core.errors import RunError
from core.runs.state import Best, StageState
from core.workspace import atomic

if TYPE_CHECKING:
    from torch import Tensor

KEY = "anneal"
MODEL = "model/"
"""What the names of a model's tensors begin with in a checkpoint; in a snapshot they have no such beginning."""


class CheckpointMeta(BaseModel):
    """The header of `checkpoint.safetensors`: all that must agree with its weights, so that one rename moves it all.

    `learner` is the learner's own part, `history_bytes` how much of the history lies before it, `size` that of the
    images last trained on.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    learner: dict[str, Any]
    history_bytes: int = 0
    stages: list[StageState] = Field(default_factory=list)
    best: Best | None = None
    seconds: float = 0.0
    figures: dict[str, float] = Field(default_factory=dict)
    loaded: str | None = None
    size: int = 0

    @property
    def epoch(self) -> int:
        """Epochs finished over the run."""
        return int(self.learner["position"]["epoch"])

    @property
    def step(self) -> int:
        """Batches trained over the run."""
        return int(self.learner["position"]["step"])


class SnapshotMeta(BaseModel):
    """The header of a snapshot: of which network its weights are, when they were taken, and how good they were.

    `learner` is the learner's own part at that time.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    backbone: str
    classes: tuple[str, ...]
    size: int
    created: str = ""
    epoch: int = 0
    step: int = 0
    accuracy: float | None = None
    valid_loss: float | None = None
    learner: dict[str, Any] = Field(default_factory=dict)


def header(path: Path) -> dict[str, Any]:
    """What a weights file says of itself; raises `RunError` when it is missing or damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            found = json.loads((file.metadata() or {})[KEY])
    except FileNotFoundError as error:
        raise RunError(f"There are no weights called {path.stem} in this run.") from error
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise RunError(f"{path.name} is damaged and cannot be read. Load another snapshot.") from error
    if not isinstance(found, dict):
        raise RunError(f"{path.name} is damaged and cannot be read. Load another snapshot.")
    return found


def read_meta(path: Path) -> CheckpointMeta | None:
    """A checkpoint's header; None when there is no checkpoint. Raises `RunError` when it is damaged."""
    if not path.exists():
        return None
    try:
        return CheckpointMeta.model_validate(header(path))
    except ValidationError as error:
        raise RunError("The checkpoint was made by another version of Anneal. Load a snapshot to go on.") from error


def read_snapshot_meta(path: Path) -> SnapshotMeta:
    """A snapshot's header; raises `RunError` when it is missing or damaged."""
    try:
        return SnapshotMeta.model_validate(header(path))
    except ValidationError as error:
        raise RunError(f"{path.name} was made by another version of Anneal and cannot be read.") from error


def write_weights(path: Path, tensors: "dict[str, Tensor]", meta: BaseModel) -> None:
    """Write torch tensors and a header, whole or not at all."""
    from safetensors.torch import save

    _put(path, save(tensors, _metadata(meta)))


def read_weights(path: Path) -> "dict[str, Tensor]":
    """The tensors of a checkpoint or snapshot, on the CPU; raises `RunError` when it is missing or damaged."""
    from safetensors.torch import load_file

    header(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise RunError(f"{path.name} is damaged and cannot be read. Load another snapshot.") from error


def model_part(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """The model's tensors of a checkpoint, under their own names."""
    return {name.removeprefix(MODEL): value for name, value in tensors.items() if name.startswith(MODEL)}


def checkpoint_to_snapshot(checkpoint: Path, snapshot: Path, meta: SnapshotMeta) -> None:
    """Write the model's weights in a checkpoint as a snapshot."""
    _copy(checkpoint, snapshot, meta, lambda name: name.removeprefix(MODEL) if name.startswith(MODEL) else None)


def snapshot_to_checkpoint(snapshot: Path, checkpoint: Path, meta: CheckpointMeta) -> None:
    """Write a snapshot as the checkpoint that the next stage begins from, with nothing remembered by an optimiser."""
    _copy(snapshot, checkpoint, meta, lambda name: MODEL + name)


def _copy(source: Path, target: Path, meta: BaseModel, rename: Any) -> None:
    from safetensors.numpy import load_file, save

    header(source)
    try:
        tensors = load_file(source)
    except (SafetensorError, OSError) as error:
        raise RunError(f"{source.name} is damaged and cannot be read. Load another snapshot.") from error
    renamed = {rename(name): value for name, value in tensors.items() if rename(name) is not None}
    _put(target, save(renamed, _metadata(meta)))


def _metadata(meta: BaseModel) -> dict[str, str]:
    return {KEY: meta.model_dump_json()}


def _put(path: Path, content: bytes) -> None:
    with atomic(path) as file:
        file.write(content)
