"""The jobs that run and wait, with a way to stop each."""

import streamlit as st

from core.jobs import queue, store
from core.jobs.store import Job
from core.workspace import Workspace
from pages.ui.errors import shown
from pages.ui.jobs import how_far, run_name, title
from pages.ui.text import literal

POLL = 1.5
"""Seconds between two readings."""


def live_jobs(workspace: Workspace) -> None:
    """Draw them again and again while there are any."""
    live = _live(workspace)
    st.fragment(_draw, run_every=POLL if live else None)(workspace, [job.id for job in live])


def _live(workspace: Workspace) -> list[Job]:
    """Running jobs, then those that wait."""
    live = [job for job in store.all_jobs(workspace) if job.live]
    return sorted(live, key=lambda job: job.status != "running")


def _draw(workspace: Workspace, before: list[str]) -> None:
    """Draw the jobs; the page runs again when they are others than `before`."""
    live = _live(workspace)
    if {job.id for job in live} != set(before):
        st.rerun()
    if not live:
        return
    st.subheader("Running now", anchor=False)
    for job in live:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title(job)}** · {literal(run_name(workspace, job.run), 40)}", width=260)
            st.progress(job.progress.share, text=how_far(workspace, job), width="stretch")
            if st.button("Stop", icon=":material/stop:", key=f"stop-{job.id}"):
                with shown():
                    queue.stop(workspace, job.id)
