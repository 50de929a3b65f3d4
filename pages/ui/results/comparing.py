"""Two networks on the same images: what the one at hand mends and breaks, and whether that is more than chance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from core.charts.confusion import CHANGE_PICKED, difference
from core.data.items import Indices
from core.errors import AnnealError
from core.jobs.specs import EvaluateSpec
from core.results.compare import Comparison, compare, matrix_difference
from core.results.confusion import as_frame
from core.results.listing import image_rows
from core.results.predictions import Predictions
from core.runs.folder import RunFolder, list_runs
from core.runs.names import LATEST
from pages.ui import jobs
from pages.ui.errors import shown
from pages.ui.results.choice import TITLES
from pages.ui.results.images import PER_PAGE, pictures
from pages.ui.results.judged import Judged
from pages.ui.results.saved import saved_predictions
from pages.ui.results.shown_classes import most_changed
from pages.ui.text import literal, percent, plain

MOST_RUNS = 30
"""Other runs that are offered, the newest ones."""

FIXED, BROKEN = "Fixed", "Broken"


@dataclass(frozen=True)
class Other:
    """Predictions to compare with: those that `asked` makes of `run`'s weights, and what a list calls them."""

    run: RunFolder
    asked: EvaluateSpec
    label: str


def comparing_view(judged: Judged, chosen: EvaluateSpec, key: str) -> None:
    """A choice of what to compare with, and the comparison; nothing where there is nothing else."""
    others = _others(judged.run, chosen)
    if not others:
        return
    st.subheader("Is a difference real?", anchor=False)
    name = st.selectbox(
        "These predictions, compared with those of",
        [None, *others],
        format_func=lambda name: others[name].label if name in others else "nothing yet",
        key=f"{key}-other",
        width=420,
    )
    other = others.get(name or "")
    if other is None:
        st.caption(
            "Two stages, snapshots or runs on the same images: which errors did one mend, and which did it make?"
        )
        return
    with shown():
        saved = saved_predictions(other.run, other.asked)
        if saved is None or saved.outdated:
            st.caption("These weights were not evaluated on these images yet.")
            if st.button("Evaluate them", icon=":material/quiz:", key=f"{key}-other-ask"):
                jobs.submit(other.run, other.asked)
                st.rerun()
            return
        _comparison(saved.predictions, judged, f"{key}-with-{name}")


def tta_gain(run: RunFolder, chosen: EvaluateSpec, predictions: Predictions) -> None:
    """What averaging over augmented views changed, where the same weights were evaluated without it too."""
    if not chosen.tta:
        return
    try:
        saved = saved_predictions(run, chosen.model_copy(update={"tta": False}))
        found = None if saved is None or saved.outdated else compare(saved.predictions, predictions)
    except AnnealError:
        found = None
    if found is None:
        st.caption("Evaluate these weights without augmented views too, and here is what averaging brings.")
        return
    st.markdown(
        f"Averaging over augmented views: {percent(found.first_accuracy)} without, {percent(found.second_accuracy)} "
        f"with ({found.points:+.1f} points; {literal(found.sentence(), None)})."
    )


def _others(run: RunFolder, chosen: EvaluateSpec) -> dict[str, Other]:
    """Other weights of this run, and the last weights of other runs on the same images.

    By names that stay the same when further weights come, so that what was chosen stays chosen.
    """
    names = [LATEST, *(snapshot.name for snapshot in reversed(run.snapshots()))]
    found = {
        name: Other(
            run, chosen.model_copy(update={"snapshot": name}), f"this run, {TITLES.get(name, plain(name)).lower()}"
        )
        for name in names
        if name != chosen.snapshot
    }
    for other in [one for one in list_runs(run.workspace) if one.id != run.id][:MOST_RUNS]:
        try:
            info = other.info
        except AnnealError:
            continue
        if info.fingerprint == run.info.fingerprint and other.checkpoint.exists():
            asked = chosen.model_copy(update={"snapshot": LATEST})
            found[f"run {other.id}"] = Other(other, asked, f"{plain(info.name, 48)}, latest weights")
    return found


def _comparison(before: Predictions, judged: Judged, key: str) -> None:
    after = judged.predictions
    found = compare(before, after)
    figures = f"{percent(found.first_accuracy)} for those, **{percent(found.second_accuracy)}** for these"
    said = literal(found.sentence(), None)
    st.markdown(f"On the same {found.images:,} images: {figures} ({found.points:+.1f} points). {said}.")
    if not (len(found.fixed) or len(found.broken)):
        return
    classes = list(after.classes)
    left, right = st.columns([3, 2], gap="medium")
    change = matrix_difference(before, after)
    places = most_changed(change)
    with left:
        event = st.altair_chart(
            difference(as_frame(change, classes, order=places, filled=True), classes=[classes[at] for at in places]),
            key=f"{key}-map",
            on_select="rerun",
            selection_mode=CHANGE_PICKED,
            alt="The difference of the two confusion matrices",
        )
        if len(places) < len(classes):
            st.caption(f"The {len(places)} classes with the most changes, of {len(classes):,}.")
    with right:
        positions = _changed(before, after, found, _picked(event), key)
    if len(positions) > PER_PAGE:
        st.caption(f"The first {PER_PAGE} of {len(positions):,}.")
    if len(positions):
        rows = image_rows(after, positions[:PER_PAGE])
        pictures(rows, judged, f"{key}-changed", with_classes=True, every=positions)


def _picked(event: Mapping[str, Any]) -> tuple[str, str] | None:
    rows = event["selection"].get(CHANGE_PICKED) or []
    return (rows[0]["true"], rows[0]["predicted"]) if rows and "predicted" in rows[0] else None


def _changed(
    before: Predictions, after: Predictions, found: Comparison, cell: tuple[str, str] | None, key: str
) -> Indices:
    """Positions of the images that were mended or broken, or that came into the cell that was clicked or left it."""
    if cell is None:
        what = str(st.segmented_control("Images", [FIXED, BROKEN], default=BROKEN, required=True, key=f"{key}-what"))
        positions = found.fixed if what == FIXED else found.broken
        st.caption("Wrong by those weights and right by these." if what == FIXED else "Right before, and wrong now.")
    else:
        true, called = (after.classes.index(name) for name in cell)
        here, there = ((one.labels == true) & (one.predicted == called) for one in (after, before))
        positions = np.flatnonzero(here != there).astype(np.int64)
        st.markdown(f"**{literal(cell[0], 30)}** taken for **{literal(cell[1], 30)}**")
        st.caption(f"{int((here & ~there).sum()):,} came into this cell, {int((there & ~here).sum()):,} left it.")
    if not len(positions):
        st.caption("No image is like that.")
    return positions
