"""Where images come from: a folder, a zip, what was dropped on a page, an embedded set, a download."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from core.data.archives import NOT_READ, folder_for, is_archive, is_zip, spool, unpack, unpack_into
from core.data.arrow_sets import arrow_files, unpack_arrow
from core.data.catalogue import DOWNLOADS, offers, title_of
from core.data.decode import SUFFIXES
from core.data.downloads import downloaded_folder
from core.data.embedded import embedded_folder, full_spec
from core.data.folders import (
    MANIFEST,
    Store,
    copy_whole,
    is_stored,
    new_folder,
    read_manifest,
    settle,
    write_manifest,
)
from core.data.formats import UNFINISHED
from core.data.parallel import collector_rests
from core.data.paths import typed_path
from core.data.stamps import Stamp, stamp
from core.data.tables import is_table
from core.data.torchvision_sets import LocalSet, files_of, local_set, write_arrays
from core.data.walk import OURS, walk
from core.errors import DataError
from core.hosting.confine import NO_PATHS, upload_folder
from core.hosting.settings import settings_of
from core.hosting.usage import MB, refuse_full, room
from core.workspace import Progress, Workspace, no_progress

UNPACKED = 3
"""Goes up when archives are read otherwise, so that they are unpacked anew."""


Watched = tuple[str, Stamp]
"""A place that was read, and its stamp from before that."""


class SourceFile(NamedTuple):
    """A file of a data set: `name` is posix and relative to the set ("train/hat/a.jpg"), `place` where it lies."""

    name: str
    place: str

    @property
    def path(self) -> Path:
        """Where it lies; made when asked for, as there may be a million files."""
        return Path(self.place)


@dataclass(frozen=True)
class Source:
    """The files of a data set, sorted by name.

    `refused` are (name, reason) of what was kept out before, `ignored` (folder, reason) of what systems and programs
    left behind, `empty` the folders without a file, `closed` (folder, reason) those that cannot be read. `confined`
    says that it is a server's visitor's, and that no file beside its own may be named with it. `watched` are the places
    that tell whether there are other files by now; none where that cannot be told.
    """

    spec: str
    title: str
    files: tuple[SourceFile, ...]
    refused: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()
    closed: tuple[tuple[str, str], ...] = ()
    confined: bool = False
    watched: tuple[Watched, ...] = ()


def open_source(spec: str, workspace: Workspace, progress: Progress = no_progress) -> Source:
    """The files that `spec` names: "digits", "shapes[:difficulty]", a torchvision set, a folder or an archive.

    A folder may also be one of Hugging Face (arrow or parquet files) or one that torchvision downloaded to.

    Embedded sets are made, zips unpacked and downloads fetched at their first use. An embedded set comes before
    a folder of its name, which `./name` still reaches; a folder comes before a download of its name. For a visitor of
    a server, whatever is neither on offer there nor an upload of his own is refused. Raises `DataError` with what
    to do.
    """
    spec = str(spec).strip()
    if not spec:
        raise DataError("No data set was given. Give a folder, a zip file, or the name of a data set.")
    if spec == "digits" or spec.partition(":")[0] == "shapes":
        spec = full_spec(spec)
        shared = workspace.shared
        folder = embedded_folder(spec, shared, progress)
        return replace(_walked(spec, title_of(spec), folder, shared), confined=workspace.host is not None)
    if workspace.host is not None:
        return replace(_for_visitor(spec, workspace, progress), confined=True)
    if any(spec == offer.spec for offer in DOWNLOADS) and not os.path.exists(spec):
        return _stored(spec, downloaded_folder(spec, workspace, progress))
    return _open_path(spec, workspace, progress)


def place_meant(spec: str, workspace: Workspace) -> Path | None:
    """The folder or file of this machine that `open_source` would read for `spec`; None for other kinds of data set."""
    spec = str(spec).strip()
    own = not spec or spec == "digits" or spec.partition(":")[0] == "shapes"
    if own or workspace.host is not None:
        return None
    path = typed_path(spec)
    return path if os.path.exists(path) else None


def _for_visitor(spec: str, workspace: Workspace, progress: Progress) -> Source:
    """A download that the server allows, or the visitor's own upload; raises `DataError` for everything else."""
    if any(spec == offer.spec for offer in DOWNLOADS):
        if spec not in settings_of(workspace).downloads:
            raise DataError(f"{title_of(spec)} cannot be fetched on this server. Choose another set, or upload a zip.")
        return _stored(spec, downloaded_folder(spec, workspace.shared, progress))
    source = _stored(spec, upload_folder(spec, workspace))
    if any(file.path.parent.name != spec for file in source.files):
        raise DataError(NO_PATHS)
    return source


def store_upload(files: Iterable[tuple[str, BinaryIO]], workspace: Workspace) -> str:
    """Keep files that were dropped on a page, (relative name, content) each; returns the spec to open them with.

    Archives are unpacked, several ones side by side. The same content is kept once. On a server the spec is no path.
    Raises `DataError` when there is nothing to keep.
    """
    given = list(files)
    if not given:
        raise DataError("No files were given. Drop a folder or a zip file.")
    for _, content in given:
        content.seek(0)
    limits = _limits(given, workspace)
    with new_folder(workspace.data) as folder:
        store = Store(folder, *limits)
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
    return str(target) if workspace.host is None else target.name


def _limits(given: list[tuple[str, BinaryIO]], workspace: Workspace) -> tuple[int, int]:
    """The files and bytes that may be kept of an upload, 0 for the usual limits.

    Raises `DataError` and `WorkspaceError` where none may be.
    """
    if workspace.host is None:
        return 0, 0
    settings = settings_of(workspace)
    size = sum(content.seek(0, os.SEEK_END) for _, content in given)
    for _, content in given:
        content.seek(0)
    if size > settings.upload_mb * MB:
        raise DataError(
            f"This upload has {size / MB:,.0f} MB; this server takes {settings.upload_mb:,} at once. Upload smaller or "
            "fewer images."
        )
    refuse_full(workspace, size)
    return settings.upload_files, max(1, room(workspace))


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
        if not os.access(path, os.R_OK | os.X_OK):
            raise DataError(f"The folder {path} may not be read. Have its rights changed, or choose another one.")
        if files := arrow_files(path):
            return replace(_stored(str(path), _from_arrow(path, files, workspace, progress)), watched=())
        if found := local_set(path):
            return _from_torchvision(path, found, workspace, progress)
        return _walked(str(path), path.name or str(path), path, workspace)
    if os.path.isfile(path):
        if files := arrow_files(path):
            return replace(_stored(str(path), _from_arrow(path, files, workspace, progress)), watched=())
        if not is_archive(path.name) and not is_zip(path):
            raise DataError(_no_source(path))
        archive = (str(path), stamp(path))
        source = _stored(str(path), _unpacked(path, workspace, progress))
        return replace(source, watched=(archive, *source.watched))
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
        files = (SourceFile(name, str(file)) for name, file in files_of(found))
        return Source(str(path), found.kind, tuple(sorted(files)))
    target = workspace.data / f"torchvision-{_stamp(sorted(file for file in path.rglob('*') if file.is_file()))}"
    if not target.is_dir():
        with new_folder(workspace.data) as folder:
            written = [(name, file.name) for name, file in write_arrays(found, folder, progress)]
            write_manifest(folder, found.kind, written)
            settle(folder, target)
    return replace(_stored(str(path), target), watched=())


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
    watched = (str(folder / MANIFEST), stamp(folder / MANIFEST))
    manifest = read_manifest(folder)
    files = (SourceFile(name, str(folder / path)) for name, path in manifest.files)
    return Source(spec, manifest.title, tuple(sorted(files)), manifest.refused, watched=(watched,))


def _walked(spec: str, title: str, root: Path, workspace: Workspace) -> Source:
    with collector_rests():
        found = walk(root, workspace.root)
        files = tuple(map(SourceFile._make, sorted(found.files)))
    whole = not any(why == OURS for _, why in found.ignored)  # what is a workspace's depends on more than its folders
    return Source(
        spec,
        title,
        files,
        tuple(found.refused),
        tuple(sorted(found.ignored)),
        tuple(sorted(found.empty)),
        tuple(sorted(found.closed)),
        watched=tuple(found.folders) if whole else (),
    )
