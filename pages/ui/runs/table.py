"""Every run in a row of a table, with its figures, to choose rows from."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.errors import AnnealError
from core.model.catalogue import SMALL_CNN
from core.runs.folder import RunFolder
from core.runs.state import RunState
from core.training.proportions import interval
from pages.ui.runs.chosen_rows import chosen_rows
from pages.ui.text import PERCENT, duration, plain, stages_in_words

TABLE = "runs-table"

COLUMNS = {
    "name": st.column_config.TextColumn("Run", width=118),
    "accuracy": st.column_config.ProgressColumn("Best accuracy", format=PERCENT, min_value=0, max_value=100, width=95),
    "interval": st.column_config.TextColumn("95% interval", width=90, help="For images of the same kind as these."),
    "loss": st.column_config.NumberColumn("Loss", format="%.3f", width=55, help="Validation loss, in nats"),
    "data": st.column_config.TextColumn("Data", width=92),
    "model": st.column_config.TextColumn("Model", width=124),
    "stages": st.column_config.TextColumn("Stages", width=78),
    "epochs": st.column_config.NumberColumn("Epochs", format="%d", width=56),
    "time": st.column_config.TextColumn("Time", width=58),
    "made": st.column_config.DatetimeColumn("Made", format="D MMM HH:mm", width=100),
}
FEW = ("name", "accuracy", "stages", "made")
"""Accuracy and loss are those of the best epoch on the validation images."""


def table(runs: Sequence[RunFolder]) -> pd.DataFrame:
    """One row a run, in the order given; a run whose state cannot be read has its name only."""
    return pd.DataFrame([_row(run) for run in runs], columns=list(COLUMNS))


def _row(run: RunFolder) -> dict[str, object]:
    try:
        info = run.info
    except AnnealError:
        return {"name": plain(run.id), "stages": "cannot be read"}
    row: dict[str, object] = {
        "name": plain(info.name),
        "data": plain(info.data_title),
        "model": plain(info.backbone) + ("" if info.pretrained or info.backbone == SMALL_CNN else ", from scratch"),
        "made": datetime.fromisoformat(info.created),
    }
    try:
        state = run.state
    except AnnealError:
        return row | {"stages": "cannot be read"}
    best = state.best
    return row | {
        "stages": stages_in_words(state),
        "accuracy": 100 * best.accuracy if best else None,
        "interval": _interval(state),
        "loss": best.valid_loss if best else None,
        "epochs": sum(stage.epochs for stage in state.stages) or None,
        "time": duration(state.seconds) if state.seconds else "",
    }


def _interval(state: RunState) -> str:
    """That of the best accuracy; "" where it is not known on how many images it was measured."""
    images = next((stage.valid_images for stage in reversed(state.stages) if stage.valid_images), 0)
    if state.best is None or not images:
        return ""
    low, high = interval(state.best.accuracy, images)
    return f"{100 * low:.0f}–{100 * high:.0f}%"


def choose_rows(runs: Sequence[RunFolder]) -> list[RunFolder]:
    """The table, and the runs whose rows are chosen."""
    rows = chosen_rows(
        table(runs),
        COLUMNS,
        FEW,
        key=TABLE,
        height=min(460, 38 + 35 * len(runs)),
        alt=f"{len(runs)} runs with their data, model, stages and accuracy",
    )
    return [runs[at] for at in rows]
