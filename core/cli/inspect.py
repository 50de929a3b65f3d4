"""`inspect`: what is in a data set, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import replace

from core.cli.options import Options
from core.cli.output import Answer, Reporter, one_line, table
from core.data.decode import checked_fit
from core.data.health import findings
from core.data.index import DataSet, load_data
from core.data.reading import Choice, Folder, chosen_part
from core.data.report import inspect as report
from core.data.versions.ledger import ledger_of
from core.data.versions.version import versioned
from core.errors import DataError
from core.workspace import Workspace

SHOWN = 20
"""Broken files and groups of duplicates that the text names; JSON has them all."""

VALID_SHARE = 0.2

_FROM = {"folder": "the folders", "names": "the names of the files", "csv": "a table", "list": "a list"}


def inspect(options: Options, reporter: Reporter) -> Answer:
    """Classes, splits, sizes, broken files and duplicates of a data set."""
    data = opened(options, reporter)
    return Answer(report(data), _text(data))


def opened(options: Options, reporter: Reporter) -> DataSet:
    """The data set that the options name, split as they say; raises `DataError`."""
    data = load_data(
        str(options.data),
        Workspace.at(options.home),
        valid_share=VALID_SHARE if options.valid_share is None else options.valid_share,
        seed=options.seed or 0,
        choice=chosen(options),
        progress=reporter,
    )
    data = data if options.fit is None else replace(data, fit=checked_fit(options.fit))
    return versioned(data, ledger_of(Workspace.at(options.home), data).edits()) if options.mended else data


def chosen(options: Options) -> Choice:
    """How the options say that the data set is to be read; raises `DataError`."""
    columns = options.columns or {}
    if options.labels and options.classes_from in ("folder", "names"):
        raise DataError(f"--labels is for --classes-from csv, not {options.classes_from}.")
    found = options.classes_from or ("csv" if options.labels or columns else "names" if options.pattern else "auto")
    return Choice(
        classes_from=found,
        parts=tuple(chosen_part(text) for text in options.folder or ()),
        pattern=options.pattern or "",
        table=options.labels or "",
        file_column=columns.get("file", ""),
        label_column=columns.get("label", ""),
        split_column=columns.get("split", ""),
    )


def _text(data: DataSet) -> str:
    counts = data.counts()
    splits = list(dict.fromkeys(counts["split"]))
    rows = [["class", *splits]]
    for name, images in counts.groupby("class", sort=False)["images"]:
        rows.append([str(name), *(f"{count:,}" for count in images)])
    said = [
        f"{data.title}: {len(data.used):,} images, {len(data.classes)} classes, split {data.split_origin}.",
        table(rows),
    ]
    said += _listed("broken or not an image", [f"{broken.path}: {broken.reason}" for broken in data.broken])
    said += _listed("sets of equal images", [" = ".join(group) for group in data.duplicates])
    said += _listed("sets of equal images across the split", [" = ".join(group) for group in data.leaks])
    said += [_tree(data)]
    for finding in findings(data):
        if finding.level != "good":
            said.append(f"{'!' if finding.level == 'bad' else '-'} {finding.title}. {finding.advice}")
    return "\n".join([*said, f"Fingerprint {data.fingerprint}"])


def _tree(data: DataSet) -> str:
    """How the files became classes: each folder's part, those that are left out first where they are many."""
    reading = data.reading
    source = f" ({reading.source})" if reading.source else ""
    sure = "" if reading.certain else ", which is not certain: see below"
    lines = [f"Classes are read from {_FROM[reading.classes_from]}{source}{sure}."]
    shown = reading.folders if len(reading.folders) <= SHOWN else _unlike_classes(reading.folders)[:SHOWN]
    for folder in shown:
        means = f" {folder.means}" if folder.means and folder.means != folder.path.rpartition("/")[2] else ""
        indent = "  " * folder.path.count("/")
        name = folder.path.rpartition("/")[2]
        lines.append(f"  {indent}{name}/: {folder.part}{means}, {folder.images:,} images, {folder.why}")
    if len(shown) < len(reading.folders):
        lines.append(f"  ... and {len(reading.folders) - len(shown):,} more folders")
    return "\n".join(lines)


def _unlike_classes(folders: Sequence[Folder]) -> list[Folder]:
    return [folder for folder in folders if folder.part != "class"]


def _listed(what: str, lines: list[str]) -> list[str]:
    more = [f"  ... and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return [f"{len(lines):,} {what}:", *(f"  {one_line(line)}" for line in lines[:SHOWN]), *more] if lines else []
