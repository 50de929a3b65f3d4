import math

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from core.augment import NONE, SIDE_ON, TOP_DOWN, WITHOUT_FLIPS
from core.data.index import load_data
from core.model.backbones import build
from core.training.balance import balanced_weights, is_unbalanced
from core.training.learner import Learner
from core.training.lr_finder import range_test
from core.training.randomness import generator, seed_of
from core.training.recipes import (
    AUGMENTED,
    HEAD_BATCHES,
    MOST_HEAD_EPOCHS,
    PLAIN,
    enough_batches,
    first_plan,
    keeping,
    lesson2,
    quick,
    start_small,
    suited,
)
from core.training.suggestions import preferred


@pytest.fixture(scope="module")
def digits(tmp_path_factory, workspace):
    """Real handwriting: forty each of 0, 1, 4 and 7, at 16 px."""
    folder, bunch = tmp_path_factory.mktemp("digits"), load_digits()
    for digit in (0, 1, 4, 7):
        (folder / str(digit)).mkdir()
        for number, pixels in enumerate(bunch.images[bunch.target == digit][:40]):
            image = Image.fromarray((pixels * 15.9).astype(np.uint8))
            image.resize((16, 16)).save(folder / str(digit) / f"{number}.png")
    return load_data(str(folder), workspace, seed=0)


def test_quick_learns_real_digits_from_scratch(digits, workspace):
    (stage,) = quick(16, batch_size=16).stages
    learner = Learner(build("small_cnn", digits.classes, seed=0), digits, workspace)
    epochs = [record for record in learner.fit(stage) if record.kind == "epoch"]
    assert epochs[-1].accuracy > 0.9
    assert epochs[-1].train_loss < epochs[0].train_loss / 2


def test_lesson_2_runs_from_its_own_range_tests(digits, workspace):
    learner = Learner(build("small_cnn", digits.classes, seed=0), digits, workspace)
    validated = []
    for index, stage in enumerate(lesson2(16, batch_size=16).stages):
        name, rate = preferred(range_test(learner, stage).suggestions)
        assert name == "valley"
        chosen = stage.model_copy(update={"lr": (rate,)})
        validated += [r for r in learner.fit(chosen, stage_index=index) if r.kind == "epoch"]
    assert validated[-1].accuracy > 0.5
    assert validated[-1].valid_loss < np.log(4)
    assert [record.stage for record in validated] == sorted(record.stage for record in validated)


def test_class_weights_are_offered_when_one_class_has_twice_another():
    assert is_unbalanced(np.array([0, 0, 1]), 2)
    assert not is_unbalanced(np.array([0, 0, 0, 1, 1]), 2)
    assert is_unbalanced(np.array([0, 0]), 2)
    assert balanced_weights(np.array([0, 0, 0, 1]), 2) == pytest.approx([4 / 6, 2])


def test_a_seed_is_of_its_parts_alone():
    assert seed_of(0, "augmentation", 3) == seed_of(0, "augmentation", 3)
    seeds = {seed_of(seed, purpose, step) for seed in range(5) for purpose in "ab" for step in range(50)}
    assert len(seeds) == 500
    assert generator(1, "x").get_state().equal(generator(1, "x").get_state())


def test_the_rate_is_found_before_the_head_and_again_when_all_is_unfrozen_and_not_between() -> None:
    plan = lesson2()
    assert all(stage.lr is None for stage in plan.stages)
    assert [plan.goes_on(place) for place in range(3)] == [False, True, False]


def test_side_on_is_suited_and_without_flips_where_a_flip_changes_the_class():
    assert suited(("cat", "dog")) == SIDE_ON
    assert suited(("arrow left", "arrow right")) == WITHOUT_FLIPS
    assert suited(tuple("0123456789")) == WITHOUT_FLIPS


def test_the_first_plan_augments_what_it_says_it_augments():
    _, head, whole = first_plan(True, 64, ("arrow left", "arrow right"), images=800).stages
    assert (head.name, head.augmentation, whole.augmentation) == (AUGMENTED, WITHOUT_FLIPS, WITHOUT_FLIPS)
    _, head, _ = first_plan(True, 64, ("cat", "dog"), TOP_DOWN, images=800).stages
    assert head.augmentation == TOP_DOWN
    _, head, _ = first_plan(True, 64, ("cat", "dog"), NONE, images=800).stages
    assert (head.name, head.augmentation) == (PLAIN, NONE)
    (alone,) = first_plan(False, 32, ("cat", "dog"), images=800).stages
    assert alone.augmentation == NONE


def test_a_plan_keeps_all_but_what_changes_the_class():
    plan = keeping(lesson2(augmentation=TOP_DOWN), ("up", "down", "cat"))
    head, augmented, whole = plan.stages
    assert head == lesson2().stages[0]
    assert augmented.augmentation == whole.augmentation == SIDE_ON
    assert keeping(lesson2(), ("cat", "dog")) == lesson2()


@pytest.mark.parametrize(("images", "batch_size"), [(10, 32), (100, 32), (144, 8), (1000, 32), (5000, 64)])
def test_the_head_has_enough_batches_for_the_data_and_never_fewer_epochs_than_the_lesson(images, batch_size):
    before = lesson2(batch_size=batch_size)
    head, *others = enough_batches(before, images).stages
    batches = head.epochs * math.ceil(images / batch_size)
    assert before.stages[0].epochs <= head.epochs <= MOST_HEAD_EPOCHS
    assert batches >= HEAD_BATCHES or head.epochs == MOST_HEAD_EPOCHS
    assert others == list(before.stages[1:])


def test_a_share_of_the_images_counts_as_the_images_that_are_used():
    plan = lesson2()
    tenth = plan.model_copy(update={"stages": (plan.stages[0].model_copy(update={"share": 0.1}),)})
    assert enough_batches(tenth, 1440).stages[0].epochs == enough_batches(plan, 144).stages[0].epochs


def test_start_small_ends_with_all_images_at_the_size_asked_for() -> None:
    few, some, every = start_small(96, TOP_DOWN, batch_size=16).stages
    assert [(one.size, one.share) for one in (few, some, every)] == [(48, 0.5), (48, 0.5), (96, 1.0)]
    assert few.precompute
    assert few.augmentation == NONE
    assert (some.freeze_to, every.freeze_to) == (0, 0)
    assert some.augmentation == every.augmentation == TOP_DOWN


def test_the_small_part_of_start_small_costs_about_one_epoch_at_full_size() -> None:
    _, some, every = start_small(128).stages
    cost = some.epochs * some.share * (some.size / every.size) ** 2
    assert 0.5 < cost < 1.5


def test_start_small_finds_its_rate_again_at_each_size() -> None:
    plan = start_small()
    assert [plan.goes_on(place) for place in range(3)] == [False, False, False]


def test_the_head_of_start_small_gets_enough_batches_of_the_images_it_sees() -> None:
    plan = enough_batches(start_small(), 200)
    assert plan.stages[0].cycle_len == MOST_HEAD_EPOCHS
