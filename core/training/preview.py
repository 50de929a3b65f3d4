"""Learning rates and momentum of a whole plan, computed before training."""

from collections.abc import Callable, Sequence

import pandas as pd

from core.training.refreezing import rates_at
from core.training.schedules import Schedule, schedule_of
from core.training.stage import Plan, Stage

MOST_POINTS = 500
"""Points for each layer group, roughly: a chart cannot show more."""

COLUMNS = ("stage", "step", "epoch", "group", "lr", "momentum", "known")


def preview(plan: Plan, steps_per_epoch: Callable[[Stage], int], groups: Sequence[str]) -> pd.DataFrame:
    """Learning rate and momentum of every layer group over a whole plan.

    `steps_per_epoch` gives the batches in an epoch of a stage. Columns: `stage` (from 0), `step` and `epoch` (over
    the plan; an epoch is a float), `group` (its name), `lr` (0 for a frozen group), `momentum`, and `known`: False
    where a range test will find the stage's rate, and `lr` is then relative to the highest rate of the last group.
    There are about 500 rows for each group: the first and last batch of every cycle, and evenly spaced ones between.
    Raises `PlanError` when a stage does not fit the number of layer groups.

    >>> frame = preview(Plan(stages=(Stage(lr=0.1, cycle_len=2),)), lambda stage: 2, ["stem", "head"])
    >>> frame[frame.group == "head"].lr.round(3).tolist()
    [0.1, 0.085, 0.05, 0.015]
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
            now = rates_at(stage, rates, step, schedule.steps)
            rows += [
                (number, *at, group, factor * rate, momentum, known) for group, rate in zip(groups, now, strict=True)
            ]
        steps_before += schedule.steps
        epochs_before += stage.epochs
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _points(schedule: Schedule, stride: int) -> list[int]:
    ends = schedule.cycle_ends
    starts = (0, *ends[:-1])
    return sorted({*range(0, schedule.steps, stride), *starts, *(end - 1 for end in ends)})
