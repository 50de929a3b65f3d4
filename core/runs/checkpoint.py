"""Weights on disk: a run's checkpoint and its snapshots, as safetensors files with a JSON header.

Reading headers, and making a snapshot of the checkpoint or the reverse, works without torch: pages do it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator
from safetensors import SafetensorError, safe_open

from core.errors import RunError
from core.runs.state import Best, StageState
from core.training.position import LearnerMeta
from core.workspace import atomic

if TYPE_CHECKING:
    from torch import Tensor

KEY = "anneal"
MODEL = "model/"
"""Prefix of the model's tensors in a checkpoint; in a snapshot they have none."""


class CheckpointMeta(BaseModel):
    """The header of `checkpoint.safetensors`: what must agree with its weights, so that both are replaced at once.

    `learner` is the learner's own part, `history_bytes` the length of the history when it was written, `size` the
    side in pixels of the images last trained on.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    learner: LearnerMeta
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
        return self.learner.position.epoch

    @property
    def step(self) -> int:
        """Batches trained over the run."""
        return self.learner.position.step


class SnapshotMeta(BaseModel):
    """The header of a snapshot: the network that its weights belong to, when they were taken, and how good they were.

    `learner` is the learner's own part at that time; None in a snapshot of another version.
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
    learner: LearnerMeta | None = None

    @field_validator("learner", mode="before")
    @classmethod
    def _unreadable_is_none(cls, value: Any) -> Any:
        try:
            return LearnerMeta.model_validate(value)
        except ValidationError:
            return None


def _header(path: Path) -> dict[str, JsonValue]:
    """The JSON in a weights file's header; raises `RunError` when the file is missing or damaged."""
    try:
        with safe_open(path, framework="numpy") as file:
            found = json.loads((file.metadata() or {})[KEY])
    except FileNotFoundError as error:
        raise RunError(f"There are no weights called {path.stem} in this run.") from error
    except (SafetensorError, OSError, ValueError, KeyError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(found, dict):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> RunError:
    return RunError(f"{path.name} is damaged and cannot be read. Load another snapshot.")


def read_meta(path: Path) -> CheckpointMeta | None:
    """A checkpoint's header; None when there is no checkpoint. Raises `RunError` when it is damaged."""
    if not path.exists():
        return None
    try:
        return CheckpointMeta.model_validate(_header(path))
    except ValidationError as error:
        raise RunError("The checkpoint was made by another version of Anneal. Load a snapshot to go on.") from error


def read_snapshot_meta(path: Path) -> SnapshotMeta:
    """A snapshot's header; raises `RunError` when it is missing or damaged."""
    try:
        return SnapshotMeta.model_validate(_header(path))
    except ValidationError as error:
        raise RunError(f"{path.name} was made by another version of Anneal and cannot be read.") from error


def write_weights(path: Path, tensors: "dict[str, Tensor]", meta: BaseModel) -> None:
    """Write torch tensors and a header, whole or not at all."""
    from safetensors.torch import save

    _put(path, save(tensors, _metadata(meta)))


def read_weights(path: Path) -> "dict[str, Tensor]":
    """The tensors of a checkpoint or snapshot, on the CPU; raises `RunError` when it is missing or damaged."""
    from safetensors.torch import load_file

    _header(path)
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path) from error


def model_part(tensors: "dict[str, Tensor]") -> "dict[str, Tensor]":
    """The model's tensors of a checkpoint, under their own names."""
    return {name.removeprefix(MODEL): value for name, value in tensors.items() if name.startswith(MODEL)}


def checkpoint_to_snapshot(checkpoint: Path, snapshot: Path, meta: SnapshotMeta) -> None:
    """Write the model's weights in a checkpoint as a snapshot."""
    _copy(checkpoint, snapshot, meta, lambda name: name.removeprefix(MODEL) if name.startswith(MODEL) else None)


def snapshot_to_checkpoint(snapshot: Path, checkpoint: Path, meta: CheckpointMeta) -> None:
    """Write a snapshot as the checkpoint that the next stage begins from, without the state of an optimiser."""
    _copy(snapshot, checkpoint, meta, lambda name: MODEL + name)


def join_checkpoint(snapshot: Path, restart: Path | None, checkpoint: Path, meta: CheckpointMeta) -> None:
    """Write a checkpoint from a snapshot's weights and, where given, what was kept beside it of the optimiser."""
    from safetensors.numpy import load_file, save

    parts: dict[str, NDArray[np.generic]] = {}
    for path in filter(None, (snapshot, restart)):
        _header(path)
        try:
            tensors = load_file(path)
        except (SafetensorError, OSError) as error:
            raise _damaged(path) from error
        parts |= tensors if path == restart else {MODEL + name: value for name, value in tensors.items()}
    _put(checkpoint, save(parts, _metadata(meta)))


def _copy(source: Path, target: Path, meta: BaseModel, rename: Callable[[str], str | None]) -> None:
    """Write the tensors of `source` that `rename` has a name for, under that name, with another header."""
    from safetensors.numpy import load_file, save

    _header(source)
    try:
        tensors = load_file(source)
    except (SafetensorError, OSError) as error:
        raise _damaged(source) from error
    renamed = {new: value for name, value in tensors.items() if (new := rename(name)) is not None}
    _put(target, save(renamed, _metadata(meta)))


def _metadata(meta: BaseModel) -> dict[str, str]:
    return {KEY: meta.model_dump_json()}


def _put(path: Path, content: bytes) -> None:
    with atomic(path) as file:
        file.write(content)
