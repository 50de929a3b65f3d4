"""The heat over a picture against torch's resampling and the palette."""

import numpy as np
import torch
import torch.nn.functional as F

from core.charts.heat import HEAT, _enlarged, over_picture
from core.charts.palette import SEQUENTIAL


def rgb(colour):
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])


def test_a_map_is_enlarged_as_torch_enlarges_it():
    values = np.random.default_rng(0).normal(size=(4, 7))
    wanted = F.interpolate(torch.from_numpy(values)[None, None], size=(50, 33), mode="bilinear", align_corners=False)
    assert np.allclose(_enlarged(values, 50, 33), wanted[0, 0].numpy())


def test_the_hottest_place_is_the_brightest_colour_and_what_speaks_against_is_the_darkest():
    black = np.zeros((8, 8, 3), dtype=np.uint8)
    found = over_picture(black, np.array([[3.0, -5.0]]))
    assert (found[0, 0] == np.rint(HEAT * rgb(SEQUENTIAL[-1]))).all()
    assert (found[0, -1] == np.rint(HEAT * rgb(SEQUENTIAL[0]))).all()


def test_the_picture_shows_through_without_its_colours():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    found = over_picture(pixels, np.zeros((2, 2))).astype(float)
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    assert np.allclose(found, HEAT * rgb(SEQUENTIAL[0]) + (1 - HEAT) * luma[..., None], atol=0.51)


def test_a_map_that_is_negative_or_not_finite_is_dark_everywhere():
    pixels = np.full((4, 4, 3), 200, dtype=np.uint8)
    dark = over_picture(pixels, np.zeros((1, 1)))
    assert (over_picture(pixels, np.full((2, 2), -1.0)) == dark).all()
    assert (over_picture(pixels, np.full((2, 2), np.nan)) == dark).all()
