"""Where noisy descents come to rest: in the wide minimum, in a narrow one, or nowhere; and what schedules do to that.

Passing through a minimum does not count: a weight has come to rest where its last steps stay together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.playground import landscape
from core.playground.landscape import EDGE, MINIMA, NARROW, WIDE, Minimum
from core.playground.surfaces import Floats

LAST = 5
"""The steps before the end that must stay together."""
TOGETHER = 0.1
"""How far apart these places may be; the picture is 6 wide."""
MOVING = -1
"""Stands for no minimum in `resting`."""
STARTS = 200
RESTARTS, ONCE, CONSTANT = "Warm restarts", "Anneal once", "Constant"

_line = np.linspace(-EDGE, EDGE, 6001)
_height = landscape.loss(_line)
_CRESTS = _line[1:-1][(_height[1:-1] > _height[:-2]) & (_height[1:-1] > _height[2:])]
"""The tops between neighbouring minima."""
_ORDER = np.array(sorted(range(len(MINIMA)), key=lambda place: MINIMA[place].place))


def resting(places: Floats, end: int) -> NDArray[np.int64]:
    """For each descent of `places` (steps + 1, n), where it rests at step `end`: a place in `MINIMA`, or `MOVING`."""
    tail = places[max(0, end - LAST) : end + 1]
    basins = np.searchsorted(_CRESTS, tail)
    still = (np.ptp(tail, axis=0) < TOGETHER) & (basins == basins[0]).all(axis=0)
    return np.where(still, _ORDER[basins[-1]], MOVING)


@dataclass(frozen=True)
class Count:
    """Of so many starts: how many rest in the wide minimum, in a narrow one, and nowhere; and their mean loss."""

    wide: int
    narrow: int
    moving: int
    loss: float

    @property
    def starts(self) -> int:
        """All of them."""
        return self.wide + self.narrow + self.moving

    @property
    def share(self) -> float:
        """The share (0..1) that rests in the wide minimum."""
        return self.wide / self.starts


@dataclass(frozen=True)
class Tally:
    """Descents from many starts at one schedule: a `Count` after each cycle, and what the later cycles moved.

    `taken_out` of the starts that rested in a narrow minimum after the first cycle rest in the wide one at the end,
    `lost` of those in the wide one no longer do.
    """

    cycles: tuple[Count, ...]
    taken_out: int
    lost: int

    @property
    def last(self) -> Count:
        """The count at the end."""
        return self.cycles[-1]


def tally(rates: Sequence[float] | Floats, ends: Sequence[int], *, noise: float, seed: int = 0) -> Tally:
    """Descents from `STARTS` evenly spaced starts, one step a rate, counted after each of `ends` steps."""
    places = landscape.descents(rates, np.linspace(-EDGE, EDGE, STARTS), noise=noise, seed=seed)
    where = [resting(places, end) for end in ends]
    wide, losses = MINIMA.index(WIDE), landscape.loss(places)
    cycles = tuple(
        Count(
            wide=int(np.sum(at == wide)),
            narrow=int(np.sum((at != wide) & (at != MOVING))),
            moving=int(np.sum(at == MOVING)),
            loss=float(losses[end].mean()),
        )
        for at, end in zip(where, ends, strict=True)
    )
    first, last = where[0], where[-1]
    was_narrow = (first != wide) & (first != MOVING)
    return Tally(cycles, int(np.sum(was_narrow & (last == wide))), int(np.sum((first == wide) & (last != wide))))


def tell(tallies: Mapping[str, Tally], steps: int) -> str:
    """What the counts of the three schedules say: of these descents alone."""
    return f"{_restarted(tallies[RESTARTS])} {_compared(tallies, steps)}"


def _restarted(found: Tally) -> str:
    """What the restarts moved between the first cycle and the last."""
    if len(found.cycles) == 1:
        return "One cycle has no restart: choose more cycles to see what restarts do."
    narrow, wide = found.cycles[0].narrow, found.cycles[0].wide
    kept = f"and {found.lost or 'none'} of the {wide} in the wide one out of it" if wide else "where none was before"
    return (
        f"After cycle 1, {narrow} of {found.last.starts} starts rested in a narrow minimum; the restarts took "
        f"**{found.taken_out or 'none'} of them into the wide one**, {kept}."
    )


def _compared(tallies: Mapping[str, Tally], steps: int) -> str:
    """Whether restarts bring more to rest in the wide minimum than the other schedules over as many steps."""
    restarts = tallies[RESTARTS].last
    words = [
        f"{_more(restarts, other)} {name} ({other.share:.0%}{_why(other)})"
        for name, other in (("annealing once", tallies[ONCE].last), ("a constant rate", tallies[CONSTANT].last))
    ]
    return f"Over the same {steps} steps, restarts bring {restarts.share:.0%} to rest there: {words[0]}, {words[1]}."


def _more(one: Count, other: Count) -> str:
    """More, fewer, or about as many: more than twice the standard error of the difference apart."""
    error = math.sqrt(sum(count.share * (1 - count.share) / count.starts for count in (one, other)))
    apart = one.share - other.share
    if abs(apart) <= 2 * error or abs(apart) < 0.01:
        return "about as many as"
    return "**more than**" if apart > 0 else "**fewer than**"


def _why(count: Count) -> str:
    return f", {count.moving / count.starts:.0%} still moving" if count.moving > 0.05 * count.starts else ""


def describe(places: Floats, rates: Sequence[float] | Floats, ends: Sequence[int]) -> str:
    """What one descent (n + 1,) shows, in words; `ends` are the steps at which its cycles end."""
    highest = float(max(rates, default=0.0))
    if highest <= 0:
        return "A rate of 0 or less goes nowhere good: choose one above 0."
    found = [_minimum(int(resting(places[:, None], end)[0])) for end in ends]
    last, passed = found[-1], [minimum for minimum in found[:-1] if minimum is not None]
    if last is None:
        return (
            f"It has not come to rest: at a rate of {rates[-1]:.2g} its last {LAST} steps spread over "
            f"{np.ptp(places[ends[-1] - LAST : ends[-1] + 1]):.2g}, and its loss ends at {_loss_at(places[-1]):.2f}."
        )
    if last is WIDE:
        return _in_the_wide(found, passed)
    ended = f"It rests in a narrow minimum, at a loss of {_loss_at(places[-1]):.2f}"
    if WIDE in passed:
        return f"{ended}: a restart took it out of the wide one again. A lower highest rate would not."
    limit = min(2 / minimum.curvature for minimum in NARROW)
    if highest < limit:
        why = f"the highest rate, {highest:.2g}, stays below {limit:.2g} = 2 / curvature of the narrow minima"
        return f"{ended}: {why}, so they hold it. Raise the rate."
    if len({*passed, last}) > 1:
        return f"{ended}, not the one of cycle 1. More cycles or other mini-batches may carry it on."
    return f"{ended}. More cycles, a higher rate or other mini-batches may carry it on."


def _in_the_wide(found: Sequence[Minimum | None], passed: Sequence[Minimum]) -> str:
    """A descent that ended in the wide minimum."""
    if len(found) == 1:
        return "It has come to rest in the wide minimum."
    first = next(i for i in range(len(found)) if all(later is WIDE for later in found[i:])) + 1
    stayed = len(found) - first
    before = len({minimum for minimum in passed if minimum is not WIDE})
    way = f"Restarts took it out of {before} narrow {'minimum' if before == 1 else 'minima'}: " if before else ""
    since = f"{'it' if way else 'It'} has come to rest in the wide minimum in cycle {first}"
    if not stayed:
        return f"{way}{since}."
    return f"{way}{since}, and {stayed} later {'restart has' if stayed == 1 else 'restarts have'} not taken it out."


def _minimum(place: int) -> Minimum | None:
    return None if place == MOVING else MINIMA[place]


def _loss_at(weight: float) -> float:
    return float(landscape.loss(np.array(weight)))
