"""An evaluation job: predictions of a run's weights for a split, kept for the confusion matrix."""

from core.augment import NONE, WITHOUT_FLIPS, Augmentation
from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs.control import JobControl
from core.jobs.restore import model_of
from core.jobs.specs import EvaluateSpec
from core.results.predictions import Origin, predictions_of
from core.results.tta import tta
from core.runs.folder import RunFolder
from core.runs.weights import taken_at
from core.training.learner import Learner


def evaluate(control: JobControl, spec: EvaluateSpec) -> None:
    """Predict a split and keep the predictions with the run.

    Test-time augmentation draws what the last augmented stage drew, or side-on without flips. Raises `RunError` when
    there are no such weights or images.
    """
    folder = control.folder
    snapshot, split, with_tta = spec.snapshot, spec.split, spec.tta
    path = folder.predictions_path(snapshot, split, tta=with_tta)
    data = folder.data()
    indices = data.indices(split)
    if not len(indices):
        raise RunError(f"The data set has no {split} images. Choose another split.")
    model, seed = model_of(folder, snapshot), folder.info.seed
    taken = taken_at(folder, snapshot)
    size = taken.size
    origin = Origin(snapshot=snapshot, split=split, tta="mean" if with_tta else None, size=size, step=taken.step)
    if with_tta:
        pixels = load_pixels(data, size, control.workspace, control.progress)
        how = _augmentation(folder)
        found = tta(model, pixels, indices, how, seed=seed, progress=control.progress, stopped=control.stopping)
        control.check()
        predictions = predictions_of(data, indices, found, about=origin)
    else:
        learner = Learner(model, data, control.workspace, seed=seed, progress=control.progress)
        probabilities, losses = learner.evaluate(indices, size)
        predictions = predictions_of(data, indices, probabilities, losses=losses, about=origin)
    predictions.save(path)


def _augmentation(folder: RunFolder) -> Augmentation:
    """What the last augmented stage drew; where none was, side-on changes without flips."""
    stages = folder.state.readable_stages
    return next((stage.augmentation for stage in reversed(stages) if stage.augmentation != NONE), WITHOUT_FLIPS)
