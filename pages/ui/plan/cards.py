"""The stages of a plan, each on its card: in words, or open to be edited."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.errors import AnnealError, PlanError
from core.runs.draft import Card, Draft
from core.runs.rate_guard import RateWarning
from core.training.stage import Stage
from pages.ui.errors import show
from pages.ui.plan import drafts
from pages.ui.plan.card_notes import advice_note, augmentation_notes, note_buttons
from pages.ui.plan.chosen_rate import note, rate_buttons
from pages.ui.plan.rate_warnings import mark, use_instead
from pages.ui.plan.size_change import find_again_button, size_note
from pages.ui.plan.stage_form import stage_form
from pages.ui.plan.stage_words import Facts, fit_in_words, settings_in_words
from pages.ui.plan.times import time_of
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


def _stage(card: Card) -> Stage | None:
    """The stage of a card, where its settings do not contradict each other."""
    try:
        return card.stage()
    except PlanError:
        return None


def _head(draft: Draft, place: int, card: Card, facts: Facts, warning: RateWarning | None) -> None:
    """A stage in words, and what can be done with it."""
    text, buttons = st.columns([5, 2], vertical_alignment="center")
    planned = [stage for stage in map(_stage, draft.cards[:place]) if stage is not None]
    before = _stage(draft.cards[place - 1]) if place else facts.last
    with text, st.container(gap="xxsmall"):
        name = literal(card.settings.name) if card.settings.name else "Stage"
        st.markdown(f"**{place + 1} · {name}**")
        try:
            _in_words(card.stage(), facts, before if place else None, planned)
        except PlanError as error:
            st.caption(f":red[:material/error:] {literal(str(error), None)}")
        advice_note(draft, card)
        augmentation_notes(draft, card, facts.classes)
        _size_note(card, facts, before, planned)
        note(draft, card)
        mark(warning)
        with st.container(horizontal=True, gap="xsmall"):
            note_buttons(draft, card, facts.classes)
            find_again_button(draft, card, before)
            if not _is_open(card):
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


def _in_words(stage: Stage, facts: Facts, before: Stage | None, planned: Sequence[Stage]) -> None:
    """What is trained and how, then on what and how long it takes; `before` is the planned stage before."""
    st.caption(fit_in_words(stage, facts, before))
    st.caption(settings_in_words(stage, facts, time_of(stage, facts, planned, before)))


def _size_note(card: Card, facts: Facts, before: Stage | None, planned: Sequence[Stage]) -> None:
    """On a card with another image size than the stage before: what that means."""
    stage = _stage(card)
    if stage is None:
        return
    said = size_note(stage, before, None if facts.pace is None else facts.pace.made_first(stage, planned))
    if said:
        st.caption(f":material/photo_size_select_large: {said}")


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
