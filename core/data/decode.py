"""From the bytes of an image file, whatever they are, to a square of RGB or a plain reason why not."""

import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from core.data.deep_colours import eight_bit, has_deep_colours, stretch_colours
from core.data.folder_names import PLACEHOLDER
from core.data.formats import RAW, can_read_heic, is_heic, kind_of, without_large_chunks
from core.errors import DataError

Pixels = npt.NDArray[np.uint8]

T = TypeVar("T")

Fit = Literal["crop", "squash", "pad"]
"""How a picture that is not square becomes one: its centre cut out, both sides scaled, or its surroundings filled."""

FITS: tuple[Fit, ...] = ("crop", "squash", "pad")


def checked_fit(value: object) -> Fit:
    """`value` if it is one of `FITS`; raises `ValueError`."""
    found = next((fit for fit in FITS if fit == value), None)
    if found is None:
        raise ValueError(f"a picture is fitted by {', '.join(FITS)}, not by {value!r}")
    return found


FILLED = (124, 116, 104)
"""Colour around a padded picture: the mean of ImageNet, which is 0 to a pretrained network."""

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "JPEG2000", "ICO")
"""Formats that are tried; those left out run other programs, or hold no pictures. (MPO comes with JPEG.)"""

SUFFIXES = frozenset(
    ".jpg .jpeg .jpe .jfif .png .gif .bmp .tif .tiff .webp .avif .heic .heif .ppm .jp2 .ico".split()  # noqa: SIM905
)

MOST_PIXELS = 89_000_000
"""Just below the size from which Pillow suspects a decompression bomb."""

MOST_JPEG_PIXELS = 300_000_000
"""A JPEG may have more, as it is decoded at an eighth of its size; phones write up to 200 million."""

MOST_PROGRESSIVE_BYTES = 640 * 2**20
"""A progressive JPEG is held in memory whole before any of it can be decoded, mostly 3 bytes a pixel. This is enough
for 200 megapixels; one such image is decoded at a time."""

_BYTES_A_COEFFICIENT = 2

MOST_BYTES = 512 * 2**20

_TO_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without waiting: a pipe among the images would never answer."""

_WITH_ORIENTATION = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"})
"""What Pillow reads the orientation of a JPEG from; most small ones have none of them."""

_HUGE_PIXELS = 12_000_000
_one_huge_at_a_time = threading.Lock()

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what brings the picture upright."""


@dataclass(frozen=True)
class ImageFacts:
    """Size in pixels as seen upright, and a digest of the file's bytes."""

    width: int
    height: int
    digest: str


def digest_of(content: bytes) -> str:
    """Digest of a file's bytes: equal for exact duplicates only."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def look(path: str | Path) -> ImageFacts:
    """Decode the whole file once, at the smallest scale; raises `DataError` with the reason when it cannot be."""
    content = read(path)

    def upright(image: ImageFile.ImageFile, stored: tuple[int, int]) -> tuple[int, int]:
        return stored[::-1] if _orientation(image) >= 5 else stored

    return ImageFacts(*_made(content, os.path.splitext(path)[1], 1, upright), digest_of(content))


def decode(path: Path, size: int, fit: Fit = "crop") -> Pixels:
    """The picture as RGB, uint8 of shape (size, size, 3), upright, transparent parts on white.

    To "crop", the shorter side is scaled to `size` (bicubic) and the centre is cut out; to "pad", the longer side, and
    what is missing is filled with `FILLED`; to "squash", each side by itself. Raises `DataError` with the reason when
    the file is no image, is damaged, or is too large.
    """
    return decode_bytes(read(path), size, path.suffix, fit)


def decode_bytes(content: bytes, size: int, suffix: str = "", fit: Fit = "crop") -> Pixels:
    """`decode` of the content of a file; `suffix` is what its name ended in."""

    def pixels(image: ImageFile.ImageFile, _: tuple[int, int]) -> Pixels:
        square = _upright_square(image, size, fit)
        return np.frombuffer(square.tobytes(), dtype=np.uint8).reshape(size, size, 3).copy()

    return _made(content, suffix, size, pixels)


def read(path: str | Path) -> bytes:
    """The bytes of a regular file that is not empty and not enormous; raises `DataError`."""
    try:
        handle = os.open(path, _TO_READ)
        try:
            content = _content(handle)
        finally:
            os.close(handle)
    except FileNotFoundError as error:
        raise DataError("The file does not exist.") from error
    except PermissionError as error:
        raise DataError("The file cannot be opened: permission denied.") from error
    except OSError as error:
        raise DataError(f"The file cannot be read: {error.strerror or error}.") from error
    if not content:
        raise DataError("The file is empty.")
    return content


def _content(handle: int) -> bytes:
    """What is in an open file; small images are decoded in less time than Python's own file objects take."""
    facts = os.fstat(handle)
    if not stat.S_ISREG(facts.st_mode):
        raise DataError("It is not a regular file.")
    if facts.st_size > MOST_BYTES:
        raise DataError(f"The file is {facts.st_size / 2**20:,.0f} MB; the limit is {MOST_BYTES >> 20} MB.")
    content = os.read(handle, facts.st_size)
    while len(content) < facts.st_size and (more := os.read(handle, facts.st_size - len(content))):
        content += more
    return content


def _made(content: bytes, suffix: str, size: int, make: Callable[[ImageFile.ImageFile, tuple[int, int]], T]) -> T:
    """What `make` gives of the image, a JPEG decoded at the smallest scale not below `size`, and its size as stored."""
    try:
        image = _recognised(content, suffix)
        stored = image.size
        most = MOST_JPEG_PIXELS if isinstance(image, JpegImagePlugin.JpegImageFile) else MOST_PIXELS
        image.draft(None, (size, size))
        if stored[0] * stored[1] > most or image.width * image.height > MOST_PIXELS:
            raise DataError(_too_large(f"{stored[0] * stored[1] / 1e6:,.0f} megapixels"))
        _refuse_progressive(image, stored)
        with _turn(stored):
            deep = image.format != "JPEG" and has_deep_colours(image)
            image.load()
            if deep:
                stretch_colours(image, lambda: _recognised(content, suffix))
            return make(image, stored)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(_no_image(content, suffix)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise DataError(_too_large("too many megapixels")) from error
    except Exception as error:  # on hostile bytes Pillow's decoders raise nearly anything
        what = "HEIC image" if is_heic(content) else "image"
        if "truncated" in str(error).lower():
            raise DataError(f"The {what} is cut short: the file ends before the picture does.") from error
        raise DataError(f"The {what} is damaged: {_short(error)}.") from error


def _refuse_progressive(image: Image.Image, stored: tuple[int, int]) -> None:
    """Raise `DataError` for a progressive JPEG that needs too much memory: it is decoded whole, whatever the scale."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or not image.info.get("progressive"):
        return
    most = max(across * down for _, across, down, _ in image.layer)
    blocks = sum(across * down / most for _, across, down, _ in image.layer)
    needed = int(stored[0] * stored[1] * blocks * _BYTES_A_COEFFICIENT)
    if needed > MOST_PROGRESSIVE_BYTES:
        raise DataError(
            f"The image is a progressive JPEG of {stored[0] * stored[1] / 1e6:,.0f} megapixels, which takes "
            f"{needed >> 20:,} MB of memory to decode; up to {MOST_PROGRESSIVE_BYTES >> 20} are used. Save it smaller, "
            "or as a JPEG that is not progressive."
        )


def _recognised(content: bytes, suffix: str) -> ImageFile.ImageFile:
    """The image, its pixels not yet decoded. Raises what Pillow raises, and `DataError` for kinds that it mistakes."""
    if suffix.lower() in RAW or suffix.lower() == PLACEHOLDER:
        raise DataError(kind_of(content, suffix))
    if content.startswith(b"\xff\xd8\xff"):  # not by Image.open, which refuses large ones before it knows the scale
        try:
            return JpegImagePlugin.jpeg_factory(io.BytesIO(content))
        except SyntaxError as error:
            raise UnidentifiedImageError(str(error)) from error
    if is_heic(content) and can_read_heic():
        import pi_heif

        pi_heif.register_heif_opener()
        return Image.open(io.BytesIO(content), formats=("HEIF",))
    return Image.open(io.BytesIO(without_large_chunks(content)), formats=FORMATS)


def _turn(stored: tuple[int, int]) -> AbstractContextManager[object]:
    """Threads decode side by side, except for images so large that several would fill the memory."""
    return _one_huge_at_a_time if stored[0] * stored[1] > _HUGE_PIXELS else nullcontext()


def _orientation(image: Image.Image) -> int:
    if image.format == "JPEG" and image.info.keys().isdisjoint(_WITH_ORIENTATION):
        return 1
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # a damaged EXIF block is no reason to refuse the picture
        return 1


def _upright_square(image: Image.Image, size: int, fit: Fit) -> Image.Image:
    orientation = _orientation(image)
    across, down, box = _scaled(image.width, image.height, size, fit)
    square = _plain(image).resize((across, down), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    if square.mode == "RGBA":
        square = Image.alpha_composite(Image.new("RGBA", square.size, "white"), square)
    square = square if square.mode == "RGB" else square.convert("RGB")
    if (across, down) != (size, size):
        whole = Image.new("RGB", (size, size), FILLED)
        whole.paste(square, ((size - across) // 2, (size - down) // 2))
        square = whole
    return square.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else square


def _scaled(width: int, height: int, size: int, fit: Fit) -> tuple[int, int, tuple[int, int, int, int]]:
    """What of a picture of `width` and `height` is scaled, and to how many pixels across and down."""
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return size, size, (left, top, left + side, top + side)
    whole = (0, 0, width, height)
    if fit == "squash":
        return size, size, whole
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale)), whole


def _plain(image: Image.Image) -> Image.Image:
    """The picture in a mode that can be resized: L, RGB, RGBA or CMYK."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return Image.fromarray(eight_bit(image))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _no_image(content: bytes, suffix: str) -> str:
    known = kind_of(content, suffix)
    if known:
        return known
    kind = "its content is text" if _is_text(content[:512]) else "its content is in no image format that Anneal reads"
    if suffix.lower() in SUFFIXES:
        return f"Not an image, though its name ends in {suffix}: {kind}."
    return f"Not an image: {kind}."


def _is_text(start: bytes) -> bool:
    return all(byte >= 32 or byte in (9, 10, 12, 13) for byte in start)


def _too_large(what: str) -> str:
    return f"The image has {what}; up to {MOST_PIXELS // 1_000_000} are read."


def _short(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:120].rstrip(".")
