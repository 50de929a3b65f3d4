"""LR finder: raise the rate batch by batch, watch the loss, and choose a rate that this network bears."""

from functools import partial

import streamlit as st

from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.finder.choice import chosen_rate, curve_view, suggestions_view, what_it_means
from pages.ui.finder.curves import choose_test
from pages.ui.finder.example import example
from pages.ui.finder.form import finder_form
from pages.ui.finder.seeds import seeds_view
from pages.ui.finder.trials import trials_panel, watch
from pages.ui.finder.vsgd import vsgd_view
from pages.ui.first_view import first_view
from pages.ui.frame import begin, end

context = begin(
    "LR finder",
    ":material/troubleshoot:",
    lead="Too low a rate makes training crawl; too high, and it diverges. The range test trains on a few batches "
    "and raises the rate with each, always by the same factor; then it undoes what it trained. The curve shows which "
    "rates are too high: Anneal takes the customary rate, or a lower one where the curve asks for it.",
    words=("learning rate", "batch", "loss", "head", "backbone", "activations", "freeze"),
)
run = context.run
if run is None:
    first_view(context, "finder", example, what="where the loss falls and rises, and which rate Anneal takes from it.")
    st.stop()

with shown(stop=True):  # all that the page needs of the run's files
    info, curves, state, data = run.info, run.curves(), run.state, context.data()
    assert state is not None
    assert data is not None

jobs.say_how_it_ended(run, "lr_finder", "trials")
if jobs.follow(context.workspace, run, partial(watch, run)) is not None:
    end(context)
    st.stop()
if curves:
    test, earlier = choose_test(curves)
    span = curve_view(run, info, test, earlier)
    chosen_rate(run, info)
    what_it_means(run, info, test.curve)
    suggestions_view(run, info, test.curve, seeds=len(test.seeds))
    if test.found is not None:
        seeds_view(test.found, span)
    if test.curve.vsgd is not None:
        vsgd_view(test.curve.vsgd)
    trials_panel(run, info, test.curve, span)
    st.subheader("Another test", anchor=False)
finder_form(run, info, again=bool(curves))
if not curves:
    with st.expander("What you will see", icon=":material/visibility:", expanded=True):
        example()
end(context)
