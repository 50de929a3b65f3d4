"""Small pictures of the words in `terms`, as SVG in the colours of the theme that is on."""

import math
from collections.abc import Sequence

WIDTH, HEIGHT = 300, 92
ACCENT = "light-dark(#B0421A, #E8854F)"
TEXT = "light-dark(#282520, #EBE6DC)"
FAINT = "light-dark(#B9B2A3, #6B665D)"
"""Lines that stand back; what has to be read is in the colour of the text."""

Point = tuple[float, float]


def loss() -> str:
    """−ln p against p, with three points to read off."""
    left, right, top, bottom = 40.0, 286.0, 10.0, 66.0

    def at(p: float) -> Point:
        return left + p * (right - left), bottom + math.log(p) / 3 * (bottom - top)

    curve = _line([at(p / 100) for p in range(5, 101)], ACCENT, 2.2)
    axes = _line([(left, top), (left, bottom), (right, bottom)], FAINT)
    points = "".join(
        _dot(at(p)) + _text(at(p)[0] + 4, at(p)[1] - 6, f"{-math.log(p):.2f}", anchor="start") for p in (0.1, 0.5, 0.9)
    )
    marks = "".join(_text(at(p)[0], bottom + 12, f"{p:.0%}") for p in (0.1, 0.5, 0.9))
    title = _text((left + right) / 2, HEIGHT - 2, "probability of the right class")
    return _svg(axes + curve + points + marks + title + _text(left - 6, 40, "loss", anchor="end"))


def batch() -> str:
    """Twelve images in three batches, the first of which makes a step."""
    return _svg(_images(batches=1) + _text(10, 66, "one batch: one step", anchor="start"))


def epoch() -> str:
    """Twelve images in three batches: three steps."""
    brace = _line([(10, 54), (10, 58), (289, 58), (289, 54)], ACCENT, 1.6)
    return _svg(_images(batches=3) + brace + _text(150, 76, "3 batches: 3 steps, one epoch"))


def _images(*, batches: int) -> str:
    """Three groups of four images; the first ones are those at work."""
    parts = []
    for place in range(12):
        group, within = divmod(place, 4)
        x = 10 + 97 * group + 22 * within
        used = group < batches
        parts.append(
            f'<rect x="{x}" y="26" width="19" height="19" rx="3" fill="{ACCENT if used else "none"}" '
            f'stroke="{ACCENT if used else FAINT}" stroke-width="1.4"/>'
        )
    return "".join(parts)


def learning_rate() -> str:
    """Real steps of gradient descent down a parabola at a low, a good and a high rate."""
    return _svg(
        "".join(
            _descent(50 + 100 * place, rate, words)
            for place, (rate, words) in enumerate([(0.04, "too low"), (0.32, "good"), (0.94, "too high")])
        )
    )


def _descent(centre: float, rate: float, words: str) -> str:
    """Seven steps w − rate × 2w on the parabola w²."""

    def at(w: float) -> Point:
        return centre + 40 * w, 68 - 58 * w * w

    weights = [0.95]
    for _ in range(7):
        weights.append(weights[-1] - rate * 2 * weights[-1])
    valley = _line([at(w / 20) for w in range(-20, 21)], FAINT)
    path = _line([at(w) for w in weights], ACCENT, 1.4)
    return valley + path + "".join(_dot(at(w), 2.4) for w in weights) + _text(centre, 86, words)


def pipeline(*, backbone: bool = False, head: bool = False, activations: bool = False, frozen: bool = False) -> str:
    """Image, backbone, activations, head, scores: the parts that are named stand out."""
    parts = [
        _box(6, 24, 34, 34, on=False),
        _text(23, 82, "image"),
        _arrow(42, 54),
        _box(56, 16, 44, 50, on=backbone),
        _box(104, 20, 40, 42, on=backbone),
        _text(100, 82, "backbone, frozen" if frozen else "backbone"),
        _arrow(146, 158),
        *(_box(161, 15 + 9 * row, 9, 7, on=activations) for row in range(6)),
        _arrow(173, 185),
        _box(188, 26, 34, 30, on=head),
        _text(205, 82, "head, learns" if frozen else "head"),
        _arrow(224, 236),
        *(_bar(240, 22 + 14 * row, length) for row, length in enumerate((50, 14, 8))),
        _text(264, 82, "scores"),
    ]
    if activations:
        parts.append(_text(165, 8, "activations"))
    if frozen:
        parts += [_lock(78, 41), _lock(124, 41)]
    return _svg("".join(parts))


def augmentation() -> str:
    """One boat, and what augmentation makes of it."""
    forms = ("", "rotate(-14)", "scale(1.25)", "scale(-1 1)")
    names = ("image", "turned", "enlarged", "flipped")
    drawn = ""
    for place, (form, name) in enumerate(zip(forms, names, strict=True)):
        x = 38 + 75 * place
        colour = "currentColor" if place == 0 else ACCENT
        drawn += (
            f'<g transform="translate({x} 38) {form}" fill="none" stroke="{colour}" stroke-width="2" '
            'stroke-linejoin="round"><path d="M-20 8H20L13 18H-13Z"/><path d="M-2 8V-20L16 3H-2"/></g>'
        ) + _text(x, 82, name)
    return _svg(drawn)


def overfitting() -> str:
    """Two losses over the epochs: they part, and then the one on validation images rises."""
    left, right, top, bottom = 14.0, 198.0, 8.0, 72.0
    places = [step / 40 for step in range(41)]

    def at(x: float, y: float) -> Point:
        return left + x * (right - left), bottom - y * (bottom - top)

    training = _line([at(x, 0.04 + 0.92 * math.exp(-4 * x)) for x in places], "currentColor", 2)
    valid = [0.24 + 0.72 * math.exp(-6 * x) + 0.62 * max(0.0, x - 0.35) ** 1.6 for x in places]
    lowest = min(range(len(valid)), key=valid.__getitem__)
    turn = at(places[lowest], valid[lowest])
    return _svg(
        _line([(left, top), (left, bottom), (right, bottom)], FAINT)
        + training
        + _line([at(x, y) for x, y in zip(places, valid, strict=True)], ACCENT, 2)
        + f'<path d="M{turn[0]:.1f} {turn[1]:.1f}V{bottom}" stroke="{ACCENT}" stroke-dasharray="3 3"/>'
        + _text(right + 5, at(1, valid[-1])[1] + 3, "validation loss", anchor="start")
        + _text(right + 5, at(1, 0.06)[1] + 2, "training loss", anchor="start")
        + _text(turn[0], 86, "from here it costs")
    )


def _svg(body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="sans-serif" style="color-scheme:light dark;color:{TEXT}">{body}</svg>'
    )


def _line(points: Sequence[Point], colour: str, width: float = 1.4) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"/>'


def _dot(at: Point, radius: float = 3) -> str:
    return f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" fill="{ACCENT}"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11" text-anchor="{anchor}" fill="currentColor">{words}</text>'


def _box(x: float, y: float, width: float, height: float, *, on: bool) -> str:
    paint = f'fill="{ACCENT}" stroke="{ACCENT}"' if on else f'fill="none" stroke="{FAINT}"'
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" stroke-width="1.4" {paint}/>'


def _bar(x: float, y: float, length: float) -> str:
    return f'<rect x="{x}" y="{y}" width="{length}" height="9" rx="2" fill="{FAINT}"/>'


def _arrow(start: float, end: float) -> str:
    return _line([(start, 41), (end, 41)], FAINT) + _line([(end - 4, 37), (end, 41), (end - 4, 45)], FAINT)


def _lock(x: float, y: float) -> str:
    return (
        f'<rect x="{x - 6}" y="{y - 2}" width="12" height="9" rx="2" fill="currentColor"/>'
        f'<path d="M{x - 3.5} {y - 2}V{y - 5}A3.5 3.5 0 0 1 {x + 3.5} {y - 5}V{y - 2}" fill="none" '
        'stroke="currentColor" stroke-width="1.8"/>'
    )
