"""The parts of Home: the ways in, the recipe with what the current run has done of it, and the recent runs."""

import streamlit as st

from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from pages.ui import session
from pages.ui.errors import shown
from pages.ui.first_view import take_digits
from pages.ui.frame import Context
from pages.ui.home import recipe
from pages.ui.text import ago, literal, percent, plain, stages_in_words

RECENT = 6


def first_choices(context: Context) -> None:
    """The two ways in: data that comes along, or one's own."""
    with st.container(horizontal=True):
        quick = st.button(
            "Start with digits",
            type="primary",
            icon=":material/play_arrow:",
            help="Makes a run on 1,797 handwritten digits with a small network: above 98% in under a minute.",
        )
        if st.button("Choose your pictures", icon=":material/photo_library:"):
            st.switch_page("pages/data.py")
    if quick and (run := take_digits(context)):
        st.switch_page("pages/lr_finder.py", query_params={"run": run.id})


def recipe_view(run: RunFolder | None) -> None:
    """The eight steps as links; those that the current run has taken are ticked, the next one is marked."""
    st.subheader("The recipe", anchor=False)
    taken = [False] * len(recipe.STEPS)
    if run is None:
        st.caption("fast.ai's lesson 2 in eight steps. Once a run is open, this shows how far it has come.")
    else:
        with shown():
            taken = recipe.reached(run.state, run.curves())
            st.progress(sum(taken) / len(taken), text=f"{sum(taken)} of {len(taken)} steps taken")
    coming = taken.index(False) if run and not all(taken) else None
    with st.grid(4, min_column_width=170):
        for place, step in enumerate(recipe.STEPS):
            _step(place, step, done=taken[place], coming=place == coming)


def _step(place: int, step: recipe.Step, *, done: bool, coming: bool) -> None:
    icon = ":material/check_circle:" if done else f":material/counter_{place + 1}:"
    title = f"**{step.title}**" if coming or not done else f":gray[{step.title}]"
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.page_link(step.page, label=title, icon=icon, width="stretch")
        st.caption(f":primary[Next:] {step.why}" if coming else step.why)


def recent_runs(workspace: Workspace) -> None:
    """The runs made last, each with its accuracy and a way to open it."""
    runs = list_runs(workspace)
    if not runs:
        return
    st.subheader("Recent runs", anchor=False)
    with st.grid(3, min_column_width=240):
        for run in runs[:RECENT]:
            with shown():
                _recent(run)
    if len(runs) > RECENT:
        st.page_link("pages/runs.py", label=f"All {len(runs):,} runs", icon=":material/history:")


def _recent(run: RunFolder) -> None:
    """A card for a run; what is wrong with its state is said on it."""
    info = run.info
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.text(plain(info.name, 40))
        about = f"{literal(info.data_title, 30)} · {literal(info.backbone, 24)}"
        with shown() as outcome:
            state = run.state
            best = f"**{percent(state.best.accuracy)}** · " if state.best else ""
            st.caption(f"{best}{about}")
            st.caption(f"{stages_in_words(state)} · {ago(info.created)}")
        if not outcome.ok:
            st.page_link("pages/runs.py", label="Delete it on the Runs page", icon=":material/history:")
            return
        st.space("stretch")
        if st.button("Open", key=f"open-{run.id}", icon=":material/arrow_forward:", width="stretch"):
            session.select_run(run.id)
            st.switch_page("pages/training.py", query_params={"run": run.id})
