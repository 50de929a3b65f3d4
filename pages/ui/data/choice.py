"""Which data set the session works on: the ways to one, taking it, and how it is split."""

from dataclasses import replace

import streamlit as st

from core.data.index import DataSet
from core.errors import AnnealError
from pages.ui import session
from pages.ui.data import correction
from pages.ui.data.pickers import data_picker
from pages.ui.data.sentences import show_refusal
from pages.ui.data.sources import forget_source
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.session import DataChoice
from pages.ui.text import literal

CHOOSING = "choosing"
"""Session key: whether the ways to another data set are open."""
SPLIT_SAID = "split-said"
"""Session key: the data set that was last split again, and what that changed."""


def choose_data(context: Context) -> DataChoice | None:
    """The ways to a data set: open while none is chosen, one click away afterwards.

    Returns a data set that was asked for and is refused as it is read now; its sentence is on the page by then.
    """
    open_ = context.data_spec is None or bool(st.session_state.get(CHOOSING))
    if open_:
        spec = data_picker("data", context.workspace)
        if spec is not None:
            session.forget(context.workspace, spec)
            forget_source(context.workspace, spec)
            correction.want(DataChoice(spec))
    choice = correction.wanted()
    if choice is not None:
        _take(context, choice)
        if not open_:
            change_button()
    return choice


def _take(context: Context, choice: DataChoice) -> None:
    """Work on a data set from now on, and begin the page anew, if it can be read; otherwise say why it cannot."""
    try:
        session.load(context.workspace, choice)
    except AnnealError as error:
        show_refusal(error)
    else:
        correction.give_up()
        session.select_data(choice)
        st.session_state[CHOOSING] = False
        st.rerun()


def change_button() -> None:
    """A button that opens or closes the ways to another data set."""
    st.button("Choose other data", icon=":material/swap_horiz:", type="tertiary", on_click=_change)


def _change() -> None:
    correction.give_up()
    st.session_state[CHOOSING] = not st.session_state.get(CHOOSING)


def split_form(context: Context, data: DataSet) -> None:
    """How much is held out for validation, where the data does not say so itself."""
    choice = context.choice
    if choice is None or data.split_origin.startswith("as given"):
        st.caption(f"Split: {literal(data.split_origin, None)}.")
        return
    with st.form("split", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.slider("Held out for validation", 5, 50, round(choice.valid_share * 100), 5, format="%d%%")
        seed = st.number_input("Seed", 0, 2**31 - 1, choice.seed, help="Another seed holds out others.", width=120)
        asked = st.form_submit_button("Split again")
    if asked:
        _split(context, data, replace(choice, valid_share=share / 100, seed=int(seed)))
    said = st.session_state.get(SPLIT_SAID)
    if said and said[0] == data.fingerprint:
        st.caption(said[1])


def _split(context: Context, data: DataSet, choice: DataChoice) -> None:
    """Split as `choice` says, and have the page say how many images changed sides."""
    with shown() as outcome:
        split = session.load(context.workspace, choice)
    if outcome.ok:
        sides = dict(zip(data.items.names, data.items.splits(), strict=True))
        after = zip(split.items.names, split.items.splits(), strict=True)
        moved = sum(sides.get(name, "") != side for name, side in after)
        st.session_state[SPLIT_SAID] = (split.fingerprint, _what_changed(moved, len(split.items)))
        session.select_data(choice)
        st.rerun()


def _what_changed(moved: int, images: int) -> str:
    if not moved:
        return "Split again: no image changed sides. Another seed holds out other images."
    return f"Split again: {moved:,} of {images:,} images changed sides."
