"""An export job: a run's network written as a file to take away, checked on the run's own images."""

import numpy as np
import numpy.typing as npt

from core.data.index import DataSet, Indices
from core.data.pixels import load_pixels
from core.errors import ExportError
from core.export.description import ClassRow, Description, Measured, Preprocessing, versions
from core.export.formats import FORMATS, refuse_missing
from core.export.kept import export_path
from core.export.licence import BUNDLED, licence_of
from core.export.making import BATCH, Answers, make
from core.export.network import Exported, Pixels, Probabilities
from core.export.web_runtime import web_runtime
from core.jobs.control import JobControl
from core.jobs.restore import model_of
from core.jobs.specs import ExportSpec
from core.model.catalogue import EFFICIENTNET_LITE0
from core.model.classifier import Classifier, evaluating
from core.results.figures import class_table, figures
from core.results.inference import probabilities_of
from core.results.predictions import Predictions, predictions_of
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.runs.threshold import threshold_of
from core.runs.weights import taken_at
from core.workspace import Progress, timestamp

PACKAGES = ("torch", "timm", "numpy", "pillow", "onnx", "onnxruntime")


def export(control: JobControl, spec: ExportSpec) -> None:
    """Write a snapshot's network as a file in the run's folder, if the file says what the network says.

    Raises `RunError` when there are no such weights, `ExportError` when the file cannot be made or fails the check,
    `DataError` when the validation images are gone, `WorkspaceError` when the disk is full. Nothing is left then.
    """
    folder, form = control.folder, FORMATS[spec.to]
    refuse_missing(form)
    model = model_of(folder, spec.snapshot)
    runtime = web_runtime(control.workspace.shared, control.progress) if form.name == "html" else None
    data = folder.data()
    indices = data.indices("valid")
    if not len(indices):
        raise ExportError("An export is checked on validation images, and this data set has none. Hold some out.")
    taken = taken_at(folder, spec.snapshot)
    pixels = load_pixels(data, taken.size, control.workspace, control.progress)
    answers = Answers(pixels, indices, app_probabilities(model, pixels, indices, control.progress))
    said = describe(folder, spec, model, taken.size, taken.step, predictions_of(data, indices, answers.probabilities))
    path = export_path(folder, form, spec.snapshot)
    make(form, Exported(model, taken.size, runtime), said, path, answers, control.progress)


def app_probabilities(model: Classifier, pixels: Pixels, indices: Indices, progress: Progress) -> Probabilities:
    """What the app says of the decoded images `pixels[i]`, i in `indices` (N,): probabilities (N, C)."""
    import torch

    found = []
    with evaluating(model):
        for start in range(0, len(indices), BATCH):
            progress("Predicting the validation images", start, len(indices))
            batch = torch.from_numpy(pixels[indices[start : start + BATCH]]).permute(0, 3, 1, 2)
            found.append(probabilities_of(model, batch))
    progress("Predicting the validation images", len(indices), len(indices))
    return np.concatenate(found)


def describe(
    folder: RunFolder, spec: ExportSpec, model: Classifier, size: int, step: int, predictions: Predictions
) -> Description:
    """What goes with the file; the check is added once it was made."""
    info, data = folder.info, folder.data()
    found = figures(predictions)
    path = folder.snapshot_path(spec.snapshot)
    meta = read_meta(path) if spec.snapshot == LATEST else read_snapshot_meta(path)
    weights = model.weights_id
    if info.pretrained and not model.pretrained:  # the weights that it began with are not on this machine now
        weights = BUNDLED if info.backbone == EFFICIENTNET_LITE0 else f"timm/{info.backbone}"
    return Description(
        format=spec.to,
        run=info.name,
        snapshot=spec.snapshot,
        step=step,
        epoch=meta.epoch if meta is not None else 0,
        created=timestamp(),
        network=info.backbone,
        members=() if meta is None or spec.snapshot == LATEST else read_snapshot_meta(path).members,
        pretrained=info.pretrained,
        weights=weights,
        licence=licence_of(weights),
        data=info.data_title,
        classes=info.classes,
        preprocessing=Preprocessing(
            size=size,
            fit=data.fit,
            mean=_colour(model.mean.flatten().tolist()),
            std=_colour(model.std.flatten().tolist()),
            network_size=model.input_size,
        ),
        threshold=threshold_of(folder),
        measured=Measured(
            images=found.images,
            accuracy=found.accuracy,
            low=found.low,
            high=found.high,
            balanced_accuracy=found.balanced,
            macro_f1=found.macro_f1,
        ),
        per_class=_class_rows(data, predictions),
        versions=versions(*PACKAGES),
    )


def _class_rows(data: DataSet, predictions: Predictions) -> tuple[ClassRow, ...]:
    table = class_table(predictions)
    train: npt.NDArray[np.int64] = np.bincount(data.labels[data.indices("train")], minlength=len(data.classes))
    return tuple(
        ClassRow(
            name=str(row["class"]),
            train=int(images),
            valid=int(row["images"]),
            recall=_or_none(row["recall"]),
            precision=_or_none(row["precision"]),
        )
        for row, images in zip(table.to_dict("records"), train, strict=True)
    )


def _or_none(share: float) -> float | None:
    return None if np.isnan(share) else float(share)


def _colour(values: list[float]) -> tuple[float, float, float]:
    red, green, blue = values
    return red, green, blue
