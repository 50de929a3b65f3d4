import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augment import SIDE_ON
from core.results.diagnosis import TITLES, diagnose
from core.training.stage import Stage


def history(train, valid, stages=None):
    """Epochs with these losses."""
    count = len(train)
    return pd.DataFrame(
        {
            "stage": stages or [0] * count,
            "epoch": range(1, count + 1),
            "train_loss": np.array(train, dtype=float),
            "valid_loss": np.array(valid, dtype=float),
            "accuracy": [0.5] * count,
        }
    )


CASES = {
    "nothing yet": ([], [], "too-early"),
    "one epoch": ([1.0], [1.1], "too-early"),
    "two epochs": ([1.0, 0.8], [1.1, 0.9], "too-early"),
    "still falling, both": ([2.2, 1.9, 1.6], [2.1, 1.8, 1.5], "underfitting"),
    "flat and together": ([1.0, 0.6, 0.5, 0.49, 0.49], [1.0, 0.65, 0.52, 0.51, 0.515], "just-right"),
    "training well below": ([1.0, 0.5, 0.3, 0.2], [1.0, 0.6, 0.5, 0.49], "overfitting"),
    "small losses are no gap": ([0.2, 0.05, 0.01, 0.005], [0.2, 0.06, 0.04, 0.04], "just-right"),
    "validation turns up": ([1.0, 0.5, 0.3, 0.2, 0.1], [1.0, 0.6, 0.5, 0.6, 0.7], "costly"),
    "training at 0": ([0.3, 0.1, 0.01, 0.0, 0.0], [0.4, 0.3, 0.25, 0.22, 0.217], "overfitting"),
    "a gap in the last epoch alone": ([1.0, 0.6, 0.5, 0.49, 0.48], [1.0, 0.65, 0.52, 0.51, 0.7], "just-right"),
    "one bad epoch is no trend": ([1.0, 0.5, 0.3, 0.2], [1.0, 0.8, 0.5, 0.6], "overfitting"),
    "both rise after a restart": ([1.0, 0.5, 0.4, 0.6, 0.55], [1.0, 0.5, 0.4, 0.6, 0.55], "just-right"),
    "not a number": ([1.0, 0.5, math.nan], [1.0, 0.5, math.nan], "diverged"),
    "exploded": ([1.0, 0.5, 40.0], [1.0, 0.5, 60.0], "diverged"),
}


@pytest.mark.parametrize("name", CASES)
def test_known_shapes_of_curves_get_their_name(name):
    train, valid, verdict = CASES[name]
    found = diagnose(history(train, valid))
    assert found.verdict == verdict
    assert found.title == TITLES[verdict]
    assert found.evidence


def test_both_facts_are_said_in_order_with_their_numbers():
    train, valid, _ = CASES["validation turns up"]
    found = diagnose(history(train, valid))
    assert found.gap is not None
    assert found.rise is not None
    assert (found.gap.holds, found.rise.holds) == (True, True)
    assert found.evidence[:2] == (found.gap.sentence, found.rise.sentence)
    assert found.gap.sentence.startswith("Training loss 0.100 is well below validation loss 0.700")
    assert "That is overfitting." in found.gap.sentence
    assert (
        "from 0.500 (its lowest, epoch 3) to 0.700 while training loss fell from 0.300 to 0.100" in found.rise.sentence
    )
    assert found.rise.sentence.endswith(
        "this is where overfitting costs. Accuracy meanwhile went from 50.0% to 50.0%: so far it costs honest "
        "probabilities, not accuracy."
    )


def test_overfitting_that_costs_nothing_yet_is_called_overfitting():
    train, valid, _ = CASES["training at 0"]
    found = diagnose(history(train, valid))
    assert found.title == "Overfitting, which costs nothing so far"
    assert found.evidence[0].startswith("Training loss 0.000 is well below validation loss 0.217")
    assert found.evidence[1].startswith("Validation loss is at its lowest now, 0.217")


@pytest.mark.parametrize(
    ("train", "valid", "said"),
    [
        ([1.0, 0.6, 0.5, 0.49, 0.48], [1.0, 0.65, 0.52, 0.51, 0.7], "but only in the last epoch, and one epoch"),
        ([1.0, 0.6, 0.5, 0.49, 0.48], [1.0, 0.65, 0.52, 0.51, 0.7], "to 0.700 in the last epoch only, and one epoch"),
        ([1.0, 0.5, 0.3, 0.2], [1.0, 0.6, 0.4, 0.405], "to 0.405, too small a change to count"),
        ([1.0, 0.5, 0.4, 0.6, 0.55], [1.0, 0.5, 0.4, 0.6, 0.55], "a restart or too high a rate does that"),
        ([0.2, 0.01, 0.005], [0.2, 0.04, 0.04], "0.005 is below validation loss 0.040, but by too little to count"),
        ([1.0, 0.6, 0.5], [1.0, 0.65, 0.52], "0.500 is close to validation loss 0.520"),
        ([1.0, 0.5], [1.0, 0.5], "2 epochs to compare: a trend needs at least 3."),
        ([1.0], [1.0], "1 epoch to compare: a trend needs at least 3."),
    ],
)
def test_noise_is_no_trend_and_is_said(train, valid, said):
    found = diagnose(history(train, valid))
    assert any(said in sentence for sentence in found.evidence)
    assert found.verdict != "costly"


def test_accuracy_that_was_not_measured_is_left_out():
    train, valid, _ = CASES["validation turns up"]
    found = diagnose(history(train, valid).drop(columns="accuracy"))
    assert found.verdict == "costly"
    assert not any("Accuracy" in said for said in found.evidence)


def test_overfitting_that_costs_does_not_need_a_gap():
    found = diagnose(history([1.2, 1.0, 0.95, 0.9], [0.9, 0.8, 0.9, 0.95]))
    assert found.verdict == "costly"
    assert found.gap is not None
    assert not found.gap.holds


@pytest.mark.parametrize(
    ("stage", "dropout", "said"),
    [
        (Stage(augmentation=SIDE_ON), True, "measured with augmentation and dropout, validation loss without"),
        (Stage(augmentation=SIDE_ON), False, "measured with augmentation, validation loss without"),
        (Stage(), True, "measured with dropout, validation loss without"),
        (Stage(), False, "the mean over the epoch, while the network improved"),
        (None, False, "the mean over the epoch, while the network improved"),
    ],
)
def test_a_higher_training_loss_is_explained_by_what_the_run_has(stage, dropout, said):
    stages = None if stage is None else [stage]
    higher = diagnose(history([1.2, 1.0, 0.95], [0.9, 0.7, 0.69]), stages, dropout=dropout)
    assert any(said in sentence for sentence in higher.evidence)
    lower = diagnose(history([0.8, 0.6, 0.5], [0.9, 0.7, 0.69]), stages, dropout=dropout)
    assert not any("dropout" in sentence or "augmentation" in sentence for sentence in lower.evidence)


def test_label_smoothing_keeps_both_losses_above_0():
    found = diagnose(history([0.8, 0.6, 0.5], [0.9, 0.7, 0.69]), [Stage(label_smoothing=0.1)])
    assert any("label smoothing 0.1" in said for said in found.evidence)


def test_stages_that_measure_differently_are_not_compared():
    stages = [Stage(augmentation=SIDE_ON), Stage()]
    epochs = history([1.0, 0.9, 0.8, 0.3, 0.2], [0.5, 0.4, 0.3, 0.4, 0.5], [0, 0, 0, 1, 1])
    assert diagnose(epochs).verdict == "costly"
    found = diagnose(epochs, stages)
    assert found.verdict == "too-early"
    assert found.evidence[-1] == (
        "Only the last 2 epochs are compared: the epochs before had another augmentation, which changes training loss."
    )
    one = diagnose(epochs.iloc[:4], stages)
    assert one.evidence[-1].startswith("Only the last epoch is compared")
    both = diagnose(epochs, [Stage(augmentation=SIDE_ON, size=64), Stage(size=128)])
    assert both.evidence[-1].endswith("had another augmentation and another image size, which changes training loss.")


def test_one_epoch_at_a_time_in_stages_alike_is_compared():
    train, valid, verdict = CASES["validation turns up"]
    found = diagnose(history(train, valid, list(range(5))), [Stage(name=str(i)) for i in range(5)])
    assert found.verdict == verdict


def test_a_learner_that_stopped_by_itself_is_diverged_whatever_its_history():
    assert diagnose(history([1.0, 0.5], [1.0, 0.5]), diverged=True).verdict == "diverged"
    assert diagnose(history([], []), diverged=True).verdict == "diverged"


losses = st.floats(0, 20, allow_nan=False) | st.just(math.nan)


@given(st.lists(st.tuples(losses, losses), max_size=12))
def test_every_history_gets_a_verdict(pairs):
    found = diagnose(history([t for t, _ in pairs], [v for _, v in pairs]))
    assert found.title == TITLES[found.verdict]
    assert all(said.endswith(".") for said in found.evidence)


@given(st.lists(st.floats(0.1, 5), min_size=3, max_size=12))
def test_validation_loss_that_only_falls_is_never_said_to_cost(train):
    valid = np.linspace(3, 0.5, len(train))
    assert diagnose(history(train, valid)).verdict not in {"costly", "diverged"}


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [(0.3, "overfitting"), (0.05, "costly"), (math.nan, "costly"), ([0.0, 0.0, 0.3, 0.0, 0.0], "overfitting")],
    ids=["large", "small", "not known", "of the lowest"],
)
def test_a_rise_within_the_noise_of_the_validation_images_is_no_trend(errors, verdict):
    epochs = history([1.0, 0.5, 0.3, 0.2, 0.1], [1.0, 0.6, 0.5, 0.6, 0.7]).assign(valid_error=errors)
    found = diagnose(epochs)
    assert found.verdict == verdict
    within = "to 0.700. Other validation images would move it by about 0.300, so this may be chance."
    assert (within in found.rise.sentence) == (verdict == "overfitting")
