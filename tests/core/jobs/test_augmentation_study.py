"""What an augmentation buys: judged on the same images, from the same start, and evidence where it harms a class."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy.stats import binomtest

from core.augment import NONE, SIDE_ON, Augmentation
from core.data.index import load_data
from core.errors import RunError
from core.jobs.execute import run_here
from core.jobs.specs import StudySpec
from core.results.augmentation_gain import AugmentationAnswer, gain
from core.results.studies import AugmentationGain
from core.runs.create import create_run
from core.runs.studies import kept_answer

FLIP = Augmentation(horizontal_flip=True)


def ask(run, how, repeats=2):
    question = AugmentationGain(augmentation=how, repeats=repeats)
    run_here(run.workspace, run.id, StudySpec(question=question))
    return kept_answer(run, question, AugmentationAnswer)


@pytest.fixture
def corners(workspace, tmp_path):
    """Pictures of the classes one and two, which only a flip tells apart; their names do not say so."""
    draws = np.random.default_rng(0)
    for name, side in (("one", 0), ("two", 1)):
        (tmp_path / name).mkdir()
        for number in range(60):
            image = Image.fromarray(draws.integers(0, 60, (24, 24, 3), dtype=np.uint8))
            left = 2 + 12 * side
            ImageDraw.Draw(image).rectangle((left, 6, left + 7, 17), fill=(220, 220, 220))
            image.save(tmp_path / name / f"{number}.png")
    return create_run(workspace, load_data(str(tmp_path), workspace), backbone="small_cnn", size=24, pretrained=False)


def test_a_flip_that_changes_the_class_is_found_from_evidence_alone(corners):
    found = ask(corners, FLIP)
    assert np.mean(found.without) > 0.95
    assert found.points < -20
    assert found.p < 0.001
    assert found.high < 0
    assert any(change.falls for change in found.classes)
    assert "with custom" in found.sentence()
    assert "more than chance" in found.sentence()


def test_both_start_where_the_run_began_and_the_run_stays_as_it_was(run):
    before = {path: path.read_bytes() for path in run.path.glob("*.json")}
    first, second = ask(run, SIDE_ON), None
    assert len(first.without) == len(first.with_it) == 2
    assert {path: path.read_bytes() for path in run.path.glob("*.json")} == before
    second = ask(run, SIDE_ON)
    assert first == second, "the same question has the same answer"


def test_a_pretrained_network_trains_its_head(workspace, data):
    run = create_run(workspace, data, backbone="efficientnet_lite0", size=32)
    found = ask(run, SIDE_ON, repeats=1)
    assert found.what == "the head"
    assert found.images == len(data.indices("valid"))


def test_settings_that_change_nothing_are_said(run):
    with pytest.raises(RunError, match="settings change nothing"):
        ask(run, NONE)


def test_the_figures_are_of_the_paired_images():
    labels = np.array([0] * 30 + [1] * 30)
    without, with_it = np.zeros((1, 60), bool), np.zeros((1, 60), bool)
    without[0, :40], with_it[0, 10:55] = True, True
    losses = np.ones((1, 60))
    found = gain(without, with_it, losses, losses - 0.5, labels, ("a", "b"), name="x", what="y", epochs=1, lr=0.1)
    assert found.points == pytest.approx(100 * 5 / 60)
    assert found.p == pytest.approx(binomtest(10, 25).pvalue)
    assert found.low < found.points < found.high
    first, second = found.classes
    assert (first.images, first.without, first.with_it) == (30, 1.0, pytest.approx(20 / 30))
    assert first.falls
    assert not second.falls
    assert found.loss_p == 0.0
