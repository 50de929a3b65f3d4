"""Figures of predictions: of all images, and of each class."""

import math
from typing import Any

import pandas as pd
import streamlit as st

from core.results.figures import RATIOS, class_table, figures
from core.results.predictions import Predictions
from pages.ui.text import PERCENT, literal, percent

INTERVAL = "The share of these images whose most probable class is the right one."

TITLES = {"precision": "Precision", "recall": "Recall", "f1": "F1"}
NAMED = 8
"""Classes that a line names."""


def class_figures(predictions: Predictions) -> pd.DataFrame:
    """Precision, recall, F1 and images of each class, with intervals."""
    return class_table(predictions)


def headline(predictions: Predictions, table: pd.DataFrame) -> None:
    """The figures on one line."""
    right = int((predictions.predicted == predictions.labels).sum())
    present = table[table["images"] > 0]
    worst = present.iloc[int(present["recall"].to_numpy().argmin())]
    found = figures(predictions)
    with st.grid(4, min_column_width=140):
        st.metric("Accuracy", percent(predictions.accuracy), help=INTERVAL)
        st.metric("Correct", f"{right:,} of {len(predictions):,}")
        st.metric("Mean loss", f"{predictions.loss:.3f}")
        ties = int((present["recall"] == worst["recall"]).sum()) - 1
        recalled = f"{percent(worst['recall'])} found" + (
            f", as in {ties} other {'classes' if ties > 1 else 'class'}" if ties else ""
        )
        st.metric("Hardest class", literal(worst["class"], 18), recalled, delta_color="off", delta_arrow="off")
    st.caption(
        f"Accuracy for images of this kind: {percent(found.low)} to {percent(found.high)} (95% interval, from "
        f"{found.images:,} images). With every class counting alike: {percent(found.balanced)} balanced accuracy, "
        f"{percent(found.macro_f1)} macro F1."
    )
    none_to_check(table)


def none_to_check(table: pd.DataFrame) -> None:
    """Say which classes have no image among these: their rows are empty, and recall and F1 do not exist."""
    missing = [str(name) for name in table["class"][table["images"] == 0]]
    if missing:
        shown = ", ".join(literal(name, 30) for name in missing[:NAMED])
        more = f" and {len(missing) - NAMED:,} more" if len(missing) > NAMED else ""
        of_them = "it has" if len(missing) == 1 else "they have"
        st.caption(f"None to check: {shown}{more}. Without images here {of_them} no recall.")


def classes_table(table: pd.DataFrame) -> None:
    """Precision, recall and F1 of each class; empty where there are no images to tell it from."""
    st.caption(
        "Precision: of the images predicted as this class, the share that belong to it. Recall: of this class's "
        "images, the share that were found. F1 is high only when both are."
    )
    ranges = st.toggle("As 95% intervals", key="class-ranges", help="How far each figure can be trusted.")
    columns: dict[str, Any] = {
        "class": st.column_config.TextColumn("Class"),
        "images": st.column_config.NumberColumn("Images", format="localized", width=60),
    }
    shown = table[["class", *RATIOS, "images"]].copy()
    for name, title in TITLES.items():
        if ranges:
            ends = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
            shown[name] = [_range(low, high) for low, high in ends]
            columns[name] = st.column_config.TextColumn(title, width=82)
        else:
            shown[name] = 100 * table[name]
            columns[name] = st.column_config.ProgressColumn(title, format=PERCENT, min_value=0, max_value=100, width=82)
    height = min(38 + 35 * len(shown), 600)
    st.dataframe(
        shown, hide_index=True, height=height, column_config=columns, alt="Precision, recall and F1 of each class"
    )


def _range(low: float, high: float) -> str:
    """An interval as a cell shows it; empty where there is none."""
    return "" if math.isnan(low) else f"{100 * low:.0f}–{100 * high:.0f}%"
