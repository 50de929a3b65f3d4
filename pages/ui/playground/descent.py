"""Gradient descent on a surface: the settings, what the descent shows, and its path step by step."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from core.charts import playground as charts
from core.playground.descent import Path, descend
from core.playground.surfaces import EXTENT, SURFACES, Surface
from core.playground.verdicts import Verdict, judge
from pages.ui.playground.cached_chart import cached_chart
from pages.ui.playground.player import player
from pages.ui.playground.rate_choice import rate_choice_panel

HIGHEST_RATE = 1e12
RATES = [0.0, *(float(f"{tenths / 10}e{power}") for power in range(-3, 1) for tenths in range(10, 100)), 10.0]
"""Every rate of two figures, so that the slider and the number beside it say the same."""

PRESETS = {
    "crawls": (0.015,),
    "arrives": (0.48,),
    "zigzags": (0.98,),
    "diverges": tuple(1.04 * 1.25**k for k in range(20)),
}
"""Shares of the rate above which descent diverges close to the bottom; the first that diverges here is taken."""

BOXES = {"good": st.success, "still": st.info, "uphill": st.error, "diverges": st.error}
"""How the sentence of each kind of verdict is shown; the others are warnings."""


@dataclass(frozen=True)
class Settings:
    """What the widgets of the panel say; they keep it in the session while other pages are visited."""

    surface: Surface
    start: tuple[float, float]
    rate: float
    momentum: float
    steps: int

    @classmethod
    def of_session(cls) -> "Settings":
        """The settings as they now are in the session."""
        state = st.session_state
        return cls(
            surface=SURFACES[state.descent_surface],
            start=(float(state.descent_start_1), float(state.descent_start_2)),
            rate=float(state.descent_rate or 0.0),
            momentum=float(state.descent_momentum),
            steps=int(state.descent_steps),
        )

    def path(self, rate: float) -> Path:
        """The descent at a rate."""
        return descend(self.surface, self.start, rate, self.momentum, self.steps)


@st.fragment
def descent_panel() -> None:
    """A surface, a start, a rate and momentum: the path plays; below, who may choose the rate."""
    _begin()
    picture, settings = st.columns([5, 2], gap="medium")
    with settings:
        _controls()
        with st.expander("Start and steps"):
            for weight, extent in enumerate(EXTENT, start=1):
                key = f"descent_start_{weight}"
                st.slider(f"Start, weight {weight}", -extent, extent, step=0.01, key=key, persist_state="session")
            st.slider("Steps", 10, 200, step=10, key="descent_steps", persist_state="session")
    with picture, st.container(key="descent"):
        label, options = "Show me a rate that …", list(PRESETS)
        st.pills(label, options, key="descent_preset", persist_state="session", on_change=_take_preset)
        _draw(Settings.of_session())
    chosen = Settings.of_session()
    rate_choice_panel(chosen.surface, chosen.start, chosen.rate, chosen.steps)


def _begin() -> None:
    """The first view is a narrow valley at a rate that zigzags; later ones are what was set before."""
    first = {"surface": "valley", "momentum": 0.0, "steps": 60, "preset": "zigzags"}
    for name, value in first.items():
        st.session_state.setdefault(f"descent_{name}", value)
    if "descent_rate" not in st.session_state:
        _take_surface()


def _controls() -> None:
    """Widgets for the surface, the learning rate as a slider and as a number, and momentum."""
    st.selectbox(
        "Surface",
        list(SURFACES),
        key="descent_surface",
        persist_state="session",
        format_func=lambda name: SURFACES[name].title,
        on_change=_take_surface,
    )
    st.caption(SURFACES[st.session_state.descent_surface].text)
    st.select_slider("Learning rate", RATES, key="descent_rate_slider", persist_state="session", on_change=_take_slider)
    st.number_input(
        "… or any number",
        key="descent_rate",
        persist_state="session",
        step=None,
        format="%.6g",
        on_change=_take_number,
    )
    st.slider("Momentum", 0.0, 0.99, step=0.01, key="descent_momentum", persist_state="session")


def _nearest(rate: float) -> float:
    """The slider's place for a rate."""
    return min(RATES, key=lambda place: abs(place - rate))


def _take_slider() -> None:
    """The slider was moved: the number follows."""
    st.session_state.descent_rate = float(st.session_state.descent_rate_slider)
    st.session_state.descent_preset = None


def _take_number() -> None:
    """A number was typed: the slider follows as far as it goes."""
    st.session_state.descent_rate_slider = _nearest(st.session_state.descent_rate or 0.0)
    st.session_state.descent_preset = None


def _take_preset() -> None:
    """A kind of rate was chosen: set it for this surface and momentum."""
    state = st.session_state
    if state.descent_preset is None:
        return
    surface, momentum = SURFACES[state.descent_surface], float(state.descent_momentum)
    start = (float(state.descent_start_1), float(state.descent_start_2))
    for share in PRESETS[state.descent_preset]:
        rate = float(f"{share * surface.limit(momentum):.2g}")
        if judge(descend(surface, start, rate, momentum)).kind == "diverges":
            break
    state.descent_rate, state.descent_rate_slider = rate, _nearest(rate)


def _take_surface() -> None:
    """Another surface was chosen: begin where it shows most."""
    state = st.session_state
    state.descent_start_1, state.descent_start_2 = SURFACES[state.descent_surface].start
    _take_preset()


def _say(verdict: Verdict) -> None:
    BOXES.get(verdict.kind, st.warning)(verdict.sentence)


def _draw(settings: Settings) -> None:
    """The sentence, the player, the surface and the loss."""
    if not abs(settings.rate) <= HIGHEST_RATE:
        _say(Verdict("diverges", "That rate is too large to draw: choose one up to 1,000,000,000,000."))
        return
    path, surface, steps = settings.path(settings.rate), settings.surface, settings.steps
    _say(judge(path))
    frame = charts.path_frame(path)
    showing = f"{surface.title} {settings.start} {path.rate} {path.momentum} {steps}"
    player("descent", steps=steps, seconds=min(6.0, steps * 0.08), token=showing)
    left, right = st.columns([3, 2])
    with left:
        alt_text = f"Gradient descent on a {surface.title.lower()} at a rate of {path.rate:g}"
        build = partial(charts.descent, frame, surface, steps)
        cached_chart(build, showing=showing, key="descent_path", alt_text=alt_text)
    with right:
        alt_text = "Loss at each step of the descent"
        build = partial(charts.loss_curve, frame, steps)
        cached_chart(build, showing=showing, key="descent_loss", alt_text=alt_text)
