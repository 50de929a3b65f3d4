"""Colour pictures of 16 bits a channel, of which 16, 12 or 8 are in use."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.data.decode import decode
from tests.core.data.making import deep_png, deep_tiff

WRITERS: dict[str, Callable[[np.ndarray], bytes]] = {
    "png": deep_png,
    "tif": deep_tiff,
    "big-endian.tif": lambda values: deep_tiff(values, ">"),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("white", [255, 4095, 65535])
def test_the_bits_in_use_fill_the_scale(tmp_path: Path, kind: str, white: int) -> None:
    values = np.random.default_rng(white).integers(0, white + 1, (16, 16, 3)).astype(np.uint16)
    values[0, 0] = white
    (tmp_path / f"a.{kind}").write_bytes(WRITERS[kind](values))
    np.testing.assert_allclose(decode(tmp_path / f"a.{kind}", 16), values / white * 255, atol=1)


def test_transparency_keeps_its_own_scale(tmp_path: Path) -> None:
    values = np.full((8, 8, 4), 4095, dtype=np.uint16)
    values[..., :3] = (4095, 0, 0)
    values[..., 3] = 65535
    values[4:, :, 3] = 0
    (tmp_path / "a.png").write_bytes(deep_png(values))
    pixels = decode(tmp_path / "a.png", 8)
    assert pixels[0, 0].tolist() == [255, 0, 0]
    assert pixels[7, 7].tolist() == [255, 255, 255]


def test_a_dark_picture_of_eight_bits_stays_dark(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (9, 9, 9)).save(tmp_path / "a.png")
    assert (decode(tmp_path / "a.png", 8) == 9).all()
