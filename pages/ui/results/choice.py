"""Whose predictions are looked at: of which weights, on which images, plain or with test-time augmentation."""

import streamlit as st

from core.data.index import DataSet
from core.jobs.specs import EvaluateSpec
from core.runs.folder import RunFolder
from core.runs.names import BEST, LATEST
from pages.ui.text import percent

TITLES = {LATEST: "Latest weights", BEST: "Best so far"}
SPLITS = {"valid": "Validation", "test": "Test"}


def choose_predictions(run: RunFolder, data: DataSet) -> EvaluateSpec:
    """Widgets for weights, split and test-time augmentation; what was chosen is what an evaluation would be asked."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        snapshot = choose_weights(run, "Weights", "matrix-snapshot")
        split = _split(data)
        tta = st.toggle(
            "Average over augmented views",
            key="matrix-tta",
            help="Test-time augmentation: each image is predicted several times, slightly changed, and the "
            "predictions are averaged.",
        )
    return EvaluateSpec(snapshot=snapshot, split=split, tta=tta)


def choose_weights(run: RunFolder, label: str, key: str) -> str:
    """A box with the latest weights and every snapshot, the newest first, with their accuracies."""
    kept = run.snapshots()
    accuracies = {snapshot.name: snapshot.accuracy for snapshot in kept}

    def title(name: str) -> str:
        accuracy = accuracies.get(name)
        words = TITLES.get(name, name)
        return words if accuracy is None else f"{words} ({percent(accuracy)})"

    names = [LATEST, *(snapshot.name for snapshot in reversed(kept))]
    return st.selectbox(label, names, format_func=title, key=key, width=260)


def _split(data: DataSet) -> str:
    """The validation images, or the test images where there are any."""
    if not len(data.indices("test")):
        return "valid"
    title = SPLITS.__getitem__
    key = "matrix-split"
    chosen = st.segmented_control("Images", list(SPLITS), format_func=title, default="valid", required=True, key=key)
    return chosen or "valid"
