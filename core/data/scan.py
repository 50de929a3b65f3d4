"""A first look at every file: size, digest, or why it cannot be used; remembered until the file changes."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from core.data.decode import look
from core.data.parallel import in_threads
from core.data.sources import SourceFile
from core.errors import DataError
from core.workspace import Progress, Workspace, atomic, read_json

VERSION = 3

Stamp = tuple[int, int, int]


class Seen(NamedTuple):
    """What was found in a file: width, height (upright) and digest; or the reason why it cannot be used."""

    width: int
    height: int
    digest: str
    reason: str


def scan(spec: str, files: Sequence[SourceFile], workspace: Workspace, progress: Progress) -> list[Seen]:
    """Look at each of `files`; only those that are new or changed since the last scan of `spec` are read."""
    path = workspace.indexes / f"{hashlib.blake2b(spec.encode(), digest_size=16).hexdigest()}.json"
    known = _remembered(path)
    stamps = [_stamp(file.path) for file in files]
    seen = [_recalled(known.get(file.name), stamp) for file, stamp in zip(files, stamps, strict=True)]
    new = [i for i, found in enumerate(seen) if found is None]
    for i, found in zip(new, in_threads(lambda i: _seen(files[i].path), new, "Reading images", progress), strict=True):
        seen[i] = found
    complete = [found for found in seen if found is not None]
    if new or len(known) != len(files):
        rows = {f.name: [*stamp, *found] for f, stamp, found in zip(files, stamps, complete, strict=True)}
        _remember(path, rows)
    return complete


def _stamp(path: Path) -> Stamp:
    """Size and times: a file with the same stamp has the same content."""
    try:
        facts = os.stat(path)
    except OSError:
        return (-1, -1, -1)
    return (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def _seen(path: Path) -> Seen:
    try:
        facts = look(path)
    except DataError as error:
        return Seen(0, 0, "", str(error))
    return Seen(facts.width, facts.height, facts.digest, "")


def _recalled(row: Any, stamp: Stamp) -> Seen | None:
    if not isinstance(row, list) or len(row) != 7 or tuple(row[:3]) != stamp or stamp[0] < 0:
        return None
    return Seen(*row[3:])


def _remembered(path: Path) -> dict[str, Any]:
    """Rows of the last scan; none when there was none, or its file is of another version or damaged."""
    try:
        value = read_json(path)
        return dict(value["files"]) if value["version"] == VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _remember(path: Path, rows: dict[str, Any]) -> None:
    with atomic(path) as file:
        file.write(json.dumps({"version": VERSION, "files": rows}).encode())
