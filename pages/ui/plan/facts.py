"""What the plan's pages need to know of the run in hand, worked out once and kept."""

import math

import streamlit as st

from core.augment import Augmentation
from core.data.index import DataSet
from core.model.catalogue import BACKBONES, GROUPS
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.balance import is_unbalanced
from core.training.stage import Stage
from pages.ui.plan.stage_words import Facts


def group_names(info: RunInfo) -> tuple[str, ...]:
    """The layer groups of a run's network, stem to head; every network has the same unless it is listed otherwise."""
    offer = BACKBONES.get(info.backbone)
    return offer.groups if offer else GROUPS


def facts_of(run: RunFolder, info: RunInfo, data: DataSet, rate: float | None = None) -> Facts:
    """What a stage's form needs to know."""
    own = augmentation_in_hand()
    return Facts(
        groups=group_names(info),
        classes=info.classes,
        images=_images(data.fingerprint, run.id, 1.0, data),
        unbalanced=_unbalanced(data.fingerprint, run.id, data),
        rate=rate,
        own=own if own is not None and own.name == "own settings" else None,
    )


def augmentation_in_hand() -> Augmentation | None:
    """What was chosen on the Augmentation page in this session."""
    chosen = st.session_state.get("augmentation")
    return Augmentation.model_validate(chosen) if chosen else None


def batches_an_epoch(run: RunFolder, data: DataSet, stage: Stage) -> int:
    """How many batches an epoch of `stage` has."""
    return max(1, math.ceil(_images(data.fingerprint, run.id, stage.share, data) / stage.batch_size))


@st.cache_data(max_entries=200, show_spinner=False)
def _images(fingerprint: str, run_id: str, share: float, _data: DataSet) -> int:
    del fingerprint, run_id  # with the share, they are the key: a run's split never changes
    return len(_data.train_indices(share))


@st.cache_data(max_entries=50, show_spinner=False)
def _unbalanced(fingerprint: str, run_id: str, _data: DataSet) -> bool:
    del fingerprint, run_id
    return is_unbalanced(_data.labels[_data.indices("train")], len(_data.classes))
