"""The thread that looks after a server while it runs, also when nobody has a page open."""

import logging
import threading

from core.errors import AnnealError
from core.upkeep.keeper import keep
from core.workspace import Workspace

EVERY_S = 5.0

_started = threading.Event()


def start(host: Workspace) -> None:
    """Look after the server from now on; one thread a process, however often this is called."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_look_after, args=(host,), name="anneal-keeper", daemon=True).start()


def _look_after(host: Workspace) -> None:
    waiting = threading.Event()
    while not waiting.wait(EVERY_S):
        try:
            keep(host)
        except AnnealError as error:  # a full disk, wrong settings: pages say so too; it may be put right
            logging.getLogger("anneal").warning("%s", error)
        except Exception:
            logging.getLogger("anneal").exception("Looking after the server failed; it is tried again")
