"""Predictions of a run from their file, which a worker may replace or delete at any moment."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.errors import RunError
from core.jobs.specs import EvaluateSpec
from core.results.predictions import Predictions
from core.runs.folder import RunFolder

ATTEMPTS = 3
LARGE = 8 * 2**20
"""Bytes of a file of which few are in memory at a time: 40,000 images of 1,000 classes take 160 MB there."""


@dataclass(frozen=True)
class Saved:
    """Predictions, and whether the weights have changed since they were made."""

    predictions: Predictions
    outdated: bool


def saved_predictions(run: RunFolder, chosen: EvaluateSpec) -> Saved | None:
    """The predictions that are on disk; None when there are none.

    Raises `RunError` when the file is damaged, or is replaced each time that it is read.
    """
    path = run.predictions_path(chosen.snapshot, chosen.split, tta=chosen.tta)
    weights = _changed(run.snapshot_path(chosen.snapshot))
    for _ in range(ATTEMPTS):
        changed = _changed(path)
        if changed is None:
            return None
        try:
            read = _read_large if path.stat().st_size > LARGE else _read
            return Saved(read(path, changed), weights is not None and changed < weights)
        except (OSError, RunError):
            if _changed(path) == changed:
                raise
    raise RunError("These predictions are being replaced just now. Wait a moment and reload the page.")


def _changed(path: Path) -> int | None:
    """When a file was last changed, in nanoseconds; None when there is no such file."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: Path, changed: int) -> Predictions:
    """Predictions from their file, read again when it has changed. Raises `RunError`."""
    del changed
    return Predictions.load(path)


@st.cache_resource(max_entries=2, show_spinner=False)
def _read_large(path: Path, changed: int) -> Predictions:
    """The same for large files."""
    del changed
    return Predictions.load(path)
