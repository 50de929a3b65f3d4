"""The plan as cards: edit its stages, see all their rates, and start."""

from collections.abc import Callable

import streamlit as st

from core.charts.schedule import schedule
from core.data.index import DataSet
from core.errors import AnnealError, PlanError
from core.jobs.specs import TrainSpec
from core.runs.draft import Draft, DraftChangedError
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.preview import preview
from core.training.recipes import START_SMALL_MEASURED, start_small
from core.training.stage import Plan, Stage
from pages.ui import jobs
from pages.ui.errors import show
from pages.ui.plan import drafts
from pages.ui.plan.cards import cards, close_card
from pages.ui.plan.chosen_rate import no_stage_fits
from pages.ui.plan.facts import batches_per_epoch, facts_of
from pages.ui.plan.rate_warnings import before_start, use_instead, warnings_of
from pages.ui.plan.stage_words import Facts
from pages.ui.plan.timeline import timeline_view
from pages.ui.plan.times import plan_time
from pages.ui.plan.toolbar import toolbar
from pages.ui.training.several import processes


@st.fragment
def plan_editor(run: RunFolder, info: RunInfo, data: DataSet) -> None:
    """Everything between an idea of a plan and its start. Editing reruns this part of the page only."""
    draft = drafts.draft_of(run, info)
    changed = drafts.changed_elsewhere(draft)
    if changed:
        st.warning(drafts.CHANGED, icon=":material/sync_problem:")
    facts = facts_of(run, info, data, draft.rate.lr if draft.rate else None, draft.augmentation)
    draft = _with_chosen_rate(draft, run, info, len(facts.groups))
    warnings = warnings_of(run, draft, len(facts.groups))
    toolbar(draft, info, len(data.indices("train")))
    no_stage_fits(draft, info, facts)
    wrong = cards(draft, facts, warnings)
    if not draft.cards:
        st.caption("No stage is planned. Choose a recipe above, or add a stage of your own.")
        return
    try:
        if wrong:
            raise PlanError(wrong)
        plan = draft.plan()
        _preview(plan, facts, lambda stage: batches_per_epoch(run, data, stage))
    except PlanError as error:
        show(error)
        st.button("Start training", type="primary", icon=":material/play_arrow:", disabled=True, key="start-off")
        return
    if not (info.pretrained or run.state.stages) and plan.stages[0].freeze_to == -1:
        st.caption(
            ":orange[:material/info:] This network starts from scratch, and the first stage trains its head only: "
            "the frozen layers keep their random weights. Train everything first."
        )
    warned = before_start(draft, warnings)
    with st.container(horizontal=True):
        for _, card, warning in warned:
            use_instead(draft, card, warning, before_start=True)
        asked = st.button(
            "Start anyway" if warned else "Start training",
            type="secondary" if warned else "primary",
            icon=":material/play_arrow:",
            key="start",
        )
    if asked and not changed:
        _start(run, draft, plan)


def _with_chosen_rate(draft: Draft, run: RunFolder, info: RunInfo, groups: int) -> Draft:
    """The draft with the rate in it that was chosen since on the LR finder page, if a card fits."""
    try:
        drafts.place_rate(draft, groups)
    except AnnealError as error:
        if not isinstance(error, DraftChangedError):  # then another tab has just done it
            show(error)
        return drafts.draft_of(run, info)
    return draft


def _preview(plan: Plan, facts: Facts, batches: Callable[[Stage], int]) -> None:
    """The rates of the whole plan, and how long it is."""
    frame = preview(plan, batches, list(facts.groups))
    timeline_view(plan, facts)
    if {stage.name for stage in start_small().stages} <= {stage.name for stage in plan.stages}:
        st.caption(f":material/science: {START_SMALL_MEASURED}")
    names = [stage.name or f"Stage {number}" for number, stage in enumerate(plan.stages, 1)]
    total = sum(batches(stage) * stage.epochs for stage in plan.stages)
    chart = schedule(frame, stages=names)
    st.altair_chart(chart, key="plan-preview", alt="The learning rate of each layer group over the whole plan")
    count = len(plan.stages)
    st.caption(
        f"{count} stage{'s' if count > 1 else ''}, {plan.epochs:,} epoch{'s' if plan.epochs > 1 else ''}, "
        f"{total:,} batches{plan_time(plan, facts)}. At the end of each cycle the weights are kept as a snapshot."
    )


def _start(run: RunFolder, draft: Draft, plan: Plan) -> None:
    """Queue the plan; its cards can be brought back."""
    if not jobs.submit(run, TrainSpec(plan=plan, processes=processes(run.workspace))):
        return
    draft.sent()
    close_card()
    try:
        drafts.save(draft)
    except AnnealError as error:
        show(error)
    else:
        st.rerun()
