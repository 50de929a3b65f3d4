"""What the server prepares while somebody reads the first page, so that the next pages and jobs begin at once."""

import contextlib
import threading

from core.data.index import DataSet
from core.data.pixels import load_pixels
from core.errors import AnnealError
from core.jobs import warm
from core.process.imports import import_modules
from core.workspace import Workspace

PAUSE_S = 1.5
"""Seconds after the first page was asked for: until then browser and server need the processor to draw it."""

MODULES = ("pandas", "altair", "core.charts.schedule", "core.charts.training", "pages.ui.data.new_run")
"""What the other pages import; torch is not among them, since only the jobs' processes need it."""

SMALL = 50_000_000
"""Pixels of all images together that are decoded in about a second; a job decodes larger sets itself, and says so."""

_asked = threading.Event()


def get_ready(workspace: Workspace) -> None:
    """Keep a process running that starts jobs at once; the first time after a pause, and with `MODULES` imported.

    Returns at once.
    """
    if _asked.is_set():
        warm.start_warm(workspace)
        return
    _asked.set()
    timer = threading.Timer(PAUSE_S, _first, [workspace])
    timer.daemon = True
    timer.start()


def _first(workspace: Workspace) -> None:
    with contextlib.suppress(AnnealError):  # the next page asks again, and says what is wrong
        warm.start_warm(workspace)
    import_modules(MODULES)


def decode_ahead(data: DataSet, size: int, workspace: Workspace) -> None:
    """Decode a small set's images for a run that was just made, so that its first job begins at once. Does not wait."""
    if int((data.items.widths * data.items.heights).sum()) <= SMALL:
        threading.Thread(target=_decode, args=(data, size, workspace), daemon=True).start()


def _decode(data: DataSet, size: int, workspace: Workspace) -> None:
    with contextlib.suppress(AnnealError):  # whoever needs the pixels will say what is wrong
        load_pixels(data, size, workspace)
