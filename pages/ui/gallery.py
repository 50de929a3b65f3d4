"""Small pictures of a data set, a page at a time; only those on show are decoded."""

import io

import numpy as np
import streamlit as st
from PIL import Image

from core.data.decode import decode
from core.data.index import DataSet, Item
from core.errors import DataError
from pages.ui.names import literal, plain

SIDE = 96
"""Pixels of a thumbnail."""
PER_PAGE = 48
EVERYTHING = -1


@st.cache_data(max_entries=4000, show_spinner=False)
def _thumbnail(digest: str, _item: Item) -> bytes | None:
    """JPEG of one image, or None where the file has gone or changed since it was looked at."""
    del digest  # the key: the content, wherever it lies
    try:
        pixels = decode(_item.path, SIDE)
    except DataError:
        return None
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(file, "JPEG", quality=88)
    return file.getvalue()


@st.fragment
def gallery(data: DataSet, key: str) -> None:
    """A class and a split to choose, and their images, `PER_PAGE` to a page."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Class",
            [EVERYTHING, *range(len(data.classes))],
            format_func=lambda at: "Some of every class" if at == EVERYTHING else plain(data.classes[at]),
            key=f"{key}-class",
        )
        splits = [split for split in ("train", "valid", "test") if len(data.indices(split))]
        names = {"train": "Training", "valid": "Validation", "test": "Test"}
        split = st.segmented_control(
            "Split", splits, format_func=names.__getitem__, default=splits[0], required=True, key=f"{key}-split"
        )
    chosen = _of_every_class(data, split) if label == EVERYTHING else _of_class(data, label, split)
    if not chosen:
        st.caption("No image of this class is in this split.")
        return
    pages = -(-len(chosen) // PER_PAGE)
    slot = st.container()
    page = st.pagination(pages, key=f"{key}-page-{label}-{split}") if pages > 1 else 1
    with slot:
        _show(data, chosen[(page - 1) * PER_PAGE : page * PER_PAGE], with_class=label == EVERYTHING)


def _of_class(data: DataSet, label: int, split: str) -> list[Item]:
    return [item for item in data.items if item.label == label and item.split == split]


def _of_every_class(data: DataSet, split: str) -> list[Item]:
    """The first images of each class in turn, for at most one page."""
    by_class: dict[int, list[Item]] = {}
    for item in data.items:
        if item.split == split:
            by_class.setdefault(item.label, []).append(item)
    each = max(1, PER_PAGE // max(1, len(by_class)))
    return [item for label in sorted(by_class) for item in by_class[label][:each]][:PER_PAGE]


def _show(data: DataSet, items: list[Item], *, with_class: bool) -> None:
    pictures = [(_thumbnail(item.digest, item), item) for item in items]
    there = [(picture, item) for picture, item in pictures if picture is not None]
    if len(there) < len(pictures):
        st.caption(f"{len(pictures) - len(there)} of these files have gone or changed since they were looked at.")
    if there:
        st.image(
            [picture for picture, _ in there],
            caption=[literal(data.classes[item.label], 18) for _, item in there] if with_class else None,
            width=SIDE,
            alt=[f"{plain(data.classes[item.label])}: {plain(item.name)}" for _, item in there],
        )
