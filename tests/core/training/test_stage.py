import json

import pytest

from core.augment import SIDE_ON
from core.errors import PlanError
from core.training.stage import Plan, Stage, plan_from_json, plan_of, scope_in_words, stage_of


@pytest.mark.parametrize(
    ("cycles", "cycle_len", "cycle_mult", "epochs"),
    [(1, 1, 1, 1), (3, 1, 1, 3), (3, 1, 2, 7), (2, 3, 2, 9), (5, 1, 3, 121)],
)
def test_epochs_are_the_sum_of_the_cycles(cycles, cycle_len, cycle_mult, epochs):
    assert Stage(cycles=cycles, cycle_len=cycle_len, cycle_mult=cycle_mult).epochs == epochs


def test_one_rate_spreads_over_the_groups_by_the_ratio():
    stage = Stage(lr=0.9, freeze_to=0, group_ratio=3)
    assert stage.group_rates(3) == pytest.approx((0.1, 0.3, 0.9))


def test_frozen_groups_have_no_rate():
    assert Stage(lr=0.9, group_ratio=3).group_rates(3) == (0, 0, 0.9)
    assert Stage(lr=(0.1, 0.2, 0.3), freeze_to=1).group_rates(3) == (0, 0.2, 0.3)
    assert Stage(lr=(0.1, 0.2, 0.3), freeze_to=-2).group_rates(3) == (0, 0.2, 0.3)


@pytest.mark.parametrize(
    ("stage", "groups", "said"),
    [
        (Stage(), 3, "still to be found"),
        (Stage(lr=(1e-3, 1e-2)), 3, "3 layer groups"),
        (Stage(lr=1e-2, freeze_to=3), 3, "no layer group"),
        (Stage(lr=1e-2, freeze_to=-4), 3, "no layer group"),
    ],
)
def test_a_stage_that_does_not_fit_the_network_is_refused(stage, groups, said):
    with pytest.raises(PlanError, match=said):
        stage.group_rates(groups)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"precompute": True, "freeze_to": 0}, "Turn precompute off"),
        ({"precompute": True, "augmentation": SIDE_ON}, "augmentation would do nothing"),
        ({"schedule": "one-cycle", "cycles": 2}, "one cycle"),
        ({"schedule": "constant", "cycle_mult": 2}, "one cycle"),
        ({"cycles": 12, "cycle_len": 1, "cycle_mult": 3}, "10,000"),
        ({"lr": 0}, "greater than 0"),
        ({"lr": float("nan")}, "Lr"),
        ({"lr": []}, "at least one"),
        ({"learning_rate": 1}, "not a setting"),
        ({"momentum": 1}, "Momentum: input should be less than 1, and 1 was given"),
    ],
)
def test_what_would_silently_do_nothing_is_refused_with_a_sentence(values, said):
    with pytest.raises(PlanError, match=said) as caught:
        stage_of(values)
    assert str(caught.value)[0].isupper()
    assert str(caught.value).endswith(".")


def test_a_plan_says_which_stage_is_wrong():
    with pytest.raises(PlanError, match=r"^Stage 2: batch_size"):
        plan_of([{}, {"batch_size": 0}])


def test_a_plan_survives_json():
    plan = Plan(name="a", stages=(Stage(lr=(0.1, 0.2)), Stage(augmentation=SIDE_ON, schedule="one-cycle")))
    assert plan_from_json(plan.model_dump_json()) == plan
    assert plan_from_json(json.dumps(plan.model_dump(mode="json")["stages"])).stages == plan.stages


@pytest.mark.parametrize("text", ["", "{", "3", '"x"', "[]", '{"stages": []}', "[3]"])
def test_text_that_is_no_plan_is_refused(text):
    with pytest.raises(PlanError):
        plan_from_json(text)


@pytest.mark.parametrize(
    ("freeze_to", "groups", "said"),
    [
        (0, ("stem", "middle", "head"), "everything"),
        (-3, ("stem", "middle", "head"), "everything"),
        (-2, ("stem", "middle", "head"), "from middle on"),
        (1, ("stem", "middle", "head"), "from middle on"),
        (-1, ("stem", "middle", "head"), "head"),
        (2, ("stem", "middle", "head"), "head"),
        (0, ("head",), "head"),
        (3, ("stem", "middle", "head"), "unknown layer group"),
        (-4, ("stem", "middle", "head"), "unknown layer group"),
    ],
)
def test_what_a_stage_trains_has_one_name(freeze_to, groups, said):
    assert scope_in_words(freeze_to, groups) == said
    assert Stage(freeze_to=freeze_to).scope(groups) == said


def test_a_stage_at_another_size_has_its_rate_found_again():
    same, larger = Stage(size=64), Stage(size=128)
    assert Plan(stages=(same, same)).goes_on(1)
    assert not Plan(stages=(same, larger)).goes_on(1)
