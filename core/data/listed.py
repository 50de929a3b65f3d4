"""A data set from a list in a notebook: (path, label) or (path, label, split) each, or a data frame of them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.data.dataset import DataSet
from core.data.folder_names import one_form
from core.data.index import load_labelled
from core.data.labels import Labelled
from core.data.layout import Place
from core.data.reading import Choice
from core.data.sources import Source, SourceFile
from core.data.split_names import split_of
from core.errors import DataError, SeveralLabelsError
from core.workspace import Progress, Workspace, no_progress

if TYPE_CHECKING:
    import pandas as pd

Row = Sequence[object]


def load_list(
    rows: "Iterable[Row] | pd.DataFrame",
    workspace: Workspace,
    *,
    title: str = "List",
    root: str | Path = "",
    valid_share: float = 0.2,
    seed: int = 0,
    progress: Progress = no_progress,
) -> DataSet:
    """The data set of image files with their labels, and their split where it is given.

    A row is (path, label) or (path, label, split), a data frame has the columns path, label and maybe split; relative
    paths are below `root`. Splits are called as folders are: train, valid or test. Otherwise as
    `core.data.index.load_data`. Raises `DataError` that names the first row that cannot be used.
    """
    listed = [_row(number, row) for number, row in enumerate(_rows(rows), 1)]
    if not listed:
        raise DataError("The list is empty. Give a path and a label for each image.")
    paths = [Path(os.path.abspath(Path(root).expanduser() / path)) for path, _, _ in listed]
    common = Path(os.path.commonpath([path.parent for path in paths]))
    names = [path.relative_to(common).as_posix() for path in paths]
    places: dict[str, Place] = {}
    for name, (_, label, split) in zip(names, listed, strict=True):
        if places.setdefault(name, Place(label, split)).label != label:
            raise SeveralLabelsError(f"{name} has the labels {places[name].label} and {label}; Anneal learns one.")
    files = {name: SourceFile(name, str(path)) for name, path in zip(names, paths, strict=True)}
    source = Source(f"{common} (list)", title, tuple(files[name] for name in sorted(files)))
    origin, places = _sided(places)
    labels = Labelled(places, (), origin, "list", title, (), (), (), Choice())
    return load_labelled(source, labels, workspace, valid_share=valid_share, seed=seed, progress=progress)


def _rows(rows: "Iterable[Row] | pd.DataFrame") -> Iterable[Row]:
    columns = getattr(rows, "columns", None)
    if columns is None:
        return rows  # type: ignore[return-value]
    missing = [name for name in ("path", "label") if name not in columns]
    if missing:
        raise DataError(f"The data frame has no column {missing[0]!r}. It needs path and label, and may have split.")
    wanted = ["path", "label", *(["split"] if "split" in columns else [])]
    found: Iterable[Row] = rows[wanted].itertuples(index=False, name=None)  # type: ignore[index]
    return found


def _row(number: int, row: Row) -> tuple[str, str, str]:
    """Path, label and split ("" where none is given) of a row."""
    if isinstance(row, str) or len(row) not in (2, 3):
        raise DataError(f"Row {number} of the list is not (path, label) or (path, label, split): {row!r:.80}.")
    path, label = str(row[0]), row[1]
    if isinstance(label, list | tuple | set):
        raise SeveralLabelsError(
            f"Row {number} of the list has several labels; Anneal learns one class for each image."
        )
    text = one_form(str(label)).strip()
    if label is None or label != label or not text:  # NaN is not itself
        raise DataError(f"Row {number} of the list, {path}, has no label.")
    split = "" if len(row) == 2 or row[2] is None or row[2] != row[2] else str(row[2])
    meant = split_of(split)
    if split and not meant:
        raise DataError(f"Row {number} of the list has the split {split!r}. Use train, valid or test.")
    return path, text, meant


def _sided(places: dict[str, Place]) -> tuple[str, dict[str, Place]]:
    """Where the split comes from, and the places with it; rows without one are for training."""
    used = {place.split or "train" for place in places.values()}
    if "train" not in used or len(used) == 1:
        return "", {name: Place(place.label, "") for name, place in places.items()}
    held_out = "valid" if "valid" in used else "test"
    sided = {
        name: Place(place.label, "valid" if place.split == held_out else place.split or "train")
        for name, place in places.items()
    }
    return "as given" if held_out == "valid" else "as given, with the test images for validation", sided
