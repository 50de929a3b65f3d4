"""Images that grow within a stage: which size a batch has, and that training, range tests and trials keep to it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.augment import NONE, SIDE_ON
from core.errors import PlanError
from core.training.curve import RangeSettings
from core.training.feeds import Images
from core.training.growing import GROWN, STEP_PX, area, side_at, sides
from core.training.lr_finder import range_test
from core.training.stage import Stage, stage_of
from core.training.trials import try_rates

from .conftest import SIZE

GROWS = Stage(freeze_to=0, lr=0.01, size=2 * SIZE, grow_from=12, cycle_len=5, batch_size=12, augmentation=SIDE_ON)

STAGES = st.tuples(st.integers(8, 300), st.integers(1, 300)).map(
    lambda pair: Stage(grow_from=pair[0], size=pair[0] + pair[1])
)


@pytest.fixture
def seen(monkeypatch):
    """The side of the images of every batch that is made."""
    found = []
    plain = Images.augmented

    def augmented(self, *given, **named):
        images = plain(self, *given, **named)
        if torch.is_grad_enabled():
            found.append(images.shape[-1])
        return images

    monkeypatch.setattr(Images, "augmented", augmented)
    return found


@given(STAGES, st.integers(1, 400))
def test_images_grow_from_the_first_size_to_the_last_and_never_shrink(stage, steps):
    found = [side_at(stage, step, steps) for step in range(steps)]
    assert found[0] == stage.grow_from
    assert found == sorted(found)
    assert all(side == stage.size for step, side in enumerate(found) if step >= GROWN * steps)
    assert set(found) <= {side for side, _ in sides(stage)}
    assert all(side == stage.size or (side - stage.grow_from) % STEP_PX == 0 for side in found)


@given(STAGES, st.floats(0, 1), st.floats(0, 1))
def test_the_mean_area_is_that_of_many_batches(stage, one, other):
    steps, (begin, end) = 5000, sorted((one, other))
    first, last = int(begin * steps), int(end * steps)
    if last - first < 1000:
        return
    mean = np.mean([(side_at(stage, step, steps) / stage.size) ** 2 for step in range(first, last)])
    assert area(stage, first / steps, last / steps) == pytest.approx(mean, rel=0.01)


@given(STAGES)
def test_at_a_moment_the_area_is_that_of_its_batch(stage):
    assert area(stage, 0, 0) == pytest.approx((stage.first_size / stage.size) ** 2)
    assert area(stage, 1, 1) == 1


def test_without_growth_all_are_of_one_size():
    assert {side_at(Stage(size=64), step, 10) for step in range(10)} == {64}
    assert area(Stage(size=64), 0.2, 0.9) == pytest.approx(1)


def test_training_takes_images_that_grow(learner, seen):
    steps = [record for record in learner.fit(GROWS) if record.row()["kind"] == "step"]
    assert seen == [side_at(GROWS, step, len(steps)) for step in range(len(steps))]
    assert sorted(set(seen)) == [12, 28, 32]


def test_a_range_test_takes_images_as_the_stage_begins_with(learner, seen):
    range_test(learner, GROWS, RangeSettings(1e-4, 1e-2, 5))
    assert seen == [12] * 5


def test_trials_of_a_stage_take_images_that_grow(learner, seen):
    try_rates(learner, GROWS.model_copy(update={"batch_size": 4}), [0.001, 0.01], length="epoch")
    assert set(seen) == {12, 28, 32}
    assert sorted(seen[: len(seen) // 2]) == seen[: len(seen) // 2]


def test_validation_images_do_not_grow(new_learner):
    """The figures of an epoch are those of an evaluation at the stage's size."""
    learner = new_learner()
    for record in learner.fit(GROWS):
        if record.row()["kind"] == "epoch":
            break
    _, losses = learner.evaluate(learner.data.indices("valid"), GROWS.size)
    assert record.valid_loss == pytest.approx(float(losses.mean()), rel=1e-5)


def test_small_images_show_the_whole_picture():
    """Half the side is the mean of four pixels, in the plain order of rows and columns."""
    pixels = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3), dtype=np.uint8)
    images, draws = Images(pixels, torch.device("cpu")), torch.Generator()
    small = images.augmented(np.arange(3), NONE, draws, side=8)
    expected = pixels.reshape(3, 8, 2, 8, 2, 3).mean(axis=(2, 4)).transpose(0, 3, 1, 2) / 255
    assert np.allclose(small.numpy(), expected, atol=1e-6)
    assert small.is_contiguous(memory_format=torch.channels_last)
    assert images.augmented(np.arange(3), SIDE_ON, draws, side=12).shape == (3, 3, 12, 12)
    assert torch.equal(images.augmented(np.arange(3), NONE, draws, side=16), images.plain(np.arange(3)))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"size": 64, "grow_from": 64}, "Images of 64 px cannot grow to 64 px."),
        ({"size": 64, "grow_from": 96}, "Images of 96 px cannot grow to 64 px."),
        ({"precompute": True, "grow_from": 64}, "so images cannot grow"),
        ({"grow_from": 4}, "Grow_from: input should be greater than or equal to 8, and 4 was given."),
    ],
)
def test_growth_that_cannot_be_is_refused(values, said):
    with pytest.raises(PlanError, match=said):
        stage_of(values)
