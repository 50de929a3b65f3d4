"""The study of what in a run's data set a person should look at."""

import numpy as np

from core.jobs.control import JobControl
from core.jobs.restore import first_model
from core.jobs.studies.pace import Pace
from core.model.activations import load_activations
from core.results.studies import Suspects
from core.results.suspects import SuspectsAnswer, find_suspects


def study_suspects(control: JobControl, question: Suspects) -> SuspectsAnswer:
    """Look for suspects by the activations of the backbone that the run began with.

    What was unfrozen has learned the labels that are to be judged, wrong ones included, so it is not used. Raises
    `DataError` where there is too little to judge, and `WeightsUnavailableError` when the weights cannot be had.
    """
    folder, data = control.folder, control.folder.data()
    size, pace = folder.info.size, Pace(control)
    model = first_model(folder)
    features = np.asarray(load_activations(model, data, size, control.workspace, progress=Pace(control)))
    return find_suspects(data, features, size=size, progress=pace)
