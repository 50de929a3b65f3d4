"""The settings of a range test, and the button that starts it."""

import math
from dataclasses import dataclass

import streamlit as st

from core.augment import NONE
from core.errors import PlanError
from core.jobs.specs import FindSpec
from core.runs.draft import settings_of
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.stage import Stage, stage_of
from core.training.sweeps import sweep_for
from pages.ui import jobs
from pages.ui.errors import show
from pages.ui.plan.drafts import draft_of

HEAD, EVERYTHING = "Head only", "Everything"
POWERS = list(range(-8, 3))
"""Of ten: the lowest and the highest rate that can be asked for."""


@dataclass(frozen=True)
class Details:
    """The settings that are seldom changed."""

    lowest: float
    highest: float
    size: int
    batch_size: int


def finder_form(run: RunFolder, info: RunInfo, *, again: bool) -> None:
    """Settings that begin as the next planned stage has them, and the button that starts the test."""
    like = _next_stage(run, info)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            everything, precompute, steps = _settings(like)
        with st.expander("Range, batch and image size", icon=":material/tune:"):
            details = _details(like, info, everything=everything)
        stage = _stage(like, details, everything=everything, precompute=precompute)
        go = st.button(
            "Find it again" if again else "Find the learning rate",
            type="secondary" if again else "primary",
            icon=":material/troubleshoot:",
            key="find",
            disabled=stage is None,
        )
    if not go or stage is None:
        return
    if jobs.submit(run, FindSpec(stage=stage, steps=steps, lowest=details.lowest, highest=details.highest)):
        st.rerun()


def _next_stage(run: RunFolder, info: RunInfo) -> Stage:
    """The first planned stage that is in order, else what suits the network."""
    for card in draft_of(run, info).cards:
        try:
            return card.stage()
        except PlanError:
            continue
    return Stage(freeze_to=-1 if info.pretrained else 0, size=info.size)


def _settings(like: Stage) -> tuple[bool, bool, int]:
    """Whether everything is trained, whether from precomputed activations, and how many steps the test has."""
    scope = st.segmented_control(
        "What is trained",
        [HEAD, EVERYTHING],
        default=HEAD if like.freeze_to == -1 else EVERYTHING,
        required=True,
        key="find-scope",
        help="Test what you are about to train: an unfrozen network wants a lower rate than its head.",
    )
    precompute = st.toggle(
        "Precompute activations",
        like.precompute,
        key="find-precompute",
        help="The frozen backbone looks at each image once, and the test takes a moment.",
    )
    steps = st.number_input(
        "Steps",
        20,
        1000,
        sweep_for(scope == HEAD).steps,
        10,
        key="find-steps" if scope == EVERYTHING else "find-steps-head",
        width=120,
        help="Batches, one for each rate. More steps make a smoother curve.",
    )
    return scope == EVERYTHING, precompute, steps


def _details(like: Stage, info: RunInfo, *, everything: bool) -> Details:
    usual = sweep_for(not everything)
    with st.container(horizontal=True):
        low, high = st.select_slider(
            "Range of rates",
            POWERS,
            (round(math.log10(usual.lowest)), round(math.log10(usual.highest))),
            format_func=lambda power: f"1e{power}",
            key="find-range" if everything else "find-range-head",
            width=260,
        )
        size = st.number_input("Image size", 8, 1024, info.size, 8, key="find-size", width=130)
        batch_size = st.number_input("Batch", 1, 4096, like.batch_size, 8, key="find-batch", width=130)
    return Details(10.0**low, 10.0**high, size, batch_size)


def _stage(like: Stage, details: Details, *, everything: bool, precompute: bool) -> Stage | None:
    """The stage to test; None, with the reason shown, when its settings contradict each other."""
    settings = settings_of(like)
    settings.freeze_to, settings.precompute, settings.lr = 0 if everything else -1, precompute, None
    settings.size, settings.batch_size = details.size, details.batch_size
    if precompute:
        settings.augmentation = NONE
    try:
        return stage_of(settings.model_dump())
    except PlanError as error:
        show(error)
        return None
