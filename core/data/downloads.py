"""Data sets that torchvision downloads, arranged under their classes in the workspace."""

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from PIL import Image

from core.data.catalogue import offer_of, title_of
from core.data.folders import MANIFEST, settle, write_manifest
from core.errors import DataError
from core.workspace import Progress, Workspace, sentences

VERSION = 1

PATIENCE = 30.0
"""Seconds without an answer after which the network counts as refused."""

_ARCHIVES = (".tgz", ".gz", ".zip", ".tar")

Named = tuple[str, Path]


_Recipe = Callable[[Path], Iterable[Named]]
"""How a set is fetched into a folder and arranged: yields (name in the data set, file)."""


def stored_folder(spec: str, workspace: Workspace) -> Path:
    """Where the files of a torchvision set lie once they were fetched."""
    return workspace.data / f"{spec}-{VERSION}"


def downloaded_folder(spec: str, workspace: Workspace, progress: Progress) -> Path:
    """The stored folder of a torchvision set, fetched when it is not there yet.

    A download that was broken off goes on with the archives that had arrived. Raises `DataError` when the
    network refuses.
    """
    target = stored_folder(spec, workspace)
    if not target.is_dir():
        partial = workspace.data / f".{spec}-{VERSION}.part"
        _watched(lambda: _fetch(spec, partial, target), partial, offer_of(spec).megabytes, spec, progress)
    return target


def _fetch(spec: str, partial: Path, target: Path) -> None:
    """Download, arrange and settle; one process at a time."""
    title = title_of(spec)
    try:
        with FileLock(f"{partial}.lock", timeout=0):
            if target.is_dir():
                return
            with sentences(partial):
                _leave_nothing_but_archives(partial)
                partial.mkdir(exist_ok=True)
            try:
                files = _arranged(title, _RECIPES[spec], partial)
            except DataError:
                _leave_nothing_but_archives(partial)
                raise
            write_manifest(partial, title, [(name, path.relative_to(partial).as_posix()) for name, path in files])
            _drop_all_but([partial / MANIFEST, *(path for _, path in files)], partial)
            settle(partial, target)
    except Timeout as error:
        raise DataError(f"{title} is being downloaded already. Wait until it has arrived.") from error


def _arranged(title: str, recipe: _Recipe, folder: Path) -> list[Named]:
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        with sentences(folder):
            return list(recipe(folder))
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise DataError(
            f"{title} could not be downloaded: {_reason(error)}. Try again where the network allows it, "
            "or choose digits, shapes or a folder of your own."
        ) from error
    finally:
        socket.setdefaulttimeout(patience)


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, socket.gaierror):
        return "there is no connection to its server"
    if isinstance(reason, TimeoutError):
        return "its server does not answer"
    return (str(getattr(reason, "strerror", None) or reason) or type(reason).__name__)[:120].rstrip(".")


def _watched(work: Callable[[], None], folder: Path, megabytes: int, spec: str, progress: Progress) -> None:
    """Run `work` in a thread; tell `progress`, in the caller's own, how many megabytes have arrived in `folder`."""
    with ThreadPoolExecutor(1, thread_name_prefix="download") as pool:
        outcome = pool.submit(work)
        while not wait([outcome], timeout=0.5).done:
            arrived = sum(_size(path) for path in _archives(folder)) >> 20
            progress(f"Downloading {title_of(spec)} (MB)", min(arrived, megabytes), megabytes)
        outcome.result()


def _archives(folder: Path) -> list[Path]:
    found = (Path(base, name) for base, _, names in os.walk(folder) for name in names)
    return [path for path in found if path.suffix in _ARCHIVES]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _leave_nothing_but_archives(folder: Path) -> None:
    _drop_all_but(_archives(folder), folder)
    with suppress(OSError):  # not empty: archives have arrived, and the next attempt goes on with them
        folder.rmdir()


def _drop_all_but(kept: Iterable[Path], folder: Path) -> None:
    """Delete the other files, so that half of what an attempt had unpacked is never taken for the whole."""
    wanted = set(kept)
    for base, folders, names in os.walk(folder, topdown=False):
        for name in names:
            if Path(base, name) not in wanted:
                Path(base, name).unlink()
        for name in folders:
            if not os.listdir(Path(base, name)):
                Path(base, name).rmdir()


def _as_path(path: str | Path) -> Path:
    """Stands in for torchvision's image loader: the file is wanted, not its pixels."""
    return Path(path)


def _imagenette(folder: Path) -> Iterator[Named]:
    from torchvision.datasets import Imagenette

    for split, ours in (("train", "train"), ("val", "valid")):
        data = Imagenette(folder, split=split, size="160px", download=True, loader=_as_path)
        for path, label in (data[i] for i in range(len(data))):
            yield f"{ours}/{data.classes[label][0]}/{path.name}", path


def _pets(folder: Path) -> Iterator[Named]:
    from torchvision.datasets import OxfordIIITPet

    OxfordIIITPet(folder, download=True)
    home = folder / "oxford-iiit-pet"
    for split, ours in (("trainval", "train"), ("test", "test")):
        for line in (home / "annotations" / f"{split}.txt").read_text().splitlines():
            image, _, species, _ = line.split()
            yield f"{ours}/{('cat', 'dog')[int(species) - 1]}/{image}.jpg", home / "images" / f"{image}.jpg"


def _flowers102(folder: Path) -> Iterator[Named]:
    from torchvision.datasets import Flowers102

    for split, ours in (("train", "train"), ("val", "valid"), ("test", "test")):
        data = Flowers102(folder, split=split, download=True, loader=_as_path)
        for path, label in (data[i] for i in range(len(data))):
            yield f"{ours}/{_class_name(data.classes[label])}/{path.name}", path


def _eurosat(folder: Path) -> Iterator[Named]:
    from torchvision.datasets import EuroSAT

    data = EuroSAT(folder, download=True)
    for path, label in data.samples:
        yield f"{_class_name(data.classes[label])}/{Path(path).name}", Path(path)


def _cifar10(folder: Path) -> Iterator[Named]:
    from torchvision.datasets import CIFAR10

    yield from _as_files(CIFAR10, folder)


def _fashionmnist(folder: Path) -> Iterator[Named]:
    from torchvision.datasets import FashionMNIST

    yield from _as_files(FashionMNIST, folder)


def _as_files(kind: Any, folder: Path) -> Iterator[Named]:
    """Write a set that torchvision holds as arrays to PNG files."""
    (folder / "files").mkdir(exist_ok=True)
    for split, train in (("train", True), ("test", False)):
        data = kind(folder, train=train, download=True)
        for number, (values, label) in enumerate(zip(data.data, data.targets, strict=True)):
            path = folder / "files" / f"{split}-{number:05d}.png"
            Image.fromarray(np.asarray(values, dtype=np.uint8)).save(path, compress_level=1)
            yield f"{split}/{_class_name(data.classes[int(label)])}/{path.name}", path


def _class_name(name: str) -> str:
    """A class name that can be part of a path."""
    return str(name).replace("/", " or ")


_RECIPES: dict[str, _Recipe] = {
    "imagenette": _imagenette,
    "pets": _pets,
    "cifar10": _cifar10,
    "fashionmnist": _fashionmnist,
    "flowers102": _flowers102,
    "eurosat": _eurosat,
}
