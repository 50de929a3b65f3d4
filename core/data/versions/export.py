"""A data set written for other programs: a table of paths, classes and splits, or folders of links or copies."""

import csv
import errno
import io
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

from core.data.dataset import DataSet
from core.data.decode import digest_of, read
from core.data.items import Item
from core.errors import DataError
from core.workspace import Progress, atomic, no_progress, sentences

How: TypeAlias = Literal["links", "copies"]

_NO_LINKS = frozenset({errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""What file systems without links say when one is asked for."""

_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')
"""What a name of a folder cannot hold on one system or another."""


def as_csv(data: DataSet, *, names: bool = False) -> str:
    """The images that `data` uses as a table: columns path (absolute), class, split (train, valid or test).

    With `names` the paths are those within the data set: a table for who has the images elsewhere.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["path", "class", "split"])
    rows.writerows([item.name if names else str(item.path), data.classes[item.label], item.split] for item in data.used)
    return text.getvalue()


def write_csv(data: DataSet, path: Path) -> int:
    """Write `as_csv` to `path`, which must not exist yet; how many images it names."""
    _refuse_existing(path)
    with atomic(path) as file:
        file.write(as_csv(data).encode("utf-8", "surrogateescape"))
    return len(data.used)


def write_folders(data: DataSet, folder: Path, how: How = "links", progress: Progress = no_progress) -> int:
    """Write the images that `data` uses to `folder`/SPLIT/CLASS, as symbolic links or copies; how many.

    `folder` must not exist yet, or be empty. Raises `DataError` when an image is gone or has changed since the data
    set was read: what is written then is what was looked at and edited. Nothing is left behind in that case.
    """
    _refuse_existing(folder)
    names = _folder_names(data)
    making = folder.with_name(f".{folder.name}.part")
    put: Callable[[Item, Path], None] = _linked if how == "links" else _copied
    with sentences(folder):
        shutil.rmtree(making, ignore_errors=True)
        try:
            for number, item in enumerate(data.used, start=1):
                _refuse_changed(item)
                target = making / item.split / names[item.label]
                target.mkdir(parents=True, exist_ok=True)
                put(item, _unused(target / item.path.name))
                progress("Writing the images", number, len(data.used))
            if folder.exists():
                folder.rmdir()
            making.rename(folder)
        except BaseException:
            shutil.rmtree(making, ignore_errors=True)
            raise
    return len(data.used)


def _linked(item: Item, target: Path) -> None:
    try:
        target.symlink_to(item.path.resolve())
    except (NotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LINKS:
            raise
        raise DataError("This disk does not allow links. Export copies instead.") from error


def _copied(item: Item, target: Path) -> None:
    shutil.copyfile(item.path, target)


def _refuse_existing(path: Path) -> None:
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise DataError(f"{path} is there already, and nothing is written over. Give another place.")


def _refuse_changed(item: Item) -> None:
    try:
        same = digest_of(read(item.path)) == item.digest
    except DataError as error:
        raise DataError(f"{item.path} is gone or cannot be read. Put it back, or leave it out.") from error
    if not same:
        raise DataError(
            f"{item.path} has changed since the data set was read. Put it back, or load the data set again."
        )


def _folder_names(data: DataSet) -> list[str]:
    """A name of a folder for each class: its own where a file system takes it, and all of them different."""
    names: list[str] = []
    for name in data.classes:
        safe = _UNSAFE.sub("_", name).strip(". ") or "class"
        number, free = 1, safe
        while free.casefold() in (taken.casefold() for taken in names):
            number += 1
            free = f"{safe} {number}"
        names.append(free)
    return names


def _unused(path: Path) -> Path:
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem} {number}{path.suffix}")
    return free
