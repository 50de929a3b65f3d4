"""Anneal's learning rate, read off a range test's raw losses and the length of the stage that it is for.

Two limits, of which the lower one decides:

- *Travel.* AdamW moves a weight by about the rate in each batch, so a sweep of k batches a decade has moved it by
  k / 2.3 times the rate it has come to, and a stage of n batches that anneals to 0 moves it by n / 2 times its highest
  rate. The sweep shows how far the weights had moved when half of the fall of the loss was done; a stage that moves
  them many times as far has fitted what there is to fit, and a higher rate only adds noise and overfitting. This holds
  from the start; a network that has been trained already has no such fall left, and the customary rate of its kind of
  stage stands in.
- *Stability.* Where the loss rises, a few batches at that rate break what had been learned. A long stage repairs that
  while it anneals, and may begin near the rise (the largest rate that trains is within a factor of 2 of the best,
  arXiv:1506.01186); a short one cannot, and must begin far below it.

Where the loss neither falls nor rises by more than its noise, the curve does not say, and the customary rate is left.
"""

from dataclasses import dataclass

import numpy as np

from core.training.curves import Numbers, Smooth, smoothed

HEAD_FALLBACK, WHOLE_FALLBACK = 3e-4, 1e-3
"""Customary rates of a stage that goes on with a trained head, and of one that trains more of the network."""

TRAVEL = 45.0
"""How many times as far as at half of the fall a stage moves the weights."""

STABLE_SHARE = 0.6
"""Share of the rate of the rise that a long stage begins at."""

LONG = 60
"""Batches from which a stage may begin at the whole of that share; a shorter one begins at its part of it."""

SURE = 4.0
"""Standard errors by which a fall or a rise has to exceed the noise, about 1 in 1,000 curves of pure noise do."""

UNTRAINED = 0.7
"""Share of the loss of guessing, ln(classes), above which a curve has to begin for its network to count as new."""

LEAST_NOISE = 0.02
"""Least standard deviation that the root of a loss is taken to have; a loss of 0 has none of its own."""

FEWEST_POINTS = 10
LASTING = 3
"""Batches for which a rise has to last; the last ones of a curve that never comes back count."""

RANGE = 3.0
"""Rates within this factor train about as well, where no limit is nearer: half a decade."""

COLLAPSE_MARGIN = 1.5


@dataclass(frozen=True)
class Suggestion:
    """A learning rate and what stands behind it.

    `lr` is the highest rate of the last layer group; rates from `low` to `high` train about as well; from
    `collapse` on (None: not within this curve) the loss was above where it began. `certain` is False where the
    curve does not say, and `lr` is then the customary rate. `reason` is one or two sentences with this curve's
    numbers.
    """

    lr: float
    low: float
    high: float
    collapse: float | None
    certain: bool
    reason: str


@dataclass(frozen=True)
class Reading:
    """What a curve shows: its highest loss before the fall, the lowest, and the rates of what lies between.

    `half` is the rate at which half of the fall is done and `travel` how far the weights had moved by then (in
    units of AdamW's step), both None where the loss does not fall. `rise` is where the loss leaves the lowest
    for good, `collapse` where it passes its highest of before; None where it does not.
    """

    start: float
    lowest: float
    at_lowest: float
    half: float | None
    travel: float | None
    rise: float | None
    collapse: float | None


def suggest(
    lrs: Numbers, losses: Numbers, *, steps: int, classes: int, fallback: float = WHOLE_FALLBACK
) -> Suggestion:
    """The rate for a stage of `steps` batches, from raw `losses` (N,) of a sweep over ascending rates `lrs` (N,).

    The losses are cross-entropies over `classes` classes. `fallback` is the customary rate of such a stage. Losses that are not finite end the curve. Raises
    `ValueError` for rates that do not ascend, or a stage of no batches.
    """
    if steps < 1:
        raise ValueError("a stage has at least one batch")
    curve = smoothed(lrs, losses)
    if len(curve.lrs) < FEWEST_POINTS:
        return _unsaid(f"This curve has {len(curve.lrs)} points, too few to say anything", fallback)
    reading = read(curve)
    if reading.rise is None and reading.half is None:
        return _unsaid("This curve does not say: its loss neither falls nor rises by more than its noise", fallback)
    new = reading.start > UNTRAINED * np.log(max(classes, 2))
    return _chosen(reading, curve.lrs, steps, fallback, new=bool(new))


def read(curve: Smooth) -> Reading:
    """What `curve`, of at least 10 points, shows beyond its noise."""
    bottom = int(curve.roots.argmin())
    top = int(curve.roots[: bottom + 1].argmax())
    noise = np.maximum(curve.noise, LEAST_NOISE)
    before, level = float(np.median(noise[: bottom + 1])), float(curve.roots[bottom])
    start = float(curve.roots[top])
    error = before * float(np.median(curve.error / np.maximum(curve.noise, 1e-12)))
    fall = curve.losses[top] - curve.losses[bottom]
    half = travel = None
    if start - level > SURE * error * np.sqrt(2):
        at = top + int(np.flatnonzero(curve.losses[top : bottom + 1] <= curve.losses[top] - fall / 2)[0])
        half, travel = float(curve.lrs[at]), float(curve.lrs[at] / _step(curve))
    above = 2 * max(float(noise[bottom]), before)
    rise = _for_good(curve, bottom, level + above)
    collapse = _for_good(curve, bottom, max(start, level + above) + before)
    return Reading(curve.losses[top], curve.losses[bottom], curve.lrs[bottom], half, travel, rise, collapse)


def _step(curve: Smooth) -> float:
    """Natural logarithm of the factor from one batch's rate to the next."""
    return float(np.log(curve.lrs[-1] / curve.lrs[0]) / (len(curve.lrs) - 1))


def _for_good(curve: Smooth, bottom: int, level: float) -> float | None:
    """The rate from which the curve, right of `bottom`, stays above `level` (a root) to its end; None if it does not."""
    below = np.flatnonzero(curve.roots <= level)
    first = max(int(below[-1]) if len(below) else -1, bottom) + 1
    return float(curve.lrs[first]) if len(curve.lrs) - first >= LASTING else None


def _chosen(reading: Reading, lrs: Numbers, steps: int, fallback: float, *, new: bool) -> Suggestion:
    highest = float(lrs[-1])
    wanted = TRAVEL * reading.travel * 2 / steps if new and reading.travel is not None else fallback
    bound = STABLE_SHARE * min(1.0, steps / LONG) * (reading.rise or highest)
    lr = min(wanted, bound)
    top = bound / STABLE_SHARE if reading.rise else highest
    low, high = lr / RANGE, max(lr, min(lr * RANGE, top))
    return Suggestion(lr, low, high, reading.collapse or reading.rise, True, _reason(reading, lr, wanted, steps))


def _reason(reading: Reading, lr: float, wanted: float, steps: int) -> str:
    said = []
    if reading.half is None:
        said.append(f"the loss does not fall by more than its noise (lowest {reading.lowest:.2f})")
    else:
        said.append(
            f"the loss falls from {reading.start:.2f} to {reading.lowest:.2f}, half of it by {rate(reading.half)}"
        )
    if reading.rise is None:
        said.append("and does not rise within this curve")
    else:
        said.append(f"and rises for good from {rate(reading.rise)}")
    first = ", ".join(said)
    batches = f"{steps:,} batch{'es' if steps != 1 else ''}"
    if lr < wanted and reading.rise is not None:
        why = f"{rate(lr)} is as near to the rise as a stage of {batches} should begin"
    elif reading.half is None:
        why = f"{rate(lr)} is the customary rate, and lies below the rise"
    else:
        why = f"at {rate(lr)} a stage of {batches} moves the weights far enough to finish the fall"
    return f"{first[0].upper()}{first[1:]}: {why}."


def _unsaid(what: str, fallback: float) -> Suggestion:
    reason = (
        f"{what}. The customary {rate(fallback)} is taken; sweep again with more batches, another seed or a larger "
        "batch size, or try some rates."
    )
    return Suggestion(fallback, fallback / RANGE, fallback, None, False, reason)


def rate(value: float) -> str:
    """A learning rate in one figure: 3e-4."""
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"
