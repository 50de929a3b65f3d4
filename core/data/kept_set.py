"""A large data set as it was read last, taken over whole as long as nothing of it has changed.

To read 200,000 files anew, each of which was looked at before, takes seconds: their folders are walked, classes and
splits are read off names, and what was seen is put together. To find that nothing has changed takes a part of a second.

What is noticed: a file or folder that was added, removed or renamed, as the times of its folder change; a table or
another file that is no image and was written to; and, where that is asked for, an image that was written to in place,
as its own size or times do. The last takes a look at every file, half a second for 200,000 whose entries the system has
in memory and many seconds from a disk, so that a page asks for it a moment after it was shown. What is not noticed
here, content that was swapped with the clock set back, is found in decoding, which compares every file with its digest.
"""

import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.data.dataset import DataSet
from core.data.items import Items
from core.data.packed import Packed, read_packed, write_packed
from core.data.paths import typed_path
from core.data.reading import Choice
from core.data.scan import Scan
from core.data.sources import Source, Watched
from core.data.stamps import stamp, stamps_of
from core.data.tree import may_be_image
from core.errors import DataError, WorkspaceError
from core.workspace import Workspace

FEWEST = 5000
"""Images of a set that is kept: smaller ones are read in a moment."""

MOST_WAYS = 4
"""Ways of reading or splitting one place that are kept: of 200,000 images each takes 20 MB."""

SETTLED_NS = 2_000_000_000
"""A folder written to so shortly before it was read may be written to again without another time."""


@dataclass(frozen=True)
class KeptSet:
    """The file `path` in which a data set is kept that is read in one way."""

    path: Path

    @classmethod
    def of(cls, place: Path, workspace: Workspace, choice: Choice, valid_share: float, seed: int) -> "KeptSet":
        """Kept by where it lies, how it is read and split, and the code that reads it."""
        how = repr((_rules(), choice.model_dump_json(), valid_share, seed))
        names = (hashlib.blake2b(of.encode("utf-8", "replace"), digest_size=16).hexdigest() for of in (str(place), how))
        return cls(workspace.indexes / f"set-{'-'.join(names)}.npz")

    def opened(self, *, images: bool) -> DataSet | None:
        """The data set, if it is kept and nothing of it has changed since; `images` looks at each of them too."""
        kept = read_packed(self.path)
        if kept is None:
            return None
        try:
            watched, numbers = kept.texts["watched"], kept.numbers
            if not np.array_equal(stamps_of(watched), numbers["watched"]):
                return None
            items = Items.unpacked(kept)
            if images:
                files = [*items.paths(), *map(str, kept.words["unreadable"])]
                if not np.array_equal(stamps_of(files), numbers["files"]):
                    return None
            return DataSet.of_head(kept.words["data"], items)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, DataError):
            return None

    def forget(self) -> None:
        """Have the data set read anew next time."""
        with suppress(OSError):
            self.path.unlink()

    def keep(self, data: DataSet, source: Source, tables: Sequence[Watched], files: Sequence[str], found: Scan) -> None:
        """Keep `data`, read from `source` just now; nothing where it is small, or cannot be told from a changed one.

        `tables` are what else was read, with stamps from before that; `files` are the places of those in `found`.
        """
        watched = [*source.watched, *tables]
        newest = max((max(times) for _, (_, *times) in watched), default=0)
        if len(data.items) < FEWEST or not source.watched or newest > time.time_ns() - SETTLED_NS:
            return
        bad = [row for row, seen in enumerate(found.seen) if seen.reason]
        good = [row for row, seen in enumerate(found.seen) if not seen.reason]
        items = data.items.packed()
        words = {**items.words, "data": data.head(), "unreadable": [files[row] for row in bad]}
        texts = {**items.texts, "watched": [place for place, _ in watched]}
        stamps = {"watched": np.array([one for _, one in watched], dtype=np.int64), "files": found.stamps[good + bad]}
        with suppress(WorkspaceError, ValueError, OSError):  # it is read again next time
            write_packed(self.path, Packed(words, texts, {**items.numbers, **stamps}))
            self._keep_few()

    def _keep_few(self) -> None:
        """Delete what was kept of the same place longest ago: read in another way, or by other rules."""
        alike = self.path.parent.glob(f"{self.path.name.rpartition('-')[0]}-*.npz")
        for old in sorted(alike, key=lambda path: -path.stat().st_mtime_ns)[MOST_WAYS:]:
            old.unlink(missing_ok=True)


def tables_in(source: Source, choice: Choice) -> list[Watched]:
    """The files that may say which classes there are, with their stamps: those that are no images, and a chosen one."""
    places = [file.place for file in source.files if not may_be_image(file.name)]
    chosen = [str(typed_path(choice.table))] if choice.table else []
    return [(place, stamp(place)) for place in [*places, *chosen]]


@cache
def _rules() -> str:
    """A digest of the code that reads data sets: what older rules have read is read again."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
