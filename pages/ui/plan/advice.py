"""Advice on what to train next, each piece a button that prepares exactly that stage in the plan."""

from collections.abc import Iterable

import numpy as np
import streamlit as st

from core.data.index import DataSet
from core.runs.draft import settings_of
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.next_stage import Change, NextStage, next_stage
from pages.ui.plan import drafts
from pages.ui.plan.facts import group_names
from pages.ui.text import literal


def advice_for(run: RunFolder, info: RunInfo, data: DataSet, changes: Iterable[Change]) -> list[NextStage]:
    """Of these changes those that apply after the run's last stage; none where the run has not trained.

    Raises `RunError` when the run's state is damaged.
    """
    done = run.state.readable_stages
    if not done:
        return []
    found = (
        next_stage(
            change,
            done[-1],
            groups=len(group_names(info)),
            classes=info.classes,
            pretrained=info.pretrained,
            largest=_usual_side(data),
        )
        for change in changes
    )
    return [advice for advice in found if advice is not None]


def prepare_button(run: RunFolder, info: RunInfo, advice: NextStage) -> None:
    """A piece of advice, and a button beside it that puts its stage into the plan; its card there can be undone.

    Raises `RunError` when the run's state is damaged.
    """
    draft = drafts.draft_of(run, info)
    settings = settings_of(advice.stage)
    planned = any(draft.prepared.get(card.uid) == advice.says and card.settings == settings for card in draft.cards)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(literal(advice.says, None), width="stretch")
        asked = st.button(
            "In the plan" if planned else "Prepare",
            icon=":material/check:" if planned else ":material/playlist_add:",
            key=f"prepare-{advice.change}",
            help="Put this stage into the plan below. Nothing is trained until you start it.",
            disabled=planned,
        )
    if asked:
        drafts.prepare(run, info, advice)
        st.rerun()


def _usual_side(data: DataSet) -> int:
    """The side in pixels, the shorter one, that half of the images have at least."""
    return int(np.median([min(item.width, item.height) for item in data.items]))
