"""Planned rates against made range tests."""

import pytest

from core.runs.rate_guard import Weights, alike, collapse_of, rate_warning, weights_of
from core.runs.state import Curve, RunState, UnreadableStage
from core.training.stage import Stage
from core.training.suggest import Suggestion
from tests.core.jobs.test_train import plan, stage

WHOLE = Stage(freeze_to=0, lr=(0.01,))
FOUND = Suggestion(lr=5e-4, low=2.5e-4, high=1e-3, collapse=3e-3, certain=True, reason="Because.")
NOW = Weights(step=100, epoch=4)


def curve(name="0001", *, stage=None, suggestion=FOUND, now=NOW, complete=True, stopped="end"):
    tested = (stage or WHOLE).model_copy(update={"lr": None})
    at = {"step": now.step, "epoch": now.epoch, "loaded": now.loaded}
    return Curve(
        name=name,
        created="",
        stage=tested,
        lrs=[1e-5, 1e-2],
        suggestion=suggestion,
        complete=complete,
        stopped=stopped,
        **at,
    )


def warned(stage=WHOLE, *curves, now=NOW, later=False):
    return rate_warning(stage, curves or [curve()], now, 3, later=later)


def test_a_rate_beyond_the_collapse_is_marked_with_the_figures_of_the_curve():
    found = warned()
    assert (found.rate, found.collapse, found.suggested, found.held, found.earlier) == (
        0.01,
        3e-3,
        5e-4,
        (2.5e-4, 1e-3),
        "",
    )
    assert found.sentence == (
        "From 3e-3 on this network collapsed in the range test, and this stage goes up to 0.01. "
        "Rates from 2.5e-4 to 1e-3 held."
    )


@pytest.mark.parametrize(("lr", "marked"), [(2.9e-3, False), (3e-3, True), (1.0, True), (None, False)])
def test_only_a_rate_at_or_beyond_the_collapse_is_marked(lr, marked):
    stage = Stage(freeze_to=0, lr=None if lr is None else (lr,))
    assert (warned(stage) is not None) is marked


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"freeze_to": -3}, True),  # the same groups, counted from the end
        ({"name": "Other", "cycles": 3, "label_smoothing": 0.1}, True),
        ({"freeze_to": -1}, False),
        ({"freeze_to": 1}, False),
        ({"size": 64}, False),
        ({"batch_size": 64}, False),
        ({"optimiser": "sgd"}, False),
        ({"freeze_norm": True}, False),
        ({"group_ratio": 1.0}, False),
    ],
)
def test_a_curve_counts_for_stages_that_train_the_same_in_the_same_way(change, counts):
    stage = Stage.model_validate(WHOLE.model_dump() | change)
    assert alike(stage, WHOLE, 3) is counts
    assert (warned(stage) is not None) is counts


def test_a_heads_ratio_and_batch_norm_do_not_matter():
    assert alike(Stage(group_ratio=9, freeze_norm=True), Stage(freeze_to=2), 3)


def test_with_a_rate_for_each_group_that_of_the_head_counts():
    assert warned(Stage(freeze_to=0, lr=(1e-5, 1e-4, 1e-2))).rate == 1e-2
    assert warned(Stage(freeze_to=0, lr=(1e-2, 1e-2, 1e-3))) is None


def test_a_curve_of_other_weights_says_of_which():
    old = curve(now=Weights(40, 2))
    assert warned(WHOLE, old).sentence.endswith("made after epoch 2, 2 epochs ago, so the rate may differ now.")
    new = curve(now=Weights(0, 0))
    assert "made before any training, 4 epochs ago" in warned(WHOLE, new).sentence
    loaded = Weights(100, 4, loaded="best")
    assert "with other weights than the present ones" in warned(WHOLE, curve(), now=loaded).sentence
    assert warned(WHOLE, curve(now=loaded), now=loaded).earlier == ""


def test_a_curve_of_the_present_weights_goes_before_an_older_one():
    old = curve(now=Weights(40, 2))
    harmless = curve("0002", suggestion=Suggestion(5e-4, 2e-4, 1e-3, 0.5, certain=True, reason=""))
    assert warned(WHOLE, old, harmless) is None
    assert warned(WHOLE, old, curve("0002")).earlier == ""


def test_a_later_stage_is_told_that_the_ones_before_it_change_the_network():
    assert warned(later=True).sentence.endswith("after epoch 4; the stages before this one can change it.")


def test_a_test_that_ended_in_an_explosion_collapsed_at_its_last_rate():
    assert collapse_of(curve(suggestion=None, stopped="diverged")) == 1e-2
    assert collapse_of(curve(suggestion=None)) is None
    found = warned(WHOLE, curve(suggestion=None, stopped="not a number"))
    assert (found.collapse, found.suggested, found.held) == (1e-2, None, None)


def test_a_suggestion_that_is_not_sure_or_not_lower_is_not_passed_on():
    unsure = Suggestion(lr=1e-3, low=5e-4, high=1e-3, collapse=3e-3, certain=False, reason="")
    found = warned(WHOLE, curve(suggestion=unsure))
    assert (found.suggested, found.held) == (1e-3, None)
    high = Suggestion(lr=3e-3, low=1e-3, high=3e-3, collapse=3e-3, certain=True, reason="")
    assert warned(WHOLE, curve(suggestion=high)).suggested is None


def test_curves_under_way_or_of_unreadable_stages_say_nothing():
    broken = curve().model_copy(update={"stage": UnreadableStage({"lr": "?"})})
    assert warned(WHOLE, curve(complete=False), broken) is None


def test_the_weights_of_a_run(run, work):
    assert weights_of(run) == Weights()
    work(plan(stage(cycle_len=2)))
    assert weights_of(run) == Weights(12, 2)
    run.write_state(RunState.model_validate(run.state.model_dump() | {"loaded": "best"}))
    assert weights_of(run) == Weights(12, 2, "best")
    run.checkpoint.write_bytes(b"damaged")
    assert weights_of(run) == Weights(12, 2, "best")
