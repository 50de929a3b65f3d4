"""Advice names one stage that does exactly what it says, and is none where it does not apply."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augment import NONE, SIDE_ON, TOP_DOWN, WITHOUT_FLIPS, Augmentation, warnings
from core.training.next_stage import Change, next_stage
from core.training.stage import Stage

CHANGES = get_args(Change)
PHOTOS, ARROWS = ("cat", "dog"), ("arrow left", "arrow right")
HEAD = Stage(lr=(1e-2,), precompute=True, cycle_len=20)
WHOLE = Stage(lr=(1e-3,), freeze_to=0, cycles=3, cycle_mult=2, augmentation=SIDE_ON)


def advice(change, last, *, classes=PHOTOS, pretrained=True, largest=None):
    return next_stage(change, last, groups=3, classes=classes, pretrained=pretrained, largest=largest)


@pytest.mark.parametrize("last", [HEAD, WHOLE, Stage(freeze_to=-1, lr=(0.1,))])
@pytest.mark.parametrize("change", ["unfreeze", "freeze"])
def test_a_network_from_scratch_is_never_told_to_freeze_or_unfreeze(change, last):
    assert advice(change, last, pretrained=False) is None


def test_what_is_trained_whole_is_not_told_to_unfreeze():
    assert advice("unfreeze", WHOLE) is None
    found = advice("unfreeze", HEAD)
    assert (found.stage.freeze_to, found.stage.precompute, found.stage.lr) == (0, False, None)
    assert (found.stage.cycle_lengths, found.stage.augmentation) == ((1, 2, 4), SIDE_ON)
    assert "1, 2 and 4 epochs" in found.says


def test_unfreezing_plans_no_flip_that_changes_the_class():
    assert advice("unfreeze", HEAD, classes=ARROWS).stage.augmentation == WITHOUT_FLIPS


def test_fewer_layer_groups_down_to_the_head():
    first = advice("freeze", WHOLE)
    assert first.stage.scope() == "from later layers on"
    assert "2 layer groups" in first.says
    second = advice("freeze", first.stage)
    assert second.stage.scope() == "head"
    assert advice("freeze", second.stage) is None


def test_longer_makes_the_second_cycle_twice_as_long_as_the_first():
    found = advice("longer", WHOLE)
    assert found.stage.cycle_lengths == (4, 8)
    assert found.says == "Train longer: two cycles, of 4 epochs and 8 epochs, the second twice as long as the first."
    assert found.stage.lr == WHOLE.lr
    one = advice("longer", Stage(lr=(0.1,), schedule="one-cycle", cycle_len=5))
    assert (one.stage.schedule, one.stage.epochs) == ("one-cycle", 10)


def test_a_lower_rate_lowers_that_of_every_group():
    found = advice("lower-rate", Stage(lr=(1e-4, 1e-3, 1e-2), freeze_to=0))
    assert found.stage.lr == pytest.approx((1e-5, 1e-4, 1e-3))
    assert "1e-3" in found.says
    assert advice("lower-rate", Stage()) is None


def test_augmentation_is_made_stronger_step_by_step_and_never_beyond_the_strongest():
    last = HEAD
    for _ in range(10):
        found = advice("more-augmentation", last)
        if found is None:
            break
        assert not found.stage.precompute
        last = found.stage
    assert advice("more-augmentation", last) is None
    assert (last.augmentation.rotate, last.augmentation.zoom, last.augmentation.brightness) == (40, 1.5, 0.2)


def test_weaker_augmentation_is_half_as_strong_and_keeps_what_has_no_strength():
    found = advice("less-augmentation", Stage(augmentation=TOP_DOWN, lr=(0.1,))).stage.augmentation
    assert (found.rotate, found.zoom, found.quarter_turns) == (5, pytest.approx(1.05), True)
    assert advice("less-augmentation", HEAD) is None


@pytest.mark.parametrize(("size", "largest", "then"), [(128, 500, 192), (64, 96, 96), (32, 8, None), (128, None, None)])
def test_larger_images_up_to_those_that_there_are(size, largest, then):
    found = advice("larger", Stage(size=size, lr=(0.1,)), largest=largest)
    assert (None if found is None else found.stage.size) == then
    assert found is None or found.stage.lr is None


@given(
    st.sampled_from(CHANGES),
    st.builds(
        Stage,
        freeze_to=st.integers(-3, 2),
        lr=st.sampled_from([(1e-3,), (1e-4, 1e-3, 1e-2)]),
        cycles=st.integers(1, 4),
        cycle_len=st.integers(1, 50),
        size=st.integers(8, 300),
        augmentation=st.builds(Augmentation, rotate=st.floats(0, 180), zoom=st.floats(1, 3)),
    ),
    st.sampled_from([PHOTOS, ARROWS, tuple("0123")]),
    st.booleans(),
)
def test_advice_is_a_sentence_without_code_and_a_stage_that_can_be_trained(change, last, classes, pretrained):
    found = advice(change, last, classes=classes, pretrained=pretrained, largest=512)
    if found is None:
        return
    assert found.says[0].isupper()
    assert found.says.endswith(".")
    assert not {"_", "=", "`"} & set(found.says)
    assert Stage.model_validate(found.stage.model_dump()) == found.stage
    assert found.stage != last
    if change in ("more-augmentation", "less-augmentation") and last.augmentation != NONE:
        assert not warnings(found.stage.augmentation, classes)
