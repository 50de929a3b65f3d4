"""An evaluation job: what the weights of a run say about a split, kept for the confusion matrix."""

from typing import Any

from core.augment import NONE, SIDE_ON, Augmentation
from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs.control import JobControl
from core.jobs.restore import model_of
from core.results.predictions import Origin, predictions_of
from core.results.tta import tta
from core.runs.checkpoint import read_meta, read_snapshot_meta
from core.runs.folder import RunFolder
from core.runs.names import LATEST
from core.training.learner import Learner
from core.training.stage import stage_of


def evaluate(control: JobControl, spec: dict[str, Any]) -> None:
    """Predict a split and keep the predictions with the run.

    `spec`: `snapshot` ("latest"), `split` ("valid"), `tta` (False). Test-time augmentation draws what the last
    augmented stage drew, or side-on without flips. Raises `RunError` when there are no such weights or images.
    """
    folder = control.folder
    snapshot, split = spec.get("snapshot") or LATEST, spec.get("split") or "valid"
    with_tta = bool(spec.get("tta"))
    path = folder.predictions_path(snapshot, split, tta=with_tta)
    data = folder.data()
    indices = data.indices(split)
    if not len(indices):
        raise RunError(f"The data set has no {split} images. Choose another split.")
    model, seed = model_of(folder, snapshot), folder.info.seed
    step, size = _taken_at(folder, snapshot)
    about = Origin(snapshot=snapshot, split=split, tta="mean" if with_tta else None, size=size, step=step)
    if with_tta:
        pixels = load_pixels(data, size, control.workspace, control.progress)
        how = _augmentation(folder)
        found = tta(model, pixels, indices, how, seed=seed, progress=control.progress, stopped=control.stopping)
        control.check()
        predictions = predictions_of(data, indices, found, about=about)
    else:
        learner = Learner(model, data, control.workspace, seed=seed, progress=control.progress)
        probabilities, losses = learner.evaluate(indices, size)
        predictions = predictions_of(data, indices, probabilities, losses=losses, about=about)
    predictions.save(path)


def _taken_at(folder: RunFolder, snapshot: str) -> tuple[int, int]:
    """Step of the run at which the weights were taken, and the size of the images that they were trained on."""
    if snapshot != LATEST:
        about = read_snapshot_meta(folder.snapshot_path(snapshot))
        return about.step, about.size
    meta = read_meta(folder.checkpoint)
    if meta is None:
        raise RunError("Nothing has been trained in this run yet. Train a stage first.")
    return meta.step, meta.size or folder.info.size


def _augmentation(folder: RunFolder) -> Augmentation:
    """What the last augmented stage drew; where none was, small changes that no picture's meaning depends on."""
    stages = [stage_of(stage.stage) for stage in folder.state.stages]
    gentle = SIDE_ON.model_copy(update={"horizontal_flip": False})
    return next((stage.augmentation for stage in reversed(stages) if stage.augmentation != NONE), gentle)
