"""The training images nearest to an image: asked for once, and then beside every image that is looked at."""

import streamlit as st

from core.errors import AnnealError
from core.jobs.specs import StudySpec
from core.results.neighbours import NearestAnswer
from pages.ui.errors import shown
from pages.ui.neighbours import neighbours_row
from pages.ui.results.judged import Judged
from pages.ui.study import answer_or_ask
from pages.ui.text import literal


def nearest_view(judged: Judged) -> None:
    """Below the gallery: a button that finds them, for validation images."""
    if judged.predictions.about.split != "valid":
        return
    with shown():
        spec = StudySpec(question=judged.nearest_question)
        found = answer_or_ask(judged.run, spec, NearestAnswer, "Find the nearest training images", followed=True)
        if found is None:
            st.caption("Then each image that you look at has its most similar training images beside it.")
        else:
            st.caption(":material/check: Each image that you look at has its most similar training images beside it.")


def nearest_of(judged: Judged, position: int) -> None:
    """The nearest training images of one prediction, with their classes; nothing until they were found."""
    try:
        answer = judged.nearest()
    except AnnealError:
        return
    item = int(judged.predictions.indices[position])
    if answer is None or item not in answer.items:
        return
    found, row = answer.neighbours(judged.data), answer.items.index(item)
    label = int(judged.predictions.labels[position])
    agree, count = found.agreeing(label, row), found.indices.shape[1]
    st.markdown("**Nearest training images**, to the network")
    neighbours_row(judged.data, found, row)
    st.caption(
        f"{agree} of {count} are {literal(judged.predictions.classes[label], 30)}, as this image is labelled. "
        "The number is the cosine of their activations: 1 is the same."
    )
