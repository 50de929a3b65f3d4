"""Near-duplicates and images unlike their class, with scikit-learn's neighbours as the oracle."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from core.results import alike
from core.results.alike import near_pairs, nearest, unlike


def points(count=200, width=16, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def test_the_nearest_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(alike, "CHUNK", 7)
    features = points()
    rows, distances = nearest(features, np.arange(200))
    peer = NearestNeighbors(n_neighbors=2, metric="cosine", algorithm="brute").fit(features - features.mean(axis=0))
    peer_distances, peer_rows = peer.kneighbors()
    assert np.array_equal(rows, peer_rows[:, 0])
    assert np.allclose(distances, peer_distances[:, 0], atol=1e-5)
    some, _ = nearest(features, np.array([3, 5]))
    assert np.array_equal(some, rows[[3, 5]])


def test_pairs_far_nearer_than_usual_are_found_once_the_nearest_first():
    features = points()
    features[10] = features[20] * 1.001
    features[30] = features[40] + 0.05 * points(1, seed=3)[0]
    pairs = near_pairs(np.arange(200), *nearest(features, np.arange(200)))
    assert [(one, other) for one, other, _ in pairs] == [(10, 20), (30, 40)]
    assert pairs[0][2] < pairs[1][2] < alike.NEAR
    assert near_pairs(np.arange(0), np.arange(0), np.zeros(0)) == []
    assert near_pairs(np.arange(2), np.array([1, 0]), np.zeros(2)) == [], "all the same is no sign of anything"


def test_another_kind_of_image_is_the_most_unlike_its_class():
    draws = np.random.default_rng(0)
    labels = np.repeat([0, 1], 60)
    features = np.abs(draws.normal(size=(2, 32)))[labels] + 0.2 * draws.normal(size=(120, 32))
    features[7] = draws.normal(size=32)
    amounts = unlike(features.astype(np.float32), labels)
    assert amounts.argmax() == 7
    assert amounts[7] > alike.ODD
    assert (amounts[labels == 1] < 2 * alike.ODD).all()
    assert not unlike(features[:4].astype(np.float32), labels[:4]).any(), "nothing is said of very small classes"
    assert not unlike(np.ones((8, 3), dtype=np.float32), np.zeros(8, dtype=np.int64)).any()
