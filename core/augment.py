"""Random transforms of whole batches, with different random numbers for each image.

The strengths of the named settings are those of fastai 0.7. Importing this module does not import torch.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import torch


class Augmentation(BaseModel):
    """The largest amount of each transform; the amount for an image is drawn uniformly up to it.

    `rotate` is in degrees, in both directions. An image is enlarged by a factor of 1 to `zoom`, and moved by up to
    `shift` (0..0.5) of its side in each direction. With `warp` the perspective changes: one of two opposite edges
    becomes up to `(1 + warp / 2) / (1 - warp / 2)` times as long as the other. Up to `brightness` (0..1) is added to
    or subtracted from pixels in 0..1. The contrast about the image's mean is multiplied or divided by up to
    `1 + contrast`. Pixels from outside the image are its reflection at the border.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizontal_flip: bool = False
    vertical_flip: bool = False
    quarter_turns: bool = False
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


NONE = Augmentation()
SIDE_ON = Augmentation(horizontal_flip=True, rotate=10, zoom=1.1, brightness=0.05, contrast=0.05)
TOP_DOWN = SIDE_ON.model_copy(update={"vertical_flip": True, "quarter_turns": True})
NAMED = {"none": NONE, "side-on": SIDE_ON, "top-down": TOP_DOWN}
OWN = "custom"
"""Name of an augmentation that is none of the named ones."""

_TITLES = {
    "horizontal_flip": "Horizontal flip",
    "vertical_flip": "Vertical flip",
    "quarter_turns": "Quarter turns",
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
        "rotate": f"−{how.rotate:g}° to +{how.rotate:g}°",
        "zoom": f"×1 to ×{how.zoom:g}",
        "shift": f"up to {how.shift:.0%} of the side, each way",
        "warp": f"one edge up to ×{edge:.2f} its opposite",
        "brightness": f"−{how.brightness:.0%} to +{how.brightness:.0%}",
        "contrast": f"×{1 / (1 + how.contrast):.2f} to ×{1 + how.contrast:.2f}",
    }
    return [(_TITLES[field], ranges[field]) for field in _TITLES if getattr(how, field) != getattr(NONE, field)]


def only(how: Augmentation, transform: str) -> Augmentation:
    """`how` reduced to one transform, named as in `rows`; raises `KeyError` for an unknown name."""
    fields = {title: field for field, title in _TITLES.items()}
    field = fields[transform]
    return Augmentation(**{field: getattr(how, field)})


def augment(images: "torch.Tensor", how: Augmentation, *, generator: "torch.Generator") -> "torch.Tensor":
    """The images as float32 in 0..1, transformed; shape and memory format stay the same.

    `images` is uint8 in 0..255 or float in 0..1, (B, 3, H, W). All random numbers come from `generator`. Their count
    does not depend on `how`, so that changing one transform does not change the amounts of the others. `NONE` only
    converts the images and draws nothing. Raises `ValueError` for another number of dimensions.
    """
    import torch

    if images.ndim != 4:
        raise ValueError(f"expected a batch (B, 3, H, W), got the shape {tuple(images.shape)}")
    images = images.float().div_(255) if images.dtype == torch.uint8 else images.float()
    if how == NONE or not len(images):
        return images
    draws = torch.rand(len(images), 11, generator=generator, device=generator.device).to(images.device)
    layout = torch.channels_last if images.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    changed = _placed(images, how, draws)
    if how.brightness or how.contrast:
        changed = _lit(changed, how, draws)
    return changed.contiguous(memory_format=layout)


def _signed(draws: "torch.Tensor", limit: float) -> "torch.Tensor":
    return (draws * 2 - 1) * limit


def _placed(images: "torch.Tensor", how: Augmentation, draws: "torch.Tensor") -> "torch.Tensor":
    """Flips and quarter turns by moving pixels if there is nothing else, otherwise all transforms in one resampling."""
    import torch.nn.functional as F

    height, width = images.shape[-2:]
    mirrored = (draws[:, 0] < 0.5) & how.horizontal_flip
    upside_down = (draws[:, 1] < 0.5) & how.vertical_flip
    turns = (draws[:, 2] * 4).long().clamp_(max=3) * how.quarter_turns
    if (how.rotate, how.zoom, how.shift, how.warp) == (0, 1, 0, 0) and (height == width or not how.quarter_turns):
        return _moved(images, mirrored, upside_down, turns)
    matrices = _matrices(how, draws, mirrored, upside_down, turns, width / height)
    grid = (_perspective_grid if how.warp else _affine_grid)(matrices, height, width)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _moved(
    images: "torch.Tensor", mirrored: "torch.Tensor", upside_down: "torch.Tensor", turns: "torch.Tensor"
) -> "torch.Tensor":
    """The images flipped, then turned counter-clockwise; the values of the pixels do not change."""
    out = images.clone()
    out[mirrored] = out[mirrored].flip(-1)
    out[upside_down] = out[upside_down].flip(-2)
    for count in (1, 2, 3):
        chosen = turns == count
        if chosen.any():
            out[chosen] = out[chosen].rot90(count, (-2, -1))
    return out


def _matrices(
    how: Augmentation,
    draws: "torch.Tensor",
    mirrored: "torch.Tensor",
    upside_down: "torch.Tensor",
    turns: "torch.Tensor",
    aspect: float,
) -> "torch.Tensor":
    """(B, 3, 3): from a position in the new image to that in the old one, both in -1..1 with y downwards."""
    import torch

    angle = torch.deg2rad(_signed(draws[:, 3], how.rotate) + 90 * turns)
    scale = how.zoom ** -draws[:, 4]
    cos, sin = angle.cos() * scale, angle.sin() * scale
    across, down = 1 - 2 * mirrored.float(), 1 - 2 * upside_down.float()
    matrix = torch.zeros(len(draws), 3, 3, device=draws.device)
    matrix[:, 0, 0], matrix[:, 0, 1] = across * cos, -across * sin / aspect
    matrix[:, 1, 0], matrix[:, 1, 1] = down * sin * aspect, down * cos
    matrix[:, :2, 2] = _signed(draws[:, 5:7], 2 * how.shift)
    matrix[:, 2, :2] = _signed(draws[:, 7:9], how.warp / 2)
    matrix[:, 2, 2] = 1
    return matrix


def _centres(extent: int, like: "torch.Tensor") -> "torch.Tensor":
    """Positions of the centres of `extent` pixels in -1..1."""
    import torch

    return (torch.arange(extent, device=like.device) * 2 + 1) / extent - 1


def _affine_grid(matrices: "torch.Tensor", height: int, width: int) -> "torch.Tensor":
    """Like torch's `affine_grid` in a fifth of its time: a sum of rows and columns instead of a matrix product."""
    across = matrices[:, :2, 0, None] * _centres(width, matrices)
    down = matrices[:, :2, 1, None] * _centres(height, matrices) + matrices[:, :2, 2, None]
    return (across[:, :, None, :] + down[:, :, :, None]).permute(0, 2, 3, 1)


def _perspective_grid(matrices: "torch.Tensor", height: int, width: int) -> "torch.Tensor":
    import torch

    x, y = _centres(width, matrices), _centres(height, matrices)
    places = torch.stack([x.repeat(height), y.repeat_interleave(width), torch.ones_like(x).repeat(height)], dim=1)
    moved = places @ matrices.transpose(1, 2)
    return (moved[..., :2] / moved[..., 2:]).view(-1, height, width, 2)


def _lit(images: "torch.Tensor", how: Augmentation, draws: "torch.Tensor") -> "torch.Tensor":
    """Contrast about the image's mean, then brightness, as in fastai 0.7; clamped to 0..1, in place."""
    amount = _signed(draws[:, 9], how.contrast).view(-1, 1, 1, 1)
    contrast = (1 + amount.abs()) ** amount.sign()
    brightness = _signed(draws[:, 10], how.brightness).view(-1, 1, 1, 1)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return images.mul_(contrast).add_(mean * (1 - contrast) + brightness).clamp_(0, 1)


_SIDES = (("left", "right"), ("east", "west"), ("port", "starboard"))
_ENDS = (("up", "down"), ("top", "bottom"), ("north", "south"), ("upward", "downward"))
_TURNED = (("6", "9"), ("six", "nine"), ("n", "u"), ("m", "w"), ("b", "q"), ("d", "p"))
_SENSE = (("clockwise", "anticlockwise"), ("clockwise", "counterclockwise"))
_QUARTERS = (("left", "up"), ("left", "down"), ("right", "up"), ("right", "down"), ("n", "z"))
_DIGITS = {*"0123456789", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}


def warnings(how: Augmentation, classes: Iterable[str]) -> list[str]:
    """A sentence for each pair of classes whose images a flip or turn of `how` makes look alike.

    This is decided from the names of the classes (words such as left and right, digits, letters). The sentences
    contain these names unchanged: escape them before showing them as markdown.

    >>> warnings(Augmentation(horizontal_flip=True), ["turn left", "turn right"])[0]
    'A horizontal flip turns “turn left” into “turn right” and the other way round, while the labels stay.'
    """
    names = {tuple(_words(name)): name for name in classes}
    turn = 180.0 if how.quarter_turns else how.rotate
    said: list[str] = []
    if how.horizontal_flip:
        said += _swaps("A horizontal flip", names, _SIDES + _SENSE + (("b", "d"), ("p", "q")))
    if how.vertical_flip:
        said += _swaps("A vertical flip", names, _ENDS + _SENSE + (("b", "p"), ("d", "q"), ("m", "w")))
    if turn >= 135:
        said += _swaps("Half a turn", names, _SIDES + _ENDS + _TURNED)
    if turn >= 45:
        said += _swaps("A quarter turn", names, _QUARTERS)
    if how.horizontal_flip or how.vertical_flip:
        said += _mirrored_script(names)
    return said


def _swaps(what: str, names: dict[tuple[str, ...], str], pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for (old, new), (words, name) in product(pairs, names.items()):
        other = names.get(tuple(new if word == old else word for word in words))
        if old in words and other is not None:
            yield f"{what} turns “{name}” into “{other}” and the other way round, while the labels stay."


def _mirrored_script(names: dict[tuple[str, ...], str]) -> Iterator[str]:
    script = [words for words in names if len(words) == 1 and (words[0] in _DIGITS or len(words[0]) == 1)]
    if len(script) > 1 and len(script) * 2 >= len(names):
        yield "The classes seem to be digits or letters: most of them have no meaning when mirrored."


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"\d+|[A-Z]?[a-z]+|[A-Z]+|[^\W_]+", name)]
