"""A class-activation map over the image that it belongs to, at the size at which a page shows it."""

import numpy as np
from PIL import Image

from core.charts.heat import Floats, Pixels, over_picture


def heat_picture(pixels: Pixels, values: Floats, side: int) -> Pixels:
    """The picture (S, S, 3) enlarged to `side` pixels under the heat of a map (h, w), uint8 (side, side, 3)."""
    large = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
    return over_picture(np.asarray(large), values)
