"""What augmentation makes of one image: many draws together, and each transform alone."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from core.augment import NAMED, NONE, SIDE_ON, TRANSFORMS, Augmentation, only, rows, warnings
from core.data.decode import decode
from core.data.index import DataSet
from core.errors import DataError
from pages.ui import session
from pages.ui.errors import shown
from pages.ui.frame import Context, begin
from pages.ui.text import literal, plain

Picture = np.ndarray[Any, np.dtype[np.uint8]]

SIZE = 160
DRAWS = 24
ALONE = 6
FIRST_SEED = 46
"""Of the first view: its draws happen to show both sides of every flip, and all four quarter turns."""
OWN = "own settings"
CHOSEN = "augmentation"
"""Session key of the settings put in hand for training: an `Augmentation` as a plain dict."""

EMBEDDED = session.DataChoice("shapes:easy")
EXAMPLE = Augmentation(
    horizontal_flip=True, vertical_flip=True, quarter_turns=True, rotate=30, zoom=1.5, shift=0.2, warp=0.3,
    brightness=0.3, contrast=0.5,
)  # fmt: skip
"""What a transform that is off is shown with, where its own strength is to be chosen."""

SWITCHES = {"Horizontal flip": "horizontal_flip", "Vertical flip": "vertical_flip", "Quarter turns": "quarter_turns"}
SLIDERS: dict[str, tuple[str, float, float, float, str]] = {
    "Rotation": ("rotate", 0.0, 180.0, 1.0, "%.0f°"),
    "Zoom": ("zoom", 1.0, 3.0, 0.05, "×%.2f"),
    "Shift": ("shift", 0.0, 0.5, 0.01, "%.2f"),
    "Perspective": ("warp", 0.0, 0.5, 0.01, "%.2f"),
    "Brightness": ("brightness", 0.0, 1.0, 0.01, "%.2f"),
    "Contrast": ("contrast", 0.0, 1.0, 0.01, "%.2f"),
}
"""Of each transform that has a strength: its setting, lowest, highest, step, and how it is shown."""


@lru_cache(maxsize=64)
def opened(path: str, digest: str) -> Picture:
    """The image as training sees it; kept by its content's digest."""
    return decode(Path(path), SIZE)


def draws_of(picture: Picture, how: Augmentation, count: int, seed: int) -> list[Picture]:
    """`count` draws of one image, the same for the same seed."""
    import torch

    from core.augment import augment

    batch = torch.from_numpy(picture.copy()).permute(2, 0, 1).expand(count, -1, -1, -1)
    drawn = augment(batch, how, generator=torch.Generator().manual_seed(FIRST_SEED + seed))
    return list((drawn * 255).round().byte().permute(0, 2, 3, 1).numpy())


def show(pictures: list[Picture], width: int) -> None:
    """The pictures side by side, as many a line as fit."""
    with st.container(horizontal=True, gap="xsmall"):
        for picture in pictures:
            st.image(picture, width=width, output_format="JPEG")


def data_shown(context: Context) -> DataSet:
    """The data in hand, or the embedded shapes where there is none that can be read."""
    data = None
    with shown():
        data = context.data()
    if data is None:
        data = session.load(context.workspace, EMBEDDED)
        st.caption("No data is in hand: these are the embedded shapes. Choose yours on the Data page.")
    return data


def choose_image(data: DataSet) -> Picture | None:
    """One image, by its class and number; None, with the reason said, when it cannot be read."""
    names = [plain(name) for name in data.classes]
    label = st.selectbox(
        "Class",
        range(len(names)),
        format_func=names.__getitem__,
        key=f"class_{data.fingerprint}",
        persist_state="session",
    )
    items = [item for item in data.items if item.label == label]
    number = st.number_input(
        "Image number", 1, max(1, len(items)), key=f"image_{data.fingerprint}_{label}", persist_state="session"
    )
    if not items:
        st.info("This class has no readable image: choose another.")
        return None
    item = items[int(number) - 1]
    try:
        picture = opened(str(item.path), item.digest)
    except DataError as error:
        st.error(literal(f"{item.name}: {error}", None))
        return None
    st.image(picture, width=300)
    st.text(f"The original: {plain(item.name)}")
    return picture


def choose_settings() -> Augmentation:
    """A named setting, or the person's own, which begin as side-on."""
    name = st.segmented_control(
        "Settings",
        ["side-on", "top-down", OWN, "none"],
        default="side-on",
        key="augmentation_name",
        persist_state="session",
    )
    return own_settings() if name == OWN else NAMED.get(name or "", SIDE_ON)


def own_settings() -> Augmentation:
    """What the rows' switches and sliders say; kept while other pages are visited."""
    kept = st.session_state.setdefault("own_augmentation", SIDE_ON.model_dump())
    for field in kept:
        kept[field] = st.session_state.get(f"own_{field}", kept[field])
    return Augmentation.model_validate(kept)


def transform_rows(picture: Picture, how: Augmentation, own: bool, seed: int) -> None:
    """One row a transform: its range, and draws with only this transform."""
    used = dict(rows(how))
    st.subheader("One transform at a time")
    if not own and not used:
        st.info("None of them is used: training sees each image as it is, every time.")
    for transform in TRANSFORMS if own else used:
        settings, picture_row = st.columns([2, 5], gap="medium", vertical_alignment="center")
        with settings:
            if own:
                control(transform, how)
            else:
                st.markdown(f"**{transform}**")
            st.caption(used.get(transform, "off"))
        with picture_row:
            alone = only(how, transform)
            if alone != NONE:
                show(draws_of(picture, alone, ALONE, seed), width=84)
            else:
                show(draws_of(picture, only(EXAMPLE, transform), ALONE, seed), width=44)
                st.caption("It is off; switched on, it would do this.")


def control(transform: str, how: Augmentation) -> None:
    """The switch or slider that sets this transform."""
    if transform in SWITCHES:
        field = SWITCHES[transform]
        st.toggle(f"**{transform}**", getattr(how, field), key=f"own_{field}")
        return
    field, lowest, highest, step, words = SLIDERS[transform]
    st.slider(f"**{transform}**", lowest, highest, getattr(how, field), step, words, key=f"own_{field}")


def put_in_hand(how: Augmentation) -> None:
    """Keep these settings for the stages planned next."""
    st.session_state[CHOSEN] = how.model_dump()


def draw_again() -> None:
    """The next draws."""
    st.session_state.augmentation_seed = st.session_state.get("augmentation_seed", 0) + 1


def main(context: Context) -> None:
    """The page."""
    data = data_shown(context)
    how = choose_settings()
    seed = st.session_state.get("augmentation_seed", 0)
    left, right = st.columns([2, 5], gap="medium")
    with left:
        picture = choose_image(data)
    with right:
        for sentence in warnings(how, data.classes):
            st.warning(literal(sentence, None), icon=":material/swap_horiz:")
        if picture is not None:
            with st.spinner("Drawing; the first time takes a few seconds …", show_time=False):
                pictures = draws_of(picture, how, DRAWS, seed)
            show(pictures, width=84)
        buttons = st.container(horizontal=True)
        buttons.button("Draw again", icon=":material/casino:", on_click=draw_again)
        buttons.button("Use for training", icon=":material/check:", on_click=put_in_hand, args=(how,))
        if st.session_state.get(CHOSEN) == how.model_dump():
            st.success("In hand: the stages that you plan next begin with these settings.")
    if picture is not None:
        transform_rows(picture, how, st.session_state.get("augmentation_name") == OWN, seed)
    st.page_link("pages/lr_finder.py", label="Next: find a learning rate", icon=":material/troubleshoot:")


with shown():
    main(
        begin(
            "Augmentation",
            ":material/auto_awesome_motion:",
            lead="Each time an image is used it is changed a little, so that the network **cannot learn it by heart**. "
            "Choose changes that leave the meaning alone.",
        )
    )
