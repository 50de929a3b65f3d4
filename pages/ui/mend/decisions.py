"""What a click on the Mend page writes: an edit, or taking one back, into the list that all tabs share."""

import streamlit as st

from core.data.versions.edits import Action
from core.data.versions.ledger import Ledger, ledger_of
from core.errors import AnnealError
from core.runs.folder import RunFolder
from pages.ui import session
from pages.ui.errors import show

REFUSED = "mend-refused"
"""Session key: why the last click could not be done."""


def ledger_for(run: RunFolder) -> Ledger:
    """The list of edits of the run's data set."""
    return ledger_of(run.workspace, session.data_of_run(run.workspace, run.id))


def decide(run: RunFolder, image: str, action: Action, to: str = "") -> None:
    """Write down what was decided; a refusal is kept to be said."""
    try:
        ledger_for(run).decide(session.data_of_run(run.workspace, run.id), image, action, to)
    except AnnealError as error:
        st.session_state[REFUSED] = str(error)


def take_back(run: RunFolder, ids: tuple[str, ...]) -> None:
    """Take edits back; a refusal is kept to be said."""
    try:
        ledger_for(run).take_back(ids)
    except AnnealError as error:
        st.session_state[REFUSED] = str(error)


def say_refusal() -> None:
    """Say once why the last click could not be done."""
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        show(AnnealError(refused))
