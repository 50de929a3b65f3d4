"""Which weights of a run are meant: when they were taken, on images of which size. Imports no torch."""

from dataclasses import dataclass

from core.errors import RunError
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.folder import RunFolder
from core.runs.names import LATEST


@dataclass(frozen=True)
class Taken:
    """Weights taken after `step` batches of the run, last trained on images of `size` px."""

    step: int
    size: int


def taken_at(folder: RunFolder, snapshot: str = LATEST) -> Taken:
    """When the weights of a snapshot or of the checkpoint were taken; raises `RunError` when there are none."""
    if snapshot != LATEST:
        about = read_snapshot_meta(folder.snapshot_path(snapshot))
        return Taken(about.step, about.size or folder.info.size)
    meta = read_meta(folder.checkpoint)
    if meta is None:
        raise RunError("Nothing has been trained in this run yet. Train a stage first.")
    return Taken(meta.step, meta.size or folder.info.size)


def written_at(folder: RunFolder, snapshot: str = LATEST) -> int:
    """When the weights' file was written, in nanoseconds: other weights under the same name have another time.

    Raises `RunError` when there are none.
    """
    try:
        return folder.snapshot_path(snapshot).stat().st_mtime_ns
    except OSError as error:
        what = "Nothing has been trained in this run yet" if snapshot == LATEST else f"There is no snapshot {snapshot}"
        raise RunError(f"{what}. Train a stage first.") from error
