"""Training as it goes and as it went: figures, charts, the verdict, the stages, the snapshots."""

import pandas as pd
import streamlit as st

from core.charts import training as charts
from core.data.index import DataSet
from core.errors import AnnealError, RunError
from core.jobs import actions
from core.jobs.store import Job
from core.results.diagnosis import Diagnosis, diagnose
from core.runs.folder import RunFolder
from core.runs.state import RunInfo, RunState, StageState
from core.training.stage import Stage
from pages.ui.errors import show
from pages.ui.plan.editor import repeat
from pages.ui.plan.facts import batches_an_epoch, group_names
from pages.ui.plan.stage_words import Facts, in_words
from pages.ui.text import ago, duration, literal, percent

MARKS = {
    "running": ":blue[:material/local_fire_department:]",
    "done": ":green[:material/check_circle:]",
    "stopped": ":orange[:material/pause_circle:]",
    "failed": ":red[:material/error:]",
    "diverged": ":red[:material/error:]",
}
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
    per_epoch = batches_an_epoch(run, data, stages[-1]) if stages else 0
    steps = charts.on_epochs(steps, epochs, per_epoch)
    _figures(steps, epochs, state)
    names, groups = names_of(stages), group_names(info)
    alt = "Training and validation loss over epochs"
    slot = st.container()
    small = steps["smoothed"].iloc[-1] < SMALL_LOSS * steps["smoothed"].max()
    key = "loss-log" if job is None else "loss-log-live"
    st.session_state.setdefault(key, bool(small and job is None))
    log = st.toggle("Log scale, to tell small losses apart", key=key)
    slot.altair_chart(charts.loss(steps, epochs, stages=names, log=log), key="loss", alt=alt)
    left, right = st.columns(2, gap="medium")
    if len(epochs):
        best = f"Validation accuracy after each epoch, at best {epochs['accuracy'].max():.1%}"
        left.altair_chart(charts.accuracy(epochs), key="accuracy", alt=best)
    else:
        left.caption("Accuracy is measured on the validation images at the end of each epoch.")
    right.altair_chart(charts.rate(steps, groups=groups), key="rate", alt="The learning rate of each layer group")
    _verdict(diagnose(epochs, stages, diverged=_diverged(state)))


def _diverged(state: RunState) -> bool:
    return bool(state.stages) and state.stages[-1].status == "diverged"


def _figures(steps: pd.DataFrame, epochs: pd.DataFrame, state: RunState) -> None:
    speed = steps["images_per_s"].tail(RECENT_STEPS).median()
    with st.grid(4, min_column_width=150):
        if len(epochs):
            last, before = epochs.iloc[-1], epochs.iloc[-2] if len(epochs) > 1 else None
            change = (
                None if before is None else _signed(100 * (last["accuracy"] - before["accuracy"]), ".1f", " points")
            )
            st.metric(
                "Accuracy", percent(last["accuracy"]), change, help="On the validation images, after the last epoch."
            )
            loss = None if before is None else _signed(last["valid_loss"] - before["valid_loss"], ".3f")
            st.metric("Validation loss", f"{last['valid_loss']:.3f}", loss, delta_color="inverse")
        else:
            st.metric("Accuracy", "–", help="Measured at the end of each epoch.")
            st.metric("Training loss", f"{steps['smoothed'].iloc[-1]:.3f}")
        best = state.best
        st.metric("Best so far", percent(best.accuracy) if best else "–", f"epoch {best.epoch}" if best else None,
                  delta_color="off", delta_arrow="off")  # fmt: skip
        st.metric("Epochs", f"{len(epochs):,}", f"{speed:,.0f} images/s", delta_color="off", delta_arrow="off")


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


def stages_view(run: RunFolder, info: RunInfo, state: RunState, facts: Facts, *, at_work: bool) -> None:
    """The stages done, under way and still to come, each with its figures."""
    for begun in state.stages:
        _begun(run, info, begun, facts, at_work=at_work)
    first = len(state.stages) - state.plan_start
    for offset, stage in enumerate(state.plan[first:]):
        if not isinstance(stage, Stage):
            continue
        name = literal(stage.name) if stage.name else "Stage"
        with st.container(gap="xxsmall"):
            st.markdown(f":gray[:material/schedule: **{len(state.stages) + offset + 1} · {name}**]")
            st.caption(in_words(stage, facts))


def _begun(run: RunFolder, info: RunInfo, begun: StageState, facts: Facts, *, at_work: bool) -> None:
    try:
        stage = begun.settings
    except RunError as error:
        show(error)
        return
    figures = [f"{begun.epochs} of {stage.epochs} epochs" if begun.epochs < stage.epochs else ""]
    figures += [percent(begun.accuracy)] if begun.accuracy is not None else []
    figures += [f"validation loss {begun.valid_loss:.3f}"] if begun.valid_loss is not None else []
    figures += [duration(begun.seconds)] if begun.seconds else []
    name = literal(stage.name) if stage.name else "Stage"
    text, button = st.columns([5, 1], vertical_alignment="center")
    with text, st.container(gap="xxsmall"):
        st.markdown(f"{MARKS[begun.status]} **{begun.index + 1} · {name}** {' · '.join(filter(None, figures))}")
        st.caption(in_words(stage, facts) + (f" · {literal(begun.message, None)}" if begun.message else ""))
    if not at_work:
        button.button(
            "Repeat",
            icon=":material/replay:",
            key=f"repeat-{begun.index}",
            help="Plan the same stage once more, from the present weights.",
            on_click=repeat,
            args=(run, info, stage),
            width="stretch",
        )


def snapshots_view(run: RunFolder, state: RunState) -> None:
    """The weights that were kept: save the present ones under a name, go back to others."""
    kept = run.snapshots()
    st.caption(
        "Weights are kept at the end of each cycle, and the best so far. Load one to go on from it; the history stays."
    )
    with st.form("save-snapshot", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Save the present weights as", placeholder="before unfreezing", max_chars=60)
        asked = st.form_submit_button("Save", icon=":material/save:")
    if asked:
        try:
            saved = actions.save_snapshot(run, name)
            st.toast(f"Saved as {literal(saved.name)}", icon=":material/check:")
            kept = run.snapshots()
        except AnnealError as error:
            show(error)
    if not kept:
        return
    frame = pd.DataFrame(
        {
            "Snapshot": [snapshot.name for snapshot in kept],
            "Epoch": [snapshot.epoch for snapshot in kept],
            "Accuracy": [snapshot.accuracy for snapshot in kept],
            "Validation loss": [snapshot.valid_loss for snapshot in kept],
            "Saved": [ago(snapshot.created) for snapshot in kept],
        }
    )
    columns = {
        "Accuracy": st.column_config.NumberColumn(format="percent"),
        "Validation loss": st.column_config.NumberColumn(format="%.3f"),
    }
    st.dataframe(frame, hide_index=True, column_config=columns, height="content", alt="Snapshots of this run")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = [snapshot.name for snapshot in reversed(kept)]
        chosen = st.selectbox("Go back to", names, key="snapshot-chosen")
        st.button("Load", icon=":material/restore:", key="snapshot-load", on_click=_load, args=(run, chosen))
    if state.loaded:
        st.caption(f"The weights in hand are those of the snapshot {literal(state.loaded)}.")


def _load(run: RunFolder, name: str) -> None:
    try:
        actions.load_snapshot(run, name)
        st.toast(f"Loaded {literal(name)}. The next stage begins from it.", icon=":material/check:")
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")
