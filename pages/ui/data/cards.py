"""The data sets on offer as cards, chosen by their pictures: a click anywhere on a card presses its button."""

import io

import streamlit as st
from PIL import Image

from core.data.catalogue import Offer
from core.data.previews import is_here, preview
from core.errors import AnnealError
from core.workspace import Workspace
from pages.ui.thumbnails import GAP

ACROSS, DOWN = 3, 2
"""Pictures of a card."""
SIDE = 96
"""Pixels of each of them."""

_CSS = """
<style>
[class*="-offer-"] { position: relative; }
[class*="-offer-"]:hover { border-color: light-dark(#B0421A, #E8854F); }
[class*="-offer-"] [data-testid="stElementContainer"]:has([data-testid="stButton"]) { position: static; }
[class*="-offer-"] [data-testid="stButton"] { position: static; }
[class*="-offer-"] [data-testid="stButton"] button { position: static; }
[class*="-offer-"] [data-testid="stButton"] button::after { content: ""; position: absolute; inset: 0; z-index: 1; }
[class*="-offer-"] img { border-radius: 0.35rem; }
</style>
"""
"""A card's button reaches over the whole card; the keyboard finds it as any other."""


def offer_cards(offers: list[Offer], key: str, workspace: Workspace) -> str | None:
    """A card for each offer; the spec of the one chosen in this very run of the page, else None."""
    st.html(_CSS)
    chosen = None
    with st.grid("auto", min_column_width=190):
        for offer in offers:
            if _card(offer, key, workspace):
                chosen = offer.spec
    return chosen


def _card(offer: Offer, key: str, workspace: Workspace) -> bool:
    here = is_here(offer, workspace)
    with st.container(border=True, height="stretch", gap="small", key=f"{key}-offer-{offer.spec}"):
        pictures = _pictures(offer, workspace) if here else None
        if pictures is not None:
            st.image(pictures, width="stretch", alt=f"A few pictures of {offer.title}")
        st.markdown(f"**{offer.title}**")
        st.caption(offer.description)
        if not here:
            st.caption(f":material/cloud_download: {offer.megabytes} MB to download")
        st.space("stretch")
        label = f"Use {offer.title}" if here else f"Download {offer.title}"
        return st.button(label, key=f"{key}-use-{offer.spec}", width="stretch")


def _pictures(offer: Offer, workspace: Workspace) -> bytes | None:
    """The pictures of a set that is here; None where none can be read, which choosing it then explains."""
    try:
        return _sheet(offer, workspace.shared)
    except AnnealError:
        return None


@st.cache_data(max_entries=50, show_spinner=False, hash_funcs={Workspace: lambda workspace: str(workspace.root)})
def _sheet(offer: Offer, workspace: Workspace) -> bytes | None:
    """PNG of the first pictures in rows; transparent between them and where there are fewer."""
    pictures = preview(offer, workspace, count=ACROSS * DOWN, side=SIDE)
    if not pictures:
        return None
    step = SIDE + GAP
    sheet = Image.new("RGBA", (step * ACROSS - GAP, step * DOWN - GAP))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place % ACROSS * step, place // ACROSS * step))
    file = io.BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
