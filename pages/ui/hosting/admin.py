"""The host's page: who is here, what runs, what is on the disk, and ways to stop it; behind the host's token."""

import hmac
import threading
import time

import pandas as pd
import streamlit as st

from core.errors import AnnealError
from core.hosting import visitors
from core.hosting.settings import settings_of
from core.hosting.usage import MB, bytes_in
from core.hosting.visitors import Visitor
from core.jobs import pool, queue, store
from core.upkeep.health import health
from core.upkeep.keeper import forget
from core.workspace import Workspace
from pages.ui.errors import show, shown
from pages.ui.jobs import title
from pages.ui.text import duration, literal, size_of

OPEN = "host-open"
"""Session key: the token that opened the page in this session; a changed one closes it."""

WRONG_S = 1.0
"""Seconds that each wrong token costs, one after the other for the whole server, so that guessing takes for ever."""

POLL = 5.0

_wrong = threading.Lock()


def is_right(given: str, token: str) -> bool:
    """Whether the host's token was given, compared in constant time; never where the server has none."""
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def admit(host: Workspace) -> bool:
    """Ask for the token; whether this session has given it."""
    token = settings_of(host).token
    if not token:
        st.info(
            "This page is closed, because this server has no token. Set `ANNEAL_HOST_TOKEN` to 16 characters or more.",
            icon=":material/lock:",
        )
        return False
    if is_right(st.session_state.get(OPEN, ""), token):
        return True
    with st.form("host-token", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        given = st.text_input("Token of this server", type="password", key="host-token-given", max_chars=200)
        asked = st.form_submit_button("Open", type="primary")
    if asked and is_right(given, token):
        st.session_state[OPEN] = given
        st.rerun()
    if asked:
        with _wrong:
            time.sleep(WRONG_S)
        st.error("That is not the token of this server.", icon=":material/error:")
    return False


def overview(host: Workspace) -> None:
    """The state of the server, drawn again every few seconds."""
    st.fragment(_state, run_every=POLL)(host)


def _state(host: Workspace) -> None:
    with shown():
        found = health(host)
        settings = settings_of(host)
        here = visitors.visitors(host)
        if found.ok:
            st.success("Jobs run.", icon=":material/check_circle:")
        for problem in found.problems:
            st.error(literal(problem, None), icon=":material/error:")
        total = bytes_in(host.root, known_s=30.0)
        with st.grid(5, min_column_width=150):
            st.metric("Visitors", f"{len(here)} of {settings.visitors}")
            st.metric("Jobs running", found.running)
            st.metric("Jobs waiting", found.waiting)
            st.metric("Disk", f"{size_of(float(total))} of {size_of(float(settings.total_disk_mb * MB))}")
            st.metric("Memory free", size_of(float(found.free_memory)))
        _jobs(host)
        _visitors(host, here)


def _jobs(host: Workspace) -> None:
    st.subheader("Jobs", anchor=False)
    turns = pool.live(host)
    if not turns:
        st.caption("No job runs or waits.")
    for place, turn in enumerate(turns):
        job = turn.job
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            left = f" · {duration(job.progress.eta_s)} left" if job.progress.eta_s is not None else ""
            how = f"running for {duration(job.seconds)}{left}" if job.status == "running" else "waiting"
            st.markdown(f"**{title(job)}** of visitor `{turn.workspace.root.name[:8]}` · {how}")
            stopping = queue.stop_asked(turn.workspace, job) is not None
            st.button(
                "Stopping" if stopping else "Stop",
                key=f"host-stop-{place}-{job.id}",
                icon=":material/stop_circle:",
                disabled=stopping,
                on_click=_stop,
                args=(turn.workspace, job.id),
            )


def _stop(workspace: Workspace, job_id: str) -> None:
    try:
        queue.stop(workspace, job_id)
    except AnnealError as error:
        show(error)


def _visitors(host: Workspace, here: list[Visitor]) -> None:
    st.subheader("Visitors", anchor=False)
    if not here:
        st.caption("Nobody has a part of this server.")
        return
    busy = {turn.workspace for turn in pool.live(host)}
    table = pd.DataFrame(
        [
            (one.short, (time.time() - one.seen) / 60, bytes_in(one.workspace.root, 30.0), one.workspace in busy)
            for one in here
        ],
        columns=["Visitor", "Last page (minutes ago)", "On disk", "Job"],
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "Last page (minutes ago)": st.column_config.NumberColumn(format="%.0f"),
            "On disk": st.column_config.NumberColumn(format="bytes"),
        },
        alt="Visitors, when they were last here, what they keep on the disk, and whether a job of theirs is at work",
    )
    with st.form("host-remove", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Remove all that a visitor keeps", [one.short for one in here], index=None)
        asked = st.form_submit_button("Remove", icon=":material/delete:")
    if asked and chosen:
        _remove(host, next(one.workspace for one in here if one.short == chosen))


def _remove(host: Workspace, workspace: Workspace) -> None:
    with shown() as outcome, store.locked(host):
        if any(job.live for job in store.all_jobs(workspace)):
            st.warning("A job of this visitor is at work. Stop it first.", icon=":material/warning:")
            return
        forget(workspace)
    if outcome.ok:
        st.toast("Removed.", icon=":material/check:")
        st.rerun()
