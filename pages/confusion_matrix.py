"""Confusion matrix: where the model errs, and the images behind every cell."""

import numpy as np
import streamlit as st

from core.charts.confusion import confusion
from core.jobs.specs import EvaluateSpec
from core.jobs.store import Job
from core.results.confusion import as_frame
from core.runs.folder import RunFolder
from core.runs.names import BEST, LATEST
from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.first_view import first_view
from pages.ui.frame import begin
from pages.ui.results.matrix import class_figures, classes_table, headline, matrix_and_cell, predictions_in, worst_view
from pages.ui.text import literal, percent

LEAD = (
    "Accuracy says how often the model errs; the matrix says how. Rows are what the images are, columns what they were "
    "taken for, all on validation images that it never trained on."
)


def example() -> None:
    """A made-up matrix of four fruits."""
    names = ["apple", "pear", "lemon", "orange"]
    matrix = np.array([[46, 4, 0, 0], [3, 45, 2, 0], [0, 1, 47, 2], [1, 0, 9, 40]])
    chart = confusion(as_frame(matrix, names), classes=names, title="Example: oranges are often taken for lemons")
    st.altair_chart(chart, key="example", alt="An example: four fruits, most of them on the diagonal")


def choose(run: RunFolder) -> tuple[str, str, bool]:
    """Whose predictions: which snapshot's, on which split, plain or with test-time augmentation."""
    names = [LATEST, *(snapshot.name for snapshot in reversed(run.snapshots()))]
    accuracies = {snapshot.name: snapshot.accuracy for snapshot in run.snapshots()}

    def title(name: str) -> str:
        words = {LATEST: "Latest weights", BEST: "Best so far"}.get(name, name)
        accuracy = accuracies.get(name)
        return words if accuracy is None else f"{words} ({percent(accuracy)})"

    with st.container(horizontal=True, vertical_alignment="bottom"):
        snapshot = st.selectbox("Weights", names, format_func=title, key="matrix-snapshot", width=260)
        splits = {"valid": "Validation"} | ({"test": "Test"} if len(run.data().indices("test")) else {})
        split = "valid"
        if len(splits) > 1:
            split = st.segmented_control(
                "Images",
                list(splits),
                format_func=splits.__getitem__,
                default="valid",
                required=True,
                key="matrix-split",
            )
        tta = st.toggle(
            "Average over augmented views",
            key="matrix-tta",
            help="Test-time augmentation: each image is looked at several times, a little changed; the mean counts.",
        )
    return snapshot, split, tta


context = begin("Confusion matrix", ":material/grid_on:", lead=LEAD)
run = context.run
if run is None:
    first_view(context, "matrix", example, what="what the matrix of a trained model looks like.")
    st.stop()

with shown(stop=True):
    data, trained = context.data(), run.checkpoint.exists()
assert data is not None


def draw(job: Job | None) -> None:
    """While a job is at work there is nothing to draw but its progress."""
    if job is not None and job.kind != "evaluate":
        st.page_link(
            "pages/training.py", label="Watch it on the Training page", icon=":material/local_fire_department:"
        )


jobs.say_how_it_ended(run, "evaluate")
at_work = jobs.follow(context.workspace, run, draw) is not None
if not trained:
    with st.container(border=True):
        st.markdown("**This run has not trained yet.** Train a stage, and come back to see where it errs.")
        st.page_link("pages/training.py", label="Train it", icon=":material/local_fire_department:")
    st.caption(":material/visibility: An example, not yours: what the matrix of a trained model looks like.")
    example()
    st.stop()

with shown(stop=True):
    snapshot, split, tta = choose(run)
    path = run.predictions_path(snapshot, split, tta=tta)
    weights = run.snapshot_path(snapshot)
there = path.exists()
stale = there and weights.exists() and path.stat().st_mtime < weights.stat().st_mtime
if stale:
    st.caption(":orange[:material/update:] The weights have changed since these predictions were made.")
if (not there or stale) and not at_work:
    if not there:
        st.markdown("These weights have not been asked about these images yet.")
    asked = st.button("Evaluate", type="primary", icon=":material/quiz:", key="evaluate")
    if asked and jobs.submit(run, EvaluateSpec(snapshot=snapshot, split=split, tta=tta)):
        st.rerun()
if not there:
    st.stop()

with shown(stop=True):
    predictions = predictions_in(path, path.stat().st_mtime_ns)
table = class_figures(predictions)
headline(predictions, table)
key = f"matrix-{run.id}-{literal(path.stem)}"
matrix_and_cell(predictions, data, key)
st.subheader("The worst errors", anchor=False)
worst_view(predictions, data, key)
st.subheader("Class by class", anchor=False)
classes_table(table)
