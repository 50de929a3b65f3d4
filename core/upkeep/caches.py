"""What decoded pixels and activations occupy on disk, and clearing them. Importing this module imports no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.data.kept_rows import delete_array
from core.errors import RunError
from core.jobs import queue, store
from core.kept import read_json, read_once
from core.runs.folder import list_runs
from core.runs.state import RunInfo
from core.workspace import Workspace, sentences

COLUMNS = ("kind", "data", "size", "backbone", "images", "bytes", "key", "used_by")
KINDS = ("pixels", "activations")


@dataclass(frozen=True)
class Cache:
    """One cached array. `key` is "pixels/DIGEST" or "activations/DIGEST", `used_by` names the runs on its images."""

    kind: str
    data: str
    size: int
    backbone: str
    images: int
    bytes: int
    key: str
    used_by: tuple[str, ...]


def caches(workspace: Workspace) -> list[Cache]:
    """Every cached array, the largest first."""
    runs = _infos(workspace)
    found = [_described(kind, path, runs) for kind in KINDS for path in _folder(workspace, kind).glob("[!.]*.npy")]
    return sorted(found, key=lambda cache: (-cache.bytes, cache.key))


def list_caches(workspace: Workspace) -> pd.DataFrame:
    """`caches` as a frame: kind, data, size (px), backbone, images, bytes, key, used_by (names of runs)."""
    rows = [[getattr(cache, name) for name in COLUMNS] for cache in caches(workspace)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["used_by"] = [", ".join(names) for names in frame["used_by"]]
    return frame


def clear(workspace: Workspace, keys: Iterable[str]) -> int:
    """Delete cached arrays by their keys; the bytes that came free. They are made again when they are needed.

    Raises `RunError` while a job is live, since it may be reading them.
    """
    freed = 0
    with store.locked(workspace):
        if queue.live_job(workspace) is not None:
            raise RunError("A job is at work and may be reading these. Wait until it has ended, or stop it first.")
        known = {cache.key for cache in caches(workspace)}
        for key in set(keys) & known:
            kind, name = key.split("/")
            array = _folder(workspace, kind) / f"{name}.npy"
            with sentences(array):
                freed += array.stat().st_size
                delete_array(array)
    return freed


def _folder(workspace: Workspace, kind: str) -> Path:
    return workspace.pixels if kind == "pixels" else workspace.activations


def _infos(workspace: Workspace) -> list[RunInfo]:
    found = []
    for run in list_runs(workspace):
        try:
            found.append(run.info)
        except RunError:
            continue
    return found


def _described(kind: str, path: Path, runs: list[RunInfo]) -> Cache:
    facts = _facts(path)
    data, backbone = str(facts.get("data", "unknown")), str(facts.get("backbone", ""))
    fingerprint = facts.get("fingerprint")
    users = [
        run.name
        for run in runs
        if ((run.given or run.fingerprint) == fingerprint if fingerprint else run.data_title == data)
        and (kind == "pixels" or run.backbone == backbone)
    ]
    return Cache(
        kind=kind,
        data=data,
        size=_number(facts.get("size")),
        backbone=backbone,
        images=_number(facts.get("images")),
        bytes=path.stat().st_size,
        key=f"{kind}/{path.stem}",
        used_by=tuple(users),
    )


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = read_once(path.with_suffix(".json"), read_json)
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
