"""From a source to a data set: the classes are read, every file is looked at once, the split is given or made."""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.data.dataset import SPLIT_NAMES, Broken, DataSet, Groups
from core.data.folder_names import in_order
from core.data.items import Indices, Item, Items
from core.data.kept_set import KeptSet, tables_in
from core.data.labels import Labelled, labelled
from core.data.parallel import collector_rests
from core.data.reading import Choice, Folder, LostClass, Reading
from core.data.refusals import refuse_nothing, refuse_one_sided
from core.data.scan import Scan, Seen, scan
from core.data.sources import Source, SourceFile, open_source, place_meant
from core.data.split import hold_out
from core.data.tree import may_be_image
from core.data.versions.edits import EXCLUDED
from core.hosting.usage import refuse_pixels
from core.workspace import Progress, Workspace, no_progress

__all__ = [
    "SPLIT_NAMES",
    "Broken",
    "DataSet",
    "Groups",
    "Indices",
    "Item",
    "Items",
    "load_data",
    "load_labelled",
    "reading_of",
    "written_to",
]

Found = Sequence[tuple[SourceFile, Seen]]


def load_data(
    spec: str,
    workspace: Workspace,
    *,
    valid_share: float = 0.2,
    seed: int = 0,
    choice: Choice | None = None,
    trusting: bool = False,
    progress: Progress = no_progress,
) -> DataSet:
    """Read a data set: every file is looked at once, bad ones are listed and skipped.

    `spec` as in `core.data.sources.open_source`; `choice` is what a person decided about the reading of its folders,
    tables or names. Where these give no split, `valid_share` (0..1) of every class is held out, the same images for
    the same `seed`. A large set of which nothing has changed is not read again; `trusting` passes over
    images of it that were written to in place, for which the caller then asks `written_to`. Raises `DataError` when
    there is nothing to train on, with what to do.
    """
    choice = choice or Choice()
    kept = _kept(spec, workspace, valid_share, seed, choice)
    if kept is not None and (known := kept.opened(images=not trusting)) is not None:
        return known
    source = open_source(spec, workspace, progress)
    tables = tables_in(source, choice)
    with collector_rests():
        labels = labelled(source, choice)
    data, files, found = _read(source, labels, workspace, valid_share, seed, progress)
    if kept is not None:
        kept.keep(data, source, tables, [file.place for file in files], found)
    return data


def _kept(spec: str, workspace: Workspace, valid_share: float, seed: int, choice: Choice) -> KeptSet | None:
    place = place_meant(spec, workspace)
    return None if place is None else KeptSet.of(place, workspace, choice, valid_share, seed)


def written_to(spec: str, workspace: Workspace, *, valid_share: float, seed: int, choice: Choice) -> bool:
    """Whether anything of a data set has changed that `load_data` keeps whole; it is then read anew next time."""
    kept = _kept(spec, workspace, valid_share, seed, choice)
    if kept is None or not kept.path.exists() or kept.opened(images=True) is not None:
        return False
    kept.forget()
    return True


def load_labelled(
    source: Source,
    labels: Labelled,
    workspace: Workspace,
    *,
    valid_share: float,
    seed: int,
    progress: Progress = no_progress,
) -> DataSet:
    """`load_data` of an open source whose labels are known."""
    return _read(source, labels, workspace, valid_share, seed, progress)[0]


def _read(
    source: Source, labels: Labelled, workspace: Workspace, valid_share: float, seed: int, progress: Progress
) -> tuple[DataSet, list[SourceFile], Scan]:
    """The data set, the files that have a label, and what was found in each of these."""
    files = [file for file in source.files if file.name in labels.places]
    found = scan(source.spec, files, workspace, progress)
    seen = found.seen
    unreadable = [(file.name, found.reason) for file, found in zip(files, seen, strict=True) if found.reason]
    refuse_pixels(len(files), sum(found.width * found.height for found in seen), workspace)
    broken = tuple(Broken(*row) for row in sorted([*source.refused, *labels.strays, *unreadable]))
    good = [(file, found) for file, found in zip(files, seen, strict=True) if not found.reason]
    lost = _lost(labels, files, seen)
    refuse_nothing(source, labels, files, [file for file, _ in good], broken, lost)
    with collector_rests():
        return _assembled(source, labels, good, broken, lost, valid_share, seed), files, found


def reading_of(source: Source, choice: Choice | None = None) -> Reading:
    """How `source` is read under `choice`, from names and tables alone: quick, and also where the set is refused.

    Raises `DataError` where the choice cannot be followed.
    """
    return _reading(source, labelled(source, choice or Choice()), ())


def _assembled(
    source: Source,
    labels: Labelled,
    good: Found,
    broken: tuple[Broken, ...],
    lost: tuple[LostClass, ...],
    valid_share: float,
    seed: int,
) -> DataSet:
    names = [labels.places[file.name].label for file, _ in good]
    classes = sorted(set(names), key=in_order)
    number = {name: label for label, name in enumerate(classes)}
    numbers = [number[name] for name in names]
    if labels.origin:
        splits = [labels.places[file.name].split for file, _ in good]
        refuse_one_sided(classes, numbers, splits)
        origin = labels.origin
    else:
        held = hold_out(numbers, [found.digest for _, found in good], classes, valid_share, seed)
        splits = ["valid" if is_held else "train" for is_held in held]
        origin = f"{valid_share * 100:.3g}% held out, seed {seed}"
    digests, widths, heights = zip(*((found.digest, found.width, found.height) for _, found in good), strict=True)
    items = Items(
        [file.name for file, _ in good],
        [file.place for file, _ in good],
        numbers,
        splits,
        digests,
        widths,
        heights,
    )
    reading = _reading(source, labels, lost)
    fingerprint = fingerprint_of(classes, items)
    return DataSet(source.spec, source.title, tuple(classes), items, broken, fingerprint, origin, seed, reading)


def fingerprint_of(classes: Sequence[str], items: Items) -> str:
    """A digest of the classes, and of the name, label and bytes of every image that is not left out."""
    used = items.select(np.flatnonzero(~items.are_in(EXCLUDED)))
    rows = list(zip(used.names, used.labels.tolist(), used.digests, strict=True))
    return hashlib.blake2b(repr((list(classes), rows)).encode(), digest_size=16).hexdigest()


def _reading(source: Source, labels: Labelled, lost: tuple[LostClass, ...]) -> Reading:
    passed = [Folder(path=path, part="ignored", why=why) for path, why in source.ignored]
    return Reading(
        classes_from=labels.classes_from,
        source=labels.source,
        folders=tuple(sorted([*labels.folders, *passed], key=lambda folder: in_order(folder.path))),
        questions=labels.questions,
        lost=lost,
        choice=labels.choice,
    )


def _lost(labels: Labelled, files: Sequence[SourceFile], seen: Sequence[Seen]) -> tuple[LostClass, ...]:
    """Classes of which half of the images or more cannot be read, or that have none, in natural order."""
    listed: Counter[str] = Counter()
    readable: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    for file, found in zip(files, seen, strict=True):
        label = labels.places[file.name].label
        if found.reason and not may_be_image(file.name):
            continue
        listed[label] += 1
        readable[label] += not found.reason
        if found.reason:
            reasons.setdefault(label, found.reason)
    rows = [
        LostClass(name=label, files=count, readable=readable[label], reason=reasons[label])
        for label, count in listed.items()
        if 2 * readable[label] <= count
    ]
    rows += [LostClass(name=name, files=0, readable=0, reason=reason) for name, reason in labels.empty]
    return tuple(sorted(rows, key=lambda row: in_order(row.name)))
