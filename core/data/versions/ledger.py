"""The list of edits of a data set, on disk: one line an image, for every run on these files and every open tab."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from core.data.dataset import DataSet
from core.data.refusals import named
from core.data.versions.edits import Action, Edit
from core.data.versions.version import as_given, unfit
from core.errors import DataError, WorkspaceError
from core.kept import read_once
from core.workspace import Workspace, atomic, sentences, timestamp

WAIT_S = 10.0
"""Seconds to wait for another process that writes the list."""


def ledger_of(workspace: Workspace, data: DataSet) -> "Ledger":
    """The list of edits of the files that `data` was read from; before it is first written, the edits that `data` has.

    So a run that was copied from elsewhere brings its edits along.
    """
    return Ledger(_path(workspace, data.spec), data.spec, data.edits)


def _path(workspace: Workspace, spec: str) -> Path:
    return workspace.versions / f"{hashlib.blake2b(spec.encode('utf-8', 'replace'), digest_size=16).hexdigest()}.jsonl"


def _edits_in(path: Path) -> tuple[Edit, ...]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], start=2):
        try:
            found.append(Edit.model_validate_json(line))
        except ValidationError as error:
            raise DataError(
                f"Line {number} of the list of edits {path} cannot be read. Put the line right, or delete it."
            ) from error
    return tuple(found)


class Ledger:
    """The edits in `path`: JSON lines, the first of which names the data set, and then one line an edit.

    There is at most one edit an image; what stands is taken back before something else is decided. Every change reads
    the file and writes it whole under a lock, so that no tab loses another's edit.
    """

    def __init__(self, path: Path, spec: str, first: Sequence[Edit] = ()) -> None:
        self.path = path
        self.spec = spec
        self._first = tuple(first)

    def edits(self) -> tuple[Edit, ...]:
        """What stands now, oldest first. Raises `DataError` for a line that cannot be read."""
        try:
            return read_once(self.path, _edits_in)
        except FileNotFoundError:
            return self._first
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"The list of edits {self.path} cannot be read. Check the file, or delete it.") from error

    def decide(self, data: DataSet, image: str, action: Action, to: str = "") -> Edit:
        """Write down what was decided about `image` of `data`; the same decision twice is one edit, which is returned.

        `to` is the class that a relabelled image gets. Raises `DataError` when there is no such image or class, when
        the class is what the image has already, and when something else was decided about the image before.
        """
        given = as_given(data)
        item = next((item for item in given.items if item.name == image), None)
        if item is None:
            raise DataError(f"There is no image {image} in this data set. Give the name that the data set lists.")
        was = given.classes[item.label]
        if action == "relabel" and to not in given.classes:
            raise DataError(f"There is no class {to or 'without a name'}. The classes are {named(given.classes)}.")
        if action == "relabel" and to == was:
            raise DataError(f"{image} is of class {was} already. Confirm it instead.")
        new = Edit(
            id=secrets.token_hex(4),
            when=timestamp(),
            image=image,
            digest=item.digest,
            action=action,
            was=was,
            to=to if action == "relabel" else "",
            split=item.split,
        )
        with self._locked():
            edits = self.edits()
            for edit in edits:
                if edit.image == image and edit.digest == item.digest:
                    if edit.effect == new.effect:
                        return edit
                    raise DataError(
                        f"{image} was edited before, here or in another tab: {edit.words()}. Take that back first."
                    )
            self._write([*(edit for edit in edits if edit.image != image), new])
        return new

    def take_back(self, ids: Sequence[str]) -> tuple[Edit, ...]:
        """Take edits back by their ids; raises `DataError` when one of them does not stand (any more)."""
        with self._locked():
            edits = self.edits()
            gone = sorted(set(ids) - {edit.id for edit in edits})
            if gone:
                raise DataError(
                    f"There is no edit {', '.join(gone)}. It may have been taken back in another tab; list the edits "
                    "again."
                )
            self._write([edit for edit in edits if edit.id not in ids])
        return tuple(edit for edit in edits if edit.id in ids)

    def take_back_unfit(self, data: DataSet) -> tuple[Edit, ...]:
        """Take back the edits that do not fit the images of `data` (any more)."""
        return self.take_back([wrong.edit.id for wrong in unfit(as_given(data), self.edits())])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            with sentences(lock), FileLock(lock, timeout=WAIT_S, poll_interval=0.02):
                yield
        except Timeout as error:
            raise WorkspaceError("Another process holds the list of edits. Try again in a moment.") from error

    def _write(self, edits: Sequence[Edit]) -> None:
        lines = [json.dumps({"data": self.spec}, ensure_ascii=False), *(edit.model_dump_json() for edit in edits)]
        with atomic(self.path) as file:
            file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def carry(workspace: Workspace, before: DataSet, after: DataSet) -> None:
    """Give the edits of `before` to `after`, the same images in another place, where those have no list yet."""
    source, target = ledger_of(workspace, before), ledger_of(workspace, after)
    if source.path != target.path and source.path.exists():
        with target._locked():
            if not target.path.exists():
                target._write(source.edits())
