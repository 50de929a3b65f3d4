"""What random transforms there are, and by how much each changes an image.

The strengths of the named settings are those of fastai 0.7.
"""

from pydantic import BaseModel, ConfigDict, Field


class Augmentation(BaseModel):
    """The largest amount of each transform; the amount for an image is drawn uniformly up to it.

    `rotate` is in degrees, in both directions. An image is enlarged by a factor of 1 to `zoom`, and moved by up to
    `shift` (0..0.5) of its side in each direction. With `warp` the perspective changes: one of two opposite edges
    becomes up to `(1 + warp / 2) / (1 - warp / 2)` times as long as the other. Up to `brightness` (0..1) is added to
    or subtracted from pixels in 0..1. The contrast about the image's mean is multiplied or divided by up to
    `1 + contrast`. With `crop` below 1, a part of `crop` to 1 of the image's area and of an aspect ratio of 3/4 to 4/3
    is enlarged to the whole (torchvision's `RandomResizedCrop`). Pixels from outside the image are its reflection at
    the border.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizontal_flip: bool = False
    vertical_flip: bool = False
    quarter_turns: bool = False
    crop: float = Field(default=1.0, ge=0.05, le=1, allow_inf_nan=False)
    rotate: float = Field(default=0.0, ge=0, le=180, allow_inf_nan=False)
    zoom: float = Field(default=1.0, ge=1, le=3, allow_inf_nan=False)
    shift: float = Field(default=0.0, ge=0, le=0.5, allow_inf_nan=False)
    warp: float = Field(default=0.0, ge=0, le=0.5, allow_inf_nan=False)
    brightness: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    contrast: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)

    @property
    def name(self) -> str:
        """Its key in `NAMED`, or `OWN`."""
        return next((name for name, named in NAMED.items() if named == self), OWN)

    def stronger(self) -> "Augmentation":
        """Twice the rotation, zoom, shift, perspective, brightness and contrast, within their ranges; the same flips.

        >>> SIDE_ON.stronger().rotate, SIDE_ON.stronger().zoom
        (20.0, 1.2)
        """
        return Augmentation(
            horizontal_flip=self.horizontal_flip,
            vertical_flip=self.vertical_flip,
            quarter_turns=self.quarter_turns,
            crop=self.crop,
            rotate=self.rotate if self.rotate > 40 else min(2 * self.rotate, 40.0),
            zoom=round(min(1 + 2 * (self.zoom - 1), 2.0), 3),
            shift=min(2 * self.shift, 0.25),
            warp=min(2 * self.warp, 0.4),
            brightness=min(2 * self.brightness, 0.4),
            contrast=min(2 * self.contrast, 0.4),
        )


NONE = Augmentation()
SIDE_ON = Augmentation(horizontal_flip=True, rotate=10, zoom=1.1, brightness=0.05, contrast=0.05)
TOP_DOWN = SIDE_ON.model_copy(update={"vertical_flip": True, "quarter_turns": True})
WITHOUT_FLIPS = SIDE_ON.model_copy(update={"horizontal_flip": False})
NAMED = {"none": NONE, "without-flips": WITHOUT_FLIPS, "side-on": SIDE_ON, "top-down": TOP_DOWN}
OWN = "custom"
"""Name of an augmentation that is none of the named ones."""

_TITLES = {
    "horizontal_flip": "Horizontal flip",
    "vertical_flip": "Vertical flip",
    "quarter_turns": "Quarter turns",
    "crop": "Random crop",
    "rotate": "Rotation",
    "zoom": "Zoom",
    "shift": "Shift",
    "warp": "Perspective",
    "brightness": "Brightness",
    "contrast": "Contrast",
}
TRANSFORMS = tuple(_TITLES.values())
"""The transforms' names, in the order in which `rows` lists them."""


def rows(how: Augmentation) -> list[tuple[str, str]]:
    """(name, range in words) of each transform that `how` uses.

    >>> rows(Augmentation(rotate=10, zoom=1.1))
    [('Rotation', '−10° to +10°'), ('Zoom', '×1 to ×1.1')]
    """
    edge = (1 + how.warp / 2) / (1 - how.warp / 2)
    ranges = {
        "horizontal_flip": "half of the time, left becomes right",
        "vertical_flip": "half of the time, upside down",
        "quarter_turns": "0°, 90°, 180° or 270°",
        "crop": f"{how.crop * 100:.0f}% to 100% of the area, enlarged to the whole",
        "rotate": f"−{how.rotate:g}° to +{how.rotate:g}°",
        "zoom": f"×1 to ×{how.zoom:g}",
        "shift": f"up to {how.shift * 100:.0f}% of the side, each way",
        "warp": f"one edge up to ×{edge:.2f} its opposite",
        "brightness": f"−{how.brightness * 100:.0f}% to +{how.brightness * 100:.0f}%",
        "contrast": f"×{1 / (1 + how.contrast):.2f} to ×{1 + how.contrast:.2f}",
    }
    return [(_TITLES[field], ranges[field]) for field in _TITLES if getattr(how, field) != getattr(NONE, field)]


def only(how: Augmentation, transform: str) -> Augmentation:
    """`how` reduced to one transform, named as in `rows`; raises `KeyError` for an unknown name."""
    fields = {title: field for field, title in _TITLES.items()}
    field = fields[transform]
    return Augmentation(**{field: getattr(how, field)})
