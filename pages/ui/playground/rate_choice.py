"""Who chooses the rate: a person, a schedule, or vSGD, on the surface of the descent above."""

from functools import partial

import streamlit as st

from core.charts import rate_choice as charts
from core.playground.comparison import compare, describe
from core.playground.surfaces import Surface
from core.playground.vsgd import NoisyPath
from core.training.schedules import schedule_of
from core.training.stage import Stage
from pages.ui.playground.cached_chart import cached_chart

HIGHEST_RATE = 1e12


def rate_choice_panel(surface: Surface, start: tuple[float, float], rate: float, steps: int) -> None:
    """Compare `rate` fixed, annealed, and vSGD's rates under mini-batch noise, from the same start."""
    st.subheader("Who chooses the rate: you, a schedule, or vSGD?", anchor=False)
    st.session_state.setdefault("choice_seed", 0)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        noise = st.slider(
            "Noise of each gradient (standard deviation)",
            0.0,
            2.0,
            1.0,
            0.1,
            key="choice_noise",
            persist_state="session",
        )
    with right:
        st.button("Other noise", icon=":material/casino:", key="choice_again", on_click=_draw_again)
    if not 0 < rate <= HIGHEST_RATE:
        st.caption("Choose a learning rate above 0, and not too large to draw, to compare it with vSGD.")
        return
    seed = int(st.session_state.choice_seed)
    paths = compare(surface, start, rate, cosine(steps), noise=noise, seed=seed)
    st.markdown(describe(paths))
    showing = f"{surface.title} {start} {rate} {steps} {noise} {seed}"
    _draw(paths, surface, steps, showing)
    st.caption(
        "The rate set above stays fixed, or falls to 0 by a cosine. [vSGD](https://arxiv.org/abs/1206.1106) "
        "(experimental) chooses one for each weight; it assumes plain SGD without momentum, independent noise, "
        "and a loss that is locally quadratic."
    )


def _draw(paths: dict[str, NoisyPath], surface: Surface, steps: int, showing: str) -> None:
    """The paths on the surface, and beside them the rates and the losses; `showing` says what they are of."""
    frame, rates = charts.choice_frame(paths), charts.rate_frame(paths)
    where, curves = st.columns([3, 2])
    with where:
        alt_text = f"Paths of a fixed rate, an annealed rate and vSGD on a {surface.title.lower()}"
        build = partial(charts.chosen_paths, frame, surface)
        cached_chart(build, showing=showing, key="choice_paths", alt_text=alt_text)
    with curves:
        alt_text = "The learning rate of each method at each step"
        cached_chart(partial(charts.chosen_rates, rates, steps), showing=showing, key="choice_rates", alt_text=alt_text)
        alt_text = "The loss of each method at each step"
        cached_chart(
            partial(charts.chosen_losses, frame, steps), showing=showing, key="choice_losses", alt_text=alt_text
        )


def cosine(steps: int) -> list[float]:
    """The factor of each step when one cycle anneals a rate to 0."""
    schedule = schedule_of(Stage(cycle_len=1), steps)
    return [schedule.factor(step) for step in range(steps)]


def _draw_again() -> None:
    """Other noise: the next seed."""
    st.session_state.choice_seed += 1
