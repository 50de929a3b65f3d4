"""What choosing a learning rate means, read off the range test that it was chosen on.

Importing this module does not import torch.
"""

from dataclasses import dataclass

from core.training.curves import Numbers, smoothed
from core.training.readings import Placed, readings
from core.training.suggest import Suggestion, rate


@dataclass(frozen=True)
class Meaning:
    """What a chosen rate means, in sentences; `warns` when training at it is likely to go wrong."""

    sentence: str
    warns: bool = False


def meaning(lrs: Numbers, losses: Numbers, lr: float, found: Suggestion | None = None) -> Meaning:
    """What it means to choose the rate `lr` on the curve of raw `losses` (N,), nats, over ascending rates `lrs` (N,).

    First where the rate lies on the curve, then what to expect of training at it: against `found`, Anneal's suggestion
    for this curve, where there is one. Raises `ValueError` for rates of the curve that do not ascend from above 0.
    """
    placed = readings(lrs, losses, {"chosen": lr})["chosen"]
    if found is None:
        expected = _of_the_place(placed, lr)
    else:
        expected = _at_a_collapse(lr, found) or _against(lr, found, placed, past=_past_the_lowest(lrs, losses, lr))
    return Meaning(f"{placed.sentence} {expected.sentence}".strip(), expected.warns)


def _past_the_lowest(lrs: Numbers, losses: Numbers, lr: float) -> bool:
    curve = smoothed(lrs, losses)
    return len(curve.lrs) > 0 and lr > float(curve.lrs[curve.losses.argmin()])


def _of_the_place(placed: Placed, lr: float) -> Meaning:
    if placed.place in ("rise", "beyond"):
        return Meaning(f"Training at {rate(lr)} may undo what the network has learned. Take a lower rate.", True)
    return Meaning("")


def _at_a_collapse(lr: float, found: Suggestion) -> Meaning | None:
    if found.collapse is None or lr < found.collapse:
        return None
    return Meaning(
        f"From {rate(found.collapse)} on, a few batches were enough to undo what the network had learned: a stage at "
        f"{rate(lr)} will probably collapse. Take a lower rate, such as {rate(found.lr)}.",
        True,
    )


def _against(lr: float, found: Suggestion, placed: Placed, *, past: bool) -> Meaning:
    if found.low <= lr <= found.high:
        return Meaning("" if lr == found.lr or not found.certain else _about_as_well(found))
    if lr < found.low:
        return Meaning(
            f"It is {_times(found.lr / lr)} lower than Anneal's {rate(found.lr)}: each batch moves the weights "
            "so much less, so training will learn more slowly."
        )
    higher = f"It is {_times(lr / found.lr)} higher than Anneal's {rate(found.lr)}"
    if placed.place in ("rise", "beyond"):
        return Meaning(f"{higher}, where a batch already makes the loss worse. Take a lower rate.", True)
    if past:
        return Meaning(
            f"{higher}, and past the lowest point: the loss is low there because of the rates before it. A stage stays "
            "at its rate for many batches, and may not get as low.",
            True,
        )
    return Meaning(f"{higher}: this curve does not forbid it, but a stage that long may do worse.")


def _about_as_well(found: Suggestion) -> str:
    return (
        f"It is within {rate(found.low)} to {rate(found.high)}, which train about as well as Anneal's {rate(found.lr)}."
    )


def _times(factor: float) -> str:
    """A factor above 1: "1.6 times", "40 times"."""
    return f"{factor:.1f} times" if factor < 9.95 else f"{float(f'{factor:.2g}'):,.0f} times"
