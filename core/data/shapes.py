"""Drawn pictures of eight shapes, two of which a horizontal flip turns into each other."""

import colorsys
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from PIL import ImageDraw

SIZE = 96
"""Pixels a side."""

_FINE = 2
"""The shape is drawn this many times as large and averaged, for smooth edges."""

Point = tuple[float, float]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Difficulty:
    """Ranges that the pictures are drawn from.

    `radius` is a share of the picture's side; `tilt` in degrees either way; `contrast` the least distance of
    shape and background in RGB (0..441); `noise` the standard deviation in grey levels; `clutter` the number
    of small marks behind the shape, a quarter as many crossing it.
    """

    radius: tuple[float, float]
    tilt: float
    contrast: float
    noise: float
    clutter: int


DIFFICULTIES = {
    "easy": Difficulty((0.26, 0.40), 6, 170, 4, 0),
    "medium": Difficulty((0.18, 0.36), 15, 110, 14, 6),
    "hard": Difficulty((0.12, 0.28), 25, 70, 28, 16),
}


def _regular(corners: int, radii: tuple[float, ...] = (1.0,)) -> list[Point]:
    angles = [2 * math.pi * k / corners - math.pi / 2 for k in range(corners)]
    return [(radii[k % len(radii)] * math.cos(a), radii[k % len(radii)] * math.sin(a)) for k, a in enumerate(angles)]


_ARROW: list[Point] = [(-1, -0.3), (0.1, -0.3), (0.1, -0.8), (1, 0), (0.1, 0.8), (0.1, 0.3), (-1, 0.3)]
_CROSS_QUARTER: list[Point] = [(0.3, -0.3), (0.3, -0.95), (-0.3, -0.95)]

OUTLINES: dict[str, list[Point]] = {
    "arrow left": [(-x, y) for x, y in _ARROW],
    "arrow right": _ARROW,
    "circle": _regular(48, (0.9,)),
    "cross": [(c * x - s * y, s * x + c * y) for c, s in ((1, 0), (0, -1), (-1, 0), (0, 1)) for x, y in _CROSS_QUARTER],
    "ring": _regular(48, (0.95,)),
    "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "star": _regular(10, (1.0, 0.42)),
    "triangle": _regular(3),
}
"""Class -> corners around (0, 0), x to the right, y down, within a radius of about 1."""

_RING_HOLE = 0.55


def draw(label: str, difficulty: str, seed: int, number: int) -> Image.Image:
    """Picture `number` of class `label`, RGB at `SIZE` px; the same arguments give the same picture."""
    how = DIFFICULTIES[difficulty]
    kinds = sorted(OUTLINES)
    rng = np.random.default_rng([seed, list(DIFFICULTIES).index(difficulty), kinds.index(label), number])
    back, front = _colours(how.contrast, rng)
    picture = _background(back, rng)
    _clutter(picture, how.clutter, rng)
    picture.paste(front, mask=_mask(label, how, rng))
    _clutter(picture, how.clutter // 4, rng)
    values = np.asarray(picture, dtype=np.float32)
    noisy = values + rng.standard_normal(values.shape, dtype=np.float32) * how.noise
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _colours(contrast: float, rng: np.random.Generator) -> tuple[Colour, Colour]:
    """A background and a shape colour at least `contrast` apart."""
    while True:
        back, front = _colour(rng), _colour(rng)
        if math.dist(back, front) >= contrast:
            return back, front


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0.1, 0.9), rng.uniform(0.15, 1.0))
    return int(red * 255), int(green * 255), int(blue * 255)


def _background(colour: Colour, rng: np.random.Generator) -> Image.Image:
    """The colour, a little lighter to one side."""
    corners = np.array(colour) + rng.uniform(-25, 25, size=(2, 2, 1))
    small = Image.fromarray(corners.clip(0, 255).astype(np.uint8))
    return small.resize((SIZE, SIZE), Image.Resampling.BILINEAR)


def _pencil(picture: Image.Image) -> "ImageDraw.ImageDraw":
    from PIL import ImageDraw  # takes longer to import than a page may wait

    return ImageDraw.Draw(picture)


def _clutter(picture: Image.Image, marks: int, rng: np.random.Generator) -> None:
    pencil = _pencil(picture)
    strokes: list[Callable[..., None]] = [pencil.line, pencil.ellipse, pencil.rectangle]
    for _ in range(marks):
        x, y = rng.uniform(0, SIZE, 2)
        if (kind := int(rng.integers(3))) == 0:
            dx, dy = rng.uniform(-0.15, 0.15, 2) * SIZE
            strokes[0]((x, y, x + dx, y + dy), fill=_colour(rng), width=int(rng.integers(1, 4)))
        else:
            width, height = rng.uniform(0.02, 0.07, 2) * SIZE
            strokes[kind]((x, y, x + width, y + height), fill=_colour(rng))


def _mask(label: str, how: Difficulty, rng: np.random.Generator) -> Image.Image:
    """Where the shape is: of random size, place, tilt and proportions, whole within the picture."""
    canvas = _FINE * SIZE
    radius = rng.uniform(*how.radius) * canvas
    x, y = rng.uniform(radius, canvas - radius, 2)
    tilt = math.radians(rng.uniform(-how.tilt, how.tilt))
    across, down = rng.uniform(0.85, 1.0, 2) * radius

    def placed(points: list[Point], scale: float = 1.0) -> list[Point]:
        stretched = [(px * across * scale, py * down * scale) for px, py in points]
        return [
            (x + px * math.cos(tilt) - py * math.sin(tilt), y + px * math.sin(tilt) + py * math.cos(tilt))
            for px, py in stretched
        ]

    mask = Image.new("L", (canvas, canvas))
    pencil = _pencil(mask)
    pencil.polygon(placed(OUTLINES[label]), fill=255)
    if label == "ring":
        pencil.polygon(placed(OUTLINES[label], _RING_HOLE), fill=0)
    return mask.reduce(_FINE)
