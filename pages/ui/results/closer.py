"""One image looked at closely, and the next and the one before it by a key."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.decode import read
from core.errors import AnnealError
from core.results.listing import ranked
from core.results.predictions import Predictions
from pages.ui.errors import show
from pages.ui.heat import heat_picture
from pages.ui.mend.here import mend_here
from pages.ui.predict.ready import ready_network
from pages.ui.results.judged import Judged
from pages.ui.results.nearest import nearest_of
from pages.ui.text import PERCENT, literal, plain
from pages.ui.thumbnails import thumbnail

LARGE = 300
"""Pixels of the picture."""
PLACE, LOOKS = "closer-place", "closer-looks"


def look_closely(judged: Judged, positions: Sequence[int], first: int) -> None:
    """Open the image at `positions[first]` of the predictions over the page."""
    st.session_state[PLACE] = first
    _closer(judged, tuple(positions))


@st.dialog("Look closely", width="large")
def _closer(judged: Judged, positions: tuple[int, ...]) -> None:
    place = min(int(st.session_state.get(PLACE, 0)), len(positions) - 1)
    _steps(place, len(positions))
    position = positions[place]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        _picture(judged, position)
    with right:
        _answer(judged.predictions, position)
        said = judged.predictions.classes[int(judged.predictions.predicted[position])]
        mend_here(judged.run, judged.data, judged.predictions.names[position], said)
    nearest_of(judged, position)


def _picture(judged: Judged, position: int) -> None:
    name = judged.predictions.names[position]
    picture = thumbnail(judged.data.items[int(judged.predictions.indices[position])], LARGE)
    if picture is None:
        st.caption("The file has gone or changed.")
    else:
        _image(judged, position, picture)
    st.caption(literal(name, None))


def _image(judged: Judged, position: int, picture: bytes) -> None:
    """The picture, or where the network looks for the class that it named."""
    slot = st.empty()
    looks = bool(st.session_state.get(LOOKS))
    st.button(
        "The picture alone" if looks else "Where it looks",
        key="closer-map",
        shortcut="W",
        help="The class-activation map of its answer.",
        on_click=_switch,
    )
    if not looks:
        slot.image(picture, width=LARGE, alt=plain(judged.predictions.names[position]))
        return
    try:
        ready = ready_network(judged.run, judged.predictions.about.snapshot)
        file = judged.data.items[int(judged.predictions.indices[position])].path
        seen = ready.predictor.see(read(file), file.suffix)
    except AnnealError as error:
        slot.image(picture, width=LARGE, alt=plain(judged.predictions.names[position]))
        show(error)
        return
    if ready.predictor.no_maps:
        slot.image(picture, width=LARGE, alt=plain(judged.predictions.names[position]))
        st.caption(literal(ready.predictor.no_maps, None))
        return
    name = ready.predictor.classes[int(seen.probabilities.argmax())]
    slot.image(heat_picture(seen.pixels, seen.maps[0], LARGE), width=LARGE, alt=f"Where it looks for {plain(name)}")
    st.caption(f"Bright parts speak for {literal(name, 30)}.")


def _answer(predictions: Predictions, position: int) -> None:
    true, called = (
        literal(predictions.classes[int(of[position])], 30) for of in (predictions.labels, predictions.predicted)
    )
    st.markdown(f"**{true}**, and found" if true == called else f"**{true}** taken for **{called}**")
    found = ranked(predictions, position)
    rows = pd.DataFrame({"Class": [plain(name) for name, _ in found], "Probability": [100 * p for _, p in found]})
    columns = {"Probability": st.column_config.ProgressColumn(format=PERCENT, min_value=0, max_value=100)}
    st.dataframe(rows, hide_index=True, column_config=columns, height="content", alt="Probability of each class")
    st.caption(f"Loss {predictions.losses[position]:.3f}: -ln of the probability of its own class.")


def _steps(place: int, count: int) -> None:
    """To the image before and the next one, by button or arrow key."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.button("Previous", key="closer-before", shortcut="Left", disabled=not place, on_click=_go, args=(place - 1,))
        st.caption(f"{place + 1:,} of {count:,}")
        last = place + 1 == count
        st.button("Next", key="closer-after", shortcut="Right", disabled=last, on_click=_go, args=(place + 1,))


def _switch() -> None:
    st.session_state[LOOKS] = not st.session_state.get(LOOKS)


def _go(place: int) -> None:
    st.session_state[PLACE] = place
