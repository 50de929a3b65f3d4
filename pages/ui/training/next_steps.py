"""What to do after training: each step that fits the run is a button that does or prepares exactly that."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
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
from core.runs.state import RunInfo, RunState
from core.training.proportions import interval
from core.training.recipes import suited
from core.training.stage import Stage
from pages.ui import session
from pages.ui.plan.drafts import repeat
from pages.ui.plan.facts import group_names
from pages.ui.text import literal, percent
from pages.ui.training.moment import Moment
from pages.ui.training.snapshots import load

ERRORS, AWAY = "pages/confusion_matrix.py", "pages/predict.py"
ROOT = Path(__file__).parents[3]

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

    `title` is what the planned stage's card calls the advice.
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
    found = [_planned(one) for one in _advice(info, data, state, said, len(names), how)]
    errors = NextStep("errors", "See where it errs", ":material/grid_on:", _errors(state, data), page=ERRORS)
    best = _back_to_best(state, now, said, len(data.indices("valid")))
    away = NextStep("away", "Take the model away", ":material/deployed_code:", "Try it on other images.", page=AWAY)
    return _in_order(best, found, errors, [away] if (ROOT / AWAY).exists() else [])


def _in_order(best: list[NextStep], found: list[NextStep], errors: NextStep, away: list[NextStep]) -> list[NextStep]:
    """A better snapshot comes first, then unfreezing and more of what still helps, else a look at the errors."""
    first = [step for step in found if step.key == "unfreeze" or (step.key == "longer" and step.why.startswith("Both"))]
    rest = [step for step in found if step not in first]
    return [*best, *first, errors, *rest, *away]


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
    return int(np.median([min(data.items[i].width, data.items[i].height) for i in data.indices("train")]))


def _planned(one: Advice) -> NextStep:
    label = f"Plan: {one.title[:1].lower()}{one.title[1:]}"
    return NextStep(one.kind, label, ICONS[one.kind], one.why, one.title, one.stage)


def _errors(state: RunState, data: DataSet) -> str:
    accuracy, images = state.figures.get("accuracy"), len(data.indices("valid"))
    if accuracy is None:
        return "Which classes are taken for which, and the images behind."
    wrong = round((1 - accuracy) * images)
    return f"{wrong:,} of {images:,} validation images were taken for another class: which, and for what?"


def _back_to_best(state: RunState, now: Moment, said: Diagnosis, images: int) -> list[NextStep]:
    """The best snapshot, where training ended clearly below it, or went on after overfitting had begun to cost."""
    best, accuracy = state.best, state.figures.get("accuracy")
    if best is None or accuracy is None or state.loaded is not None:
        return []
    if accuracy < interval(best.accuracy, images)[0]:
        why = f"Training ended at {percent(accuracy)}, below its best: {percent(best.accuracy)} after epoch"
    elif said.verdict == "costly" and best.epoch < len(now.epochs):
        why = f"Overfitting costs by now, and the best accuracy was {percent(best.accuracy)} after epoch"
    else:
        return []
    why = f"{why} {best.epoch}, kept as the snapshot {best.snapshot}."
    return [NextStep("best", f"Load {best.snapshot}", ":material/restore:", why, snapshot=best.snapshot)]


def next_steps_view(run: RunFolder, steps: Sequence[NextStep]) -> None:
    """The steps with their reasons, a button each."""
    if not steps:
        return
    st.subheader("What next", anchor=False)
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
        plan, stage = "Adds a stage to the plan below. Nothing is started yet.", step.stage
        st.button(label, icon=step.icon, type=kind, key=key, help=plan, on_click=_plan, args=(run, stage, step.title))
    elif step.snapshot:
        st.button(label, icon=step.icon, type=kind, key=key, on_click=load, args=(run, step.snapshot))
    elif st.button(label, icon=step.icon, type=kind, key=key):
        st.switch_page(step.page, query_params={"run": run.id})


def _plan(run: RunFolder, stage: Stage, title: str) -> None:
    repeat(run, run.info, stage, title)
    st.toast(f"Planned: {literal(stage.name)}. Its stage is in the plan below.", icon=":material/check:")
