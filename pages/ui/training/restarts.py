"""What the restarts did to this network: asked for once two cycles have ended, and shown with this run's figures."""

import itertools
from collections.abc import Callable, Sequence

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from core.charts.restarts import FRAME, lines_chart, map_chart
from core.errors import AnnealError
from core.jobs import actions
from core.jobs.specs import StudySpec
from core.results.restarts import AVERAGED, ENSEMBLE, ERRORS, CycleLine, Line, Map, RestartsAnswer
from core.runs.folder import RunFolder
from core.runs.snapshots import Snapshot
from core.runs.studies import MOST_CYCLES, kept_answer, last_cycles
from pages.ui.errors import show
from pages.ui.study import answer_or_ask
from pages.ui.text import duration, literal

MOST_LINES = MOST_CYCLES - 1
"""Lines that are shown: as many as the study has, which is asked about the same cycles."""

ABOUT = (
    "A restart raises the rate again, so that the network can leave a narrow valley. Whether it did, your own network "
    "can tell: walk in a straight line from each snapshot to the next and watch the loss."
)


def restarts_view(run: RunFolder) -> None:
    """The study of the last cycles; nothing before the second cycle has ended."""
    question = last_cycles(run.snapshots())
    if len(question.snapshots) < 2:
        return
    st.subheader("What the restarts did", anchor=False)
    st.caption(ABOUT)
    spec = StudySpec(question=question)
    if kept_answer(run, question, RestartsAnswer) is None:
        lines_view(run.history.lines)
    found = answer_or_ask(run, spec, RestartsAnswer, f"Walk between the last {len(question.snapshots)} snapshots")
    if found is not None:
        _answer(run, found)


def live_lines_view(lines: Sequence[CycleLine]) -> None:
    """While a run trains: what the restarts did so far; nothing before the second cycle has ended."""
    if lines:
        st.markdown("**What the restarts did**")
        lines_view(lines)


def lines_view(lines: Sequence[CycleLine]) -> None:
    """What the worker measured as each of the last cycles ended, the newest in a sentence."""
    few = lines[-MOST_LINES:]
    measured = [found.line for found in few if found.line is not None]
    if not few:
        return
    st.markdown(literal(few[-1].sentence(), None))
    if not measured:
        return
    st.altair_chart(_chart(measured), key="cycle-lines", alt="Validation loss on the lines between snapshots")
    seconds = sum(found.seconds for found in few)
    images = sorted({found.images for found in few if found.line is not None})
    few_to_many = f"{images[0]:,}" if len(images) == 1 else f"{images[0]:,} to {images[-1]:,}"
    apart = "" if len(images) == 1 else " Lines of different numbers of images need not meet."
    st.caption(
        f"Measured as each cycle ended, on {few_to_many} validation images, in {duration(seconds)} altogether."
        f"{_about_errors(measured)} Where the backbone was trained, batch norm is measured again at every point.{apart}"
    )
    if len(few) > 1:
        with st.expander("Each line in a sentence", icon=":material/format_list_bulleted:"):
            st.markdown("\n".join(f"- {literal(found.sentence(), None)}" for found in few))


def _answer(run: RunFolder, found: RestartsAnswer) -> None:
    left = sum(line.left for line in found.lines)
    steps = "step from one snapshot to the next" if len(found.lines) == 1 else "steps from snapshot to snapshot"
    which = "no ridge was found" if not left else f"**{left:,}** crossed a ridge into another valley"
    st.markdown(f"Of {len(found.lines):,} {steps}, {which}." if left else f"In {len(found.lines):,} {steps}, {which}.")
    st.altair_chart(_chart(found.lines), key="restart-lines", alt="Validation loss on the lines between snapshots")
    with st.expander("Each line in a sentence", icon=":material/format_list_bulleted:"):
        st.markdown("\n".join(f"- {literal(line.sentence(), None)}" for line in found.lines))
        st.caption(
            f"Measured on {found.images:,} of the validation images, {found.size} px.{_about_errors(found.lines)} "
            "Where the backbone was trained, batch norm is measured again at every point: a snapshot's loss can differ "
            "from the one in the list."
        )
    if found.map is not None:
        st.altair_chart(_map(found.map), key="restart-map", alt="Validation loss on the plane through three snapshots")
        st.caption(
            f"The plane goes through {', '.join(map(literal, found.map.through))}. Each point is a network of its own, "
            f"measured on {found.map.images:,} validation images. Rings: snapshots that lie off the plane, so their "
            "own loss is another."
        )
    _gains(run, found)


def _about_errors(lines: Sequence[Line]) -> str:
    """What ± is, where a sentence has one."""
    return f" ± is {ERRORS} standard errors." if any("±" in line.sentence() for line in lines) else ""


def _gains(run: RunFolder, found: RestartsAnswer) -> None:
    members = ", ".join(map(literal, found.gains[0].members))
    st.markdown(f"**All of them together?** {members}:")
    st.markdown("\n".join(f"- {literal(gain.sentence(), None)}" for gain in found.gains))
    st.caption(
        "Which of them is best alone was chosen on these same images, which flatters it a little. The tests are "
        "paired: McNemar's for accuracy, the mean difference for the loss."
    )
    with st.container(horizontal=True):
        ensemble = st.button(
            "Keep them together as a snapshot",
            icon=":material/group_work:",
            key="keep-ensemble",
            help="An ensemble: the mean of their predictions. It can then be evaluated, used to predict and exported "
            "like any other snapshot, but not trained on.",
        )
        average = st.button(
            "Keep the mean of the weights as a snapshot",
            icon=":material/save:",
            key="keep-average",
            help="It can then be loaded, evaluated and compared like any other snapshot.",
        )
    if ensemble:
        _keep(lambda: actions.keep_ensemble(run, found.gain(ENSEMBLE)))
    if average:
        _keep(lambda: actions.keep_average(run))
    for kept in run.snapshots():
        if kept.name == AVERAGED or kept.members:
            of = f", of {', '.join(map(literal, kept.members))}," if kept.members else ""
            st.caption(
                f":material/check: The snapshot {literal(kept.name)}{of} is in the list of snapshots, and can be "
                "chosen under Take it away, Predict and Confusion matrix."
            )


def _keep(what: Callable[[], Snapshot]) -> None:
    try:
        kept = what()
    except AnnealError as error:
        show(error)
    else:
        st.toast(f"Kept as {literal(kept.name)}", icon=":material/check:")


def _chart(lines: Sequence[Line]) -> alt.LayerChart:
    """The lines one after the other; where one does not begin at the end of the one before it, there is a gap."""
    rows, names = [], [lines[0].first]
    for number, line in enumerate(lines):
        if names[-1] != line.first:
            names.append(line.first)
        for point, (loss, accuracy) in enumerate(zip(line.losses, line.accuracies, strict=True)):
            place = len(names) - 1 + point / (len(line.losses) - 1)
            rows.append((place, loss, accuracy, line.first, line.second, number))
        names.append(line.second)
    return lines_chart(pd.DataFrame(rows, columns=list(FRAME)), names)


def _map(found: Map) -> alt.LayerChart:
    xs, ys = _edges(found.xs), _edges(found.ys)
    rows = [
        (left, right, low, high, found.losses[j][i])
        for (j, (low, high)), (i, (left, right)) in itertools.product(
            enumerate(itertools.pairwise(ys)), enumerate(itertools.pairwise(xs))
        )
    ]
    grid = pd.DataFrame(rows, columns=["x", "x2", "y", "y2", "loss"])
    inside = [one for one in found.places if xs[0] <= one.x <= xs[-1] and ys[0] <= one.y <= ys[-1]]
    places = pd.DataFrame([one.model_dump() | {"on": one.name in found.through} for one in inside])
    places = places.assign(number=range(len(inside)))
    return map_chart(grid, places)


def _edges(centres: tuple[float, ...]) -> list[float]:
    half = (centres[1] - centres[0]) / 2
    return [*(np.array(centres) - half).tolist(), centres[-1] + half]
