"""When training is done: the result and how sure it is, the verdict in a line, and one button for what to do next."""

import streamlit as st

from core.data.index import DataSet
from core.results.diagnosis import Diagnosis
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.proportions import interval
from pages.ui.errors import shown
from pages.ui.text import literal, percent
from pages.ui.training.moment import Moment, read
from pages.ui.training.next_steps import NextStep, next_steps, step_button
from pages.ui.training.verdict import badge, verdict_of


def ending(run: RunFolder, info: RunInfo, data: DataSet) -> list[NextStep]:
    """Show the end of a plan, with the step that fits best as its button; the other steps that fit."""
    with shown():
        now = read(run, data, None)
        if len(now.epochs):
            said = verdict_of(info, now)
            first, *others = next_steps(run, info, data, now, said)
            _ending(run, data, now, said, first)
            return others
    return []


def _ending(run: RunFolder, data: DataSet, now: Moment, said: Diagnosis, first: NextStep) -> None:
    state, images = now.state, len(data.indices("valid"))
    accuracy = state.figures.get("accuracy")
    with st.container(border=True, key="ending"):
        st.markdown("**Training is done**" if state.loaded is None else "**These weights**")
        if accuracy is not None:
            low, high = interval(accuracy, images)
            st.metric("Accuracy on validation images", percent(accuracy))
            st.caption(
                f"For images of this kind: {percent(low)} to {percent(high)} "
                f"(95% interval, from {images:,} validation images)."
            )
        if state.loaded is None:  # the verdict is of the last epochs, which the loaded weights are not of
            st.markdown(f"{badge(said)} {_in_a_line(now, said)}")
        if first.why:
            st.caption(literal(first.why, None))
        step_button(run, first, primary=True)


def _in_a_line(now: Moment, said: Diagnosis) -> str:
    """The two losses that the verdict compares; its sentences are said once, beside its pictures below."""
    if said.gap is None:
        return literal(said.evidence[0], None)
    last = now.epochs.dropna(subset=["train_loss", "valid_loss"]).iloc[-1]
    return f"Training loss {last['train_loss']:.3f}, validation loss {last['valid_loss']:.3f}."
