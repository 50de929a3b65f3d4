import pytest

from core.augment import NONE, SIDE_ON
from core.results.advice import LONGER_BECAUSE, advise
from core.results.diagnosis import TITLES
from core.training.recipes import lesson2, quick
from core.training.stage import Plan, Stage, stage_of

HEAD, AUGMENTED, WHOLE = lesson2(96).stages
SCRATCH = quick(32).stages[0]


def advised(kind, verdict, trained, side=400):
    """The one advice of this kind for a pretrained network."""
    found = advise(verdict, trained, pretrained=True, groups=3, side=side)
    return next(one for one in found if one.kind == kind)


def kinds(verdict, trained, *, pretrained=True, side=400, augmentation=SIDE_ON):
    found = advise(verdict, trained, pretrained=pretrained, groups=3, side=side, augmentation=augmentation)
    return [one.kind for one in found]


def test_a_network_from_scratch_is_never_told_to_unfreeze():
    for verdict in TITLES:
        for freeze_to in (-1, 0, 1):
            stage = SCRATCH.model_copy(update={"freeze_to": freeze_to})
            assert "unfreeze" not in kinds(verdict, [stage], pretrained=False)


@pytest.mark.parametrize(
    ("trained", "holds"),
    [([HEAD], True), ([HEAD, AUGMENTED], True), ([HEAD, AUGMENTED, WHOLE], False), ([WHOLE], False)],
)
def test_unfreezing_is_offered_until_everything_was_trained(trained, holds):
    assert ("unfreeze" in kinds("just-right", trained)) == holds


def test_unfreezing_is_the_lessons_last_stage_at_the_size_of_the_run():
    (advice,) = [
        one for one in advise("just-right", [HEAD], pretrained=True, groups=3, side=0) if one.kind == "unfreeze"
    ]
    assert advice.stage == lesson2(96, NONE).stages[2]
    assert "only the head was trained" in advice.why
    partly = HEAD.model_copy(update={"precompute": False, "freeze_to": 1})
    assert "not all layers were trained" in advised("unfreeze", "just-right", [partly]).why


@pytest.mark.parametrize("verdict", TITLES)
def test_longer_training_is_offered_only_where_it_may_help(verdict):
    assert ("longer" in kinds(verdict, [WHOLE])) == (verdict in LONGER_BECAUSE)


def test_a_longer_cycle_is_twice_the_last_one_and_its_rate_is_found():
    (longer,) = [
        one for one in advise("underfitting", [WHOLE], pretrained=True, groups=3, side=0) if one.kind == "longer"
    ]
    assert longer.stage.cycle_lengths == (8,)
    assert longer.stage.lr is None
    assert "8 more epochs" in longer.title
    assert advised("longer", "underfitting", [Stage(cycle_len=900)]).stage.epochs == 1000


@pytest.mark.parametrize(
    ("size", "side", "larger"), [(96, 400, 160), (96, 130, 128), (96, 110, None), (32, 8, None), (64, 0, None)]
)
def test_larger_images_only_where_there_are_such(size, side, larger):
    last = WHOLE.model_copy(update={"size": size})
    found = [one for one in advise("just-right", [last], pretrained=True, groups=3, side=side) if one.kind == "larger"]
    assert [one.stage.size for one in found] == ([larger] if larger else [])
    assert all(f"has {side} px (median)" in one.why and one.stage.lr is None for one in found)


def test_augmentation_is_offered_where_it_overfits_without():
    plain = WHOLE.model_copy(update={"augmentation": NONE})
    assert kinds("costly", [plain])[0] == "augment"
    assert "augment" not in kinds("just-right", [plain])
    assert "augment" not in kinds("costly", [WHOLE])
    assert "augment" not in kinds("costly", [plain], augmentation=NONE)


def test_nothing_is_advised_after_divergence_or_before_training():
    assert kinds("diverged", [HEAD]) == []
    assert kinds("just-right", []) == []


@pytest.mark.parametrize("verdict", TITLES)
@pytest.mark.parametrize("stage", [HEAD, AUGMENTED, WHOLE, SCRATCH])
def test_every_advice_can_be_planned(verdict, stage):
    for one in advise(verdict, [stage], pretrained=True, groups=3, side=400, augmentation=SIDE_ON):
        Plan.model_validate({"stages": [one.stage.model_dump()]})


def test_overfitting_that_costs_is_met_with_stronger_augmentation_a_lower_rate_and_fewer_groups():
    trained = WHOLE.model_copy(update={"augmentation": SIDE_ON, "lr": (0.003,)})
    found = {one.kind: one for one in advise("costly", [trained], pretrained=True, groups=3, side=0)}
    assert {"stronger", "lower", "fewer"} <= set(found)
    assert found["stronger"].stage.augmentation.rotate == 2 * SIDE_ON.rotate
    assert found["stronger"].stage.augmentation.horizontal_flip == SIDE_ON.horizontal_flip
    assert found["lower"].stage.lr == (0.001,)
    assert "1e-3" in found["lower"].why.replace("\u2060", "")
    assert found["fewer"].stage.freeze_to == 1
    for kind in ("stronger", "lower", "fewer"):
        assert found[kind].stage.cycle_lengths == (max(trained.cycle_lengths),)
        Plan(stages=(found[kind].stage,))


@pytest.mark.parametrize("verdict", [verdict for verdict in TITLES if verdict != "costly"])
def test_where_overfitting_does_not_cost_nothing_is_held_back(verdict):
    trained = WHOLE.model_copy(update={"augmentation": SIDE_ON, "lr": (0.003,)})
    offered = {"stronger", "lower", "fewer"} & set(kinds(verdict, [trained]))
    assert offered == ({"stronger"} if verdict == "overfitting" else set())


def test_overfitting_that_costs_nothing_is_met_with_stronger_augmentation_from_the_present_weights():
    trained = WHOLE.model_copy(update={"augmentation": SIDE_ON, "lr": (0.003,)})
    found = advised("stronger", "overfitting", [trained])
    assert not found.again
    assert found.stage.lr is None
    assert found.stage.augmentation.rotate == 2 * SIDE_ON.rotate


def test_the_head_alone_has_no_fewer_groups_and_images_as_they_are_no_stronger_augmentation():
    found = kinds("costly", [HEAD.model_copy(update={"lr": (0.01,)})])
    assert "fewer" not in found
    assert "stronger" not in found
    assert "lower" in found


def test_a_rate_for_every_group_stays_valid_with_fewer_groups():
    trained = WHOLE.model_copy(update={"lr": (1e-4, 3e-4, 1e-3)})
    fewer = advised("fewer", "costly", [trained])
    assert fewer.stage.group_rates(3) == (0.0, 3e-4, 1e-3)


def test_what_goes_on_from_a_stage_that_froze_its_early_layers_trains_what_its_end_trained():
    """Other than at a larger size, where it is trained again as it was."""
    refrozen = WHOLE.model_copy(update={"freeze_early_after": 1})
    found = {
        one.kind: one.stage
        for verdict in ("underfitting", "costly")
        for one in advise(verdict, [refrozen], pretrained=True, groups=3, side=1000)
    }
    assert found.keys() >= {"longer", "stronger", "fewer", "larger"}
    for kind, stage in found.items():
        expected = (0, 1) if kind == "larger" else (1, None)
        assert (stage.freeze_to, stage.freeze_early_after) == expected, kind
        assert stage == stage_of(stage.model_dump() | {"augmentation": stage.augmentation}), "a valid stage"
