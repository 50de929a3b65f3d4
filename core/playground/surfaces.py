"""Losses over two weights that can be drawn, with their gradients and curvatures, in numpy alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EXTENT = (3.0, 2.4)
"""Surfaces are drawn for |x| up to the first and |y| up to the second."""


@dataclass(frozen=True)
class Surface:
    """A loss over two weights.

    `value(x, y)` and `gradient(x, y)` take arrays of one shape; `minima` are (x, y), the lowest first.
    `curvatures` are the eigenvalues of the Hessian, along x and along y: everywhere for a quadratic
    surface, else (`quadratic` is False) at its lowest minimum.
    """

    title: str
    text: str
    value: Callable[[Floats, Floats], Floats]
    gradient: Callable[[Floats, Floats], tuple[Floats, Floats]]
    curvatures: tuple[float, float]
    quadratic: bool
    minima: tuple[tuple[float, float], ...]
    start: tuple[float, float]

    def limit(self, momentum: float = 0.0) -> float:
        """The rate above which descent with heavy-ball momentum diverges: 2 (1 + momentum) / steepest curvature."""
        return 2 * (1 + momentum) / max(self.curvatures)


def _quadratic(title: str, text: str, across: float, along: float, start: tuple[float, float]) -> Surface:
    return Surface(
        title,
        text,
        value=lambda x, y: (across * x**2 + along * y**2) / 2,
        gradient=lambda x, y: (across * x, along * y),
        curvatures=(across, along),
        quadratic=True,
        minima=((0.0, 0.0),),
        start=start,
    )


_BUMP, _WAVE, _RISE = 0.5, 3.0, 0.3
_SIDE = 2.0 * math.pi / _WAVE * 0.935888
"""Where the bumpy surface has its second minimum along an axis."""

SURFACES = {
    "bowl": _quadratic("Bowl", "The same slope in every direction.", 2.0, 2.0, (-2.4, 1.2)),
    "valley": _quadratic(
        "Narrow valley",
        "Steep across, almost flat along: the usual shape of a loss.",
        0.4,
        4.0,
        (-2.6, 1.2),
    ),
    "saddle": Surface(
        "Saddle",
        "A pass between two valleys: at the top of it the slope is zero.",
        value=lambda x, y: x**2 - y**2 + y**4 / 4 + 1,
        gradient=lambda x, y: (2 * x, -2 * y + y**3),
        curvatures=(2.0, 4.0),
        quadratic=False,
        minima=((0.0, math.sqrt(2)), (0.0, -math.sqrt(2))),
        start=(-2.4, 0.02),
    ),
    "bumpy": Surface(
        "Bumpy ground",
        "Many minima, one of them the lowest.",
        value=lambda x, y: _RISE / 2 * (x**2 + y**2) + _BUMP * (2 - np.cos(_WAVE * x) - np.cos(_WAVE * y)),
        gradient=lambda x, y: (
            _RISE * x + _BUMP * _WAVE * np.sin(_WAVE * x),
            _RISE * y + _BUMP * _WAVE * np.sin(_WAVE * y),
        ),
        curvatures=(_RISE + _BUMP * _WAVE**2,) * 2,
        quadratic=False,
        minima=tuple((x * _SIDE, y * _SIDE) for x, y in [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])
        + tuple((x * _SIDE, y * _SIDE) for x in (-1, 1) for y in (-1, 1)),
        start=(-2.6, 1.5),
    ),
}
