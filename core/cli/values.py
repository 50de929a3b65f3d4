"""What is typed for an option, read and checked; argparse makes a sentence of what is wrong."""

import argparse

from core.errors import PlanError
from core.model.catalogue import GROUPS
from core.numbers import rate_from_words
from core.training.rate_arrays import spaced


def rates(text: str) -> list[float]:
    """Learning rates as they are typed: `0.01`; one a layer group, `1e-4,1e-3,1e-2`; or the two ends, `1e-4:1e-2`."""
    try:
        lowest, colon, highest = text.partition(":")
        found = [rate_from_words(part) for part in ([lowest, highest] if colon else text.split(","))]
        found = list(spaced(found[0], found[1], len(GROUPS))) if colon else found
    except (ValueError, PlanError):
        found = []
    if not found or not all(0 < rate <= 100 for rate in found):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a learning rate above 0 and up to 100, several with commas between them, or two with a "
            "colon, stem:head"
        )
    return found


def side(text: str) -> int:
    """A picture's side in pixels, 8 to 1024."""
    if not (text.isdecimal() and 8 <= int(text) <= 1024):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of pixels from 8 to 1024")
    return int(text)


def valid_share(text: str) -> float:
    """A share between 0 and 1."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 < found < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share above 0 and below 1")
    return found


def whole(text: str) -> int:
    """A whole number, 0 or above."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or above")
    return int(text)


def columns(text: str) -> dict[str, str]:
    """Columns of a table of labels as they are typed: `file=image,label=breed`."""
    pairs = [part.partition("=") for part in text.split(",")]
    found = {key.strip(): column.strip() for key, _, column in pairs}
    if not found or set(found) - {"file", "label", "split"} or not all(found.values()):
        raise argparse.ArgumentTypeError(f"{text!r} is not file=COLUMN,label=COLUMN or a part of it, split=COLUMN too")
    return found
