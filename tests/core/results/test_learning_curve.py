"""Learning curves: scikit-learn is the oracle of the heads, a known power law that of what is carried on."""

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression

from core.results.heads import ITERATIONS, STRENGTH
from core.results.learning_curve import (
    ClassCurve,
    Extrapolation,
    LearningCurveAnswer,
    Point,
    SizeCurve,
    Task,
    _carried_on,
    learning_curves,
)
from core.results.studies import LearningCurve

SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)
CLASSES = ("ant", "bee", "cat")


def task(images=300, seed=0):
    draws = np.random.default_rng(seed)
    labels = (np.arange(images) % 3).astype(np.int64)
    features = draws.normal(0, 1, (images, 12)).astype(np.float32)
    features[:, 0] += labels
    return features, Task(labels, np.arange(0, images, 2), np.arange(1, images, 2), CLASSES)


def curves(features, asked, draws=3, **more):
    return learning_curves({64: features, **more}, asked, shares=SHARES, draws=draws, seed=1)


def test_with_all_images_the_head_is_scikit_learns():
    features, asked = task()
    oracle = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS).fit(features[asked.train], asked.labels[asked.train])
    found = curves(features, asked).curves[0].points[-1]
    assert found.accuracies == (oracle.score(features[asked.valid], asked.labels[asked.valid]),)
    assert found.images == len(asked.train)


def test_each_share_has_its_draws_of_every_class():
    found = curves(*task()).curves[0]
    assert [point.share for point in found.points] == list(SHARES)
    assert [len(point.accuracies) for point in found.points] == [3, 3, 3, 3, 1]
    assert [point.images for point in found.points] == [18, 36, 75, 114, 150]  # each class has 50, rounded


def test_more_images_are_better_where_there_is_something_to_learn():
    found = curves(*task(900), draws=5).curves[0]
    assert found.points[0].mean < found.points[-1].mean


def test_a_rare_class_keeps_one_image():
    features, asked = task()
    labels = asked.labels.copy()
    labels[labels == 2] = 0
    labels[[0, 2, 1, 3]] = 2
    found = learning_curves({64: features}, asked._replace(labels=labels), shares=SHARES, draws=2, seed=0)
    assert [one.images for one in found.classes] == [98, 50, 2]


def test_other_sizes_are_compared_image_by_image():
    features, asked = task()
    better = features.copy()
    better[:, 0] += 6 * asked.labels
    found = learning_curves({64: features, 96: better}, asked, shares=SHARES, draws=1, seed=0)
    first, second = found.curves
    assert (first.fixed, first.broken) == (0, 0)
    gain = second.points[-1].mean - first.points[-1].mean
    assert second.fixed - second.broken == pytest.approx(gain * len(asked.valid))
    assert found.larger == second
    assert "Larger images would help" in found.sentences()[2]
    assert "96 px" in found.sentences()[2]


@pytest.mark.parametrize("power", [0.2, 0.5, 1.0])
def test_a_power_law_is_carried_on_exactly(power):
    sizes = np.array([100.0, 200.0, 400.0, 800.0])
    now, then = _carried_on(sizes, 2 * sizes**-power, 10_000)
    assert now == pytest.approx(2 * 800**-power)
    assert then == pytest.approx(2 * 1600**-power)


def test_a_curve_that_falls_is_carried_on_level():
    now, then = _carried_on(np.array([100.0, 200.0, 400.0]), np.array([0.1, 0.2, 0.3]), 100)
    assert now == then


def test_no_error_at_all_can_be_carried_on():
    now, then = _carried_on(np.array([10.0, 20.0, 40.0]), np.zeros(3), 50)
    assert 0 < now == then < 0.02


def test_pure_noise_promises_nothing():
    """Where the labels have nothing to do with the images, the interval of the gain holds zero."""
    features, asked = task(600)
    features[:, 0] = np.random.default_rng(3).normal(size=len(features))
    found = curves(features, asked, draws=5)
    assert found.twice.low < 0.5
    assert found.hungry == ()
    assert "No class gained more than chance" in found.sentences()[1]


def answer(low=1.0, high=3.0, classes=(), curves=()):
    points = tuple(Point(share=share, images=round(800 * share), accuracies=(0.8,)) for share in SHARES)
    return LearningCurveAnswer(
        curves=(SizeCurve(size=64, points=points), *curves),
        classes=classes,
        twice=Extrapolation(images=1600, accuracy=0.82, gain=(low + high) / 2, low=low, high=high),
        valid_images=200,
    )


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.0, 3.0, "More images would help: twice as many point to 82.0% (+2.0 points, 95% interval +1.0 to +3.0"),
        (0.0, 0.3, "More images like these would hardly help"),
        (-1.0, 4.0, "Whether more images help cannot be told"),
    ],
)
def test_what_is_said_of_more_images_follows_the_interval(low, high, said):
    assert answer(low, high).sentences()[0].startswith(said)


def test_the_classes_that_gained_are_named_most_first():
    one = ClassCurve(name="ant", images=40, recalls=(0.5,) * 5, gain=0.1, p=0.01)
    two = one.model_copy(update={"name": "bee", "gain": 0.2})
    three = one.model_copy(update={"name": "cat", "gain": 0.3, "p": 0.2})
    said = answer(classes=(one, two, three)).sentences()[1]
    assert "bee (+20 points), ant (+10 points)" in said
    assert "cat" not in said


def test_sizes_that_were_not_compared_are_said_so():
    assert "pixels exist for 64 px and no larger size" in answer().sentences()[2]
    points = answer().curves[0].points
    same = SizeCurve(size=96, points=points, fixed=3, broken=2)
    assert "Larger images (96 px) are not better than 64 px by more than chance." in answer(curves=(same,)).sentences()
    smaller = same.model_copy(update={"size": 32, "fixed": 50})
    assert answer(curves=(smaller,)).larger is None


@pytest.mark.parametrize("shares", [(0.5, 1.0), (0.5, 0.25, 1.0), (0.25, 0.5, 0.75), (0.5, 0.5, 1.0)])
def test_shares_that_are_no_curve_are_refused(shares):
    with pytest.raises(ValidationError, match="shares must be three or more, ascending, and end with 1"):
        LearningCurve(shares=shares)
