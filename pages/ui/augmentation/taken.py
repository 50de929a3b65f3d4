"""Choosing an augmentation for training: it goes into the plan of the run in hand, and the page says where."""

import streamlit as st

from core.augment import Augmentation
from core.errors import RunError
from core.runs.chosen_augmentation import is_chosen
from core.runs.draft import Draft
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.plan import drafts


def use_button(run: RunFolder | None, how: Augmentation) -> None:
    """A button that chooses this augmentation for training."""
    st.button("Use for training", icon=":material/check:", key="use-augmentation", on_click=_use, args=(run, how))


def _use(run: RunFolder | None, how: Augmentation) -> None:
    """In the button's callback: choose it in this session, and put it into the plan of the run in hand."""
    draft = _draft(run)  # before the choice: what was planned until now is what the cards can go back to
    session.choose_augmentation(how)
    if draft is not None:
        drafts.take_augmentation(draft, how)


def say_where(run: RunFolder | None, how: Augmentation) -> None:
    """Where this augmentation is used, when it is the chosen one."""
    draft = _draft(run)
    chosen = session.chosen_augmentation() if draft is None else draft.augmentation
    if chosen != how:
        return
    if draft is None:
        st.success("Chosen: the plan of the next run begins with these settings.")
        return
    stages = [str(number) for number, card in enumerate(draft.cards, start=1) if is_chosen(draft, card)]
    if len(stages) == 1:
        st.success(f"Chosen: it is in stage {stages[0]} of this run's plan, and its card says so.")
    elif stages:
        which = f"{', '.join(stages[:-1])} and {stages[-1]}"
        st.success(f"Chosen: it is in stages {which} of this run's plan, and their cards say so.")
    else:
        st.success("Chosen: the stages that you plan next begin with these settings.")


def _draft(run: RunFolder | None) -> Draft | None:
    """The plan of the run in hand; None where there is no run, or it cannot be read."""
    try:
        return None if run is None else drafts.draft_of(run, run.info)
    except RunError:
        return None
