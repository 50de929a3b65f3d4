"""The rates of all layer groups at once: spread by a slice, or set by clicking on a chart."""

from collections.abc import Sequence

import streamlit as st

from core.charts.rate_array import GROUP_RATE, rate_array
from core.errors import PlanError
from core.numbers import rate_from_words, rate_in_words
from core.training.rate_arrays import spaced
from core.training.stage import HIGHEST_RATE
from pages.ui.plan.keyed import Keys

SLICE = "1e-5:1e-3"
"""What the field for a slice shows as an example."""


def by_slice(keys: Keys, groups: Sequence[str], first: int) -> None:
    """A field for the two ends of a slice, which fills the rates of the trained groups, from number `first` on."""
    key = f"{keys.uid}-slice"
    st.text_input(
        f"Slice: rate of {groups[first]} : rate of {groups[-1]}",
        key=key,
        placeholder=SLICE,
        width=300,
        help="Two rates with a colon between them, as fastai's slice(1e-5, 1e-3): the groups between them get rates "
        "that are the same number of times apart.",
        on_change=_spread,
        args=(keys, len(groups), first),
    )
    wrong = st.session_state.get(f"{keys.uid}-slice-wrong")
    if wrong:
        st.caption(f":red[:material/error:] {wrong}")


def _spread(keys: Keys, count: int, first: int) -> None:
    """In the field's callback: write the rates of the slice into the groups' fields."""
    lowest, _, highest = st.session_state[f"{keys.uid}-slice"].partition(":")
    st.session_state[f"{keys.uid}-slice-wrong"] = ""
    if not lowest.strip():
        return
    try:
        ends = rate_from_words(lowest), rate_from_words(highest)
        if max(ends) > HIGHEST_RATE:
            raise ValueError
        rates = spaced(*ends, count - first)
    except (ValueError, PlanError):
        st.session_state[f"{keys.uid}-slice-wrong"] = (
            f"That is no slice. Write two rates above 0 and at most {HIGHEST_RATE:g} with a colon, such as {SLICE}."
        )
        return
    for group, rate in enumerate(rates, start=first):
        st.session_state[f"{keys.uid}-lr-{group}"] = rate_in_words(rate)


def rate_chart(keys: Keys, groups: Sequence[str], rates: Sequence[float], first: int) -> None:
    """The rates as points on a log axis; a click in a group's column sets its rate, written into its field."""
    turn = f"{keys.uid}-lr-chart-turn"
    st.session_state.setdefault(turn, 0)
    chart = rate_array(groups, rates, first)
    key = f"{keys.uid}-rate-chart-{st.session_state[turn]}"
    st.altair_chart(
        chart,
        key=key,
        alt="The learning rate of each layer group; click in a group's column to set it",
        on_select=lambda: _take(keys, key, turn),
        selection_mode=GROUP_RATE,
    )


def _take(keys: Keys, key: str, turn: str) -> None:
    """In the chart's callback: write the rate that was clicked into the group's field; the next click is a new one."""
    rows = st.session_state[key]["selection"].get(GROUP_RATE) or []
    if rows:
        st.session_state[f"{keys.uid}-lr-{int(rows[0]['number'])}"] = rate_in_words(float(rows[0]["offered"]))
        st.session_state[turn] += 1
