"""Numbers of training in sentences."""


def rate_in_words(rate: float) -> str:
    """A learning rate as people write it, as on the charts (`core.charts.lines`).

    >>> rate_in_words(0.0123), rate_in_words(8.31e-4), rate_in_words(0.0001)
    ('0.012', '8.3e-4', '1e-4')
    """
    if rate >= 0.001:
        return f"{rate:.2g}"
    digits, power = f"{rate:.1e}".split("e")
    return f"{digits.removesuffix('.0')}e{int(power)}"
