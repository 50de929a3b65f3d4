"""What the plan's pages show while there is no current run: an example, and one click to begin."""

from collections.abc import Callable

import streamlit as st

from core.data.catalogue import DIGITS, DIGITS_SIZE
from core.model.catalogue import SMALL_CNN
from core.runs.create import create_run
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.data.new_run import new_run_form
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.ready import decode_ahead


def first_view(context: Context, key: str, example: Callable[[], None], *, what: str) -> None:
    """Draw `example`, and beside it the ways to a run: the chosen data, digits in one click, or other data."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.caption(f":material/visibility: An example, not yours: {what}")
        example()
    with right:
        if context.data_spec is not None:
            with st.container(border=True):
                st.markdown("**Start a run with the chosen data**")
                with shown():
                    new_run_form(context, key)
        _one_click(context, key)


def _one_click(context: Context, key: str) -> None:
    with st.container(border=True):
        st.markdown("**Or begin with digits**" if context.choice else "**Nothing chosen yet? Begin with digits**")
        st.caption(
            "1,797 real handwritten digits that come with Anneal, and a small network that learns them in seconds."
        )
        begin = st.button(
            "Start with digits",
            type="secondary" if context.choice else "primary",
            icon=":material/bolt:",
            key=f"{key}-digits",
            width="stretch",
        )
        st.page_link("pages/data.py", label="Choose other data", icon=":material/photo_library:")
        st.page_link("pages/runs.py", label="Open an earlier run", icon=":material/history:")
    if begin and take_digits(context):
        st.rerun()


def take_digits(context: Context) -> RunFolder | None:
    """Make a run on the digits and open it: the shortest way to something that learns. None when it failed."""
    with shown() as outcome:
        data = session.load(context.workspace, session.DataChoice(DIGITS))
        run = create_run(context.workspace, data, backbone=SMALL_CNN, size=DIGITS_SIZE, name="Digits, first run")
        session.select_run(run.id)
        decode_ahead(data, DIGITS_SIZE, context.workspace)
    return run if outcome.ok else None
