"""The names of a zip's entries as they were on the disk that they came from, whatever wrote the zip."""

import re
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence

_UTF8 = 0x800
"""Flag of an entry whose name is UTF-8; macOS's Finder leaves it out."""
_UNICODE_PATH = 0x7075
"""Id of Info-ZIP's extra field with the name in UTF-8."""


def entry_names(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The name of each entry: from its Unicode field, as UTF-8, or in the code page that suits all of the archive."""
    raw = [_raw(entry) for entry in entries]
    known = [_certain(entry, name) for entry, name in zip(entries, raw, strict=True)]
    unknown = [name for name, found in zip(raw, known, strict=True) if found is None]
    codec = code_page(unknown) if unknown else ""
    return [name.decode(codec, "replace") if found is None else found for name, found in zip(raw, known, strict=True)]


def _raw(entry: zipfile.ZipInfo) -> bytes:
    """The bytes of a name, which `zipfile` has read as UTF-8 or as code page 437."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437", "surrogateescape")


def _certain(entry: zipfile.ZipInfo, raw: bytes) -> str | None:
    named = _unicode_path(entry.extra, raw)
    if named is not None or entry.flag_bits & _UTF8:
        return named or entry.orig_filename
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in Info-ZIP's field, if there is one and it is of this name."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        body = extra[at + 4 : at + 4 + size]
        if kind == _UNICODE_PATH and len(body) > 5 and int.from_bytes(body[1:5], "little") == zlib.crc32(raw):
            return body[5:].decode("utf-8", "replace")
        at += 4 + size
    return None


def code_page(names: Sequence[bytes]) -> str:
    """The code page in which all of these names are words: cp437 where nothing suits better."""
    return _fitting([part for name in names for part in _parts(name)], _CANDIDATES, "cp437")


def text_code_page(text: bytes) -> str:
    """The code page of a text that is not UTF-8, as Windows programs write it: cp1252 where nothing suits better."""
    found = re.findall(rb"[^\s,;|\"']*[\x80-\xff][^\s,;|\"']*", text[:_TEXT_LOOKED_AT])
    return _fitting([part for word in found for part in _parts(word)], _OF_TEXTS, "cp1252")


def _fitting(parts: Sequence[bytes], candidates: Sequence[tuple[str, str]], otherwise: str) -> str:
    whole = b"/".join(sorted(set(parts)))
    for codec, script in candidates:
        try:
            text = whole.decode(codec)
        except UnicodeDecodeError:
            continue
        if _is_words(text, script):
            return codec
    return otherwise


def _parts(name: bytes) -> list[bytes]:
    """The parts of a name that are not ASCII, without the suffix."""
    parts = name.replace(b"\\", b"/").split(b"/") if b"/" not in name else name.split(b"/")
    return [part.rpartition(b".")[0] or part for part in parts if not part.isascii()]


_CANDIDATES = (
    ("cp437", "LATIN"),
    ("cp850", "LATIN"),
    ("cp932", "KANA"),
    ("cp866", "CYRILLIC"),
    ("euc_kr", "HANGUL"),
    ("gb2312", "CJK"),
    ("cp932", "CJK"),
    ("cp1252", "LATIN"),
    ("cp1251", "CYRILLIC"),
    ("cp737", "GREEK"),
    ("cp949", "HANGUL"),
    ("gbk", "CJK"),
    ("big5", "CJK"),
)
"""Code pages of Windows, and the script of the names that are written in each; the first that fits is taken."""


_OF_TEXTS = (
    ("cp1252", "LATIN"),
    ("cp932", "KANA"),
    ("cp1251", "CYRILLIC"),
    ("cp1250", "LATIN"),
    ("cp1253", "GREEK"),
    ("euc_kr", "HANGUL"),
    ("gb2312", "CJK"),
    ("cp932", "CJK"),
    ("gbk", "CJK"),
    ("big5", "CJK"),
)
"""As `_CANDIDATES`, for the content of files."""

_TEXT_LOOKED_AT = 2**16


def _is_words(text: str, script: str) -> bool:
    """Whether what is not ASCII in a text is letters of one script, as names have them."""
    others = [unicodedata.name(c, "") for c in text if not c.isascii()]
    ascii_letters = sum(c.isascii() and c.isalpha() for c in text)
    if script == "LATIN":
        letters = all(name.startswith("LATIN") for name in others)
        return letters and len(others) <= max(ascii_letters, 1)
    if script in ("CYRILLIC", "GREEK"):
        return all(name.startswith(script) for name in others) and len(others) > ascii_letters
    if script == "KANA":
        japanese = ("HIRAGANA", "KATAKANA", "CJK UNIFIED", "IDEOGRAPHIC", "FULLWIDTH")
        kana = sum(name.startswith(("HIRAGANA", "KATAKANA")) for name in others)
        return kana > 0 and all(name.startswith(japanese) for name in others)
    return all(name.startswith((f"{script} ", "IDEOGRAPHIC", "FULLWIDTH")) for name in others)
