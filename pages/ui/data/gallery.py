"""Small pictures of a data set, a page at a time; only those on show are decoded."""

from collections.abc import Sequence

import streamlit as st

from core.data.index import DataSet, Item
from pages.ui.text import plain
from pages.ui.thumbnails import strip, thumbnail

SIDE = 92
"""Pixels of a thumbnail."""
PER_PAGE = 48
CLASSES_PER_PAGE = 12
OF_EACH_CLASS = 6
SPLITS = {"train": "Training", "valid": "Validation", "test": "Test"}
EVERY_CLASS = -1


@st.fragment
def gallery(data: DataSet, key: str) -> None:
    """Images by class and split, a page at a time; paging reruns nothing else."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Class",
            [EVERY_CLASS, *range(len(data.classes))],
            format_func=lambda at: "A few of every class" if at == EVERY_CLASS else plain(data.classes[at]),
            key=f"{key}-class",
        )
        present = [split for split in SPLITS if len(data.indices(split))]
        split = st.segmented_control(
            "Split", present, format_func=SPLITS.__getitem__, default=present[0], required=True, key=f"{key}-split"
        )
    if label == EVERY_CLASS:
        _every_class(data, split, key)
    else:
        _one_class(data, label, split, key)


def _one_class(data: DataSet, label: int, split: str, key: str) -> None:
    items = data.items.select(data.of_class(label, split))
    if not len(items):
        st.caption(_none(split))
        return
    slot = st.container()
    page = _page(len(items), PER_PAGE, f"{key}-page-{label}-{split}")
    with slot:
        _row(data, items[page])


def _every_class(data: DataSet, split: str, key: str) -> None:
    slot = st.container(gap="xsmall")
    page = _page(len(data.classes), CLASSES_PER_PAGE, f"{key}-classes-{split}")
    with slot:
        for label in range(len(data.classes))[page]:
            some = data.items.select(data.of_class(label, split)[:OF_EACH_CLASS])
            _class_row(plain(data.classes[label], 24), some, split)


def _none(split: str) -> str:
    """What to say of a class without images in a split."""
    return "No image to learn from." if split == "train" else "None to check."


def _class_row(name: str, items: Sequence[Item], split: str) -> None:
    left, right = st.columns([1, 5], vertical_alignment="center", wrap=False)
    left.text(name)
    picture = strip(items, SIDE, OF_EACH_CLASS)
    if picture is None:
        right.caption(_none(split) if not items else "Its files have gone since they were looked at.")
    else:
        right.image(picture, width="stretch", alt=f"{len(items)} images of {name}")


def _page(things: int, per_page: int, key: str) -> slice:
    """Buttons to page with, where there is more than one page; which of the things are on the page chosen."""
    pages = -(-things // per_page)
    at = st.pagination(pages, key=key) - 1 if pages > 1 else 0
    return slice(at * per_page, (at + 1) * per_page)


def _row(data: DataSet, items: Sequence[Item]) -> None:
    pictures = [(thumbnail(item, SIDE), item) for item in items]
    there = [(picture, item) for picture, item in pictures if picture is not None]
    if there:
        st.image(
            [picture for picture, _ in there],
            width=SIDE,
            alt=[f"{plain(data.classes[item.label])}: {plain(item.name)}" for _, item in there],
        )
    if len(there) < len(pictures):
        st.caption(f"{len(pictures) - len(there)} of these files have gone or changed since they were looked at.")
