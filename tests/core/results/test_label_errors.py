"""Probable label errors on clouds of points whose labels were spoiled on purpose."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from core.results.heads import ITERATIONS, STRENGTH
from core.results.label_errors import doubtful, held_out_probabilities, self_confidence


def clouds(count=300, classes=3, width=8, apart=4.0, seed=0):
    draws = np.random.default_rng(seed)
    labels = draws.integers(0, classes, count)
    middles = draws.normal(size=(classes, width)) * apart
    return (middles[labels] + draws.normal(size=(count, width))).astype(np.float32), labels


def test_the_probabilities_are_those_of_scikit_learns_cross_validation():
    features, labels = clouds()
    found = held_out_probabilities(features, labels, np.arange(len(labels)), classes=3)
    head = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    peer = cross_val_predict(head, features, labels, cv=folds, method="predict_proba")
    assert (found.argmax(1) == peer.argmax(1)).mean() > 0.98, "other folds, the same answers"
    assert np.allclose(found.sum(axis=1), 1)


def test_spoiled_labels_have_the_least_self_confidence():
    features, labels = clouds()
    spoiled = np.random.default_rng(1).choice(len(labels), 15, replace=False)
    given = labels.copy()
    given[spoiled] = (given[spoiled] + 1) % 3
    found = held_out_probabilities(features, given, np.arange(len(labels)), classes=3)
    first = np.argsort(self_confidence(found, given))[:15]
    assert set(first) == set(spoiled)
    counted = set(np.flatnonzero(doubtful(found, given)))
    assert counted <= set(spoiled)
    assert len(counted) >= 12
    assert not doubtful(held_out_probabilities(features, labels, np.arange(300), classes=3), labels).any()


def test_copies_do_not_judge_each_other():
    """A wrong label with ten copies would be learned, and be found right, if they were on both sides of a fold."""
    features, labels = clouds(60, classes=2)
    wrong = int(np.flatnonzero(labels == 0)[0])
    features = np.concatenate([features, np.repeat(features[wrong : wrong + 1], 10, axis=0)])
    given = np.concatenate([labels, np.ones(10, dtype=np.int64)])
    given[wrong] = 1
    groups = np.concatenate([np.arange(60), np.full(10, wrong)])
    found = held_out_probabilities(features, given, groups, classes=2)
    assert self_confidence(found, given)[[wrong, *range(60, 70)]].max() < 0.5


def test_a_class_of_one_image_is_not_judged_and_one_class_alone_is_refused():
    features, labels = clouds(60, classes=2)
    given = labels.copy()
    given[0] = 2
    found = held_out_probabilities(features, given, np.arange(60), classes=3)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()
    assert not doubtful(found, given)[0]
    with pytest.raises(ValueError, match="Fewer than two classes have two different images"):
        held_out_probabilities(features, np.zeros(60, dtype=np.int64), np.arange(60), classes=2)


def test_every_fold_is_reported():
    features, labels = clouds(60)
    said = []
    progress = lambda done, total: said.append((done, total))  # noqa: E731
    held_out_probabilities(features, labels, np.arange(60), classes=3, progress=progress)
    assert said == [(done, 5) for done in range(1, 6)]
