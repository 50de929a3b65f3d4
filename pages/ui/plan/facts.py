"""What the plan's pages need to know of the current run, computed once and cached."""

import streamlit as st

from core.augment import OWN, Augmentation
from core.data.index import DataSet
from core.jobs.stage_time import pace_of
from core.model.catalogue import BACKBONES, GROUPS
from core.runs.folder import RunFolder
from core.runs.state import RunInfo
from core.training.balance import is_unbalanced
from core.training.schedules import steps_per_epoch
from core.training.stage import Stage
from pages.ui import session
from pages.ui.plan.stage_words import Facts
from pages.ui.visitor import owner


def group_names(info: RunInfo) -> tuple[str, ...]:
    """The layer groups of a run's network, stem to head; every network has the same unless it is listed otherwise."""
    offer = BACKBONES.get(info.backbone)
    return offer.groups if offer else GROUPS


def facts_of(
    run: RunFolder, info: RunInfo, data: DataSet, rate: float | None = None, chosen: Augmentation | None = None
) -> Facts:
    """What a stage's card and form need to know; `rate` and `chosen` are the chosen rate and augmentation.

    Raises `RunError` when the run's state is damaged.
    """
    own = chosen or session.chosen_augmentation()
    done = run.state.readable_stages
    return Facts(
        groups=group_names(info),
        classes=info.classes,
        images=len(data.indices("train")),
        unbalanced=_unbalanced(owner(data), data.fingerprint, run.id, data),
        rate=rate,
        own=own if own is not None and own.name == OWN else None,
        pace=pace_of(run, data),
        last=done[-1] if done else None,
    )


def batches_per_epoch(run: RunFolder, data: DataSet, stage: Stage) -> int:
    """How many batches an epoch of `stage` has."""
    return _batches(owner(data), data.fingerprint, run.id, stage.share, stage.batch_size, data, stage)


@st.cache_data(max_entries=200, show_spinner=False)
def _batches(
    whose: str, fingerprint: str, run_id: str, share: float, batch_size: int, _data: DataSet, _stage: Stage
) -> int:
    del whose, fingerprint, run_id, share, batch_size  # they are the key: a run's split never changes
    return steps_per_epoch(_stage, _data)


@st.cache_data(max_entries=50, show_spinner=False)
def _unbalanced(whose: str, fingerprint: str, run_id: str, _data: DataSet) -> bool:
    del whose, fingerprint, run_id
    return is_unbalanced(_data.labels[_data.indices("train")], len(_data.classes))
