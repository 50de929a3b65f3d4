"""`predict`: what a run's network says of image files."""

from pathlib import Path
from typing import Any

from core.cli.jobs import run_named
from core.cli.options import Options
from core.cli.output import Answer, Reporter
from core.errors import DataError
from core.results.predictions import predict_images
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.workspace import Workspace

TOP_CLASSES = 3


def predict(options: Options, reporter: Reporter) -> Answer:
    """The class of each image file, with the probability of every class."""
    run = run_named(options.run, Workspace.at(options.home))
    paths = [Path(image).expanduser() for image in options.images]
    for path in paths:
        if not path.is_file():
            raise DataError(f"There is no image file {path}.")
    reporter("Loading the network", 0, 0)
    from core.jobs.restore import model_of

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


def _line(found: dict[str, Any]) -> str:
    ranked = sorted(found["probabilities"].items(), key=lambda pair: -pair[1])[:TOP_CLASSES]
    return f"{found['image']}: " + ", ".join(f"{name} {share:.1%}" for name, share in ranked)
