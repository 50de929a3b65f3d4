"""Above the cards: recipes that replace them, a stage more, the way back, and plans as files."""

from collections.abc import Callable

import streamlit as st

from core.augment import NONE
from core.errors import AnnealError, PlanError
from core.runs.draft import Draft
from core.runs.state import RunInfo
from core.training.recipes import enough_batches, lesson2, quick, start_small, suited
from core.training.stage import Stage, plan_from_json
from pages.ui.errors import show
from pages.ui.plan import drafts
from pages.ui.plan.cards import open_card

TURN = "plan-file-turn"
"""Session key: how many plans were opened; each upload field is a new one, so that a file is taken once."""


def toolbar(draft: Draft, info: RunInfo, images: int) -> None:
    """The buttons that change the plan as a whole; the run has so many training images."""
    how = draft.augmentation or suited(info.classes)
    whole = quick(info.size, draft.augmentation or NONE)
    with st.container(horizontal=True):
        _button(
            draft,
            "Lesson 2",
            ":material/school:",
            lambda: draft.replace(enough_batches(lesson2(info.size, how), images).stages),
            "Head from activations, head with augmentation, then everything: three stages, "
            "each with a rate found when it begins.",
        )
        _button(
            draft,
            "Start small",
            ":material/open_in_full:",
            lambda: draft.replace(enough_batches(start_small(info.size, how), images).stages),
            "Half of the images at half the size first, then all at full size. Three stages, "
            "each with a rate found when it begins.",
        )
        _button(
            draft,
            "One quick cycle",
            ":material/bolt:",
            lambda: draft.replace(whole.stages),
            f"The whole network in one cycle of {whole.epochs} epochs: for a small network from scratch.",
        )
        _button(
            draft,
            "Add a stage",
            ":material/add:",
            lambda: open_card(draft.add(_next_stage(draft, info))),
            "A stage of your own, at the end.",
        )
        if draft.before:
            _button(draft, "Bring back", ":material/undo:", draft.undo, "The stages that were here before.")
        _files(draft)


def _button(draft: Draft, label: str, icon: str, act: Callable[[], object], help_: str) -> None:
    st.button(label, icon=icon, key=f"preset-{label}", help=help_, on_click=drafts.change, args=(draft, act))


def _next_stage(draft: Draft, info: RunInfo) -> Stage:
    """One more of what came last; where nothing is planned, a stage with the chosen rate."""
    if draft.cards:
        try:
            return draft.cards[-1].stage().model_copy(update={"name": ""})
        except PlanError:
            pass
    rate = (draft.rate.lr,) if draft.rate else None
    freeze_to = draft.rate.freeze_to if draft.rate else -1 if info.pretrained else 0
    return Stage(freeze_to=freeze_to, lr=rate, size=info.size, augmentation=draft.augmentation or NONE)


def _files(draft: Draft) -> None:
    """Plans are saved and opened as JSON, the same that the command line takes."""
    with st.popover("File", icon=":material/attach_file:"):
        try:
            text = draft.plan().model_dump_json(indent=1)
            st.download_button("Save this plan", text, "plan.json", "application/json", icon=":material/download:")
        except PlanError:
            st.caption("A plan can be saved once it has no mistakes.")
        turn = st.session_state.setdefault(TURN, 0)
        file = st.file_uploader("Open a plan", type="json", key=f"plan-file-{turn}")
        if file is not None and _opened(draft, file.getvalue()):
            st.session_state[TURN] = turn + 1
            st.rerun()


def _opened(draft: Draft, content: bytes) -> bool:
    """Replace the cards with those of a file; whether that could be done."""
    try:
        draft.replace(plan_from_json(content).stages)
        drafts.save(draft)
    except UnicodeDecodeError:
        show(PlanError("That is not a plan: it is not text."))
        return False
    except AnnealError as error:
        show(error)
        return False
    return True
