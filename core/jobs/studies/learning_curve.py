"""The study of what more images, or larger ones, would bring to a run."""

from collections.abc import Mapping

import numpy as np

from core.data.dataset import DataSet
from core.data.pixels import has_pixels
from core.errors import RunError
from core.jobs.control import JobControl
from core.jobs.restore import first_model
from core.jobs.studies.pace import Pace
from core.model.activations import load_activations
from core.model.classifier import Classifier
from core.results.heads import Features
from core.results.learning_curve import LearningCurveAnswer, Task, learning_curves
from core.results.studies import LearningCurve
from core.workspace import Progress, Workspace

SIZES = range(32, 513, 32)
"""Image sizes in pixels that are looked for among the pixels that exist."""

SCRATCH = (
    "This run's network began with random weights, so there are no activations to train heads on. "
    "A run with a pretrained backbone can show what more images would bring."
)
TOO_FEW = "A learning curve needs two classes or more, and validation images to judge it on. Add images."


def study_learning_curve(control: JobControl, question: LearningCurve) -> LearningCurveAnswer:
    """Curves at the run's image size and at those others whose pixels exist, with the backbone that the run began with.

    What was unfrozen has seen the training images, and would know them again. Raises `RunError` for a network from
    scratch and for a data set that is too small.
    """
    folder = control.folder
    return curves_of(first_model(folder), folder.data(), folder.info.size, control.workspace, question, Pace(control))


def curves_of(
    model: Classifier, data: DataSet, size: int, workspace: Workspace, question: LearningCurve, progress: Progress
) -> LearningCurveAnswer:
    """The curves of a data set for a pretrained `model`; raises as `study_learning_curve`."""
    if not model.pretrained:
        raise RunError(SCRATCH)
    train, valid = data.indices("train"), data.indices("valid")
    if len(valid) < 2 or len(np.unique(data.labels[train])) < 2:
        raise RunError(TOO_FEW)
    features = _features(model, data, size, workspace, progress)
    return learning_curves(
        features,
        Task(data.labels, train, valid, data.classes),
        shares=question.shares,
        draws=question.draws,
        seed=data.seed,
        progress=lambda done, total: progress("Training heads on shares of the images", done, total),
    )


def _features(
    model: Classifier, data: DataSet, size: int, workspace: Workspace, progress: Progress
) -> Mapping[int, Features]:
    """Features of all images at the run's size and at the others whose pixels exist; one size where it is fixed."""
    others = [] if model.input_size else [px for px in SIZES if px != size and has_pixels(data, px, workspace)]
    return {
        px: np.asarray(load_activations(model, data, px, workspace, progress=progress))
        for px in [size, *others]
        if px >= model.smallest
    }
