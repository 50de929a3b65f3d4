"""The frame of every page: settings, navigation, the run or data in hand, the live job, words, and what comes next."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.data.index import DataSet
from core.errors import AnnealError, RunError
from core.jobs import queue
from core.runs.folder import RunFolder, open_run
from core.workspace import Workspace
from pages.ui import session, style
from pages.ui.errors import show, shown
from pages.ui.garbage import collect_seldom
from pages.ui.hosting import keeper
from pages.ui.jobs import job_line
from pages.ui.logo import ICON, LOGO
from pages.ui.ready import get_ready
from pages.ui.standing import standing_of
from pages.ui.terms import words_row
from pages.ui.text import literal, plain
from pages.ui.visitor import here, notice
from pages.ui.way import HOME, next_after

APP = Path(__file__).parents[2]

PAGES = (
    ("app.py", "Home", ":material/home:"),
    ("pages/data.py", "Data", ":material/photo_library:"),
    ("pages/learning_rate.py", "Learning rate", ":material/downhill_skiing:"),
    ("pages/augmentation.py", "Augmentation", ":material/auto_awesome_motion:"),
    ("pages/lr_finder.py", "LR finder", ":material/troubleshoot:"),
    ("pages/training.py", "Training", ":material/local_fire_department:"),
    ("pages/confusion_matrix.py", "Confusion matrix", ":material/grid_on:"),
    ("pages/mend.py", "Mend", ":material/healing:"),
    ("pages/predict.py", "Predict", ":material/center_focus_strong:"),
    ("pages/runs.py", "Runs", ":material/history:"),
)
"""Path, title and icon of each page, in the order of the lesson."""


@dataclass(frozen=True)
class Context:
    """What a page works on: the workspace, the current run if there is one, and otherwise the chosen data set.

    `page` is the path of the page itself, as in `PAGES`.
    """

    page: str
    workspace: Workspace
    run: RunFolder | None
    choice: session.DataChoice | None

    @property
    def data_spec(self) -> str | None:
        """The data set as `core.data` names it: the current run's, or the one chosen on the Data page."""
        if self.run is not None:
            return self.run.info.data_spec
        return self.choice.spec if self.choice else None

    def data(self) -> DataSet | None:
        """The current run's data set, or the chosen one. Raises `DataError`, `RunError`."""
        if self.run is not None:
            return session.data_of_run(self.workspace, self.run.id)
        return session.load(self.workspace, self.choice) if self.choice else None


GO = "next-page"
"""Session key: the page that was asked for with the button at a page's end."""


def begin(title: str, icon: str, *, lead: str, words: Iterable[str] = ()) -> Context:
    """Begin a page: settings, sidebar, title and one line of what the page is for. The first call of every page.

    `words` are those of `TERMS` that the page uses: their meanings are offered under the lead.
    `?run=ID` opens that run; when it is not there, the page says so and goes on without it.
    """
    st.set_page_config(page_title=f"{title} · Anneal", page_icon=ICON, layout="wide")
    collect_seldom()
    style.put_on()
    st.logo(LOGO, icon_image=ICON, size="large")
    with shown(stop=True):
        workspace = here()
    _start_jobs(workspace)
    run = _current_run(workspace)
    page = next((path for path, name, _ in PAGES if name == title), HOME)
    context = Context(page, workspace, run, None if run else session.selected_data())
    _go_on(run)
    with st.sidebar:
        _navigation(run)
        _current(context)
        job_line(workspace, run)
        notice(workspace)
    st.title(title, anchor=False, icon=icon)
    st.markdown(lead)
    if words:
        words_row(words)
    return context


def end(context: Context) -> None:
    """End a page with one button to what comes next. The last call of every page, also before it stops.

    It is the page's primary button unless the page has one of its own at that moment (`pages/ui/style.py`).
    """
    try:
        now = standing_of(context.workspace, context.run, chosen=context.choice is not None)
    except AnnealError:  # the page has shown what is wrong with the run
        return
    found = next_after(context.page, now)
    if found is None:
        return
    icon = next((icon for path, _, icon in PAGES if path == found.page), None)
    st.button(found.label, type="primary", icon=icon, key="next", on_click=_remember, args=(found.page,))


def _remember(page: str) -> None:
    st.session_state[GO] = page


def _go_on(run: RunFolder | None) -> None:
    """Go to the page that was asked for before the one that is left is drawn once more."""
    page = st.session_state.pop(GO, None)
    if page is not None:
        st.switch_page(page, query_params={"run": run.id} if run else {})


def _start_jobs(workspace: Workspace) -> None:
    """Start queued jobs whose turn has come, and keep a process ready that starts the next one at once."""
    try:
        queue.advance(workspace)
        if workspace.host is not None:
            keeper.start(workspace.host)
        if os.environ.get("ANNEAL_WARM") != "0":
            get_ready(workspace)
    except AnnealError as error:
        show(error)


def _current_run(workspace: Workspace) -> RunFolder | None:
    run_id = session.selected_run_id()
    if run_id is None:
        return None
    try:
        return open_run(workspace, run_id)
    except RunError as error:
        session.close_run()
        show(error)
        return None


def _navigation(run: RunFolder | None) -> None:
    query = {"run": run.id} if run else None
    for path, label, icon in PAGES:
        if (APP / path).exists():
            st.page_link(path, label=label, icon=icon, width="stretch", query_params=query)


def _current(context: Context) -> None:
    """The run or the data set that all pages work on."""
    st.space("xsmall")
    if context.run is not None:
        info = context.run.info
        st.caption("Run in hand", help="Every page works on this run. Choose another on the Runs page.")
        with st.container(gap="xxsmall"):
            st.text(plain(info.name, 40))
            st.caption(f"{literal(info.data_title, 30)} · {literal(info.backbone, 24)}")
            close = session.close_run
            st.button("Close this run", key="close-run", icon=":material/close:", type="tertiary", on_click=close)
    elif context.choice is not None:
        st.caption("Chosen data", help="No run yet: the Data page starts one.")
        st.text(plain(session.selected_title(context.workspace, context.choice), 40))
