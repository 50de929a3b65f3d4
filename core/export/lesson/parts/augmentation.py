"""Random changes of images."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from core.export.lesson.parts.images import shrunk

# %% words: augmentation
# ## Augmentation
#
# A photo of a cat that is turned a little is still a photo of that cat. Random changes that keep the label make of each
# image a new one in every epoch. All of them are one resampling: a matrix says where in the old image each new pixel
# lies.


# %% code: augmentation
def augment(images: Tensor, how: dict[str, Any], draws_from: torch.Generator, side: int) -> Tensor:
    """Images (B, 3, S, S), each changed by random amounts of its own, of `side` pixels then."""
    count = len(images)
    draws = torch.rand(count, 11, generator=draws_from)

    def signed(column: int, limit: float) -> Tensor:
        return (draws[:, column] * 2 - 1) * limit

    boxes = crop_boxes(count, how["crop"], draws_from) if how["crop"] < 1 else None
    mirrored = (draws[:, 0] < 0.5) & how["horizontal_flip"]
    upside_down = (draws[:, 1] < 0.5) & how["vertical_flip"]
    turns = (draws[:, 2] * 4).long().clamp_(max=3) * how["quarter_turns"]
    if (how["rotate"], how["zoom"], how["shift"], how["warp"], how["crop"]) == (0, 1, 0, 0, 1):
        changed = images.clone()  # flips and quarter turns alone only move pixels
        if side < images.shape[-1]:  # only: growing
            changed = shrunk(images, side)  # only: growing
        changed[mirrored] = changed[mirrored].flip(-1)
        changed[upside_down] = changed[upside_down].flip(-2)
        for quarter in (1, 2, 3):
            changed[turns == quarter] = changed[turns == quarter].rot90(quarter, (-2, -1))
    else:
        angle, scale = torch.deg2rad(signed(3, how["rotate"]) + 90 * turns), how["zoom"] ** -draws[:, 4]
        cos, sin = angle.cos() * scale, angle.sin() * scale
        across, down = 1 - 2 * mirrored.float(), 1 - 2 * upside_down.float()
        matrix = torch.zeros(count, 3, 3)
        matrix[:, 0, 0], matrix[:, 0, 1] = across * cos, -across * sin
        matrix[:, 1, 0], matrix[:, 1, 1] = down * sin, down * cos
        matrix[:, :2, 2] = (draws[:, 5:7] * 2 - 1) * (2 * how["shift"])
        matrix[:, 2, :2] = (draws[:, 7:9] * 2 - 1) * (how["warp"] / 2)
        matrix[:, 2, 2] = 1
        if boxes is not None:
            half, centre = boxes[:, 2:] - boxes[:, :2], boxes[:, :2] + boxes[:, 2:] - 1
            rows = half[:, :, None] * matrix[:, :2] + centre[:, :, None] * matrix[:, 2:]
            matrix = torch.cat([rows, matrix[:, 2:]], dim=1)
        at = (torch.arange(side) * 2 + 1) / side - 1
        if how["warp"]:
            places = torch.stack([at.repeat(side), at.repeat_interleave(side), torch.ones(side * side)], dim=1)
            moved = places @ matrix.transpose(1, 2)
            grid = (moved[..., :2] / moved[..., 2:]).view(-1, side, side, 2)
        else:
            x = matrix[:, :2, 0, None] * at
            y = matrix[:, :2, 1, None] * at + matrix[:, :2, 2, None]
            grid = (x[:, :, None, :] + y[:, :, :, None]).permute(0, 2, 3, 1)
        changed = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    if how["brightness"] or how["contrast"]:
        amount = signed(9, how["contrast"]).view(-1, 1, 1, 1)
        contrast = (1 + amount.abs()) ** amount.sign()
        mean = changed.mean(dim=(1, 2, 3), keepdim=True)
        brightness = signed(10, how["brightness"]).view(-1, 1, 1, 1)
        changed = changed.mul_(contrast).add_(mean * (1 - contrast) + brightness).clamp_(0, 1)
    return changed.contiguous(memory_format=torch.channels_last)


def crop_boxes(count: int, least: float, draws_from: torch.Generator) -> Tensor:
    """Random parts of the images, `least` to 1 of the area: left, top, right, bottom (count, 4) in 0..1."""
    draws = torch.rand(count, 10, 2, generator=draws_from)
    place = torch.rand(count, 2, generator=draws_from)
    area = least + draws[..., 0] * (1 - least)
    aspect = torch.exp((draws[..., 1] * 2 - 1) * math.log(4 / 3))
    sides = torch.stack([(area * aspect).sqrt(), (area / aspect).sqrt()], dim=-1)
    fits = (sides <= 1).all(dim=-1)
    chosen = sides[torch.arange(count), fits.float().argmax(dim=1)]
    chosen = torch.where(fits.any(dim=1, keepdim=True), chosen, torch.ones_like(chosen))
    corner = place * (1 - chosen)
    return torch.cat([corner, corner + chosen], dim=1)
