from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from core.errors import RunError
from core.results.losses import cell, top_losses
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


def test_a_name_that_is_no_utf_8_survives(tmp_path):
    odd = some(1)
    Predictions(**{**vars(odd), "names": ("bad \udcff.jpg",)}).save(tmp_path / "a.npz")
    assert Predictions.load(tmp_path / "a.npz").names == ("bad \udcff.jpg",)


def test_no_predictions_at_all(tmp_path):
    none = some(0)
    none.save(tmp_path / "none.npz")
    assert len(Predictions.load(tmp_path / "none.npz")) == 0
    assert np.isnan(none.accuracy)
    assert np.isnan(none.loss)
    assert top_losses(none).empty


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
    items = tuple(SimpleNamespace(name=f"{i}.png") for i in range(5))
    data = SimpleNamespace(classes=("a", "b"), items=items, labels=np.array([0, 1, 0, 1, 0]), fingerprint="f")
    found = predictions_of(data, np.array([4, 1]), np.array([[0.75, 0.25], [0.5, 0.5]]), about=Origin(step=7))
    assert found.names == ("4.png", "1.png")
    assert found.labels.tolist() == [0, 1]
    assert found.predicted.tolist() == [0, 0]
    assert found.losses == pytest.approx([-np.log(0.75), -np.log(0.5)], rel=1e-6)


@given(st.integers(0, 30), st.integers(0, 100), st.integers(0, 12))
def test_top_losses_are_the_largest_in_order(count, seed, n):
    predictions = some(count, seed)
    found = top_losses(predictions, n)
    np.testing.assert_array_equal(found["loss"], np.sort(predictions.losses)[::-1][:n])
    for row in found.to_dict("records"):
        place = row["item"] - 100
        assert row["name"] == predictions.names[place]
        assert row["true"] == CLASSES[predictions.labels[place]]
        assert row["probability"] == predictions.probabilities[place, predictions.labels[place]]
        assert row["probability"] <= row["confidence"]


def test_top_losses_can_be_of_wrong_answers_only():
    found = top_losses(some(), 100, wrong_only=True)
    assert (found["true"] != found["predicted"]).all()
    assert len(found) == (some().predicted != some().labels).sum()


def test_the_cells_share_out_all_images():
    predictions = some()
    cells = {(t, p): cell(predictions, t, p) for t in CLASSES for p in CLASSES}
    found = sorted(item for frame in cells.values() for item in frame["item"])
    assert found == predictions.indices.tolist()
    for (true, predicted), frame in cells.items():
        assert (frame["true"] == true).all()
        assert (frame["predicted"] == predicted).all()
        assert frame["loss"].is_monotonic_decreasing


def test_a_cell_of_an_unknown_class_is_empty():
    assert cell(some(), "cat", "unicorn").empty
