"""The form that makes a run on the chosen data."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import streamlit as st

from core.data.decode import Fit
from core.data.index import DataSet
from core.errors import WeightsUnavailableError
from core.hosting.confine import check_backbone
from core.model.catalogue import BACKBONES, EFFICIENTNET_LITE0, SMALL_CNN
from core.model.fetch import fetch, is_at_hand
from core.runs.create import create_run
from pages.ui import session
from pages.ui.data.fit import fit_choice
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.mend.new_run import edits_choice, with_edits
from pages.ui.ready import decode_ahead
from pages.ui.text import plain

NEXT_PAGE = "pages/lr_finder.py"
"""The page that opens once a run is made: the first thing to know is its learning rate."""
SMALL_IMAGES = 64
"""Pixels of the longer side up to which training from scratch is the better first try."""


@dataclass(frozen=True)
class Wanted:
    """What the form asks for."""

    backbone: str
    size: int
    seed: int
    name: str
    folded: bool
    fit: Fit
    mended: bool


def new_run_form(context: Context, key: str) -> None:
    """Model, image size, name and seed; makes a run, opens it and goes on to the LR finder."""
    data = context.data()
    if data is None:
        st.caption("Choose data first.")
        return
    backbone = _backbone(data, key, any_name=context.workspace.host is None)
    left, right = st.columns(2)
    size = left.number_input(
        "Image size (pixels)",
        8,
        1024,
        step=16,
        key=_suggested(f"{key}-size", _suggested_size(data, backbone)),
        help="Smaller is faster; a run can go on at a larger size later.",
    )
    seed = right.number_input("Seed", 0, 2**31 - 1, 0, key=f"{key}-seed", help="The same seed gives the same result.")
    name = st.text_input("Name", max_chars=80, key=_suggested(f"{key}-name", _default_name(data, backbone)))
    pretrained = _pretrained(backbone, key)
    folded = pretrained and _folded(backbone, key)
    mended = edits_choice(context.workspace, data, key)
    wanted = Wanted(backbone, int(size), int(seed), name, folded, fit_choice(data, key), mended)
    kind: Literal["primary", "secondary"] = "secondary" if context.run else "primary"
    if st.button("Start a run", type=kind, icon=":material/play_arrow:", key=f"{key}-go", width="stretch"):
        _make(context, data, wanted, key, pretrained=pretrained)
    if st.session_state.get(f"{key}-refused") == backbone:
        st.caption("From scratch it needs more pictures and many more epochs, and no network.")
        if st.button("Train from scratch instead", icon=":material/replay:", key=f"{key}-scratch", width="stretch"):
            _make(context, data, wanted, key, pretrained=False)


def _suggested(key: str, value: str | int) -> str:
    """Have the widget of `key` show `value`, unless the person chose something else; gives `key` back.

    What was suggested before and left as it was follows the data and the network.
    """
    before = f"{key}-suggested"
    if key not in st.session_state or st.session_state[key] == st.session_state.get(before):
        st.session_state[key] = value
    st.session_state[before] = value
    return key


def _backbone(data: DataSet, key: str, *, any_name: bool) -> str:
    """The network, from the list or, with `any_name`, by its name in timm."""
    backbone = st.selectbox(
        "Model",
        list(BACKBONES),
        format_func=_title,
        accept_new_options=any_name,
        key=_suggested(f"{key}-backbone", suggested_backbone(data)),
        help="Or type the name of any timm model." if any_name else None,
    )
    assert backbone is not None  # one of them is always chosen
    offer = BACKBONES.get(backbone)
    st.caption(offer.description if offer else "A timm model; its weights are downloaded if the network allows.")
    return backbone


def _make(context: Context, data: DataSet, wanted: Wanted, key: str, *, pretrained: bool) -> None:
    st.session_state.pop(f"{key}-refused", None)
    data = replace(data, fit=wanted.fit)
    with shown() as outcome:
        data = with_edits(context.workspace, data) if wanted.mended else data
        check_backbone(wanted.backbone, list(BACKBONES), context.workspace)
        if not is_at_hand(wanted.backbone, pretrained=pretrained):
            with st.spinner("Fetching the network and its weights"):
                fetch(wanted.backbone, pretrained=pretrained)
        run = create_run(
            context.workspace,
            data,
            backbone=wanted.backbone,
            size=wanted.size,
            seed=wanted.seed,
            pretrained=pretrained,
            folded=wanted.folded,
            name=wanted.name,
        )
        session.select_run(run.id)
        decode_ahead(data, wanted.size, context.workspace)
    if outcome.ok:
        st.switch_page(NEXT_PAGE, query_params={"run": run.id})
    if isinstance(outcome.error, WeightsUnavailableError):
        st.session_state[f"{key}-refused"] = wanted.backbone


def suggested_backbone(data: DataSet) -> str:
    """The small network for small pictures, the pretrained one for photographs."""
    longest = max(data.used.widths.max(), data.used.heights.max())
    return SMALL_CNN if longest <= SMALL_IMAGES else EFFICIENTNET_LITE0


def _suggested_size(data: DataSet, backbone: str) -> int:
    """The network's own size, or less where all pictures are smaller."""
    usual = BACKBONES[backbone].default_size if backbone in BACKBONES else 128
    largest = int(np.minimum(data.used.widths, data.used.heights).max())
    return max(8, min(usual, largest)) if backbone == SMALL_CNN else usual


def _title(backbone: str) -> str:
    return BACKBONES[backbone].title if backbone in BACKBONES else plain(backbone)


def _default_name(data: DataSet, backbone: str) -> str:
    return f"{plain(data.title, 40)}, {_title(backbone)}"[:80]


def _pretrained(backbone: str, key: str) -> bool:
    """Whether to start from ImageNet weights; asked where there are any, said where there are none."""
    offer = BACKBONES.get(backbone)
    if offer is not None and not offer.has_weights:
        return False
    return st.toggle(
        "Start from ImageNet weights",
        value=True,
        key=f"{key}-pretrained-{backbone}",
        help="Off: every weight starts at random. That takes far more images and epochs.",
    )


def _folded(backbone: str, key: str) -> bool:
    """Whether batch norm is folded into the convolutions."""
    return st.toggle(
        "Fold batch norm",
        value=True,
        key=f"{key}-folded-{backbone}",
        help="Batch norm becomes part of the convolutions, with the statistics that it was pretrained with: a training "
        "step takes less time, and small batches no longer disturb it. Off: it stays as it is and goes on "
        "learning; take lower rates then.",
    )
