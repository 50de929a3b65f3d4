"""A data set whose files lie somewhere else by now: what is missing, and the same images in their new place."""

import os
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from core.data.dataset import DataSet
from core.data.decode import digest_of, read
from core.data.folder_names import one_form
from core.data.items import Item
from core.data.parallel import in_threads
from core.data.sources import SourceFile, open_source
from core.errors import DataError
from core.workspace import Progress, Workspace, no_progress


def missing_folder(path: Path) -> Path | None:
    """The highest folder on the way to an image that is not there; None when the image's own folder is."""
    missing = [folder for folder in path.parents if not folder.exists()]
    return missing[-1] if missing else None


def missing_of(data: DataSet) -> Path | None:
    """`missing_folder` of the first image whose folder is not there; None when every folder with images is."""
    gone = (folder for folder in data.folders if not os.path.exists(folder))
    return next((missing_folder(Path(folder, "image")) for folder in gone), None)


def refuse_moved(path: Path) -> None:
    """Raise `DataError` that names the folder, where an image cannot be read because its folder is gone."""
    folder = missing_folder(path)
    if folder is not None:
        raise DataError(
            f"The folder {folder} with the images is missing. Put it back where it was, or say where the images lie "
            "now: on the command line with --data FOLDER."
        )


def relocate(data: DataSet, spec: str, workspace: Workspace, progress: Progress = no_progress) -> DataSet:
    """The same data set with its images found in `spec`, a folder or an archive, whatever they are called there.

    Every image is recognised by its bytes; names, classes, split and fingerprint stay. Raises `DataError` when an
    image is not there, with how many and the first one's name.
    """
    source = open_source(spec, workspace, progress)
    by_name = {one_form(file.name): file for file in source.files}
    expected = [(item, by_name.get(one_form(item.name))) for item in data.items]
    found: dict[str, Path] = {}
    likely = [(item, file) for item, file in expected if file is not None]
    checked = in_threads(lambda pair: _digest(pair[1]), likely, "Comparing images", progress)
    for (item, file), digest in zip(likely, checked, strict=True):
        if digest == item.digest:
            found[item.name] = file.path
    rest = [item for item in data.items if item.name not in found]
    if rest:
        found |= _by_content(rest, source.files, set(found.values()), progress)
    absent = [name for name in data.items.names if name not in found]
    if absent:
        raise DataError(
            f"{source.spec} does not hold this data set: {len(absent):,} of its {len(data.items):,} images are missing "
            f"or changed, such as {absent[0]}. Choose the folder that was moved."
        )
    items = data.items.with_paths([str(found[name]) for name in data.items.names])
    return replace(data, spec=source.spec, items=items)


def _by_content(
    items: list[Item], files: tuple[SourceFile, ...], used: set[Path], progress: Progress
) -> dict[str, Path]:
    """Name of an item -> a file with its bytes, for items that are called otherwise now."""
    others = [file for file in files if file.path not in used]
    holders: dict[str, list[Path]] = defaultdict(list)
    digests = in_threads(_digest, others, "Comparing images", progress)
    for file, digest in zip(others, digests, strict=True):
        holders[digest].append(file.path)
    found = {}
    for item in items:
        paths = holders.get(item.digest, [])
        if paths:
            found[item.name] = paths.pop(0) if len(paths) > 1 else paths[0]
    return found


def _digest(file: SourceFile) -> str:
    try:
        return digest_of(read(file.path))
    except DataError:
        return ""
