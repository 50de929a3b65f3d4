"""Where images come from: a folder, a zip, what was dropped on a page, an embedded set, a download."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.archives import unpack
from core.data.catalogue import DOWNLOADS, offers, title_of
from core.data.downloads import downloaded_folder
from core.data.embedded import embedded_folder, full_spec
from core.data.folders import Store, copy_whole, is_stored, new_folder, read_manifest, settle
from core.data.paths import typed_path
from core.data.walk import walk
from core.errors import DataError
from core.workspace import Progress, Workspace, no_progress


@dataclass(frozen=True)
class SourceFile:
    """A file of a data set: `name` is posix and relative to the set ("train/hat/a.jpg"), `path` where it lies."""

    name: str
    path: Path


@dataclass(frozen=True)
class Source:
    """The files of a data set, sorted by name.

    `refused` are (name, reason) of what was kept out before, `ignored` (folder, reason) of what systems and programs
    left behind, `empty` the folders without a file.
    """

    spec: str
    title: str
    files: tuple[SourceFile, ...]
    refused: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()


def open_source(spec: str, workspace: Workspace, progress: Progress = no_progress) -> Source:
    """The files that `spec` names: "digits", "shapes[:difficulty]", a torchvision set, a folder or a zip.

    Embedded sets are made, zips unpacked and downloads fetched at their first use. An embedded set comes before
    a folder of its name, which `./name` still reaches; a folder comes before a download of its name. Raises
    `DataError` with what to do.
    """
    spec = str(spec).strip()
    if not spec:
        raise DataError("No data set was given. Give a folder, a zip file, or the name of a data set.")
    if spec == "digits" or spec.partition(":")[0] == "shapes":
        spec = full_spec(spec)
        folder = embedded_folder(spec, workspace, progress)
        return _walked(spec, title_of(spec), folder, workspace)
    if any(spec == offer.spec for offer in DOWNLOADS) and not os.path.exists(spec):
        return _stored(spec, downloaded_folder(spec, workspace, progress))
    return _open_path(spec, workspace, progress)


def store_upload(files: Iterable[tuple[str, BinaryIO]], workspace: Workspace) -> str:
    """Keep files that were dropped on a page, (relative name, content) each; returns the spec to open them with.

    A single zip is unpacked. The same content is kept once. Raises `DataError` when there is nothing to keep.
    """
    given = list(files)
    if not given:
        raise DataError("No files were given. Drop a folder or a zip file.")
    for _, content in given:
        content.seek(0)
    with new_folder(workspace.data) as folder:
        store = Store(folder)
        if len(given) == 1 and given[0][0].lower().endswith(".zip"):
            digest = _store_zip(*given[0], store, workspace)
        else:
            for raw, content in given:
                name = store.admit(raw)
                if name is not None:
                    store.add(name, content)
            store.close(_common_folder(store.names) or "Dropped files")
            digest = store.digest
        target = workspace.data / f"upload-{digest}"
        settle(folder, target)
    return str(target)


def _store_zip(name: str, content: BinaryIO, store: Store, workspace: Workspace) -> str:
    with new_folder(workspace.data) as outer:
        digest = copy_whole(content, outer / "upload.zip")
        if not (workspace.data / f"upload-{digest}").is_dir():
            unpack(outer / "upload.zip", PurePosixPath(name.replace("\\", "/")).name, store, no_progress)
    return digest


def _common_folder(names: Iterable[str]) -> str:
    tops = {name.split("/")[0] if "/" in name else "" for name in names}
    return tops.pop() if len(tops) == 1 else ""


def _open_path(spec: str, workspace: Workspace, progress: Progress) -> Source:
    path = typed_path(spec)
    if os.path.isdir(path):
        if is_stored(path, workspace.data):
            return _stored(str(path), path)
        return _walked(str(path), path.name or str(path), path, workspace)
    if os.path.isfile(path):
        if path.suffix.lower() != ".zip":
            raise DataError(f"{path} is neither a folder nor a zip file. Unpack it, and choose the folder.")
        return _stored(str(path), _unpacked(path, workspace, progress))
    known = ", ".join(offer.spec for offer in offers())
    raise DataError(f"There is no folder or zip file {path}. Check the path, or choose one of: {known}.")


def _unpacked(archive: Path, workspace: Workspace, progress: Progress) -> Path:
    """The folder a zip was unpacked to; known by its place, size and times, so that a changed zip is read anew."""
    facts = archive.stat()
    stamp = repr((str(archive), facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))
    target = workspace.data / f"zip-{hashlib.blake2b(stamp.encode(), digest_size=16).hexdigest()}"
    if not target.is_dir():
        with new_folder(workspace.data) as folder:
            unpack(archive, archive.name, Store(folder), progress)
            settle(folder, target)
    return target


def _stored(spec: str, folder: Path) -> Source:
    manifest = read_manifest(folder)
    files = (SourceFile(name, folder / path) for name, path in manifest.files)
    return Source(spec, manifest.title, tuple(sorted(files, key=lambda file: file.name)), manifest.refused)


def _walked(spec: str, title: str, root: Path, workspace: Workspace) -> Source:
    found = walk(root, workspace.root)
    files = (SourceFile(name, path) for name, path in found.files)
    return Source(
        spec,
        title,
        tuple(sorted(files, key=lambda file: file.name)),
        tuple(found.refused),
        tuple(sorted(found.ignored)),
        tuple(sorted(found.empty)),
    )
