"""The rate chosen on the LR finder page, in the plan: which stage has it, what it replaced, and the way back."""

import streamlit as st

from core.numbers import rate_in_words
from core.runs.draft import Card, Draft, Rate
from core.runs.state import RunInfo
from core.training.stage import Stage, scope_in_words
from core.training.suggestions import ANNEAL, PREFERRED
from pages.ui.plan import drafts
from pages.ui.plan.stage_words import Facts
from pages.ui.text import literal

SCOPES = {"head": "the head only"}
"""What a stage trains, where the words of `scope_in_words` do not fit a sentence."""


def chosen_by(rate: Rate) -> str:
    """Who or what chose a rate, as it stands behind "from"; for markdown."""
    if rate.chosen_by == ANNEAL:
        return "Anneal's suggestion"
    if rate.chosen_by in PREFERRED:
        return f"the rule {rate.chosen_by}"
    return literal(rate.chosen_by)


def where(draft: Draft, groups: int) -> str:
    """Which planned stage has the chosen rate, or will have it when the Training page is opened; "" for none."""
    rate, placed = draft.waiting, draft.placed
    if rate is not None:
        card = draft.fitting(rate, groups)
        if card is None:
            return "No planned stage trains that; the Training page offers to add one."
        return f"It goes into stage {draft.cards.index(card) + 1} of the plan."
    for number, card in enumerate(draft.cards, 1):
        if placed is not None and placed.still_in(card):
            return f"It is in stage {number} of the plan."
    return ""


def note(draft: Draft, card: Card) -> None:
    """On a card that has the chosen rate: where it comes from, and what it replaced."""
    placed = draft.placed
    if placed is None or not placed.still_in(card):
        return
    instead = "" if placed.before == card.settings.lr else f", in place of {_before(placed.before)}"
    rate = rate_in_words(placed.rate.lr)
    st.caption(f":material/troubleshoot: {rate}, from {chosen_by(placed.rate)} on the LR finder page{instead}")


def _before(lr: tuple[float, ...] | None) -> str:
    if lr is None:
        return "finding it first"
    return " to ".join(dict.fromkeys((rate_in_words(lr[0]), rate_in_words(lr[-1]))))


def rate_buttons(draft: Draft, card: Card) -> None:
    """Undo, on the card that was given the chosen rate; on one that has another rate, a button that takes it."""
    placed = draft.placed
    if placed is not None and placed.still_in(card):
        if placed.before != card.settings.lr:
            st.button(
                "Undo",
                icon=":material/undo:",
                key=f"undo-rate-{card.uid}",
                help=f"Back to what was here before: {_before(placed.before)}.",
                on_click=drafts.take_rate_back,
                args=(draft,),
            )
    elif draft.rate is not None and card.settings.lr != (draft.rate.lr,):
        st.button(
            f"Use {rate_in_words(draft.rate.lr)}",
            icon=":material/troubleshoot:",
            key=f"rate-{card.uid}",
            help="The rate that you chose on the LR finder page.",
            on_click=drafts.set_rate,
            args=(draft, card, draft.rate.lr),
        )


def no_stage_fits(draft: Draft, info: RunInfo, facts: Facts) -> None:
    """Where the rate that was just chosen fits no planned stage: a sentence, and the offer of one more stage."""
    rate = draft.waiting
    if rate is None:
        return
    scope = scope_in_words(rate.freeze_to, facts.groups)
    stage = Stage(freeze_to=rate.freeze_to, lr=(rate.lr,), size=info.size)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="rate-waits"):
        st.markdown(
            f":material/troubleshoot: The chosen rate, **{rate_in_words(rate.lr)}** from {chosen_by(rate)} on the LR "
            f"finder page, is for training {SCOPES.get(scope, scope)}. No planned stage trains that.",
            width="stretch",
        )
        st.button(
            "Add a stage with it",
            icon=":material/add:",
            key="rate-add",
            on_click=drafts.change,
            args=(draft, lambda: draft.add_for_rate(stage)),
        )
        st.button(
            "Leave it",
            key="rate-leave",
            type="tertiary",
            help="It stays on offer on the cards of the plan.",
            on_click=drafts.change,
            args=(draft, draft.leave_rate),
        )
