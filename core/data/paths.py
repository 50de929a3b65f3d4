"""Paths as people type and paste them: in quotation marks, as file:// addresses, with ~, variables or backslashes."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

_QUOTES = (('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), ("„", "“"), ("‘", "’"), ("«", "»"), ("<", ">"))


def typed_path(text: str) -> Path:
    """The absolute path that `text` means; where several readings are possible, the first that exists.

    Read are quotation marks around it, `file://` addresses with %20, `~`, `$NAME`, `${NAME}`, `%NAME%`, backslashes
    as separators or before spaces, and Windows drives under WSL. A file that is really called so comes first.
    """
    candidates = [os.path.abspath(candidate) for candidate in _readings(text)]
    found = (candidate for candidate in candidates if _exists(candidate))
    return Path(next(found, candidates[-1] if _looks_wrapped(text) else candidates[0]))


def _readings(text: str) -> Iterator[str]:
    """What `text` may mean, the most literal first."""
    yield os.path.expanduser(text)
    plain = _address(_unquoted(text.strip()))
    yield os.path.expanduser(plain)
    spelled = os.path.expanduser(_variables(plain))
    yield spelled
    if os.sep == "/" and "\\" in spelled:
        yield re.sub(r"\\(.)", r"\1", spelled)
        slashes = spelled.replace("\\", "/")
        drive = re.match(r"([A-Za-z]):/", slashes)
        if drive:
            yield f"/mnt/{drive[1].lower()}/{slashes[3:]}"
        yield slashes


def _looks_wrapped(text: str) -> bool:
    plain = text.strip()
    return plain != _unquoted(plain) or plain.casefold().startswith("file:")


def _unquoted(text: str) -> str:
    for first, last in _QUOTES:
        if len(text) > 1 and text[0] == first and text[-1] == last:
            return text[1:-1].strip()
    return text


def _address(text: str) -> str:
    if not text.casefold().startswith("file:"):
        return text
    parts = urlsplit(text)
    path = unquote(parts.path)
    if re.match(r"/[A-Za-z]:[/\\]", path):  # file:///C:/photos
        path = path[1:]
    shared = parts.netloc and parts.netloc.casefold() != "localhost"
    return f"//{parts.netloc}{path}" if shared else path


def _variables(text: str) -> str:
    named = re.sub(r"%(\w+)%", lambda found: os.environ.get(found[1], found[0]), text)
    return os.path.expandvars(named)


def _exists(path: str) -> bool:
    try:
        return os.path.exists(path)
    except ValueError:  # a zero byte
        return False
