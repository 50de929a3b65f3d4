"""Random transforms of whole batches, with different random numbers for each image.

Importing this module does not import torch.
"""

import math
from typing import TYPE_CHECKING

from core.augment.part import Part
from core.augment.settings import NONE, Augmentation

if TYPE_CHECKING:
    import torch

DRAWS = 11
"""Random numbers of an image for all transforms but the crop."""

TRIES, WIDEST = 10, 4 / 3
"""How often a crop that does not fit is drawn again, and its widest aspect ratio, as in torchvision."""


def augment(
    images: "torch.Tensor",
    how: Augmentation,
    *,
    generator: "torch.Generator",
    part: Part | None = None,
    side: int | None = None,
) -> "torch.Tensor":
    """The images as float32 in 0..1, transformed; shape and memory format stay the same.

    With a `side` below that of the images, which are square then, they are shrunk to it in the same resampling.
    `images` is uint8 in 0..255 or float in 0..1, (B, 3, H, W). All random numbers come from `generator`. Each transform
    has its own, so that changing one does not change the amounts of the others. `NONE` only converts the images and
    draws nothing. Images that are only a `part` of a batch change as they would in the whole. Raises `ValueError` for
    another number of dimensions.
    """
    import torch

    if images.ndim != 4:
        raise ValueError(f"expected a batch (B, 3, H, W), got the shape {tuple(images.shape)}")
    images = images.float().div_(255) if images.dtype == torch.uint8 else images.float()
    side = None if side is None or side >= images.shape[-1] else side
    if side is not None and 2 * side < images.shape[-1]:
        images = _resized(images, 2 * side)
    if how == NONE or not len(images):
        return images if side is None else _resized(images, side)
    first, whole = part or Part(0, len(images))
    own = slice(first, first + len(images))
    draws = _beside(images, torch.rand(whole, DRAWS, generator=generator, device=generator.device)[own])
    layout = torch.channels_last if images.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    boxes = crop_boxes(whole, how, generator=generator)[own] if how.crop < 1 else None
    changed = _placed(images, how, draws, boxes, side)
    if how.brightness or how.contrast:
        changed = _lit(changed, how, draws)
    return changed.contiguous(memory_format=layout)


def boxes_drawn(count: int, how: Augmentation, *, generator: "torch.Generator") -> "torch.Tensor":
    """The boxes (count, 4) that `augment` cuts out of `count` images with this generator; to be shown."""
    import torch

    torch.rand(count, DRAWS, generator=generator, device=generator.device)
    return crop_boxes(count, how, generator=generator)


def crop_boxes(count: int, how: Augmentation, *, generator: "torch.Generator") -> "torch.Tensor":
    """Random parts of `count` images: left, top, right, bottom (count, 4) in 0..1, as `augment` cuts them out.

    The area is uniform over `how.crop` to 1, the logarithm of the aspect ratio over 3/4 to 4/3, drawn again up to 10
    times where the part would not fit, and the place uniform: torchvision's `RandomResizedCrop` before it rounds.
    """
    import torch

    draws = torch.rand(count, TRIES, 2, generator=generator, device=generator.device)
    place = torch.rand(count, 2, generator=generator, device=generator.device)
    area = how.crop + draws[..., 0] * (1 - how.crop)
    aspect = torch.exp((draws[..., 1] * 2 - 1) * math.log(WIDEST))
    sides = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], dim=-1)
    fits = (sides <= 1).all(dim=-1)
    first = fits.float().argmax(dim=1)
    chosen = sides[torch.arange(count, device=sides.device), first]
    chosen = torch.where(fits.any(dim=1, keepdim=True), chosen, torch.ones_like(chosen))
    corner = place * (1 - chosen)
    return torch.cat([corner, corner + chosen], dim=1)


def _within(matrices: "torch.Tensor", boxes: "torch.Tensor") -> "torch.Tensor":
    """The transforms of images that were cut down to `boxes` (B, 4) before."""
    import torch

    half = boxes[:, 2:] - boxes[:, :2]
    centre = boxes[:, :2] + boxes[:, 2:] - 1
    rows = half[:, :, None] * matrices[:, :2] + centre[:, :, None] * matrices[:, 2:]
    return torch.cat([rows, matrices[:, 2:]], dim=1)


def _signed(draws: "torch.Tensor", limit: float) -> "torch.Tensor":
    return (draws * 2 - 1) * limit


def _placed(
    images: "torch.Tensor",
    how: Augmentation,
    draws: "torch.Tensor",
    boxes: "torch.Tensor | None",
    side: int | None,
) -> "torch.Tensor":
    """Flips and quarter turns by moving pixels if there is nothing else, otherwise all transforms in one resampling."""
    import torch.nn.functional as F

    height, width = images.shape[-2:]
    mirrored = (draws[:, 0] < 0.5) & how.horizontal_flip
    upside_down = (draws[:, 1] < 0.5) & how.vertical_flip
    turns = (draws[:, 2] * 4).long().clamp_(max=3) * how.quarter_turns
    if (how.rotate, how.zoom, how.shift, how.warp, how.crop) == (0, 1, 0, 0, 1) and (
        height == width or not how.quarter_turns
    ):
        return _moved(images if side is None else _resized(images, side), how, mirrored, upside_down, turns)
    matrices = _matrices(how, draws, mirrored, upside_down, turns, width / height)
    if boxes is not None:
        matrices = _within(matrices, _beside(images, boxes))
    grid = (_perspective_grid if how.warp else _affine_grid)(matrices, side or height, side or width)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _resized(images: "torch.Tensor", side: int) -> "torch.Tensor":
    """Shrunk to `side` px: to half or more by the four pixels around each place, else by all that a pixel covers."""
    import torch.nn.functional as F

    return F.interpolate(images, (side, side), mode="bilinear", antialias=2 * side < images.shape[-1])


def _beside(images: "torch.Tensor", numbers: "torch.Tensor") -> "torch.Tensor":
    """Random numbers on the device of the images. A GPU is not waited for; see `core.model.machine.sent`."""
    numbers = numbers.pin_memory() if images.is_cuda and numbers.device.type == "cpu" else numbers
    return numbers.to(images.device, non_blocking=True)


def _moved(
    images: "torch.Tensor",
    how: Augmentation,
    mirrored: "torch.Tensor",
    upside_down: "torch.Tensor",
    turns: "torch.Tensor",
) -> "torch.Tensor":
    """The images flipped, then turned counter-clockwise; the values of the pixels do not change.

    Which ones is decided on their device: a GPU would be waited for, were they picked out.
    """
    import torch

    def chosen(which: "torch.Tensor", these: "torch.Tensor", others: "torch.Tensor") -> "torch.Tensor":
        return torch.where(which[:, None, None, None], these, others)

    flipped = images.clone()
    if how.horizontal_flip:
        flipped = chosen(mirrored, flipped.flip(-1), flipped)
    if how.vertical_flip:
        flipped = chosen(upside_down, flipped.flip(-2), flipped)
    turned = flipped
    for count in (1, 2, 3) if how.quarter_turns else ():
        turned = chosen(turns == count, flipped.rot90(count, (-2, -1)), turned)
    return turned


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
