"""How sure a share of counted images is, and whether two shares differ by more than chance. Imports no torch."""

import math

Z = 1.959963984540054
"""Standard deviations of a 95 % interval."""


def interval(share: float, count: int, z: float = Z) -> tuple[float, float]:
    """Wilson's interval (0..1) of a `share` (0..1) of `count` images; all of 0..1 where nothing was counted.

    It stays within 0..1, and is not of length 0 where all are right, as that of the normal approximation is
    (E. B. Wilson, 1927).

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


def mcnemar(only_first: int, only_second: int) -> float:
    """P-value (0..1) of McNemar's exact test, two-sided.

    `only_first` images are right by the first network alone, `only_second` by the second alone.

    >>> mcnemar(0, 0), mcnemar(3, 3), round(mcnemar(1, 9), 4)
    (1.0, 1.0, 0.0215)
    """
    both = only_first + only_second
    tail = sum(math.comb(both, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / (1 << both))
