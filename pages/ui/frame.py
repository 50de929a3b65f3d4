"""The frame that every page begins with: page settings, navigation, the data and the run in hand, the live job."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import RunError
from core.workspace import Workspace
from pages.ui import hand
from pages.ui.errors import show
from pages.ui.names import plain

if TYPE_CHECKING:
    from core.data.index import DataSet
    from core.runs.folder import RunFolder

APP = Path(__file__).parents[2]

PAGES = (
    ("app.py", "Home", ":material/home:"),
    ("pages/data.py", "Data", ":material/photo_library:"),
    ("pages/learning_rate.py", "Learning rate", ":material/downhill_skiing:"),
    ("pages/augmentation.py", "Augmentation", ":material/auto_awesome_motion:"),
    ("pages/lr_finder.py", "LR finder", ":material/troubleshoot:"),
    ("pages/training.py", "Training", ":material/local_fire_department:"),
    ("pages/confusion_matrix.py", "Confusion matrix", ":material/grid_on:"),
    ("pages/predict.py", "Predict", ":material/center_focus_strong:"),
    ("pages/runs.py", "Runs", ":material/history:"),
)
"""Path, title and icon of each page, in the order of the lesson."""


@dataclass(frozen=True)
class Context:
    """What a page works on: the workspace, the run in hand if there is one, and the data in hand."""

    workspace: Workspace
    run: "RunFolder | None"
    choice: hand.DataChoice | None

    @property
    def data_spec(self) -> str | None:
        """The data set in hand as `core.data` names it: the run's, or the one chosen on the Data page."""
        if self.run is not None:
            return self.run.info.data_spec
        return self.choice.spec if self.choice else None

    def data(self) -> "DataSet | None":
        """The data set in hand; a first look at a big one shows its progress. Raises `DataError`, `RunError`."""
        if self.run is not None:
            return hand.of_run(self.workspace, self.run.info.id)
        return hand.look(self.workspace, self.choice) if self.choice else None


def begin(title: str, icon: str, *, lead: str) -> Context:
    """Begin a page: settings, sidebar, title and one line of what the page is for. The first call of every page.

    `?run=ID` puts that run in hand; one that is not there is said, and the page goes on without.
    """
    st.set_page_config(page_title=f"{title} · Anneal", page_icon=icon, layout="wide")
    workspace = Workspace.at()
    run = _run_in_hand(workspace)
    context = Context(workspace, run, None if run else hand.data_in_hand())
    with st.sidebar:
        _navigation()
    st.title(title)
    st.markdown(lead)
    return context


def _run_in_hand(workspace: Workspace) -> "RunFolder | None":
    run_id = hand.run_id_in_hand()
    if run_id is None:
        return None
    from core.runs.folder import open_run

    try:
        return open_run(workspace, run_id)
    except RunError as error:
        hand.put_run_down()
        show(error)
        return None


def _navigation() -> None:
    for path, label, icon in PAGES:
        if (APP / path).exists():
            st.page_link(path, label=label, icon=icon, width="stretch")
