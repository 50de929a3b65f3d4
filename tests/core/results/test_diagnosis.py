import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augment import SIDE_ON
from core.results.diagnosis import NEXT_STEPS, TITLES, diagnose
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
    "training well below": ([1.0, 0.5, 0.3, 0.2], [1.0, 0.6, 0.5, 0.49], "gap"),
    "small losses are no gap": ([0.2, 0.05, 0.01, 0.005], [0.2, 0.06, 0.04, 0.04], "just-right"),
    "validation turns up": ([1.0, 0.5, 0.3, 0.2, 0.1], [1.0, 0.6, 0.5, 0.6, 0.7], "overfitting"),
    "one bad epoch is no trend": ([1.0, 0.5, 0.3, 0.2], [1.0, 0.6, 0.3, 0.35], "gap"),
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
    assert found.next_steps
    assert found.evidence


def test_both_facts_stand_apart_with_their_numbers():
    train, valid, _ = CASES["validation turns up"]
    found = diagnose(history(train, valid))
    assert found.gap is not None
    assert found.rise is not None
    assert (found.gap.holds, found.rise.holds) == (True, True)
    assert "0.100" in found.gap.sentence
    assert "0.700" in found.gap.sentence
    assert "0.500 (its best, epoch 3) to 0.700" in found.rise.sentence
    assert {found.gap.sentence, found.rise.sentence} <= set(found.evidence)


def test_overfitting_does_not_need_a_gap():
    found = diagnose(history([1.2, 1.0, 0.95, 0.9], [0.9, 0.8, 0.9, 0.95]))
    assert found.verdict == "overfitting"
    assert found.gap is not None
    assert not found.gap.holds


def test_training_loss_above_validation_loss_is_explained():
    found = diagnose(history([1.2, 1.0, 0.95], [0.9, 0.7, 0.69]))
    assert any("dropout and augmentation" in said for said in found.evidence)


def test_the_stage_says_what_training_loss_was_measured_with():
    stage = Stage(augmentation=SIDE_ON, label_smoothing=0.1)
    found = diagnose(history([1.2, 1.0, 0.95], [0.9, 0.7, 0.69]), [stage])
    assert any("label smoothing 0.1" in said for said in found.evidence)
    plain = diagnose(history([1.2, 1.0, 0.95], [0.9, 0.7, 0.69]), [Stage()])
    assert not any("augmentation" in said for said in plain.evidence)


def test_stages_that_measure_differently_are_not_compared():
    stages = [Stage(augmentation=SIDE_ON), Stage()]
    epochs = history([1.0, 0.9, 0.8, 0.3, 0.2], [0.5, 0.4, 0.3, 0.4, 0.5], [0, 0, 0, 1, 1])
    assert diagnose(epochs).verdict == "overfitting"
    found = diagnose(epochs, stages)
    assert found.verdict == "too-early"
    assert any("Only the last 2 epochs" in said for said in found.evidence)


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
    assert found.next_steps == NEXT_STEPS[found.verdict]
    assert all(said.endswith(".") for said in found.evidence)


@given(st.lists(st.floats(0.1, 5), min_size=3, max_size=12))
def test_validation_loss_that_only_falls_is_never_called_overfitting(train):
    valid = np.linspace(3, 0.5, len(train))
    assert diagnose(history(train, valid)).verdict not in {"overfitting", "diverged"}
