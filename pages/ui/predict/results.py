"""The answers on the page: of one image, or of many with one of them opened."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.data.index import DataSet
from core.runs.folder import RunFolder
from core.runs.threshold import threshold_of
from pages.ui.predict.answering import say_errors
from pages.ui.predict.kept import Kept
from pages.ui.predict.many import table_view
from pages.ui.predict.one import one_view
from pages.ui.predict.ready import Ready
from pages.ui.text import literal

KEY = "predict"


def answers_view(run: RunFolder, data: DataSet, ready: Ready, found: Sequence[Kept]) -> None:
    """One answer by itself; of several a table and the one that is open."""
    say_errors(found)
    if len(found) == 1 and not found[0].error:
        one_view(run, data, ready, found[0], threshold_of(run), KEY)
    if len(found) < 2:
        return
    least = threshold_of(run)
    opened = found[table_view(found, ready.predictor.classes, least, KEY)]
    if not opened.error:
        st.subheader(literal(opened.name, 50), anchor=False)
        one_view(run, data, ready, opened, least, KEY)


def one_answer(run: RunFolder, data: DataSet, ready: Ready, answer: Kept, true: str) -> None:
    """The answer for one of the run's own images, whose class `true` is known."""
    say_errors([answer])
    if not answer.error:
        one_view(run, data, ready, answer, threshold_of(run), KEY, true)


def untrained(example: Callable[[], None]) -> None:
    """A run without weights: where to train it, and what will then be here."""
    with st.container(border=True):
        st.markdown("**This run has not trained yet.** Train a stage, and come back to try it on other images.")
        st.page_link("pages/training.py", label="Train it", icon=":material/local_fire_department:")
    st.caption(":material/visibility: An example, not yours: what a trained network says of an image.")
    example()
