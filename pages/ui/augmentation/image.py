"""Which image the Augmentation page changes."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import streamlit as st

from core.augment import Augmentation, warnings
from core.data.catalogue import SHAPES
from core.data.decode import decode
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


CLASSES_TRIED = 12
"""Of so many classes the first image is looked at for the one that the page opens on."""


LOOKED_AT = 64
"""Side in pixels at which they are compared."""


def mirror_difference(picture: Picture) -> float:
    """How much a mirror image differs from the picture, wherever it is moved to: 0 (not at all) to 2.

    One minus the highest correlation over all shifts, so that an even shape off the centre counts as even.
    """
    grey = picture.mean(axis=2)
    grey -= grey.mean()
    strength = float(np.square(grey).sum())
    if strength == 0:
        return 0.0
    spectrum = np.fft.rfft2(grey) * np.conj(np.fft.rfft2(grey[:, ::-1]))
    return 1 - float(np.fft.irfft2(spectrum, grey.shape).max()) / strength


@lru_cache(maxsize=512)
def _difference_of(path: str, digest: str) -> float:
    """That of a file, cached by the digest of its content; -1 where it cannot be read."""
    try:
        return mirror_difference(decode(Path(path), LOOKED_AT))
    except DataError:
        return -1.0


def telling_class(data: DataSet) -> int:
    """The class whose first image a flip changes most: a 2 or a 7 shows what a 0 hides.

    Where a flip turns one class into another, it is one of these.
    """
    said = " ".join(warnings(Augmentation(horizontal_flip=True), data.classes))
    swapped = {label for label, name in enumerate(data.classes) if f"“{name}”" in said}
    labels, places = np.unique(data.used.labels, return_index=True)
    earliest = np.argsort(places)[:CLASSES_TRIED]
    first = {int(labels[at]): data.used[places[at]] for at in earliest}
    changes = {
        label: _difference_of(str(item.path), item.digest)
        for label, item in sorted(first.items())
        if label in swapped or not swapped.intersection(first)
    }
    return max(changes, key=changes.__getitem__, default=0)


def choose_image(data: DataSet) -> Picture | None:
    """One image, by its class and number; None, with the reason shown, when it cannot be read."""
    names = [plain(name) for name in data.classes]
    title = names.__getitem__
    key = f"class_{data.fingerprint}"
    begin = telling_class(data)
    label = st.selectbox("Class", range(len(names)), begin, format_func=title, key=key, persist_state="session")
    items = data.items.select(data.of_class(label))
    key = f"image_{data.fingerprint}_{label}"
    number = st.number_input("Image number", 1, max(1, len(items)), key=key, persist_state="session")
    if not items:
        st.info("This class has no readable image: choose another.")
        return None
    item = items[int(number) - 1]
    try:
        picture = opened(str(item.path), item.digest, data.fit)
    except DataError as error:
        st.error(literal(f"{item.name}: {error}", None))
        return None
    st.image(picture, width=300, alt=f"The original, of the class {names[label]}")
    st.text(f"The original: {plain(item.name)}")
    return picture
