"""A rate is chosen: on the curve or among its suggestions, and what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.charts.lr_finder import RATE_PICKED, finder
from core.charts.lr_marks import Marks
from core.errors import AnnealError
from core.numbers import rate_in_words
from core.runs.draft import Draft, Rate
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo
from core.training.chosen import meaning
from core.training.readings import readings
from core.training.stage import Stage, scope_in_words
from core.training.suggest import Suggestion
from core.training.suggestions import ANNEAL, MEANINGS, PREFERRED, preferred
from pages.ui.finder.curves import Tested, together, whose_rate, width_in_words
from pages.ui.plan.chosen_rate import chosen_by, where
from pages.ui.plan.drafts import draft_of
from pages.ui.plan.facts import group_names
from pages.ui.text import literal, unbroken

BY_CLICK = "your click"
ONE_SWEEP = " This is one sweep over one order of the images: with several seeds you see how far to trust it."
TURN = "finder-turn"
"""Session key: how many rates were chosen."""


def chosen_rate(run: RunFolder, info: RunInfo) -> None:
    """The chosen rate, which planned stage gets it, and the way on to the Training page."""
    draft = draft_of(run, info)
    rate = draft.rate
    if rate is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        trained = scope_in_words(rate.freeze_to, group_names(info))
        st.markdown(
            unbroken(
                f":material/check_circle: **Chosen rate: {rate_in_words(rate.lr)}** ({trained}), from "
                f"{chosen_by(rate)}. {where(draft, len(group_names(info)))}"
            ),
            width="stretch",
        )
        if st.button("Train with it", type="primary", icon=":material/local_fire_department:", key="to-training"):
            st.switch_page("pages/training.py", query_params={"run": run.id})


def curve_view(run: RunFolder, info: RunInfo, test: Tested, earlier: Sequence[Curve]) -> tuple[float, float]:
    """The chart, on which a click chooses a rate, and under it what it shows and what else can be shown.

    Returns the lowest and the highest rate on it.
    """
    draft, curve = draft_of(run, info), test.curve
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        fastai = st.toggle(
            "fastai's curve",
            key="finder-fastai",
            persist_state="session",
            help="The loss as fastai draws it: a mean over the batches so far, the last ones counting most (0.98). It "
            "lags: what it shows at one rate happened at lower ones. The five rules below read it; they are marked "
            "where it is shown.",
        )
        st.caption("Click the curve to choose a rate.", text_alignment="right")
    frame = together(curve, test.seeds, earlier)
    key = f"finder-{run.id}-{curve.name}{_turn()}"
    width = width_in_words(curve.lrs)
    event = place.altair_chart(
        finder(
            frame,
            marks=_marks(curve, _chosen_here(draft, curve), rules=fastai),
            fastai=fastai,
            y_title=f"Training loss (centred, {width} wide)",
            title=curve.suggestion.headline if curve.suggestion else "Loss against the learning rate",
            of=whose_rate(curve.stage),
        ),
        key=key,
        on_select="rerun",
        selection_mode=RATE_PICKED,
        alt="Training loss against the learning rate on a logarithmic axis",
    )
    clicked = _clicked(event)
    if clicked is not None and st.session_state.get(f"{key}-taken") != clicked:
        st.session_state[f"{key}-taken"] = clicked
        _choose(draft, Rate(lr=clicked, freeze_to=_freeze_to(curve), chosen_by=BY_CLICK))
        st.rerun()
    _explained(width, seeds=len(test.seeds))
    return float(frame["lr"].min()), float(frame["lr"].max())


def _explained(width: str, *, seeds: int) -> None:
    thin = f" The {seeds} thin lines are the other seeds, with other batches." if seeds else ""
    st.caption(
        f"Dots are the losses of single batches. The line is a robust fit through {width} of rates, centred, so that "
        f"a fall or a rise stands at the rate where it happened; about 95% of the batches lie in the band.{thin}"
    )


def _chosen_here(draft: Draft, curve: Curve) -> float | None:
    """The chosen rate, where it is for what this curve trains."""
    return draft.rate.lr if draft.rate is not None and draft.rate.freeze_to == _freeze_to(curve) else None


def _marks(curve: Curve, chosen: float | None, *, rules: bool) -> Marks:
    """What the chart marks: Anneal's suggestion, the chosen rate, and the five rules when they are wanted."""
    marks = Marks(chosen=chosen, rules=curve.suggestions if rules else {})
    found = curve.suggestion
    if found is None:
        return marks
    return replace(
        marks,
        rate=found.lr,
        low=found.low,
        high=found.high,
        collapse=found.collapse or found.rise,
        collapsed=found.collapse is not None,
    )


def what_it_means(run: RunFolder, info: RunInfo, curve: Curve) -> None:
    """What the chosen rate means on this curve, with its numbers."""
    lr = _chosen_here(draft_of(run, info), curve)
    if lr is None:
        return
    try:
        meant = meaning(curve.lrs, curve.losses, lr, curve.suggestion, classes=curve.classes)
    except ValueError:
        return
    if meant.warns:
        st.warning(unbroken(f"{rate_in_words(lr)} on this curve: {meant.sentence}"), icon=":material/warning:")
    else:
        st.caption(unbroken(f"**{rate_in_words(lr)} on this curve.** {meant.sentence}"))


def suggestions_view(run: RunFolder, info: RunInfo, curve: Curve, *, seeds: int) -> None:
    """Anneal's suggestion first, then those of the five known rules; so many other `seeds` were swept too."""
    draft = draft_of(run, info)
    if curve.suggestion is not None:
        _anneals(draft, curve, curve.suggestion, seeds)
    elif curve.lrs:
        st.info("Anneal cannot read a rate off this curve. Test again to get one.", icon=":material/info:")
    _rules(draft, curve)


def _clicked(event: Mapping[str, Any]) -> float | None:
    """The rate of the point that was clicked; None when none is."""
    rows = event["selection"].get(RATE_PICKED) or []
    return float(rows[0]["lr"]) if rows and "lr" in rows[0] else None


def _choose(draft: Draft, rate: Rate) -> None:
    """Keep a rate where the Training page finds it."""
    try:
        draft.choose(rate)
    except AnnealError as error:
        st.toast(literal(str(error), None), icon=":material/error:")
    else:
        st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _turn() -> str:
    """The end of the chart's key, another one after each choice: in the same chart, a click on the point that was
    clicked before would choose nothing, though another rate was chosen since.
    """
    turn = st.session_state.get(TURN, 0)
    return f"-{turn}" if turn else ""


def _is_chosen(draft: Draft, rate: Rate) -> bool:
    """Whether this rate is the chosen one, and for the same layers: a rate for the head is none for everything."""
    chosen = draft.rate
    return chosen is not None and (chosen.lr, chosen.freeze_to) == (rate.lr, rate.freeze_to)


def _freeze_to(curve: Curve) -> int:
    return curve.stage.freeze_to if isinstance(curve.stage, Stage) else -1


def _anneals(draft: Draft, curve: Curve, found: Suggestion, seeds: int) -> None:
    """Anneal's own suggestion: the rate, the range that trains about as well, where training collapses, and why."""
    rate = Rate(lr=found.lr, freeze_to=_freeze_to(curve), chosen_by=ANNEAL)
    chosen = _is_chosen(draft, rate)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall"):
            title = "Take" if found.certain else "This curve is inconclusive. Take"
            then = "the loss rises for good" if found.collapse is None else "training collapses"
            from_ = found.collapse or found.rise
            collapse = "" if from_ is None else f"; from {rate_in_words(from_)} on, {then}"
            st.markdown(
                unbroken(
                    f"**{title} {rate_in_words(found.lr)}** · {rate_in_words(found.low)} to "
                    f"{rate_in_words(found.high)} train about as well{collapse}"
                )
            )
            st.caption(unbroken(f"{found.reason}{'' if seeds or not found.certain else ONE_SWEEP}"))
        st.button(
            "Chosen" if chosen else f"Use {rate_in_words(found.lr)}",
            icon=":material/check:" if chosen else None,
            key="use-anneal",
            type="primary" if draft.rate is None else "secondary",
            disabled=chosen,
            on_click=_choose,
            args=(draft, rate),
        )


def _rules(draft: Draft, curve: Curve) -> None:
    """A card for each of the five known rules: its rate, and where that lies on this curve."""
    found = {name: rate for name in PREFERRED if (rate := curve.suggestions.get(name))}
    if not found:
        st.warning("This curve is too short for the rules of fastai and Lightning. Take more steps.")
        return
    try:
        placed = readings(curve.lrs, curve.losses, found, classes=curve.classes)
    except ValueError:
        placed = {}
    st.caption(
        "Five known rules, which read fastai's curve. Under each: where its rate lies on the centred curve above.",
    )
    first = None if curve.suggestion else preferred(curve.suggestions)
    with st.grid(len(found), min_column_width=150):
        for name, rate in found.items():
            advised = draft.rate is None and first is not None and first[0] == name
            where = placed[name].sentence if name in placed else ""
            _rule(draft, name, Rate(lr=rate, freeze_to=_freeze_to(curve), chosen_by=name), where, advised=advised)


def _rule(draft: Draft, name: str, rate: Rate, where: str, *, advised: bool) -> None:
    chosen = _is_chosen(draft, rate)
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.markdown(name.capitalize(), help=MEANINGS[name])
        st.markdown(unbroken(f"**{rate_in_words(rate.lr)}**"))
        st.caption(unbroken(where))
        st.space("stretch")
        st.button(
            "Chosen" if chosen else "Use",
            icon=":material/check:" if chosen else None,
            key=f"use-{name}",
            type="primary" if advised else "secondary",
            disabled=chosen,
            on_click=_choose,
            args=(draft, rate),
            width="stretch",
        )
