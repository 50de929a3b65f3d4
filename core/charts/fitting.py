"""Three small pictures of what two losses can do: underfitting, overfitting, and overfitting that costs."""

from collections.abc import Callable
from typing import Literal

from core.charts import palette

Kind = Literal["underfitting", "overfitting", "costly"]

WIDTH, HEIGHT, EDGE = 150, 84, 6
POINTS = 24

LOSSES: dict[Kind, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "underfitting": (lambda t: 1 - 0.45 * t, lambda t: 0.94 - 0.42 * t),
    "overfitting": (lambda t: 0.05 + 0.95 * 0.01**t, lambda t: 0.45 + 0.5 * 0.02**t),
    "costly": (lambda t: 0.03 + 0.97 * 0.01**t, lambda t: 0.4 + 0.55 * 0.005**t + 0.5 * max(0.0, t - 0.35) ** 1.3),
}
"""Training and validation loss (0..1) of each over the part of the training that is done (0..1): a sketch, no run's."""

ALTS: dict[Kind, str] = {
    "underfitting": "Training and validation loss are close together and both still fall.",
    "overfitting": "Training loss falls far below validation loss, which stays level.",
    "costly": "Training loss falls on while validation loss turns and rises.",
}


def sketch(kind: Kind) -> str:
    """The picture as an SVG image, in colours that show on light and dark."""
    train, valid = LOSSES[kind]
    axes = f"M{EDGE} {EDGE}V{HEIGHT - EDGE}H{WIDTH - EDGE}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path d="{axes}" fill="none" stroke="{palette.GREY}"/>'
        f"{_line(train, palette.TRAIN)}{_line(valid, palette.VALID)}</svg>"
    )


def _line(loss: Callable[[float], float], colour: str) -> str:
    places = [place / (POINTS - 1) for place in range(POINTS)]
    wide, high = WIDTH - 3 * EDGE, HEIGHT - 3 * EDGE
    points = " ".join(f"{1.5 * EDGE + t * wide:.1f},{1.5 * EDGE + (1 - loss(t)) * high:.1f}" for t in places)
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.4" stroke-linecap="round"/>'
