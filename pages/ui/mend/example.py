"""What the Mend page is about, before there is anything to mend."""

import pandas as pd
import streamlit as st


def example() -> None:
    """A made-up queue of four images."""
    rows = [
        ("apples/0132.jpg", "apple", "Heads say pear, 93%", "relabel"),
        ("pears/0077.jpg", "pear", "Also labelled lemon", "leave one out"),
        ("lemons/0004.jpg", "lemon", "A validation image is the same", "leave it out"),
        ("oranges/0021.jpg", "orange", "Unlike its class: a menu", "leave it out"),
    ]
    table = pd.DataFrame(rows, columns=["image", "label", "why it is looked at", "what to do"])
    st.dataframe(table, hide_index=True, width="stretch")
    st.caption(
        "The suspects come from heads trained on the activations in seconds, each judging only images that it has not "
        "seen. They are suggestions: hard images are among them, and you decide."
    )
