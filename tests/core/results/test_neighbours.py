"""Nearest training images against scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.data.index import DataSet, Item
from core.results import neighbours
from core.results.neighbours import nearest_of_features, nearest_of_items


def data_of(splits, labels):
    items = tuple(
        Item(f"{i}.png", Path(f"/nowhere/{i}.png"), label, split, f"{i:032x}", 8, 8)
        for i, (split, label) in enumerate(zip(splits, labels, strict=True))
    )
    return DataSet("made", "Made", ("a", "b", "c"), items, (), "f" * 32, "as given", 0)


@pytest.fixture
def made():
    """200 images in mixed order, 3 of 4 of them training images, and 16 features of each."""
    draws = np.random.default_rng(0)
    splits = draws.permutation(["train", "train", "train", "valid"] * 50)
    labels = draws.integers(0, 3, 200)
    return data_of(splits, labels), draws.normal(1, 1, (200, 16)).astype(np.float32)


@pytest.fixture(params=["whole", "in chunks"])
def chunks(request, monkeypatch):
    if request.param == "in chunks":
        monkeypatch.setattr(neighbours, "QUERIES_AT_ONCE", 7)
        monkeypatch.setattr(neighbours, "VALUES_AT_ONCE", 16 * 11)


def test_validation_images_have_the_neighbours_that_scikit_learn_finds(made, chunks):
    data, features = made
    train, valid = data.indices("train"), data.indices("valid")
    oracle = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute").fit(features[train])
    distances, places = oracle.kneighbors(features[valid])
    found = nearest_of_items(data, features, valid, 5)
    assert (found.indices == train[places]).all()
    assert np.allclose(found.similarities, 1 - distances, atol=1e-6)
    assert (found.labels == data.labels[train[places]]).all()
    assert found.agreeing(0, 3) == (found.labels[3] == 0).sum()


def test_a_training_image_is_not_its_own_neighbour(made, chunks):
    data, features = made
    train = data.indices("train")
    oracle = NearestNeighbors(n_neighbors=4, metric="cosine", algorithm="brute").fit(features[train])
    places = oracle.kneighbors(return_distance=False)  # without the rows themselves
    assert (nearest_of_items(data, features, train, 4).indices == train[places]).all()


def test_another_image_is_looked_up_by_its_features_whatever_their_length(made, chunks):
    data, features = made
    item = data.indices("train")[17]
    found = nearest_of_features(data, features, 250 * features[[item]], 1)
    assert found.indices.tolist() == [[item]]
    assert found.similarities[0, 0] == pytest.approx(1, abs=1e-6)


def test_copies_are_named_in_the_order_of_the_data_set():
    data = data_of(["valid", "train", "train", "train"], [0, 1, 2, 0])
    features = np.array([[1, 0], [2, 0], [0, 1], [3, 0]], dtype=np.float32)
    assert nearest_of_items(data, features, np.array([0]), 3).indices.tolist() == [[1, 3, 2]]


@pytest.mark.parametrize(("asked", "wanted"), [(0, 0), (2, 2), (9, 3)])
def test_there_are_no_more_neighbours_than_training_images(asked, wanted):
    data = data_of(["train"] * 3 + ["valid"], [0, 1, 2, 0])
    found = nearest_of_items(data, np.eye(4, dtype=np.float32), np.array([3]), asked)
    assert found.indices.shape == found.similarities.shape == found.labels.shape == (1, wanted)
    assert nearest_of_items(data, np.eye(4, dtype=np.float32), np.array([0]), 9).indices.shape == (1, 2)


def test_features_that_are_zero_or_not_finite_are_like_nothing():
    data = data_of(["train", "train", "valid"], [0, 1, 2])
    features = np.array([[np.nan, 1], [1, 1], [0, 0]], dtype=np.float32)
    assert nearest_of_items(data, features, np.array([2]), 2).similarities.tolist() == [[0, 0]]
    found = nearest_of_features(data, features, np.ones((1, 2), dtype=np.float32), 2)
    assert found.indices.tolist() == [[1, 0]]


def test_no_images_have_no_neighbours(made):
    data, features = made
    assert len(nearest_of_items(data, features, np.zeros(0, dtype=np.int64))) == 0
