"""The settings of a range test, and the button that starts it."""

import math
from dataclasses import dataclass

import streamlit as st

from core.augment import NONE
from core.errors import PlanError
from core.jobs.specs import FindSpec
from core.numbers import rate_in_words
from core.runs.draft import settings_of
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.curve import RangeSettings
from core.training.stage import Stage, stage_of
from core.training.sweeps import sweep_for
from pages.ui import jobs
from pages.ui.errors import show
from pages.ui.plan.drafts import draft_of

HEAD, EVERYTHING = "Head only", "Everything"
FASTAIS = RangeSettings()
USUAL, FASTAI, OWN = "usual", "fastai", "own"
"""Ranges of rates to go over: those that can matter to what is trained, fastai's, and one of one's own."""

VSGD_GRADIENTS = 32
"""Gradients that an estimate takes: two for each of the batches of `core.training.vsgd`."""

POWERS = list(range(-8, 3))
"""Of ten: the lowest and the highest rate that can be asked for."""


@dataclass(frozen=True)
class Details:
    """The settings that are seldom changed."""

    size: int
    batch_size: int


def finder_form(run: RunFolder, info: RunInfo, *, again: bool) -> None:
    """Settings that begin as the next planned stage has them, and the button that starts the test."""
    like = _next_stage(run, info)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            everything, precompute = _what(like)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            sweep = _rates(everything=everything)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            seeds, vsgd = _beside()
        with st.expander("Batch and image size", icon=":material/tune:"):
            details = _details(like, info)
        stage = _stage(like, details, everything=everything, precompute=precompute)
        go = st.button(
            "Find it again" if again else "Find the learning rate",
            type="secondary" if again else "primary",
            icon=":material/troubleshoot:",
            key="find",
            disabled=stage is None,
        )
        st.caption(_cost(sweep, details, seeds, vsgd=vsgd))
    if not go or stage is None:
        return
    spec = FindSpec(stage=stage, steps=sweep.steps, lowest=sweep.lowest, highest=sweep.highest, seeds=seeds, vsgd=vsgd)
    if jobs.submit(run, spec):
        st.rerun()


def _next_stage(run: RunFolder, info: RunInfo) -> Stage:
    """The first planned stage that is in order, else what suits the network."""
    for card in draft_of(run, info).cards:
        try:
            return card.stage()
        except PlanError:
            continue
    return Stage(freeze_to=-1 if info.pretrained else 0, size=info.size)


def _what(like: Stage) -> tuple[bool, bool]:
    """Whether everything is trained, and whether from precomputed activations."""
    scope = st.segmented_control(
        "What is trained",
        [HEAD, EVERYTHING],
        default=HEAD if like.freeze_to == -1 else EVERYTHING,
        required=True,
        key="find-scope",
        help="Test what you are about to train: the whole network and its head alone need different rates.",
    )
    precompute = st.toggle(
        "Precompute activations",
        like.precompute,
        key="find-precompute",
        help="The frozen backbone looks at each image once, and the test takes a moment.",
    )
    return scope == EVERYTHING, precompute


def _rates(*, everything: bool) -> RangeSettings:
    """The rates that the test goes over, and in how many steps: by default those that suit what is trained."""
    usual, of = sweep_for(not everything), "everything" if everything else "head"
    names = {
        USUAL: f"The rates that matter for {'a whole network' if everything else 'a head'}: {_range(usual)}",
        FASTAI: f"The range of fastai: {_range(FASTAIS)}",
        OWN: "A range of your own",
    }
    kind = st.selectbox(
        "Rates to try",
        list(names),
        format_func=names.__getitem__,
        key=f"find-rates-{of}",
        width=380,
        help="The test begins at the lowest rate and ends at the highest, or soon after the loss has exploded.",
    )
    sweep = FASTAIS if kind == FASTAI else usual
    lowest, highest = sweep.lowest, sweep.highest
    if kind == OWN:
        low, high = st.select_slider(
            "From lowest to highest",
            POWERS,
            (round(math.log10(lowest)), round(math.log10(highest))),
            format_func=lambda power: rate_in_words(10.0**power),
            key=f"find-range-{of}",
            width=260,
        )
        if low == high:
            high, low = min(high + 1, POWERS[-1]), min(low, POWERS[-2])
        lowest, highest = 10.0**low, 10.0**high
    steps = st.number_input(
        "Steps",
        20,
        1000,
        sweep.steps,
        10,
        key=f"find-steps-{of}-{kind}",
        width=120,
        help="Batches, one for each rate. More steps show more of the curve and less of its noise.",
    )
    return RangeSettings(lowest, highest, steps)


def _range(sweep: RangeSettings) -> str:
    return f"{rate_in_words(sweep.lowest)} to {rate_in_words(sweep.highest)}"


def _beside() -> tuple[int, bool]:
    """How many seeds to test with, and whether vSGD estimates a rate too."""
    seeds = st.segmented_control(
        "Test several seeds",
        [1, 3, 5],
        default=1,
        required=True,
        key="find-seeds",
        help="Each seed draws other batches. How far the suggestions lie apart shows how far to trust them.",
    )
    vsgd = st.toggle(
        "Also estimate by vSGD (experimental)",
        key="find-vsgd",
        help="The rate that “No More Pesky Learning Rates” (arXiv:1206.1106) derives from the gradients at this state.",
    )
    return seeds, vsgd


def _details(like: Stage, info: RunInfo) -> Details:
    with st.container(horizontal=True):
        size = st.number_input("Image size", 8, 1024, info.size, 8, key="find-size", width=130)
        batch_size = st.number_input("Batch", 1, 4096, like.batch_size, 8, key="find-batch", width=130)
    return Details(size, batch_size)


def _cost(sweep: RangeSettings, details: Details, seeds: int, *, vsgd: bool) -> str:
    """What the test asks of the machine, in batches."""
    tests = f"{seeds} tests of up to {sweep.steps} batches" if seeds > 1 else f"Up to {sweep.steps} batches"
    more = f", and {VSGD_GRADIENTS} more for vSGD" if vsgd else ""
    return f"{tests} of {details.batch_size} images{more}. The network is put back as it was."


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
