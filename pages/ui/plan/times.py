"""How long the stages of a plan will take on this machine."""

from collections.abc import Sequence

from core.jobs.stage_time import StageTime
from core.training.stage import Plan, Stage
from pages.ui.plan.stage_words import Facts, about


def time_of(stage: Stage, facts: Facts, planned: Sequence[Stage], before: Stage | None) -> StageTime | None:
    """That of a stage: `planned` are the stages before it that can be read, `before` the one right before it."""
    if facts.pace is None:
        return None
    goes_on = before is not None and Plan(stages=(before, stage)).goes_on(1)
    return facts.pace.of(stage, planned, finds=stage.lr is None and not goes_on)


def plan_time(plan: Plan, facts: Facts) -> str:
    """That of all stages, as the end of a list; "" where one of them is not known."""
    stages = plan.stages
    times = [
        time_of(stage, facts, stages[:place], stages[place - 1] if place else None)
        for place, stage in enumerate(stages)
    ]
    known = [time.seconds for time in times if time is not None]
    return f", {about(sum(known))} on this machine" if len(known) == len(stages) else ""
