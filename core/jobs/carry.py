"""A run carried away as one file while no job is at work on it. Importing this module imports no torch."""

from pathlib import Path

from core.errors import RunError
from core.export.carry_out import Carried, carry_out
from core.jobs import queue
from core.runs.folder import RunFolder
from core.workspace import Progress, no_progress


def carry_away(run: RunFolder, path: Path, *, images: bool = False, progress: Progress = no_progress) -> Carried:
    """`core.export.carry_out.carry_out`, with every other process kept from the run meanwhile.

    Raises `RunError` while a job is at work on it or waits, and what `carry_out` raises.
    """
    if queue.live_job(run.workspace, run.id) is not None:
        raise RunError(
            "This run is at work, so it cannot be carried away now. Stop it first, or wait until it has ended."
        )
    with run.lock():
        return carry_out(run, path, images=images, progress=progress)
