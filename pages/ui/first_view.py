"""What the plan's pages show while no run is in hand: an example, and one click to begin."""

from collections.abc import Callable

import streamlit as st

from core.runs.folder import create_run
from pages.ui import hand
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.new_run import new_run_form

DIGITS = "digits"
DIGITS_SIZE = 32


def first_view(ctx: Context, key: str, example: Callable[[], None], *, what: str) -> None:
    """Draw `example`, and beside it the ways to a run: the data in hand, digits in one click, or other data."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.caption(f":material/visibility: An example, not yours: {what}")
        example()
    with right:
        if ctx.data_spec is not None:
            with st.container(border=True):
                st.markdown("**Start a run with the data in hand**")
                with shown():
                    new_run_form(ctx, key)
        _one_click(ctx, key)


def _one_click(ctx: Context, key: str) -> None:
    with st.container(border=True):
        st.markdown("**Nothing chosen yet? Begin with digits**")
        st.caption(
            "1,797 real handwritten digits that come with Anneal, and a small network that learns them in seconds."
        )
        begin = st.button(
            "Start with digits", type="primary", icon=":material/bolt:", key=f"{key}-digits", width="stretch"
        )
        st.page_link("pages/data.py", label="Choose other data", icon=":material/photo_library:")
        st.page_link("pages/runs.py", label="Open an earlier run", icon=":material/history:")
    if not begin:
        return
    with shown() as outcome:
        data = hand.look(ctx.workspace, hand.DataChoice(DIGITS))
        run = create_run(ctx.workspace, data, backbone="small_cnn", size=DIGITS_SIZE, pretrained=False)
        hand.take_run(run.id)
    if outcome.ok:
        st.rerun()
