"""A heat map over a picture: where a class-activation map is high, in the colours of the charts' heat maps."""

import numpy as np
import numpy.typing as npt

from core.charts.palette import SEQUENTIAL

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating]

HEAT = 0.6
"""Share of the heat's colour in each pixel; the rest is the picture without its colours."""

_LUMA = np.array([0.299, 0.587, 0.114])


def over_picture(pixels: Pixels, values: Floats) -> Pixels:
    """The picture (S, S, 3) in grey under the heat of a map (h, w) that covers it, uint8 (S, S, 3).

    The darkest colour is 0 and less (nothing there speaks for the class), the brightest the map's highest value. A
    map without a value above 0 is dark everywhere.
    """
    height, width = pixels.shape[:2]
    shares = _enlarged(np.nan_to_num(np.maximum(values, 0)), height, width)
    highest = float(np.nan_to_num(np.maximum(values, 0)).max(initial=0))
    colours = _colours(shares / highest if highest > 0 else np.zeros_like(shares))
    grey = (pixels @ _LUMA)[..., None]
    mixed: Pixels = np.clip(np.rint(HEAT * colours + (1 - HEAT) * grey), 0, 255).astype(np.uint8)
    return mixed


def _enlarged(values: Floats, height: int, width: int) -> Floats:
    """Bilinear, each value at the centre of its part of the picture; at the edges the outermost value."""
    rows = (np.arange(height) + 0.5) * values.shape[0] / height - 0.5
    columns = (np.arange(width) + 0.5) * values.shape[1] / width - 0.5
    across = np.stack([np.interp(columns, np.arange(values.shape[1]), row) for row in values])
    return np.stack([np.interp(rows, np.arange(values.shape[0]), column) for column in across.T], axis=1)


def _colours(shares: Floats) -> Floats:
    """RGB 0..255 (H, W, 3) of shares 0..1 (H, W)."""
    steps = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in SEQUENTIAL], dtype=np.float64)
    places = np.linspace(0, 1, len(steps))
    return np.stack([np.interp(shares, places, steps[:, channel]) for channel in range(3)], axis=-1)
