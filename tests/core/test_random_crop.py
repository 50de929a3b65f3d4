"""Random crops: torchvision's RandomResizedCrop is the oracle for the boxes, plain slicing for the pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp
from torchvision.transforms import RandomResizedCrop

from core.augment import SIDE_ON, Augmentation, augment
from core.augment.images import boxes_drawn, crop_boxes

SIDE = 20_000
"""Of torchvision's image: large, so that rounding to pixels does not show."""


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("crop", [0.08, 0.35, 0.8])
def test_areas_ratios_and_places_are_distributed_as_torchvisions(crop):
    torch.manual_seed(0)
    blank = torch.zeros(1).expand(3, SIDE, SIDE)
    theirs = np.array([RandomResizedCrop.get_params(blank, [crop, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)]) / SIDE
    left, top, right, bottom = crop_boxes(4000, Augmentation(crop=crop), generator=seeded()).numpy().T
    width, height = right - left, bottom - top
    for mine, other in (
        (width * height, theirs[:, 2] * theirs[:, 3]),
        (width / height, theirs[:, 3] / theirs[:, 2]),
        (left, theirs[:, 1]),
        (top, theirs[:, 0]),
    ):
        assert ks_2samp(mine, other).pvalue > 0.001


@given(st.floats(0.05, 1.0), st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_a_box_lies_in_the_image_and_has_the_area_asked_for(crop, seed):
    left, top, right, bottom = crop_boxes(64, Augmentation(crop=crop), generator=seeded(seed)).numpy().T
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (right <= 1 + 1e-6).all()
    assert (bottom <= 1 + 1e-6).all()
    area, ratio = (right - left) * (bottom - top), (right - left) / (bottom - top)
    assert (area >= crop - 1e-5).all()
    assert (ratio <= 4 / 3 + 1e-4).all()
    assert (ratio >= 3 / 4 - 1e-4).all()


def test_the_pixels_are_those_of_the_box_enlarged():
    ramp = torch.linspace(0, 1, 64)
    image = torch.stack([ramp.expand(64, 64), ramp[:, None].expand(64, 64), torch.zeros(64, 64)])
    how = Augmentation(crop=0.3)
    out = augment(image.expand(32, -1, -1, -1), how, generator=seeded(3))
    boxes = boxes_drawn(32, how, generator=seeded(3))
    inner = slice(8, -8)
    for picture, (left, top, right, bottom) in zip(out, boxes.tolist(), strict=True):
        places = (torch.arange(64) + 0.5) / 64
        x, y = left + places * (right - left), top + places * (bottom - top)
        expected = ((x * 64 - 0.5) / 63).clamp(0, 1), ((y * 64 - 0.5) / 63).clamp(0, 1)
        assert torch.allclose(picture[0, 0, inner], expected[0][inner], atol=2e-3)
        assert torch.allclose(picture[1, inner, 0], expected[1][inner], atol=2e-3)


def test_other_transforms_keep_their_amounts_when_a_crop_is_added():
    images = torch.rand(16, 3, 24, 24, generator=seeded(1))
    flips = Augmentation(horizontal_flip=True)
    plain = augment(images, flips, generator=seeded(5))
    mirrored = (plain != images).flatten(1).any(1)
    cropped = augment(images, flips.model_copy(update={"crop": 0.9999}), generator=seeded(5))
    again = (cropped - images).abs().flatten(1).mean(1) > 0.05
    assert torch.equal(mirrored, again)


def test_without_a_crop_the_generator_is_used_as_before():
    one, other = seeded(7), seeded(7)
    augment(torch.rand(4, 3, 8, 8), SIDE_ON, generator=one)
    torch.rand(4, 11, generator=other)
    assert torch.equal(one.get_state(), other.get_state())


def test_the_same_generator_crops_the_same():
    images = torch.rand(4, 3, 16, 16, generator=seeded())
    how = Augmentation(crop=0.4, rotate=10)
    assert torch.equal(augment(images, how, generator=seeded(2)), augment(images, how, generator=seeded(2)))
