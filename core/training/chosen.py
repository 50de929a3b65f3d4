"""What choosing a learning rate means, read off the range test that it was chosen on.

Importing this module does not import torch.
"""

from dataclasses import dataclass

import numpy as np

from core.numbers import nats, rate_in_words
from core.training.curves import Numbers, Smooth, smoothed
from core.training.readings import Placed, readings
from core.training.suggest import Suggestion


@dataclass(frozen=True)
class Meaning:
    """What a chosen rate means, in sentences; `warns` when training at it is likely to go wrong."""

    sentence: str
    warns: bool = False


def meaning(
    lrs: Numbers, losses: Numbers, lr: float, found: Suggestion | None = None, *, classes: int | None = None
) -> Meaning:
    """What it means to choose the rate `lr` on the curve of raw `losses` (N,), nats, over ascending rates `lrs` (N,).

    First where the rate lies on the curve, then what to expect of training at it: against `found`, Anneal's suggestion
    for this curve, where there is one. `classes` is their number, as for `readings`. Raises `ValueError` for rates of
    the curve that do not ascend from above 0.
    """
    placed = readings(lrs, losses, {"chosen": lr}, classes=classes)["chosen"]
    if found is None:
        return _joined(placed.sentence, _of_the_place(placed, lr))
    if found.collapse is not None and lr >= found.collapse:
        return _joined(placed.sentence, _collapses(lr, found.lr, found.collapse))
    if found.rise is not None and lr >= found.rise:
        return _joined(placed.sentence, _rises(found.lr, found.rise))
    where = _in_the_rise(lrs, losses, lr) if placed.place in ("rise", "beyond") else placed.sentence
    return _joined(where, _against(lr, found, placed, past=_past_the_lowest(lrs, losses, lr)))


def _joined(where: str, expected: Meaning) -> Meaning:
    return Meaning(f"{where} {expected.sentence}".strip(), expected.warns)


def _in_the_rise(lrs: Numbers, losses: Numbers, lr: float) -> str:
    """Where a rate lies that is not yet at the collapse which `found` says, whatever the curve alone would say."""
    curve = smoothed(lrs, losses)
    bottom = int(curve.losses.argmin())
    here, lowest = nats(_loss(curve, lr)), nats(float(curve.losses[bottom]))
    at = rate_in_words(float(curve.lrs[bottom]))
    return f"In the rise: the loss is {here} here, and the lowest is {lowest} at {at}."


def _past_the_lowest(lrs: Numbers, losses: Numbers, lr: float) -> bool:
    curve = smoothed(lrs, losses)
    return len(curve.lrs) > 0 and lr > float(curve.lrs[curve.losses.argmin()])


def _of_the_place(placed: Placed, lr: float) -> Meaning:
    if placed.place in ("rise", "beyond"):
        return Meaning(
            f"Training at {rate_in_words(lr)} may undo what the network has learned. Take a lower rate.", True
        )
    return Meaning("")


def _loss(curve: Smooth, lr: float) -> float:
    return float(np.interp(np.log(lr), np.log(curve.lrs), curve.losses))


def _collapses(lr: float, better: float, collapse: float) -> Meaning:
    return Meaning(
        f"From {rate_in_words(collapse)} on, a few batches were enough to undo what the network had learned: a stage "
        f"at {rate_in_words(lr)} will probably collapse. {_instead(better)}",
        True,
    )


def _rises(better: float, rise: float) -> Meaning:
    said = f"From {rate_in_words(rise)} on, the loss rises for good, and a stage may not recover."
    return Meaning(f"{said} {_instead(better)}", True)


def _instead(better: float) -> str:
    return f"Take a lower rate, such as {rate_in_words(better)}."


def _against(lr: float, found: Suggestion, placed: Placed, *, past: bool) -> Meaning:
    if found.low <= lr <= found.high:
        return Meaning("" if lr == found.lr or not found.certain else _about_as_well(found))
    if lr < found.low:
        return Meaning(
            f"It is {_times(found.lr / lr)} lower than Anneal's {rate_in_words(found.lr)}: each batch moves the "
            "weights that much less, so training will be slower."
        )
    higher = f"It is {_times(lr / found.lr)} higher than Anneal's {rate_in_words(found.lr)}"
    if placed.place in ("rise", "beyond"):
        return Meaning(f"{higher}, where a batch already makes the loss worse. Take a lower rate.", True)
    if past:
        return Meaning(
            f"{higher}, and past the lowest point: the loss is low there because of the rates before it. A stage stays "
            "at its rate for many batches, and may not get as low.",
            True,
        )
    return Meaning(f"{higher}: this curve does not rule it out, but a whole stage at this rate may do worse.")


def _about_as_well(found: Suggestion) -> str:
    span = f"{rate_in_words(found.low)} to {rate_in_words(found.high)}"
    return f"It is within {span}, which train about as well as Anneal's {rate_in_words(found.lr)}."


def _times(factor: float) -> str:
    """A factor above 1: "1.6 times", "40 times"."""
    return f"{factor:.1f} times" if factor < 9.95 else f"{float(f'{factor:.2g}'):,.0f} times"
