"""Around the matrix: a run that has not trained, the job at work, and asking for an evaluation."""

import streamlit as st

from core.jobs.specs import EvaluateSpec
from core.jobs.store import Job
from core.runs.folder import RunFolder
from pages.ui import jobs
from pages.ui.results.example import example


def untrained() -> None:
    """A run without weights: where to train it, and what will then be here."""
    with st.container(border=True):
        st.markdown("**This run has not trained yet.** Train a stage, and come back to see where it errs.")
        st.page_link("pages/training.py", label="Train it", icon=":material/local_fire_department:")
    st.caption(":material/visibility: An example, not yours: what the matrix of a trained model looks like.")
    example()


def link_to_training(job: Job | None) -> None:
    """Where to watch a job that is neither an evaluation nor a study."""
    if job is not None and job.kind not in ("evaluate", "study"):
        icon = ":material/local_fire_department:"
        st.page_link("pages/training.py", label="Watch it on the Training page", icon=icon)


def evaluate_button(run: RunFolder, chosen: EvaluateSpec) -> None:
    """Ask for predictions where there are none that can be read, or where the weights have changed since."""
    if st.button("Evaluate", type="primary", icon=":material/quiz:", key="evaluate") and jobs.submit(run, chosen):
        st.rerun()
