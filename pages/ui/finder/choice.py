"""A rate is chosen: on the curve or among its suggestions, and what was chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.charts.lines import rate_in_words
from core.charts.lr_finder import RATE_PICKED, finder
from core.errors import AnnealError
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo
from core.training.stage import Stage, scope_in_words
from core.training.suggest import Suggestion
from core.training.suggestions import ANNEAL, MEANINGS, PREFERRED, preferred
from pages.ui.finder.curves import label, points
from pages.ui.plan.chosen_rate import chosen_by, where
from pages.ui.plan.drafts import draft_of
from pages.ui.plan.facts import group_names
from pages.ui.text import literal

BY_CLICK = "your click"
TURN = "finder-turn"
"""Session key: how many rates were chosen."""


def chosen_rate(run: RunFolder, info: RunInfo) -> None:
    """The chosen rate, which planned stage gets it, and the way on to the Training page."""
    draft = draft_of(run, info)
    rate = draft.rate
    if rate is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        trained = scope_in_words(rate.freeze_to, group_names(info))
        st.markdown(
            f":material/check_circle: **Chosen rate: {rate_in_words(rate.lr)}** ({trained}), from {chosen_by(rate)}. "
            f"{where(draft, len(group_names(info)))}",
            width="stretch",
        )
        if st.button("Train with it", type="primary", icon=":material/local_fire_department:", key="to-training"):
            st.switch_page("pages/training.py", query_params={"run": run.id})


def curve_view(run: RunFolder, info: RunInfo, curve: Curve, earlier: Sequence[Curve]) -> None:
    """The chart, on which a click chooses a rate, and under it the suggestions."""
    draft = draft_of(run, info)
    rate = draft.rate
    frame = pd.concat(
        [points(curve, "this curve", current=True), *(points(other, label(other), current=False) for other in earlier)]
    )
    key = f"finder-{run.id}-{curve.name}{_turn()}"
    event = st.altair_chart(
        finder(frame, suggestions=curve.suggestions, chosen=rate.lr if rate else None),
        key=key,
        on_select="rerun",
        selection_mode=RATE_PICKED,
        alt="Training loss against the learning rate on a logarithmic axis",
    )
    clicked = _clicked(event)
    if clicked is not None and st.session_state.get(f"{key}-taken") != clicked:
        st.session_state[f"{key}-taken"] = clicked
        _choose(draft, Rate(lr=clicked, freeze_to=_freeze_to(curve), chosen_by=BY_CLICK))
        st.rerun()
    st.caption("Click the curve to choose a rate, or take a suggestion.")
    if curve.suggestion is not None:
        _anneals(draft, curve, curve.suggestion)
    _suggestions(draft, curve)


def _clicked(event: Mapping[str, Any]) -> float | None:
    """The rate of the point that was clicked; None when none is."""
    rows = event["selection"].get(RATE_PICKED) or []
    return float(rows[0]["lr"]) if rows and "lr" in rows[0] else None


def _choose(draft: Draft, rate: Rate) -> None:
    """Keep a rate where the Training page finds it."""
    try:
        draft.choose(rate)
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")
    else:
        st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _turn() -> str:
    """The end of the chart's key, another one after each choice: in the same chart, a click on the point that was
    clicked before would choose nothing, though another rate was chosen since.
    """
    turn = st.session_state.get(TURN, 0)
    return f"-{turn}" if turn else ""


def _freeze_to(curve: Curve) -> int:
    return curve.stage.freeze_to if isinstance(curve.stage, Stage) else -1


def _anneals(draft: Draft, curve: Curve, found: Suggestion) -> None:
    """Anneal's own suggestion: the rate, the range that trains about as well, where training collapses, and why."""
    rate = Rate(lr=found.lr, freeze_to=_freeze_to(curve), chosen_by=ANNEAL)
    chosen = draft.rate is not None and draft.rate.lr == found.lr
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall"):
            title = "Take" if found.certain else "This curve does not say. Take"
            collapse = "" if found.collapse is None else f"; from {rate_in_words(found.collapse)} on training collapses"
            st.markdown(
                f"**{title} {rate_in_words(found.lr)}** · {rate_in_words(found.low)} to {rate_in_words(found.high)} "
                f"train about as well{collapse}"
            )
            st.caption(found.reason)
        st.button(
            "Chosen" if chosen else f"Use {rate_in_words(found.lr)}",
            icon=":material/check:" if chosen else None,
            key="use-anneal",
            type="primary" if draft.rate is None else "secondary",
            disabled=chosen,
            on_click=_choose,
            args=(draft, rate),
        )


def _suggestions(draft: Draft, curve: Curve) -> None:
    """A card for each suggestion of the other rules, which read fastai's smoothed curve."""
    found = {name: rate for name in PREFERRED if (rate := curve.suggestions.get(name))}
    if not found:
        st.warning("This curve is too short for a suggestion. Take more steps.", icon=":material/short_text:")
        return
    first = None if curve.suggestion else preferred(curve.suggestions)
    with st.grid(len(found), min_column_width=135):
        for name, rate in found.items():
            advised = draft.rate is None and first is not None and first[0] == name
            _suggestion(draft, name, Rate(lr=rate, freeze_to=_freeze_to(curve), chosen_by=name), advised=advised)


def _suggestion(draft: Draft, name: str, rate: Rate, *, advised: bool) -> None:
    chosen = draft.rate is not None and draft.rate.lr == rate.lr
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown(f"**{name.capitalize()}** {rate_in_words(rate.lr)}")
        st.caption(MEANINGS[name])
        st.space("stretch")
        st.button(
            "Chosen" if chosen else "Use",
            icon=":material/check:" if chosen else None,
            key=f"use-{name}",
            type="primary" if advised else "secondary",
            disabled=chosen,
            on_click=_choose,
            args=(draft, rate),
            width="stretch",
        )
