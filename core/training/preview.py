"""A whole plan's rates and momentum, drawn before anything runs."""

from collections.abc import Callable, Sequence

import pandas as pd

from core.data.index import DataSet
from core.training.schedules import Schedule, schedule_of
from core.training.stage import Plan, Stage

MOST_POINTS = 500
"""About as many points a layer group as a chart can show."""

COLUMNS = ("stage", "step", "epoch", "group", "lr", "momentum", "known")


def steps_per_epoch(data: DataSet, stage: Stage) -> int:
    """Batches in an epoch of `stage` on `data`: its share of the training images, the last batches a little smaller."""
    return -(-len(data.train_indices(stage.share)) // stage.batch_size)


def preview(plan: Plan, steps_per_epoch: Callable[[Stage], int], groups: Sequence[str]) -> pd.DataFrame:
    """Learning rate and momentum of every layer group over a whole plan.

    Columns: `stage` (0-based), `step` and `epoch` (counted over the plan; an epoch is a float), `group` (its
    name), `lr` (0 for a frozen group), `momentum`, and `known`. Where a stage's rate is still to be found by a
    range test, `known` is False and `lr` is a share of the last group's highest rate. About 500 rows a group:
    every cycle's first and last batch, and evenly spaced ones between.
    Raises `PlanError` when a stage does not fit the number of layer groups.
    """
    lengths = [steps_per_epoch(stage) for stage in plan.stages]
    schedules = [schedule_of(stage, length) for stage, length in zip(plan.stages, lengths, strict=True)]
    stride = max(1, -(-sum(schedule.steps for schedule in schedules) // MOST_POINTS))
    rows: list[tuple[int, int, float, str, float, float, bool]] = []
    steps_before, epochs_before = 0, 0
    for number, (stage, length, schedule) in enumerate(zip(plan.stages, lengths, schedules, strict=True)):
        known = stage.lr is not None
        rates = (stage if known else stage.model_copy(update={"lr": (1.0,)})).group_rates(len(groups))
        for step in _points(schedule, stride):
            factor, momentum = schedule.factor(step), schedule.momentum(step)
            at = steps_before + step, epochs_before + step / length
            rows += [
                (number, *at, group, factor * rate, momentum, known) for group, rate in zip(groups, rates, strict=True)
            ]
        steps_before += schedule.steps
        epochs_before += stage.epochs
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _points(schedule: Schedule, stride: int) -> list[int]:
    ends = schedule.cycle_ends
    starts = (0, *ends[:-1])
    return sorted({*range(0, schedule.steps, stride), *starts, *(end - 1 for end in ends)})
