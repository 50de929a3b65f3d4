"""What a plan looks like, before there is a run."""

import streamlit as st

from core.charts.schedule import schedule
from core.model.catalogue import GROUPS
from core.training.preview import preview
from core.training.stage import Plan, Stage

BATCHES = 25
"""An epoch of the example."""


def example() -> None:
    """The rates of a plan in the manner of lesson 2."""
    stages = (
        Stage(name="Head", lr=0.01, cycles=3),
        Stage(name="Everything", lr=0.006, freeze_to=0, cycles=3, cycle_mult=2),
    )
    frame = preview(Plan(stages=stages), lambda stage: BATCHES, GROUPS)
    chart = schedule(frame, stages=[stage.name for stage in stages], title="Example: cycles that restart and grow")
    st.altair_chart(chart, key="example", alt="An example: rates fall along half cosines and restart")
