"""Training: plan stages, see their rates before anything runs, start, watch, stop and go on."""

from functools import partial

import streamlit as st

from core.jobs.branch import points
from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.export.view import EXPORT_TAB, export_view, just_exported
from pages.ui.first_view import first_view
from pages.ui.frame import begin, end
from pages.ui.plan.editor import plan_editor
from pages.ui.plan.facts import facts_of
from pages.ui.plan.more_images import more_images
from pages.ui.runs.take_away import take_away
from pages.ui.terms import TERMS
from pages.ui.training.branch import branch_form, branch_view
from pages.ui.training.ending import ending
from pages.ui.training.example import example
from pages.ui.training.next_steps import NextStep, next_steps_view
from pages.ui.training.restarts import restarts_view
from pages.ui.training.setbacks import setbacks_view
from pages.ui.training.several import gpus_choice, several_machines
from pages.ui.training.snapshots import snapshots_view
from pages.ui.training.stages import continue_button, stages_view, training_view

context = begin(
    "Training",
    ":material/local_fire_department:",
    lead="A plan is a list of stages. In each of them the learning rate anneals along a half cosine and may restart. "
    "A pretrained network trains its head first, then everything, with lower rates for earlier layers.",
    words=TERMS,
)
run = context.run
if run is None:
    first_view(context, "training", example, what="how the learning rate of each layer group goes over a whole plan.")
    st.stop()

with shown(stop=True):
    data, info, state = context.data(), run.info, run.state
assert data is not None

facts = facts_of(run, info, data)
ended = jobs.last_ended(run, "train")
if state.loaded is None or ended is None or ended.status != "done":  # else it spoke of weights that were left since
    jobs.say_how_it_ended(run, "train")
at_work = jobs.is_at_work(context.workspace, run)
steps: list[NextStep] = []
if not at_work:
    gpus_choice(context.workspace)
    fell = setbacks_view(run, info, state)
    if state.unfinished:
        continue_button(run, info, state, advised=not fell)
    elif state.stages and not fell:
        steps = ending(run, info, data)
jobs.follow(context.workspace, run, partial(training_view, run, info, data, facts))
if state.stages:
    branch_view(run)
if at_work:
    st.caption("More can be planned, and snapshots saved and loaded, once this job has ended.")
    end(context)
    st.stop()

if state.stages:
    restarts_view(run)
    if places := points(run):
        branch_form(run, places)
    next_steps_view(run, steps)
    stages, snapshots, away = st.tabs(
        [":material/format_list_numbered: Stages", ":material/photo_camera: Snapshots", EXPORT_TAB],
        default=EXPORT_TAB if just_exported(run) else None,
    )
    with stages:
        stages_view(run, info, state, facts, at_work=False)
    with snapshots:
        snapshots_view(run, state, branches=bool(places))
    with away:
        export_view(run)
        take_away(run)
st.subheader("What to train next" if state.stages else "The plan", anchor=False)
plan_editor(run, info, data)
more_images(run, data)
several_machines(run)
end(context)
