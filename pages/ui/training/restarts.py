"""What the restarts did to this network: asked for once two cycles have ended, and shown with this run's figures."""

import itertools

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from core.charts.restarts import lines_chart, map_chart
from core.errors import AnnealError
from core.jobs import actions
from core.jobs.specs import StudySpec
from core.results.restarts import AVERAGED, Map, RestartsAnswer
from core.results.studies import Restarts
from core.runs.folder import RunFolder
from pages.ui.errors import show
from pages.ui.study import answer_or_ask
from pages.ui.text import literal

MOST = 8
"""Snapshots that are studied: each takes a few seconds more."""

ABOUT = (
    "A restart raises the rate again, so that the network can leave a narrow valley. Whether it did, your own network "
    "can tell: walk in a straight line from each snapshot to the next and watch the loss."
)


def restarts_view(run: RunFolder) -> None:
    """The study of the last cycles; nothing before the second cycle has ended."""
    names = [snapshot.name for snapshot in run.snapshots() if snapshot.name.startswith("cycle-")][-MOST:]
    if len(names) < 2:
        return
    st.subheader("What the restarts did", anchor=False)
    st.caption(ABOUT)
    spec = StudySpec(question=Restarts(snapshots=tuple(names)))
    found = answer_or_ask(run, spec, RestartsAnswer, f"Walk between the last {len(names)} snapshots")
    if found is not None:
        _answer(run, found)


def _answer(run: RunFolder, found: RestartsAnswer) -> None:
    left = sum(line.left for line in found.lines)
    which = "none" if not left else "all" if left == len(found.lines) else f"{left:,}"
    st.markdown(f"Of {len(found.lines):,} restarts and stage changes, **{which}** left the valley.")
    st.altair_chart(_lines(found), key="restart-lines", alt="Validation loss on the lines between snapshots")
    with st.expander("Each line in a sentence", icon=":material/format_list_bulleted:"):
        st.markdown("\n".join(f"- {literal(line.sentence(), None)}" for line in found.lines))
        st.caption(f"Measured on {found.images:,} validation images of {found.size} px; ± is two standard errors.")
    if found.map is not None:
        st.altair_chart(_map(found.map), key="restart-map", alt="Validation loss on the plane through three snapshots")
        st.caption(
            f"The plane goes through {', '.join(map(literal, found.map.through))}. Each point is a network of its own, "
            f"measured on {found.map.images:,} validation images."
        )
    _gains(run, found)


def _gains(run: RunFolder, found: RestartsAnswer) -> None:
    members = ", ".join(map(literal, found.gains[0].members))
    st.markdown(f"**All of them together?** {members}:")
    st.markdown("\n".join(f"- {literal(gain.sentence(), None)}" for gain in found.gains))
    st.caption(
        "The best single snapshot was chosen on these same images, which flatters it a little. The tests are paired: "
        "McNemar's for accuracy, the mean difference for the loss."
    )
    kept = any(snapshot.name == AVERAGED for snapshot in run.snapshots())
    if st.button(
        "Keep the mean of the weights as a snapshot",
        icon=":material/save:",
        key="keep-average",
        help="It can then be loaded, evaluated and compared like any other snapshot.",
    ):
        try:
            actions.keep_average(run)
        except AnnealError as error:
            show(error)
            return
        st.toast(f"Kept as {AVERAGED}", icon=":material/check:")
        kept = True
    if kept:
        st.caption(f":material/check: The snapshot {AVERAGED} is in the list of snapshots.")


def _lines(found: RestartsAnswer) -> alt.LayerChart:
    rows = []
    for number, line in enumerate(found.lines):
        for point, (loss, accuracy) in enumerate(zip(line.losses, line.accuracies, strict=True)):
            rows.append((number + point / (len(line.losses) - 1), loss, accuracy, line.first, line.second))
    frame = pd.DataFrame(rows, columns=["place", "loss", "accuracy", "from", "to"])
    names = [found.lines[0].first, *(line.second for line in found.lines)]
    return lines_chart(frame, names)


def _map(found: Map) -> alt.LayerChart:
    xs, ys = _edges(found.xs), _edges(found.ys)
    rows = [
        (left, right, low, high, found.losses[j][i])
        for (j, (low, high)), (i, (left, right)) in itertools.product(
            enumerate(itertools.pairwise(ys)), enumerate(itertools.pairwise(xs))
        )
    ]
    grid = pd.DataFrame(rows, columns=["x", "x2", "y", "y2", "loss"])
    near = [place for place in found.places if place.name in found.through]
    places = pd.DataFrame([place.model_dump() for place in near]).assign(number=range(len(near)))
    return map_chart(grid, places)


def _edges(centres: tuple[float, ...]) -> list[float]:
    half = (centres[1] - centres[0]) / 2
    return [*(np.array(centres) - half).tolist(), centres[-1] + half]
