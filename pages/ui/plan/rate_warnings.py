"""Rates at which the network collapsed in a range test: marked on their card and before the start."""

from collections.abc import Mapping

import streamlit as st

from core.errors import PlanError
from core.numbers import rate_in_words
from core.runs.draft import Card, Draft
from core.runs.folder import RunFolder
from core.runs.rate_guard import RateWarning, rate_warning, weights_of
from pages.ui.plan import drafts
from pages.ui.text import literal


def warnings_of(run: RunFolder, draft: Draft, groups: int) -> dict[str, RateWarning]:
    """What the run's range tests say against the planned rates, by the id of the card."""
    curves, found = run.curves(), {}
    if not curves:
        return {}
    now = weights_of(run)
    for place, card in enumerate(draft.cards):
        try:
            warning = rate_warning(card.stage(), curves, now, groups, later=place > 0)
        except PlanError:
            continue
        if warning is not None:
            found[card.uid] = warning
    return found


def mark(warning: RateWarning | None) -> None:
    """On a card: what the range test showed."""
    if warning is not None:
        st.caption(f":orange[:material/warning: Collapse] · {literal(warning.sentence, None)}")


def before_start(draft: Draft, warnings: Mapping[str, RateWarning]) -> list[tuple[int, Card, RateWarning]]:
    """Above the start: the stages, with their number, whose rate collapsed with the very weights of now."""
    sure = [(place, card, warnings[card.uid]) for place, card in enumerate(draft.cards, 1) if card.uid in warnings]
    sure = [found for found in sure if not found[2].earlier]
    for place, _, warning in sure:
        st.warning(f"Stage {place}: {literal(warning.sentence, None)}", icon=":material/warning:")
    return sure


def use_instead(draft: Draft, card: Card, warning: RateWarning, *, before_start: bool = False) -> None:
    """A button that takes the rate which the range test suggests, where it suggests one."""
    if warning.suggested is None:
        return
    st.button(
        f"Use {rate_in_words(warning.suggested)}",
        icon=":material/check:",
        key=f"use-{'before-start' if before_start else 'instead'}-{card.uid}",
        type="primary" if before_start else "secondary",
        help="The rate that this range test suggests.",
        on_click=drafts.set_rate,
        args=(draft, card, warning.suggested),
    )
