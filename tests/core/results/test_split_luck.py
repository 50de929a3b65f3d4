"""Split luck against the binomial law and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.results.heads import ITERATIONS, STRENGTH, head_probabilities
from core.results.split_luck import split_luck


def clouds(images, apart, seed=0, classes=2):
    draws = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    features = draws.normal(0, 1, (images, 6)).astype(np.float32)
    features[:, 0] += apart * labels
    return features, labels.astype(np.int64)


def test_the_head_is_scikit_learns_logistic_regression():
    features, labels = clouds(120, 1.5)
    train, judged = np.arange(80), np.arange(80, 120)
    oracle = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS).fit(features[:80], labels[:80])
    found = head_probabilities(features, labels, train, judged, 2)
    assert np.allclose(found, oracle.predict_proba(features[80:]))


def test_a_class_without_training_images_has_no_probability():
    features, labels = clouds(90, 1.5, classes=3)
    train = np.flatnonzero(labels != 1)
    found = head_probabilities(features, labels, train, np.arange(90), 3)
    assert (found[:, 1] == 0).all()
    assert np.allclose(found.sum(1), 1)


def test_classes_far_apart_leave_nothing_to_luck():
    found = split_luck(*clouds(200, 40.0), held_out=40, splits=5, seed=0, size=64)
    assert found.accuracies == (1.0,) * 5
    assert found.deviation == 0


def test_labels_that_say_nothing_move_as_a_coin_does():
    found = split_luck(*clouds(2000, 0.0), held_out=100, splits=60, seed=1, size=64)
    assert found.mean == pytest.approx(0.5, abs=0.03)
    assert found.deviation == pytest.approx(np.sqrt(0.25 / 100), rel=0.35)


def test_progress_counts_the_splits():
    seen = []
    data, at_each = clouds(60, 3.0), lambda done, total: seen.append((done, total))
    split_luck(*data, held_out=12, splits=3, seed=0, size=64, progress=at_each)
    assert seen == [(1, 3), (2, 3), (3, 3)]
