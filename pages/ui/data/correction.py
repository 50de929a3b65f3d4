"""How a person's corrections of a reading are kept: the data set that is wanted, and how it was read before."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.data.reading import Choice, ChosenPart
from pages.ui import session
from pages.ui.session import DataChoice

WANTED = "data-wanted"
"""Session key: a data set to work on as soon as it can be read, and the run that was open when it was asked for."""
BEFORE = "data-before"
"""Session key: the data set as it was read before each correction, the oldest first."""
MOST = 50
"""Corrections that can be undone."""


def want(choice: DataChoice) -> None:
    """Ask for a data set that has not been corrected; the page takes it when it can be read."""
    st.session_state.pop(BEFORE, None)
    _ask_for(choice)


def wanted() -> DataChoice | None:
    """What was asked for and cannot be read, or has not been read yet; forgotten when another run was opened since."""
    kept: dict[str, Any] | None = st.session_state.get(WANTED)
    if kept is None:
        return None
    if kept["run"] != session.selected_run_id():
        give_up()
        return None
    return DataChoice.from_session(kept["data"])


def give_up() -> None:
    """Ask for nothing any more; what was chosen before stays chosen."""
    st.session_state.pop(WANTED, None)


def correct(before: DataChoice, choice: Choice) -> None:
    """In a widget's callback: ask for the same data set, read as `choice` says."""
    stack = [*st.session_state.get(BEFORE, []), before.to_session()]
    st.session_state[BEFORE] = stack[-MOST:]
    _ask_for(replace(before, choice=choice))


def choose_part(before: DataChoice, folder: str, key: str) -> None:
    """In the callback of a folder's widget: give the folder the part that was chosen; None is the rules' own."""
    part: ChosenPart | None = st.session_state.get(key)
    correct(before, before.choice.with_part(folder, part))


def can_undo(choice: DataChoice) -> bool:
    """Whether there is a correction of this data set to undo."""
    stack = st.session_state.get(BEFORE, [])
    return bool(stack) and stack[-1]["spec"] == choice.spec


def undo() -> None:
    """In a button's callback: read the data set as before the last correction."""
    stack = list(st.session_state.get(BEFORE, []))
    if stack:
        st.session_state[WANTED] = {"data": stack.pop(), "run": session.selected_run_id()}
        st.session_state[BEFORE] = stack


def _ask_for(choice: DataChoice) -> None:
    st.session_state[WANTED] = {"data": choice.to_session(), "run": session.selected_run_id()}
