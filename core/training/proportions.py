"""How sure a share of counted images is, and whether one share lies below another by more than chance."""

import math

Z = 1.96
"""Standard deviations of a 95 % interval."""


def interval(share: float, count: int, z: float = Z) -> tuple[float, float]:
    """Wilson's interval (0..1) of a `share` (0..1) of `count` images; all of 0..1 where nothing was counted.

    >>> low, high = interval(0.9, 100)
    >>> round(low, 3), round(high, 3)
    (0.826, 0.945)
    """
    if count < 1:
        return 0.0, 1.0
    spread = z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def is_below(share: float, other: float, count: int) -> bool:
    """Whether a share of `count` images is below an `other` one by more than chance: their intervals lie apart."""
    return interval(share, count)[1] < interval(other, count)[0]
