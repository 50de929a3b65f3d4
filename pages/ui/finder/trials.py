"""Trials on the LR finder page: watching them, and what came of them beside the curve."""

from collections.abc import Sequence

import streamlit as st

from core.charts.trials import trials_chart
from core.errors import AnnealError
from core.jobs.specs import TrialSpec
from core.jobs.store import Job
from core.numbers import rate_in_words
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo
from core.runs.trials import KeptTrials, kept_trials, trials_beside
from core.training.stage import Stage
from core.training.trial_results import Outcome
from core.training.trial_words import findings, headline, length_in_words, method, standing
from pages.ui.finder.live import live_view
from pages.ui.finder.trial_form import trial_form
from pages.ui.plan.drafts import draft_of
from pages.ui.text import literal, moment_of, percent, time_of_day, unbroken

BY_TRIALS = "trials"


def watch(run: RunFolder, job: Job | None) -> None:
    """The trials under way, as far as they are; for other jobs, what the page shows of them."""
    if job is None or not isinstance(job.spec, TrialSpec):
        live_view(run, job)
        return
    now = [trials for trials in kept_trials(run) if trials.outcomes and _belongs(trials, job)]
    if not now:
        st.caption("The first outcome appears when the first trial has ended.")
        return
    rates = now[-1].rates
    _chart(now[-1], (min(rates), max(rates)), key="trials-live")
    st.caption(f"{len(now[-1].outcomes)} of {len(rates)} rates tried. Trials that have ended are kept when you stop.")


def _belongs(trials: KeptTrials, job: Job) -> bool:
    """Whether these trials were begun by a job."""
    created = moment_of(trials.created)
    return created is not None and job.started is not None and created.timestamp() >= int(job.started)


def trials_panel(run: RunFolder, info: RunInfo, curve: Curve, span: tuple[float, float]) -> None:
    """Under a curve: the outcomes of trials from its state, and the form that asks for others.

    `span` has the lowest and the highest rate on the curve's chart.
    """
    if not isinstance(curve.stage, Stage):
        return
    made = trials_beside(curve, kept_trials(run))
    st.subheader("Try the rates", anchor=False)
    if made:
        _outcomes(draft_of(run, info), span, _chosen(made), made)
    trial_form(run, curve, curve.stage, again=bool(made))


def _chosen(made: Sequence[KeptTrials]) -> KeptTrials:
    """The trials to show: the newest, or others that were made at the same state."""
    if len(made) == 1:
        return made[0]
    known = {trials.name: trials for trials in reversed(made)}
    name = st.selectbox(
        "Trials", list(known), format_func=lambda name: _label(known[name]), key=f"trials-of-{len(made)}"
    )
    return known[name]


def _label(trials: KeptTrials) -> str:
    rates = ", ".join(rate_in_words(rate) for rate in trials.rates)
    repeats = f" · {trials.repeats} repeats" if trials.repeats > 1 else ""
    return f"{time_of_day(trials.created)} · {length_in_words(trials.length, trials.stage.epochs)} · {rates}{repeats}"


def _outcomes(draft: Draft, span: tuple[float, float], trials: KeptTrials, made: Sequence[KeptTrials]) -> None:
    _chart(trials, span, key=f"trials-{draft.path.parent.name}-{trials.name}")
    missing = len(trials.rates) - len(trials.outcomes)
    if missing:
        st.caption(
            f"Stopped: {missing} of the {len(trials.rates)} rates {'was' if missing == 1 else 'were'} not tried."
        )
    st.markdown("\n".join(f"- {literal(said, None)}" for said in findings(trials, made, rate_in_words)))
    with st.grid(len(trials.outcomes), min_column_width=150):
        for outcome in trials.outcomes:
            _card(draft, trials, outcome)
    with st.expander("How the rates were tried and judged", icon=":material/info:"):
        st.markdown(literal(method(trials), None))


def _chart(trials: KeptTrials, span: tuple[float, float], *, key: str) -> None:
    title = headline(trials, rate_in_words)
    frame = trials.frame().assign(standing=[_standing(trials, outcome) for outcome in trials.outcomes])
    chart = trials_chart(
        frame,
        title=title,
        span=span,
        before=trials.before.loss if trials.before else None,
        lowest=trials.curve_lowest,
    )
    st.altair_chart(chart, key=key, alt=f"Loss on images kept out against the learning rate: {title}")


def _standing(trials: KeptTrials, outcome: Outcome) -> str:
    """How the chart draws an outcome."""
    best = trials.best
    if outcome.diverged_at is not None or best is None:
        return "diverged"
    if outcome.lr == best.lr:
        return "best"
    return "worse" if trials.apart(outcome.lr, best.lr) else "alike"


def _card(draft: Draft, trials: KeptTrials, outcome: Outcome) -> None:
    """One outcome, with a button that chooses its rate; a rate that diverged has none."""
    name = rate_in_words(outcome.lr)
    chosen = draft.rate is not None and (draft.rate.lr, draft.rate.freeze_to) == (outcome.lr, trials.stage.freeze_to)
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown(unbroken(f"**{name}** {standing(trials, outcome, rate_in_words)}"))
        if outcome.measured is None:
            return
        found = outcome.measured
        st.caption(
            f"Loss {found.loss:.3f} ({found.low:.3f} to {found.high:.3f}), accuracy {percent(found.accuracy)} "
            f"({percent(found.accuracy_low)} to {percent(found.accuracy_high)})"
        )
        st.space("stretch")
        st.button(
            "Chosen" if chosen else f"Use {name}",
            icon=":material/check:" if chosen else None,
            key=f"use-trial-{trials.name}-{outcome.lr:g}",
            disabled=chosen,
            on_click=_choose,
            args=(draft, Rate(lr=outcome.lr, freeze_to=trials.stage.freeze_to, chosen_by=BY_TRIALS)),
            width="stretch",
        )


def _choose(draft: Draft, rate: Rate) -> None:
    """Keep a rate where the Training page finds it."""
    try:
        draft.choose(rate)
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")
