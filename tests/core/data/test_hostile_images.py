"""Images made to do harm: a picture or a sentence, in little time and memory, and nothing else happens."""

import io
import resource
import struct
import warnings
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from core.data.decode import decode, look
from core.errors import DataError
from tests.core.data.making import encoded, picture, png
from tests.core.data.watch import nothing_outside

SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif", "WEBP": ".webp",
            "JPEG2000": ".jp2", "ICO": ".ico", "PPM": ".ppm", "AVIF": ".avif"}  # fmt: skip
WHOLE = {kind: encoded(picture(3, 32, 24), kind) for kind in SUFFIXES}
MOST_MB = 700
"""By how much a hostile image may raise the most memory that this process ever held."""


def tried(path: Path, content: bytes) -> str:
    """What is said of such a file, "" where it is a picture; both ways to read it agree that they do not fail."""
    path.write_bytes(content)
    said = []
    with nothing_outside(path.parent), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of damaged metadata
        for read in (look, lambda path: decode(path, 8)):
            try:
                read(path)
                said.append("")
            except DataError as refusal:
                said.append(str(refusal))
    assert all(reason == "" or reason.endswith(".") for reason in said), said
    return next(filter(None, said), "")


@pytest.mark.parametrize("kind", SUFFIXES)
def test_cut_short_at_every_byte(tmp_path: Path, kind: str) -> None:
    whole, path = WHOLE[kind], tmp_path / f"a{SUFFIXES[kind]}"
    assert tried(path, whole) == ""
    step = max(1, len(whole) // 400)
    refused = [bool(tried(path, whole[:length])) for length in range(0, len(whole), step)]
    assert sum(refused) > 0.9 * len(refused)  # what lacks only its last mark can be a picture


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(SUFFIXES)),
    st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 255)), min_size=1, max_size=12),
)
def test_any_bytes_changed(tmp_path: Path, kind: str, changes: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE[kind])
    for at, value in changes:
        content[at % min(len(content), 600)] = value
    tried(tmp_path / f"a{SUFFIXES[kind]}", bytes(content))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(SUFFIXES)), st.binary(max_size=300))
@example("TIFF", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 200)
@example("GIF", b"GIF89a\xff\xff\xff\xff\xf7\0\0" + b"\xff" * 100)
@example("BMP", b"BM" + b"\xff" * 60)
@example("PPM", b"P6 999999999 999999999 255\n")
def test_the_right_beginning_and_then_any_bytes(tmp_path: Path, kind: str, content: bytes) -> None:
    tried(tmp_path / f"a{SUFFIXES[kind]}", WHOLE[kind][:12] + content)
    tried(tmp_path / f"b{SUFFIXES[kind]}", content)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_another_kind_than_the_name_says(tmp_path: Path, kind: str) -> None:
    for suffix in SUFFIXES.values():
        assert tried(tmp_path / f"a{suffix}", WHOLE[kind]) == ""


def polyglots() -> dict[str, bytes]:
    """Files that are two things at once."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../run.py", "import os")
    script = b"<html><script>fetch('http://canary.invalid')</script></html>"
    shell = b"#!/bin/sh\ntouch pwned\n"
    return {
        "an image and a zip": png() + zipped.getvalue(),
        "an image and a page": png() + script,
        "a GIF that is JavaScript": b"GIF89a/*" + WHOLE["GIF"][8:] + b"*/=1;alert(1)",
        "a JPEG with a script": WHOLE["JPEG"][:2] + b"\xff\xfe" + struct.pack(">H", len(script) + 2) + script
        + WHOLE["JPEG"][2:],
        "a script": shell,
        "a pickle": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch pwned) (w) file\n",
        "a picture that names another file": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "ImageMagick's language": b"push graphic-context\nfill 'url(https://canary.invalid|touch pwned)'\n",
    }  # fmt: skip


@pytest.mark.parametrize("name", polyglots())
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".eps", ".svg", ".mvg", ".ico", ""])
def test_two_things_at_once(tmp_path: Path, name: str, suffix: str) -> None:
    said = tried(tmp_path / f"a{suffix}", polyglots()[name])
    assert {path.name for path in tmp_path.iterdir()} == {f"a{suffix}"}
    if not name.startswith(("an image", "a GIF", "a JPEG")):
        assert said


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    whole = png()
    return whole[:33] + chunk + whole[33:]


@cache
def metadata() -> dict[str, bytes]:
    """Images whose metadata lie, point at themselves or swell."""
    exif = b"Exif\0\0"
    loop = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"
    huge = b"II*\0\x08\0\0\0\x01\0\x12\x01\x0c\0\xff\xff\xff\x7f\x08\0\0\0\0\0\0\0"
    odd = b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0"
    many = b"II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" * 4000
    profile = bytes(128) + struct.pack(">I", 2**32 - 1) + b"\xff" * 200
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "b" * 60_000_000, zip=True)
    swelling = io.BytesIO()
    picture().save(swelling, "PNG", pnginfo=text)
    found = {
        "an ICC profile of nonsense": encoded(picture(), "JPEG", icc_profile=b"\xff" * 500),
        "an ICC profile that lies about its size": encoded(picture(), "PNG", icc_profile=profile),
        "an ICC profile that swells": with_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(60_000_000))),
        "text that swells": swelling.getvalue(),
        "text that cannot be unpacked": with_chunk(b"zTXt", b"x\0\0nonsense"),
        "a palette that is too long": with_chunk(b"PLTE", bytes(3 * 1000)),
        "physical sizes of zero": with_chunk(b"pHYs", bytes(9)),
        "XML that refers to itself": with_chunk(b"iTXt", b'XML:com.adobe.xmp\0\0\0\0\0<!DOCTYPE a [<!ENTITY b "b">'
                                                b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'),
    }  # fmt: skip
    for name, block in {"a loop": loop, "a huge count": huge, "text as a turn": odd, "many entries": many}.items():
        found[f"EXIF with {name}"] = encoded(picture(), "JPEG", exif=exif + block)
        found[f"EXIF with {name}, in a PNG"] = with_chunk(b"eXIf", block)
    return found


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", metadata())
def test_hostile_metadata_neither_fail_nor_swell(tmp_path: Path, name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert tried(tmp_path / "a", metadata()[name]) == "" or "text" in name or "palette" in name
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_MB


@cache
def bombs() -> dict[str, bytes]:
    """A few bytes that say they have many pixels."""
    rows = zlib.compress(bytes(100_000_000), 9)

    def one(width: int, height: int, body: bytes) -> bytes:
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        parts = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
            for kind, part in parts
        )

    size = struct.pack("<HH", 65535, 65535)
    frames = io.BytesIO()
    still = [Image.new("L", (64, 64), shade) for shade in range(200)]
    still[0].save(frames, "GIF", save_all=True, append_images=still[1:])
    icon = one(40_000, 40_000, b"")
    directory = struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(icon), 22)
    jpeg = bytearray(WHOLE["JPEG"])
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 65500, 65500)
    return {
        "a PNG of 3.6 gigapixels": one(60_000, 60_000, rows),
        "a PNG of the largest sides": one(2**31 - 1, 2**31 - 1, rows),
        "a thin PNG": one(2**31 - 1, 1, rows),
        "a GIF": b"GIF89a" + size + b"\xf7\0\0" + bytes(768) + b"," + bytes(4) + size + b"\0\x08" + b"\0",
        "a GIF of many frames": frames.getvalue(),
        "a BMP": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 2**30, 2**30, 1, 24, 0, 0, 0, 0, 0, 0),
        "a JPEG": bytes(jpeg),
        "a PPM": b"P6 60000 60000 255\n" + bytes(100),
        "an icon": directory + icon,
    }


@pytest.mark.timeout(100)
@pytest.mark.parametrize("name", bombs())
def test_bombs_take_no_memory(tmp_path: Path, name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    content = bombs()[name]
    said = tried(tmp_path / "a", content)
    assert bool(said) != (name == "a GIF of many frames")
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_MB


def test_a_picture_of_one_pixel_and_one_of_none(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(encoded(Image.new("RGB", (1, 1)), "PNG"))
    assert decode(tmp_path / "one.png", 8).shape == (8, 8, 3)
    assert tried(tmp_path / "none.ppm", b"P6 0 0 255\n")
    assert np.all(decode(tmp_path / "one.png", 8) == 0)
