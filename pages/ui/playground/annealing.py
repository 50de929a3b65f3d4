"""A learning rate that anneals and restarts, on a loss with narrow minima and a wide one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.charts import playground as charts
from core.playground import landscape
from core.playground.surfaces import Floats
from core.training.schedules import schedule_of
from core.training.stage import Stage
from pages.ui.playground.cached_chart import cached_chart
from pages.ui.playground.player import player

HIGHEST_RATE = 1e12
STEPS_PER_EPOCH = 20
RESTARTS, ONCE, CONSTANT = "Warm restarts", "Anneal once", "Constant"
FIRST_SEED = 2
"""Of the first view: its mini-batches take the weight from one minimum to the next, into the wide one."""


@dataclass(frozen=True)
class Settings:
    """What the widgets of the panel say."""

    stage: Stage
    highest: float
    start: float
    noise: float
    seed: int


@st.fragment
def annealing_panel() -> None:
    """A schedule and a start: the descent plays."""
    st.session_state.setdefault("annealing_seed", FIRST_SEED)
    controls, picture = st.columns([2, 5], gap="medium")
    with picture, st.container(key="annealing"):
        kinds = [RESTARTS, ONCE, CONSTANT]
        kind = st.segmented_control(
            "Schedule", kinds, default=RESTARTS, required=True, key="annealing_schedule", persist_state="session"
        )
        drawing = st.container()
    with controls:
        settings = _controls(kind)
    with drawing:
        _draw(settings)


def _controls(kind: str) -> Settings:
    """Widgets for the rate, the cycles, the start and the noise."""
    top = st.number_input(
        "Highest rate", value=0.12, step=0.01, format="%.6g", key="annealing_highest", persist_state="session"
    )
    cycles = st.slider("Cycles", 1, 5, 4, key="annealing_cycles", persist_state="session")
    mult = st.segmented_control(
        "Each cycle is longer by",
        [1, 2],
        default=1,
        format_func="×{}".format,
        required=True,
        key="annealing_mult",
        persist_state="session",
    )
    edge = landscape.EDGE
    start = st.slider("Start", -edge, edge, -2.6, step=0.05, key="annealing_start", persist_state="session")
    noise = st.slider("Noise of mini-batches", 0.0, 2.0, 1.0, 0.1, key="annealing_noise", persist_state="session")
    st.button("Other mini-batches", icon=":material/casino:", on_click=_draw_again)
    seed = int(st.session_state.annealing_seed)
    return Settings(_stage(kind, cycles, mult), float(top or 0.0), start, noise, seed)


def _draw_again() -> None:
    """Other mini-batches: the next seed."""
    st.session_state.annealing_seed += 1


def _stage(kind: str, cycles: int, mult: int) -> Stage:
    """A stage with this kind of schedule, as long as `cycles` cycles whichever the kind."""
    whole = Stage(cycles=cycles, cycle_mult=mult)
    if kind == RESTARTS:
        return whole
    return Stage(cycle_len=whole.epochs, schedule="constant" if kind == CONSTANT else "cosine")


def _draw(settings: Settings) -> None:
    """The sentence, the player, the descent, the rate, and how many starts end in the wide minimum."""
    highest, seed = settings.highest, settings.seed
    if highest <= 0:
        st.info("A rate of 0 or less goes nowhere good: choose one above 0.")
        return
    if not highest <= HIGHEST_RATE:
        st.info("Choose a lower rate.")
        return
    schedule = schedule_of(settings.stage, STEPS_PER_EPOCH)
    rates = np.array([schedule.factor(step) for step in range(schedule.steps)]) * highest
    weights = landscape.descents(rates, np.array([settings.start]), noise=settings.noise, seed=seed)[:, 0]
    st.info(landscape.describe(weights, rates, schedule.cycle_ends))
    frame = charts.annealing_frame(weights, rates, schedule.cycle_ends)
    showing, steps = str(settings), schedule.steps
    player("annealing", steps=steps, seconds=min(12.0, 1.5 + steps * 0.06), token=showing)
    alt_text = "A descent over narrow minima and a wide one"
    cached_chart(lambda: charts.annealing(frame, steps), showing=showing, key="annealing_path", alt_text=alt_text)
    st.caption("▼ marks where a cycle ended. The bars count the same descent from 200 evenly spaced starts.")
    left, right = st.columns([3, 2])
    with left:
        alt_text = "The learning rate at each step"
        cached_chart(lambda: charts.rates(frame, steps), showing=showing, key="annealing_rate", alt_text=alt_text)
    with right:
        _shares(settings, rates, schedule.cycle_ends, showing)


def _shares(settings: Settings, rates: Floats, ends: tuple[int, ...], showing: str) -> None:
    """Bars of the share of starts that are in the wide minimum after each cycle."""
    shares = landscape.shares_wide(rates, ends, noise=settings.noise, seed=settings.seed)
    frame = pd.DataFrame({"cycle": np.arange(1, len(shares) + 1), "share": shares})
    alt_text = "Share of starts in the wide minimum"
    cached_chart(lambda: charts.wide_shares(frame), showing=showing, key="wide_shares", alt_text=alt_text)
