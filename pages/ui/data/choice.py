"""Which data set the session works on: the ways to one, and how it is split."""

import streamlit as st

from core.data.index import DataSet
from pages.ui import session
from pages.ui.data.pickers import data_picker
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.text import literal

CHOOSING = "choosing"
"""Session key: whether the ways to another data set are open."""


def choose_data(context: Context) -> None:
    """The ways to a data set: open while none is chosen, one click away afterwards."""
    if context.data_spec is not None and not st.session_state.get(CHOOSING):
        return
    spec = data_picker("data", context.workspace)
    if spec is None:
        return
    choice = session.DataChoice(spec)
    with shown() as outcome:
        session.forget(context.workspace, choice)
        session.load(context.workspace, choice)
    if outcome.ok:
        session.select_data(choice)
        st.session_state[CHOOSING] = False
        st.rerun()


def change_button() -> None:
    """A button that opens or closes the ways to another data set."""
    st.button("Choose other data", icon=":material/swap_horiz:", type="tertiary", on_click=_change)


def _change() -> None:
    st.session_state[CHOOSING] = not st.session_state.get(CHOOSING)


def split_form(context: Context, data: DataSet) -> None:
    """How much is held out for validation, where the data does not say so itself."""
    choice = context.choice
    if choice is None or data.split_origin == "as given":
        st.caption(f"Split: {literal(data.split_origin)}.")
        return
    with st.form("split", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.slider("Held out for validation", 5, 50, round(choice.valid_share * 100), 5, format="%d %%")
        seed = st.number_input("Seed", 0, 2**31 - 1, choice.seed, help="Another seed holds out others.", width=120)
        if st.form_submit_button("Split again"):
            session.select_data(session.DataChoice(choice.spec, share / 100, int(seed)))
            st.rerun()
