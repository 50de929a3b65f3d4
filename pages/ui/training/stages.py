"""The stages of a run: done, under way and still to come; and going on with a plan that was stopped."""

import streamlit as st

from core.data.index import DataSet
from core.errors import RunError
from core.jobs.specs import TrainSpec
from core.jobs.store import Job
from core.runs.data_changes import both_figures
from core.runs.folder import RunFolder
from core.runs.state import RunInfo, RunState, StageState
from core.training.stage import Stage
from pages.ui import jobs
from pages.ui.errors import show, shown
from pages.ui.finder.live import live_curve
from pages.ui.plan.drafts import edit_left, repeat
from pages.ui.plan.stage_words import Facts, in_words
from pages.ui.text import duration, literal, percent
from pages.ui.training.charts import progress_view
from pages.ui.training.moment import Moment, read
from pages.ui.training.restarts import live_lines_view
from pages.ui.training.several import processes
from pages.ui.training.story import pause_button, story_view
from pages.ui.training.unfreezing import unfreezing_view
from pages.ui.training.verdict import verdict_of, verdict_view

ICONS = {
    "running": ":blue[:material/local_fire_department:]",
    "done": ":green[:material/check_circle:]",
    "stopped": ":orange[:material/pause_circle:]",
    "failed": ":red[:material/error:]",
    "diverged": ":red[:material/error:]",
    "collapsed": ":red[:material/trending_down:]",
}


def continue_button(run: RunFolder, info: RunInfo, state: RunState, *, advised: bool) -> None:
    """Go on with a plan that was stopped, or change what is left of it; `advised` unless its last stage collapsed."""
    left = len(state.plan) - state.next_stage
    with st.container(horizontal=True, vertical_alignment="center"):
        asked = st.button(
            "Continue", type="primary" if advised else "secondary", icon=":material/resume:", key="continue"
        )
        if asked and jobs.submit(run, TrainSpec(processes=processes(run.workspace))):
            st.rerun()
        within = len(state.stages) > state.plan_start + state.next_stage
        if not within:
            st.button(
                "Change what is left",
                icon=":material/edit_note:",
                key="edit-left",
                help="Puts the stages that are left into the plan below, to be edited and started from these weights.",
                on_click=edit_left,
                args=(run, info, state),
            )
        st.caption(f"{left} stage{'s' if left > 1 else ''} of the plan left, {_from(within=within, advised=advised)}.")


def _from(*, within: bool, advised: bool) -> str:
    """Where a plan goes on from."""
    if not advised:
        return "from the present weights, as it was planned"
    return "from the batch where it stopped" if within else "from the end of the last stage"


def training_view(run: RunFolder, info: RunInfo, data: DataSet, facts: Facts, job: Job | None) -> None:
    """Figures, charts and the verdict, drawn again and again while a job runs, and meanwhile the stages too."""
    with shown():
        now = read(run, data, job)
        if now.live:
            _range_test(run, now)
        story_view(now.state, facts.groups, live=now.live, finding=_finds(run, now))
        if job is not None and job.kind == "train":
            pause_button(run, job, now.state)
        progress_view(info, now)
        if len(now.steps):
            verdict_view(verdict_of(info, now))
        unfreezing_view(run, info, now, facts.pace)
        if now.live:
            live_lines_view(run.history.lines)
        if job is not None:
            stages_view(run, info, now.state, facts, at_work=True)


def _finds(run: RunFolder, now: Moment) -> bool:
    """Whether a range test for the plan's next stage is under way."""
    curve = run.unfinished_curve() if now.live else None
    return curve is not None and curve.for_stage == len(now.state.stages)


def _range_test(run: RunFolder, now: Moment) -> None:
    """The range test that finds the rate of the plan's next stage, while it runs; before the first batch, a word."""
    curve = run.unfinished_curve()
    place = len(now.state.stages)
    if curve is not None and curve.for_stage == place and curve.lrs:
        st.markdown(f":material/troubleshoot: **A range test finds the learning rate of stage {place + 1}**")
        live_curve(run, key="plan-finder")
    elif now.steps.empty:
        st.caption("The first point appears with the first batch.")


def stages_view(run: RunFolder, info: RunInfo, state: RunState, facts: Facts, *, at_work: bool) -> None:
    """The stages done, under way and still to come, each with its figures."""
    for place, begun in enumerate(state.stages):
        before = state.stages[place - 1] if place else None
        _begun(run, info, begun, before, facts, at_work=at_work)
    first = len(state.stages) - state.plan_start
    for offset, stage in enumerate(state.plan[first:]):
        if not isinstance(stage, Stage):
            continue
        name = literal(stage.name) if stage.name else "Stage"
        with st.container(gap="xxsmall"):
            st.markdown(f":gray[:material/schedule: **{len(state.stages) + offset + 1} · {name}**]")
            st.caption(in_words(stage, facts))


def _begun(
    run: RunFolder, info: RunInfo, begun: StageState, before: StageState | None, facts: Facts, *, at_work: bool
) -> None:
    try:
        stage = begun.settings
    except RunError as error:
        show(error)
        return
    figures = [f"{begun.epochs} of {stage.epochs} epochs" if begun.epochs < stage.epochs else ""]
    if begun.accuracy is not None:
        fell = f", fallen from {percent(begun.collapsed_from)}" if begun.collapsed_from is not None else ""
        figures.append(percent(begun.accuracy) + fell)
    figures += [f"validation loss {begun.valid_loss:.3f}"] if begun.valid_loss is not None else []
    figures += [duration(begun.seconds)] if begun.seconds else []
    name = literal(stage.name) if stage.name else "Stage"
    text, button = st.columns([5, 1], vertical_alignment="center")
    with text, st.container(gap="xxsmall"):
        icon = ICONS["collapsed" if begun.collapsed_from is not None else begun.status]
        st.markdown(f"{icon} **{begun.index + 1} · {name}** {' · '.join(filter(None, figures))}")
        st.caption(in_words(stage, facts) + (f" · {literal(begun.message, None)}" if begun.message else ""))
        both = both_figures(begun, before)
        if both:
            st.caption(f":material/photo_size_select_large: {literal(both, None)}")
        if begun.rate_reason:
            st.caption(f":material/troubleshoot: Why this rate: {literal(begun.rate_reason, None)}")
    if not at_work:
        button.button(
            "Repeat",
            icon=":material/replay:",
            key=f"repeat-{begun.index}",
            help="Plan the same stage once more, from the present weights.",
            on_click=repeat,
            args=(run, info, stage),
            width="stretch",
        )
