"""Writes what training produces: the checkpoint, a snapshot at each cycle's end, and the best weights so far."""

import time
from copy import deepcopy

from torch import Tensor

from core.model.machine import copied_to_cpu
from core.runs.checkpoint import (
    MODEL,
    CheckpointMeta,
    SnapshotMeta,
    read_snapshot_meta,
    read_weights,
    write_weights,
)
from core.runs.folder import RunFolder
from core.runs.history import HistoryWriter
from core.runs.names import BEST
from core.runs.snapshots import snapshot_meta
from core.runs.state import Best, RunState
from core.training.learner import Learner
from core.training.position import LearnerMeta
from core.training.records import EpochRecord

AT_EPOCHS_S, WITHIN_EPOCHS_S = 1.0, 10.0
"""Seconds from one checkpoint to the next at an epoch's end, and within an epoch."""

SHARE = 0.05
"""Share of the time that checkpoints may take."""


class Checkpointer:
    """Writes a run's weights. Snapshots wait for the next checkpoint, so that none on disk is later than it."""

    def __init__(self, folder: RunFolder, learner: Learner, history: HistoryWriter) -> None:
        self._folder = folder
        self._info = folder.info
        self._learner = learner
        self._history = history
        self._waiting: dict[str, tuple[dict[str, Tensor], SnapshotMeta]] = {}
        self._restarts: dict[str, tuple[dict[str, Tensor], CheckpointMeta]] = {}
        self._kept = time.monotonic()
        self._took = 0.0

    def take(self, name: str, state: RunState, size: int) -> None:
        """Take a snapshot of the model as it is now; it is written with the next checkpoint."""
        meta = snapshot_meta(self._info, self._learner.meta.between_stages(), state.figures, size)
        self._waiting[name] = copied_to_cpu(self._learner.model.state_dict().items()), meta

    def weights_of(self, name: str) -> dict[str, Tensor]:
        """The weights of a snapshot, written or still waiting; raises `RunError` where there is none."""
        waiting = self._waiting.get(name)
        return read_weights(self._folder.snapshot_path(name)) if waiting is None else waiting[0]

    def size_of(self, name: str) -> int:
        """The side in pixels of the images that a snapshot was trained on; raises `RunError` where there is none."""
        waiting = self._waiting.get(name)
        about = read_snapshot_meta(self._folder.snapshot_path(name)) if waiting is None else waiting[1]
        return about.size

    def take_cycle(self, name: str, state: RunState, size: int) -> None:
        """Take a snapshot at the end of a cycle, and beside it what a branch needs to go on from there.

        Where the cycle's last epoch is the best one, "best" goes on from there too.
        """
        self.take(name, state, size)
        self._restarts[name] = self._restart(state, size)
        if state.best is not None and state.best.epoch == self._learner.position.epoch:
            self._restarts[BEST] = self._restarts[name]

    def _restart(self, state: RunState, size: int) -> tuple[dict[str, Tensor], CheckpointMeta]:
        now = self._learner.state()
        others = {key: value for key, value in now.tensors.items() if not key.startswith(MODEL)}
        return others, deepcopy(self._meta(now.meta, state, size, self._history.bytes))

    def take_if_best(self, record: EpochRecord, state: RunState, size: int) -> None:
        """Take the snapshot "best" if no epoch before was as good, and note it in `state`."""
        if state.best is None or state.best.beaten_by(record.accuracy, record.valid_loss):
            state.best = Best(accuracy=record.accuracy, valid_loss=record.valid_loss, epoch=record.epoch)
            self.take(BEST, state, size)
            self._restarts[BEST] = self._restart(state, size)

    def is_due(self, *, at_epoch: bool) -> bool:
        """Whether the last checkpoint is long enough ago for another."""
        wait = max(AT_EPOCHS_S if at_epoch else WITHIN_EPOCHS_S, self._took / SHARE)
        return time.monotonic() - self._kept >= wait

    def keep(self, state: RunState, size: int) -> None:
        """Write the waiting snapshots, the checkpoint and the run's state, in this order.

        The history must have the row of every batch that the learner has been trained on (`Learner.rest`).
        """
        started = time.monotonic()
        for name, (tensors, snapshot) in self._waiting.items():
            write_weights(self._folder.snapshot_path(name), tensors, snapshot)
            self._folder.forget_predictions(name)
        self._waiting.clear()
        for name, (tensors, place) in self._restarts.items():
            write_weights(self._folder.restart_path(name), tensors, place)
        self._restarts.clear()
        now = self._learner.state()
        meta = self._meta(now.meta, state, size, self._history.sync())
        write_weights(self._folder.checkpoint, now.tensors, meta)
        self._folder.write_state(state)
        self._kept = time.monotonic()
        self._took = self._kept - started

    @staticmethod
    def _meta(learner: LearnerMeta, state: RunState, size: int, history_bytes: int) -> CheckpointMeta:
        return CheckpointMeta(
            learner=learner,
            history_bytes=history_bytes,
            stages=state.stages,
            best=state.best,
            seconds=state.seconds,
            figures=state.figures,
            size=size,
        )
