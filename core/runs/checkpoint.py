"""Weights on disk: a run's checkpoint and its snapshots, as safetensors files with a JSON header.

Reading headers, and making a snapshot of the checkpoint or the reverse, works without torch: pages do it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator
from safetensors import SafetensorError, safe_open

from core.errors import RunError
from core.kept import Count, Seconds, Share, parse_json, read_once
from core.runs.state import Best, StageState
from core.training.position import LearnerMeta
from core.workspace import atomic

if TYPE_CHECKING:
    from torch import Tensor

KEY = "anneal"
MOST_MEMBERS = 50
"""Of an ensemble: as many as a stage has cycles at most."""

MODEL = "model/"
"""Prefix of the model's tensors in a checkpoint; in a snapshot they have none."""


class CheckpointMeta(BaseModel):
    """The header of `checkpoint.safetensors`: what must agree with its weights, so that both are replaced at once.

    `learner` is the learner's own part, `history_bytes` the length of the history when it was written, `size` the
    side in pixels of the images last trained on.
    """

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")

    learner: LearnerMeta
    history_bytes: int = Field(default=0, ge=0)
    stages: list[StageState] = Field(default_factory=list)
    best: Best | None = None
    seconds: Seconds = 0.0
    figures: dict[str, float] = Field(default_factory=dict)
    loaded: str | None = None
    size: Count = 0

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

    `learner` is the learner's own part at that time; None in a snapshot of another version. An ensemble's has the names
    of its `members`, whose tensors it holds under 0/NAME, 1/NAME and so on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="constants")

    backbone: str
    classes: tuple[str, ...]
    size: Count
    created: str = ""
    epoch: Count = 0
    step: Count = 0
    accuracy: Share | None = None
    valid_loss: float | None = None
    learner: LearnerMeta | None = None
    members: tuple[str, ...] = Field(default=(), max_length=MOST_MEMBERS)

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
            found = parse_json((file.metadata() or {})[KEY])
    except FileNotFoundError as error:
        raise _missing(path) from error
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise _damaged(path) from error
    if not isinstance(found, dict):
        raise _damaged(path)
    return found


def _missing(path: Path) -> RunError:
    return RunError(f"There are no weights called {path.stem} in this run.")


def _damaged(path: Path) -> RunError:
    return RunError(f"{path.name} is damaged and cannot be read. Load another snapshot.")


def read_meta(path: Path) -> CheckpointMeta | None:
    """A checkpoint's header; None when there is no checkpoint. Raises `RunError` when it is damaged."""
    try:
        return read_once(path, _checkpoint_meta, part=True).model_copy(deep=True)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _damaged(path) from error


def _checkpoint_meta(path: Path) -> CheckpointMeta:
    try:
        return CheckpointMeta.model_validate(_header(path))
    except ValidationError as error:
        raise RunError("The checkpoint was made by another version of Anneal. Load a snapshot to go on.") from error


def read_snapshot_meta(path: Path) -> SnapshotMeta:
    """A snapshot's header; raises `RunError` when it is missing or damaged."""
    try:
        return read_once(path, _snapshot_meta, part=True)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise _damaged(path) from error


def _snapshot_meta(path: Path) -> SnapshotMeta:
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


def checkpoint_to_restart(checkpoint: Path, restart: Path, meta: CheckpointMeta) -> None:
    """Write all but the model's weights of a checkpoint: what going on from a snapshot of it needs."""
    _copy(checkpoint, restart, meta, lambda name: None if name.startswith(MODEL) else name)


def copy_checkpoint(source: Path, target: Path, meta: CheckpointMeta, *, only_model: bool) -> None:
    """Write a checkpoint again with another header; with `only_model` without the optimiser's state."""
    _copy(source, target, meta, lambda name: None if only_model and not name.startswith(MODEL) else name)


def snapshot_to_checkpoint(snapshot: Path, checkpoint: Path, meta: CheckpointMeta) -> None:
    """Write a snapshot as the checkpoint that the next stage begins from, without the state of an optimiser."""
    _copy(snapshot, checkpoint, meta, lambda name: MODEL + name)


def member_part(tensors: "dict[str, Tensor]", place: int) -> "dict[str, Tensor]":
    """The tensors of the ensemble's member at `place` (from 0), under their own names."""
    prefix = f"{place}/"
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def join_members(snapshots: Sequence[Path], target: Path, meta: SnapshotMeta) -> None:
    """Write the weights of several snapshots as one, an ensemble of them."""
    from safetensors.numpy import save

    parts: dict[str, NDArray[np.generic]] = {}
    for place, path in enumerate(snapshots):
        parts |= {f"{place}/{name}": value for name, value in _tensors(path).items()}
    _put(target, save(parts, _metadata(meta)))


def join_checkpoint(snapshot: Path, restart: Path | None, checkpoint: Path, meta: CheckpointMeta) -> None:
    """Write a checkpoint from a snapshot's weights and, where given, what was kept beside it of the optimiser."""
    from safetensors.numpy import save

    parts: dict[str, NDArray[np.generic]] = {}
    for path in filter(None, (snapshot, restart)):
        tensors = _tensors(path)
        parts |= tensors if path == restart else {MODEL + name: value for name, value in tensors.items()}
    _put(checkpoint, save(parts, _metadata(meta)))


def _copy(source: Path, target: Path, meta: BaseModel, rename: Callable[[str], str | None]) -> None:
    """Write the tensors of `source` that `rename` has a name for, under that name, with another header."""
    from safetensors.numpy import save

    renamed = {new: value for name, value in _tensors(source).items() if (new := rename(name)) is not None}
    _put(target, save(renamed, _metadata(meta)))


def _tensors(path: Path) -> dict[str, NDArray[np.generic]]:
    from safetensors.numpy import load_file

    _header(path)
    try:
        found: dict[str, NDArray[np.generic]] = load_file(path)
    except (SafetensorError, OSError) as error:
        raise _damaged(path) from error
    return found


def _metadata(meta: BaseModel) -> dict[str, str]:
    return {KEY: meta.model_dump_json()}


def _put(path: Path, content: bytes) -> None:
    with atomic(path) as file:
        file.write(content)
