"""LR finder: raise the rate batch by batch, watch the loss, and choose where it still falls steeply."""

import math
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.lr_finder import finder
from core.jobs.store import Job
from core.runs.folder import RunFolder
from core.training.suggestions import suggestions
from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.finder.form import finder_form
from pages.ui.finder.view import compare, curve_view, in_hand, live_view
from pages.ui.first_view import first_view
from pages.ui.frame import begin


def example() -> None:
    """A curve made up of a fall and an explosion, read as a real one is."""
    rates = np.geomspace(1e-7, 3.0, 90)
    place = np.log10(rates)
    smoothed = 2.3 - 1.7 / (1 + np.exp(-2.2 * (place + 2.9))) + 0.35 * np.exp(2.6 * (place - 0.1))
    wobble = [0.07 * math.sin(7.3 * step) * math.cos(2.1 * step) for step in range(len(rates))]
    frame = pd.DataFrame({"lr": rates, "loss": smoothed + wobble, "smoothed": smoothed, "curve": "", "current": True})
    found = suggestions(rates, smoothed)
    kept = {name: found[name] for name in ("valley", "minimum")}
    title = "Example: the loss falls, flattens, then explodes"
    st.altair_chart(finder(frame, suggestions=kept, pickable=False, title=title), key="example", alt=title)


def draw(run: RunFolder, job: Job | None) -> None:
    """The test under way, drawn anew as it goes."""
    if job is not None and job.kind == "lr_finder":
        live_view(run, job)
    elif job is not None:
        st.page_link("pages/training.py", label="Watch it on the Training page", icon=":material/monitoring:")


context = begin(
    "LR finder",
    ":material/troubleshoot:",
    lead="Too low a rate crawls, too high a one diverges. The range test trains on a few batches at ever higher rates "
    "and undoes it all; take a rate where the loss still falls steeply, not the one where it is lowest.",
)
run = context.run
if run is None:
    first_view(context, "finder", example, what="where to look, and why the minimum is not the rate to take.")
    st.stop()

with shown(stop=True):
    info, curves = run.info, run.curves()


jobs.say_how_it_ended(run, "lr_finder")
if jobs.follow(context.workspace, run, partial(draw, run)) is not None:
    st.stop()
if curves:
    in_hand(run, info)
    curve, earlier = compare(curves)
    curve_view(run, info, curve, earlier)
    st.subheader("Another test", anchor=False)
finder_form(run, info, again=bool(curves))
if not curves:
    with st.expander("What you will see", icon=":material/visibility:", expanded=True):
        example()
