"""What the parts of the page about results share: predictions, with the run and the images that they are of."""

from dataclasses import dataclass

from core.data.index import DataSet
from core.results.neighbours import NearestAnswer
from core.results.predictions import Predictions
from core.results.studies import NearestImages
from core.runs.folder import RunFolder
from core.runs.studies import kept_answer
from core.runs.weights import written_at


@dataclass(frozen=True)
class Judged:
    """The predictions of a run's images."""

    run: RunFolder
    data: DataSet
    predictions: Predictions

    @property
    def nearest_question(self) -> NearestImages:
        """What the study of the nearest training images is asked; raises `RunError` where the weights have gone."""
        snapshot = self.predictions.about.snapshot
        return NearestImages(snapshot=snapshot, written=written_at(self.run, snapshot))

    def nearest(self) -> NearestAnswer | None:
        """The nearest training images of the validation images; None until they were asked for, and for other splits.

        Raises `RunError` where the weights have gone.
        """
        if self.predictions.about.split != "valid":
            return None
        return kept_answer(self.run, self.nearest_question, NearestAnswer)
