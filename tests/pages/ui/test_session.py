"""A chosen data set in the session: plain values, and back."""

import json

import pytest

from core.data.reading import Choice
from pages.ui.session import DataChoice


def test_a_choice_survives_the_session_as_plain_values() -> None:
    choice = DataChoice("/a", 0.3, 7, Choice(classes_from="csv", parts=(("b/c", "train"),), table="t.csv"))
    plain = json.loads(json.dumps(choice.to_session()))
    assert DataChoice.from_session(plain) == choice
    assert hash(DataChoice.from_session(plain)) == hash(choice)


@pytest.mark.parametrize("kept", [{}, {"parts": [["a", "banana"]]}, {"colour": 1}, None, "x"])
def test_a_decision_that_no_longer_fits_is_left_out(kept: object) -> None:
    values = {"spec": "/a", "choice": kept}
    assert DataChoice.from_session(values) == DataChoice("/a")
