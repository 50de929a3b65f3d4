"""Confusion matrix: where the model errs, and the images behind every cell."""

import streamlit as st

from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.first_view import first_view
from pages.ui.frame import begin, end
from pages.ui.results.choice import choose_predictions
from pages.ui.results.classes import class_figures, classes_table, headline
from pages.ui.results.comparing import comparing_view, tta_gain
from pages.ui.results.evaluation import evaluate_button, link_to_training, untrained
from pages.ui.results.example import example
from pages.ui.results.gallery import gallery_view
from pages.ui.results.judged import Judged
from pages.ui.results.matrix import matrix_and_cell
from pages.ui.results.more_data import more_data_view
from pages.ui.results.nearest import nearest_view
from pages.ui.results.saved import saved_predictions
from pages.ui.results.sureness import sureness_view

context = begin(
    "Confusion matrix",
    ":material/grid_on:",
    lead="Accuracy says how often the model is right; the matrix says how it errs. Rows are what the images are, "
    "columns what they were taken for, all on validation images that it never trained on.",
    words=("loss", "augmentation"),
)
run = context.run
if run is None:
    first_view(context, "matrix", example, what="what the matrix of a trained model looks like.")
    st.stop()

with shown(stop=True):
    data = context.data()
assert data is not None

jobs.say_how_it_ended(run, "evaluate")
at_work = jobs.follow(context.workspace, run, link_to_training) is not None
if not run.checkpoint.exists():
    untrained()
    end(context)
    st.stop()

with shown(stop=True):
    chosen = choose_predictions(run, data)
saved = None
with shown():
    saved = saved_predictions(run, chosen)
    if saved is None:
        st.markdown("There are no predictions of these images with these weights yet.")
if saved is not None and saved.outdated:
    st.caption(":orange[:material/update:] The weights have changed since these predictions were made.")
if (saved is None or saved.outdated) and not at_work:
    evaluate_button(run, chosen)
if saved is None:
    end(context)
    st.stop()

table = class_figures(saved.predictions)
headline(saved.predictions, table)
tta_gain(run, chosen, saved.predictions)
key = f"matrix-{run.id}-{chosen.snapshot}-{chosen.split}{'-tta' if chosen.tta else ''}"
judged = Judged(run, data, saved.predictions)
matrix_and_cell(judged, key)
st.subheader("The images", anchor=False)
gallery_view(judged, key)
nearest_view(judged)
st.page_link("pages/mend.py", label="Is one of them labelled wrong? Mend it", icon=":material/healing:")
comparing_view(judged, chosen, key)
st.subheader("Class by class", anchor=False)
classes_table(table)
with shown():
    sureness_view(run, run.info, saved.predictions)
if run.info.pretrained:
    with shown():
        more_data_view(run)
end(context)
