"""Gradient descent on surfaces: too low crawls, too high zigzags, much too high diverges; and what restarts do."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import playground as charts
from core.playground import landscape
from core.playground.descent import EXTENT, SURFACES, Verdict, descend, judge
from core.training.schedules import schedule_of
from core.training.stage import Stage
from pages.ui.frame import begin
from pages.ui.playground.cached_chart import kept_chart
from pages.ui.playground.player import player

HUGE = 1e12
RATES = [0.0, *(float(f"{tenths / 10}e{power}") for power in range(-3, 1) for tenths in range(10, 100)), 10.0]
"""Every rate of two figures, so that the slider and the number beside it say the same."""
PRESETS = {
    "crawls": (0.015,),
    "arrives": (0.48,),
    "zigzags": (0.92,),
    "diverges": tuple(1.04 * 1.25**k for k in range(20)),
}
"""Shares of the rate above which descent diverges close to the bottom; the first that diverges here is taken."""
SHOWN = {"good": st.success, "still": st.info, "uphill": st.error, "diverges": st.error}
EPOCH = 20
KINDS = ["Warm restarts", "Anneal once", "Constant"]


def nearest(rate: float) -> float:
    """The slider's place for a rate."""
    return min(RATES, key=lambda place: abs(place - rate))


def take_slider() -> None:
    """The slider was moved: the number follows."""
    st.session_state.descent_rate = float(st.session_state.descent_rate_slider)
    st.session_state.descent_preset = None


def take_number() -> None:
    """A number was typed: the slider follows as far as it goes."""
    st.session_state.descent_rate_slider = nearest(st.session_state.descent_rate or 0.0)
    st.session_state.descent_preset = None


def take_preset() -> None:
    """A kind of rate was chosen: set it for this surface and momentum."""
    state = st.session_state
    if state.descent_preset is None:
        return
    surface, start = SURFACES[state.descent_surface], (state.descent_start_1, state.descent_start_2)
    for share in PRESETS[state.descent_preset]:
        state.descent_rate = float(f"{share * surface.limit(state.descent_momentum):.2g}")
        if judge(descend(surface, start, state.descent_rate, state.descent_momentum)).kind == "diverges":
            break
    state.descent_rate_slider = nearest(state.descent_rate)


def take_surface() -> None:
    """Another surface was chosen: begin where it shows most."""
    st.session_state.descent_start_1, st.session_state.descent_start_2 = SURFACES[
        st.session_state.descent_surface
    ].start
    take_preset()


def begin_state() -> None:
    """The first view, a narrow valley at a rate that zigzags; or what was set before another page was visited."""
    first: dict[str, Any] = {
        "descent_surface": "valley",
        "descent_momentum": 0.0,
        "descent_steps": 60,
        "descent_preset": "zigzags",
        "ride_draw": 2,
    }
    for name, value in first.items():
        st.session_state.setdefault(name, value)
    if "descent_rate" not in st.session_state:
        take_surface()


def say(verdict: Verdict) -> None:
    """The sentence that says which and why."""
    SHOWN.get(verdict.kind, st.warning)(verdict.sentence)


@st.fragment
def descent_panel() -> None:
    """A surface, a start, a rate and momentum: the path plays."""
    settings, picture = st.columns([2, 5], gap="medium")
    with settings:
        st.selectbox(
            "Surface",
            list(SURFACES),
            key="descent_surface",
            persist_state="session",
            format_func=lambda s: SURFACES[s].title,
            on_change=take_surface,
        )
        st.caption(SURFACES[st.session_state.descent_surface].text)
        st.select_slider(
            "Learning rate", RATES, key="descent_rate_slider", persist_state="session", on_change=take_slider
        )
        st.number_input(
            "… or any number",
            key="descent_rate",
            persist_state="session",
            step=None,
            format="%.6g",
            on_change=take_number,
        )
        st.slider("Momentum", 0.0, 0.99, step=0.01, key="descent_momentum", persist_state="session")
        with st.expander("Start and steps"):
            st.slider(
                "Start, weight 1", -EXTENT[0], EXTENT[0], step=0.01, key="descent_start_1", persist_state="session"
            )
            st.slider(
                "Start, weight 2", -EXTENT[1], EXTENT[1], step=0.01, key="descent_start_2", persist_state="session"
            )
            st.slider("Steps", 10, 200, step=10, key="descent_steps", persist_state="session")
    with picture, st.container(key="descent"):
        st.pills(
            "Show me a rate that …", list(PRESETS), key="descent_preset", persist_state="session", on_change=take_preset
        )
        draw_descent()


def draw_descent() -> None:
    """The verdict, the player, the surface and the loss for the settings in the session."""
    state = st.session_state
    surface, steps = SURFACES[state.descent_surface], state.descent_steps
    if not -HUGE <= (state.descent_rate or 0) <= HUGE:
        say(Verdict("diverges", "A rate that large is off every scale: choose one up to 1,000,000,000,000."))
        return
    path = descend(
        surface,
        (state.descent_start_1, state.descent_start_2),
        state.descent_rate or 0.0,
        state.descent_momentum,
        steps,
    )
    say(judge(path))
    frame = charts.path_frame(path)
    token = f"{state.descent_surface} {path.points[0]} {path.rate} {path.momentum} {steps}"
    player("descent", steps=steps, seconds=min(6.0, steps * 0.08), token=token)
    left, right = st.columns([3, 2])
    with left:
        alt_text = f"Gradient descent on a {surface.title.lower()} at a rate of {path.rate:g}"
        kept_chart(lambda: charts.descent(frame, surface, steps), showing=token, key="descent_path", alt_text=alt_text)
    with right:
        alt_text = "Loss at each step of the descent"
        kept_chart(lambda: charts.loss_curve(frame, steps), showing=token, key="descent_loss", alt_text=alt_text)


@st.fragment
def annealing_panel() -> None:
    """A rate that anneals and restarts, over narrow minima and a wide one."""
    settings, picture = st.columns([2, 5], gap="medium")
    with picture, st.container(key="ride"):
        kind = (
            st.segmented_control("Schedule", KINDS, default=KINDS[0], key="ride_schedule", persist_state="session")
            or KINDS[0]
        )
        drawing = st.container()
    with settings:
        top = st.number_input(
            "Highest rate", value=0.12, step=0.01, format="%.6g", key="ride_highest", persist_state="session"
        )
        cycles = st.slider("Cycles", 1, 5, 4, key="ride_cycles", persist_state="session")
        mult = st.segmented_control(
            "Each cycle is longer by",
            [1, 2],
            default=1,
            format_func="×{}".format,
            key="ride_mult",
            persist_state="session",
        )
        start = st.slider(
            "Start", -landscape.EDGE, landscape.EDGE, -2.6, step=0.05, key="ride_start", persist_state="session"
        )
        noise = st.slider("Noise of mini-batches", 0.0, 2.0, 1.0, step=0.1, key="ride_noise", persist_state="session")
        st.button("Other mini-batches", icon=":material/casino:", on_click=draw_again)
    with drawing:
        draw_ride(stage_for(kind, cycles, mult or 1), float(top or 0.0), start, noise)


def draw_again() -> None:
    """Other mini-batches: the next seed."""
    st.session_state.ride_draw += 1


def stage_for(kind: str, cycles: int, mult: int) -> Stage:
    """A stage of this kind of schedule, as long as `cycles` cycles whichever the kind."""
    whole = Stage(cycles=cycles, cycle_mult=mult)
    if kind == KINDS[0]:
        return whole
    return Stage(cycle_len=whole.epochs, schedule="constant" if kind == "Constant" else "cosine")


def draw_ride(stage: Stage, highest: float, start: float, noise: float) -> None:
    """The sentence, the player, the ride, the rate and the shares for one schedule."""
    if not 0 < highest <= HUGE:
        st.info(
            "A rate of 0 or less goes nowhere good: choose one above 0." if highest <= 0 else "Choose a lower rate."
        )
        return
    schedule, seed = schedule_of(stage, EPOCH), st.session_state.ride_draw
    rates = np.array([schedule.factor(step) for step in range(schedule.steps)]) * highest
    places = landscape.ride(rates, np.array([start]), noise=noise, seed=seed)[:, 0]
    st.info(landscape.tell(places, rates, schedule.cycle_ends))
    frame = ride_frame(places, rates, schedule.cycle_ends)
    token = f"{stage} {highest} {start} {noise} {seed}"
    seconds = min(12.0, 1.5 + schedule.steps * 0.06)
    player("ride", steps=schedule.steps, seconds=seconds, token=token)
    line = np.linspace(-landscape.EDGE, landscape.EDGE, 500)
    hills = pd.DataFrame({"weight": line, "loss": landscape.loss(line)})
    alt_text = "A descent over narrow minima and a wide one"
    kept_chart(lambda: charts.ride(hills, frame, schedule.steps), showing=token, key="ride_path", alt_text=alt_text)
    st.caption("▼ marks where a cycle ended. The bars count the same ride from 200 starts all over the ground.")
    shares = landscape.shares_wide(rates, schedule.cycle_ends, noise=noise, seed=seed)
    left, right = st.columns([3, 2])
    with left:
        alt_text = "The learning rate at each step"
        kept_chart(lambda: charts.rates(frame, schedule.steps), showing=token, key="ride_rate", alt_text=alt_text)
    with right:
        cycles = pd.DataFrame({"cycle": np.arange(1, len(shares) + 1), "share": shares})
        alt_text = "Share of starts in the wide minimum"
        kept_chart(lambda: charts.wide_shares(cycles), showing=token, key="wide_shares", alt_text=alt_text)


def ride_frame(places: np.ndarray[Any, Any], rates: np.ndarray[Any, Any], ends: tuple[int, ...]) -> pd.DataFrame:
    """Columns step, weight, loss, rate, cycle (from 1), cycle_end."""
    steps = np.arange(len(places))
    return pd.DataFrame(
        {
            "step": steps,
            "weight": places,
            "loss": landscape.loss(places),
            "rate": np.append(rates, rates[-1]),
            "cycle": np.minimum(np.searchsorted(ends, steps, side="right") + 1, len(ends)),
            "cycle_end": np.isin(steps, ends),
        }
    )


begin(
    "Learning rate",
    ":material/downhill_skiing:",
    lead="Each step moves the weights downhill by **rate × slope**. See what a rate too low or too high does.",
)
begin_state()
descent_panel()
st.divider()
st.subheader("Annealing and warm restarts")
st.markdown(
    "Annealing lowers the rate so that it can settle; a restart raises it again. "
    "A narrow minimum cannot hold the weights at a high rate, a wide one can: **restarts hop out of the narrow ones**."
)
annealing_panel()
st.page_link("pages/augmentation.py", label="Next: augmentation", icon=":material/auto_awesome_motion:")
