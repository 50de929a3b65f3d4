"""Curves of range tests: as rows for the chart, and by names that tell them apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.lr_finder import EARLIER, PRESENT, SEED, loss_range
from core.runs.state import Curve
from core.training.curves import FEWEST, WIDTH, smoothed
from core.training.spread import Spread, spread
from core.training.stage import Stage
from pages.ui.plan.stage_words import trained_by
from pages.ui.text import time_of_day

SHOWN = 4
"""Earlier curves that are drawn beside the present one, at most, unless more are chosen."""


def points(curve: Curve, name: str, role: str = PRESENT) -> pd.DataFrame:
    """A curve as rows for the chart; none where its file holds no curve."""
    try:
        smooth = smoothed(curve.lrs, curve.losses)
    except ValueError:
        empty: dict[str, list[float]] = {"lr": [], "loss": [], "centred": [], "low": [], "high": [], "fastai": []}
        return pd.DataFrame(empty, dtype="float64").assign(curve=name, role=role)
    count = len(smooth.lrs)
    fastai = np.full(count, np.nan)
    fastai[: len(curve.smoothed)] = curve.smoothed[:count]
    frame = pd.DataFrame(
        {
            "lr": smooth.lrs,
            "loss": curve.losses[:count],
            "centred": smooth.losses,
            "low": smooth.low,
            "high": smooth.high,
            "fastai": fastai,
        },
        dtype="float64",
    )
    return frame.assign(curve=name, role=role)


def together(curve: Curve, seeds: Sequence[Curve], earlier: Sequence[Curve]) -> pd.DataFrame:
    """The curve that is read, those of other seeds of the same test, and earlier ones, as rows for the chart."""
    return pd.concat(
        [
            points(curve, "this curve"),
            *(points(other, f"seed {other.repeat + 1}", SEED) for other in seeds),
            *(points(other, label(other), EARLIER) for other in earlier),
        ]
    )


def whose_rate(stage: object) -> str:
    """Whose learning rate the axis shows, where the test gives each layer group its own; else empty."""
    if not isinstance(stage, Stage) or stage.freeze_to == -1 or (stage.lr is None and stage.group_ratio == 1):
        return ""
    return "the head, less for earlier layers"


def width_in_words(lrs: Sequence[float]) -> str:
    """How wide the smoother is that `points` uses, for these rates: it needs 4 batches to each side."""
    decades = float(np.log10(lrs[-1] / lrs[0])) if len(lrs) > 1 and lrs[0] > 0 else 0.0
    width = max(WIDTH, 2 * (FEWEST + 0.5) * decades / max(len(lrs) - 1, 1))
    return "1 decade" if width == 1 else f"{width:.2g} decades"


def label(curve: Curve) -> str:
    """What tells one curve from another: when, after how much training, what was trained."""
    trained = trained_by(curve.stage) if isinstance(curve.stage, Stage) else "unreadable stage"
    return f"{time_of_day(curve.created)} · epoch {curve.epoch} · {trained} · {len(curve.lrs)} steps"


@dataclass(frozen=True)
class Tested:
    """One range test, or several from one state with a seed each: `curve` is the one to read, `seeds` are the others.

    `found` is what they say together; None for a single test.
    """

    curve: Curve
    seeds: tuple[Curve, ...] = ()
    found: Spread | None = None

    @property
    def curves(self) -> list[Curve]:
        """All of its curves, oldest first."""
        return sorted((self.curve, *self.seeds), key=lambda curve: curve.name)

    @property
    def label(self) -> str:
        """What tells it from another test."""
        return f"{label(self.curve)} · {len(self.curves)} seeds" if self.seeds else label(self.curve)


def test_of(curves: Sequence[Curve]) -> Tested:
    """The test that these curves are of; of several seeds, the curve nearest to what they say together is read.

    That curve then has the suggestion of all of them.
    """
    if len(curves) == 1:
        return Tested(curves[0])
    found = spread(curves)
    together = found.suggestion
    if together is None:
        return Tested(curves[0], tuple(curves[1:]), found)
    read = min(curves, key=lambda curve: _distance(curve, together.lr))
    others = tuple(curve for curve in curves if curve.name != read.name)
    return Tested(read.model_copy(update={"suggestion": together}), others, found)


def _distance(curve: Curve, lr: float) -> float:
    return abs(math.log(curve.suggestion.lr / lr)) if curve.suggestion else math.inf


def tests_of(curves: Sequence[Curve]) -> dict[str, Tested]:
    """The tests that a run's curves are of, oldest first, by the name of their first curve."""
    groups: dict[str, list[Curve]] = {}
    for curve in curves:
        groups.setdefault(curve.set or curve.name, []).append(curve)
    return {name: test_of(group) for name, group in groups.items()}


def in_frame(test: Tested, other: Curve) -> bool:
    """Whether most of a curve, as far as its lowest point, would be seen on the chart of `test`."""
    frame, curve = together(test.curve, test.seeds, []), points(other, "other", EARLIER)
    if frame.empty or curve.empty:
        return False
    bottom, top = loss_range(frame)
    falling = curve.iloc[: int(curve["centred"].to_numpy().argmin()) + 1]
    seen = falling["centred"].between(bottom, top) & falling["lr"].between(frame["lr"].min(), frame["lr"].max())
    return bool(seen.mean() > 0.5)


def choose_test(curves: Sequence[Curve]) -> tuple[Tested, list[Curve]]:
    """The test to read and the curves to draw behind it, as chosen.

    By default these are the newest test, and of the tests before it the last `SHOWN` whose curves lie in its frame.
    """
    tests = tests_of(curves)
    newest_first = list(reversed(tests))
    if len(tests) == 1:
        return tests[newest_first[0]], []
    names = {name: test.label for name, test in tests.items()}
    left, right = st.columns(2)
    read = left.selectbox("Curve", newest_first, format_func=names.__getitem__, key=f"curve-of-{len(curves)}")
    others = [name for name in newest_first if name != read]
    inside = [name for name in others if in_frame(tests[read], tests[name].curve)]
    shown = right.multiselect(
        "Compare with", others, default=inside[:SHOWN], format_func=names.__getitem__, key=f"earlier-{read}"
    )
    return tests[read], [tests[name].curve for name in shown]
