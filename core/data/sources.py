"""Where images come from: a folder, a zip, what was dropped on a page, an embedded set, a download."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.archives import NOT_READ, folder_for, is_archive, is_zip, spool, unpack, unpack_into
from core.data.arrow_sets import arrow_files, unpack_arrow
from core.data.catalogue import DOWNLOADS, offers, title_of
from core.data.decode import SUFFIXES
from core.data.downloads import downloaded_folder
from core.data.embedded import embedded_folder, full_spec
from core.data.folders import Store, copy_whole, is_stored, new_folder, read_manifest, settle, write_manifest
from core.data.formats import UNFINISHED
from core.data.paths import typed_path
from core.data.tables import is_table
from core.data.torchvision_sets import LocalSet, files_of, local_set, write_arrays
from core.data.walk import walk
from core.errors import DataError
from core.workspace import Progress, Workspace, no_progress

UNPACKED = 3
"""Goes up when archives are read otherwise, so that they are unpacked anew."""


@dataclass(frozen=True)
class SourceFile:
    """A file of a data set: `name` is posix and relative to the set ("train/hat/a.jpg"), `path` where it lies."""

    name: str
    path: Path


@dataclass(frozen=True)
class Source:
    """The files of a data set, sorted by name.

    `refused` are (name, reason) of what was kept out before, `ignored` (folder, reason) of what systems and programs
    left behind, `empty` the folders without a file, `closed` (folder, reason) those that cannot be read.
    """

    spec: str
    title: str
    files: tuple[SourceFile, ...]
    refused: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()


def open_source(spec: str, workspace: Workspace, progress: Progress = no_progress) -> Source:
    """The files that `spec` names: "digits", "shapes[:difficulty]", a torchvision set, a folder or an archive.

    A folder may also be one of Hugging Face (arrow or parquet files) or one that torchvision downloaded to.

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

    Archives are unpacked, several ones side by side. The same content is kept once. Raises `DataError` when there is
    nothing to keep.
    """
    given = list(files)
    if not given:
        raise DataError("No files were given. Drop a folder or a zip file.")
    for _, content in given:
        content.seek(0)
    with new_folder(workspace.data) as folder:
        store = Store(folder)
        if len(given) == 1 and is_archive(given[0][0]):
            digest = _store_zip(*given[0], store, workspace)
        else:
            for raw, content in given:
                name = store.admit(raw)
                if name is not None and is_archive(name):
                    _store_among_others(name, content, store)
                elif name is not None:
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


def _store_among_others(name: str, content: BinaryIO, store: Store) -> None:
    """Unpack one of several archives that were dropped at once."""
    archive = spool(content, store.folder)
    try:
        unpack_into(archive, name, store, no_progress, folder_for(archive, name))
    finally:
        archive.unlink()


def _common_folder(names: Iterable[str]) -> str:
    tops = {name.split("/")[0] if "/" in name else "" for name in names}
    return tops.pop() if len(tops) == 1 else ""


def _open_path(spec: str, workspace: Workspace, progress: Progress) -> Source:
    path = typed_path(spec)
    if os.path.isdir(path):
        if is_stored(path, workspace.data):
            return _stored(str(path), path)
        if files := arrow_files(path):
            return _stored(str(path), _from_arrow(path, files, workspace, progress))
        if found := local_set(path):
            return _from_torchvision(path, found, workspace, progress)
        return _walked(str(path), path.name or str(path), path, workspace)
    if os.path.isfile(path):
        if files := arrow_files(path):
            return _stored(str(path), _from_arrow(path, files, workspace, progress))
        if not is_archive(path.name) and not is_zip(path):
            raise DataError(_no_source(path))
        return _stored(str(path), _unpacked(path, workspace, progress))
    known = ", ".join(offer.spec for offer in offers())
    raise DataError(f"There is no folder or zip file {path}. Check the path, or choose one of: {known}.")


def _from_arrow(path: Path, files: list[tuple[str, Path]], workspace: Workspace, progress: Progress) -> Path:
    """The folder that the images of arrow or parquet files were written to, anew when one of the files changed."""
    target = workspace.data / f"arrow-{_stamp([file for _, file in files])}"
    if not target.is_dir():
        with new_folder(workspace.data) as folder:
            unpack_arrow(files, path.name, Store(folder), progress)
            settle(folder, target)
    return target


def _from_torchvision(path: Path, found: LocalSet, workspace: Workspace, progress: Progress) -> Source:
    if not found.holds_arrays:
        files = (SourceFile(name, file) for name, file in files_of(found))
        return Source(str(path), found.kind, tuple(sorted(files, key=lambda file: file.name)))
    target = workspace.data / f"torchvision-{_stamp(sorted(file for file in path.rglob('*') if file.is_file()))}"
    if not target.is_dir():
        with new_folder(workspace.data) as folder:
            written = [(name, file.name) for name, file in write_arrays(found, folder, progress)]
            write_manifest(folder, found.kind, written)
            settle(folder, target)
    return _stored(str(path), target)


def _stamp(files: Iterable[Path]) -> str:
    """Digest of places, sizes and times of files: the same as long as none was changed."""
    facts = [(str(file), (info := file.stat()).st_size, info.st_mtime_ns, info.st_ctime_ns) for file in files]
    return hashlib.blake2b(repr((UNPACKED, facts)).encode(), digest_size=16).hexdigest()


def _no_source(path: Path) -> str:
    ending = path.suffix.lower()
    if ending in NOT_READ:
        return f"{path} is {NOT_READ[ending]}, which Anneal does not read. Unpack it, and choose the folder."
    if ending in UNFINISHED:
        return f"{path} is an unfinished download. Wait until it has ended, or download it again."
    if is_table(path.name):
        return f"{path} is a table. Choose the folder of its images; the table is then chosen by --labels {path}"
    if ending in SUFFIXES:
        return f"{path} is a single image. Choose the folder with a folder of images for each class."
    return f"{path} is neither a folder nor a zip file. Choose a folder with a folder of images for each class."


def _unpacked(archive: Path, workspace: Workspace, progress: Progress) -> Path:
    """The folder an archive was unpacked to; known by place, size and times, so that a changed one is read anew."""
    target = workspace.data / f"zip-{_stamp([archive])}"
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
        tuple(sorted(found.closed)),
    )
