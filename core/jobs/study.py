"""A study job: a question about a run answered, and the answer kept with it. The run is left as it was."""

from collections.abc import Callable

from pydantic import BaseModel

from core.jobs.control import JobControl
from core.jobs.specs import StudySpec
from core.jobs.studies.augmentation_gain import study_augmentation
from core.jobs.studies.learning_curve import study_learning_curve
from core.jobs.studies.nearest import study_nearest
from core.jobs.studies.restarts import study_restarts
from core.jobs.studies.split_luck import study_split_luck
from core.jobs.studies.suspects import study_suspects
from core.results.studies import (
    AugmentationGain,
    LearningCurve,
    NearestImages,
    Question,
    Restarts,
    SplitLuck,
    Suspects,
)
from core.runs.studies import keep_answer

_METHODS: dict[type[Question], Callable[..., BaseModel]] = {
    SplitLuck: study_split_luck,
    Restarts: study_restarts,
    AugmentationGain: study_augmentation,
    LearningCurve: study_learning_curve,
    NearestImages: study_nearest,
    Suspects: study_suspects,
}
"""How each question is answered: a function of the job's control and the question."""


def study(control: JobControl, spec: StudySpec) -> None:
    """Answer a question and keep the answer. Raises what the method raises; nothing is kept then."""
    answer = _METHODS[type(spec.question)](control, spec.question)
    control.check()
    keep_answer(control.folder, spec.question, answer)
