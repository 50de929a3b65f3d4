"""The study of split luck on a run's images."""

import numpy as np

from core.data.index import DataSet, Indices
from core.errors import RunError
from core.jobs.control import JobControl
from core.jobs.restore import first_model
from core.jobs.studies.pace import Pace
from core.model.activations import load_activations
from core.results.split_luck import SplitLuckAnswer, split_luck
from core.results.studies import SplitLuck

SCRATCH = (
    "This run's network began with random weights, so there are no activations to train heads on. "
    "A run with a pretrained backbone can show how much the split matters."
)
ALONE = "A class has fewer than two different images, so it cannot be split in another way. Add images of it."


def study_split_luck(control: JobControl, question: SplitLuck) -> SplitLuckAnswer:
    """Heads on other splits of the run's training and validation images, as many held out as in the run.

    The backbone is the one that the run began with: what was unfrozen has seen the training images, and would know
    them again in any other split. Raises `RunError` for a network from scratch and where a class has too few images.
    """
    folder, data = control.folder, control.folder.data()
    model = first_model(folder)
    if not model.pretrained:
        raise RunError(SCRATCH)
    features = np.asarray(load_activations(model, data, folder.info.size, control.workspace, progress=Pace(control)))
    used = _different(data)
    labels = data.labels[used]
    if np.bincount(labels, minlength=len(data.classes)).min() < 2:
        raise RunError(ALONE)
    classes, pace = len(data.classes), Pace(control)
    held_out = max(classes, min(len(data.indices("valid")), len(used) - classes))
    return split_luck(
        features[used],
        labels,
        held_out=held_out,
        splits=question.splits,
        seed=folder.info.seed,
        size=folder.info.size,
        progress=lambda done, total: pace("Training heads on other splits", done, total),
    )


def _different(data: DataSet) -> Indices:
    """Positions of the training and validation images, of those with the same bytes the first one."""
    first: dict[str, int] = {}
    for i, (digest, split) in enumerate(zip(data.items.digests, data.items.splits(), strict=True)):
        if split in ("train", "valid"):
            first.setdefault(digest, i)
    return np.array(list(first.values()), dtype=np.int64)
