from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.augment import NONE, SIDE_ON, TOP_DOWN
from core.model.catalogue import EFFICIENTNET_LITE0, SMALL_CNN
from core.runs.state import Curve, RunInfo, RunState, StageState, UnreadableStage
from core.training.recipes import lesson2, quick
from core.training.stage import Stage
from pages.ui.home.recipe import PRETRAINED, SCRATCH, coming, steps_for, taken


def info(*, pretrained: bool) -> RunInfo:
    return RunInfo(
        name="A run",
        created="2026-01-02T10:00:00+00:00",
        data_spec="digits",
        data_title="Digits",
        fingerprint="f",
        classes=("0", "1"),
        images=10,
        backbone=EFFICIENTNET_LITE0 if pretrained else SMALL_CNN,
        pretrained=pretrained,
    )


PHOTOS, DIGITS = info(pretrained=True), info(pretrained=False)
HEAD, AUGMENTED, WHOLE = lesson2().stages


def ran(*stages: Stage, epochs: int | None = None, **more: object) -> RunState:
    """A run that did these stages to their end, or so many epochs of each."""
    begun = [
        StageState.model_validate(
            {"index": at, "stage": stage, "status": "done", "epochs": stage.epochs if epochs is None else epochs} | more
        )
        for at, stage in enumerate(stages)
    ]
    return RunState(stages=begun)


def curve_of(stage: Stage, epoch: int = 0, *, complete: bool = True) -> Curve:
    return Curve(name="1", created="", stage=stage, complete=complete, epoch=epoch)


def ticked(info: RunInfo, state: RunState, *curves: Curve) -> set[str]:
    steps = steps_for(info)
    return {step.title for step, done in zip(steps, taken(info, state, curves), strict=True) if done}


def test_a_new_run_has_taken_no_step() -> None:
    assert len(PRETRAINED) == 8
    assert taken(PHOTOS, RunState(), []) == [False] * 8
    assert taken(DIGITS, RunState(), []) == [False] * len(SCRATCH)


def test_the_lesson_in_order_ticks_the_steps_in_order() -> None:
    rates = lesson2().stages
    head, again = curve_of(HEAD), curve_of(WHOLE, epoch=23)
    assert ticked(PHOTOS, ran(), head) == {"Find the rate"}
    assert ticked(PHOTOS, ran(rates[0]), head) == {"Find the rate", "Train the head"}
    so_far = ticked(PHOTOS, ran(*rates[:2]), head)
    assert so_far == {"Pick augmentation", "Find the rate", "Train the head", "Add augmentation"}
    assert taken(PHOTOS, ran(*rates), [head, again]) == [True] * 8


def test_a_planned_augmentation_is_chosen_and_not_yet_trained_with() -> None:
    state = ran(HEAD).model_copy(update={"plan": [HEAD, AUGMENTED]})
    assert ticked(PHOTOS, state) == {"Pick augmentation", "Train the head"}


def test_one_cycle_on_digits_neither_unfroze_nor_found_the_rate_again() -> None:
    cycle = quick().stages[0]
    assert ticked(DIGITS, ran(cycle)) == {"Train everything"}
    assert ticked(DIGITS, ran(cycle), curve_of(cycle)) == {"Find the rate", "Train everything"}
    assert not {"Unfreeze", "Find it again", "Train the head"} & {step.title for step in SCRATCH}


def test_augmentation_counts_whatever_the_stage_is_called() -> None:
    for name in ("", "Head, with augmentation", "Everything"):
        assert "Add augmentation" in ticked(PHOTOS, ran(WHOLE.model_copy(update={"name": name})))
        plain = WHOLE.model_copy(update={"name": name, "augmentation": NONE})
        assert "Add augmentation" not in ticked(PHOTOS, ran(plain))
        assert "Add augmentation" in ticked(DIGITS, ran(quick(augmentation=TOP_DOWN).stages[0]))


def test_rates_per_group_are_lower_for_earlier_trained_layers() -> None:
    for rates, lower in [
        ((0.1, 0.1, 0.1), False),
        ((0.01, 0.03, 0.1), True),
        ((0.1, 0.1, 0.3), True),
        ((0.3, 0.1, 0.03), False),
        ((0.1, 0.2), False),
    ]:
        stage = WHOLE.model_copy(update={"lr": rates})
        assert ("Rates per group" in ticked(PHOTOS, ran(stage))) == lower, rates
    later = WHOLE.model_copy(update={"freeze_to": 1, "lr": (0.01, 0.1, 0.1)})
    assert "Rates per group" not in ticked(PHOTOS, ran(later))
    one = WHOLE.model_copy(update={"lr": (0.1,), "group_ratio": 1.0})
    assert "Rates per group" not in ticked(PHOTOS, ran(one))


def test_the_rate_is_found_again_once_the_head_was_tested_or_trained() -> None:
    assert "Find it again" not in ticked(PHOTOS, ran(), curve_of(WHOLE), curve_of(WHOLE), curve_of(WHOLE))
    assert "Find it again" not in ticked(PHOTOS, ran(HEAD), curve_of(HEAD), curve_of(HEAD, epoch=20))
    assert "Find it again" in ticked(PHOTOS, ran(), curve_of(HEAD), curve_of(WHOLE))
    assert "Find it again" in ticked(PHOTOS, ran(HEAD), curve_of(WHOLE, epoch=20))
    assert "Find it again" not in ticked(PHOTOS, ran(HEAD), curve_of(WHOLE, epoch=20, complete=False))


def test_longer_cycles_count_once_the_second_is_done() -> None:
    assert "Longer cycles" not in ticked(PHOTOS, ran(WHOLE, epochs=2))
    assert "Longer cycles" in ticked(PHOTOS, ran(WHOLE, epochs=3))
    equal = WHOLE.model_copy(update={"cycle_mult": 1})
    assert "Longer cycles" not in ticked(PHOTOS, ran(equal))


def test_the_coming_step_follows_the_last_one_taken() -> None:
    titles = [step.title for step in PRETRAINED]
    assert coming(PRETRAINED, [False] * 8) == PRETRAINED[0]
    for place, (_, after) in enumerate(pairwise(titles)):
        step = coming(PRETRAINED, [at == place for at in range(8)])
        assert step is not None
        assert step.title == after
    assert coming(PRETRAINED, [False] * 7 + [True]) is None


def test_the_steps_have_the_numbers_of_the_plan_that_is_offered() -> None:
    said = {step.title: step.why for step in PRETRAINED}
    assert f"{HEAD.epochs} or more epochs" in said["Train the head"]
    assert f"{AUGMENTED.cycles} cycles of one epoch" in said["Add augmentation"]
    assert f"1/{WHOLE.group_ratio:g} of the rate" in said["Rates per group"]
    assert f"{WHOLE.cycles} cycles, each twice" in said["Longer cycles"]
    assert WHOLE.cycle_mult == 2


STAGES = st.builds(
    Stage,
    name=st.sampled_from(["", "Head, with augmentation", "Unfreeze"]),
    freeze_to=st.sampled_from([-1, -2, 0, 1, 2, 7]),
    lr=st.sampled_from([None, (0.01,), (0.01, 0.02, 0.04), (0.04, 0.02, 0.01)]),
    group_ratio=st.sampled_from([1.0, 3.0]),
    cycles=st.integers(1, 3),
    cycle_mult=st.integers(1, 2),
    augmentation=st.sampled_from([NONE, SIDE_ON]),
)
BEGUN = st.builds(
    StageState,
    index=st.just(0),
    stage=STAGES | st.just(UnreadableStage({"freeze": "everything"})),
    status=st.sampled_from(["running", "done", "stopped", "failed", "diverged"]),
    epochs=st.integers(0, 7),
    collapsed_from=st.sampled_from([None, None, 0.8]),
)
STATES = st.builds(RunState, stages=st.lists(BEGUN, max_size=5))
CURVES = st.lists(
    st.builds(
        Curve,
        name=st.just("1"),
        created=st.just(""),
        stage=STAGES,
        complete=st.booleans(),
        epoch=st.integers(0, 9),
    ),
    max_size=4,
)
INFOS = st.sampled_from([PHOTOS, DIGITS])


def stands(begun: StageState) -> bool:
    whole = begun.status != "diverged" and begun.collapsed_from is None
    return whole and begun.epochs > 0 and isinstance(begun.stage, Stage)


@given(INFOS, STATES, CURVES)
def test_every_tick_has_its_evidence_in_the_run(info: RunInfo, state: RunState, curves: list[Curve]) -> None:
    done = [begun.settings for begun in state.stages if stands(begun)]
    found = ticked(info, state, *curves)
    assert ("Add augmentation" in found) == any(stage.augmentation != NONE for stage in done)
    assert ("Find the rate" in found) == any(curve.complete for curve in curves)
    scopes = {stage.scope() for stage in done}
    below_head = {"everything", "from later layers on"}
    assert ("Unfreeze" in found) == (info.pretrained and bool(scopes & below_head))
    if not info.pretrained:
        assert ("Train everything" in found) == ("everything" in scopes)
    if "Rates per group" in found or ("Longer cycles" in found and info.pretrained):
        assert "Unfreeze" in found
    if "Longer cycles" in found:
        assert any(stage.cycle_mult == 2 and stage.cycles > 1 for stage in done)
    if "Find it again" in found:
        assert "Find the rate" in found


@given(INFOS, STATES, CURVES)
def test_names_and_what_was_undone_change_no_tick(info: RunInfo, state: RunState, curves: list[Curve]) -> None:
    stood = [begun for begun in state.stages if stands(begun)]
    unnamed = [begun.model_copy(update={"stage": begun.settings.model_copy(update={"name": ""})}) for begun in stood]
    assert taken(info, state, curves) == taken(info, RunState(stages=unnamed), curves)


@given(INFOS, STATES, CURVES, BEGUN)
def test_what_is_ticked_stays_ticked_as_the_run_goes_on(
    info: RunInfo, state: RunState, curves: list[Curve], more: StageState
) -> None:
    before = taken(info, state, curves)
    after = taken(info, RunState(stages=[*state.stages, more]), curves)
    assert all(now for was, now in zip(before, after, strict=True) if was)


@given(INFOS, STATES, CURVES)
def test_the_coming_step_is_not_taken_yet(info: RunInfo, state: RunState, curves: list[Curve]) -> None:
    steps = steps_for(info)
    done = taken(info, state, curves)
    step = coming(steps, done)
    assert step is None or not done[steps.index(step)]
