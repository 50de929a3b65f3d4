"""The check for half-written, damaged and stale files in the workspace. Importing this module imports no torch."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.row_file import last_written
from core.errors import AnnealError, RunError
from core.jobs import queue, store
from core.jobs.actions import TRASH
from core.kept import forget
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.folder import RunFolder
from core.upkeep.caches import KINDS, caches
from core.workspace import Workspace, sentences

OLD_S = 3600.0
"""Age after which a temporary file belongs to nobody, even while a job is live."""

DELETE = "Nothing reads it. It can be deleted."
HALF_MADE = "They are gone on with when they are needed. They can be deleted; then they are made from the beginning."


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: where, what, and what to do. `removable` if deleting loses nothing."""

    path: Path
    what: str
    advice: str
    removable: bool = False


def check(workspace: Workspace) -> list[Finding]:
    """Look at every cache, run and job; an empty list when all is well.

    It changes nothing, except that jobs whose process has ended are marked as lost.
    """
    forget(workspace.root)  # what lies on the disk now, not what this process read of it once
    queue.check_processes(workspace)
    return [*_leftovers(workspace), *_arrays(workspace), *_stale(workspace), *_runs(workspace), *_job_files(workspace)]


def remove(workspace: Workspace, findings: Iterable[Finding]) -> int:
    """Delete what the removable findings are about; how many there were. Raises `RunError` while a job is live."""
    count = 0
    with store.locked(workspace):
        if queue.live_job(workspace) is not None:
            raise RunError("A job is at work. Wait until it has ended, or stop it first.")
        for finding in findings:
            inside = workspace.root in finding.path.resolve().parents
            if finding.removable and inside and finding.path.exists():
                with sentences(finding.path):
                    _delete(finding.path)
                count += 1
    return count


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for child in path.iterdir():
            _delete(child)
        path.rmdir()
    else:
        path.unlink()


def _leftovers(workspace: Workspace) -> Iterator[Finding]:
    """Temporary files of writers that were killed, and half-made or half-deleted runs."""
    busy = queue.live_job(workspace) is not None
    kept = (workspace.pixels, workspace.activations, workspace.indexes, workspace.versions, workspace.jobs)
    for folder in (*kept, workspace.runs):
        for path in folder.rglob(".*.part"):
            is_array = path.is_dir() and folder.name in KINDS
            if not _abandoned(last_written(path) if is_array else path, busy):
                continue
            if is_array:
                yield Finding(path, f"{folder.name.capitalize()} that are only half made.", HALF_MADE, removable=True)
            else:
                yield Finding(path, "A file that was only half written.", DELETE, removable=True)
    for path in workspace.runs.glob(".*"):
        if path.name.startswith(TRASH) and path.is_dir():
            yield Finding(path, "A run that was being deleted.", DELETE, removable=True)
        elif path.name.startswith(".new-") and _abandoned(path, busy):
            yield Finding(path, "A run that was only half made.", DELETE, removable=True)


def _abandoned(path: Path, busy: bool) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return False
    return age > (OLD_S if busy else 60)


def _arrays(workspace: Workspace) -> Iterator[Finding]:
    """Cached arrays that are cut short or unreadable, and descriptions without one."""
    for kind in KINDS:
        folder = workspace.root / kind
        for path in folder.glob("[!.]*.npy"):
            try:
                np.load(path, mmap_mode="r")
            except (OSError, ValueError, EOFError):
                advice = "It is made again when needed. It can be deleted."
                yield Finding(path, f"Damaged {kind}: the file is not whole.", advice, removable=True)
        for path in (*folder.glob("[!.]*.json"), *folder.glob("[!.]*.digests")):
            if not path.with_suffix(".npy").exists():
                yield Finding(path, f"A description of {kind} that are gone.", DELETE, removable=True)


def _stale(workspace: Workspace) -> Iterator[Finding]:
    """Caches that belong to no run any more."""
    for cache in caches(workspace):
        if not cache.used_by:
            what = f"{cache.kind.capitalize()} of {cache.data} at {cache.size} px that no run uses."
            advice = "Clear it to free the space; it is made again when needed."
            yield Finding(workspace.root / f"{cache.key}.npy", what, advice, removable=True)


def _runs(workspace: Workspace) -> Iterator[Finding]:
    for path in sorted(workspace.runs.glob("[!.]*")):
        if not (path / "run.json").is_file():
            yield Finding(path, "A folder among the runs that is no run.", "Move it elsewhere, or delete it.")
            continue
        yield from _run(RunFolder(path, workspace))


def _run(run: RunFolder) -> Iterator[Finding]:
    try:
        gone = _first_gone(run)
        if gone is not None:
            advice = "Put the images back where they were; until then only what is cached can be used."
            yield Finding(run.path, f"The images of this run are no longer at {gone.parent}.", advice)
        _ = run.info, run.state
    except AnnealError as error:
        yield Finding(run.path, str(error), "Delete the run if it cannot be put right.")
    try:
        read_meta(run.checkpoint)
    except RunError as error:
        yield Finding(run.checkpoint, str(error), "Load one of the run's snapshots to go on from it.")
    for path in (run.path / "snapshots").glob("[!.]*.safetensors"):
        try:
            read_snapshot_meta(path)
        except RunError as error:
            yield Finding(path, str(error), "It cannot be loaded. It can be deleted.", removable=True)
    history = run.path / "history.jsonl"
    if history.exists() and not _ends_whole(history) and queue.live_job(run.workspace, run.id) is None:
        yield Finding(
            history, "The last line is half written.", "Nothing to do: it is left out, and cut when you go on."
        )


def _first_gone(run: RunFolder) -> Path | None:
    items = run.data().items
    return next((item.path for item in items[:: max(1, len(items) // 20)] if not item.path.exists()), None)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1))
        return size == 0 or file.read() == b"\n"


def _job_files(workspace: Workspace) -> Iterator[Finding]:
    known = {job.id for job in store.all_jobs(workspace)}
    for path in workspace.jobs.glob("[!.]*.json"):
        if path.stem not in known and path.exists():
            yield Finding(path, "A job whose file is damaged.", DELETE, removable=True)
