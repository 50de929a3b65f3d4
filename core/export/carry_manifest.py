"""What a carried run's file may hold: the list of its parts, by which it is written and read. Imports no torch."""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from core.data.dataset import DataSet
from core.data.folders import clean_name
from core.data.reading import Reading
from core.data.versions.edits import EXCLUDED, Edit
from core.errors import AnnealError, ExportError
from core.runs.names import checked_snapshot
from core.workspace import Workspace

VERSION = 1
MANIFEST = "carried.json"

Kind = Literal["manifest", "run", "data", "state", "history", "draft", "threshold", "curve", "trials", "study",
               "checkpoint", "snapshot", "restart", "average", "predictions", "image"]  # fmt: skip
"""What a part of the file is; each kind is checked in a way of its own."""

_ONE: dict[str, Kind] = {
    MANIFEST: "manifest",
    "run.json": "run",
    "data.json": "data",
    "state.json": "state",
    "history.jsonl": "history",
    "draft.json": "draft",
    "threshold.json": "threshold",
    "checkpoint.safetensors": "checkpoint",
    "studies/averaged.safetensors": "average",
}
_MANY: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("curve", re.compile(r"finder/\d{4,9}\.json", re.ASCII)),
    ("trials", re.compile(r"trials/\d{4,9}\.json", re.ASCII)),
    ("study", re.compile(r"studies/[a-z_]{1,40}-[0-9a-f]{12}\.json")),
    ("image", re.compile(r"images/\d{6}(\.[a-z0-9]{1,5})?", re.ASCII)),
)
_NAMED: tuple[tuple[Kind, str, str], ...] = (
    ("snapshot", "snapshots/", ".safetensors"),
    ("restart", "restarts/", ".safetensors"),
    ("predictions", "predictions/", ".npz"),
)
NEEDED = (MANIFEST, "run.json", "data.json", "state.json")
FOLDERS = ("finder/", "trials/", "studies/", "images/", "snapshots/", "restarts/", "predictions/")

SAID = "…"
"""Stands for a folder of the machine that the run comes from."""


def kind_of(name: str) -> Kind | None:
    """What the part called `name` is; None for what no carried run holds."""
    if name in _ONE:
        return _ONE[name]
    for kind, pattern in _MANY:
        if pattern.fullmatch(name):
            return kind
    for kind, start, end in _NAMED:
        stem = name.removeprefix(start).removesuffix(end)
        if name == f"{start}{stem}{end}" and _can_be_kept(stem):
            return kind
    return None


def _can_be_kept(stem: str) -> bool:
    try:
        return checked_snapshot(stem) == stem
    except AnnealError:
        return False


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Whole = Annotated[int, Field(ge=0, lt=2**31)]
Text = Annotated[str, Field(max_length=4096)]


class Manifest(_Strict):
    """`carried.json`: what the file is, and whether the images are in it. `bytes` has the size of every other part."""

    anneal_run: Whole = VERSION
    run: Text
    created: Text
    with_images: bool = False
    bytes: dict[Text, Annotated[int, Field(ge=0)]]


class CarriedItem(_Strict):
    """An image: a `core.data.dataset.Item` without the place where it lies."""

    name: Text
    label: Whole
    split: Literal["train", "valid", "test", "excluded"]
    digest: Digest
    width: Annotated[int, Field(gt=0, lt=2**31)]
    height: Annotated[int, Field(gt=0, lt=2**31)]


class CarriedData(_Strict):
    """`data.json` as it is carried: a data set without the places of its images."""

    offered: Text = ""
    title: Text
    classes: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=4096)], ...], Field(min_length=2)]
    items: tuple[CarriedItem, ...]
    broken: tuple[tuple[Text, Text], ...] = ()
    fingerprint: Digest
    split_origin: Text
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)]
    reading: dict[str, JsonValue] = Field(default_factory=dict)
    grown_from: tuple[Whole, ...] = ()
    fit: Literal["crop", "squash", "pad"] = "crop"
    edits: tuple[Edit, ...] = ()
    given: Digest | Literal[""] = ""

    @property
    def used(self) -> int:
        """How many of the images are on a side of the split."""
        return sum(item.split != EXCLUDED for item in self.items)

    def checked(self) -> "CarriedData":
        """The same; raises `ValueError` where its parts do not agree."""
        names = [item.name for item in self.items]
        fine = (
            len(set(self.classes)) == len(self.classes)
            and len(set(names)) == len(names) > 0
            and all(item.label < len(self.classes) for item in self.items)
            and all(name and clean_name(name) == name for name in names)
            and list(self.grown_from) == sorted(self.grown_from)
            and all(count <= len(names) for count in self.grown_from)
            and {edit.image for edit in self.edits} <= set(names)
            and {edit.was for edit in self.edits} <= set(self.classes)
            and {edit.to for edit in self.edits if edit.action == "relabel"} <= set(self.classes)
            and {edit.split for edit in self.edits} <= {"train", "valid", "test"}
        )
        if not fine:
            raise ValueError("labels, names or counts do not agree")
        Reading.model_validate(self.reading)
        return self

    def placed(self, spec: str, places: Iterable[Path]) -> DataSet:
        """The data set with its images at `places`, one for each item in order."""
        rows = [
            [item.name, str(place), item.label, item.split, item.digest, item.width, item.height]
            for item, place in zip(self.items, places, strict=True)
        ]
        return DataSet.from_json({**self.model_dump(mode="json"), "spec": spec, "items": rows})


class Private:
    """Takes the places of a run's machine out of texts: its folders of images, its workspace, a person's home."""

    def __init__(self, workspace: Workspace, folder: Path, data: DataSet) -> None:
        holders = {str(item.path.parent) for item in data.items if item.path.is_absolute()}
        roots = {Path(os.path.commonpath(holders))} if holders else set()
        roots |= {workspace.root, folder, Path.home(), Path(data.spec)}
        places = {str(place) for root in roots if root.is_absolute() for place in (root, *root.parents)}
        deep = sorted((place for place in places if place.count(os.sep) > 1), key=len, reverse=True)
        self._pattern = re.compile(rf"(?:{'|'.join(map(re.escape, deep))})[^\s\"'`]*") if deep else None

    def text(self, text: str) -> str:
        """`text` with a sign in place of each path."""
        return self._pattern.sub(SAID, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it treated so."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list | tuple) else value


def json_of(content: bytes, name: str) -> Any:
    """The JSON value of a part; raises `ExportError` for what is no JSON, too deep, or has numbers past 64 bits."""
    try:
        return json.loads(content.decode("utf-8"), parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise damaged(name) from error


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) >= 2**63:
        raise ValueError("a number past 64 bits")
    return int(digits)


def damaged(name: str) -> ExportError:
    """What is said of a part that cannot be what it is called."""
    return ExportError(
        f"{name} in this file is not what a carried run holds there, so nothing was imported. Have the run "
        "exported again."
    )
