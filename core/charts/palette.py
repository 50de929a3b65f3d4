"""The colours every chart uses: Okabe and Ito's, told apart by colour-blind readers, on light and dark.

The same colours are the theme's (`.streamlit/config.toml`), so a chart that names none looks alike.
Source: M. Okabe and K. Ito, "Color universal design", https://jfly.uni-koeln.de/color/.
"""

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
SKY = "#56B4E9"
ORANGE = "#E69F00"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
GREY = "#8A8F98"

SERIES = [BLUE, VERMILLION, GREEN, SKY, PURPLE, ORANGE, GREY, YELLOW]
"""For categories in the order in which they appear; yellow, faint on white, comes last."""

TRAIN = BLUE
VALID = VERMILLION
TEST = GREEN
SPLITS = {"train": TRAIN, "valid": VALID, "test": TEST}
"""Colour of each split: the same on every page."""

MATRIX = "cividis"
"""Vega's name of the scheme for heat maps: even in lightness, and safe for colour-blind readers."""

SEQUENTIAL = [
    "#00224E",
    "#123570",
    "#3B496C",
    "#575D6D",
    "#707173",
    "#8A8678",
    "#A59C74",
    "#C3B369",
    "#E1CC55",
    "#FEE838",
]
"""Ten steps of cividis, dark to light, as the theme wants them."""
