from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from core.data.dataset import DataSet
from core.data.items import Item
from core.errors import DataError
from core.training.kept_out import MOST, classes_not_judged, kept_out, trial_data


def made(counts, *, valid=3, seed=0, copies=None):
    """A data set with so many training images of each class; `copies` gives some of them the bytes of others."""
    items, digests = [], copies or {}
    for label, count in enumerate(counts):
        for number in range(count + valid):
            name = f"{label}/{number}.png"
            split = "train" if number < count else "valid"
            items.append(Item(name, Path(name), label, split, digests.get(name, name), 8, 8))
    classes = tuple(f"class {label}" for label in range(len(counts)))
    return DataSet("made", "Made", classes, tuple(items), (), "f", "as given", seed)


def counts_of(data, indices):
    return Counter(int(data.labels[i]) for i in indices)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 80), min_size=2, max_size=8), st.integers(0, 5))
def test_the_parts_do_not_overlap_and_every_class_keeps_half_to_train_on(counts, seed):
    data = made(counts, seed=seed)
    try:
        kept = kept_out(data)
    except DataError:
        assert sum(count // 2 for count in counts) < 40 or sum(count > 1 for count in counts) < 2
        return
    own, train = set(kept.tolist()), set(data.indices("train").tolist())
    assert own < train
    assert len(own) == len(kept)
    found = counts_of(data, kept)
    for label, count in enumerate(counts):
        assert min(2, count // 2) <= found[label] <= count // 2
    tried = trial_data(data, kept)
    assert set(tried.indices("valid").tolist()) == own
    assert set(tried.indices("train").tolist()) == train - own
    assert not set(data.indices("valid").tolist()) & set(tried.indices("valid").tolist())


@pytest.mark.parametrize("counts", [(200, 100, 50), (330, 333, 337), (1000, 30, 30)])
def test_the_classes_have_the_shares_that_scikit_learn_gives_them(counts):
    data = made(counts)
    train = data.indices("train")
    _, oracle = train_test_split(train, test_size=0.2, stratify=data.labels[train], random_state=0)
    mine, theirs = counts_of(data, kept_out(data)), counts_of(data, oracle)
    assert all(abs(mine[label] - theirs[label]) <= 1 for label in range(len(counts)))


def test_it_is_fixed_and_another_seed_of_the_split_is_another_part():
    data = made((100, 100))
    assert (kept_out(data) == kept_out(data)).all()
    assert set(kept_out(data)) != set(kept_out(replace(data, seed=1)))


def test_the_order_of_the_images_changes_nothing():
    data = made((60, 60))
    backwards = replace(data, items=data.items[::-1])
    names = {data.items[i].name for i in kept_out(data)}
    assert names == {backwards.items[i].name for i in kept_out(backwards)}


def test_copies_stay_on_one_side_and_those_in_two_classes_are_trained_on():
    same = {f"0/{number}.png": f"twin {number // 2}" for number in range(40)}
    data = made((100, 100), copies={**same, "0/99.png": "both", "1/99.png": "both"})
    kept = kept_out(data)
    digests = {data.items[i].digest for i in kept}
    others = {data.items[i].digest for i in set(data.indices("train").tolist()) - set(kept.tolist())}
    assert not digests & others
    assert "both" in others
    assert any(digest.startswith("twin") for digest in digests)


def test_of_a_small_set_more_is_kept_out_and_of_a_large_one_at_most_so_many():
    assert len(kept_out(made((60, 60)))) == 40
    assert len(kept_out(made((30, 30)))) == 30
    assert len(kept_out(made((9000, 9000)))) == MOST


@pytest.mark.parametrize(("counts", "kept"), [((4, 4), 4), ((9, 9), 8), ((1, 1, 1), 0), ((500, 1), 100)])
def test_too_few_images_are_a_sentence(counts, kept):
    with pytest.raises(
        DataError, match=f"of these {sum(counts)} training images only {kept} can be: at least 10 of two"
    ):
        kept_out(made(counts))


def test_a_class_of_one_image_is_not_judged_and_named():
    data = made((50, 1, 50))
    assert classes_not_judged(data, kept_out(data)) == ["class 1"]
    assert classes_not_judged(made((50, 50)), kept_out(made((50, 50)))) == []


def test_real_validation_images_are_out_of_reach():
    data = made((50, 50))
    tried = trial_data(data, kept_out(data))
    valid = set(data.indices("valid").tolist())
    assert not valid & set(np.concatenate([tried.indices("train"), tried.indices("valid")]).tolist())
