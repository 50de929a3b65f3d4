"""A progress bar for work that the page waits for: scanning, decoding, unpacking."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.workspace import Progress
from pages.ui.text import literal

INTERVAL = 0.1
"""Seconds between two updates; more would slow the work down."""


@contextmanager
def progress_bar(patience: float = 0.3) -> Iterator[Progress]:
    """A `core.workspace.Progress` that draws a bar once the work has taken `patience` seconds, and then clears it.

    Call it from the page's own thread; `core` calls its callbacks there.
    """
    slot = st.empty()
    last = time.monotonic() + patience - INTERVAL

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < INTERVAL:
            return
        last = now
        of = f"{done:,} of {total:,}" if total else f"{done:,}"
        slot.progress(min(1.0, done / total) if total else 0.0, text=f"{literal(what)}: {of}")

    try:
        yield report
    finally:
        slot.empty()
