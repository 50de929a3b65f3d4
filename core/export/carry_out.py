"""A run written as one file to carry to another machine. Importing this module imports no torch."""

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.data.catalogue import offers
from core.data.dataset import DataSet
from core.data.decode import digest_of, read
from core.data.moved import refuse_moved
from core.data.stamps import stamps_of
from core.errors import AnnealError, DataError, RunError
from core.export.carry_manifest import MANIFEST, CarriedData, CarriedItem, Kind, Manifest, Private, kind_of
from core.results.predictions import Predictions
from core.runs.checkpoint import KEY, read_meta, read_snapshot_meta
from core.runs.draft import FILE as DRAFT
from core.runs.draft import read_draft
from core.runs.folder import RunFolder
from core.runs.state import Curve, RunInfo
from core.runs.threshold import threshold_of
from core.runs.trials import KeptTrials
from core.workspace import Progress, atomic, no_progress, read_json, timestamp

SUFFIX = ".run.zip"

_STAMP = (1980, 1, 1, 0, 0, 0)
"""The time of every part: a zip cannot do without one, and it tells nothing of the machine."""

_CHUNK = 2**20


@dataclass
class Carried:
    """What was written: how many images, and the run's files that were damaged and therefore left out."""

    images: int = 0
    left_out: list[str] = field(default_factory=list)


def carry_out(run: RunFolder, path: Path, *, images: bool = False, progress: Progress = no_progress) -> Carried:
    """Write the run to `path` as one zip, with its images if asked for; the caller sees that no job is at work on it.

    It holds what `core.export.carry_manifest` lists, each part read and written anew, so that neither places of this
    machine nor anything else in the folder gets into it. Raises `RunError` for a damaged run, `DataError` when an image
    is gone or changed, `WorkspaceError` when the disk is full; no file is left then.
    """
    with atomic(path) as file:
        return write_carried(run, file, images=images, progress=progress)


def write_carried(run: RunFolder, file: BinaryIO, *, images: bool = False, progress: Progress = no_progress) -> Carried:
    """As `carry_out`, into an open file."""
    data, info = run.data(), run.info
    private, done = Private(run.workspace, run.path, data), Carried()
    sizes: dict[str, int] = {}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in _texts(run, info, data, private, done):
            _put(archive, name, content, sizes)
        files = list(_files(run))
        for number, (name, source, kind) in enumerate(files):
            progress("Writing the run", number, len(files))
            if kind == "predictions":
                _predictions(archive, name, source, sizes, done)
            else:
                _weights(archive, name, source, kind, private, sizes, done)
        if images:
            done.images = _images(archive, data, sizes, progress)
        about = Manifest(run=private.text(info.name), created=timestamp(), with_images=images, bytes=sizes)
        _put(archive, MANIFEST, about.model_dump_json(indent=1).encode(), {})
    return done


def bytes_of_images(data: DataSet) -> int:
    """How much the images would add to the file; those that are missing count as nothing."""
    return int(np.maximum(stamps_of(data.items.paths())[:, 0], 0).sum())


def _texts(
    run: RunFolder, info: RunInfo, data: DataSet, private: Private, done: Carried
) -> Iterator[tuple[str, bytes]]:
    """Name and content of every part that is text."""
    plain = {"data_spec": _offered(info.data_spec)}
    if info.origin is not None:
        plain["origin"] = info.origin.model_copy(update={"run": Path(info.origin.run).name})  # type: ignore[assignment]
    yield "run.json", _json(private, info.model_copy(update=plain).model_dump(mode="json"))
    yield "data.json", _data(data, private)
    yield "state.json", _json(private, run.state.model_dump(mode="json"))
    history = run.history.path
    if history.exists():
        content = history.read_bytes()
        yield "history.jsonl", content[: content.rfind(b"\n") + 1]
    draft = read_draft(run.path / DRAFT)
    if draft is not None:
        yield DRAFT, _json(private, draft.model_dump(mode="json"))
    if threshold_of(run):
        yield "threshold.json", _json(private, {"probability": threshold_of(run)})
    for path in sorted(run.path.glob("*/[!.]*.json")):
        name = f"{path.parent.name}/{path.name}"
        kind = kind_of(name)
        if kind in ("curve", "trials", "study"):
            try:
                yield name, _json(private, _answer(kind, path))
            except (OSError, ValueError):
                done.left_out.append(name)


def _answer(kind: Kind, path: Path) -> Any:
    value = read_json(path)
    if kind == "study":
        return value
    return (Curve if kind == "curve" else KeptTrials).model_validate(value).model_dump(mode="json")


def _json(private: Private, value: Any) -> bytes:
    return json.dumps(private.value(value), ensure_ascii=False).encode()


def _offered(spec: str) -> str:
    """The name of a data set that any machine can have; "" for places on this one."""
    return spec if any(offer.spec == spec for offer in offers()) else ""


def _data(data: DataSet, private: Private) -> bytes:
    rows = [{name: getattr(item, name) for name in CarriedItem.model_fields} for item in data.items]
    carried = CarriedData(
        offered=_offered(data.spec),
        title=private.text(data.title),
        classes=data.classes,
        items=tuple(map(CarriedItem.model_validate, rows)),
        broken=tuple((private.text(one.path), private.text(one.reason)) for one in data.broken),
        fingerprint=data.fingerprint,
        split_origin=data.split_origin,
        seed=data.seed,
        reading=private.value(data.reading.model_dump(mode="json")),
        grown_from=data.grown_from,
        fit=data.fit,
        edits=data.edits,
        given=data.given,
    )
    return carried.model_dump_json().encode()


def _files(run: RunFolder) -> Iterator[tuple[str, Path, Kind]]:
    """Name, place and kind of the parts that are no text."""
    candidates = [run.checkpoint, *sorted(run.path.glob("*/[!.]*"))]
    for path in candidates:
        name = path.relative_to(run.path).as_posix()
        kind = kind_of(name)
        wanted = kind in ("checkpoint", "snapshot", "restart", "average", "predictions")
        if kind is not None and wanted and path.is_file() and not path.is_symlink():
            yield name, path, kind


def _weights(
    archive: zipfile.ZipFile,
    name: str,
    path: Path,
    kind: Kind,
    private: Private,
    sizes: dict[str, int],
    done: Carried,
) -> None:
    """A file of weights as it is, but for the words in its header."""
    try:
        (read_meta if kind in ("checkpoint", "restart") else read_snapshot_meta)(path)
    except RunError:
        done.left_out.append(name)
        return
    with path.open("rb") as source:
        header = json.loads(source.read(int.from_bytes(source.read(8), "little")))
        words = header["__metadata__"]
        said = private.value(json.loads(words[KEY]))
        header["__metadata__"] = {KEY: json.dumps(said)}
        content = json.dumps(header, separators=(",", ":")).encode()
        content += b" " * (-len(content) % 8)
        with archive.open(_entry(name, zipfile.ZIP_STORED), "w", force_zip64=True) as part:
            part.write(len(content).to_bytes(8, "little") + content)
            sizes[name] = 8 + len(content)
            while chunk := source.read(_CHUNK):
                part.write(chunk)
                sizes[name] += len(chunk)


def _predictions(archive: zipfile.ZipFile, name: str, path: Path, sizes: dict[str, int], done: Carried) -> None:
    try:
        found = Predictions.load(path)
    except AnnealError:
        done.left_out.append(name)
        return
    content = io.BytesIO()
    found.write(content)
    _put(archive, name, content.getvalue(), sizes, zipfile.ZIP_STORED)


def _images(archive: zipfile.ZipFile, data: DataSet, sizes: dict[str, int], progress: Progress) -> int:
    for number, item in enumerate(data.items):
        progress("Writing the images", number, len(data.items))
        try:
            content = read(item.path)
            if digest_of(content) != item.digest:
                raise DataError("The file has changed since.")
        except DataError as error:
            refuse_moved(item.path)
            raise DataError(
                f"{item.name} is no longer as it was when the data set was read. {error} Put it back, or export the "
                "run without its images."
            ) from error
        suffix = item.path.suffix.lower()
        name = f"images/{number:06d}{suffix}"
        name = name if kind_of(name) else f"images/{number:06d}"
        _put(archive, name, content, sizes, zipfile.ZIP_STORED)
    progress("Writing the images", len(data.items), len(data.items))
    return len(data.items)


def _put(
    archive: zipfile.ZipFile, name: str, content: bytes, sizes: dict[str, int], how: int = zipfile.ZIP_DEFLATED
) -> None:
    archive.writestr(_entry(name, how), content)
    sizes[name] = len(content)


def _entry(name: str, how: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _STAMP)
    entry.compress_type = how
    entry.external_attr = 0o644 << 16
    return entry
