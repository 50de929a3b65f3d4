"""How sure a share of counted images is, and whether two shares differ by more than chance. Imports no torch."""

import math
from collections.abc import Sequence

Z = 1.959963984540054
"""Standard deviations of a 95 % interval."""


LEVEL = 0.05
"""P-value below which a difference is called more than chance."""


def p_in_words(p: float) -> str:
    """A p-value as it is written everywhere.

    >>> p_in_words(0.1433), p_in_words(0.0042), p_in_words(1e-9)
    ('p = 0.14', 'p = 0.004', 'p < 0.001')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2f}" if p >= 0.01 else f"p = {p:.3f}"


def verdict(p: float) -> str:
    """Whether a difference is more than chance, with its p-value.

    >>> verdict(0.1433)
    'could be chance, p = 0.14'
    """
    return f"{'more than chance' if p < LEVEL else 'could be chance'}, {p_in_words(p)}"


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


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """P-values (0..1) of several tests, in their order, raised so that all of them together are at one level.

    Of many tests some fall below any level by chance. S. Holm, "A Simple Sequentially Rejective Multiple Test
    Procedure" (1979): the smallest counts as many times as there are tests, the next one time less, and so on.

    >>> holm([0.01, 0.5, 0.02])
    (0.03, 0.5, 0.04)
    """
    raised, least = [0.0] * len(values), 0.0
    for place, index in enumerate(sorted(range(len(values)), key=lambda index: values[index])):
        least = max(least, min(1.0, (len(values) - place) * values[index]))
        raised[index] = least
    return tuple(raised)
