"""What a range test is to be made of."""

from typing import Any

import streamlit as st

from core.augment import NONE
from core.errors import PlanError
from core.jobs.specs import FindSpec
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.stage import Stage, stage_of
from pages.ui import jobs
from pages.ui.errors import show
from pages.ui.plan.editor import draft_of

LOWEST, HIGHEST, STEPS = 1e-7, 10.0, 100
HEAD, EVERYTHING = "Head only", "Everything"


def finder_form(run: RunFolder, info: RunInfo, *, again: bool) -> None:
    """Settings that begin as the next planned stage has them, and the button that starts the test."""
    like = _next_stage(run, info)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
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
                help="The frozen backbone looks at each image once, and the test takes a blink.",
            )
            steps = st.number_input(
                "Steps", 20, 1000, STEPS, 10, key="find-steps", width=120,
                help="Batches, one a rate. More steps make a smoother curve.",
            )  # fmt: skip
        with st.expander("Range, batch and image size", icon=":material/tune:"):
            lowest, highest, size, batch = _details(like, info)
        stage = _stage(like, scope == EVERYTHING, precompute, size, batch)
        go = st.button(
            "Find it again" if again else "Find the learning rate",
            type="secondary" if again else "primary",
            icon=":material/troubleshoot:",
            key="find",
            disabled=stage is None,
        )
    if not go or stage is None:
        return
    if jobs.submit(run, FindSpec(stage=stage, steps=int(steps), lowest=lowest, highest=highest)):
        st.rerun()


def _next_stage(run: RunFolder, info: RunInfo) -> Stage:
    """The first planned stage that is in order, else what suits the network."""
    for card in draft_of(run, info).cards:
        try:
            return card.stage()
        except PlanError:
            continue
    return Stage(freeze_to=-1 if info.pretrained else 0, size=info.size)


def _details(like: Stage, info: RunInfo) -> tuple[float, float, int, int]:
    with st.container(horizontal=True):
        powers = list(range(-8, 3))
        low, high = st.select_slider(
            "Range of rates",
            powers,
            (-7, 1),
            format_func=lambda power: f"1e{power}",
            key="find-range",
            width=260,
        )
        size = st.number_input("Image size", 8, 1024, info.size, 8, key="find-size", width=130)
        batch = st.number_input("Batch", 1, 4096, like.batch_size, 8, key="find-batch", width=130)
    return 10.0**low, 10.0**high, int(size), int(batch)


def _stage(like: Stage, everything: bool, precompute: bool, size: int, batch: int) -> Stage | None:
    """The stage to test, or None, with the reason shown."""
    changes: dict[str, Any] = {"freeze_to": 0 if everything else -1, "precompute": precompute, "lr": None}
    changes |= {"size": size, "batch_size": batch}
    if precompute:
        changes["augmentation"] = NONE.model_dump(mode="json")
    try:
        return stage_of({**like.model_dump(mode="json"), **changes})
    except PlanError as error:
        show(error)
        return None
