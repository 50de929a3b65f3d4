"""The table of answers, and the file of it read back by pandas and by the csv module."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from core.results.answers import Classified, answers_table, as_csv

CLASSES = ("cat", "error", '=1+1, "x"')


@pytest.fixture
def table():
    answers = [
        Classified("a.png", np.array([0.7, 0.2, 0.1], dtype=np.float32)),
        Classified("b, \n.png", None, "The file is empty."),
        Classified("ü.png", np.array([0.25, 0.25, 0.5], dtype=np.float32)),
    ]
    return answers_table(answers, CLASSES, 0.6)


def test_a_row_an_image(table):
    assert table["image"].tolist() == ["a.png", "b, \n.png", "ü.png"]
    assert table["class"].fillna("").tolist() == ["cat", "", '=1+1, "x"']
    assert table["probability"].tolist() == pytest.approx([0.7, np.nan, 0.5], nan_ok=True)
    assert table["sure"].tolist() == [True, pd.NA, False]
    assert table["error"].fillna("").tolist() == ["", "The file is empty.", ""]
    assert table["probability of error"].tolist() == pytest.approx([0.2, np.nan, 0.25], nan_ok=True)


def test_the_threshold_itself_is_sure():
    half = Classified("a", np.array([0.5, 0.5, 0.0], dtype=np.float32))
    assert answers_table([half], CLASSES, 0.5)["sure"].tolist() == [True]


def test_the_file_says_what_the_table_says(table):
    content = as_csv(table)
    read = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["image"] for row in read] == table["image"].tolist()
    assert [row["class"] for row in read] == ["cat", "", '=1+1, "x"']
    assert [row["sure"] for row in read] == ["True", "", "False"]
    assert [float(row["probability of cat"] or "nan") for row in read] == pytest.approx(
        [0.7, np.nan, 0.25], nan_ok=True
    )
    again = pd.read_csv(io.BytesIO(content))
    assert again["probability"].tolist() == pytest.approx([0.7, np.nan, 0.5], nan_ok=True)


def test_no_images_are_an_empty_table():
    table = answers_table([], CLASSES, 0.5)
    assert len(table) == 0
    assert table.columns.tolist()[:5] == ["image", "class", "probability", "sure", "error"]
