"""One image and what the network makes of it: its classes, where it looks, and what it is like."""

import io

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

from core.charts.top_classes import top_classes
from core.data.index import DataSet
from core.runs.folder import RunFolder
from pages.ui.heat import heat_picture
from pages.ui.predict.kept import Floats, Kept
from pages.ui.predict.nearest import nearest_view
from pages.ui.predict.ready import Ready
from pages.ui.text import literal, percent, plain

TOP = 5
"""Classes that are drawn."""

SIDE = 240
"""Pixels at which a map is drawn over its picture."""


def one_view(run: RunFolder, data: DataSet, ready: Ready, answer: Kept, least: float, key: str, true: str = "") -> None:
    """The picture, where it looks, its classes and its nearest training images; `true` is its class where it is known.

    `least` is the probability below which the run says "not sure".
    """
    assert answer.probabilities is not None
    classes, probabilities = ready.predictor.classes, answer.probabilities
    order = np.argsort(-probabilities, kind="stable")
    answered, looked = st.columns([2, 3], gap="medium")
    with answered:
        _said(classes[order[0]], float(probabilities[order[0]]), least, true)
        table = pd.DataFrame({"class": [classes[i] for i in order[:TOP]], "probability": probabilities[order[:TOP]]})
        alt = (
            f"{plain(classes[order[0]])} {percent(float(probabilities[order[0]]))}, the most probable of {len(classes)}"
        )
        st.altair_chart(top_classes(table, least), key=f"{key}-classes", alt=alt)
        if len(classes) > TOP:
            rest = percent(float(probabilities[order[TOP:]].sum()))
            st.caption(f"The other {len(classes) - TOP:,} classes have {rest} together.")
    with looked:
        _where(ready, answer, [classes[i] for i in order], key)
    _known_file(data, answer)
    nearest_view(run, data, ready, answer, classes[order[0]], key)


def _said(name: str, probability: float, least: float, true: str) -> None:
    """The answer in words, or "not sure"."""
    if probability < least:
        st.markdown(f"#### Not sure: perhaps {literal(name, 40)}")
        st.caption(
            f"Its probability of {percent(probability)} lies below {percent(least)}, from which this run answers "
            "(chosen on the Confusion matrix page)."
        )
    else:
        st.markdown(f"#### {literal(name, 40)}")
    if true:
        right = ":green[:material/check:] as labelled" if true == name else f"labelled **{literal(true, 40)}**"
        st.caption(f"A validation image, {right}. The network has not trained on it.")


def _where(ready: Ready, answer: Kept, names: list[str], key: str) -> None:
    """The picture beside its class-activation map, of the most probable class or another one."""
    assert answer.maps is not None
    chosen = 0
    with st.grid(2, min_column_width=150, gap="small"):
        name = plain(answer.name)
        st.image(answer.picture, width="stretch", caption="What it saw", alt=f"{name} as the network saw it")
        slot = st.empty()
    if not len(answer.maps):
        st.caption(literal(ready.predictor.no_maps, None))
        return
    if len(answer.maps) > 1:
        chosen = st.segmented_control(
            "Where it looks for",
            list(range(len(answer.maps))),
            format_func=lambda place: literal(names[place], 24),
            default=0,
            required=True,
            key=f"{key}-map",
            help="The three most probable classes.",
        )
    values = answer.maps[chosen or 0]
    name = literal(names[chosen or 0], 40)
    alt = f"Class-activation map for {plain(names[chosen or 0])} over the picture"
    slot.image(_heat(answer.picture, values), width="stretch", caption=f"Where it looks for {name}", alt=alt)
    if values.max() <= 0:
        st.caption(f"Nothing in the picture speaks for {name}: less speaks against it than against the others.")
    else:
        rows, columns = values.shape
        st.caption(
            f"Bright parts speak for {name} (class-activation map: {rows} × {columns} places, so it shows the part of "
            "the picture, not the outline)."
        )


def _heat(picture: bytes, values: Floats) -> bytes:
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    file = io.BytesIO()
    Image.fromarray(heat_picture(pixels, values, SIDE)).save(file, "PNG")
    return file.getvalue()


def _known_file(data: DataSet, answer: Kept) -> None:
    """Say so where the network has trained on this very file."""
    digests = data.items.digests
    same = next((data.items[i] for i in data.indices("train").tolist() if digests[i] == answer.digest), None)
    if same is not None:
        st.info(
            f"This very file is a training image ({literal(same.name)}, {literal(data.classes[same.label], 40)}): the "
            "network has learnt from it, so its answer says little about other images.",
            icon=":material/school:",
        )
