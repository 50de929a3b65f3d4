"""A run's figures where validation images were mended: on these as they were, and as mended."""

from collections.abc import Sequence

from core.data.index import DataSet
from core.data.versions.edits import Edit
from core.data.versions.version import as_given, edited
from core.results.predictions import cross_entropy
from core.runs.state import SameWeights
from core.training.learner import Learner


def valid_edits(data: DataSet) -> list[Edit]:
    """The edits of `data` that change a validation image."""
    return [edit for edit in data.edits if edit.split == "valid" and edit.changes_data]


def are_other(before: Sequence[Edit], now: Sequence[Edit]) -> bool:
    """Whether these edits do something else than those."""
    return {edit.effect for edit in before} != {edit.effect for edit in now}


def as_they_were(learner: Learner, before: Sequence[Edit], size: int, images: int) -> SameWeights | None:
    """What the learner's weights reach on its validation images with the edits `before` instead of the present ones.

    None where these are not as many as `images`, because others were added since.
    """
    data = edited(as_given(learner.data), before)
    valid = data.indices("valid")
    if len(valid) != images:
        return None
    found, _ = learner.evaluate(valid, size)
    labels = data.labels[valid]
    right = found.argmax(axis=1) == labels
    return SameWeights(accuracy=float(right.mean()), valid_loss=float(cross_entropy(found, labels).mean()))
