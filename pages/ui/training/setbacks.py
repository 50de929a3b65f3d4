"""After a stage that diverged or collapsed: what happened, and the way back to the weights from before it."""

import streamlit as st

from core.numbers import rate_in_words
from core.runs.folder import RunFolder
from core.runs.setbacks import Setback, setbacks_of
from core.runs.state import RunInfo, RunState
from core.training.stage import Stage
from pages.ui.errors import shown
from pages.ui.plan import drafts
from pages.ui.text import literal, percent
from pages.ui.training.snapshots import is_loaded, load


def setbacks_view(run: RunFolder, info: RunInfo, state: RunState) -> bool:
    """Say which snapshot was loaded, and every setback that the present weights come from; whether there is one."""
    found: list[Setback] = []
    if state.loaded is not None:
        accuracy = state.figures.get("accuracy")
        figure = "" if accuracy is None else f", with {percent(accuracy)}"
        st.caption(f":material/restore: The present weights are those of the snapshot {literal(state.loaded)}{figure}.")
    with shown():
        found = setbacks_of(run)
        for setback in found:
            _setback(run, info, state, setback)
    return bool(found)


def _setback(run: RunFolder, info: RunInfo, state: RunState, setback: Setback) -> None:
    """What happened, and the ways on. That training diverged is an error which the page has shown already."""
    text = f"{literal(setback.sentence, None)} {literal(setback.advice, None)}"
    with st.container(key=f"setback-{setback.stage}", gap="small"):
        if setback.diverged:
            st.markdown(text)
        else:
            st.error(text, icon=":material/trending_down:", title="Training collapsed")
        kept, stage = setback.snapshot, state.stages[setback.stage].stage
        if kept is None or not isinstance(stage, Stage):
            return
        with st.container(horizontal=True):
            st.button(
                f"Load {literal(kept.name)}",
                type="primary",
                icon=":material/restore:",
                key=f"back-{setback.stage}",
                help="The next stage begins from it. The history stays.",
                on_click=load,
                args=(run, kept.name),
            )
            rate = rate_in_words(setback.try_rate)
            st.button(
                f"Load {literal(kept.name)} and plan the stage again at {rate}",
                icon=":material/replay:",
                key=f"again-{setback.stage}",
                help=f"{rate} is {setback.why}. Nothing is started yet.",
                on_click=_again,
                args=(run, info, kept.name, stage.model_copy(update={"lr": (setback.try_rate,)})),
            )


def _again(run: RunFolder, info: RunInfo, name: str, stage: Stage) -> None:
    if is_loaded(run, name):
        drafts.repeat(run, info, stage)
