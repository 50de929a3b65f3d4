"""Curves of range tests: as rows for the chart, by names that tell them apart, and the one under way."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.charts.lr_finder import finder
from core.jobs.specs import FindSpec
from core.jobs.store import Job
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.training.stage import Stage
from pages.ui.plan.stage_words import trained_by

EARLIER = 4
"""Earlier curves that are drawn beside the present one, at most, unless more are chosen."""


def points(curve: Curve, name: str, *, current: bool) -> pd.DataFrame:
    """A curve as rows for the chart."""
    frame = pd.DataFrame({"lr": curve.lrs, "loss": curve.losses, "smoothed": curve.smoothed}, dtype="float64")
    return frame.assign(curve=name, current=current)


def label(curve: Curve) -> str:
    """What tells one curve from another: when, after how much training, what was trained."""
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
        "Compare with", others, default=others[:EARLIER], format_func=names.__getitem__, key=f"earlier-{read}"
    )
    known = {curve.name: curve for curve in curves}
    return known[read], [known[name] for name in shown]


def live_view(run: RunFolder, job: Job | None) -> None:
    """The curve of the range test under way, as far as it is; for other jobs, where to watch them."""
    if job is None:
        return
    if not isinstance(job.spec, FindSpec):
        st.page_link("pages/training.py", label="Watch it on the Training page", icon=":material/monitoring:")
        return
    curve = run.unfinished_curve()
    if curve is None or not curve.lrs:
        st.caption("The first point appears with the first batch.")
        return
    frame, span = points(curve, "this curve", current=True), (job.spec.lowest, job.spec.highest)
    chart = finder(frame, pickable=False, title="Batch by batch, the rate grows", span=span)
    st.altair_chart(chart, key="finder-live", alt="Training loss against the learning rate, as it is measured")
