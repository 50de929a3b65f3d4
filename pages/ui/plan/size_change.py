"""Where a stage trains at another image size than the one before: what that means, on its card."""

import streamlit as st

from core.numbers import rate_in_words
from core.runs.draft import Card, Draft
from core.training.stage import Stage
from pages.ui.plan import drafts
from pages.ui.plan.stage_words import NBSP, about


def size_note(stage: Stage, before: Stage | None, seconds: float | None) -> str:
    """What another size than that of the stage `before` brings; "" where the size stays the same.

    `seconds` is the time to make pixels and activations again: 0 where they are there already, None if not known.
    """
    if before is None or before.size == stage.size:
        return ""
    larger = "larger" if stage.size > before.size else "smaller"
    made = "Pixels and activations" if stage.precompute else "Pixels"
    if seconds == 0:
        again = f"{made} of this size are there already."
    elif seconds is None:
        again = f"{made} are made again first; how long that takes here was not measured yet."
    else:
        again = f"{made} are made again first, in {about(seconds)}."
    if stage.lr is None:
        rate = "The rate is found again before the stage begins."
    else:
        rate = f"The best rate may be another at this size: find it again, instead of {rate_in_words(stage.lr[-1])}."
    sizes = f"{before.size}{NBSP}px to {stage.size}{NBSP}px"
    return f"From {sizes}: same weights, {larger} pictures. {again} {rate}"


def find_again_button(draft: Draft, card: Card, before: Stage | None) -> None:
    """Where the size changes and the rate is given: a button that has it found by a range test."""
    if before is None or before.size == card.settings.size or card.settings.lr is None:
        return
    st.button(
        "Find the rate again",
        icon=":material/troubleshoot:",
        key=f"find-again-{card.uid}",
        help="A range test at the new size runs when this stage's turn comes, and Anneal's suggestion is taken.",
        on_click=drafts.find_again,
        args=(draft, card),
    )
