"""LR finder: raise the rate batch by batch, watch the loss, and choose where it still falls steeply."""

from functools import partial

import streamlit as st

from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.finder.choice import chosen_rate, curve_view
from pages.ui.finder.curves import choose_curves
from pages.ui.finder.example import example
from pages.ui.finder.form import finder_form
from pages.ui.finder.trials import trials_panel, watch
from pages.ui.first_view import first_view
from pages.ui.frame import begin

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
    info, curves, _ = run.info, run.curves(), run.state

jobs.say_how_it_ended(run, "lr_finder", "trials")
if jobs.follow(context.workspace, run, partial(watch, run)) is not None:
    st.stop()
if curves:
    chosen_rate(run, info)
    curve, earlier = choose_curves(curves)
    curve_view(run, info, curve, earlier)
    trials_panel(run, info, curve)
    st.subheader("Another test", anchor=False)
finder_form(run, info, again=bool(curves))
if not curves:
    with st.expander("What you will see", icon=":material/visibility:", expanded=True):
        example()
