"""Images as columns: what a tuple of them would hold."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.items import Item, Items
from core.data.packed import read_packed, write_packed

FLAT = [
    Item(f"cat/{k}.png", Path(f"/photos/cat/{k}.png"), k % 3, ("train", "valid")[k % 2], f"{k:032x}", 10 + k, 20)
    for k in range(7)
]
ELSEWHERE = [replace(item, path=Path(f"/store/{k:06d}.png")) for k, item in enumerate(FLAT)]
LISTS = {"called as they are": FLAT, "stored under numbers": ELSEWHERE, "none": []}


@pytest.fixture(params=LISTS.values(), ids=LISTS)
def listed(request: pytest.FixtureRequest) -> list[Item]:
    return request.param


def test_they_are_what_they_were_made_of(listed: list[Item]) -> None:
    items = Items.of(listed)
    assert list(items) == listed
    assert len(items) == len(listed)
    assert [items[k] for k in range(-len(listed), len(listed))] == listed * 2
    assert list(items[::-1]) == listed[::-1]
    assert list(items[2:5]) == listed[2:5]
    assert items == Items.of(listed) == pickle.loads(pickle.dumps(items))
    assert [Path(path) for path in items.paths()] == [item.path for item in listed]
    with pytest.raises(IndexError):
        items[len(listed)]


def test_a_file_of_them_gives_them_back(listed: list[Item], tmp_path: Path) -> None:
    write_packed(tmp_path / "items.npz", Items.of(listed).packed())
    kept = read_packed(tmp_path / "items.npz")
    assert kept is not None
    assert Items.unpacked(kept) == Items.of(listed)


def test_a_change_leaves_the_others_as_they_were(listed: list[Item]) -> None:
    items = Items.of(listed)
    other = items.with_labels(np.full(len(items), 2)).with_splits(["test"] * len(items)).with_paths(["/x"] * len(items))
    assert list(other) == [replace(item, label=2, split="test", path=Path("/x")) for item in listed]
    assert list(items) == listed
    assert list(items.joined(other)) == [*listed, *other]


def test_equal_means_all_of_it() -> None:
    for changed in (
        {"name": "a"},
        {"path": Path("/a")},
        {"label": 9},
        {"split": "test"},
        {"digest": "d"},
        {"width": 1},
    ):
        assert Items.of([*FLAT[:-1], replace(FLAT[-1], **changed)]) != Items.of(FLAT)
    assert Items.of(FLAT[:-1]) != Items.of(FLAT)


@pytest.mark.parametrize("column", range(7))
def test_a_damaged_row_is_refused(column: int) -> None:
    rows = [list(row) for row in Items.of(FLAT).rows()]
    rows[3][column] = None
    with pytest.raises((TypeError, ValueError)):
        Items.of_rows(rows)
    with pytest.raises((TypeError, ValueError)):
        Items.of_rows([*rows[:3], rows[2][:column] + rows[2][column + 1 :]])


def test_a_text_that_no_file_could_be_called_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="text"):
        write_packed(tmp_path / "x.npz", Items.of([replace(FLAT[0], name="a\0b"), FLAT[1]]).packed())
    assert read_packed(tmp_path / "x.npz") is None
