"""Several runs compared: accuracy by epoch, and in what they differ."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.runs import compare_runs
from core.numbers import rate_in_words
from core.runs.folder import RunFolder
from core.runs.state import SavedStage
from core.training.refreezing import frozen_in_words
from core.training.stage import Stage
from pages.ui.errors import shown
from pages.ui.plan.stage_words import trained_by
from pages.ui.runs.dialogs import delete
from pages.ui.text import duration, percent, plain

MOST_COMPARED = 8
"""Lines in one chart that can still be told apart."""


def several_runs(runs: Sequence[RunFolder]) -> None:
    """Accuracy by epoch and what differs of those that can be read, and a way to delete all of them."""
    st.subheader(f"{len(runs)} runs compared", anchor=False)
    readable = _readable(runs)
    if readable:
        _accuracies(readable)
        _differences(readable)
    if st.button(f"Delete these {len(runs)} runs", icon=":material/delete:"):
        delete(runs)


def _readable(runs: Sequence[RunFolder]) -> list[RunFolder]:
    """The runs whose files can be read; what is wrong with the others is shown."""
    found = []
    for run in runs:
        with shown() as outcome:
            _ = run.info, run.state
        if outcome.ok:
            found.append(run)
    return found


def _accuracies(runs: Sequence[RunFolder]) -> None:
    epochs = epochs_of(runs)
    if epochs.empty:
        st.caption("None of them has finished an epoch yet.")
    else:
        st.altair_chart(compare_runs(epochs), key="compare", alt="Validation accuracy by epoch, one line a run")


def _differences(runs: Sequence[RunFolder]) -> None:
    rows = differences(runs)
    if rows.empty:
        st.caption("They have the same settings and figures.")
    else:
        st.markdown("**Differences**")
        st.dataframe(rows, alt="Settings and figures that differ")


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
            "best accuracy": percent(run.state.best.accuracy) if run.state.best else "",
        }
        for place, run in enumerate(runs, start=1)
    }
    rows = pd.DataFrame(facts)
    return rows[rows.nunique(axis=1) > 1]


def stage_in_words(stage: SavedStage) -> str:
    """A stage in a few words: "head, precomputed, 2×1 at 3e-3"."""
    if not isinstance(stage, Stage):
        return "unreadable stage"
    highest = rate_in_words(max(stage.lr)) if stage.lr else "?"
    cycles = f"{stage.cycles}×{stage.cycle_len}" + (f"×{stage.cycle_mult}" if stage.cycle_mult != 1 else "")
    frozen = f", {again}" if (again := frozen_in_words(stage)) else ""
    return f"{trained_by(stage)}, {cycles} at {highest}{frozen}"
