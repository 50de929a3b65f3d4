"""Runs: every run with its figures, runs compared, jobs, and what is kept on disk."""

import streamlit as st

from core.runs.folder import list_runs
from pages.ui.errors import shown
from pages.ui.frame import begin, end
from pages.ui.runs.comparison import several_runs
from pages.ui.runs.live_jobs import live_jobs
from pages.ui.runs.one_run import one_run
from pages.ui.runs.storage import damage, storage
from pages.ui.runs.table import choose_rows
from pages.ui.runs.take_away import open_carried

context = begin(
    "Runs",
    ":material/history:",
    lead="A run is one model's whole life: its data, its stages, its figures. Choose one row to open that run, "
    "several to compare them.",
    words=("epoch", "loss", "activations"),
)
live_jobs(context.workspace)
with shown(stop=True):
    runs = list_runs(context.workspace)
if runs:
    chosen = choose_rows(runs)
    with shown():
        if len(chosen) == 1:
            one_run(chosen[0])
        elif chosen:
            several_runs(chosen)
        else:
            st.caption("Choose a row to open, continue, rename or delete a run; choose several to compare them.")
else:
    with st.container(border=True):
        st.markdown("**No runs yet.** Choose data first; a run is made there.")
        st.page_link("pages/data.py", label="Choose data", icon=":material/photo_library:")
with shown():
    open_carried(context.workspace)
    storage(context.workspace)
    damage(context.workspace)
end(context)
