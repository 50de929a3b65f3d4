"""What a file that Pillow does not open is, by its first bytes, and what to do with it."""

import importlib.util
import re

from core.data.folder_names import PLACEHOLDER

_BOX = re.compile(rb"....ftyp", re.DOTALL)
_HEVC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
_VIDEO = (b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V ", b"3gp4", b"3gp5", b"dash")

RAW = frozenset(
    {".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".dng", ".raf", ".orf", ".rw2", ".pef", ".x3f", ".srw"}
)
"""Suffixes of what cameras write before they make a picture of it; TIFF readers find only a thumbnail in some."""

_KINDS = {
    ".tga": "a Targa image",
    ".pcx": "a PCX image",
    ".dds": "a DirectDraw texture",
    ".icns": "a macOS icon file",
    ".emf": "a Windows metafile",
    ".wmf": "a Windows metafile",
    ".nii": "a NIfTI volume",
    ".mha": "a MetaImage volume",
    ".nrrd": "an NRRD volume",
    ".bpg": "a BPG image",
    ".czi": "a Zeiss microscope image",
    ".lif": "a Leica microscope image",
    ".nd2": "a Nikon microscope image",
    ".svs": "a whole slide image",
    ".ndpi": "a whole slide image",
    ".mrxs": "a whole slide image",
    ".sgi": "an SGI image",
    ".xbm": "an X bitmap",
    ".ai": "an Illustrator drawing",
    ".sketch": "a Sketch drawing",
}
"""Suffixes of images that are not read here, and what they are."""

UNFINISHED = frozenset({".crdownload", ".part", ".partial", ".download", ".opdownload", ".tmp"})
"""Suffixes that browsers give to a download which has not come to its end."""

_SIGNS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\x0a", "a JPEG XL image", "Save it as JPEG or PNG."),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image", "Save it as JPEG or PNG."),
    (b"8BPS", "a Photoshop document", "Export it as JPEG or PNG."),
    (b"8BPB", "a Photoshop document", "Export it as JPEG or PNG."),
    (b"gimp xcf", "a GIMP document", "Export it as JPEG or PNG."),
    (b"%PDF", "a PDF document", "Export its pages as JPEG or PNG."),
    (b"\x1aE\xdf\xa3", "a video", "Export frames of it as JPEG."),
    (b"v/1\x01", "an OpenEXR image", "Save it as PNG."),
    (b"#?RADIANCE", "a Radiance HDR image", "Save it as PNG."),
    (b"SIMPLE  =", "a FITS image", "Save it as PNG."),
    (b"\x93NUMPY", "a NumPy array", "Save it as PNG."),
    (b"\x89HDF", "an HDF5 file", "Export its images as PNG."),
    (b"PK\x03\x04", "a zip archive", "Unpack it, and choose the folder."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it, and choose the folder."),
    (b"Rar!", "a RAR archive", "Unpack it, and choose the folder."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it, and choose the folder."),
    (b"\0\0\0\0\0\0\0\0", "full of zeros", "Copy it again from the original."),
)

_WEB = re.compile(rb"\s*(<!doctype html|<html|<head)", re.IGNORECASE)
_SVG = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg|<svg)", re.IGNORECASE | re.DOTALL)


def is_heic(content: bytes) -> bool:
    """Whether the bytes are an image as iPhones write it: HEVC in a HEIF container."""
    return bool(_BOX.match(content)) and any(brand in content[8 : _box_end(content)] for brand in _HEVC)


def can_read_heic() -> bool:
    """Whether the package that decodes HEIC is installed."""
    return importlib.util.find_spec("pi_heif") is not None


def kind_of(content: bytes, suffix: str) -> str:
    """A sentence or two on what the file is and what to do, for kinds that are known and not read; else ""."""
    if is_heic(content):
        if can_read_heic():
            return "It is a HEIC image, and is damaged."
        return "It is a HEIC image, as iPhones write them. Install pi-heif (pip install pi-heif), or save it as JPEG."
    if suffix.lower() == PLACEHOLDER:
        return "The image is in iCloud and not on this computer. Download it there first."
    if suffix.lower() in UNFINISHED:
        return "It is an unfinished download. Download the image again, or delete it."
    if suffix.lower() in RAW:
        return f"It is a camera raw image ({suffix.lower()}). Export it as JPEG."
    if _BOX.match(content):
        brand = content[8:12]
        if brand == b"crx ":
            return "It is a camera raw image. Export it as JPEG."
        if brand in _VIDEO:
            return "It is a video. Export frames of it as JPEG."
    return _by_signs(content, suffix)


def _by_signs(content: bytes, suffix: str) -> str:
    if content[128:132] == b"DICM":
        return "It is a DICOM image. Export it as PNG."
    if _SVG.match(content[:2000]):
        return "Not an image: its content is text. It is an SVG drawing; export it as PNG."
    if content.startswith(b"%!PS"):
        return "Not an image that Anneal reads: it is a PostScript drawing. Export it as PNG."
    if _WEB.match(content[:200]):
        return "It is a web page: the download of the image failed. Download it again, or delete it."
    if content.startswith(b"version https://git-lfs"):
        return "It is a Git LFS pointer; the image itself was not fetched. Run: git lfs pull."
    signed = next((f"It is {what}. {todo}" for sign, what, todo in _SIGNS if content.startswith(sign)), "")
    kind = _KINDS.get(suffix.lower())
    return signed or (f"It is {kind}. Save it as JPEG or PNG." if kind else "")


def without_large_chunks(content: bytes) -> bytes:
    """A PNG without large colour profiles and texts, which the pixels do not need and Pillow refuses to inflate.

    An uncompressed XMP block, which may hold the orientation, stays. Anything else is given back as it is.
    """
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    kept, at, dropped = [content[:8]], 8, False
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        if _is_ballast(content[at + 4 : at + 8], end - at, content[at + 8 : at + 40]):
            dropped = True
        else:
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, content[at:]]) if dropped else content


def _is_ballast(kind: bytes, size: int, start: bytes) -> bool:
    if kind == b"iTXt" and start.startswith(b"XML:com.adobe.xmp\0\0") and size < 2**20:
        return False
    return kind in (b"iCCP", b"zTXt", b"tEXt", b"iTXt") and size > 900


def _box_end(content: bytes) -> int:
    return min(max(int.from_bytes(content[:4], "big"), 12), 256)
