"""The Confusion matrix compares: other weights, other runs, and averaging over augmented views."""

from pathlib import Path

import numpy as np
import pytest

from core.charts.confusion import CHANGE_PICKED
from core.jobs import queue
from core.jobs.specs import EvaluateSpec
from core.results.predictions import Origin, Predictions, predictions_of
from core.runs.create import create_run
from core.runs.folder import RunFolder
from tests.pages.conftest import open_page
from tests.pages.made import evaluate, new_run, train

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
def run(home: Path) -> RunFolder:
    made = new_run(home)
    train(made)
    evaluate(made)
    return made


def with_errors(run: RunFolder, wrong: list[int], **where) -> None:
    """Predictions of the validation images in which those at `wrong` are taken for the class after their own."""
    data = run.data()
    indices = data.indices("valid")
    labels, classes = data.labels[indices].copy(), len(data.classes)
    labels[wrong] = (labels[wrong] + 1) % classes
    probabilities = np.full((len(indices), classes), 0.1 / (classes - 1), dtype=np.float32)
    probabilities[np.arange(len(indices)), labels] = 0.9
    path = run.predictions_path(**where)
    path.parent.mkdir(exist_ok=True)
    about = Origin(tta="mean" if where.get("tta") else None)
    predictions_of(data, indices, probabilities, about=about).save(path)


def another(run: RunFolder) -> RunFolder:
    """Another trained run on the same images."""
    made = create_run(run.workspace, run.data(), backbone="small_cnn", size=24, pretrained=False)
    train(made)
    return made


def said(at):
    return "\n".join(text.value for text in [*at.markdown, *at.caption])


def key_of(run, tta=False):
    return f"matrix-{run.id}-latest-valid{'-tta' if tta else ''}"


def named(other: RunFolder) -> str:
    """How the choice calls another run."""
    return f"run {other.id}"


def test_two_runs_on_the_same_images_are_compared_image_by_image(run) -> None:
    with_errors(run, [0])
    other = another(run)
    with_errors(other, [1, 2, 3])
    at = open_page("confusion_matrix", run=run.id)
    at.selectbox(key=f"{key_of(run)}-other").set_value(named(other)).run()
    assert not at.exception
    assert "3 fixed, 1 broken: could be chance, p = 0.62" in said(at)
    assert "Right before, and wrong now" in said(at)
    at.segmented_control(key=f"{key_of(run)}-with-{named(other)}-what").set_value("Fixed").run()
    assert "Wrong by those weights and right by these" in said(at)


def test_a_cell_of_the_difference_shows_what_came_and_what_left(run) -> None:
    with_errors(run, [0])
    other = another(run)
    with_errors(other, [])
    at = open_page("confusion_matrix", run=run.id)
    predictions = Predictions.load(run.predictions_path())
    true, called = (predictions.classes[int(of[0])] for of in (predictions.labels, predictions.predicted))
    key = f"{key_of(run)}-with-{named(other)}-map"
    at.session_state[key] = {"selection": {CHANGE_PICKED: [{"true": true, "predicted": called}]}}
    at.selectbox(key=f"{key_of(run)}-other").set_value(named(other)).run()
    assert not at.exception
    assert "1 came into this cell, 0 left it." in said(at)


def test_weights_that_were_not_evaluated_are_on_a_click(run) -> None:
    other = another(run)
    at = open_page("confusion_matrix", run=run.id)
    at.selectbox(key=f"{key_of(run)}-other").set_value(named(other)).run()
    at.button(key=f"{key_of(run)}-other-ask").click().run()
    assert not at.exception
    assert queue.live_job(other.workspace, other.id).spec == EvaluateSpec()


def test_what_averaging_over_views_brings_is_tested(run) -> None:
    with_errors(run, [0, 1])
    with_errors(run, [1], tta=True)
    at = open_page("confusion_matrix", run=run.id)
    assert "Averaging over augmented views" not in said(at)
    at.toggle(key="matrix-tta").set_value(True).run()
    assert not at.exception
    assert "1 fixed, 0 broken: could be chance, p = 1.00" in said(at)
    run.predictions_path().unlink()
    at.run()
    assert "Evaluate these weights without augmented views too" in said(at)


def test_the_nearest_training_images_are_asked_for_by_a_button(run) -> None:
    at = open_page("confusion_matrix", run=run.id)
    at.button(key="study-nearest").click().run()
    assert not at.exception
    assert queue.live_job(run.workspace, run.id).kind == "study"
