"""Data sets that torchvision has downloaded before, opened from their folder without a network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.errors import DataError
from core.workspace import Progress

Named = tuple[str, Path]

FOLDERS = {
    "cifar-10-batches-py": ("CIFAR10", ""),
    "cifar-100-python": ("CIFAR100", ""),
    "FashionMNIST": ("FashionMNIST", "raw"),
    "MNIST": ("MNIST", "raw"),
    "KMNIST": ("KMNIST", "raw"),
    "oxford-iiit-pet": ("OxfordIIITPet", "annotations"),
    "flowers-102": ("Flowers102", "jpg"),
}
"""Folder that torchvision makes in its root -> its class there, and a folder that must be inside ("" for none)."""

_ARRAYS = ("CIFAR10", "CIFAR100", "FashionMNIST", "MNIST", "KMNIST")


@dataclass(frozen=True)
class LocalSet:
    """A set in `root` as torchvision left it; `holds_arrays` says that its images must be written to files first."""

    kind: str
    root: Path

    @property
    def holds_arrays(self) -> bool:
        """Whether torchvision keeps the images of the set as arrays, not as files."""
        return self.kind in _ARRAYS


def local_set(folder: Path) -> LocalSet | None:
    """The torchvision set whose root or own folder `folder` is; None where it is none, or holds other folders too."""
    kind, inside = FOLDERS.get(folder.name, ("", ""))
    if kind and (folder / inside).is_dir():
        return LocalSet(kind, folder.parent)
    try:
        there = [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return None
    kind, inside = FOLDERS.get(there[0].name, ("", "")) if len(there) == 1 else ("", "")
    return LocalSet(kind, folder) if kind and (there[0] / inside).is_dir() else None


def files_of(found: LocalSet) -> Iterator[Named]:
    """(Name in the data set, file) of a set that is kept as files; raises `DataError` when it is incomplete."""
    from torchvision import datasets

    splits = ("trainval", "test") if found.kind == "OxfordIIITPet" else ("train", "val", "test")
    for split in splits:
        data = _loaded(getattr(datasets, found.kind), found.root, split=split)
        paths, labels = getattr(data, "_images", None) or data._image_files, data._labels
        names = getattr(data, "classes", None)
        for path, label in zip(paths, labels, strict=True):
            ours = "train" if split == "trainval" else split
            yield f"{ours}/{names[label] if names else label}/{Path(path).name}", Path(path)


def write_arrays(found: LocalSet, folder: Path, progress: Progress) -> Iterable[Named]:
    """Write a set that is kept as arrays to PNG files in `folder`; yields (name in the data set, file)."""
    from torchvision import datasets

    for split, train in (("train", True), ("test", False)):
        data = _loaded(getattr(datasets, found.kind), found.root, train=train)
        for number, (values, label) in enumerate(zip(data.data, data.targets, strict=True)):
            path = folder / f"{split}-{number:05d}.png"
            Image.fromarray(np.asarray(values, dtype=np.uint8)).save(path, compress_level=1)
            if number % 1000 == 0:
                progress(f"Writing {found.kind}, {split}", number, len(data.data))
            yield f"{split}/{str(data.classes[int(label)]).replace('/', ' or ')}/{path.name}", path


def _loaded(kind: Any, root: Path, **how: Any) -> Any:
    try:
        return kind(root, download=False, **how)
    except Exception as error:  # torchvision raises what its readers raise
        raise DataError(
            f"{kind.__name__} in {root} is incomplete or damaged: {str(error)[:120].rstrip('.')}. "
            "Download it again, or choose another data set."
        ) from error
