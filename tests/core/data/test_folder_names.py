"""Names of folders: their order, their words, and what is the same name."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from core.data.folder_names import alike, clutter, in_order, one_form


def test_numbers_sort_as_numbers() -> None:
    names = ["10", "9", "1", "a10", "a9", "b", "1.0", "2 x", "B"]
    assert sorted(names, key=in_order) == ["1", "1.0", "2 x", "9", "10", "B", "a9", "a10", "b"]


@given(st.lists(st.text(max_size=8), unique=True))
def test_the_order_does_not_depend_on_the_order_before(names: list[str]) -> None:
    assert sorted(names, key=in_order) == sorted(sorted(names), key=in_order)


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_whole_numbers_are_in_their_order(one: int, other: int) -> None:
    assert (in_order(str(one)) < in_order(str(other))) == (one < other)


@given(st.text(max_size=20))
def test_every_name_has_one_form(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert one_form(unicodedata.normalize(form, name)) == one_form(name)
    assert alike(f" {name.swapcase().swapcase()} ") == alike(name.swapcase().swapcase())
    assert isinstance(clutter(name), str)
