"""What trials are asked to do, and which rates to begin with. Importing this module does not import torch."""

from dataclasses import dataclass
from typing import Literal, get_args

from core.data.split import batch_count
from core.errors import PlanError
from core.numbers import rate_from_words
from core.training.curves import Numbers, smoothed
from core.training.stage import HIGHEST_RATE, Stage

Length = Literal["short", "epoch", "stage"]
"""A third of an epoch, one epoch, or as many epochs as the stage is planned to have."""

LENGTHS: tuple[Length, ...] = get_args(Length)

SHORT = 1 / 3
FEWEST_RATES, MOST_RATES = 2, 6
MOST_REPEATS = 5
SAME_RATE = 1.25
"""Suggested rates closer than this factor are tried once."""


@dataclass(frozen=True)
class TrialSettings:
    """The rates to try, how long each, and how often with other random numbers; raises `PlanError` for others.

    >>> TrialSettings((1e-3, 3e-4)).rates
    (0.0003, 0.001)
    """

    rates: tuple[float, ...]
    length: Length = "epoch"
    repeats: int = 1

    def __post_init__(self) -> None:
        rates = tuple(sorted({float(rate) for rate in self.rates}))
        in_range = all(0 < rate <= HIGHEST_RATE for rate in rates)
        if not (in_range and FEWEST_RATES <= len(rates) <= MOST_RATES):
            raise PlanError(
                f"Trials compare {FEWEST_RATES} to {MOST_RATES} different rates, each above 0 and at most "
                f"{HIGHEST_RATE:g}. Change the list of rates."
            )
        if self.length not in LENGTHS:
            raise PlanError(f"A trial's length is one of {', '.join(LENGTHS)}; {self.length!r} was given.")
        if not 1 <= self.repeats <= MOST_REPEATS:
            raise PlanError(f"Trials are made 1 to {MOST_REPEATS} times at each rate; {self.repeats} was given.")
        object.__setattr__(self, "rates", rates)

    def batches(self, stage: Stage, images: int) -> int:
        """Batches of one trial of `stage` on `images` training images.

        >>> [TrialSettings((1, 2), length).batches(Stage(cycles=3), 960) for length in LENGTHS]
        [10, 30, 90]
        """
        epoch = batch_count(images, stage.batch_size)
        return {"short": max(1, round(SHORT * epoch)), "epoch": epoch, "stage": stage.epochs * epoch}[self.length]


def rates_of(text: str) -> tuple[float, ...]:
    """Rates as a person types them, with commas or spaces between; raises `PlanError` for what is no number.

    >>> rates_of("1e-4, 3e-4  0.001")
    (0.0001, 0.0003, 0.001)
    """
    found = []
    for part in text.replace(",", " ").replace(";", " ").split():
        try:
            found.append(rate_from_words(part))
        except ValueError:
            raise PlanError(f"{part!r} is not a learning rate. Write rates such as 3e-4 or 0.001.") from None
    return tuple(found)


def lowest_point(lrs: Numbers, losses: Numbers) -> float | None:
    """The rate at which the smoothed curve of a range test's raw losses is lowest; None for a curve of no points."""
    curve = smoothed(lrs, losses)
    return float(curve.lrs[curve.losses.argmin()]) if len(curve.lrs) else None


def rates_to_try(suggested: float, lowest: float | None) -> tuple[float, ...]:
    """A third of a suggested rate, the rate, three times it, and the rate of the curve's lowest point; two figures.

    >>> rates_to_try(3e-4, 0.0213), rates_to_try(3e-4, 0.00091)
    ((0.0001, 0.0003, 0.0009, 0.021), (0.0001, 0.0003, 0.0009))
    """
    found: list[float] = []
    for rate in (suggested, suggested / 3, 3 * suggested, lowest):
        if rate is None or rate <= 0:
            continue
        rounded = float(f"{min(rate, HIGHEST_RATE):.1e}")
        if all(max(rounded, other) >= SAME_RATE * min(rounded, other) for other in found):
            found.append(rounded)
    return tuple(sorted(found))
