"""A learning rate that anneals and restarts, on a loss with narrow minima and a wide one."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.charts import playground as charts
from core.playground import landscape, rest
from core.playground.rest import CONSTANT, ONCE, RESTARTS, STARTS, Tally
from core.playground.surfaces import Floats
from core.training.schedules import Schedule, schedule_of
from core.training.stage import Stage
from pages.ui.playground.cached_chart import cached_chart
from pages.ui.playground.player import player

HIGHEST_RATE = 1e12
KINDS = (RESTARTS, ONCE, CONSTANT)
FIRST_SEED = 10
"""Of the first view: its mini-batches take the weight from one minimum to the next, into the wide one."""


@dataclass(frozen=True)
class Settings:
    """What the widgets of the panel say."""

    kind: str
    cycles: int
    mult: int
    cycle_steps: int
    highest: float
    start: float
    noise: float
    seed: int

    def schedule(self, kind: str) -> Schedule:
        """The schedule of a kind, as long as the cycles together whichever the kind."""
        whole = Stage(cycles=self.cycles, cycle_mult=self.mult)
        once = Stage(cycle_len=whole.epochs, schedule="constant" if kind == CONSTANT else "cosine")
        return schedule_of(whole if kind == RESTARTS else once, self.cycle_steps)

    def rates(self, kind: str) -> Floats:
        """The learning rate of each step of a kind of schedule."""
        schedule = self.schedule(kind)
        return np.array([schedule.factor(step) for step in range(schedule.steps)]) * self.highest


@st.fragment
def annealing_panel() -> None:
    """A schedule and a start: the descent plays; below, what the schedules do from many starts."""
    st.session_state.setdefault("annealing_seed", FIRST_SEED)
    picture, controls = st.columns([5, 2], gap="medium")
    with picture, st.container(key="annealing"):
        kind = st.segmented_control(
            "Schedule", list(KINDS), default=RESTARTS, required=True, key="annealing_schedule", persist_state="session"
        )
        drawing = st.container()
    with controls:
        settings = _controls(kind)
    with drawing:
        _draw(settings)


def _controls(kind: str) -> Settings:
    """Widgets for the rate, the cycles, the start and the noise."""
    top = st.number_input(
        "Highest rate", value=0.14, step=0.01, format="%.6g", key="annealing_highest", persist_state="session"
    )
    cycles = st.slider("Cycles", 1, 5, 4, key="annealing_cycles", persist_state="session")
    length = st.slider("Steps of the first cycle", 10, 40, 40, 5, key="annealing_length", persist_state="session")
    mult = st.segmented_control(
        "Length of each later cycle",
        [1, 2],
        default=1,
        format_func=lambda times: "the same" if times == 1 else "twice the last",
        required=True,
        key="annealing_mult",
        persist_state="session",
    )
    edge = landscape.EDGE
    start = st.slider("Start", -edge, edge, -2.6, step=0.05, key="annealing_start", persist_state="session")
    noise = st.slider("Noise of mini-batches", 0.0, 2.0, 1.5, 0.1, key="annealing_noise", persist_state="session")
    st.button("Other mini-batches", icon=":material/casino:", on_click=_draw_again)
    seed = int(st.session_state.annealing_seed)
    return Settings(kind, cycles, mult, length, float(top or 0.0), start, noise, seed)


def _draw_again() -> None:
    """Other mini-batches: the next seed."""
    st.session_state.annealing_seed += 1


def _draw(settings: Settings) -> None:
    """The sentence, the player, the descent and the rate; then where many starts came to rest."""
    if settings.highest <= 0:
        st.info("A rate of 0 or less goes nowhere good: choose one above 0.")
        return
    if not settings.highest <= HIGHEST_RATE:
        st.info("Choose a lower rate.")
        return
    schedule, rates = settings.schedule(settings.kind), settings.rates(settings.kind)
    weights = landscape.descents(rates, np.array([settings.start]), noise=settings.noise, seed=settings.seed)[:, 0]
    st.info(f"**After all {len(rates)} steps.** {rest.describe(weights, rates, schedule.cycle_ends)}")
    frame = charts.annealing_frame(weights, rates, schedule.cycle_ends)
    showing, steps = str(settings), schedule.steps
    player("annealing", steps=steps, seconds=min(12.0, 1.5 + steps * 0.06), token=showing)
    alt_text = "A descent over narrow minima and a wide one"
    cached_chart(lambda: charts.annealing(frame, steps), showing=showing, key="annealing_path", alt_text=alt_text)
    st.caption("▼ marks where a cycle ended.")
    alt_text = "The learning rate at each step"
    cached_chart(lambda: charts.rates(frame, steps), showing=showing, key="annealing_rate", alt_text=alt_text)
    _many_starts(settings, steps, showing)


def _many_starts(settings: Settings, steps: int, showing: str) -> None:
    """What restarts do to many starts, and the three schedules beside each other, in a sentence and as bars."""
    tallies = {
        kind: rest.tally(
            settings.rates(kind), settings.schedule(kind).cycle_ends, noise=settings.noise, seed=settings.seed
        )
        for kind in KINDS
    }
    st.markdown(f"**The same from {STARTS} evenly spaced starts.** {rest.tell(tallies, steps)}")
    _after_each_cycle(tallies[RESTARTS], showing)
    frame = charts.rest_frame({kind: found.last for kind, found in tallies.items()})
    cached_chart(
        lambda: charts.rests(frame, title="All three schedules, at the end", rows=None, legend=True),
        showing=showing,
        key="rest_by_schedule",
        alt_text="Where the starts came to rest at the end of each schedule",
    )
    st.caption(
        f"A start is at rest where its last {rest.LAST} steps stay within {rest.TOGETHER:g} of each other; passing "
        "through a minimum does not count. The loss is the mean over all starts."
    )


def _after_each_cycle(found: Tally, showing: str) -> None:
    """Where the starts rest after each cycle of warm restarts."""
    frame = charts.rest_frame({str(number): count for number, count in enumerate(found.cycles, start=1)})
    cached_chart(
        lambda: charts.rests(frame, title="Warm restarts, after each cycle", rows="Cycle", legend=False),
        showing=showing,
        key="rest_by_cycle",
        alt_text="Where the starts rest after each cycle of warm restarts",
    )
