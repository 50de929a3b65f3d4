"""`evaluate` and `predict`: what a run's network says, about its validation images and about others."""

from pathlib import Path
from typing import Any

from core.cli.options import Options
from core.cli.output import Answer, Reporter, table
from core.cli.working import run_named, work
from core.errors import DataError
from core.results.confusion import confusion_matrix, most_confused, per_class
from core.results.predictions import Predictions, predict_images
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.folder import LATEST, RunFolder
from core.workspace import Workspace

WORST_PAIRS = 5
TOP_CLASSES = 3


def evaluate(options: Options, reporter: Reporter) -> Answer:
    """Accuracy and confusion matrix of a run's weights; the predictions are kept with the run."""
    run = run_named(options.run, Workspace.at(options.home))
    spec = {"snapshot": options.snapshot, "split": options.split, "tta": options.tta}
    work(run, "evaluate", spec, reporter)
    predictions = Predictions.load(run.predictions_path(options.snapshot, options.split, tta=options.tta))
    matrix = confusion_matrix(predictions.labels, predictions.predicted, len(predictions.classes))
    value = {
        "accuracy": predictions.accuracy,
        "loss": predictions.loss,
        "images": len(predictions),
        "split": options.split,
        "snapshot": options.snapshot,
        "classes": list(predictions.classes),
        "confusion_matrix": matrix.tolist(),
    }
    return Answer(value, _text(predictions, matrix))


def predict(options: Options, reporter: Reporter) -> Answer:
    """The class of each image file, with the probability of every class."""
    run = run_named(options.run, Workspace.at(options.home))
    paths = [Path(image).expanduser() for image in options.images]
    for path in paths:
        if not path.is_file():
            raise DataError(f"There is no image file {path}.")
    reporter("Loading the network", 0, 0)
    from core.runs.models import model_of

    model = model_of(run, options.snapshot)
    probabilities = predict_images(model, paths, _size(run, options.snapshot), progress=reporter)
    classes = run.info.classes
    value: list[dict[str, Any]] = [
        {
            "image": image,
            "class": classes[int(row.argmax())],
            "probabilities": dict(zip(classes, map(float, row), strict=True)),
        }
        for image, row in zip(options.images, probabilities, strict=True)
    ]
    return Answer(value, "\n".join(_line(found) for found in value))


def _size(run: RunFolder, snapshot: str) -> int:
    """Side in pixels of the images that the weights were trained on last."""
    meta = read_meta(run.checkpoint) if snapshot == LATEST else read_snapshot_meta(run.snapshot_path(snapshot))
    return (meta.size if meta is not None else None) or run.info.size


def _text(predictions: Predictions, matrix: Any) -> str:
    rows = [["class", "precision", "recall", "F1", "images"]]
    for row in per_class(matrix, predictions.classes).to_dict("records"):
        ratios = [f"{row[name]:.1%}" for name in ("precision", "recall", "f1")]
        rows.append([str(row["class"]), *ratios, f"{row['images']:,}"])
    said = [
        f"Accuracy {predictions.accuracy:.1%} and loss {predictions.loss:.3f} on {len(predictions):,} images.",
        table(rows),
    ]
    pairs = most_confused(matrix, predictions.classes, WORST_PAIRS).to_dict("records")
    if pairs:
        said.append("Most confused:")
        said += [f"  {row['true']} taken for {row['predicted']}: {row['images']:,}" for row in pairs]
    return "\n".join(said)


def _line(found: dict[str, Any]) -> str:
    ranked = sorted(found["probabilities"].items(), key=lambda pair: -pair[1])[:TOP_CLASSES]
    return f"{found['image']}: " + ", ".join(f"{name} {share:.1%}" for name, share in ranked)
