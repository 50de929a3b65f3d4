"""Learning rates for a network's layer groups from a few numbers."""

from core.errors import PlanError


def spaced(lowest: float, highest: float, count: int) -> tuple[float, ...]:
    """`count` rates from `lowest` (the stem's) to `highest` (the head's), each the same number of times the one before.

    It is fastai's `slice(lowest, highest)`. Raises `PlanError` where one of them is no rate above 0.

    >>> [f"{rate:.0e}" for rate in spaced(1e-5, 1e-3, 3)]
    ['1e-05', '1e-04', '1e-03']
    """
    if not (lowest > 0 and highest > 0):
        raise PlanError("The ends of a slice are learning rates above 0, such as 1e-5 and 1e-3.")
    if count == 1:
        return (highest,)
    step = (highest / lowest) ** (1 / (count - 1))
    return (lowest, *(lowest * step**place for place in range(1, count - 1)), highest)
