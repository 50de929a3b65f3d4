"""A range test read: the curve, what is suggested and what each suggestion means, and the rate in hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.charts.lines import rate_in_words
from core.charts.lr_finder import RATE_PICKED, finder
from core.errors import AnnealError
from core.jobs.specs import FindSpec
from core.jobs.store import Job
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo
from core.training.stage import Stage
from core.training.suggestions import PREFERRED
from pages.ui.plan.editor import draft_of
from pages.ui.text import literal

MEANINGS = {
    "valley": "Two thirds down the longest fall. A safe first choice, and fastai's default.",
    "slide": "Just before the loss flattens out at the bottom: bold.",
    "steep": "Where the loss falls fastest. On a noisy curve it may be a fluke.",
    "lightning": "Steepest fall from one point to the next, as Lightning reads it.",
    "minimum": "A tenth of the rate with the lowest loss. Not the lowest itself: there learning has already stopped.",
}
YOURS = "your click"
EARLIER = 4
"""Earlier curves that are drawn beside the present one, at most, unless more are chosen."""


def points(curve: Curve, name: str, *, current: bool) -> pd.DataFrame:
    """A curve as rows for the chart."""
    frame = pd.DataFrame({"lr": curve.lrs, "loss": curve.losses, "smoothed": curve.smoothed}, dtype="float64")
    return frame.assign(curve=name, current=current)


def label(curve: Curve) -> str:
    """What tells one curve from another: when, after how much training, what was trained."""
    return f"{_made(curve)} · epoch {curve.epoch} · {_trained(curve)} · {len(curve.lrs)} steps"


def _made(curve: Curve) -> str:
    try:
        return f"{datetime.fromisoformat(curve.created).astimezone():%H:%M:%S}"
    except ValueError:
        return curve.created


def _trained(curve: Curve) -> str:
    stage = curve.stage
    if not isinstance(stage, Stage):
        return "unreadable stage"
    scope = "head" if stage.freeze_to == -1 else "everything" if stage.freeze_to == 0 else "part"
    return f"{scope}, precomputed" if stage.precompute else scope


def compare(curves: Sequence[Curve]) -> tuple[Curve, list[Curve]]:
    """The curve to read and those to lay under it, as chosen; the newest and the ones before it by default."""
    names = {curve.name: label(curve) for curve in curves}
    newest_first = [curve.name for curve in reversed(curves)]
    if len(curves) == 1:
        return curves[0], []
    left, right = st.columns(2)
    read = left.selectbox("Curve", newest_first, format_func=names.__getitem__, key=f"curve-of-{len(curves)}")
    others = [name for name in newest_first if name != read]
    shown = right.multiselect(
        "Compare with", others, default=others[:EARLIER], format_func=names.__getitem__, key=f"earlier-{read}"
    )
    known = {curve.name: curve for curve in curves}
    return known[read], [known[name] for name in shown]


def curve_view(run: RunFolder, info: RunInfo, curve: Curve, earlier: Sequence[Curve]) -> None:
    """The chart, on which a click chooses a rate, and under it the suggestions."""
    draft = draft_of(run, info)
    rate = draft.rate
    frame = pd.concat(
        [points(curve, "this curve", current=True), *(points(other, label(other), current=False) for other in earlier)]
    )
    key = f"finder-{run.id}-{curve.name}"
    event = st.altair_chart(
        finder(frame, suggestions=curve.suggestions, chosen=rate.lr if rate else None),
        key=key,
        on_select="rerun",
        selection_mode=RATE_PICKED,
        alt="Training loss against the learning rate on a logarithmic axis",
    )
    clicked = picked(event)
    if clicked is not None and st.session_state.get(f"{key}-taken") != clicked:
        st.session_state[f"{key}-taken"] = clicked
        take(draft, Rate(clicked, _freeze_to(curve), YOURS))
        st.rerun()
    st.caption("Click the curve to choose a rate, or take a suggestion.")
    _suggestions(draft, curve)


def picked(event: Mapping[str, Any]) -> float | None:
    """The rate of the point that was clicked; None when none is."""
    rows = event["selection"].get(RATE_PICKED) or []
    return float(rows[0]["lr"]) if rows and "lr" in rows[0] else None


def take(draft: Draft, rate: Rate) -> None:
    """Put a rate in hand, where the Training page finds it."""
    draft.rate = rate
    try:
        draft.save()
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")


def _freeze_to(curve: Curve) -> int:
    return curve.stage.freeze_to if isinstance(curve.stage, Stage) else -1


def _suggestions(draft: Draft, curve: Curve) -> None:
    found = [name for name in PREFERRED if curve.suggestions.get(name)]
    if not found:
        st.warning("This curve is too short for a suggestion. Take more steps.", icon=":material/short_text:")
        return
    with st.grid(len(found), min_column_width=135):
        for name in found:
            _suggestion(draft, curve, name, float(curve.suggestions[name] or 0))


def _suggestion(draft: Draft, curve: Curve, name: str, rate: float) -> None:
    in_hand = draft.rate is not None and draft.rate.lr == rate
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown(f"**{name.capitalize()}** {rate_in_words(rate)}")
        st.caption(MEANINGS[name])
        st.space("stretch")
        st.button(
            "In hand" if in_hand else "Use",
            icon=":material/check:" if in_hand else ":material/back_hand:",
            key=f"use-{name}",
            type="primary" if name == found_first(curve) and draft.rate is None else "secondary",
            disabled=in_hand,
            on_click=take,
            args=(draft, Rate(rate, _freeze_to(curve), name)),
            width="stretch",
        )


def found_first(curve: Curve) -> str | None:
    """The suggestion to take when one has no opinion."""
    return next((name for name in PREFERRED if curve.suggestions.get(name)), None)


def in_hand(run: RunFolder, info: RunInfo) -> None:
    """The rate in hand, how it lies to the lowest point, and the way on to the Training page."""
    rate = draft_of(run, info).rate
    if rate is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        trained = "the head" if rate.freeze_to == -1 else "everything" if rate.freeze_to == 0 else "a part"
        st.markdown(
            f":material/back_hand: **In hand: {rate_in_words(rate.lr)}** for {trained}, from {rate.chosen_by}",
            width="stretch",
        )
        if st.button("Train with it", type="primary", icon=":material/local_fire_department:", key="to-training"):
            st.switch_page("pages/training.py", query_params={"run": run.id})


def live_view(run: RunFolder, job: Job) -> None:
    """The curve of the range test under way, as far as it is, on the whole range of rates."""
    curve = run.unfinished_curve()
    if curve is None or not curve.lrs:
        st.caption("The first point appears with the first batch.")
        return
    frame = points(curve, "this curve", current=True)
    chart = finder(frame, pickable=False, title="Batch by batch, the rate grows", span=_span(job))
    st.altair_chart(chart, key="finder-live", alt="Training loss against the learning rate, as it is measured")


def _span(job: Job) -> tuple[float, float] | None:
    return (job.spec.lowest, job.spec.highest) if isinstance(job.spec, FindSpec) else None
