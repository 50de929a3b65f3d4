"""Every run on a line: a table of figures to choose rows from."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import AnnealError
from core.runs.folder import RunFolder
from core.runs.state import SavedStage
from core.training.stage import Stage
from pages.ui.text import duration, plain, stages_in_words

MOST_COMPARED = 8
"""Lines in one chart that can still be told apart."""

COLUMNS = {
    "name": st.column_config.TextColumn("Run", width="medium"),
    "accuracy": st.column_config.ProgressColumn("Accuracy", format="percent", min_value=0, max_value=1, width="small"),
    "loss": st.column_config.NumberColumn("Loss", format="%.3f", width=60),
    "data": st.column_config.TextColumn("Data", width=110),
    "model": st.column_config.TextColumn("Model", width=130),
    "stages": st.column_config.TextColumn("Stages", width=110),
    "epochs": st.column_config.NumberColumn("Epochs", format="%d", width=60),
    "time": st.column_config.TextColumn("Time", width=60),
    "made": st.column_config.DatetimeColumn("Made", format="D MMM, HH:mm", width=105),
}
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
        "model": plain(info.backbone) + ("" if info.pretrained or info.backbone == "small_cnn" else ", from scratch"),
        "made": pd.to_datetime(info.created),
    }
    try:
        state = run.state
    except AnnealError:
        return row | {"stages": "cannot be read"}
    best = state.best
    return row | {
        "stages": stages_in_words(state),
        "accuracy": best.accuracy if best else None,
        "loss": best.valid_loss if best else None,
        "epochs": sum(stage.epochs for stage in state.stages) or None,
        "time": duration(state.seconds) if state.seconds else "",
    }


def choose_rows(runs: Sequence[RunFolder], key: str) -> list[RunFolder]:
    """The table, and the runs whose rows are chosen."""
    event = st.dataframe(
        table(runs),
        column_config=COLUMNS,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        placeholder="",
        height=min(460, 38 + 35 * len(runs)),
        alt=f"{len(runs)} runs with their data, model, stages and accuracy",
    )
    return [runs[at] for at in event["selection"]["rows"] if at < len(runs)]


def epochs_of(runs: Sequence[RunFolder]) -> pd.DataFrame:
    """The epochs of several runs under each other: run (a name, told apart where two are alike), epoch, accuracy."""
    names: list[str] = []
    parts = []
    for run in runs[:MOST_COMPARED]:
        name = plain(run.info.name, 36)
        names.append(name)
        if names.count(name) > 1:
            name = f"{name} ({names.count(name)})"
        parts.append(run.history.epochs.assign(run=name)[["run", "epoch", "accuracy"]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["run", "epoch", "accuracy"])


def differences(runs: Sequence[RunFolder]) -> pd.DataFrame:
    """What differs between runs: one row a setting, one column a run; settings that agree are left out."""
    facts = {
        f"{place}. {plain(run.info.name, 30)}": {
            "data": plain(run.info.data_title),
            "model": plain(run.info.backbone),
            "pretrained": "yes" if run.info.pretrained else "no",
            "image size": f"{run.info.size} px",
            "seed": str(run.info.seed),
            "stages": " → ".join(stage_in_words(stage.stage) for stage in run.state.stages) or "none",
            "epochs": str(sum(stage.epochs for stage in run.state.stages)),
            "time": duration(run.state.seconds),
            "best accuracy": f"{run.state.best.accuracy:.1%}" if run.state.best else "",
        }
        for place, run in enumerate(runs, start=1)
    }
    rows = pd.DataFrame(facts)
    return rows[rows.nunique(axis=1) > 1]


def stage_in_words(stage: SavedStage) -> str:
    """A stage in a few words: "head, precomputed, 2×1 at 0.003"."""
    if not isinstance(stage, Stage):
        return "unreadable stage"
    part = "head" if stage.freeze_to == -1 else "all" if stage.freeze_to == 0 else "part"
    highest = f"{max(stage.lr):.2g}" if stage.lr else "?"
    cycles = f"{stage.cycles}×{stage.cycle_len}" + (f"×{stage.cycle_mult}" if stage.cycle_mult != 1 else "")
    return f"{part}{', precomputed' if stage.precompute else ''}, {cycles} at {highest}"
