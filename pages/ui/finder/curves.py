"""Curves of range tests: as rows for the chart, and by names that tell them apart."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.lr_finder import EARLIER, PRESENT, SEED
from core.runs.state import Curve
from core.training.curves import FEWEST, WIDTH, smoothed
from core.training.stage import Stage
from pages.ui.plan.stage_words import trained_by

SHOWN = 4
"""Earlier curves that are drawn beside the present one, at most, unless more are chosen."""


def points(curve: Curve, name: str, role: str = PRESENT) -> pd.DataFrame:
    """A curve as rows for the chart; none where its file holds no curve."""
    try:
        smooth = smoothed(curve.lrs, curve.losses)
    except ValueError:
        empty: dict[str, list[float]] = {"lr": [], "loss": [], "centred": [], "low": [], "high": [], "fastai": []}
        return pd.DataFrame(empty, dtype="float64").assign(curve=name, role=role)
    count = len(smooth.lrs)
    fastai = np.full(count, np.nan)
    fastai[: len(curve.smoothed)] = curve.smoothed[:count]
    frame = pd.DataFrame(
        {
            "lr": smooth.lrs,
            "loss": curve.losses[:count],
            "centred": smooth.losses,
            "low": smooth.low,
            "high": smooth.high,
            "fastai": fastai,
        },
        dtype="float64",
    )
    return frame.assign(curve=name, role=role)


def together(curve: Curve, seeds: Sequence[Curve], earlier: Sequence[Curve]) -> pd.DataFrame:
    """The curve that is read, those of other seeds of the same test, and earlier ones, as rows for the chart."""
    return pd.concat(
        [
            points(curve, "this curve"),
            *(points(other, label(other), SEED) for other in seeds),
            *(points(other, label(other), EARLIER) for other in earlier),
        ]
    )


def width_in_words(lrs: Sequence[float]) -> str:
    """How wide the smoother is that `points` uses, for these rates: it needs 4 batches to each side."""
    decades = float(np.log10(lrs[-1] / lrs[0])) if len(lrs) > 1 and lrs[0] > 0 else 0.0
    width = max(WIDTH, 2 * (FEWEST + 0.5) * decades / max(len(lrs) - 1, 1))
    return "1 decade" if width == 1 else f"{width:.2g} decades"


def label(curve: Curve) -> str:
    """What tells one curve from another: when, after how much training, what was trained, and which seed of several."""
    trained = trained_by(curve.stage) if isinstance(curve.stage, Stage) else "unreadable stage"
    return f"{_time(curve)} · epoch {curve.epoch} · {trained} · {len(curve.lrs)} steps"


def _time(curve: Curve) -> str:
    try:
        return f"{datetime.fromisoformat(curve.created).astimezone():%H:%M:%S}"
    except ValueError:
        return curve.created


def choose_curves(curves: Sequence[Curve]) -> tuple[Curve, list[Curve]]:
    """The curve to read and those to draw behind it, as chosen; the newest and the ones before it by default."""
    names = {curve.name: label(curve) for curve in curves}
    newest_first = [curve.name for curve in reversed(curves)]
    if len(curves) == 1:
        return curves[0], []
    left, right = st.columns(2)
    read = left.selectbox("Curve", newest_first, format_func=names.__getitem__, key=f"curve-of-{len(curves)}")
    others = [name for name in newest_first if name != read]
    shown = right.multiselect(
        "Compare with", others, default=others[:SHOWN], format_func=names.__getitem__, key=f"earlier-{read}"
    )
    known = {curve.name: curve for curve in curves}
    return known[read], [known[name] for name in shown]
