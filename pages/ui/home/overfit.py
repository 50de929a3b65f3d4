"""A demonstration on Home: a network that overfits on purpose, in one click."""

import streamlit as st

from core.data.catalogue import SHAPES
from core.jobs import queue
from core.jobs.specs import TrainSpec
from core.model.catalogue import SMALL_CNN
from core.runs.create import create_run
from core.training.recipes import OVERFIT_EPOCHS, OVERFIT_IMAGES, OVERFIT_SIDE, overfitting_plan
from pages.ui import session
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.home.recipe import TRAINING

NAME = "Overfits on purpose"
ABOUT = (
    f"Overfitting: a small network learns {OVERFIT_IMAGES} drawn shapes by heart in {OVERFIT_EPOCHS} epochs, "
    "and is far worse on new ones. Watch training loss and validation loss move apart."
)


def overfit_view(context: Context) -> None:
    """What will be seen, and the button that makes the run and starts it."""
    with st.container(border=True, key="overfit-demo"):
        st.markdown("**See a network overfit**")
        st.caption(ABOUT)
        if st.button("Overfit on purpose", icon=":material/trending_up:", key="overfit"):
            _start(context)


def _start(context: Context) -> None:
    with shown() as outcome:
        data = session.load(context.workspace, session.DataChoice(SHAPES))
        run = create_run(context.workspace, data, backbone=SMALL_CNN, size=OVERFIT_SIDE, name=NAME)
        plan = overfitting_plan(len(data.indices("train")))
        queue.submit(context.workspace, run.id, TrainSpec(plan=plan))
        session.select_run(run.id)
    if outcome.ok:
        st.switch_page(TRAINING, query_params={"run": run.id})
