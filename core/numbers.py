"""How learning rates are written in sentences, in tables and on charts: one way everywhere."""

PLAIN_FROM = 0.01
"""Rates from this on are written as decimals, lower ones with an exponent: 0.14, 0.01, 7.6e-3, 2.3e-4."""

JOINER = "\u2060"
"""Invisible, and no line ends there. On pages it also parts what is looked for after escapes are read, as emoji are."""


def rate_in_words(rate: float) -> str:
    """A learning rate, to two significant figures.

    >>> [rate_in_words(rate) for rate in (0.0123, 0.01, 7.64e-3, 8.31e-4, 0.0001)]
    ['0.012', '0.01', '7.6e-3', '8.3e-4', '1e-4']
    """
    if rate == 0 or float(f"{rate:.1e}") >= PLAIN_FROM:
        return f"{rate:.2g}"
    digits, power = f"{rate:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(power)}"


def rate_from_words(text: str) -> float:
    r"""The learning rate that a person typed, or copied from a page, where a joiner keeps it on one line.

    Raises `ValueError` for what is no number.

    >>> rate_from_words("3e-\u20604"), rate_from_words(" 0.012 ")
    (0.0003, 0.012)
    """
    return float(text.replace(JOINER, ""))


def nats(loss: float) -> str:
    """A loss in two decimals, or in two figures where it is small.

    >>> nats(2.3), nats(0.0123), nats(0.0)
    ('2.30', '0.012', '0')
    """
    return f"{loss:.2f}" if loss >= 0.095 else f"{loss:.2g}"
