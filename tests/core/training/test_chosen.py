"""What choosing a rate means, on curves whose fall and rise are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.numbers import rate_in_words
from core.training.chosen import meaning
from core.training.suggest import Suggestion, suggest

LRS = np.geomspace(1e-5, 1.0, 100)


def losses(*, noise: float = 0.0, fall: float = 1.7) -> np.ndarray:
    """Flat at 2.3, a fall about 1e-3, and a rise from 0.03 on that passes the start at about 0.2."""
    power = np.log10(LRS)
    truth = 2.3 - fall / (1 + np.exp(-4 * (power + 3))) + 0.4 * np.exp(4 * (power + 1.2))
    return truth * np.exp(noise * np.random.default_rng(0).standard_normal(len(LRS)))


def found(values: np.ndarray) -> Suggestion:
    return suggest(LRS, values, steps=100, classes=10, only_the_head=False)


def suggestion(**changes: object) -> Suggestion:
    values = {"lr": 3e-3, "low": 1.5e-3, "high": 6e-3, "collapse": 0.2, "certain": True, "reason": ""}
    return Suggestion(**{**values, **changes})  # type: ignore[arg-type]


def test_on_the_flat_part_it_learns_slowly_by_how_much_the_rates_differ() -> None:
    meant = meaning(LRS, losses(), 3e-5, suggestion())
    assert "flat part" in meant.sentence
    assert "100 times lower than Anneal's 3e-3" in meant.sentence
    assert "slower" in meant.sentence
    assert not meant.warns


def test_beyond_the_collapse_it_is_a_warning_with_this_curves_rate() -> None:
    values = losses()
    told = found(values)
    assert told.collapse is not None
    meant = meaning(LRS, values, 0.9, told)
    assert meant.warns
    assert f"From {rate_in_words(told.collapse)}" in meant.sentence
    assert "will probably collapse" in meant.sentence


def test_a_rise_that_the_sweep_did_not_follow_is_no_collapse() -> None:
    values = losses()
    ended = LRS < 0.1  # the loss has begun to rise, and is far below where it began
    told = suggestion(collapse=None, rise=0.04)
    meant = meaning(LRS[ended], values[ended], 0.05, told)
    assert meant.warns
    assert "From 0.04 on, the loss rises for good" in meant.sentence
    assert "collapse" not in meant.sentence


def test_past_the_lowest_point_it_says_why_low_is_not_good() -> None:
    values = losses()
    lowest = LRS[values.argmin()]
    meant = meaning(LRS, values, lowest * 1.5, suggestion(high=lowest, collapse=None))
    assert meant.warns
    assert "past the lowest point" in meant.sentence
    assert "because of the rates before it" in meant.sentence


def test_in_the_rise_it_is_a_warning() -> None:
    meant = meaning(LRS, losses(), 0.13, suggestion(collapse=None))
    assert meant.warns
    assert "43 times higher" in meant.sentence


def test_no_other_collapse_is_told_than_the_suggestions() -> None:
    """A trained network's small rise is none to the suggestion; what is said of a rate in it agrees."""
    power = np.log10(LRS)
    values = 0.4 + np.where(power > -2, 0.25 * (power + 2), 0) + np.where(power > -0.6, 4.0, 0)
    meant = meaning(LRS, values, 0.1, suggestion(lr=1e-3, low=5e-4, high=2e-3, collapse=0.25))
    assert "ollapse" not in meant.sentence
    assert "In the rise: the loss is 0.65 here, and the lowest is 0.40" in meant.sentence
    assert meant.warns


def test_anneals_own_rate_gets_no_judgement_and_its_range_is_said() -> None:
    own, near = (meaning(LRS, losses(), rate, suggestion()) for rate in (3e-3, 4e-3))
    assert "Anneal" not in own.sentence
    assert "within 1.5e-3 to 6e-3, which train about as well as Anneal's 3e-3" in near.sentence
    assert not own.warns
    assert not near.warns


def test_a_little_higher_is_no_warning_left_of_the_lowest_point() -> None:
    meant = meaning(LRS, losses(), 2e-3, suggestion(lr=1e-3, low=5e-4, high=1.5e-3))
    assert "2.0 times higher" in meant.sentence
    assert "does not rule it out" in meant.sentence
    assert not meant.warns


def test_where_the_curve_does_not_say_no_range_is_claimed() -> None:
    meant = meaning(LRS, np.full(100, 0.5), 8e-4, suggestion(lr=1e-3, low=5e-4, high=1e-3, certain=False))
    assert "about as well" not in meant.sentence
    assert not meant.warns


@pytest.mark.parametrize(("rate", "warns"), [(3e-5, False), (1e-3, False), (0.13, True), (0.9, True)])
def test_a_curve_without_a_suggestion_still_says_where_the_rate_lies(rate: float, warns: bool) -> None:
    meant = meaning(LRS, losses(), rate)
    assert meant.warns == warns
    assert meant.sentence
    assert "Anneal" not in meant.sentence


def test_a_curve_of_few_points_says_so() -> None:
    assert "too few" in meaning(LRS[:4], losses()[:4], 1e-5).sentence


@settings(deadline=None)
@given(st.floats(1e-7, 10), st.floats(0, 0.2))
def test_anneals_own_range_never_warns_and_a_collapse_always_does(rate: float, noise: float) -> None:
    values = losses(noise=noise)
    told = found(values)
    meant = meaning(LRS, values, rate, told)
    assert meant.sentence.endswith(".")
    if told.low <= rate <= told.high:
        assert not meant.warns
    if told.collapse is not None and rate >= told.collapse:
        assert meant.warns


def test_rates_that_do_not_ascend_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        meaning([1e-3, 1e-4], [1.0, 1.0], 1e-3)
