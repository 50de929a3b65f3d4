"""Every kind of image comes out upright, in colour and square; everything else with a plain reason."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from core.data import decode as module
from core.data.decode import decode, look
from core.errors import DataError
from tests.core.data.making import encoded, picture, png


def saved(folder: Path, image: Image.Image, name: str, **settings: object) -> Path:
    path = folder / name
    image.save(path, **settings)
    return path


def quadrants(width: int = 64, height: int = 64) -> Image.Image:
    """Red, green / blue, white: any turn or flip shows."""
    values = np.zeros((height, width, 3), dtype=np.uint8)
    values[: height // 2, : width // 2] = (255, 0, 0)
    values[: height // 2, width // 2 :] = (0, 255, 0)
    values[height // 2 :, : width // 2] = (0, 0, 255)
    values[height // 2 :, width // 2 :] = (255, 255, 255)
    return Image.fromarray(values)


def corners(pixels: np.ndarray) -> list[str]:
    names = {(1, 0, 0): "red", (0, 1, 0): "green", (0, 0, 1): "blue", (1, 1, 1): "white"}
    edge = pixels.shape[0] - 4
    return [names[tuple(int(v > 127) for v in pixels[y, x])] for y in (3, edge) for x in (3, edge)]


def test_same_size_is_the_picture_itself(tmp_path: Path) -> None:
    image = picture(1, 16, 16)
    pixels = decode(saved(tmp_path, image, "a.png"), 16)
    assert pixels.dtype == np.uint8
    assert pixels.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(pixels, np.asarray(image))


@pytest.mark.parametrize(("width", "height"), [(40, 20), (20, 40)])
def test_the_centre_of_the_longer_side_is_cut_out(tmp_path: Path, width: int, height: int) -> None:
    image = picture(2, width, height)
    left, top = (width - 20) // 2, (height - 20) // 2
    wanted = np.asarray(image.crop((left, top, left + 20, top + 20)))
    np.testing.assert_array_equal(decode(saved(tmp_path, image, "a.png"), 20), wanted)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_exif_rotation_is_undone(tmp_path: Path, orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, quadrants(64, 96), f"a.{kind}", exif=exif, quality=95)
    with Image.open(path) as stored:
        upright = ImageOps.exif_transpose(stored)
    assert corners(decode(path, 32)) == corners(np.asarray(upright.convert("RGB").resize((32, 32))))
    facts = look(path)
    assert (facts.width, facts.height) == upright.size


def test_a_phone_held_upright_stores_the_picture_lying(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, quadrants().transpose(Image.Transpose.ROTATE_90), "a.jpg", exif=exif)
    assert corners(decode(path, 32)) == ["red", "green", "blue", "white"]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_damaged_orientation_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = saved(tmp_path, quadrants(), "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    assert corners(decode(path, 32)) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I;16"])
def test_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    kind = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    if mode == "I;16":
        image = Image.fromarray(np.full((20, 20), 51 * 257, dtype=np.uint16))
    else:
        image = Image.new("RGB", (20, 20), (51, 51, 51)).convert(mode, dither=Image.Dither.NONE)
    path = saved(tmp_path, image, f"a.{kind}")
    wanted = 0 if mode == "1" else 51
    pixels = decode(path, 10)
    assert pixels.shape == (10, 10, 3)
    np.testing.assert_allclose(pixels[2:8, 2:8].astype(int), wanted, atol=3)


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    clear = saved(tmp_path, Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "clear.png")
    assert (decode(clear, 8) == 255).all()
    half = saved(tmp_path, Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "half.png")
    assert abs(int(decode(half, 8)[0, 0, 0]) - 127) <= 1
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([255, 0, 0] * 256)
    assert (decode(saved(tmp_path, palette, "p.png", transparency=0), 8) == 255).all()
    grey = Image.new("L", (8, 8), 7)
    assert (decode(saved(tmp_path, grey, "l.png", transparency=7), 8) == 255).all()


def test_sixteen_bit_tiff_and_float_tiff(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    np.testing.assert_allclose(decode(saved(tmp_path, Image.fromarray(ramp), "a.tif"), 8)[..., 0], ramp / 257, atol=1)
    floats = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)
    floats[0, 0] = np.nan
    pixels = decode(saved(tmp_path, Image.fromarray(floats), "b.tif"), 8)
    assert pixels.max() == 255
    assert pixels[7, 7, 0] > pixels[4, 0, 0]
    signed = Image.fromarray(np.array([[-5, 5], [0, 5]], dtype=np.int32))
    assert decode(saved(tmp_path, signed, "c.tif"), 2)[..., 0].tolist() == [[0, 255], [128, 255]]


def test_tiny_and_thin(tmp_path: Path) -> None:
    dot = saved(tmp_path, Image.new("RGB", (1, 1), (10, 20, 30)), "dot.png")
    assert (decode(dot, 32) == (10, 20, 30)).all()
    assert (look(dot).width, look(dot).height) == (1, 1)
    assert decode(saved(tmp_path, Image.new("RGB", (3000, 1)), "line.png"), 16).shape == (16, 16, 3)


def test_animation_and_multi_picture_give_the_first(tmp_path: Path) -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    gif = saved(tmp_path, red, "a.gif", save_all=True, append_images=[blue])
    assert (decode(gif, 8) == (255, 0, 0)).all()
    mpo = saved(tmp_path, red, "a.mpo", save_all=True, append_images=[blue])
    assert decode(mpo, 8)[0, 0, 0] > 240


def test_a_large_jpeg_keeps_its_size_and_colours(tmp_path: Path) -> None:
    path = saved(tmp_path, quadrants(1600, 1200), "a.jpg", quality=90)
    facts = look(path)
    assert (facts.width, facts.height) == (1600, 1200)
    assert corners(decode(path, 48)) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize(("subsampling", "bytes_a_pixel"), [(0, 6), (2, 3)])
def test_a_progressive_jpeg_that_needs_too_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subsampling: int, bytes_a_pixel: int
) -> None:
    path = saved(tmp_path, picture(0, 64, 64), "a.jpg", progressive=True, subsampling=subsampling)
    monkeypatch.setattr(module, "MOST_PROGRESSIVE_BYTES", 64 * 64 * bytes_a_pixel)
    assert decode(path, 8).shape == (8, 8, 3)
    monkeypatch.setattr(module, "MOST_PROGRESSIVE_BYTES", 64 * 64 * bytes_a_pixel - 1)
    with pytest.raises(DataError, match=r"progressive JPEG of 0 megapixels.*Save it smaller, or as a JPEG that is not"):
        decode(path, 8)
    assert decode(saved(tmp_path, picture(0, 64, 64), "b.jpg"), 8).shape == (8, 8, 3)


def test_the_name_need_not_say_the_format(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(png(3))
    np.testing.assert_array_equal(decode(path, 10), np.asarray(picture(3).crop((1, 0, 11, 10))))


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    one, same, other = (tmp_path / name for name in ("a.png", "b.png", "c.png"))
    one.write_bytes(png(1))
    same.write_bytes(png(1))
    other.write_bytes(png(2))
    assert look(one).digest == look(same).digest != look(other).digest


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has so many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


BAD = {
    "empty.jpg": (b"", "The file is empty."),
    "text.jpg": (b"I am not a picture,\nat all.", "Not an image, though its name ends in .jpg: its content is text."),
    "notes.txt": ("Grüße".encode(), "Not an image: its content is text."),
    "binary.png": (b"\0\1\2\3" * 99, "though its name ends in .png: its content is in no image format"),
    "vector.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Not an image: its content is text."),
    "postscript.eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "Not an image"),
    "bomb.png": (bomb(14000, 14000), "many megapixels; up to 89 are read"),
    "big.png": (bomb(10000, 10000), "The image has 100 megapixels; up to 89 are read."),
    "noise.png": (b"\x89PNG\r\n\x1a\n" + b"\x07" * 200, "image"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path: Path, name: str) -> None:
    content, reason = BAD[name]
    (tmp_path / name).write_bytes(content)
    for attempt in (look, lambda path: decode(path, 8)):
        with pytest.raises(DataError) as refusal:
            attempt(tmp_path / name)
        assert reason in str(refusal.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_file_cut_short_is_found_at_the_first_look(tmp_path: Path, kind: str, kept: float) -> None:
    content = encoded(picture(5, 120, 90), kind)
    path = tmp_path / "cut"
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(DataError, match=r"cut short|damaged|Not an image"):
        look(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_any_byte_flipped_gives_a_picture_or_a_reason(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "flipped"
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP"):
        whole = encoded(picture(6, 40, 30), kind)
        for _ in range(40):
            content = bytearray(whole)
            content[rng.integers(min(len(content), 200))] ^= int(rng.integers(1, 256))
            path.write_bytes(content)
            try:
                assert decode(path, 8).shape == (8, 8, 3)
            except DataError as refusal:
                assert str(refusal).endswith(".")  # noqa: PT017


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="does not exist"):
        look(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="not a regular file"):
        look(tmp_path / "pipe.png")
    path = saved(tmp_path, picture(), "a.png")

    def refusal(error: OSError) -> str:
        def reading(handle: int) -> bytes:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(module, "_content", reading)
            with pytest.raises(DataError) as refused:
                look(path)
        return str(refused.value)

    assert "cannot be opened: permission denied" in refusal(PermissionError(13, "Permission denied"))
    assert "cannot be read: Input/output error" in refusal(OSError(5, "Input/output error"))
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    with pytest.raises(DataError, match="MB; the limit is"):
        look(path)
