"""`evaluate`: a run's accuracy on its own images."""

import math
from typing import Any

from core.cli.jobs import find_moved, run_named, work
from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.errors import RunError
from core.jobs.specs import EvaluateSpec
from core.results.compare import Comparison, compare
from core.results.confusion import confusion_matrix, most_confused, per_class
from core.results.figures import class_table, figures
from core.results.predictions import Predictions
from core.runs.folder import RunFolder
from core.workspace import Workspace

WORST_PAIRS = 5

NONE = "none to check"
"""Stands for the figures of a class that has no image in the split."""


def evaluate(options: Options, reporter: Reporter) -> Answer:
    """Accuracy and confusion matrix of a run's weights; the predictions are kept with the run."""
    run = run_named(options.run, Workspace.at(options.home))
    find_moved(run, options.moved_to, reporter)
    work(run, EvaluateSpec(snapshot=options.snapshot, split=options.split, tta=options.tta), reporter)
    predictions = Predictions.load(run.predictions_path(options.snapshot, options.split, tta=options.tta))
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(predictions.classes))
    found = figures(predictions)
    value = {
        "accuracy": predictions.accuracy,
        "accuracy_interval": [found.low, found.high],
        "balanced_accuracy": found.balanced,
        "macro_f1": found.macro_f1,
        "loss": predictions.loss,
        "images": len(predictions),
        "split": options.split,
        "snapshot": options.snapshot,
        "classes": list(predictions.classes),
        "confusion_matrix": matrix.tolist(),
        "per_class": class_table(predictions).to_dict("records"),
    }
    text = _text(predictions, matrix)
    gain = _gain_of_views(run, options, predictions) if options.tta else None
    if gain is not None:
        value["without_tta"] = {"accuracy": gain.first_accuracy, "p": gain.p, "real": gain.real}
        text += (
            f"\nWithout augmented views: {gain.first_accuracy:.1%}, so {gain.points:+.1f} points with it. "
            f"{gain.sentence()}."
        )
    return Answer(value, text)


def _gain_of_views(run: RunFolder, options: Options, averaged: Predictions) -> Comparison | None:
    """What averaging over augmented views changed; None where the same weights were not evaluated without it."""
    try:
        plain = Predictions.load(run.predictions_path(options.snapshot, options.split))
        return compare(plain, averaged) if plain.about.step == averaged.about.step else None
    except RunError:
        return None


def _share(ratio: float) -> str:
    """A ratio in percent; that of no images is none."""
    return "-" if math.isnan(ratio) else f"{ratio:.1%}"


def _text(predictions: Predictions, matrix: Any) -> str:
    rows = [["class", "precision", "recall", "F1", "images"]]
    for row in per_class(matrix, predictions.classes).to_dict("records"):
        ratios = [_share(row[name]) for name in ("precision", "recall", "f1")] if row["images"] else [NONE, NONE, NONE]
        rows.append([str(row["class"]), *ratios, f"{row['images']:,}"])
    found = figures(predictions)
    said = [
        f"Accuracy {predictions.accuracy:.1%} and loss {predictions.loss:.3f} on {len(predictions):,} images.",
        f"For images of this kind: {found.low:.1%} to {found.high:.1%} (95% interval).",
        f"Balanced accuracy {found.balanced:.1%}, macro F1 {found.macro_f1:.1%}.",
        table(rows),
    ]
    pairs = most_confused(matrix, predictions.classes, WORST_PAIRS).to_dict("records")
    if pairs:
        said.append("Most confused:")
        said += [f"  {row['true']} taken for {row['predicted']}: {row['images']:,}" for row in pairs]
    return "\n".join(said)
