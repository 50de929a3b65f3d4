"""Many images: a table to sort, to look into, and to save."""

import base64
from collections.abc import Sequence

import streamlit as st

from core.results.answers import Classified, answers_table, as_csv
from pages.ui.predict.kept import Kept
from pages.ui.text import PERCENT, plain

ROW = 46
MOST_HEIGHT = 420


def table_view(found: Sequence[Kept], classes: Sequence[str], least: float, key: str) -> int:
    """A row an image; a click opens one. Gives the row that is open: the first readable one until one is clicked."""
    table = answers_table([Classified(one.name, one.probabilities, one.error) for one in found], classes, least)
    shown = table[["image", "class", "probability", "sure", "error"]].copy()
    shown.insert(0, "picture", [_address(one.thumbnail) for one in found])
    shown["image"] = [plain(one.name) for one in found]
    shown["probability"] *= 100
    sure, errors = least > 0, any(one.error for one in found)
    shown["error"] = [one.error for one in found]
    columns = ["picture", "class", "probability", *(["sure"] if sure else []), "image", *(["error"] if errors else [])]
    event = st.dataframe(
        shown[columns],
        hide_index=True,
        key=f"{key}-table",
        on_select="rerun",
        selection_mode="single-row",
        row_height=ROW,
        height=min(MOST_HEIGHT, 38 + ROW * len(shown)),
        column_config={
            "picture": st.column_config.ImageColumn("", width=56),
            "image": st.column_config.TextColumn("Image"),
            "class": st.column_config.TextColumn("Class"),
            "probability": st.column_config.ProgressColumn("Probability", format=PERCENT, min_value=0, max_value=100),
            "sure": st.column_config.CheckboxColumn("Sure", help=f"At least {least:.0%}, the run's threshold."),
            "error": st.column_config.TextColumn("Why not", width="medium"),
        },
        alt=f"{len(shown)} images with the class that the network says",
    )
    st.download_button(
        "Save as CSV",
        as_csv(table),
        "predictions.csv",
        "text/csv",
        icon=":material/download:",
        key=f"{key}-csv",
        on_click="ignore",
        help="Image, class, probability, sure, error, and the probability of every class.",
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(found):
        return int(rows[0])
    return next((at for at, one in enumerate(found) if not one.error), 0)


def _address(picture: bytes) -> str | None:
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" if picture else None
