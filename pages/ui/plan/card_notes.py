"""Notes on a card of the plan: where its augmentation comes from, what it leaves out, and who put it in."""

from collections.abc import Sequence

import streamlit as st

from core.augment import NONE, OWN, Augmentation, keeping_labels, left_out, rows, warnings
from core.runs.chosen_augmentation import is_chosen, replaced
from core.runs.draft import Card, Draft
from pages.ui.plan import drafts
from pages.ui.plan.stage_words import augmentation_in_words
from pages.ui.text import literal

PAGE = "from the Augmentation page"


def augmentation_notes(draft: Draft, card: Card, classes: Sequence[str]) -> None:
    """What the augmentation of a card does to the labels, and where it was chosen."""
    how = card.settings.augmentation
    for sentence in warnings(how, classes)[:1]:
        st.caption(f":orange[:material/flip: Flip] · {literal(sentence, None)}")
    spared = left_out(how, classes)
    if spared:
        st.caption(f":material/flip: {literal(spared, None)} {_kept(how)}")
    if is_chosen(draft, card):
        st.caption(f":material/auto_awesome_motion: {_chosen(how)}{_instead(replaced(draft, card))}.")


def _kept(how: Augmentation) -> str:
    *names, last = [title.lower() for title, _ in rows(how)]
    said = f"{', '.join(names)} and {last} are used" if names else f"{last} is used"
    return f"{said[0].upper()}{said[1:]}."


def _chosen(how: Augmentation) -> str:
    if how.name == OWN:
        return f"Augmentation: your own, {PAGE}"
    if how == NONE:
        return f"No augmentation: your choice, {PAGE}"
    return f"Augmentation: your choice, {augmentation_in_words(how)}, {PAGE}"


def _instead(before: Augmentation | None) -> str:
    return "" if before is None else f", in place of {augmentation_in_words(before)}"


def advice_note(draft: Draft, card: Card) -> None:
    """On a card that a button put in: its words."""
    why = draft.prepared.get(card.uid)
    if why is not None:
        said = why if why == drafts.REPEATED else f"As advised: {why}"
        st.caption(f":material/lightbulb: {literal(said, None)}")


def note_buttons(draft: Draft, card: Card, classes: Sequence[str]) -> None:
    """What can be done about these notes."""
    how = card.settings.augmentation
    kept = keeping_labels(how, classes)
    if kept != how:
        st.button(
            "Keep the labels",
            icon=":material/flip:",
            key=f"keep-labels-{card.uid}",
            help=f"Augmentation that does not turn one class into another: {augmentation_in_words(kept)}.",
            on_click=drafts.set_augmentation,
            args=(draft, card, kept),
        )
    before = replaced(draft, card)
    if before is not None:
        st.button(
            "Undo augmentation",
            icon=":material/undo:",
            key=f"undo-augmentation-{card.uid}",
            help=f"Back to the augmentation that was here before: {augmentation_in_words(before)}.",
            on_click=drafts.give_augmentation_back,
            args=(draft, card),
        )
    if card.uid in draft.prepared:
        st.button(
            "Undo",
            icon=":material/undo:",
            key=f"undo-advice-{card.uid}",
            help="Take this stage out of the plan again.",
            on_click=drafts.change,
            args=(draft, lambda: draft.remove(card.uid)),
        )
