"""`compare`: two runs, or two snapshots of one, on the same validation images."""

from core.cli.jobs import run_named, work
from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.errors import RunError
from core.jobs.specs import EvaluateSpec
from core.results.compare import Comparison, compare, matrix_difference
from core.results.predictions import Predictions
from core.runs.checkpoint import read_meta
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.workspace import Workspace

MOST_CELLS = 8


def compared(options: Options, reporter: Reporter) -> Answer:
    """What the second one has right that the first has wrong, the reverse, and whether chance explains the difference.

    Both are evaluated first where their predictions are missing or older than the weights.
    """
    workspace = Workspace.at(options.home)
    chosen = [(run_named(name, workspace), snapshot) for name, snapshot in map(_parts, (options.run, options.other))]
    first, second = (predictions_of_run(run, snapshot, reporter) for run, snapshot in chosen)
    found, cells = compare(first, second), _cells(first, second)
    value = {
        "images": found.images,
        "first_accuracy": found.first_accuracy,
        "second_accuracy": found.second_accuracy,
        "fixed": [first.names[at] for at in found.fixed],
        "broken": [first.names[at] for at in found.broken],
        "p": found.p,
        "real": found.real,
        "cells": [{"true": true, "predicted": said, "change": change} for true, said, change in cells],
    }
    return Answer(value, _text(found, cells))


def _parts(text: str) -> tuple[str, str]:
    """`RUN` or `RUN@SNAPSHOT`."""
    run, at, snapshot = text.rpartition("@")
    return (run, snapshot) if at and run else (text, LATEST)


def predictions_of_run(run: RunFolder, snapshot: str, reporter: Reporter) -> Predictions:
    """The run's predictions of its validation images with those weights, made now where they are missing or old."""
    path = run.predictions_path(snapshot)
    try:
        found = Predictions.load(path)
        meta = read_meta(run.checkpoint) if snapshot == LATEST else None
        if meta is None or found.about.step == meta.step:
            return found
    except RunError:
        pass
    work(run, EvaluateSpec(snapshot=snapshot), reporter)
    return Predictions.load(path)


def _cells(first: Predictions, second: Predictions) -> list[tuple[str, str, int]]:
    """The cells of the matrix that changed most: true class, predicted class, images more (or fewer) in the second."""
    difference = matrix_difference(first, second)
    changed = [
        (first.classes[true], first.classes[said], int(change))
        for true, row in enumerate(difference)
        for said, change in enumerate(row)
        if change and true != said
    ]
    return sorted(changed, key=lambda cell: -abs(cell[2]))[:MOST_CELLS]


def _text(found: Comparison, cells: list[tuple[str, str, int]]) -> str:
    said = [
        f"On the same {found.images:,} images: {found.first_accuracy:.1%} and then {found.second_accuracy:.1%}.",
        f"{found.sentence()}.",
    ]
    if cells:
        rows = [["is", "taken for", "change"], *([true, wrong, f"{change:+d}"] for true, wrong, change in cells)]
        said += ["Errors that changed most:", table(rows)]
    return "\n".join(said)
