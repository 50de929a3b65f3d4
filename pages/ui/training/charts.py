"""Training as it goes and as it went: figures and charts."""

import pandas as pd
import streamlit as st

from core.charts import training as charts
from core.runs.state import RunInfo
from pages.ui.plan.facts import group_names
from pages.ui.text import percent
from pages.ui.training.moment import Moment

RECENT_STEPS = 20
SMALL_LOSS = 0.05
"""A loss below this share of its highest can be told from 0 only on a log scale."""


def progress_view(info: RunInfo, now: Moment) -> None:
    """Figures and charts of all that was trained so far; nothing before the first batch."""
    if now.steps.empty:
        return
    _figures(now)
    _loss(now)
    left, right = st.columns(2, gap="medium")
    if len(now.epochs):
        best = f"Validation accuracy after each epoch, at best {percent(now.epochs['accuracy'].max())}"
        left.altair_chart(charts.accuracy(now.epochs, now.spans), key="accuracy", alt=best)
    else:
        left.caption("Accuracy is measured on the validation images at the end of each epoch.")
    rate = charts.rate(now.steps, now.spans, groups=group_names(info), planned=now.planned)
    right.altair_chart(rate, key="rate", alt="The learning rate of each layer group")


def _loss(now: Moment) -> None:
    """The losses; on a log scale, when training has ended, where the last ones could not be told from 0 otherwise."""
    slot = st.container()
    key = "loss-log-live" if now.live else "loss-log"
    means = now.epochs["train_loss"]
    small = bool(len(means) and means.iloc[-1] < SMALL_LOSS * charts.loss_range(now.steps, now.epochs)[1])
    st.session_state.setdefault(key, small and not now.live)
    log = st.toggle("Log scale, to tell small losses apart", key=key)
    chart = charts.loss(now.steps, now.epochs, now.spans, log=log, live=now.live)
    slot.altair_chart(chart, key="loss", alt="Training and validation loss over epochs")


def _figures(now: Moment) -> None:
    """The last figures and how they changed, the best ones, and how fast it goes."""
    speed, done = now.steps["images_per_s"].tail(RECENT_STEPS).median(), len(now.epochs)
    with st.grid(5, min_column_width=135):
        if done:
            _last_epoch(now.epochs)
        else:
            st.metric("Accuracy", "–", help="Measured at the end of each epoch.")
            mean = f"{now.steps['loss'].mean():.3f}"
            st.metric("Training loss", mean, help="The mean of the batches so far; later, of each epoch.")
        best, when = _best(now.epochs)
        st.metric("Best so far", best, when, delta_color="off", delta_arrow="off")
        count = f"{done:,} of {now.planned_epochs:,}" if now.live else f"{done:,}"
        st.metric("Epochs", count, f"{speed:,.0f} images/s", delta_color="off", delta_arrow="off")


def _best(epochs: pd.DataFrame) -> tuple[str, str | None]:
    """The highest accuracy and its epoch; of equal ones that with the lowest validation loss."""
    if epochs.empty:
        return "–", None
    best = epochs.sort_values(["accuracy", "valid_loss"], ascending=[False, True], kind="stable").iloc[0]
    return percent(best["accuracy"]), f"epoch {int(best['epoch'])}"


def _last_epoch(epochs: pd.DataFrame) -> None:
    """Accuracy and losses of the last epoch, each with its change since the epoch before."""
    last, changes = epochs.iloc[-1], epochs[["accuracy", "valid_loss", "train_loss"]].diff().iloc[-1]
    first = len(epochs) == 1
    points = None if first else _signed(100 * changes["accuracy"], ".1f", " points")
    st.metric("Accuracy", percent(last["accuracy"]), points, help="On the validation images, after the last epoch.")
    for label, column, about in (
        ("Validation loss", "valid_loss", "On the validation images, after the last epoch."),
        ("Training loss", "train_loss", "The mean of the last epoch's batches, as in the chart."),
    ):
        change = None if first else _signed(changes[column], ".3f")
        st.metric(label, f"{last[column]:.3f}", change, delta_color="inverse", help=about)


def _signed(change: float, digits: str, unit: str = "") -> str | None:
    """A change with its sign; None when it rounds to nothing."""
    text = f"{change:+{digits}}"
    return None if float(text) == 0 else text + unit
