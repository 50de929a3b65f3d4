"""Pictures with 16 bits a channel, of which often fewer are in use: microscopes and other cameras put 12 bits in 16."""

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

Pixels = npt.NDArray[np.uint8]

_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def eight_bit(image: Image.Image) -> Pixels:
    """Brightness of more than 8 bits as uint8: up to 16 bits by the bits in use, else from the lowest to the highest.

    Values up to 4095 are taken for 12 bits in 16, up to 255 for 8 bits.
    """
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if image.mode != "F" and low >= 0 and high <= 65535:
        low, high = 0.0, _most(high)
    return _scaled(values, low, high)


def has_deep_colours(image: ImageFile.ImageFile) -> bool:
    """Whether an image, not yet decoded, has 16 bits in each of several channels, of which Pillow keeps the upper 8."""
    return bool(image.tile) and all(_raw_mode(tile).startswith(("RGB;16", "RGBA;16")) for tile in image.tile)


def stretch_colours(image: ImageFile.ImageFile, opened_again: Callable[[], ImageFile.ImageFile]) -> None:
    """Put 12 bits in 16, which Pillow decodes to nearly black, on the scale of 8 bits, in place.

    `image` is decoded and has deep colours; `opened_again` gives it anew and not decoded, for its lower bytes.
    """
    upper = np.asarray(image)
    if upper[..., :3].max(initial=0) > 0x0F:
        return
    other = opened_again()
    other.tile = [_in_other_order(tile) for tile in other.tile]
    values = upper[..., :3].astype(np.float32) * 256 + np.asarray(other)[..., :3]
    colours = _scaled(values, 0.0, _most(float(values.max())))
    image.paste(Image.fromarray(np.concatenate([colours, upper[..., 3:]], axis=2)))


def _most(high: float) -> float:
    """The white of an image whose highest value is `high`: that of 8, 12 or 16 bits."""
    return next(float(most) for most in (255, 4095, 65535) if high <= most)


def _scaled(values: npt.NDArray[np.float32], low: float, high: float) -> Pixels:
    return ((values - low) / max(high - low, 1e-12) * 255).round().astype(np.uint8)


def _raw_mode(tile: ImageFile._Tile) -> str:
    """How the bytes of a tile lie: "RGB;16B"."""
    how = tile.args
    return str(how[0] if isinstance(how, tuple) and how else how)


def _in_other_order(tile: ImageFile._Tile) -> ImageFile._Tile:
    """A tile with the bytes of each channel exchanged, so that the lower ones are kept."""
    mode = _raw_mode(tile)
    swapped = mode[:-1] + _OTHER_ORDER[mode[-1]]
    how = (swapped, *tile.args[1:]) if isinstance(tile.args, tuple) else swapped
    return tile._replace(args=how)
