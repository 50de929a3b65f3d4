from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from core.results.confusion import (
    as_frame,
    confused_with,
    confusion_matrix,
    most_confused,
    most_confused_pair,
    normalised,
    order_by_confusion,
    per_class,
)


@st.composite
def answers(draw):
    """Classes, true labels and predicted ones."""
    classes = draw(st.integers(2, 7))
    pairs = draw(st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), max_size=60))
    return classes, np.array([t for t, _ in pairs], dtype=np.int64), np.array([p for _, p in pairs], dtype=np.int64)


matrices = answers().map(lambda given: confusion_matrix(given[1], given[2], given[0]))


def names(matrix):
    return [f"class {c}" for c in range(len(matrix))]


@given(answers())
def test_the_matrix_is_scikit_learns(given):
    classes, true, predicted = given
    ours = confusion_matrix(true, predicted, classes)
    assert ours.shape == (classes, classes)
    if len(true):
        np.testing.assert_array_equal(ours, metrics.confusion_matrix(true, predicted, labels=range(classes)))
    assert ours.sum() == len(true)


@given(answers().filter(lambda given: len(given[1]) > 0), st.sampled_from([("true", "true"), ("predicted", "pred")]))
def test_shares_are_scikit_learns(given, form):
    classes, true, predicted = given
    theirs = metrics.confusion_matrix(true, predicted, labels=range(classes), normalize=form[1])
    np.testing.assert_allclose(normalised(confusion_matrix(true, predicted, classes), form[0]), theirs)


@given(answers().filter(lambda given: len(given[1]) > 0))
@settings(max_examples=30)
def test_per_class_figures_are_those_of_scikit_learns_report(given):
    classes, true, predicted = given
    ours = per_class(confusion_matrix(true, predicted, classes), [f"c{c}" for c in range(classes)])
    report = metrics.classification_report(
        true,
        predicted,
        labels=range(classes),
        target_names=[f"c{c}" for c in range(classes)],
        output_dict=True,
        zero_division=np.nan,
    )
    for row in ours.to_dict("records"):
        theirs = report[row["class"]]
        assert row["precision"] == pytest.approx(theirs["precision"], nan_ok=True)
        assert row["recall"] == pytest.approx(theirs["recall"], nan_ok=True)
        assert row["f1"] == pytest.approx(theirs["f1-score"], nan_ok=True)
        assert row["images"] == theirs["support"]


@given(matrices)
def test_the_order_is_a_permutation_and_the_most_confused_pair_touches(matrix):
    order = order_by_confusion(matrix)
    assert sorted(order) == list(range(len(matrix)))
    both = matrix + matrix.T
    np.fill_diagonal(both, 0)
    if both.max() > 0:
        beside = max(both[a, b] for a, b in pairwise(order))
        assert beside == both.max()


@given(matrices)
def test_ordering_leaves_the_matrix_itself_alone(matrix):
    before = matrix.copy()
    order_by_confusion(matrix)
    np.testing.assert_array_equal(matrix, before)


def test_classes_that_are_never_confused_keep_their_order():
    assert order_by_confusion(np.diag([3, 1, 4, 1])) == [0, 1, 2, 3]


def test_two_pairs_of_look_alikes_come_to_stand_side_by_side():
    matrix = np.diag([9, 9, 9, 9])
    matrix[0, 2] = matrix[2, 0] = 5
    matrix[1, 3] = matrix[3, 1] = 4
    order = order_by_confusion(matrix)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}
    assert set(order[:2]) == {0, 2}


@given(matrices)
def test_the_frame_has_every_cell_in_the_order_asked_for(matrix):
    order = order_by_confusion(matrix)
    frame = as_frame(matrix, names(matrix), "none", order)
    assert len(frame) == matrix.size
    assert list(dict.fromkeys(frame["true"])) == [names(matrix)[c] for c in order]
    for row in frame.to_dict("records"):
        t, p = (names(matrix).index(row[side]) for side in ("true", "predicted"))
        assert row["images"] == matrix[t, p]
        assert row["correct"] == (t == p)
    assert frame["share"].sum() == pytest.approx(1.0 if matrix.sum() else 0.0)


@given(matrices)
def test_a_frame_of_filled_cells_leaves_out_only_empty_ones(matrix):
    order = order_by_confusion(matrix)[: max(1, len(matrix) - 1)]
    every, filled = (as_frame(matrix, names(matrix), order=order, filled=how) for how in (False, True))
    assert len(every) == len(order) ** 2
    there = every[(every["images"] > 0) | every["correct"]].reset_index(drop=True)
    assert filled.to_dict("list") == there.to_dict("list")
    whole = as_frame(matrix, names(matrix)).set_index(["true", "predicted"])["share"]
    assert [whole[row["true"], row["predicted"]] for row in filled.to_dict("records")] == list(filled["share"])


@given(matrices, st.integers(1, 8))
def test_a_class_is_shown_with_those_that_it_is_confused_with(matrix, most):
    both = matrix + matrix.T
    for place in range(len(matrix)):
        first, *others = confused_with(matrix, place, most)
        assert first == place
        amounts = [both[place, other] for other in others]
        rest = [both[place, other] for other in range(len(matrix)) if other != place and other not in others]
        assert 0 not in amounts
        assert amounts == sorted(amounts, reverse=True)
        assert len(others) == most - 1 or not any(rest)
        assert not amounts or max(rest, default=0) <= amounts[-1]


@given(matrices)
def test_the_most_confused_pair_counts_both_ways(matrix):
    if not (matrix - np.diag(np.diag(matrix))).any():
        return
    one, other, count = most_confused_pair(matrix)
    every = [matrix[a, b] + matrix[b, a] for a, b in combinations(range(len(matrix)), 2)]
    assert one < other
    assert count == matrix[one, other] + matrix[other, one] == max(every)


@given(matrices, st.integers(1, 8))
def test_most_confused_lists_wrong_answers_only_and_the_largest_first(matrix, n):
    found = most_confused(matrix, names(matrix), n)
    off = np.sort(matrix[~np.eye(len(matrix), dtype=bool)])[::-1]
    assert list(found["images"]) == [count for count in off[:n] if count > 0]
    assert (found["true"] != found["predicted"]).all()


def test_most_confused_is_a_list_of_directions():
    matrix = np.array([[5, 3], [0, 9]])
    found = most_confused(matrix, ["husky", "wolf"])
    assert found[["true", "predicted", "images", "share"]].to_numpy().tolist() == [["husky", "wolf", 3, 3 / 8]]
