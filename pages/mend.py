"""Mend: relabel images and leave them out; what is probably labelled wrong, and what is there twice."""

import streamlit as st

from core.jobs.specs import StudySpec
from core.results.studies import Suspects
from core.results.suspects import SuspectsAnswer
from pages.ui.errors import shown
from pages.ui.first_view import first_view
from pages.ui.frame import begin, end
from pages.ui.mend.example import example
from pages.ui.mend.export import take_away
from pages.ui.mend.figures import mended_figures
from pages.ui.mend.view import mending
from pages.ui.study import answer_or_ask

context = begin(
    "Mend",
    ":material/healing:",
    lead="A wrong label teaches the wrong thing, and makes a right answer count as an error. Here every image can be "
    "relabelled, left out or confirmed. Your files stay as they are: each edit is a line in a list, and can be taken "
    "back.",
    words=("head", "activations"),
)
run = context.run
if run is None:
    first_view(context, "mend", example, what="what is looked at here, and why.")
    st.stop()

with shown(stop=True):
    data = context.data()
assert data is not None

with shown():
    answer = answer_or_ask(
        run,
        StudySpec(question=Suspects()),
        SuspectsAnswer,
        "Look for suspicious images",
    )
    if answer is None:
        st.caption(
            "Probable label errors, found by heads, each of which judges only images that it was not trained on; "
            "copies; and images unlike their class. It takes seconds once the activations are computed."
        )
    mending(run, data, answer)
    mended_figures(run, data)
    take_away(run, data)
end(context)
