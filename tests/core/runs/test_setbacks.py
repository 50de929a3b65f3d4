"""Stages that fell, on made figures; scipy's intervals say what chance explains."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from core.runs.setbacks import FAR, fallen_from, setbacks
from core.runs.snapshots import Snapshot
from core.runs.state import Curve, RunState, StageState
from core.training.stage import Stage
from core.training.suggest import Suggestion

HEAD = Stage(name="Head", lr=(1e-3,))
WHOLE = Stage(name="Whole", freeze_to=0, lr=(0.03,))


def began(index, stage, before, after, **values):
    known = {"status": "done", "epochs": 3, "accuracy_before": before, "accuracy": after}
    return StageState(index=index, stage=stage, **(known | values))


def fell(*more, **values):
    """A run whose second stage fell from 81 % to 37 %."""
    stages = [began(0, HEAD, None, 0.81), began(1, WHOLE, 0.81, 0.37, **({"collapsed_from": 0.81} | values)), *more]
    return RunState(stages=stages, figures={"accuracy": stages[-1].ends_with})


def snapshot(name, step, accuracy):
    return Snapshot(name, Path(name), "", step // 10, step, accuracy, 0.5, 24, 1000)


KEPT = [snapshot("cycle-1", 30, 0.81), snapshot("best", 30, 0.81), snapshot("cycle-2", 60, 0.37)]


def curve(name, suggested, *, collapse=3e-3, stage=WHOLE):
    found = Suggestion(suggested, suggested / 2, suggested, collapse, certain=True, reason="")
    return Curve(name=name, created="", stage=stage, lrs=[1e-5, 0.1], suggestion=found, complete=True)


def found_in(state, snapshots=KEPT, curves=()):
    return setbacks(state, snapshots, curves, 3)


@pytest.mark.parametrize(
    ("before", "accuracies", "images", "fell_from"),
    [
        (0.862, [0.372], 341, 0.862),  # as measured with a rate of 3e-3
        (0.88, [0.458], 61, 0.88),
        (0.84, [0.80, 0.83], 341, None),
        (0.95, [0.86], 10_000, None),  # beyond chance, and yet no collapse
        (0.90, [0.60], 20, None),  # 30 points, and yet chance
        (None, [0.3, 0.8, 0.9, 0.1], 341, 0.9),
        (None, [0.1], 341, None),
        (0.5, [0.9, 0.2], 341, 0.9),
        (0.8, [0.2, 0.85], 341, None),  # it came back
        (0.9, [], 341, None),
        (0.9, [0.1], 0, None),
    ],
)
def test_what_a_collapse_is(before, accuracies, images, fell_from):
    assert fallen_from(before, accuracies, images) == fell_from


@given(st.integers(1, 2000), st.data())
def test_a_collapse_is_far_and_beyond_chance(images, data):
    before, after = (data.draw(st.integers(0, images)) / images for _ in range(2))
    assume(abs(before - after - FAR) > 1e-9)
    low = binomtest(round(before * images), images).proportion_ci(0.95, method="wilson").low
    high = binomtest(round(after * images), images).proportion_ci(0.95, method="wilson").high
    assume(abs(low - high) > 1e-3)
    assert (fallen_from(before, [after], images) is not None) == (before - after > FAR and high < low)


def test_a_collapse_is_said_with_its_figures_and_the_way_back():
    (one,) = found_in(fell())
    assert (one.stage, one.before, one.after, one.snapshot.name) == (1, 0.81, 0.37, "best")
    assert (one.try_rate, one.why) == (pytest.approx(3e-3), "a tenth of its rate")
    assert one.sentence == (
        "Stage 2, Whole, collapsed: accuracy fell from 81.0% to 37.0%, more than chance explains. "
        "Its rate went up to 0.03."
    )
    assert one.advice == (
        "Load the snapshot best, 81.0% after epoch 3, to go on from before it, and try 3e-3, a tenth of its rate."
    )


def test_the_rate_to_try_is_the_range_tests_where_that_is_lower():
    (one,) = found_in(fell(), curves=[curve("0001", 5e-4)])
    assert (one.try_rate, one.why) == (5e-4, "the rate that its range test suggests")
    assert "in the range test this network collapsed from 3e-3 on" in one.sentence
    (one,) = found_in(fell(curve="0001"), curves=[curve("0001", 0.03, collapse=None), curve("0002", 1e-4)])
    assert (one.try_rate, one.why) == (pytest.approx(0.01), "a third of the rate that its range test gave")
    assert "range test" not in one.sentence
    (one,) = found_in(fell(), curves=[curve("0001", 5e-4, stage=HEAD)])
    assert one.why == "a tenth of its rate"


def test_the_snapshot_is_the_best_that_is_above_the_fall():
    assert found_in(fell(), KEPT[2:])[0].snapshot is None
    assert found_in(fell(), KEPT[2:])[0].advice == "Try 3e-3, a tenth of its rate."
    (one,) = found_in(fell(), [snapshot("mine", 20, 0.79), *KEPT[2:]])
    assert one.snapshot.name == "mine"


def test_a_stage_that_diverged_counts_until_another_is_begun():
    diverged = fell(status="diverged", collapsed_from=None, accuracy=None, epochs=0)
    (one,) = found_in(diverged)
    assert one.sentence == (
        "Stage 2, Whole, diverged at rates up to 0.03. The last good weights were put back. "
        "The accuracy before was 81.0%."
    )
    assert one.snapshot.name == "best"
    after = began(2, WHOLE, 0.81, 0.84)
    assert found_in(RunState(stages=[*diverged.stages, after], figures={"accuracy": 0.84})) == []


def test_a_collapse_counts_until_it_is_made_up_for():
    assert [one.stage for one in found_in(fell(began(2, WHOLE, 0.37, 0.62)))] == [1]
    assert found_in(fell(began(2, WHOLE, 0.37, 0.80))) == []


def test_loading_a_snapshot_ends_it():
    state = fell()
    loaded = state.model_copy(update={"loaded": "best", "figures": {"accuracy": 0.81}})
    assert found_in(loaded) == []
    trained_on = fell(began(2, WHOLE, 0.55, 0.60))  # from a snapshot with 55 %
    assert found_in(trained_on) == []


def test_a_run_that_never_fell_has_none():
    assert found_in(RunState()) == []
    assert found_in(fell(collapsed_from=None)) == []


def test_states_of_before_are_read():
    old = {"stages": [{"index": 0, "stage": HEAD.model_dump(mode="json"), "status": "done", "accuracy": 0.3}]}
    state = RunState.model_validate(old)
    assert (state.stages[0].accuracy_before, state.stages[0].collapsed_from) == (None, None)
    assert found_in(state) == []
