"""What phones, cameras, scanners and browsers write: read upright and visible, or named with what to do."""

import base64
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from core.data import decode as decode_module
from core.data import formats
from core.data.decode import decode, decode_bytes, look
from core.data.formats import kind_of, without_large_chunks
from core.errors import DataError
from tests.core.data.making import encoded, picture

HEIC = base64.b85decode(
    "0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004@ZDn*}000000000XXk=`10000000000aA{+700000000000000000000G-+&a"
    "V*mgE07O6l0ssL300001#Q*^S00000004>r0ssI200K_{0RR9100000Bme*aIB98aW&i*H00062000$fZf0cy000000RRAKc4ILB"
    "0000LX>Mj^0ssI300IC2MR;ju000004sdC7Z2$lO00031007`=aB^?}006*gaAR)(004Msc4I>U18@KU0FVFx0000U@BsY%`1k+-"
    "4+CHT0RR|40Sp2E{{wIU00RJ!0009300RIXx&lC90096iLID8-Z~y=U0FVFx0{{R603M()fd!W8Nhz*w0vZem00093$N&HX00=;0"
    "00968L;=Baup&SJ000wXZ)|dIV{CW;0RRmE27mwn02FC+aAg1h000000AK(B06+i$01$9#cxeCt0009B2nYZG010VwZ*&6y000<i"
    "aBX1#00000000310R@2q0|bQt000_ka%E-!00000000hSWOHKx0ssL30RR91wryl#bN~PVhA08A6M%N0rl^modNOVQ<l*E0i^fYK"
    "R2TVH$@kirW%&?<@Lx(D`=eON8nv}O!5?I~T}ucQ1ya_rbJ@dcszWpmMi1ohm&*Ut_jgr4|A5#?_2pgvI)tRu;ID}CI!`rhiif=P"
    "v`3m^LJYyXR&+1^xCBSwZJXW3wwt?L;h8c{BB6Ky000I>cxh$;08LE*DgXcg2mk>A5&#1L000311^@s60000"
)
"""64 x 96 pixels, stored lying: red and green above, blue and white below. Written by libheif."""


def corners(content: bytes, suffix: str = "") -> list[tuple[int, ...]]:
    got = decode_bytes(content, 32, suffix)
    return [tuple(int(value > 127) for value in got[at]) for at in ((3, 3), (3, 28), (28, 3))]


def test_heic_is_read_upright(tmp_path: Path) -> None:
    assert corners(HEIC) == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    (tmp_path / "IMG_1.jpg").write_bytes(HEIC)  # whatever the name says
    assert (look(tmp_path / "IMG_1.jpg").width, look(tmp_path / "IMG_1.jpg").height) == (64, 96)


def test_heic_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for damaged in (HEIC[:40] + bytes(300), HEIC[:-80], HEIC[:200]):
        with pytest.raises(DataError, match=r"HEIC image,? (and )?is (damaged|cut short)"):
            decode_bytes(damaged, 8)
    monkeypatch.setattr(formats, "can_read_heic", lambda: False)
    monkeypatch.setattr(decode_module, "can_read_heic", lambda: False)
    with pytest.raises(DataError, match=r"It is a HEIC image.*pip install pi-heif.*JPEG"):
        decode_bytes(HEIC, 8, ".jpg")


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\xff\x0a1234", "a.jxl", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a.jxl", "JPEG XL"),
        (b"8BPS\0\1", "a.psd", "Photoshop"),
        (b"gimp xcf v011", "a.xcf", "GIMP"),
        (b"%PDF-1.7", "a.pdf", "PDF"),
        (b"\0\0\0\x20ftypisom\0\0", "a.mp4", "video"),
        (b"\0\0\0\x14ftypqt  \0\0", "IMG_1.MOV", "video"),
        (b"\x1aE\xdf\xa3", "a.webm", "video"),
        (b"\0\0\0\x18ftypcrx \0\0", "a.cr3", "camera raw image"),
        (b"II*\0 and a thumbnail", "a.nef", "camera raw image"),
        (bytes(128) + b"DICM", "a.dcm", "DICOM"),
        (b"<?xml version='1.0'?>\n<svg>", "a.svg", "SVG"),
        (b"\n<!DOCTYPE html><html>", "a.jpg", "web page"),
        (b"v/1\x01", "a.exr", "OpenEXR"),
        (b"\x93NUMPY", "a.npy", "NumPy"),
        (b"PK\x03\x04", "a.jpg", "zip archive"),
        (b"Rar!\x1a", "a.rar", "RAR"),
        (bytes(5000), "a.jpg", "full of zeros"),
    ],
)
def test_a_kind_that_is_not_read_is_named(content: bytes, name: str, said: str) -> None:
    with pytest.raises(DataError) as refusal:
        decode_bytes(content, 8, Path(name).suffix)
    assert said in str(refusal.value)
    assert "damaged" not in str(refusal.value)


def test_a_thumbnail_in_a_raw_image_is_not_taken_for_it() -> None:
    content = encoded(picture(), "TIFF")
    assert decode_bytes(content, 8, ".tif").shape == (8, 8, 3)
    with pytest.raises(DataError, match="camera raw image"):
        decode_bytes(content, 8, ".NEF")


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert kind_of(b"1234", ".jpg") == ""
    assert kind_of(encoded(picture(), "JPEG"), ".jpg") == ""


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_in_xmp_alone(kind: str) -> None:
    upright = Image.new("RGB", (64, 96), "white")
    upright.paste((255, 0, 0), (0, 0, 32, 48))
    lying = upright.transpose(Image.Transpose.ROTATE_90)
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        content = encoded(lying, kind, pnginfo=info)
    elif kind == "TIFF":
        content = encoded(lying, kind, tiffinfo={700: XMP})
    else:
        content = encoded(lying, kind, xmp=XMP, quality=95)
    assert corners(content)[0] == (1, 0, 0)


@pytest.mark.parametrize(("bits", "peak"), [(8, 255), (10, 1023), (12, 4095), (14, 16383), (16, 65535)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_few_bits_in_sixteen_is_visible(bits: int, peak: int, kind: str) -> None:
    values = np.linspace(0, peak, 32 * 32).astype(np.uint16).reshape(32, 32)
    got = decode_bytes(encoded(Image.fromarray(values), kind), 32)
    assert got.max() >= 60
    assert bits in (10, 14) or got.max() == 255
    assert (np.diff(got[..., 0].ravel().astype(int)) >= -1).all()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"iCCP", b"printer\0\0" + zlib.compress(bytes(3_000_000))),
        chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"{ }" * 700_000)),
        chunk(b"tEXt", b"parameters\0" + b"x" * 3_000_000),
        chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress(b"{ }" * 700_000)),
        b"".join(chunk(b"zTXt", b"k%d\0\0" % k + zlib.compress(bytes(900_000))) for k in range(80)),
    ],
)
def test_what_stands_beside_the_pixels_is_no_reason_to_refuse_a_png(extra: bytes) -> None:
    plain = encoded(picture(), "PNG")
    content = plain[:33] + extra + plain[33:]
    assert (decode_bytes(content, 8) == decode_bytes(plain, 8)).all()
    assert without_large_chunks(plain) is plain


def test_chunks_of_damaged_pngs_are_left_alone() -> None:
    plain = encoded(picture(), "PNG")
    for damaged in (plain[:20], plain[:33] + b"\xff\xff\xff\xffzTXt", b"GIF89a"):
        without_large_chunks(damaged)
    with pytest.raises(DataError):
        decode_bytes(plain[:33] + b"\xff\xff\xff\xffzTXt" + plain[33:], 8)


@pytest.mark.filterwarnings("error")
def test_a_jpeg_of_108_megapixels_is_decoded_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sizes = tmp_path / "large.jpg", []
    Image.new("L", (12000, 9000), 200).save(path)
    square = decode_module._upright_square

    def noting(image: Image.Image, size: int, fit: decode_module.Fit) -> Image.Image:
        sizes.append(image.size)
        return square(image, size, fit)

    monkeypatch.setattr(decode_module, "_upright_square", noting)
    assert abs(int(decode(path, 64).mean()) - 200) <= 1
    assert (look(path).width, look(path).height) == (12000, 9000)
    assert sizes == [(1500, 1125)]


def test_images_beyond_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "MOST_JPEG_PIXELS", 10_000)
    monkeypatch.setattr(decode_module, "MOST_PIXELS", 5_000)
    assert decode_bytes(encoded(picture(0, 90, 90), "JPEG"), 8).shape == (8, 8, 3)
    for content, size in (
        (encoded(picture(0, 110, 110), "JPEG"), 8),
        (encoded(picture(0, 90, 90), "JPEG"), 90),
        (encoded(picture(0, 90, 90), "PNG"), 8),
    ):
        with pytest.raises(DataError, match="megapixels; up to"):
            decode_bytes(content, size)


def test_avif_and_mpo_are_read() -> None:
    image = Image.new("RGB", (40, 30), (200, 30, 30))
    for kind, settings in (("AVIF", {}), ("MPO", {"save_all": True, "append_images": [image]})):
        got = decode_bytes(encoded(image, kind, **settings), 8)
        assert abs(got[4, 4].astype(int) - (200, 30, 30)).max() < 12
