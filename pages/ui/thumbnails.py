"""Small pictures of a data set's images, decoded once for a content and size."""

import io
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

from core.charts import palette
from core.data.decode import decode
from core.data.index import Item
from core.errors import DataError
from core.workspace import owner_of

GAP = 2
"""Pixels of the line between two pictures of a strip."""


def thumbnail(item: Item, side: int) -> bytes | None:
    """JPEG of one image, `side` pixels square; None where its file has gone or can no longer be read."""
    return _strip((owner_of(item.path), item.digest), side, 1, (item.path,))


def thumbnail_of(path: Path, side: int) -> bytes | None:
    """JPEG of an image that is in no data set yet, `side` pixels square; None where it cannot be read."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return _strip((f"{path}-{facts.st_size}-{facts.st_mtime_ns}",), side, 1, [path])


def strip(items: Sequence[Item], side: int, places: int) -> bytes | None:
    """A picture of `places` images beside each other, without those whose files have gone; None where all have."""
    whose = owner_of(items[0].path) if items else ""
    return _strip((whose, *(item.digest for item in items)), side, places, [item.path for item in items])


@st.cache_data(max_entries=4000, show_spinner=False)
def _strip(digests: tuple[str, ...], side: int, places: int, _paths: Sequence[Path]) -> bytes | None:
    del digests  # with the size they are the key: whose the images are, and their content, wherever the files are
    squares = []
    for path in _paths:
        try:
            squares.append(Image.fromarray(decode(path, side)))
        except (DataError, OSError):
            continue
    if not squares:
        return None
    full = len(squares) == places
    width = (side + GAP) * places - GAP
    sheet = Image.new("RGB", (width, side), palette.GREY) if full else Image.new("RGBA", (width, side))
    for place, square in enumerate(squares):
        sheet.paste(square, (place * (side + GAP), 0))
    file = io.BytesIO()
    sheet.save(file, "JPEG" if full else "PNG", quality=88)  # the two that st.image sends on as they are
    return file.getvalue()
