"""What is wrong with a data set, or might be, in the order in which it harms a classifier."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.data.dataset import DataSet
from core.data.folder_names import alike
from core.data.items import Indices
from core.data.reading import LostClass

IMBALANCE = 3.0
"""The largest class may have this many times the images of the smallest before it is mentioned."""
FEW_TO_TRAIN = 10
"""Training images of a class below which it can hardly be learned."""
FEW_TO_CHECK = 5
"""Validation images of a class below which its accuracy is mostly chance: one image is 20 % of it."""

MOST_CUT = 0.5
"""Share of an image that may be lost when its middle square is cut out before it is mentioned."""
SHOWN = 8
"""Names that a sentence lists; the rows have all of them."""


@dataclass(frozen=True)
class Finding:
    """One thing to know: what it is in a sentence, what to do, and the rows behind it."""

    level: Literal["good", "note", "bad"]
    title: str
    advice: str = ""
    rows: pd.DataFrame | None = None


def findings(data: DataSet) -> list[Finding]:
    """Everything checked, the bad first; what is in order is said as well."""
    checks = (
        _lost,
        _reading,
        _broken,
        _contradictions,
        _leaks,
        _duplicates,
        _same_names,
        _unchecked,
        _cut,
        _balance,
        _few,
    )
    found = [finding for check in checks for finding in check(data)]
    return sorted(found, key=lambda finding: ("bad", "note", "good").index(finding.level))


def _lost(data: DataSet) -> Iterator[Finding]:
    """Classes that are gone, or half gone, because their images cannot be read."""
    rows = data.reading.lost
    if not rows:
        return
    gone = [row for row in rows if not row.readable]
    if gone:
        classes = "The class" if len(gone) == 1 else "The classes"
        verb = "has" if len(gone) == 1 else "have"
        yield Finding(
            "bad",
            f"{classes} {_named([row.name for row in gone])} {verb} no readable image and will not be learned",
            f"{gone[0].reason} Add readable images, or remove the folder.",
            _lost_rows(gone),
        )
    halved = [row for row in rows if row.readable]
    if halved:
        yield Finding(
            "bad",
            f"Half or more of the images of {_named([row.name for row in halved])} cannot be read",
            f"{halved[0].reason} The remaining images may not represent the class.",
            _lost_rows(halved),
        )


def _lost_rows(rows: list[LostClass]) -> pd.DataFrame:
    listed = [(row.name, row.files, row.readable, row.reason) for row in rows]
    return pd.DataFrame(listed, columns=["class", "files", "readable", "reason"])


def _reading(data: DataSet) -> Iterator[Finding]:
    """What is doubtful about how the files became classes."""
    for question in data.reading.questions:
        yield Finding("note", question.rstrip("."), "Check how the data set was read, and put it right if it is wrong.")


def _same_names(data: DataSet) -> Iterator[Finding]:
    """Classes whose names differ only in case or white space: mostly one class, written in two ways."""
    groups: dict[str, list[str]] = {}
    for name in data.classes:
        groups.setdefault(alike(name), []).append(name)
    pairs = [names for names in groups.values() if len(names) > 1]
    if pairs:
        listed = "; ".join(" and ".join(repr(name) for name in names) for names in pairs[:SHOWN])
        yield Finding(
            "bad",
            f"Class names differ only in case or white space: {listed}",
            "Anneal treats them as different classes. If they are one, put the images in one folder.",
            pd.DataFrame([(n, name) for n, names in enumerate(pairs, 1) for name in names], columns=["group", "class"]),
        )


def _unchecked(data: DataSet) -> Iterator[Finding]:
    """Classes without a validation image, of which no accuracy can be told."""
    counts = _per_class(data, "valid")
    missing = [str(name) for name in counts.index[counts == 0]]
    if missing:
        verb = "has" if len(missing) == 1 else "have"
        yield Finding(
            "bad",
            f"{_named(missing)} {verb} no validation image",
            "Their accuracy cannot be measured. Put some of their images in the validation folder.",
            pd.DataFrame({"class": missing}),
        )


def _cut(data: DataSet) -> Iterator[Finding]:
    """Images so long that the square cut from their middle leaves out more than half."""
    used = data.used
    longer, shorter = np.maximum(used.widths, used.heights), np.minimum(used.widths, used.heights)
    cut = [(used.names[i], used.widths[i], used.heights[i]) for i in np.flatnonzero(1 - shorter / longer > MOST_CUT)]
    if cut:
        images, they = ("1 image is", "it is") if len(cut) == 1 else (f"{len(cut):,} images are", "they are")
        yield Finding(
            "note",
            f"{images} cut by more than half because {they} very wide or very tall",
            "Only the square in the middle of an image is used, unless a run squashes or pads them. Crop such images "
            "to what matters.",
            pd.DataFrame(cut, columns=["file", "width", "height"]),
        )


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN:,} more"


def _broken(data: DataSet) -> Iterator[Finding]:
    if not data.broken:
        yield Finding("good", "Every file could be read")
        return
    rows = pd.DataFrame([(file.path, file.reason) for file in data.broken], columns=["file", "reason"])
    files = "1 file was" if len(rows) == 1 else f"{len(rows):,} files were"
    yield Finding(
        "note", f"{files} skipped", "Anneal trains on the rest. Replace or delete these files to clear this note.", rows
    )


def _leaks(data: DataSet) -> Iterator[Finding]:
    if not data.leaks:
        yield Finding("good", "No image is both in training and in validation")
        return
    groups = "1 image is" if len(data.leaks) == 1 else f"{len(data.leaks):,} images are"
    yield Finding(
        "bad",
        f"{groups} in more than one split",
        "The network is then tested on images that it was trained on, so accuracy looks better than it is. "
        "Delete one copy of each.",
        _groups(data.leaks),
    )


def _contradictions(data: DataSet) -> Iterator[Finding]:
    if not data.conflicts:
        return
    images = "1 image is" if len(data.conflicts) == 1 else f"{len(data.conflicts):,} images are"
    yield Finding(
        "bad",
        f"{images} in more than one class",
        "The same picture with two labels cannot be learned. Keep the right one and delete the other.",
        _groups(data.conflicts),
    )


def _duplicates(data: DataSet) -> Iterator[Finding]:
    across = {*data.leaks, *data.conflicts}
    inside = tuple(group for group in data.duplicates if group not in across)
    if not inside:
        return
    copies = sum(len(group) - 1 for group in inside)
    yield Finding(
        "note",
        "1 image is a copy of another" if copies == 1 else f"{copies:,} images are copies of others",
        "All copies of an image are in one split, so the accuracy stays honest; training just sees it more often.",
        _groups(inside),
    )


def _groups(groups: tuple[tuple[str, ...], ...]) -> pd.DataFrame:
    rows = [(number, name) for number, group in enumerate(groups, start=1) for name in group]
    return pd.DataFrame(rows, columns=["group", "file"])


def _balance(data: DataSet) -> Iterator[Finding]:
    counts = _per_class(data, "train")
    least, most = counts.min(), counts.max()
    if most < IMBALANCE * max(least, 1):
        yield Finding("good", "The classes are about equally large")
        return
    yield Finding(
        "note",
        f"The largest class has {most / max(least, 1):.0f} times the training images of the smallest",
        "A network can be right often by preferring the large classes. When you edit a stage in Training, turn on "
        "“Weight classes by how rare they are”, and judge by each class's recall.",
        counts.rename_axis("class").rename("training images").sort_values().reset_index(),
    )


def _few(data: DataSet) -> Iterator[Finding]:
    for split, enough, what, advice in (
        ("train", FEW_TO_TRAIN, "training", "Expect little from them: more images help more than any setting."),
        (
            "valid",
            FEW_TO_CHECK,
            "validation",
            "Their accuracy is mostly chance: more images, or a larger validation share, would help.",
        ),
    ):
        counts = _per_class(data, split)
        few = counts[(counts > 0) & (counts < enough)]
        if few.empty:
            continue
        classes = "1 class has" if len(few) == 1 else f"{len(few):,} classes have"
        rows = few.rename_axis("class").rename("images").sort_values().reset_index()
        yield Finding("note", f"{classes} fewer than {enough} {what} images", advice, rows)


def _per_class(data: DataSet, split: str) -> "pd.Series[int]":
    return pd.Series(data.images_of(split), index=list(data.classes))


def sizes(data: DataSet) -> pd.DataFrame:
    """How many images have each size: columns width, height (pixels), images; most frequent first."""
    table = pd.DataFrame({"width": data.used.widths, "height": data.used.heights})
    return table.value_counts().rename("images").reset_index()


def typical_size(data: DataSet) -> str:
    """Median width and height, "533 × 400", as each is most often."""
    width, height = (_median_low(sides) for sides in (data.used.widths, data.used.heights))
    return f"{width:,} × {height:,}"


def size_range(data: DataSet) -> str:
    """The sizes in a few words: "8 × 8", or "240–4032 × 180–3024"."""
    return f"{_span(data.used.widths)} × {_span(data.used.heights)}"


def _median_low(values: Indices) -> int:
    """The median; of an even count the lower one of the two in the middle, so that it is a size that there is."""
    middle = (len(values) - 1) // 2
    return int(np.partition(values, middle)[middle])


def _span(values: Indices) -> str:
    low, high = values.min(), values.max()
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"
