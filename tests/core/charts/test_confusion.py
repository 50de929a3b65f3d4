import numpy as np
import pandas as pd
import pytest

from core.charts.confusion import CELL_PICKED, NUMBERED, confusion, difference
from core.results.confusion import as_frame

CLASSES = ["cat", "dog", "![x](http://example.org/x.png)"]
MATRIX = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 5]])


def spec_of(matrix=MATRIX, classes=CLASSES, **options):
    return confusion(as_frame(matrix, classes), classes=classes, **options).to_dict()


def cells(spec):
    return pd.DataFrame(next(iter(spec["datasets"].values())))


def test_a_click_names_the_true_and_the_predicted_class():
    pick = next(param for param in spec_of()["params"] if param["name"] == CELL_PICKED)
    assert pick["select"]["fields"] == ["true", "predicted"]


def test_rows_are_true_and_columns_predicted_in_the_order_given():
    encoding = spec_of(classes=CLASSES)["layer"][0]["encoding"]
    assert (encoding["y"]["field"], encoding["x"]["field"]) == ("true", "predicted")
    assert encoding["y"]["scale"]["domain"] == encoding["x"]["scale"]["domain"] == CLASSES


def test_counts_or_shares_of_the_true_class():
    assert cells(spec_of(errors_only=False))["shown"].max() == 9
    assert cells(spec_of(normalised=True, errors_only=False))["shown"].tolist() == pytest.approx(
        [0.8, 0.2, 0, 0.1, 0.9, 0, 0, 0, 1]
    )


def test_errors_alone_are_coloured_by_default_and_the_diagonal_keeps_its_numbers():
    frame = cells(spec_of())
    assert (frame["coloured"] != frame["correct"]).all()
    assert spec_of()["layer"][0]["encoding"]["color"]["scale"]["domain"] == [0, 2]
    assert frame["shown"].notna().all(), "a cell without a value is not drawn, and cannot be clicked"
    assert frame.loc[frame["correct"], "images"].tolist() == [8, 9, 5]


@pytest.mark.parametrize("most", [1, 2, 3, 5, 41, 1000])
def test_the_legend_of_counts_has_whole_numbers_that_differ(most):
    values = spec_of(np.array([[90, most, 0], [0, 9, 0], [0, 0, 5]]))["layer"][0]["encoding"]["color"]["legend"][
        "values"
    ]
    assert all(isinstance(value, int) for value in values)
    assert len(set(values)) == len(values) >= 2
    assert (values[0], values[-1]) == (0, most)


def test_a_perfect_model_has_a_matrix_too():
    assert spec_of(np.diag([3, 4, 5]), errors_only=True)
    assert spec_of(np.zeros((3, 3), dtype=np.int64))


def test_the_cell_on_show_is_outlined():
    frame = cells(spec_of(picked=("cat", "dog")))
    assert frame.loc[frame["picked"], ["true", "predicted"]].to_numpy().tolist() == [["cat", "dog"]]


@pytest.mark.parametrize(("count", "layers"), [(NUMBERED, 2), (NUMBERED + 1, 1), (120, 1)])
def test_numbers_are_written_where_there_is_room(count, layers):
    classes = [f"class {number}" for number in range(count)]
    assert len(spec_of(np.eye(count, dtype=np.int64), classes)["layer"]) == layers


def test_many_classes_send_only_the_cells_that_hold_something():
    classes = [f"class {number}" for number in range(120)]
    matrix = np.eye(120, dtype=np.int64)
    matrix[3, 4], matrix[7, 7] = 2, 0
    assert len(cells(spec_of(matrix, classes))) == 121


def changes(matrix):
    return cells(difference(as_frame(np.array(matrix), ["a", "b"]), classes=["a", "b"]).to_dict())


def test_a_difference_is_blue_where_it_became_better():
    rows = changes([[2, -2], [1, -1]]).set_index(["true", "predicted"])["what"].to_dict()
    assert rows == {("a", "a"): "Better", ("a", "b"): "Better", ("b", "a"): "Worse", ("b", "b"): "Worse"}


def test_a_cell_without_change_is_left_out():
    assert sorted(changes([[0, 0], [1, -1]])["change"]) == ["+1", "-1"]
