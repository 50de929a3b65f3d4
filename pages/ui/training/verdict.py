"""Whether a run overfits: the verdict, three pictures with the present one marked, and this run's numbers."""

import streamlit as st

from core.charts.fitting import ALTS, Kind, sketch
from core.model.catalogue import SMALL_CNN
from core.results.diagnosis import Diagnosis, Verdict, diagnose
from core.runs.state import RunInfo
from pages.ui.text import literal
from pages.ui.training.moment import Moment

BADGES: dict[Verdict, tuple[str, str]] = {
    "too-early": ("gray", ":material/hourglass_empty:"),
    "underfitting": ("blue", ":material/trending_down:"),
    "just-right": ("green", ":material/check_circle:"),
    "overfitting": ("orange", ":material/unfold_more:"),
    "costly": ("red", ":material/trending_up:"),
    "diverged": ("red", ":material/crisis_alert:"),
}
PICTURES: dict[Kind, str] = {
    "underfitting": "Underfitting",
    "overfitting": "Overfitting",
    "costly": "Overfitting that costs",
}
NARROWEST = 105
"""Pixels of a picture with its border: three of them stand side by side on a phone."""


def verdict_of(info: RunInfo, now: Moment) -> Diagnosis:
    """The diagnosis of a run at this moment."""
    stages = now.state.stages
    diverged = bool(stages) and stages[-1].status == "diverged"
    dropout = info.backbone != SMALL_CNN
    return diagnose(now.epochs, now.state.readable_stages, diverged=diverged, dropout=dropout)


def badge(said: Diagnosis) -> str:
    """The verdict in a word, for markdown."""
    colour, icon = BADGES[said.verdict]
    return f":{colour}-badge[{icon} {said.title}]"


def verdict_view(said: Diagnosis) -> None:
    """The verdict, the pictures, and the numbers behind it."""
    with st.container(border=True, key="verdict"):
        st.markdown(f"**Is it overfitting?** {badge(said)}")
        if said.verdict in ("too-early", "diverged"):
            st.caption(literal(" ".join(said.evidence), None))
            return
        with st.grid(3, min_column_width=NARROWEST):
            for kind, name in PICTURES.items():
                _picture(kind, name, BADGES[said.verdict][0] if kind == said.verdict else "")
        none = " This run is none of the three." if said.verdict == "just-right" else ""
        st.caption(f"Sketches: training loss blue, validation loss orange.{none}")
        st.markdown("\n".join(f"- {literal(sentence, None)}" for sentence in said.evidence))


def _picture(kind: Kind, name: str, colour: str) -> None:
    """One picture; that of the present run has a badge of this `colour`, the others have none."""
    with st.container(border=True, key=f"fit-{kind}", gap="xxsmall", height="stretch"):
        st.image(sketch(kind), alt=ALTS[kind])
        if colour:
            st.markdown(f"**{name}** :{colour}-badge[this run]")
        else:
            st.caption(name)
