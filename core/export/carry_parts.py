"""The parts of a carried run's file, whoever wrote it: listed, measured and read. Imports no torch."""

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from core.data.archives import RATIO, RATIO_FROM
from core.data.folders import MOST_BYTES, MOST_FILES
from core.errors import ExportError
from core.export.carry_manifest import FOLDERS, MANIFEST, NEEDED, Kind, damaged, json_of, kind_of

MOST_TEXT = 128 * 2**20
"""Bytes of the longest text: the list of 200,000 images takes a third of it."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 2**20

AnyModel = TypeVar("AnyModel", bound=BaseModel)


class Parts:
    """The parts by name, all of them of kinds that are known. Raises `ExportError` for anything else in the file."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._entries = _listed(archive)
        self.kinds: dict[str, Kind] = {name: kind for name in self._entries if (kind := kind_of(name)) is not None}

    def sizes(self) -> dict[str, int]:
        """How many bytes each part has, but for the list of parts."""
        return {name: entry.file_size for name, entry in self._entries.items() if name != MANIFEST}

    def read(self, name: str, model: type[AnyModel]) -> AnyModel:
        """A part that is JSON, as a value of `model`; raises `ExportError`."""
        try:
            return model.model_validate(json_of(self.content(name, MOST_TEXT), name))
        except (ValidationError, TypeError, ValueError) as error:
            raise damaged(name) from error

    def strict(self, name: str, model: type[AnyModel]) -> AnyModel:
        """The same without any conversion of types."""
        try:
            return model.model_validate_json(self.content(name, MOST_TEXT))
        except (ValidationError, ValueError) as error:
            raise damaged(name) from error

    def content(self, name: str, most: int) -> bytes:
        """The bytes of a part, of which there are `most` at most; raises `ExportError`."""
        if self._entries[name].file_size > most:
            raise damaged(name)
        found: list[bytes] = []
        self._stream(name, found.append)
        return b"".join(found)

    def copy(self, name: str, path: Path) -> None:
        """Write a part to a new file, a chunk at a time; raises `ExportError` for a damaged one."""
        with path.open("xb") as file:
            self._stream(name, file.write)

    def _stream(self, name: str, write: Callable[[bytes], object]) -> None:
        try:
            content = self._archive.open(self._entries[name])
        except Exception as error:  # zipfile raises nearly anything on hostile bytes
            raise damaged(name) from error
        with content:
            while True:
                try:
                    chunk = content.read(_CHUNK)
                except Exception as error:  # and so do decompressors
                    raise damaged(name) from error
                if not chunk:
                    return
                write(chunk)


def _listed(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The parts of the file by name; raises `ExportError` for anything that is no part of a carried run."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        if entry.filename in FOLDERS and not entry.file_size:
            continue
        _refuse(entry)
        if entry.filename in entries:
            raise ExportError(f"{_said(entry)} is in this file twice, so nothing was imported.")
        entries[entry.filename] = entry
        if len(entries) > MOST_FILES:
            raise ExportError(f"This file has more than {MOST_FILES:,} parts, which no carried run has.")
    lacking = [name for name in NEEDED if name not in entries]
    if lacking:
        raise ExportError(
            f"That is no carried run: it has no {lacking[0]}. Choose a file that Anneal exported as a run."
        )
    if sum(entry.file_size for entry in entries.values()) > MOST_BYTES:
        raise ExportError(f"This file unpacks to more than {MOST_BYTES >> 30} GB. Carry the run without its images.")
    return entries


def _refuse(entry: zipfile.ZipInfo) -> None:
    if kind_of(entry.filename) is None:
        raise ExportError(f"{_said(entry)} in this file is no part of a carried run, so nothing was imported.")
    mode = entry.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise ExportError(f"{_said(entry)} in this file is a link or a device, so nothing was imported.")
    if entry.flag_bits & 0x1 or entry.compress_type not in _METHODS:
        raise ExportError(
            f"{_said(entry)} in this file is encrypted, or packed as no carried run is, so nothing was imported."
        )
    if entry.file_size > max(RATIO_FROM, RATIO * max(entry.compress_size, 1)):
        raise ExportError(
            f"{_said(entry)} in this file unpacks to {entry.file_size / 2**20:,.0f} MB, more than {RATIO} times its "
            "size, so nothing was imported."
        )


def _said(entry: zipfile.ZipInfo) -> str:
    return json.dumps(entry.filename[:80], ensure_ascii=False)
