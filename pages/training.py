"""Training: plan stages, see their rates before anything runs, start, watch, stop and go on."""

from functools import partial

import streamlit as st

from core.charts.schedule import schedule
from core.data.index import DataSet
from core.jobs.specs import TrainSpec
from core.jobs.store import Job
from core.model.catalogue import GROUPS
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.preview import preview
from core.training.stage import Plan, Stage
from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.first_view import first_view
from pages.ui.frame import begin
from pages.ui.plan.editor import plan_editor
from pages.ui.plan.facts import facts_of
from pages.ui.plan.stage_words import Facts
from pages.ui.training.view import progress_view, snapshots_view, stages_view

EXAMPLE_BATCHES = 25


def example() -> None:
    """A plan in the manner of lesson 2, as its rates go."""
    stages = [
        Stage(name="Head", lr=0.01, cycles=3),
        Stage(name="Everything", lr=0.006, freeze_to=0, cycles=3, cycle_mult=2),
    ]
    frame = preview(Plan(stages=tuple(stages)), lambda stage: EXAMPLE_BATCHES, GROUPS)
    chart = schedule(frame, stages=[stage.name for stage in stages], title="Example: cycles that restart and grow")
    st.altair_chart(chart, key="example", alt="An example: rates fall along half cosines and restart")


def draw(run: RunFolder, info: RunInfo, data: DataSet, facts: Facts, job: Job | None) -> None:
    """What is drawn anew while training goes on."""
    with shown():
        progress_view(run, info, data, job)
        if job is not None:
            stages_view(run, info, run.state, facts, at_work=True)


context = begin(
    "Training",
    ":material/local_fire_department:",
    lead="A plan is a row of stages. The rate anneals along a half cosine and restarts, so that the network settles "
    "and then looks further; first the head alone, then everything, with lower rates for the earlier layers.",
)
run = context.run
if run is None:
    first_view(context, "training", example, what="how the learning rate of each layer group goes over a whole plan.")
    st.stop()

with shown(stop=True):
    data = context.data()
    info, state = run.info, run.state
assert data is not None

facts = facts_of(run, info, data)
jobs.say_how_it_ended(run, "train")
at_work = jobs.is_at_work(context.workspace, run)
if state.unfinished and not at_work:
    left = len(state.plan) - state.next_stage
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Continue", type="primary", icon=":material/resume:", key="continue") and jobs.submit(
            run, TrainSpec()
        ):
            st.rerun()
        st.caption(
            f"{left} stage{'s' if left > 1 else ''} of the plan left, from the last checkpoint, to the same numbers."
        )
jobs.follow(context.workspace, run, partial(draw, run, info, data, facts))
if at_work:
    st.caption("More can be planned, and snapshots saved and loaded, once this job has ended.")
    st.stop()

if state.stages:
    stages, snapshots = st.tabs([":material/format_list_numbered: Stages", ":material/photo_camera: Snapshots"])
    with stages:
        stages_view(run, info, state, facts, at_work=False)
    with snapshots:
        snapshots_view(run, state)
if state.stages:
    st.page_link("pages/confusion_matrix.py", label="See where it errs", icon=":material/grid_on:")
st.subheader("What to train next" if state.stages else "The plan", anchor=False)
plan_editor(run, info, data)
