"""Downloads, with torchvision's classes replaced: no network is touched."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torchvision
from filelock import FileLock

from core.data.downloads import VERSION
from core.data.index import load_data
from core.errors import DataError
from core.workspace import Workspace
from tests.core.data.making import png, write


class Files:
    """A torchvision set whose samples are (what its loader makes of a path, label)."""

    def __init__(self, classes: list[Any], samples: list[tuple[Path, int]], loader: Callable[[str], Any]) -> None:
        self.classes, self.samples, self.loader = classes, samples, loader

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, i: int) -> tuple[Any, int]:
        path, label = self.samples[i]
        return self.loader(str(path)), label


def pictures(root: Path, prefix: str, count: int) -> list[tuple[Path, int]]:
    offset = sum(map(ord, prefix))
    write(root, {f"{prefix}/{k}.jpg": png(offset * 100 + k) for k in range(count)})
    return [(root / prefix / f"{k}.jpg", k % 2) for k in range(count)]


def install(monkeypatch: pytest.MonkeyPatch, name: str, kind: Callable[..., object]) -> None:
    monkeypatch.setattr(torchvision.datasets, name, kind)


def imagenette(root: Path, *, split: str, size: str, download: bool, loader: Callable[[str], Any]) -> Files:
    write(root, {"imagenette2-160.tgz": b"archive"})
    samples = pictures(root / "imagenette2-160", split, 4)
    return Files([("tench", "Tinca tinca"), ("chain saw", "chainsaw")], samples, loader)


def flowers(root: Path, *, split: str, download: bool, loader: Callable[[str], Any]) -> Files:
    return Files(["rose", "lily"], pictures(root / "flowers-102/jpg", split, 4), loader)


def eurosat(root: Path, *, download: bool) -> SimpleNamespace:
    return SimpleNamespace(classes=["Forest", "River"], samples=pictures(root / "eurosat", "2750", 10))


def pets(root: Path, *, download: bool) -> None:
    home = root / "oxford-iiit-pet"
    pictures(home, "images", 8)
    lines = [f"{k} 1 {k % 2 + 1} 1" for k in range(8)]
    write(home / "annotations", {"trainval.txt": "\n".join(lines[:6]).encode()})
    write(home / "annotations", {"test.txt": "\n".join(lines[6:]).encode(), "trimaps/0.png": b"unused"})


def clothing(root: Path, *, train: bool, download: bool) -> SimpleNamespace:
    values = np.random.default_rng(train).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    return SimpleNamespace(classes=["T-shirt/top", "Bag"], data=values, targets=[0, 1, 0, 1])


def cifar(root: Path, *, train: bool, download: bool) -> SimpleNamespace:
    values = np.random.default_rng(train).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    return SimpleNamespace(classes=["airplane", "bird"], data=values, targets=[0, 1, 0, 1])


SETS = {
    "imagenette": ("Imagenette", imagenette, ("chain saw", "tench"), {"train": 4, "valid": 4}),
    "flowers102": ("Flowers102", flowers, ("lily", "rose"), {"train": 4, "valid": 4, "test": 4}),
    "eurosat": ("EuroSAT", eurosat, ("Forest", "River"), {"train": 8, "valid": 2}),
    "pets": ("OxfordIIITPet", pets, ("cat", "dog"), {"train": 6, "valid": 2}),
    "fashionmnist": ("FashionMNIST", clothing, ("Bag", "T-shirt or top"), {"train": 4, "valid": 4}),
    "cifar10": ("CIFAR10", cifar, ("airplane", "bird"), {"train": 4, "valid": 4}),
}


@pytest.mark.parametrize("spec", SETS)
def test_a_set_is_fetched_once_and_arranged(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, spec: str) -> None:
    name, kind, classes, splits = SETS[spec]
    install(monkeypatch, name, kind)
    data = load_data(spec, workspace)
    assert data.classes == classes
    assert {split: len(data.indices(split)) for split in splits} == splits
    assert data.broken == ()
    monkeypatch.delattr(torchvision.datasets, name)
    assert load_data(spec, workspace) == data
    kept = {path for path in (workspace.data / f"{spec}-{VERSION}").rglob("*") if path.is_file()}
    assert {path.name for path in kept - {item.path for item in data.items}} == {"names.json"}


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (URLError(TimeoutError("timed out")), "its server does not answer"),
        (URLError(OSError(101, "Network is unreachable")), "Network is unreachable"),
        (RuntimeError("File not found or corrupted."), "File not found or corrupted"),
    ],
)
def test_a_refused_download_is_said_plainly(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    install(monkeypatch, "OxfordIIITPet", refuse)
    with pytest.raises(DataError) as refusal:
        load_data("pets", workspace)
    assert str(refusal.value) == (
        f"Cats v dogs (Oxford-IIIT Pet) could not be downloaded: {reason}. Try again where the network allows it, "
        "or choose digits, shapes or a folder of your own."
    )
    assert [path.name for path in workspace.data.iterdir() if path.is_dir()] == []


def test_a_second_attempt_keeps_archives_and_nothing_half_unpacked(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(root: Path, **_: object) -> None:
        write(root, {"eurosat/EuroSAT.zip": b"arrived", "eurosat/2750/Forest/half.jpg": b"half"})
        raise URLError(ConnectionResetError(104, "Connection reset by peer"))

    found: list[str] = []

    def second(root: Path, **settings: bool) -> SimpleNamespace:
        found.extend(path.name for path in root.rglob("*") if path.is_file())
        return eurosat(root, **settings)

    install(monkeypatch, "EuroSAT", broken_off)
    with pytest.raises(DataError, match="Connection reset by peer"):
        load_data("eurosat", workspace)
    install(monkeypatch, "EuroSAT", second)
    assert len(load_data("eurosat", workspace).items) == 10
    assert found == ["EuroSAT.zip"]


def test_progress_is_told_in_the_callers_thread(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []
    threads: set[int] = set()
    seen = threading.Event()

    def slow(root: Path, **settings: bool) -> SimpleNamespace:
        write(root, {"eurosat/EuroSAT.zip": bytes(3 * 2**20)})
        seen.wait(20)
        return eurosat(root, **settings)

    def progress(what: str, done: int, total: int) -> None:
        told.append((what, done, total))
        threads.add(threading.get_ident())
        seen.set()

    install(monkeypatch, "EuroSAT", slow)
    load_data("eurosat", workspace, progress=progress)
    assert ("Downloading EuroSAT (MB)", 3, 95) in told
    assert threads == {threading.get_ident()}


def test_two_do_not_download_the_same(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "EuroSAT", eurosat)
    with FileLock(f"{workspace.data / f'.eurosat-{VERSION}.part'}.lock"), pytest.raises(DataError, match="already"):
        load_data("eurosat", workspace)
