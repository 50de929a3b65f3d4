"""The study of which training images are nearest to each validation image."""

from core.jobs.control import JobControl
from core.jobs.restore import model_of
from core.jobs.studies.pace import Pace
from core.model.activations import load_activations
from core.results.neighbours import NearestAnswer, nearest_of_items
from core.results.studies import NearestImages
from core.runs.weights import taken_at


def study_nearest(control: JobControl, question: NearestImages) -> NearestAnswer:
    """Neighbours by the activations of the weights asked for, which are computed once and kept for other images.

    Raises `RunError` when there are no such weights.
    """
    folder, data = control.folder, control.folder.data()
    size = taken_at(folder, question.snapshot).size
    model, pace = model_of(folder, question.snapshot), Pace(control)
    activations = load_activations(model, data, size, control.workspace, progress=pace)
    items = data.indices("valid")
    return NearestAnswer.of(nearest_of_items(data, activations, items, question.count), items, size)
