"""Training as it goes and as it went: figures, charts, and whether it is overfitting."""

import pandas as pd
import streamlit as st

from core.charts import training as charts
from core.data.index import DataSet
from core.jobs.store import Job
from core.results.diagnosis import Diagnosis, diagnose
from core.runs.folder import RunFolder
from core.runs.state import RunInfo, RunState
from core.training.stage import Stage
from pages.ui.plan.facts import batches_per_epoch, group_names
from pages.ui.text import literal, percent

VERDICTS = {
    "too-early": ("gray", ":material/hourglass_empty:"),
    "underfitting": ("blue", ":material/trending_down:"),
    "just-right": ("green", ":material/check_circle:"),
    "gap": ("orange", ":material/unfold_more:"),
    "overfitting": ("red", ":material/trending_up:"),
    "diverged": ("red", ":material/crisis_alert:"),
}
RECENT_STEPS = 20
SMALL_LOSS = 0.05
"""A loss below this share of its highest can be told from 0 only on a log scale."""


def names_of(stages: list[Stage]) -> list[str]:
    """A name for each stage, as charts show it."""
    return [stage.name or f"Stage {number}" for number, stage in enumerate(stages, 1)]


def progress_view(run: RunFolder, info: RunInfo, data: DataSet, job: Job | None) -> None:
    """Figures and charts of all that was trained so far; nothing before the first batch."""
    history, state = run.history, run.state
    steps, epochs = history.steps, history.epochs
    if steps.empty:
        if job is not None and job.kind == "train":
            st.caption("The first point appears with the first batch.")
        return
    stages = state.readable_stages
    steps = charts.on_epochs(steps, epochs, batches_per_epoch(run, data, stages[-1]) if stages else 0)
    _figures(steps, epochs, state)
    _loss(steps, epochs, names_of(stages), live=job is not None)
    left, right = st.columns(2, gap="medium")
    if len(epochs):
        best = f"Validation accuracy after each epoch, at best {epochs['accuracy'].max():.1%}"
        left.altair_chart(charts.accuracy(epochs), key="accuracy", alt=best)
    else:
        left.caption("Accuracy is measured on the validation images at the end of each epoch.")
    rate = charts.rate(steps, groups=group_names(info))
    right.altair_chart(rate, key="rate", alt="The learning rate of each layer group")
    _verdict(diagnose(epochs, stages, diverged=_diverged(state)))


def _loss(steps: pd.DataFrame, epochs: pd.DataFrame, names: list[str], *, live: bool) -> None:
    """The losses; on a log scale, when training has ended, where the last ones could not be told from 0 otherwise."""
    slot = st.container()
    key = "loss-log-live" if live else "loss-log"
    small = bool(steps["smoothed"].iloc[-1] < SMALL_LOSS * steps["smoothed"].max())
    st.session_state.setdefault(key, small and not live)
    log = st.toggle("Log scale, to tell small losses apart", key=key)
    chart = charts.loss(steps, epochs, stages=names, log=log)
    slot.altair_chart(chart, key="loss", alt="Training and validation loss over epochs")


def _diverged(state: RunState) -> bool:
    return bool(state.stages) and state.stages[-1].status == "diverged"


def _figures(steps: pd.DataFrame, epochs: pd.DataFrame, state: RunState) -> None:
    """The last figures and how they changed, the best ones, and how fast it goes."""
    speed = steps["images_per_s"].tail(RECENT_STEPS).median()
    with st.grid(4, min_column_width=150):
        if len(epochs):
            _last_epoch(epochs)
        else:
            st.metric("Accuracy", "–", help="Measured at the end of each epoch.")
            st.metric("Training loss", f"{steps['smoothed'].iloc[-1]:.3f}")
        best = state.best
        accuracy, when = (percent(best.accuracy), f"epoch {best.epoch}") if best else ("–", None)
        st.metric("Best so far", accuracy, when, delta_color="off", delta_arrow="off")
        st.metric("Epochs", f"{len(epochs):,}", f"{speed:,.0f} images/s", delta_color="off", delta_arrow="off")


def _last_epoch(epochs: pd.DataFrame) -> None:
    """Accuracy and loss on the validation images, each with its change since the epoch before."""
    last, changes = epochs.iloc[-1], epochs[["accuracy", "valid_loss"]].diff().iloc[-1]
    first = len(epochs) == 1
    points = None if first else _signed(100 * changes["accuracy"], ".1f", " points")
    st.metric("Accuracy", percent(last["accuracy"]), points, help="On the validation images, after the last epoch.")
    change = None if first else _signed(changes["valid_loss"], ".3f")
    st.metric("Validation loss", f"{last['valid_loss']:.3f}", change, delta_color="inverse")


def _signed(change: float, digits: str, unit: str = "") -> str | None:
    """A change with its sign; None when it rounds to nothing."""
    text = f"{change:+{digits}}"
    return None if float(text) == 0 else text + unit


def _verdict(said: Diagnosis) -> None:
    """Is it overfitting? The word, the numbers behind it, and what to try."""
    colour, icon = VERDICTS[said.verdict]
    with st.container(border=True, key="verdict"):
        st.markdown(f"**Is it overfitting?** :{colour}-badge[{icon} {said.title}]")
        if said.verdict == "too-early":
            st.caption(literal(f"{said.evidence[-1]} {said.next_steps[0]}", None))
            return
        left, right = st.columns(2, gap="medium")
        left.caption("Evidence")
        left.markdown("\n".join(f"- {literal(sentence, None)}" for sentence in said.evidence))
        right.caption("What to try next")
        right.markdown("\n".join(f"- {literal(sentence, None)}" for sentence in said.next_steps))
