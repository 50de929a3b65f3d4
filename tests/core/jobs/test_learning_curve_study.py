"""The study of what would help more: on the backbone that the run began with, at the sizes whose pixels exist."""

import pytest

from core.data.pixels import load_pixels
from core.errors import RunError
from core.jobs.execute import run_here
from core.jobs.specs import StudySpec
from core.jobs.studies.learning_curve import SCRATCH
from core.results.learning_curve import LearningCurveAnswer
from core.results.studies import LearningCurve
from core.runs.create import create_run
from core.runs.studies import kept_answer

QUESTION = LearningCurve(shares=(0.25, 0.5, 1.0), draws=2)


def ask(run):
    run_here(run.workspace, run.id, StudySpec(question=QUESTION))
    return kept_answer(run, QUESTION, LearningCurveAnswer)


def test_sizes_whose_pixels_exist_are_compared(workspace, data):
    run = create_run(workspace, data, backbone="efficientnet_lite0", size=32)
    assert [curve.size for curve in ask(run).curves] == [32]
    load_pixels(data, 64, workspace)
    load_pixels(data, 40, workspace)  # no multiple of 32 px, so it is not looked for
    found = ask(run)
    assert [curve.size for curve in found.curves] == [32, 64]
    assert found.curves[0].points[-1].images == len(data.indices("train"))
    assert found.valid_images == len(data.indices("valid"))
    assert {one.name for one in found.classes} == set(data.classes)


def test_a_network_from_scratch_has_no_activations_to_tell_from(run):
    with pytest.raises(RunError, match="began with random weights") as caught:
        ask(run)
    assert str(caught.value) == SCRATCH


def test_one_validation_image_is_too_few(workspace, data, monkeypatch):
    run = create_run(workspace, data, backbone="efficientnet_lite0", size=32)
    indices = type(data).indices
    monkeypatch.setattr(
        type(data), "indices", lambda self, split: indices(self, split)[: 1 if split == "valid" else None]
    )
    with pytest.raises(RunError, match="needs two classes or more, and validation images"):
        ask(run)
