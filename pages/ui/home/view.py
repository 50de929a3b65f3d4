"""The parts of Home: the ways in, the recipe with what the current run has done of it, and the recent runs."""

import streamlit as st

from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace
from pages.ui import session
from pages.ui.errors import shown
from pages.ui.first_view import take_digits
from pages.ui.frame import Context, end
from pages.ui.home import recipe
from pages.ui.terms import used_in, words_row
from pages.ui.text import ago, literal, percent, plain, stages_in_words
from pages.ui.way import LEARNING_RATE

RECENT = 6


def first_choices(context: Context) -> None:
    """The ways in: with nothing chosen a first minute without data, then the data; else what comes next, first."""
    if context.run is None and context.choice is None:
        _first_minute(context)
        return
    with st.container(horizontal=True):
        end(context)
        _data_buttons(context)


def _first_minute(context: Context) -> None:
    """Two steps to begin with."""
    minute, data = st.columns(2, gap="medium")
    with minute, st.container(border=True, height="stretch"):
        st.markdown("**1 · A first minute: what a learning rate does**")
        st.caption("Watch two weights go downhill: too low a rate crawls, too high a rate zigzags. It needs no data.")
        st.space("stretch")
        end(context)
    with data, st.container(border=True, height="stretch"):
        st.markdown("**2 · Then the data**")
        st.caption("1,797 handwritten digits, which a small network learns in seconds, or images of your own.")
        st.space("stretch")
        with st.container(horizontal=True):
            _data_buttons(context)


def _data_buttons(context: Context) -> None:
    quick = st.button(
        "Start with digits",
        icon=":material/play_arrow:",
        help="Makes a run on 1,797 handwritten digits with a small network, and begins with what a learning rate does.",
    )
    if st.button("Choose your pictures", icon=":material/photo_library:"):
        st.switch_page("pages/data.py")
    if quick and (run := take_digits(context)):
        st.switch_page(LEARNING_RATE, query_params={"run": run.id})


FROM_SCRATCH = "This network begins with random weights, so all of it learns from the start."


def recipe_view(run: RunFolder | None, lead: str) -> None:
    """The steps of the run's path as links; those that it has taken are ticked, the next one is marked.

    The words that they and the page's `lead` use explain themselves.
    """
    st.subheader("The recipe", anchor=False)
    steps = recipe.steps_for(None)
    taken, coming = [False] * len(steps), None
    if run is None:
        st.caption("fast.ai's lesson 2 in eight steps. Once a run is open, this shows how far it has come.")
    else:
        with shown():
            info, state = run.info, run.state
            steps = recipe.steps_for(info)
            taken = recipe.taken(info, state, run.all_curves())
            coming = recipe.coming(steps, taken)
            if not info.pretrained:
                st.caption(FROM_SCRATCH)
            st.progress(sum(taken) / len(taken), text=f"{sum(taken)} of {len(taken)} steps taken")
    words_row(used_in(" ".join([lead, *(f"{step.title} {step.why}" for step in steps)])))
    with st.grid(4, min_column_width=170):
        for place, step in enumerate(steps):
            _step(place, step, done=taken[place], coming=step == coming)


def _step(place: int, step: recipe.Step, *, done: bool, coming: bool) -> None:
    icon = ":material/check_circle:" if done else f":material/counter_{place + 1}:"
    title = f"**{step.title}**" if coming or not done else step.title
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.page_link(step.page, label=title, icon=icon, width="stretch")
        st.caption(f"**Next:** {step.why}" if coming else step.why)


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
            best = f"best **{percent(state.best.accuracy)}** · " if state.best else ""
            st.caption(f"{best}{about}")
            st.caption(f"{stages_in_words(state)} · {ago(info.created)}")
        if not outcome.ok:
            st.page_link("pages/runs.py", label="Delete it on the Runs page", icon=":material/history:")
            return
        st.space("stretch")
        if st.button("Open", key=f"open-{run.id}", icon=":material/arrow_forward:", width="stretch"):
            session.select_run(run.id)
            st.switch_page("pages/training.py", query_params={"run": run.id})
