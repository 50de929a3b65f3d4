"""All predicted images, by class, by whether they are right, and by how sure the model is of them."""

import streamlit as st

from core.results.listing import Order, Wanted, image_rows, positions_of
from core.results.predictions import Predictions
from pages.ui.results.images import ALL_RIGHT, PER_PAGE, pictures
from pages.ui.results.judged import Judged
from pages.ui.text import plain

VIEWS: dict[str, Order] = {"Highest loss": "worst", "Most confident": "confident", "Least confident": "unsure"}
SHOWN: dict[str, bool | None] = {"Wrong": False, "Right": True, "Both": None}
VIEW, EVERY = "Highest loss", "All classes"


@st.fragment
def gallery_view(judged: Judged, key: str) -> None:
    """The images, the wrong ones with the highest loss first until something else is asked for, a page at a time."""
    wanted = _wanted(judged.predictions, key)
    positions = positions_of(judged.predictions, wanted)
    if not len(positions):
        if wanted == Wanted(right=False):
            st.success(ALL_RIGHT, icon=":material/celebration:")
        else:
            st.caption("No image is like that. Ask for another class or a wider range.")
        return
    pages = -(-len(positions) // PER_PAGE)
    st.caption(f"{len(positions):,} image{'s' if len(positions) > 1 else ''}")
    slot = st.container()
    page = st.pagination(pages, key=f"{key}-page-{wanted}") if pages > 1 else 1
    with slot:
        rows = image_rows(judged.predictions, positions[(page - 1) * PER_PAGE : page * PER_PAGE])
        pictures(rows, judged, key, with_classes=True, every=positions)


def _wanted(predictions: Predictions, key: str) -> Wanted:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = str(st.segmented_control("First", list(VIEWS), default=VIEW, required=True, key=f"{key}-view"))
        shown = str(st.segmented_control("Show", list(SHOWN), default="Wrong", required=True, key=f"{key}-shown"))
        places = [-1, *range(len(predictions.classes))]
        name = st.selectbox(
            "Of the class",
            places,
            format_func=lambda place: EVERY if place < 0 else plain(predictions.classes[place]),
            key=f"{key}-class",
            width=200,
        )
        least, most = st.slider(
            "Probability of the predicted class", 0, 100, (0, 100), format="%d%%", key=f"{key}-range", width=230
        )
    true = None if name < 0 else predictions.classes[name]
    return Wanted(true=true, right=SHOWN[shown], least=least / 100, most=most / 100, order=VIEWS[view])
