"""Anneal's learning rate for AdamW, read off a range test's raw losses and the length of the stage that it is for.

A customary rate, which what the curve shows can only lower:

- A *new* network, whose curve begins near the loss of guessing, takes 3e-3, or 1e-3 where its loss does not
  fall in the sweep. *Travel* limits it: AdamW moves a weight by
  about the rate in each batch, so a sweep of k batches a decade has moved it by k / 2.3 times the rate it has come to,
  and a stage of n batches that anneals to 0 moves it by n / 2 times its highest rate. The sweep shows how far the
  weights had moved when half of the fall of the loss was done; a stage that moves them 60 times as far has fitted what
  there is to fit, and a higher rate only overfits.
- A network that *has been trained* takes 1e-3, or 1e-4 where only its head goes on. A stage of few batches has no time
  to repair what its first ones, at the full rate, break, and takes the less the shorter it is.
- *Stability* limits both: where the loss rises, a few batches at that rate undo what had been learned. (The largest
  rate that trains is within a factor of 2 of the best, arXiv:1506.01186.)

The constants were chosen on digits, shapes and photos of clothing, and keep their place when any of these is left out
(`tests.benchmarks.rates`). Where the loss neither falls nor rises by more than its noise, the curve does not say.
"""

from dataclasses import dataclass

import numpy as np

from core.kept import Positive
from core.numbers import nats, rate_in_words
from core.training.curves import Numbers, Smooth, smoothed

NEW_RATE, WHOLE_RATE, HEAD_RATE = 3e-3, 1e-3, 1e-4
"""Customary rates of AdamW: for a network that is new, for more than the head of a trained one, for its head alone."""

HARD_RATE = 1e-3
"""For a new network whose loss does not fall in the sweep: its data are hard, and 3e-3 was too high for such."""

UNTRAINED = 0.7
"""Share of the loss of guessing, ln(classes), above which a curve has to begin for its network to count as new."""

TRAVEL = 60.0
"""How many times as far as at half of the fall a stage moves the weights at most."""

LONG = 60
"""Batches from which a stage can repair what its first ones break; a shorter one takes its part of the rate."""

NEW_SHARE, TRAINED_SHARE = 0.25, 0.6
"""The highest share of the rate of the rise to begin at."""

LEAST_RISE = 0.2
"""Share of ln(classes) by which a trained network's loss has to rise: training repairs a smaller rise."""

SURE = 6.0
"""Standard errors of the difference of two places of the curve that a fall has to exceed: the two are the highest and
the lowest of all, so that 2 or 3 are common in pure noise."""

RISEN = 3.0
"""Standard deviations of one batch's loss that the curve has to rise by."""

LEAST_SCATTER, LEAST_NOISE = 0.003, 0.02
"""Least standard deviation that the root of a loss is taken to have, for a fall and for a rise: a loss of 0 has none of
its own, and that of a new network very little until it begins to learn."""

FEWEST_POINTS = 10
LASTING = 3
"""Batches for which a rise has to last; the last ones of a curve that never comes back count."""

RANGE = 2.0
"""Rates within this factor train about as well, where the rise is not nearer."""


@dataclass(frozen=True)
class Suggestion:
    """A learning rate and what stands behind it.

    `lr` is the highest rate of the last layer group; rates from `low` to `high` train about as well; from
    `collapse` on (None: not within this curve) the loss was above where it began, and from `rise` on above its lowest,
    for good. `certain` is False where the curve does not say, and `lr` is then the customary rate. `reason` is one or
    two sentences with this curve's numbers.
    """

    lr: Positive
    low: Positive
    high: Positive
    collapse: Positive | None
    certain: bool
    reason: str
    rise: Positive | None = None

    @property
    def headline(self) -> str:
        """What the curve shows of rates that are too high, in a line."""
        if self.collapse is not None:
            return f"Training collapses from {rate_in_words(self.collapse)}: take a lower rate"
        if self.rise is not None:
            return f"The loss rises for good from {rate_in_words(self.rise)}: take a lower rate"
        if self.certain:
            return "The loss does not rise for good within these rates: none of them is seen to be too high"
        return "This curve does not say which rates are too high"


@dataclass(frozen=True)
class Reading:
    """What a curve shows: its highest loss before the fall, the lowest, and the rates of what lies between.

    `half` is the rate at which half of the fall is done and `travel` how far the weights had moved by then (in
    units of AdamW's step), both None where the loss does not fall. `rise` is where the loss leaves the lowest
    for good, `collapse` where it passes its highest of before; None where it does not. `bottom` is the rate of the
    lowest loss.
    """

    start: float
    lowest: float
    bottom: float
    half: float | None
    travel: float | None
    rise: float | None
    collapse: float | None


def suggest(lrs: Numbers, losses: Numbers, *, steps: int, classes: int, only_the_head: bool) -> Suggestion:
    """The rate for a stage of `steps` batches, from raw `losses` (N,) of a sweep over ascending rates `lrs` (N,).

    The losses are cross-entropies (nats) over `classes` classes; losses that are not finite end the curve.
    `only_the_head` says that the stage trains the head alone. Raises `ValueError` for rates that do not ascend, or a
    stage of no batches.
    """
    if steps < 1:
        raise ValueError("a stage has at least one batch")
    curve = smoothed(lrs, losses)
    new = is_new(curve, classes)
    customary = HARD_RATE if new else _customary(only_the_head) * min(1.0, steps / LONG)
    if len(curve.lrs) < FEWEST_POINTS:
        return _unsaid(f"This curve has {len(curve.lrs)} points, too few to say anything", customary)
    least_rise = least_rise_of(curve, classes)
    reading = read(curve, least_rise)
    if reading.rise is None and reading.half is None:
        return _unsaid("This curve is inconclusive: its loss neither falls nor rises by more than its noise", customary)
    return _chosen(reading, steps, new=new, only_the_head=only_the_head, least_rise=least_rise)


def is_new(curve: Smooth, classes: int) -> bool:
    """Whether the curve begins near the loss of guessing among `classes` classes, as that of a new network does."""
    return len(curve.lrs) == 0 or float(np.median(curve.losses[:FEWEST_POINTS])) > UNTRAINED * _guessing(classes)


def least_rise_of(curve: Smooth, classes: int) -> float:
    """By how many nats a loss has to rise to count: a new network's by any, another by more than training repairs."""
    return 0.0 if is_new(curve, classes) else LEAST_RISE * _guessing(classes)


def _guessing(classes: int) -> float:
    """The loss of guessing, in nats."""
    return float(np.log(max(classes, 2)))


def going_on(before: float, *, steps: int, only_the_head: bool) -> Suggestion:
    """The rate, without a sweep, for a stage of `steps` batches that goes on with what the stage before it trained.

    It is the customary rate of a trained network, and never above `before`, the rate of the stage before.
    """
    length = min(1.0, steps / LONG)
    lr = min(before, _customary(only_the_head) * length)
    what = "A head that was trained" if only_the_head else "A network that was trained"
    said = f"the customary {rate_in_words(_customary(only_the_head))}"
    if length < 1:
        said = f"{rate_in_words(lr)}, lower than {said} because {_batches(steps)} can repair little"
    if lr == before:
        said = f"{rate_in_words(lr)}, the rate of the stage before"
    return Suggestion(lr, lr / RANGE, lr * RANGE, None, False, f"{what} goes on at {said}, without a range test.")


def read(curve: Smooth, least_rise: float = 0.0) -> Reading:
    """What `curve`, of at least 10 points, shows beyond its noise; a rise of less than `least_rise` nats is none."""
    bottom = int(curve.roots.argmin())
    top = int(curve.roots[: bottom + 1].argmax())
    share = curve.error / np.maximum(curve.noise, np.finfo(float).tiny)
    scatter = max(float(np.median(curve.noise[: max(bottom + 1, FEWEST_POINTS)])), LEAST_SCATTER)
    noise = max(scatter, LEAST_NOISE)
    lowest, highest = float(curve.losses[bottom]), float(curve.losses[top])
    half = travel = None
    if curve.roots[top] - curve.roots[bottom] > SURE * scatter * float(np.hypot(share[top], share[bottom])):
        middle = (highest + lowest) / 2
        at = top + int(np.flatnonzero(curve.losses[top : bottom + 1] <= middle)[0])
        half, travel = float(curve.lrs[at]), float(curve.lrs[at]) / _step(curve)
    risen = max((curve.roots[bottom] + RISEN * noise) ** 2, lowest + least_rise)
    rise = _for_good(curve, bottom, risen)
    collapse = _for_good(curve, bottom, max((curve.roots[top] + noise) ** 2, risen))
    return Reading(highest, lowest, float(curve.lrs[bottom]), half, travel, rise, collapse)


def _step(curve: Smooth) -> float:
    """Natural logarithm of the factor from one batch's rate to the next."""
    return float(np.log(curve.lrs[-1] / curve.lrs[0])) / (len(curve.lrs) - 1)


def _for_good(curve: Smooth, bottom: int, level: float) -> float | None:
    """The rate from which the loss, right of batch `bottom`, stays above `level` to the curve's end, if it does."""
    below = np.flatnonzero(curve.losses <= level)
    first = max(int(below[-1]) if len(below) else -1, bottom) + 1
    return float(curve.lrs[first]) if len(curve.lrs) - first >= LASTING else None


def _chosen(reading: Reading, steps: int, *, new: bool, only_the_head: bool, least_rise: float) -> Suggestion:
    length = min(1.0, steps / LONG)
    limits: dict[str, float] = {}
    if new:
        customary = HARD_RATE if reading.half is None else NEW_RATE
        if reading.travel is not None:
            limits["travel"] = TRAVEL * reading.travel * 2 / steps
        share = NEW_SHARE
    else:
        customary = _customary(only_the_head) * length
        share = TRAINED_SHARE * length
    if reading.rise is not None:
        limits["rise"] = share * reading.rise
    by, lr = min(limits.items(), key=lambda limit: limit[1], default=("", customary))
    if lr >= customary:
        by, lr = "", customary
    high = lr * RANGE if reading.rise is None else min(lr * RANGE, max(lr, share * reading.rise))
    why = _why(by, lr, steps, what=_named(new, only_the_head), short=not new and length < 1)
    lowest = _below_the_lowest(reading, share) if new else _above_the_lowest(lr, reading, steps)
    said = f"{_seen(reading, least_rise)}. {why}{lowest}"
    return Suggestion(lr, lr / RANGE, high, reading.collapse, True, said, reading.rise)


def _customary(only_the_head: bool) -> float:
    return HEAD_RATE if only_the_head else WHOLE_RATE


def _named(new: bool, only_the_head: bool) -> str:
    """What is trained, as far as customary rates tell such things apart."""
    if new:
        return "a new network"
    return "a head that was trained, alone" if only_the_head else "a network that was trained"


def _seen(reading: Reading, least_rise: float) -> str:
    said = f"The loss does not fall by more than its noise (lowest: {nats(reading.lowest)})"
    if reading.half is not None:
        half = rate_in_words(reading.half)
        said = f"The loss falls from {nats(reading.start)} to {nats(reading.lowest)}, half of it by {half}"
    if reading.rise is None:
        by = f" by more than the {least_rise:.2f} that training repairs" if least_rise else ""
        return f"{said}, and does not rise{by} within this curve"
    said = f"{said}, and rises for good from {rate_in_words(reading.rise)}"
    if reading.collapse is None or reading.collapse == reading.rise:
        return said
    return f"{said}; from {rate_in_words(reading.collapse)} it is above where it began, and training collapses"


def _why(by: str, lr: float, steps: int, *, what: str, short: bool) -> str:
    batches, rate = _batches(steps), rate_in_words(lr)
    if by == "travel":
        return f"At {rate}, the {batches} of this stage are already enough to finish the fall."
    if by == "rise":
        return f"{rate} keeps a safe distance from the rise for a stage of {batches}."
    if short:
        return f"{rate} is the customary rate of {what}, lowered because {batches} can repair little."
    return f"{rate} is the customary rate of {what}, and this curve allows it."


def _below_the_lowest(reading: Reading, share: float) -> str:
    """Why a new network does not take the rate of its lowest loss, where the rise is too near."""
    if reading.rise is None or reading.bottom <= share * reading.rise:
        return ""
    return f" The rate of the lowest point, {rate_in_words(reading.bottom)}, is too near to the rise."


def _above_the_lowest(lr: float, reading: Reading, steps: int) -> str:
    """Why a rate above that of the lowest loss is no mistake, where it is one."""
    if lr <= reading.bottom:
        return ""
    return (
        f" The curve is lowest at a lower rate, {rate_in_words(reading.bottom)}, and may have risen a little by then. "
        f"The {_batches(steps)} of a stage, whose rate is annealed, repair such a small rise."
    )


def _batches(steps: int) -> str:
    return f"{steps:,} batches" if steps != 1 else "1 batch"


def _unsaid(what: str, lr: float) -> Suggestion:
    reason = (
        f"{what}. The customary {rate_in_words(lr)} is taken. For a clearer answer, sweep again with another "
        "seed, with more or larger batches, or up to a higher rate; or try a few rates."
    )
    return Suggestion(lr, lr / RANGE, lr, None, False, reason)
