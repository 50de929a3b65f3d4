"""How far the run in hand has come, read from its folder and the queue."""

from core.jobs import queue
from core.runs.folder import RunFolder
from core.workspace import Workspace
from pages.ui.home import recipe
from pages.ui.way import Standing


def standing_of(workspace: Workspace, run: RunFolder | None, *, chosen: bool) -> Standing:
    """How far a person has come; `chosen` says that data without a run is. Raises `RunError` for a damaged run."""
    if run is None:
        return Standing(chosen=chosen)
    info, state, job = run.info, run.state, queue.live_job(workspace, run.id)
    if job is not None and job.kind == "study":
        job = None  # it leaves the run as it is, and is watched where it was asked for
    curves = [curve for curve in run.all_curves() if curve.complete]
    return Standing(
        run=True,
        job=job.kind if job else None,
        found=bool(curves),
        trained=any(begun.epochs > 0 for begun in state.stages),
        unfinished=state.unfinished,
        coming=recipe.coming(recipe.steps_for(info), recipe.taken(info, state, curves)),
    )
