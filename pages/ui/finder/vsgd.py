"""The rate that vSGD estimates at the state that a range test was made at, beside the finder's."""

import streamlit as st

from core.numbers import rate_in_words
from core.training.vsgd_record import ASSUMES, VsgdEstimate
from pages.ui.text import unbroken


def vsgd_view(found: VsgdEstimate) -> None:
    """The estimate, what it was made of, and what it assumes."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(
            unbroken(
                f"**vSGD {rate_in_words(found.rate)}** · {rate_in_words(found.low)} to {rate_in_words(found.high)} · "
                ":orange-badge[experimental]"
            )
        )
        st.caption(unbroken(found.sentence))
        st.caption(ASSUMES)
