"""Which image the Augmentation page changes."""

import streamlit as st

from core.data.catalogue import SHAPES
from core.data.index import DataSet
from core.errors import DataError
from pages.ui import session
from pages.ui.augmentation.draws import Picture, opened
from pages.ui.errors import shown
from pages.ui.frame import Context
from pages.ui.text import literal, plain


def data_shown(context: Context) -> DataSet:
    """The data set that the session works on, or the embedded shapes where there is none that can be read."""
    data = None
    with shown():
        data = context.data()
    if data is None:
        data = session.load(context.workspace, session.DataChoice(SHAPES))
        st.caption("No data is chosen: these are the embedded shapes. Choose yours on the Data page.")
    return data


def choose_image(data: DataSet) -> Picture | None:
    """One image, by its class and number; None, with the reason shown, when it cannot be read."""
    names = [plain(name) for name in data.classes]
    title = names.__getitem__
    key = f"class_{data.fingerprint}"
    label = st.selectbox("Class", range(len(names)), format_func=title, key=key, persist_state="session")
    items = [item for item in data.items if item.label == label]
    key = f"image_{data.fingerprint}_{label}"
    number = st.number_input("Image number", 1, max(1, len(items)), key=key, persist_state="session")
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
