"""The stages of a plan, each on its card: in words, or open to be edited."""

from collections.abc import Callable, Mapping

import streamlit as st

from core.errors import AnnealError, PlanError
from core.runs.draft import Card, Draft
from core.runs.rate_guard import RateWarning
from core.training.stage import Stage
from pages.ui.errors import show
from pages.ui.plan import drafts
from pages.ui.plan.chosen_rate import note, rate_buttons
from pages.ui.plan.rate_warnings import mark, use_instead
from pages.ui.plan.stage_form import stage_form
from pages.ui.plan.stage_words import Facts, in_words
from pages.ui.text import literal

OPEN = "stage-being-edited"
"""Session key of the id of the card that is open."""


def open_card(card: Card) -> None:
    """Edit a card; the one that was open closes."""
    st.session_state[OPEN] = card.uid


def close_card() -> None:
    """Edit none of them."""
    st.session_state[OPEN] = None


def _is_open(card: Card) -> bool:
    return bool(st.session_state.get(OPEN) == card.uid)


def cards(draft: Draft, facts: Facts, warnings: Mapping[str, RateWarning]) -> str:
    """Every stage on its card, with its warning; returns the first thing that could not be read from open fields."""
    wrong = ""
    for place, card in enumerate(draft.cards):
        with st.container(border=True, key=f"card-{card.uid}", gap="small"):
            head, body = st.container(), st.container()
            if _is_open(card):
                with body:
                    found = _form(draft, card, facts)
                wrong = wrong or (f"Stage {place + 1}: {found}" if found else "")
            with head:
                _head(draft, place, card, facts, warnings.get(card.uid))
    return wrong


def _form(draft: Draft, card: Card, facts: Facts) -> str:
    """The fields of a card, saved as they change; what could not be read from them."""
    settings, wrong = stage_form(card.settings, card.uid, facts)
    if settings != card.settings:
        card.settings = settings
        try:
            drafts.save(draft)
        except AnnealError as error:
            show(error)
    return wrong[0] if wrong else ""


def _before(draft: Draft, place: int) -> Stage | None:
    """The planned stage before, where there is one that can be read."""
    try:
        return draft.cards[place - 1].stage() if place else None
    except PlanError:
        return None


def _head(draft: Draft, place: int, card: Card, facts: Facts, warning: RateWarning | None) -> None:
    """A stage in words, and what can be done with it."""
    text, buttons = st.columns([3, 2], vertical_alignment="center")
    with text, st.container(gap="xxsmall"):
        name = literal(card.settings.name) if card.settings.name else "Stage"
        st.markdown(f"**{place + 1} · {name}**")
        try:
            st.caption(in_words(card.stage(), facts, _before(draft, place)))
        except PlanError as error:
            st.caption(f":red[:material/error:] {literal(str(error), None)}")
        note(draft, card)
        mark(warning)
        if not _is_open(card):
            with st.container(horizontal=True, gap="xsmall"):
                rate_buttons(draft, card)
                if warning is not None and (draft.rate is None or draft.rate.lr != warning.suggested):
                    use_instead(draft, card, warning)
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        _edit_button(card)
        last = len(draft.cards) - 1
        _tool(draft, card, "content_copy", "Duplicate", draft.duplicate)
        _tool(draft, card, "arrow_upward", "Move up", lambda uid: draft.move(uid, -1), off=place == 0)
        _tool(draft, card, "arrow_downward", "Move down", lambda uid: draft.move(uid, 1), off=place == last)
        _tool(draft, card, "delete", "Remove", draft.remove)


def _edit_button(card: Card) -> None:
    key = f"edit-{card.uid}"
    if _is_open(card):
        st.button("Done", icon=":material/check:", key=key, on_click=close_card)
    else:
        st.button("Edit", icon=":material/edit:", key=key, on_click=open_card, args=(card,))


def _tool(draft: Draft, card: Card, icon: str, what: str, act: Callable[[str], None], *, off: bool = False) -> None:
    st.button(
        f":material/{icon}:",
        key=f"{icon}-{card.uid}",
        help=what,
        type="tertiary",
        disabled=off,
        on_click=drafts.change,
        args=(draft, lambda: act(card.uid)),
    )
