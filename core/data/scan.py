"""A first look at every file: size, digest, or why it cannot be used; remembered until the file changes."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.data.decode import look
from core.data.packed import Packed, read_packed, write_packed
from core.data.parallel import collector_rests, in_threads
from core.data.sources import SourceFile
from core.data.stamps import Stamps, stamps_of
from core.errors import DataError
from core.workspace import Progress, Workspace

VERSION = 4

KEEP_EVERY_S, KEEP_SHARE = 10.0, 0.05
"""Seconds between two writings while files are looked at, and the share of the time that these may take."""


class Seen(NamedTuple):
    """What was found in a file: width, height (upright) and digest; or the reason why it cannot be used."""

    width: int
    height: int
    digest: str
    reason: str


class Scan(NamedTuple):
    """What was found in each file, and the stamp that it had before it was looked at."""

    seen: list[Seen]
    stamps: Stamps


def scan(spec: str, files: Sequence[SourceFile], workspace: Workspace, progress: Progress) -> Scan:
    """Look at each of `files`; only those that are new or changed since the last scan of `spec` are read.

    A scan that is interrupted, also by a kill, is gone on with: what it saw is written down now and then. What is found
    in shared data is kept with them.
    """
    workspace = workspace.holder(file.path for file in files)
    path = workspace.indexes / f"{hashlib.blake2b(spec.encode(), digest_size=16).hexdigest()}.npz"
    stamps = stamps_of(file.place for file in files)
    with collector_rests():
        known, seen = _recalled(path, files, stamps)
    new = [i for i, found in enumerate(seen) if found is None]
    looking = in_threads(lambda i: _seen(files[i].place), new, "Reading images", progress)
    wait, kept = KEEP_EVERY_S, time.monotonic()
    try:
        for i, found in zip(new, looking, strict=True):
            seen[i] = found
            if time.monotonic() - kept >= wait:
                wait, kept = _keep(path, files, stamps, seen)
    finally:
        if new or known != len(files):
            _keep(path, files, stamps, seen)
    return Scan([found for found in seen if found is not None], stamps)


def _keep(path: Path, files: Sequence[SourceFile], stamps: Stamps, seen: Sequence[Seen | None]) -> tuple[float, float]:
    """Write down what was seen so far; gives the seconds to wait before the next time, and when this one ended."""
    began = time.monotonic()
    there = [i for i, found in enumerate(seen) if found is not None]
    _remember(path, [files[i].name for i in there], stamps[there], [found for found in seen if found is not None])
    ended = time.monotonic()
    return max(KEEP_EVERY_S, (ended - began) / KEEP_SHARE), ended


def _seen(place: str) -> Seen:
    try:
        facts = look(place)
    except DataError as error:
        return Seen(0, 0, "", str(error))
    return Seen(facts.width, facts.height, facts.digest, "")


def _remember(path: Path, names: list[str], stamps: Stamps, seen: list[Seen]) -> None:
    reasons = {str(row): found.reason for row, found in enumerate(seen) if found.reason}
    sizes = np.array([found[:2] for found in seen], dtype=np.int64).reshape(-1, 2)
    texts = {"names": names, "digests": [found.digest for found in seen]}
    write_packed(path, Packed({"version": VERSION, "reasons": reasons}, texts, {"stamps": stamps, "sizes": sizes}))


def _recalled(path: Path, files: Sequence[SourceFile], stamps: Stamps) -> tuple[int, list[Seen | None]]:
    """How many files the last scan has written down, and what it found in those of `files` that have not changed."""
    nothing: list[Seen | None] = [None] * len(files)
    kept = read_packed(path)
    if kept is None:
        return 0, nothing
    try:
        names, reasons = kept.texts["names"], kept.words["reasons"]
        if kept.words["version"] != VERSION or len(kept.numbers["stamps"]) != len(names):
            return 0, nothing
        why = [""] * len(names)
        for row, reason in reasons.items():
            why[int(row)] = reason
        widths, heights = kept.numbers["sizes"].T.tolist()
        found = list(map(Seen._make, zip(widths, heights, kept.texts["digests"], why, strict=True)))
        rows = {name: row for row, name in enumerate(names)}
        places = np.fromiter((rows.get(file.name, -1) for file in files), dtype=np.int64, count=len(files))
        same = (places >= 0) & (stamps[:, 0] >= 0)
        same[same] = (kept.numbers["stamps"][places[same]] == stamps[same]).all(axis=1)
        return len(names), [
            found[row] if is_ else None for row, is_ in zip(places.tolist(), same.tolist(), strict=True)
        ]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return 0, nothing
