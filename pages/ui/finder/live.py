"""The curve of a range test under way, as far as it is."""

import streamlit as st

from core.charts.lr_finder import finder
from core.jobs import queue
from core.jobs.specs import FindSpec
from core.jobs.store import Job
from core.numbers import rate_in_words
from core.runs.folder import RunFolder
from core.runs.state import Curve
from core.training.curve import RangeSettings
from core.training.stage import Stage
from core.training.sweeps import sweep_for
from pages.ui.finder.curves import together, whose_rate
from pages.ui.text import duration

HEIGHT = 360
ALT = "Training loss against the learning rate, as it is measured"


def live_view(run: RunFolder, job: Job | None) -> None:
    """The range test under way; for other jobs that are not at one just now, where to watch them."""
    if job is None or live_curve(run):
        return
    if isinstance(job.spec, FindSpec):
        if not job.progress.done:
            st.caption("The first point appears with the first batch.")
    else:
        st.page_link("pages/training.py", label="Watch it on the Training page", icon=":material/monitoring:")


def live_curve(run: RunFolder, *, key: str = "finder-live") -> bool:
    """Draw the range test that the run's job is making, for itself or inside a plan; whether there is one to draw.

    For any page that polls: it reads the run folder, and draws nothing when no range test is under way or it has no
    point yet.
    """
    job = queue.live_job(run.workspace, run.id)
    curve = run.unfinished_curve()
    if job is None or job.status != "running" or curve is None or not curve.lrs:
        return False
    settings = _settings(job, curve)
    done = [other for other in run.all_curves() if other.complete and curve.set and other.set == curve.set]
    frame = together(curve, done, [])
    if frame.empty:
        return False
    chart = finder(
        frame,
        pickable=False,
        title="Batch by batch, the rate grows",
        span=(settings.lowest, settings.highest),
        y_title="Training loss (centred)",
        of=whose_rate(curve.stage),
        height=HEIGHT,
    )
    st.altair_chart(chart, key=key, alt=ALT)
    st.caption(_how_far(job, curve, settings))
    return True


def _settings(job: Job, curve: Curve) -> RangeSettings:
    """The rates and steps of the test: those that were asked for, or what a plan takes for such a stage."""
    if isinstance(job.spec, FindSpec):
        return RangeSettings(job.spec.lowest, job.spec.highest, job.spec.steps)
    return sweep_for(isinstance(curve.stage, Stage) and curve.stage.freeze_to == -1)


def _how_far(job: Job, curve: Curve, settings: RangeSettings) -> str:
    seeds = job.spec.seeds if isinstance(job.spec, FindSpec) else 1
    of = f"Seed {curve.repeat + 1} of {seeds}, batch" if seeds > 1 else "Batch"
    batch = f"{of} {len(curve.lrs)} of {settings.steps}, at a rate of {rate_in_words(curve.lrs[-1])}"
    seconds = job.progress.eta_s if job.progress.now_s is None else job.progress.now_s
    left = "" if seconds is None else f", {duration(seconds)} left"
    return f"{batch}{left}. The test ends early once the loss has exploded."
