"""`predict`: what a run's network says of image files."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from core.cli.jobs import run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter, one_line
from core.data.batch_files import Asked, asked_files
from core.data.paths import typed_path
from core.errors import DataError
from core.results.answers import Classified, answers_table, as_csv
from core.results.predictions import Floats, predict_images
from core.runs.folder import RunFolder
from core.runs.threshold import NOT_SURE, threshold_of
from core.runs.weights import taken_at
from core.workspace import Workspace, atomic

TOP_CLASSES = 3


def predict(options: Options, reporter: Reporter) -> Answer:
    """The class of each image file, with the probability of every class; goes on past those that cannot be read."""
    workspace = Workspace.at(options.home)
    run = run_named(options.run, workspace)
    table = _writable(options.csv) if options.csv else None
    asked = asked_files(options.images, workspace, reporter)
    reasons = {at: file.reason for at, file in enumerate(asked) if file.path is None}
    probabilities = _probabilities(run, options.snapshot, asked, reasons, reporter)
    if len(reasons) == len(asked):
        first = f"{asked[0].name}: {reasons[0]}"
        raise DataError(first if len(asked) == 1 else f"None of the {len(asked):,} images can be read. {first}")
    for at, reason in sorted(reasons.items()):
        reporter.say(f"{asked[at].name}: {reason}")
    classes = run.info.classes
    least = threshold_of(run)
    if table is not None:
        _write_table(table, asked, reasons, probabilities, classes, least)
    value = [
        {"image": file.name, "error": reasons[at]}
        if at in reasons
        else {
            "image": file.name,
            "class": classes[int(probabilities[at].argmax())],
            "sure": bool(probabilities[at].max() >= least),
            "probabilities": dict(zip(classes, map(float, probabilities[at]), strict=True)),
        }
        for at, file in enumerate(asked)
    ]
    return Answer(value, "\n".join(_line(found) for found in value), status=1 if reasons else 0)


def _writable(file: str) -> Path:
    """The path of a table to be written; raises `DataError`, before anything is computed, where it cannot be."""
    path = typed_path(file)
    if path.is_dir():
        raise DataError(f"{path} is a folder. Give the name of a file for the table.")
    if not path.parent.is_dir():
        raise DataError(f"There is no folder {path.parent} to write the table to. Make it first, or choose another.")
    if not os.access(path.parent, os.W_OK):
        raise DataError(f"{path.parent} cannot be written to. Choose another folder for the table.")
    return path


def _write_table(
    path: Path,
    asked: list[Asked],
    reasons: dict[int, str],
    probabilities: Floats,
    classes: tuple[str, ...],
    least: float,
) -> None:
    answers = [
        Classified(file.name, None, reasons[at]) if at in reasons else Classified(file.name, probabilities[at])
        for at, file in enumerate(asked)
    ]
    with atomic(path) as written:
        written.write(as_csv(answers_table(answers, classes, least)))


def _probabilities(
    run: RunFolder, snapshot: str, asked: list[Asked], reasons: dict[int, str], reporter: Reporter
) -> Floats:
    """Probabilities (N, C) of the files asked for; what cannot be read is put into `reasons`, its row is NaN."""
    found: Floats = np.full((len(asked), len(run.info.classes)), np.nan, dtype=np.float32)
    there = [(at, file.path) for at, file in enumerate(asked) if file.path is not None]
    if there:
        reporter("Loading the network", 0, 0)
        from core.jobs.restore import model_of

        unreadable: dict[int, str] = {}
        model = model_of(run, snapshot)
        paths = [path for _, path in there]
        rows = predict_images(
            model, paths, taken_at(run, snapshot).size, fit=run.data().fit, progress=reporter, unreadable=unreadable
        )
        found[[at for at, _ in there]] = rows
        reasons.update({there[position][0]: reason for position, reason in unreadable.items()})
    return found


def _line(found: dict[str, Any]) -> str:
    name = one_line(found["image"])
    if "error" in found:
        return f"{name}: not read. {found['error']}"
    ranked = sorted(found["probabilities"].items(), key=lambda pair: -pair[1])[:TOP_CLASSES]
    unsure = "" if found["sure"] else f"{NOT_SURE}, "
    return f"{name}: {unsure}" + ", ".join(f"{name} {share:.1%}" for name, share in ranked)
