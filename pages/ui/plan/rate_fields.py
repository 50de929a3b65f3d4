"""The learning rate of a stage as widgets: found first, one, or one for each layer group."""

import math

import streamlit as st

from core.numbers import rate_from_words, rate_in_words
from core.training.stage import HIGHEST_RATE, StageSettings
from pages.ui.plan.keyed import Keys
from pages.ui.plan.rate_array import by_slice, rate_chart
from pages.ui.plan.stage_words import Facts

FIND, ONE, EACH = "Find it first", "One rate", "One per group"
FIRST_RATE = 1e-3
"""Offered when a rate is to be given and none was chosen."""


def rate_fields(new: StageSettings, keys: Keys, facts: Facts) -> list[str]:
    """Widgets for the rate of `new`; what could not be read, as sentences."""
    given = new.lr
    now = FIND if given is None else ONE if len(given) == 1 else EACH
    several = new.freeze_to % len(facts.groups) < len(facts.groups) - 1
    wrong: list[str] = []
    with st.container(horizontal=True, vertical_alignment="bottom"):
        how = st.segmented_control(
            "Learning rate",
            [FIND, ONE, EACH] if several or now == EACH else [FIND, ONE],
            required=True,
            key=keys("how", now),
            help="Find it first: a range test runs when this stage's turn comes, and Anneal's suggestion is taken.",
        )
        if how == FIND:
            new.lr = None
        elif how == ONE:
            new.lr = (_rate("Highest rate", _last(given, facts), keys, "lr", wrong),)
        if how != EACH and several:
            new.group_ratio = st.number_input(
                "Each earlier group slower by",
                1.0,
                1000.0,
                step=1.0,
                format="%g",
                width=200,
                key=keys("ratio", new.group_ratio),
                help="The lesson takes 3 to 10: early layers see edges and need little change.",
            )
    if how == EACH:
        new.lr = _each(new, given, keys, facts, wrong)
    return wrong


def _last(given: tuple[float, ...] | None, facts: Facts) -> float:
    """The rate of the last layer group to begin with: the stage's own, the chosen one, or a usual one."""
    return given[-1] if given else facts.rate or FIRST_RATE


def _each(
    new: StageSettings, given: tuple[float, ...] | None, keys: Keys, facts: Facts, wrong: list[str]
) -> tuple[float, ...]:
    """One field for each layer group, stem to head; a frozen group's is disabled."""
    count = len(facts.groups)
    if given is None or len(given) != count:
        last = _last(given, facts)
        given = tuple(last / new.group_ratio ** (count - 1 - group) for group in range(count))
    first = new.freeze_to % count
    by_slice(keys, facts.groups, first)
    with st.container(horizontal=True):
        rates = tuple(
            _rate(name, given[group], keys, f"lr-{group}", wrong, disabled=group < first)
            for group, name in enumerate(facts.groups)
        )
    rate_chart(keys, facts.groups, rates, first)
    return rates


def _rate(label: str, given: float, keys: Keys, name: str, wrong: list[str], *, disabled: bool = False) -> float:
    """A field for a rate; `given` where what was written in it is none, which is then added to `wrong`."""
    written = rate_in_words(given)
    text = st.text_input(label, key=keys(name, written), width=140, disabled=disabled)
    if text == written:  # which is rounded
        return given
    try:
        rate = rate_from_words(text)
    except ValueError:
        rate = math.nan
    if 0 < rate <= HIGHEST_RATE:
        return rate
    wrong.append(
        f"“{text}” is not a learning rate. Write a number above 0 and at most {HIGHEST_RATE:g}, such as 0.003 or 3e-3."
    )
    return given
