"""What several range tests from one state agree on: each with its own order of the images, which is all that differs.

A rule that gives another rate with every seed says more about its batches than about the network. Importing this module
does not import torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import PlanError
from core.numbers import rate_in_words
from core.training.readings import Swept, rates_of
from core.training.suggest import Suggestion
from core.training.suggestions import ANNEAL

MOST_SEEDS = 10

CLOSE = 2.0
"""Rates within this factor train about as well (`core.training.suggest.RANGE`); a rule whose rates lie further apart
says little with one seed."""

SAME = 1.005
"""Rates within this factor are written the same."""


@dataclass(frozen=True)
class RuleSpread:
    """The rates that one rule gives with several seeds: how many seeds it gives one with, and where they lie.

    `median` is geometric: the middle rate, or the geometric mean of the middle two.
    """

    seeds: int
    lowest: float
    median: float
    highest: float

    @property
    def factor(self) -> float:
        """How many times the lowest rate the highest is, from 1 on."""
        return self.highest / self.lowest


@dataclass(frozen=True)
class Spread:
    """What `seeds` range tests from one state say together.

    `rules` has every rule that gives a rate at all, Anneal's first. `suggestion` is Anneal's for all of them
    (`combined`), None where no curve has one. `sentence` says how far the rates of each rule lie apart.
    """

    seeds: int
    rules: dict[str, RuleSpread]
    suggestion: Suggestion | None
    sentence: str


def checked_seeds(seeds: int) -> int:
    """`seeds`, or a `PlanError` where it is not 1 to 10."""
    if not 1 <= seeds <= MOST_SEEDS:
        raise PlanError(f"Range tests use 1 to {MOST_SEEDS} seeds; {seeds} were asked for.")
    return seeds


def spread(curves: Sequence[Swept]) -> Spread:
    """What the `curves`, made from one state with different seeds, say together; raises `ValueError` for none."""
    if not curves:
        raise ValueError("a spread needs a curve")
    found = [rates_of(curve) for curve in curves]
    rules = {}
    for name in dict.fromkeys(name for rates in found for name in rates):
        given = [rate for rates in found if (rate := rates.get(name)) is not None]
        if given:
            rules[name] = RuleSpread(len(given), min(given), median(given), max(given))
    return Spread(len(curves), rules, combined(curves), _sentence(len(curves), rules))


def median(rates: Sequence[float]) -> float:
    """The middle of the rates, or the geometric mean of the middle two.

    >>> median([1e-4, 1e-2, 1e-3]), round(median([1e-4, 4e-4]), 6)
    (0.001, 0.0002)
    """
    ascending = sorted(rates)
    low, high = ascending[(len(ascending) - 1) // 2], ascending[len(ascending) // 2]
    return low if low == high else math.exp((math.log(low) + math.log(high)) / 2)


def combined(curves: Sequence[Swept]) -> Suggestion | None:
    """Anneal's suggestion for all `curves` together: geometric medians of the rate, its range, rise and collapse.

    Where more than half of the curves say something, only they count; otherwise the curves together do not say, and
    the rate is the median of all. A curve without a rise or a collapse has it above all rates. The reason is that of
    the curve whose rate is nearest. None where no curve has a suggestion.
    """
    found = [curve.suggestion for curve in curves if curve.suggestion is not None]
    if len(found) < 2:
        return found[0] if found else None
    sure = [suggestion for suggestion in found if suggestion.certain]
    certain = 2 * len(sure) > len(found)
    used = sure if certain else found
    lr = median([suggestion.lr for suggestion in used])
    collapse = median([suggestion.collapse or math.inf for suggestion in used])
    rise = median([suggestion.rise or math.inf for suggestion in used])
    nearest = min(used, key=lambda suggestion: abs(math.log(suggestion.lr / lr)))
    return Suggestion(
        lr=lr,
        low=median([suggestion.low for suggestion in used]),
        high=median([suggestion.high for suggestion in used]),
        collapse=collapse if certain and math.isfinite(collapse) else None,
        certain=certain,
        rise=rise if certain and math.isfinite(rise) else None,
        reason=_reason(lr, [suggestion.lr for suggestion in used], len(found), certain, nearest.reason),
    )


def _reason(lr: float, used: Sequence[float], seeds: int, certain: bool, nearest: str) -> str:
    if not certain:
        return f"Most of the {seeds} curves are inconclusive. {nearest}"
    of = f"{seeds} seeds" if len(used) == seeds else f"the {len(used)} of {seeds} seeds whose curves are conclusive"
    if max(used) <= min(used) * SAME:
        return f"{rate_in_words(lr)} is the rate of {of}. One of them: {nearest}"
    return f"{rate_in_words(lr)} is the median of {of} ({_range(min(used), max(used))}). The nearest of them: {nearest}"


def _sentence(seeds: int, rules: dict[str, RuleSpread]) -> str:
    if seeds == 1:
        return "1 seed: it takes at least 2 to see how far the rates of a rule differ."
    said, others = [f"{seeds} seeds:"], {name: rule for name, rule in rules.items() if name != ANNEAL}
    if ours := rules.get(ANNEAL):
        said.append(f"Anneal's rate is {_range(ours.lowest, ours.highest)}{_guess('it', ours)}.")
    apart = {name: rule for name, rule in others.items() if rule.factor > CLOSE}
    if apart:
        far = sorted(apart.items(), key=lambda item: item[1].factor)
        lists = [f"{name}'s differ by a factor of {times(rule.factor)}" for name, rule in far[:1]]
        lists += [f"{name}'s by {times(rule.factor)}" for name, rule in far[1:]]
        said.append(f"{_listed(lists)}, so a single test of {'it' if len(apart) == 1 else 'them'} is a guess.")
    close = [name for name, rule in others.items() if rule.seeds > 1 and rule.factor <= CLOSE]
    if close:
        names = _listed([f"{name}'s" for name in close])
        said.append(f"{names} lie within a factor of {CLOSE:g}.")
    return " ".join([said[0], *(part[0].upper() + part[1:] for part in said[1:])])


def _guess(what: str, rule: RuleSpread) -> str:
    far = rule.factor > CLOSE
    return f", a factor of {times(rule.factor)} apart, so a single test of {what} is a guess" if far else ""


def _range(lowest: float, highest: float) -> str:
    return rate_in_words(lowest) if highest <= lowest * SAME else f"{rate_in_words(lowest)} to {rate_in_words(highest)}"


def _listed(parts: Sequence[str]) -> str:
    """Parts in one sentence.

    >>> _listed(["a", "b", "c"]), _listed(["a"])
    ('a, b and c', 'a')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def times(factor: float) -> str:
    """A factor in two figures, without decimals from 10 on.

    >>> times(4.14), times(57.3), times(1234.0)
    ('4.1', '57', '1,234')
    """
    return f"{factor:.1f}" if np.round(factor, 1) < 10 else f"{factor:,.0f}"
