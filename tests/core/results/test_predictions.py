from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from core.errors import RunError
from core.results.listing import WRONG, Wanted, listed, ranked
from core.results.predictions import Origin, Predictions, cross_entropy, predictions_of

CLASSES = ("cat", "dog", "<b>eel</b>")


def some(count=40, seed=0):
    """Predictions for the images 100, 101, ... of an imaginary data set."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(3), count).astype(np.float32)
    labels = random.integers(0, 3, count)
    return Predictions(
        classes=CLASSES,
        indices=np.arange(100, 100 + count),
        names=tuple(f"train/{CLASSES[label]}/ü {i}.jpg" for i, label in enumerate(labels)),
        labels=labels,
        probabilities=probabilities,
        losses=cross_entropy(probabilities, labels),
        fingerprint="abc",
        about=Origin(snapshot="best", split="valid", tta="mean", size=32, step=7),
    )


@given(st.integers(1, 30), st.integers(0, 1000))
def test_accuracy_and_loss_are_scikit_learns(count, seed):
    predictions = some(count, seed)
    assert predictions.accuracy == pytest.approx(metrics.accuracy_score(predictions.labels, predictions.predicted))
    exact = predictions.probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    theirs = metrics.log_loss(predictions.labels, exact, labels=[0, 1, 2])
    assert predictions.loss == pytest.approx(theirs, rel=1e-4)


def test_a_probability_of_zero_has_a_finite_loss():
    assert np.isfinite(cross_entropy(np.array([[1.0, 0.0]]), np.array([1]))).all()


def test_saved_predictions_come_back_equal(tmp_path):
    before = some()
    before.save(tmp_path / "latest.npz")
    after = Predictions.load(tmp_path / "latest.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["latest.npz"]
    assert (after.classes, after.names, after.about) == (before.classes, before.names, before.about)
    assert after.fingerprint == "abc"
    for part in ("indices", "labels", "probabilities", "losses"):
        np.testing.assert_array_equal(getattr(after, part), getattr(before, part))


def test_a_name_that_no_page_could_show_is_damage(tmp_path):
    """Files with such names are never part of a data set (`core.data.walk`)."""
    odd = some(1)
    Predictions(**{**vars(odd), "names": ("bad \udcff.jpg",)}).save(tmp_path / "a.npz")
    with pytest.raises(RunError, match=r"cannot be read\. Evaluate the run again\."):
        Predictions.load(tmp_path / "a.npz")


def test_no_predictions_at_all(tmp_path):
    none = some(0)
    none.save(tmp_path / "none.npz")
    assert len(Predictions.load(tmp_path / "none.npz")) == 0
    assert np.isnan(none.accuracy)
    assert np.isnan(none.loss)
    assert listed(none).empty


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_damaged_file_is_said_to_be_damaged(tmp_path, keep):
    path = tmp_path / "latest.npz"
    some().save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RunError, match="Evaluate the run again"):
        Predictions.load(path)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(RunError, match="Evaluate the run first"):
        Predictions.load(tmp_path / "latest.npz")


def test_parts_that_do_not_fit_are_refused():
    parts = vars(some())
    with pytest.raises(RunError):
        Predictions(**{**parts, "labels": parts["labels"][:-1]})
    with pytest.raises(RunError):
        Predictions(**{**parts, "classes": ("cat", "dog")})
    with pytest.raises(RunError):
        Predictions(**{**parts, "labels": parts["labels"] + 2})


def test_predictions_of_a_data_set_carry_its_names_and_labels():
    items = SimpleNamespace(names=[f"{i}.png" for i in range(5)], digests=[f"d{i}" for i in range(5)])
    data = SimpleNamespace(classes=("a", "b"), items=items, labels=np.array([0, 1, 0, 1, 0]), fingerprint="f")
    found = predictions_of(data, np.array([4, 1]), np.array([[0.75, 0.25], [0.5, 0.5]]), about=Origin(step=7))
    assert found.names == ("4.png", "1.png")
    assert found.labels.tolist() == [0, 1]
    assert found.predicted.tolist() == [0, 0]
    assert found.losses == pytest.approx([-np.log(0.75), -np.log(0.5)], rel=1e-6)


@given(st.integers(0, 30), st.integers(0, 100))
def test_the_highest_losses_come_first(count, seed):
    predictions = some(count, seed)
    found = listed(predictions, Wanted())
    np.testing.assert_array_equal(found["loss"], np.sort(predictions.losses)[::-1])
    assert found["position"].tolist() == (found["item"] - 100).tolist()
    for row in found.to_dict("records"):
        place = row["item"] - 100
        assert row["name"] == predictions.names[place]
        assert row["true"] == CLASSES[predictions.labels[place]]
        assert row["probability"] == predictions.probabilities[place, predictions.labels[place]]
        assert row["probability"] <= row["confidence"]


def test_the_wrong_and_the_right_share_out_all_images():
    wrong, right = listed(some(), WRONG), listed(some(), Wanted(right=True))
    assert (wrong["true"] != wrong["predicted"]).all()
    assert (right["true"] == right["predicted"]).all()
    assert sorted([*wrong["item"], *right["item"]]) == some().indices.tolist()


def test_the_most_and_the_least_confident_are_the_reverse_of_each_other():
    sure, unsure = (listed(some(), Wanted(order=order)) for order in ("confident", "unsure"))
    assert sure["confidence"].is_monotonic_decreasing
    assert unsure["confidence"].is_monotonic_increasing
    assert sorted(sure["item"]) == sorted(unsure["item"])


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_range_of_confidence_includes_its_ends(least, most):
    predictions = some()
    found = listed(predictions, Wanted(least=least, most=most))
    inside = (predictions.confidence >= np.float32(least)) & (predictions.confidence <= np.float32(most))
    assert sorted(found["position"]) == np.flatnonzero(inside).tolist()
    if len(predictions):
        one = float(predictions.confidence[0])
        assert 0 in listed(predictions, Wanted(least=one, most=one))["position"].tolist()


def test_the_classes_of_an_image_are_ranked_with_its_own_among_them():
    predictions = some()
    for position in range(len(predictions)):
        found = ranked(predictions, position, most=1)
        assert found[0] == (CLASSES[predictions.predicted[position]], predictions.confidence[position])
        assert CLASSES[predictions.labels[position]] in [name for name, _ in found]


def test_the_cells_share_out_all_images():
    predictions = some()
    cells = {(t, p): listed(predictions, Wanted(true=t, predicted=p)) for t in CLASSES for p in CLASSES}
    found = sorted(item for frame in cells.values() for item in frame["item"])
    assert found == predictions.indices.tolist()
    for (true, predicted), frame in cells.items():
        assert (frame["true"] == true).all()
        assert (frame["predicted"] == predicted).all()
        assert frame["loss"].is_monotonic_decreasing


def test_a_cell_of_an_unknown_class_is_empty():
    assert listed(some(), Wanted(true="cat", predicted="unicorn")).empty
