"""The training images that are most like an image to the network."""

import streamlit as st

from core.data.index import DataSet
from core.jobs import queue
from core.jobs.specs import StudySpec
from core.results.studies import NearestImages
from core.runs.folder import RunFolder
from core.runs.weights import written_at
from pages.ui import jobs
from pages.ui.neighbours import neighbours_row
from pages.ui.predict.kept import Kept
from pages.ui.predict.ready import Ready
from pages.ui.text import literal


def nearest_view(run: RunFolder, data: DataSet, ready: Ready, answer: Kept, said: str, key: str) -> None:
    """The nearest training images with their labels, or a button that computes what finding them needs.

    `said` is the class that the network says.
    """
    assert answer.features is not None
    found = ready.predictor.nearest(data, run.workspace, answer.features[None])
    st.markdown("**Most like it among the training images**")
    if found is None:
        _ask(run, ready, len(data.items))
        return
    count = found.indices.shape[1]
    if not count:
        st.caption("There are no training images.")
        return
    alike = found.agreeing(data.classes.index(said), 0) if said in data.classes else 0
    st.caption(
        f"{alike} of the {count} nearest are of the class {literal(said, 40)}. The number is the cosine of the "
        "activations: 1 is alike in every feature."
    )
    neighbours_row(data, found, 0)


def _ask(run: RunFolder, ready: Ready, images: int) -> None:
    """Have a worker compute the activations of these weights, once."""
    job = queue.live_job(run.workspace, run.id)
    question = NearestImages(snapshot=ready.snapshot, written=written_at(run, ready.snapshot))
    if job is not None and isinstance(job.spec, StudySpec) and isinstance(job.spec.question, NearestImages):
        st.caption("They are being found: see the top of the page.")
        return
    busy = "Another job is at work on this run." if job is not None else None
    st.caption(
        f"This needs the activations of the run's {images:,} images with these weights: computed once, then kept."
    )
    asked = st.button(
        "Find them", icon=":material/image_search:", key="predict-nearest", disabled=busy is not None, help=busy
    )
    if asked and jobs.submit(run, StudySpec(question=question)):
        st.rerun()
