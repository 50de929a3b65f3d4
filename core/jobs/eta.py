"""Progress through a plan, and the time left: its steps, and the relative cost of each."""

import time
from collections.abc import Sequence

from core.data.index import DataSet
from core.jobs.store import JobProgress
from core.training.schedules import steps_per_epoch
from core.training.stage import Stage

FROM_DISK, HEAD_ONLY, WHOLE = 0.005, 0.33, 1.0
"""Time of a step from precomputed activations, of one through a frozen network, of one that trains all of it."""

SETTLING = 5
"""Steps of a stage after which its pace gives an estimate."""


def cost(stage: Stage) -> float:
    """Relative time of one of a stage's steps."""
    kind = FROM_DISK if stage.precompute else HEAD_ONLY if stage.freeze_to == -1 else WHOLE
    return kind * stage.batch_size * (1.0 if stage.precompute else (stage.size / 128) ** 2)


class Eta:
    """Progress through the stages of a plan, of which the first `done_stages` are done."""

    def __init__(self, stages: Sequence[Stage], data: DataSet) -> None:
        self.stages = stages
        self.steps = [stage.epochs * steps_per_epoch(stage, data) for stage in stages]
        self._began: tuple[int, int, float] | None = None

    def at(self, place: int, stage_step: int, epoch: int) -> JobProgress:
        """Progress at step `stage_step` of stage `place`, in its epoch `epoch` (from 1)."""
        stage = self.stages[place]
        moment = time.monotonic()
        if stage_step and (self._began is None or self._began[0] != place):
            self._began = place, stage_step, moment  # after its first step: what came before was preparation
        return JobProgress(
            what=f"Stage {place + 1} of {len(self.stages)}, epoch {min(epoch, stage.epochs)} of {stage.epochs}",
            done=sum(self.steps[:place]) + stage_step,
            total=sum(self.steps),
            eta_s=self._left(place, stage_step, moment),
        )

    def _left(self, place: int, stage_step: int, moment: float) -> float | None:
        """Seconds left at this stage's pace; None while that gives no estimate for the later stages."""
        if self._began is None or self._began[0] != place:
            return None
        trained = stage_step - self._began[1]
        if trained < SETTLING:
            return None
        later = range(place + 1, len(self.stages))
        if self.stages[place].precompute and any(not self.stages[other].precompute for other in later):
            return None
        pace = (moment - self._began[2]) / trained / cost(self.stages[place])
        left = (self.steps[place] - stage_step) * cost(self.stages[place])
        return pace * (left + sum(self.steps[other] * cost(self.stages[other]) for other in later))
