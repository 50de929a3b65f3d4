import math
import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PlanError
from core.numbers import rate_in_words
from core.training.spread import checked_seeds, combined, spread
from core.training.suggest import Suggestion

RATES = st.floats(-6, 0).map(lambda power: 10**power)


@dataclass(frozen=True)
class Made:
    """A curve that says this."""

    suggestion: Suggestion | None
    suggestions: dict[str, float | None] = field(default_factory=dict)
    lrs: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def says(lr, *, collapse=None, certain=True, **others):
    reason = f"Because of {lr:.1e}."
    return Made(Suggestion(lr, lr / 2, lr * 2, collapse, certain, reason), others)


@st.composite
def suggestions(draw):
    """Suggestions as `suggest` makes them: the range holds the rate and ends before the collapse."""
    lr = draw(RATES)
    collapse = draw(st.none() | st.floats(2, 100).map(lambda factor: lr * factor))
    return Made(
        Suggestion(lr, lr / draw(st.floats(1, 3)), lr * draw(st.floats(1, 2)), collapse, draw(st.booleans()), "So.")
    )


def plain_median(values):
    ascending = sorted(math.log(value) if value else math.inf for value in values)
    half = len(ascending) // 2
    return ascending[half] if len(ascending) % 2 else (ascending[half - 1] + ascending[half]) / 2


@given(st.lists(suggestions(), min_size=2, max_size=10))
def test_the_suggestion_of_a_set_is_the_geometric_median_of_those_that_say_something(curves):
    found = combined(curves)
    sure = [curve for curve in curves if curve.suggestion.certain]
    used = sure if 2 * len(sure) > len(curves) else curves
    assert found.certain == (used is sure)
    for name in ("lr", "low", "high"):
        expected = plain_median([getattr(curve.suggestion, name) for curve in used])
        assert math.log(getattr(found, name)) == pytest.approx(expected)
    collapse = plain_median([curve.suggestion.collapse for curve in used])
    if found.certain and math.isfinite(collapse):
        assert math.log(found.collapse) == pytest.approx(collapse)
    else:
        assert found.collapse is None
    assert found.low <= found.lr <= found.high * 1.000001
    assert found.collapse is None or found.high <= found.collapse * 1.000001


@given(st.lists(st.lists(st.none() | RATES, min_size=3, max_size=3), min_size=1, max_size=10))
def test_each_rule_has_its_lowest_middle_and_highest_rate(rates):
    names = ("valley", "slide", "steep")
    curves = [Made(None, dict(zip(names, row, strict=True))) for row in rates]
    found = spread(curves)
    assert found.suggestion is None
    for place, name in enumerate(names):
        given_ = [row[place] for row in rates if row[place] is not None]
        assert (name in found.rules) == bool(given_)
        if given_:
            rule = found.rules[name]
            assert (rule.seeds, rule.lowest, rule.highest) == (len(given_), min(given_), max(given_))
            assert math.log(rule.median) == pytest.approx(plain_median(given_))
            assert rule.factor == pytest.approx(max(given_) / min(given_))


def test_the_reason_of_a_set_names_its_rates_and_the_nearest_curve():
    found = combined([says(1e-3), says(1.3e-3), says(4e-4)])
    assert found.lr == 1e-3
    assert found.reason == "1e-3 is the median of 3 seeds (4e-4 to 1.3e-3). The nearest of them: Because of 1.0e-03."
    same = combined([says(1e-3), says(1e-3)]).reason
    assert same == "1e-3 is the rate of 2 seeds. One of them: Because of 1.0e-03."
    part = combined([says(1e-3), says(1e-3), says(1e-5, certain=False)])
    assert part.reason.startswith("1e-3 is the rate of the 2 of 3 seeds whose curves are conclusive. ")
    assert combined([says(1e-3), says(1e-5, certain=False)]).reason.startswith(
        "Most of the 2 curves are inconclusive. "
    )


def test_one_curve_stays_what_it_says():
    alone = says(1e-3, collapse=1e-2, valley=1e-4)
    assert combined([alone]) == alone.suggestion
    assert spread([alone]).sentence == "1 seed: it takes at least 2 to see how far the rates of a rule differ."
    assert combined([Made(None)]) is None


def test_the_sentence_says_what_is_a_guess():
    curves = [
        says(1e-3, valley=1e-4, slide=1e-5, steep=2e-3),
        says(1.3e-3, valley=4.1e-4, slide=5.7e-4, steep=3e-3),
    ]
    assert spread(curves).sentence == (
        "2 seeds: Anneal's rate is 1e-3 to 1.3e-3. Valley's differ by a factor of 4.1 and slide's by 57, so a single "
        "test of them is a guess. Steep's lie within a factor of 2."
    )
    assert spread([says(1e-3), says(1e-3)]).sentence == "2 seeds: Anneal's rate is 1e-3."
    wide = spread([says(1e-3, valley=1e-3), says(1e-4, valley=1e-2)]).sentence
    assert "1e-4 to 1e-3, a factor of 10 apart, so a single test of it is a guess." in wide
    assert wide.endswith("Valley's differ by a factor of 10, so a single test of it is a guess.")


@given(st.lists(st.tuples(RATES, RATES), min_size=2, max_size=10))
def test_the_sentence_agrees_with_the_rates(rates):
    said = spread([says(ours, valley=theirs) for ours, theirs in rates])
    ours, valley = said.rules["anneal"], said.rules["valley"]
    assert said.sentence.startswith(f"{len(rates)} seeds: Anneal's rate is {rate_in_words(ours.lowest)}")
    assert bool(re.search(r"Valley's differ by a factor of [\d.,]+, so a single test", said.sentence)) == (
        valley.factor > 2
    )
    assert ("apart, so a single test of it is a guess" in said.sentence) == (ours.factor > 2)


def test_a_rule_that_gives_a_rate_once_is_not_said_to_agree():
    curves = [says(1e-3, valley=1e-4), replace(says(1e-3), suggestions={"valley": None})]
    found = spread(curves)
    assert found.rules["valley"].seeds == 1
    assert "alley" not in found.sentence


def test_there_are_one_to_ten_seeds():
    assert checked_seeds(10) == 10
    with pytest.raises(PlanError, match="1 to 10 seeds; 11 were asked for"):
        checked_seeds(11)
    with pytest.raises(PlanError, match="0 were asked for"):
        checked_seeds(0)
    with pytest.raises(ValueError, match="needs a curve"):
        spread([])
