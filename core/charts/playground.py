"""The playground's charts: a path over a surface, its loss, and a descent over narrow minima and a wide one.

Each chart has a bound slider named `step`, which shows the path up to that step; a player turns them together.
"""

import base64
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.charts import palette
from core.charts.lines import RATE_LABEL
from core.numbers import rate_in_words
from core.playground import landscape
from core.playground.descent import Path
from core.playground.landscape import EDGE
from core.playground.rest import Count
from core.playground.surfaces import EXTENT, Floats, Surface

HEIGHT = 380
LOWEST = 1e-8
"""Losses below this are not drawn: nobody sees a difference, and a log axis has no end."""
_LEVELS = 16
_WIDE, _TALL = 360, 240
_FRAME = 40.0


def path_frame(path: Path) -> pd.DataFrame:
    """Columns step, x, y, loss (as they are), across, up, height (kept near the picture for drawing), last."""
    away = np.abs(path.points).max(axis=1)
    drawn = path.points * np.minimum(1.0, _FRAME / np.maximum(away, 1e-12))[:, None]
    return pd.DataFrame(
        {
            "step": np.arange(len(path.points)),
            "x": path.points[:, 0],
            "y": path.points[:, 1],
            "loss": path.values,
            "across": drawn[:, 0],
            "up": drawn[:, 1],
            "height": np.where(path.values > LOWEST, np.minimum(path.values, 1 / LOWEST), np.nan),
            "last": np.arange(len(path.points)) == len(path.points) - 1,
        }
    )


def _slider(steps: int) -> alt.Parameter:
    return alt.param(name="step", value=steps, bind=alt.binding_range(min=0, max=steps, step=1, name="step "))


def descent(frame: pd.DataFrame, surface: Surface, steps: int) -> alt.LayerChart:
    """The path of `path_frame` over the surface, which is bluer where it is lower."""
    shown = "datum.step <= step"
    across = alt.X("across:Q", title="weight 1", scale=alt.Scale(domain=[-EXTENT[0], EXTENT[0]], nice=False))
    up = alt.Y("up:Q", title="weight 2", scale=alt.Scale(domain=[-EXTENT[1], EXTENT[1]], nice=False))
    tooltip = [
        alt.Tooltip("step:Q", title="Step"),
        alt.Tooltip("x:Q", title="Weight 1", format=".4~g"),
        alt.Tooltip("y:Q", title="Weight 2", format=".4~g"),
        alt.Tooltip("loss:Q", title="Loss", format=".4~g"),
    ]
    base = alt.Chart(frame).transform_filter(shown)
    line = base.mark_line(color=palette.VERMILLION, strokeWidth=2, clip=True).encode(across, up, order="step:O")
    dots = base.mark_circle(color=palette.VERMILLION, size=30, opacity=1, clip=True).encode(across, up, tooltip=tooltip)
    ball = (
        alt.Chart(frame)
        .transform_filter("datum.step == step || (datum.last && datum.step < step)")
        .mark_point(filled=True, size=260, color=palette.ORANGE, stroke=palette.GREY, opacity=1, clip=True)
        .encode(across, up, tooltip=tooltip)
    )
    bottom = (
        alt.Chart(pd.DataFrame(surface.minima, columns=["across", "up"]))
        .mark_point(shape="cross", size=110, color=palette.GREEN, filled=True, opacity=1, clip=True)
        .encode(across, up, tooltip=alt.value("A minimum"))
    )
    return (
        alt.LayerChart(layer=[ground(surface), bottom, line, dots, ball])
        .add_params(_slider(steps))
        .properties(height=HEIGHT, title=f"{surface.title}: bluer is lower")
    )


def loss_curve(frame: pd.DataFrame, steps: int) -> alt.LayerChart:
    """Loss against step, on a log axis."""
    across = alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, steps], nice=False))
    up = alt.Y("height:Q", title="loss (log)", scale=alt.Scale(type="log"), axis=alt.Axis(format="~g", tickCount=6))
    tooltip = [alt.Tooltip("step:Q", title="Step"), alt.Tooltip("loss:Q", title="Loss", format=".4~g")]
    whole = alt.Chart(frame).mark_line(color=palette.GREY, opacity=0.35).encode(across, up)
    base = alt.Chart(frame).transform_filter("datum.step <= step")
    line = base.mark_line(color=palette.VERMILLION, strokeWidth=2).encode(across, up)
    dots = base.mark_circle(color=palette.VERMILLION, size=24, opacity=1).encode(across, up, tooltip=tooltip)
    return (
        alt.LayerChart(layer=[whole, line, dots])
        .add_params(_slider(steps))
        .properties(height=HEIGHT, title="Loss: the steeper it falls, the faster it learns")
    )


def ground(surface: Surface) -> alt.Chart:
    """The surface as one picture: blue that covers more where it is lower, so that it suits light and dark."""
    corners = {"left": [-EXTENT[0]], "right": [EXTENT[0]], "low": [-EXTENT[1]], "high": [EXTENT[1]]}
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame({**corners, "picture": [_picture(surface)]}))
        .mark_image(aspect=False, clip=True)
        .encode(x="left:Q", x2="right:Q", y="low:Q", y2="high:Q", url="picture:N")
    )
    return chart


def _picture(surface: Surface) -> str:
    x, y = np.meshgrid(np.linspace(-EXTENT[0], EXTENT[0], _WIDE), np.linspace(EXTENT[1], -EXTENT[1], _TALL))
    height = surface.value(x, y)
    span = np.sqrt((height - height.min()) / np.ptp(height))
    bands = np.minimum((1 - span) * _LEVELS, _LEVELS - 1).astype(np.uint8)
    pixels = np.empty((_TALL, _WIDE, 4), np.uint8)
    pixels[..., :3] = tuple(bytes.fromhex(palette.BLUE[1:]))
    pixels[..., 3] = bands * np.uint8(10)
    return "data:image/png;base64," + base64.b64encode(_png(pixels)).decode()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of (H, W, 4) bytes."""
    height, width = pixels.shape[:2]
    lines = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(lines.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def annealing_frame(weights: Floats, rates: Floats, ends: tuple[int, ...]) -> pd.DataFrame:
    """Columns step, weight, loss, rate, cycle (from 1), cycle_end, said of a descent (n + 1,) at `rates` (n,).

    `ends` are the steps at which cycles end; `said` is the rate in words.
    """
    steps = np.arange(len(weights))
    return pd.DataFrame(
        {
            "step": steps,
            "weight": weights,
            "loss": landscape.loss(weights),
            "rate": np.append(rates, rates[-1]),
            "cycle": np.minimum(np.searchsorted(ends, steps, side="right") + 1, len(ends)),
            "cycle_end": np.isin(steps, ends),
            "said": [rate_in_words(rate) for rate in np.append(rates, rates[-1])],
        }
    )


def annealing(frame: pd.DataFrame, steps: int) -> alt.LayerChart:
    """The descent of `annealing_frame` on the loss with narrow minima and a wide one."""
    line = np.linspace(-EDGE, EDGE, 500)
    hills = pd.DataFrame({"weight": line, "loss": landscape.loss(line)})
    across = alt.X("weight:Q", title="weight", scale=alt.Scale(domain=[-EDGE, EDGE], nice=False))
    up = alt.Y("loss:Q", title="loss", scale=alt.Scale(domain=[0, 1.7], nice=False))
    ground = alt.Chart(hills).mark_area(color=palette.BLUE, opacity=0.18, line=_line(palette.BLUE)).encode(across, up)
    base = alt.Chart(frame)
    tooltip = [
        alt.Tooltip("step:Q", title="Step"),
        alt.Tooltip("cycle:Q", title="Cycle"),
        alt.Tooltip("said:N", title="Rate"),
        alt.Tooltip("weight:Q", title="Weight", format=".3f"),
        alt.Tooltip("loss:Q", title="Loss", format=".3f"),
    ]
    trace = (
        base.transform_filter("datum.step <= step && datum.step > step - 25")
        .mark_circle(size=60, color=palette.ORANGE)
        .encode(
            across, up, opacity=alt.Opacity("age:Q", legend=None, scale=alt.Scale(domain=[0, 25], range=[0.6, 0.05]))
        )
        .transform_calculate(age="step - datum.step")
    )
    ended = (
        base.transform_filter("datum.cycle_end && datum.step <= step")
        .mark_point(shape="triangle-down", size=110, filled=True, color=palette.GREEN, opacity=0.9, yOffset=-14)
        .encode(across, up, tooltip=tooltip)
    )
    ball = (
        base.transform_filter("datum.step == step")
        .mark_point(filled=True, size=260, color=palette.VERMILLION, stroke=palette.GREY, opacity=1)
        .encode(across, up, tooltip=tooltip)
    )
    return (
        alt.LayerChart(layer=[ground, trace, ended, ball])
        .add_params(_slider(steps))
        .properties(height=HEIGHT - 60, title="Descent over narrow minima and a wide one")
    )


def rates(frame: pd.DataFrame, steps: int) -> alt.LayerChart:
    """Rate against step (step, rate, cycle)."""
    across = alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, steps], nice=False))
    up = alt.Y("rate:Q", title="learning rate", scale=alt.Scale(zero=True), axis=alt.Axis(labelExpr=RATE_LABEL))
    tooltip = [alt.Tooltip("step:Q", title="Step"), alt.Tooltip("said:N", title="Rate")]
    line = alt.Chart(frame).mark_line(color=palette.BLUE, strokeWidth=2).encode(across, up, detail="cycle:N")
    now = (
        alt.Chart(frame)
        .transform_filter("datum.step == step")
        .mark_point(filled=True, size=160, color=palette.VERMILLION, opacity=1)
        .encode(across, up, tooltip=tooltip)
    )
    return (
        alt.LayerChart(layer=[line, now])
        .add_params(_slider(steps))
        .properties(height=200, title="The learning rate at each step")
    )


RESTS = {"in the wide minimum": palette.GREEN, "in a narrow one": palette.ORANGE, "still moving": palette.GREY}
"""Where starts come to rest, and their colours."""


def rest_frame(counts: Mapping[str, Count]) -> pd.DataFrame:
    """Columns row (the names of `counts`), where (a key of `RESTS`), starts, share (0..1), place (0, 1, 2), loss."""
    return pd.DataFrame(
        [
            {
                "row": row,
                "where": where,
                "starts": found,
                "share": found / count.starts,
                "place": place,
                "loss": count.loss,
            }
            for row, count in counts.items()
            for place, (where, found) in enumerate(zip(RESTS, (count.wide, count.narrow, count.moving), strict=True))
        ]
    )


def rests(frame: pd.DataFrame, *, title: str, rows: str | None, legend: bool) -> alt.LayerChart:
    """Where the starts of each row of `rest_frame` came to rest, as one bar a row; `rows` names the rows' axis."""
    down = alt.Y("row:N", title=rows, sort=None, axis=alt.Axis(labelLimit=120))
    scale = alt.Scale(domain=list(RESTS), range=list(RESTS.values()))
    below = alt.Legend(orient="bottom", columns=3, labelLimit=200) if legend else None
    tooltip = [
        alt.Tooltip("row:N", title=rows or "Schedule"),
        alt.Tooltip("where:N", title="At rest"),
        alt.Tooltip("starts:Q", title="Starts"),
        alt.Tooltip("loss:Q", title="Mean loss of all", format=".2f"),
    ]
    across = alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    bars = (
        alt.Chart(frame)
        .mark_bar(height={"band": 0.7})
        .encode(
            across,
            down,
            color=alt.Color("where:N", title=None, scale=scale, legend=below),
            order=alt.Order("place:Q"),
            tooltip=tooltip,
        )
    )
    words = (
        alt.Chart(frame)
        .transform_filter("datum.place == 0")
        .transform_calculate(words="format(datum.share, '.0%') + ', loss ' + format(datum.loss, '.2f')")
        .mark_text(align="left", color=palette.GREY)
        .encode(x=alt.value("width"), xOffset=alt.value(6), y=down, text="words:N")
    )
    height = 76 + 28 * frame["row"].nunique() + (40 if legend else 0)
    return alt.LayerChart(layer=[bars, words]).properties(height=height, title=title)


def _line(colour: str) -> dict[str, Any]:
    return {"color": colour, "strokeWidth": 2}
