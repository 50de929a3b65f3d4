"""The split: facts that hold for every data set, share and seed."""

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.data.split import hold_out, part, rank
from core.errors import DataError

classes = ["a", "b", "c"]
labels = st.lists(st.integers(0, 2), min_size=6, max_size=60)
shares = st.floats(0.01, 0.99)
seeds = st.integers(-(2**40), 2**40)


def enough(labels: list[int]) -> bool:
    return all(count >= 2 for count in Counter(labels).values())


def names_of(labels: list[int]) -> list[str]:
    return [f"{label}/{i}" for i, label in enumerate(labels)]


def held_of(labels: list[int], digests: list[str], share: float, seed: int) -> list[bool]:
    present = sorted(set(labels))
    return hold_out([present.index(label) for label in labels], digests, [classes[p] for p in present], share, seed)


@given(labels, shares, seeds)
def test_every_class_is_held_out_in_proportion(labels: list[int], share: float, seed: int) -> None:
    assume(enough(labels))
    held = held_of(labels, names_of(labels), share, seed)
    for label, images in Counter(labels).items():
        out = sum(is_held for other, is_held in zip(labels, held, strict=True) if other == label)
        assert out == min(max(round(share * images), 1), images - 1)


@given(labels, shares, seeds, st.randoms())
def test_the_order_of_files_does_not_matter(labels: list[int], share: float, seed: int, random) -> None:
    assume(enough(labels))
    digests = names_of(labels)
    held = dict(zip(digests, held_of(labels, digests, share, seed), strict=True))
    order = list(range(len(labels)))
    random.shuffle(order)
    again = held_of([labels[i] for i in order], [digests[i] for i in order], share, seed)
    assert held == {digests[i]: is_held for i, is_held in zip(order, again, strict=True)}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=6, max_size=60), shares, seeds)
def test_duplicates_stay_on_one_side(images: list[tuple[int, int]], share: float, seed: int) -> None:
    labels = [label for label, _ in images]
    digests = [str(content) for _, content in images]
    present = sorted(set(labels))
    try:
        held = held_of(labels, digests, share, seed)
    except DataError as refusal:
        # a class is refused only when no fair split of it exists: all its images alike, or also in other classes
        short = [c for c in present if str(refusal).startswith(f"The class {classes[c]} ")]
        ambiguous = {d for d in digests if len({label for label, e in zip(labels, digests, strict=True) if e == d}) > 1}
        own = {d for label, d in zip(labels, digests, strict=True) if label in short and d not in ambiguous}
        assert len(own) < 2
        return
    sides: dict[str, set[bool]] = {}
    for digest, is_held in zip(digests, held, strict=True):
        sides.setdefault(digest, set()).add(is_held)
    assert all(len(side) == 1 for side in sides.values())
    for label in present:
        assert {h for other, h in zip(labels, held, strict=True) if other == label} == {True, False}


def test_an_image_in_two_classes_is_never_validated() -> None:
    labels, digests = [0, 0, 0, 1, 1, 1], ["x", "a", "b", "x", "c", "d"]
    for seed in range(20):
        held = hold_out(labels, digests, ["a", "b"], 0.5, seed)
        assert not held[0]
        assert not held[3]


def test_another_seed_another_split_and_a_new_image_moves_few() -> None:
    digests = [str(i) for i in range(100)]
    held = hold_out([0] * 100, digests, ["a"], 0.2, 0)
    assert held == hold_out([0] * 100, digests, ["a"], 0.2, 0)
    assert held != hold_out([0] * 100, digests, ["a"], 0.2, 1)
    more = hold_out([0] * 101, [*digests, "new"], ["a"], 0.2, 0)
    assert sum(before != after for before, after in zip(held, more, strict=False)) <= 1


def test_one_large_group_of_copies_leaves_both_sides_filled() -> None:
    held = hold_out([0] * 10, ["x"] * 9 + ["y"], ["a"], 0.2, 3)
    assert held == [False] * 9 + [True]
    assert sum(hold_out([0] * 10, ["x"] * 5 + ["y"] * 5, ["a"], 0.2, 3)) == 5


@pytest.mark.parametrize("digests", [["x"], ["x", "x"]])
def test_a_class_with_one_picture_cannot_be_split(digests: list[str]) -> None:
    with pytest.raises(DataError, match="The class hat has too few different images"):
        hold_out([0] * len(digests), digests, ["hat"], 0.2, 0)


@pytest.mark.parametrize("share", [0, 1, -0.5, 2, float("nan")])
def test_a_share_held_out_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        hold_out([0, 0], ["x", "y"], ["a"], share, 0)


@given(labels, st.floats(0.001, 1), st.floats(0.001, 1), seeds)
def test_shares_are_nested_stratified_and_never_empty(labels: list[int], one: float, other: float, seed: int) -> None:
    low, high = sorted((one, other))
    small, large = (part(names_of(labels), labels, share, seed) for share in (low, high))
    assert set(small) <= set(large)
    assert small == sorted(set(small))
    for label, images in Counter(labels).items():
        used = sum(labels[i] == label for i in small)
        assert used >= 1
        assert abs(used - low * images) <= 1


def test_the_whole_is_all_and_more_than_all_is_refused() -> None:
    assert part(["a", "b"], [0, 0], 1, 0) == [0, 1]
    for share in (0, 1.1, float("nan")):
        with pytest.raises(DataError, match="must be above 0 and at most 1"):
            part(["a", "b"], [0, 0], share, 0)


def test_ranks_differ_by_purpose_and_take_any_name() -> None:
    assert rank(0, "valid", "x") != rank(0, "share", "x") != rank(1, "share", "x")
    assert rank(0, "valid", "\udcff")
