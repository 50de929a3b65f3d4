"""One image to decide about: what it is called, why it is looked at, and the decisions."""

import hashlib

import streamlit as st

from core.data.index import DataSet, Item
from core.runs.folder import RunFolder
from pages.ui.data.gallery import SPLITS
from pages.ui.mend.decisions import decide
from pages.ui.mend.looks import Look
from pages.ui.text import literal, plain
from pages.ui.thumbnails import strip, thumbnail

SIDE, SMALL = 320, 72
"""Pixels of the picture, and of those that it is compared with."""

BESIDE = 4
EXAMPLES = 5


def card(run: RunFolder, data: DataSet, look: Look) -> None:
    """The picture and beside it what is known about it, and the buttons."""
    item = data.items[data.places[look.image]]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        picture = thumbnail(item, SIDE)
        if picture is None:
            st.caption("This file has gone or changed since it was looked at.")
        else:
            st.image(picture, width=SIDE, alt=f"{plain(look.given)}: {plain(look.image)}")
    with right:
        st.text(plain(look.image, 80))
        side = SPLITS.get(look.split, look.split).lower()
        why = literal(look.why, None) if look.why else ""
        st.markdown(f"**Labelled {literal(look.given)}**, {side}. {why}")
        if look.beside:
            _beside([data.items[data.places[name]] for name in look.beside if name in data.places], data)
        else:
            _examples(data, look)
        decisions(run, data, look)


def _beside(others: list[Item], data: DataSet) -> None:
    """The images that look the same, each with its class and side."""
    with st.container(horizontal=True):
        for other in others[:BESIDE]:
            picture = thumbnail(other, SMALL * 2)
            if picture is not None:
                side = SPLITS.get(other.split, "Left out").lower()
                st.image(
                    picture,
                    caption=f"{literal(data.classes[other.label], 20)}, {side}",
                    width=SMALL * 2,
                    alt=f"{plain(data.classes[other.label])}: {plain(other.name)}",
                )
    if len(others) > BESIDE:
        st.caption(f"and {len(others) - BESIDE:,} more")


def _examples(data: DataSet, look: Look) -> None:
    """Some training images of its class and of the class that is suggested."""
    for name in filter(None, (look.given, look.said)):
        label = data.classes.index(name)
        of_class = data.of_class(label, "train")[: EXAMPLES + 1].tolist()
        some = [data.items[i] for i in of_class if i != data.places.get(look.image)]
        picture = strip(some[:EXAMPLES], SMALL, EXAMPLES)
        if picture is not None:
            st.caption(f"Others labelled {literal(name)}")
            st.image(picture, width=(SMALL + 2) * EXAMPLES, alt=f"Training images labelled {plain(name)}")


def decisions(run: RunFolder, data: DataSet, look: Look) -> None:
    """Relabel, leave out or confirm, each also by a key."""
    what = f"{look.image}\n{look.given}\n{look.said}"
    key = hashlib.blake2b(what.encode("utf-8", "replace"), digest_size=6).hexdigest()
    others = [name for name in data.classes if name != look.given]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        to = st.selectbox(
            "Relabel as",
            others,
            index=others.index(look.said) if look.said in others else None,
            placeholder="Choose a class",
            format_func=plain,
            key=f"mend-to-{key}",
            width=220,
        )
        st.button(
            "Relabel", icon=":material/swap_horiz:", shortcut="L", key="mend-relabel",
            on_click=decide, args=(run, look.image, "relabel", to), disabled=to is None,
        )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            "Leave it out", icon=":material/block:", shortcut="X", key="mend-exclude",
            on_click=decide, args=(run, look.image, "exclude"),
        )  # fmt: skip
        st.button(
            "The label is right", icon=":material/check:", shortcut="K", key="mend-confirm",
            on_click=decide, args=(run, look.image, "confirm"), help="Nobody asks about this image again.",
        )  # fmt: skip
