"""Objects that nothing can reach any more are collected now and then, and not after every rerun.

Streamlit itself does that after each rerun and each poll (`runner.postScriptGC`): all objects of the process are looked
through, which takes longer than most pages and keeps every other visitor waiting. `.streamlit/config.toml` has it off.
"""

import gc
import threading
import time

EVERY_S = 60.0
"""Seconds between two collections of a server that is used; Python's own collections go on besides."""

_last = time.monotonic()
_coming: threading.Timer | None = None
_lock = threading.Lock()


def collect_seldom() -> None:
    """Collect at once if that has not been done for `EVERY_S`, else when it is time; in a thread of its own.

    What the last visitors leave is collected too, though no page of theirs follows.
    """
    global _coming
    with _lock:
        if _coming is None or not _coming.is_alive():
            _coming = threading.Timer(max(0.0, _last + EVERY_S - time.monotonic()), _collect)
            _coming.daemon = True
            _coming.start()


def _collect() -> None:
    global _last
    _last = time.monotonic()
    gc.collect()
