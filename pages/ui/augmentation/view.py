"""What an augmentation makes of an image: many draws together, and each transform alone."""

import streamlit as st

from core.augment import NONE, TRANSFORMS, Augmentation, only, rows, warnings
from core.data.index import DataSet
from pages.ui.augmentation.draws import Picture, draw_again, draws_of, framed, show
from pages.ui.augmentation.settings import Shown, control, switch_off_button
from pages.ui.augmentation.taken import say_where, use_button
from pages.ui.frame import Context
from pages.ui.text import literal

DRAWS = 24
ALONE = 6
WIDTH, SMALL_WIDTH = 84, 44
"""Pixels of a draw, and of one of a transform that is off."""
EXAMPLE = Augmentation(
    horizontal_flip=True, vertical_flip=True, quarter_turns=True, crop=0.35, rotate=30, zoom=1.5, shift=0.2, warp=0.3,
    brightness=0.3, contrast=0.5,
)  # fmt: skip
"""What a transform that is off is shown with, where its own strength is to be chosen."""


def all_together(context: Context, data: DataSet, picture: Picture | None, how: Augmentation) -> None:
    """Draws of the image with all transforms, and the buttons to draw others and to use these settings."""
    for sentence in warnings(how, data.classes):
        st.warning(literal(sentence, None), icon=":material/swap_horiz:")
    switch_off_button(how, data.classes)
    if picture is not None:
        with st.spinner("Drawing; the first time takes a few seconds …", show_time=False):
            pictures = draws_of(picture, how, DRAWS)
        show(pictures, WIDTH, "All transforms together")
    with st.container(horizontal=True):
        st.button("Draw again", icon=":material/casino:", on_click=draw_again)
        use_button(context.run, how)
    say_where(context.run, how)


def one_at_a_time(picture: Picture, shown: Shown) -> None:
    """One row for each transform: its range, and draws with only this transform."""
    used = dict(rows(shown.how))
    st.subheader("One transform at a time", anchor=False)
    if not shown.own and not used:
        st.info("None of them is used: training sees each image as it is, every time.")
    for transform in TRANSFORMS if shown.own else used:
        settings, draws = st.columns([2, 5], gap="medium", vertical_alignment="center")
        with settings:
            if shown.own:
                control(transform, shown.how)
            else:
                st.markdown(f"**{transform}**")
            st.caption(used.get(transform, "off"))
        with draws:
            _alone(picture, transform, shown.how)


def _alone(picture: Picture, transform: str, how: Augmentation) -> None:
    """Draws with one transform; of one that is off, small ones of what it would do."""
    alone = only(how, transform)
    if alone != NONE:
        show(draws_of(picture, alone, ALONE), WIDTH, f"{transform} alone")
        if alone.crop < 1:
            show(framed(picture, alone, ALONE), WIDTH, "The part that was cut out")
        return
    show(draws_of(picture, only(EXAMPLE, transform), ALONE), SMALL_WIDTH, f"{transform}, an example")
    st.caption("Off. If you switch it on, it does this.")
