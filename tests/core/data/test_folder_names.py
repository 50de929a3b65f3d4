"""Names of folders: their order, their words, and what is the same name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.folder_names import alike, clutter, in_order, one_form, split_of


def test_numbers_sort_as_numbers() -> None:
    names = ["10", "9", "1", "a10", "a9", "b", "1.0", "2 x", "B"]
    assert sorted(names, key=in_order) == ["1", "1.0", "2 x", "9", "10", "B", "a9", "a10", "b"]


@given(st.lists(st.text(max_size=8), unique=True))
def test_the_order_does_not_depend_on_the_order_before(names: list[str]) -> None:
    assert sorted(names, key=in_order) == sorted(sorted(names), key=in_order)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_whole_numbers_are_in_their_order(one: int, other: int) -> None:
    assert (in_order(str(one)) < in_order(str(other))) == (one < other)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training Set", "train"),
        ("val_images", "valid"),
        ("DEV", "valid"),
        ("hold out", "valid"),
        ("test1", "test"),
        ("train_station", ""),
        ("train_test", ""),
        ("contest", ""),
        ("", ""),
    ],
)
def test_names_of_splits(name: str, split: str) -> None:
    assert split_of(name) == split


@given(st.text(max_size=20))
def test_every_name_has_one_form(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert one_form(unicodedata.normalize(form, name)) == one_form(name)
    assert alike(f" {name.swapcase().swapcase()} ") == alike(name.swapcase().swapcase())
    assert isinstance(clutter(name), str)
    split_of(name)
