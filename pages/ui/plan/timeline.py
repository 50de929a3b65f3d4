"""The whole plan before its start: one timeline, and each step with why it is taken."""

import streamlit as st

from core.charts.timeline import plan_timeline
from core.training.recipe_steps import WHY, steps_of
from core.training.stage import Plan
from core.training.timeline import lanes, timeline
from pages.ui.plan.stage_words import Facts, time_in_words
from pages.ui.plan.times import time_of
from pages.ui.text import literal


def timeline_view(plan: Plan, facts: Facts) -> None:
    """Steps, cycles, rates, images and time of every stage; raises `PlanError` for one that does not fit."""
    steps = steps_of(plan, len(facts.groups), facts.last)
    titles = [", ".join(step.title for step in steps if step.stage == place) for place in range(len(plan.stages))]
    times = []
    for place, stage in enumerate(plan.stages):
        before = plan.stages[place - 1] if place else None
        time = time_of(stage, facts, plan.stages[:place], before)
        times.append(time_in_words(time, trained=facts.last is not None))
    frame = timeline(plan, facts.groups, times, titles)
    said = f"{len(steps)} steps: {', '.join(step.title for step in steps)}"
    st.altair_chart(plan_timeline(frame, lanes(facts.groups)), key="plan-timeline", alt=said)
    with st.expander(f"The {len(steps)} steps, and why" if len(steps) > 1 else "The step, and why"):
        lines = [f"{number}. **{step.title}.** {literal(WHY[step.kind], None)}" for number, step in enumerate(steps, 1)]
        st.markdown("\n".join(lines))
