"""What to do after training: each step that fits the run is a button that does or prepares exactly that."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import streamlit as st

from core.augment import Augmentation
from core.data.index import DataSet
from core.errors import AnnealError
from core.model.catalogue import BACKBONES
from core.results.advice import Advice, advise
from core.results.diagnosis import Diagnosis
from core.runs.folder import RunFolder
from core.runs.snapshots import lowest_loss
from core.runs.state import RunInfo, RunState
from core.training.proportions import interval
from core.training.recipes import suited
from core.training.stage import Stage
from pages.ui import session
from pages.ui.plan.drafts import repeat
from pages.ui.plan.facts import group_names
from pages.ui.text import literal, percent
from pages.ui.training.moment import Moment
from pages.ui.training.snapshots import is_loaded, load

ERRORS, PREDICT = "pages/confusion_matrix.py", "pages/predict.py"

ICONS = {
    "unfreeze": ":material/lock_open:",
    "longer": ":material/more_time:",
    "augment": ":material/auto_awesome_motion:",
    "stronger": ":material/auto_fix_high:",
    "lower": ":material/arrow_downward:",
    "fewer": ":material/lock:",
    "larger": ":material/photo_size_select_large:",
}


@dataclass(frozen=True)
class NextStep:
    """One step: the words on its button, why it fits, and what it does: plan a stage, load a snapshot, open a page.

    `title` is what the planned stage's card calls the advice. A stage with a `snapshot` begins from it.
    """

    key: str
    label: str
    icon: str
    why: str
    title: str = ""
    stage: Stage | None = None
    snapshot: str = ""
    page: str = ""


def next_steps(run: RunFolder, info: RunInfo, data: DataSet, now: Moment, said: Diagnosis) -> list[NextStep]:
    """The steps that fit, the one to take first at the front."""
    names, state = group_names(info), now.state
    how = session.chosen_augmentation() or suited(info.classes)
    found = [_planned(one, run, state) for one in _advice(info, data, state, said, len(names), how)]
    errors = NextStep("errors", "See where it errs", ":material/grid_on:", _errors(state, data), page=ERRORS)
    best = _back_to_best(state, now, said, len(data.indices("valid")))
    why = "What does it say of images that are in no data set, and where does it look?"
    trying = NextStep("predict", "Try it on other images", ":material/center_focus_strong:", why, page=PREDICT)
    return _in_order(best, found, errors, trying)


def _in_order(best: list[NextStep], found: list[NextStep], errors: NextStep, trying: NextStep) -> list[NextStep]:
    """A better snapshot comes first, then unfreezing and more of what still helps, else a look at the errors."""
    first = [step for step in found if step.key == "unfreeze" or (step.key == "longer" and step.why.startswith("Both"))]
    rest = [step for step in found if step not in first]
    return [*best, *first, errors, *rest, trying]


def _advice(
    info: RunInfo, data: DataSet, state: RunState, said: Diagnosis, groups: int, how: Augmentation
) -> Sequence[Advice]:
    trained = [stage.stage for stage in state.stages if stage.epochs and isinstance(stage.stage, Stage)]
    try:
        side = _usual_side(data) if info.backbone in BACKBONES else 0
        return advise(said.verdict, trained, pretrained=info.pretrained, groups=groups, side=side, augmentation=how)
    except AnnealError:  # stages of a network with other layer groups
        return ()


def _usual_side(data: DataSet) -> int:
    """The median of the training images' shorter sides, in pixels."""
    return int(np.median(np.minimum(data.items.widths, data.items.heights)[data.indices("train")]))


def _planned(one: Advice, run: RunFolder, state: RunState) -> NextStep:
    label = f"Plan: {one.title[:1].lower()}{one.title[1:]}"
    why, begin = one.why, lowest_loss(run.snapshots(), one.stage.size) if one.again else None
    step = NextStep(one.kind, label, ICONS[one.kind], why, one.title, one.stage)
    if not one.again or (begin is not None and begin.name == state.loaded):
        return step
    if begin is None or begin.valid_loss is None or begin.valid_loss >= state.figures.get("valid_loss", math.inf):
        return replace(step, why=f"{why} No snapshot of lower validation loss was kept: it begins from these weights.")
    why = f"{why} It begins from {begin.name}, whose validation loss is the lowest kept: {begin.valid_loss:.3f}."
    return replace(step, why=why, snapshot=begin.name)


def _errors(state: RunState, data: DataSet) -> str:
    accuracy, images = state.figures.get("accuracy"), len(data.indices("valid"))
    if accuracy is None:
        return "Which classes are taken for which, and the images behind."
    wrong = round((1 - accuracy) * images)
    return f"{wrong:,} of {images:,} validation images were taken for another class. See which, and for what."


def _back_to_best(state: RunState, now: Moment, said: Diagnosis, images: int) -> list[NextStep]:
    """The best snapshot, where training ended clearly below it, or went on after overfitting had begun to cost."""
    best, accuracy = state.best, state.figures.get("accuracy")
    if best is None or accuracy is None or state.loaded is not None:
        return []
    if accuracy < interval(best.accuracy, images)[0]:
        why = f"Training ended at {percent(accuracy)}, below its best: {percent(best.accuracy)} after epoch"
    elif said.verdict == "costly" and best.epoch < len(now.epochs):
        why = f"Validation loss has risen again, and the best accuracy was {percent(best.accuracy)} after epoch"
    else:
        return []
    why = f"{why} {best.epoch}, kept as the snapshot {best.snapshot}."
    return [NextStep("best", f"Load {best.snapshot}", ":material/restore:", why, snapshot=best.snapshot)]


def next_steps_view(run: RunFolder, steps: Sequence[NextStep]) -> None:
    """The steps with their reasons, a button each."""
    if not steps:
        return
    st.subheader("What next", anchor=False)
    if len(steps) > 1:
        st.caption("What fits this run best comes first.")
    with st.grid(3, min_column_width=230):
        for step in steps:
            with st.container(border=True, key=f"next-{step.key}", height="stretch"):
                st.markdown(literal(step.why, None))
                step_button(run, step)


def step_button(run: RunFolder, step: NextStep, *, primary: bool = False) -> None:
    """A step's button; a stage is planned, not started."""
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    key, label = f"step-{step.key}", literal(step.label, None)
    if step.stage is not None:
        plan = "Adds a stage to the plan below. Nothing is started yet."
        if step.snapshot:
            plan = f"Loads {literal(step.snapshot, None)} and adds a stage to the plan below. Nothing is started yet."
        st.button(label, icon=step.icon, type=kind, key=key, help=plan, on_click=_plan, args=(run, step, step.stage))
    elif step.snapshot:
        st.button(label, icon=step.icon, type=kind, key=key, on_click=load, args=(run, step.snapshot))
    elif st.button(label, icon=step.icon, type=kind, key=key):
        st.switch_page(step.page, query_params={"run": run.id})


def _plan(run: RunFolder, step: NextStep, stage: Stage) -> None:
    if step.snapshot and not is_loaded(run, step.snapshot):
        return
    repeat(run, run.info, stage, step.title)
    st.toast(f"Planned: {literal(stage.name)}. Its stage is in the plan below.", icon=":material/check:")
