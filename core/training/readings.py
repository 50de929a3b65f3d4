"""Where rates lie on one curve of a range test: on the flat part, in the fall, about the lowest point, in the rise.

A rule that reads fastai's smoothed loss (`core.training.suggestions`) gives a rate, and its name does not say what the
network did at that rate. Here this is read off the centred curve of the raw losses (`core.training.curves`), with the
fall, the rise and the collapse that Anneal's own rule sees (`core.training.suggest.read`). Importing this module does
not import torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from core.numbers import nats, rate_in_words
from core.training.curves import Numbers, Smooth, smoothed
from core.training.suggest import FEWEST_POINTS, Reading, Suggestion, least_rise_of, read
from core.training.suggestions import ANNEAL

Place = Literal["flat", "fall", "low", "rise", "beyond", "unsure"]
"""Before the fall, in it, about the lowest point, past it, beyond the collapse; or this curve does not show it."""

EDGE, LOST = 0.1, 0.25
"""Shares of the fall: until the first is done a rate lies on the flat part, when no more than that is left to do about
the lowest point; right of the lowest point the loss may have risen by the second."""

SURE = 4.0
"""Standard errors of the difference of two places of the curve within which they count as the same: the highest place
is the highest of many, some of which are high by chance."""

MOST_UNSURE = 0.4
"""Share of the fall that such a difference counts as at most: a fall that is there at all is twice as high."""


@dataclass(frozen=True)
class Placed:
    """Where a rate lies on a curve, and a sentence that says it with this curve's numbers (rates, losses in nats)."""

    place: Place
    sentence: str


def readings(
    lrs: Numbers, losses: Numbers, rates: Mapping[str, float | None], *, classes: int | None = None
) -> dict[str, Placed]:
    """Where the rate of each rule lies on the curve of raw `losses` (N,), nats, over ascending rates `lrs` (N,).

    `rates` has a learning rate by name, None for a rule that gives none: it is left out. With the number of `classes`,
    a rise that training repairs counts as little as it does for Anneal's suggestion. Losses from the first one on that
    is not finite do not count. Raises `ValueError` for rates of the curve that do not ascend from above 0.

    >>> lrs = [1e-5 * 10 ** (step / 10) for step in range(40)]
    >>> losses = [2.3 if lr < 1e-4 else 0.4 if lr < 1e-2 else 5.0 for lr in lrs]
    >>> {name: placed.place for name, placed in readings(lrs, losses, {"low": 2e-5, "high": 0.05}).items()}
    {'low': 'flat', 'high': 'beyond'}
    """
    given = {name: value for name, value in rates.items() if value is not None}
    curve = smoothed(lrs, losses)
    if len(curve.lrs) < FEWEST_POINTS:
        points = "1 point" if len(curve.lrs) == 1 else f"{len(curve.lrs)} points"
        few = Placed("unsure", f"This curve has {points}, too few to show it.")
        return dict.fromkeys(given, few)
    seen = _Seen(curve, 0.0 if classes is None else least_rise_of(curve, classes))
    return {name: seen.place(value) for name, value in given.items()}


class Swept(Protocol):
    """A curve of a range test with what every rule suggests for it, in memory or in a run's folder."""

    @property
    def lrs(self) -> list[float]: ...  # noqa: D102
    @property
    def losses(self) -> list[float]: ...  # noqa: D102
    @property
    def suggestion(self) -> Suggestion | None: ...  # noqa: D102
    @property
    def suggestions(self) -> dict[str, float | None]: ...  # noqa: D102
    @property
    def classes(self) -> int | None: ...  # noqa: D102


def rates_of(curve: Swept) -> dict[str, float | None]:
    """The rate of every rule for `curve`, Anneal's own first (`core.training.suggestions.ANNEAL`)."""
    return {ANNEAL: curve.suggestion.lr if curve.suggestion else None, **curve.suggestions}


def readings_of(curve: Swept) -> dict[str, Placed]:
    """Where the rate of every rule lies on its own curve, Anneal's too; see `readings`."""
    return readings(curve.lrs, curve.losses, rates_of(curve), classes=curve.classes)


class _Seen:
    """A curve of at least 10 points with what it shows; `top` and `bottom` are where its fall begins and ends."""

    def __init__(self, curve: Smooth, least_rise: float) -> None:
        self.curve = curve
        self.reading: Reading = read(curve, least_rise)
        self.bottom = int(curve.roots.argmin())
        self.top = int(curve.roots[: self.bottom + 1].argmax())
        self.start, self.lowest = float(curve.losses[self.top]), float(curve.losses[self.bottom])
        fall = curve.roots[self.top] - curve.roots[self.bottom]
        noise = SURE * float(np.hypot(curve.error[self.top], curve.error[self.bottom]))
        self.edge = max(EDGE, min(noise / fall, MOST_UNSURE)) if fall > 0 else EDGE

    def place(self, lr: float) -> Placed:
        """Where the rate `lr` lies."""
        first, last = float(self.curve.lrs[0]), float(self.curve.lrs[-1])
        if self.reading.half is None and self.reading.rise is None:
            return Placed("unsure", f"This curve does not show it: {self._only_noise()}.")
        if lr < first:
            return Placed("unsure", f"Lower than this curve goes: it begins at {rate_in_words(first)}.")
        if lr > last:
            return self._beyond_the_end(last)
        if self.reading.collapse is not None and lr >= self.reading.collapse:
            return Placed("beyond", f"Beyond the collapse: {self._collapsed()}.")
        if self.reading.rise is not None and lr >= self.reading.rise:
            return self._in_the_rise(lr, f"it rises for good from {rate_in_words(self.reading.rise)}")
        if self.reading.half is None:
            return self._without_a_fall(lr)
        return self._past_the_lowest(lr) if lr > self.curve.lrs[self.bottom] else self._before_the_lowest(lr)

    def _before_the_lowest(self, lr: float) -> Placed:
        share, loss = self._share(lr), self._loss(lr)
        if lr < self.curve.lrs[self.top] and share >= self.edge:
            return Placed(
                "unsure",
                f"This curve does not show it: the loss is {nats(loss)} here, and higher, {nats(self.start)}, "
                f"before it falls from {rate_in_words(self.curve.lrs[self.top])} on.",
            )
        if share >= 1 - self.edge:
            return self._about_the_lowest(lr)
        if share < self.edge and lr < self._begun():
            by = self.reading.half
            half = "" if by is None else f"; it has fallen halfway by {rate_in_words(by)}"
            return Placed("flat", f"On the flat part before the fall: the loss is still {nats(loss)} here{half}.")
        return Placed(
            "fall",
            f"In the fall: the loss is {nats(loss)} here, {share:.0%} of the way down from "
            f"{nats(self.start)} to {nats(self.lowest)}.",
        )

    def _past_the_lowest(self, lr: float) -> Placed:
        if self._share(lr) >= 1 - max(LOST, self.edge):
            return self._about_the_lowest(lr)
        return self._in_the_rise(lr, self._at_lowest())

    def _about_the_lowest(self, lr: float) -> Placed:
        said = f"Near the lowest point: the loss is {nats(self._loss(lr))} here, and {self._at_lowest()}."
        return Placed("low", said)

    def _in_the_rise(self, lr: float, why: str) -> Placed:
        loss = self._loss(lr)
        return Placed("rise", f"Past the lowest point, in the rise: the loss is {nats(loss)} here; {why}.")

    def _without_a_fall(self, lr: float) -> Placed:
        """Where the loss does not fall by more than its noise; it counts as risen from halfway up to the rise on."""
        assert self.reading.rise is not None
        if lr > self.curve.lrs[self.bottom] and self._loss(lr) > (self.lowest + self._loss(self.reading.rise)) / 2:
            return self._in_the_rise(lr, self._at_lowest())
        return Placed(
            "flat",
            f"On the flat part: the loss is {nats(self._loss(lr))} here; {self._at_lowest()}, and the difference is no "
            "more than noise.",
        )

    def _beyond_the_end(self, last: float) -> Placed:
        higher = f"Higher than this curve goes: it ends at {rate_in_words(last)}"
        if self.reading.collapse is not None:
            return Placed("beyond", f"{higher}, beyond the collapse: {self._collapsed()}.")
        if self.reading.rise is not None:
            return Placed("rise", f"{higher}, where the loss is {nats(self._loss(last))} and rises.")
        return Placed("unsure", f"{higher}, before any rise.")

    def _collapsed(self) -> str:
        assert self.reading.collapse is not None
        collapse = rate_in_words(self.reading.collapse)
        before = "at lower rates" if self.reading.half is None else "before the fall"
        return f"from {collapse} on, the loss stays above the {nats(self.start)} that it had {before}"

    def _at_lowest(self) -> str:
        return f"the lowest is {nats(self.lowest)} at {rate_in_words(self.curve.lrs[self.bottom])}"

    def _only_noise(self) -> str:
        noise = float(np.median(self.curve.high - self.curve.losses))
        middle = float(np.median(self.curve.losses))
        return (
            f"about {nats(middle)}, the loss neither falls nor rises by more than its noise (±{nats(noise)} per batch)"
        )

    def _begun(self) -> float:
        """The rate by which so much of the fall is done that it is more than noise."""
        level = self.start - self.edge * (self.start - self.lowest)
        falling = self.curve.losses[self.top : self.bottom + 1]
        return float(self.curve.lrs[self.top + int(np.flatnonzero(falling <= level)[0])])

    def _share(self, lr: float) -> float:
        """Share of the fall that the loss at `lr` has behind it."""
        return (self.start - self._loss(lr)) / (self.start - self.lowest)

    def _loss(self, lr: float) -> float:
        """The curve's loss at `lr`, between two batches by a line over the logarithm of the rate."""
        return float(np.interp(np.log(lr), np.log(self.curve.lrs), self.curve.losses))
