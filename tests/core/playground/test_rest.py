import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charts import playground as charts
from core.playground import landscape, rest
from core.playground.landscape import EDGE, MINIMA, NARROW, WIDE
from core.playground.rest import CONSTANT, MOVING, ONCE, RESTARTS, Count, resting, tally
from core.training.schedules import schedule_of
from core.training.stage import Stage


def rates_of(stage, highest, steps=40):
    schedule = schedule_of(stage, steps)
    return np.array([schedule.factor(step) for step in range(schedule.steps)]) * highest, schedule.cycle_ends


def three(highest, noise, seed=0, cycles=4, steps=40):
    """The tallies of the three schedules as the page makes them, and their length."""
    stages = {
        RESTARTS: Stage(cycles=cycles),
        ONCE: Stage(cycle_len=cycles),
        CONSTANT: Stage(cycle_len=cycles, schedule="constant"),
    }
    tallies = {name: tally(*rates_of(stage, highest, steps), noise=noise, seed=seed) for name, stage in stages.items()}
    return tallies, cycles * steps


def told(*args, **kwargs):
    return rest.tell(*three(*args, **kwargs))


@pytest.mark.parametrize("place", range(len(MINIMA)))
def test_a_weight_that_descends_slowly_rests_in_the_minimum_it_is_in(place):
    starts = MINIMA[place].place + np.array([-0.5, 0.0, 0.5]) * MINIMA[place].width
    places = landscape.descents(np.full(400, 0.3 / MINIMA[place].curvature), starts)
    assert (resting(places, 400) == place).all()


def test_passing_through_is_no_rest():
    """Five steps in the wide minimum that are far apart, and close ones that lie on both sides of a crest."""
    through = np.linspace(0.3, 2.0, 6)[:, None]
    assert resting(through, 5)[0] == MOVING
    line = np.linspace(-0.2, 0.3, 5001)
    crest = line[landscape.loss(line).argmax()]
    assert resting(crest + np.linspace(-0.03, 0.03, 6)[:, None], 5)[0] == MOVING
    assert resting(np.full((6, 1), WIDE.place), 5)[0] == MINIMA.index(WIDE)


def test_a_constant_noisy_rate_is_in_the_wide_minimum_but_never_at_rest():
    """What a count of passing weights would get wrong: most are inside, none rests."""
    rates, ends = rates_of(Stage(cycle_len=4, schedule="constant"), 0.14)
    places = landscape.descents(rates, np.linspace(-EDGE, EDGE, 200), noise=1.5, seed=0)
    assert np.mean(np.abs(places[-1] - WIDE.place) < 2 * WIDE.width) > 0.6
    found = tally(rates, ends, noise=1.5).last
    assert found.wide == 0
    assert found.moving > 0.95 * found.starts


def test_with_the_pages_defaults_restarts_bring_more_to_rest_in_the_wide_minimum_than_they_take_out():
    for seed in range(6):
        tallies, _ = three(0.14, 1.5, seed)
        shares = [count.share for count in tallies[RESTARTS].cycles]
        assert np.all(np.diff(shares) > 0)
        assert shares[-1] > shares[0] + 0.15
        assert tallies[RESTARTS].taken_out > 10 * max(tallies[RESTARTS].lost, 1)
        assert shares[-1] > tallies[CONSTANT].last.share + 0.5
        assert shares[-1] >= tallies[ONCE].last.share - 0.05


def test_the_first_view_goes_from_minimum_to_minimum_into_the_wide_one():
    rates, ends = rates_of(Stage(cycles=4), 0.14)
    places = landscape.descents(rates, np.array([-2.6]), noise=1.5, seed=10)
    found = [int(resting(places, end)[0]) for end in ends]
    assert len(set(found)) == 4
    assert found[-1] == MINIMA.index(WIDE)
    said = rest.describe(places[:, 0], rates, ends)
    assert said == "Restarts took it out of 3 narrow minima: it has come to rest in the wide minimum in cycle 4."


def test_the_sentence_names_the_counts():
    tallies, steps = three(0.14, 1.5, seed=3)
    found, said = tallies[RESTARTS], rest.tell(tallies, steps)
    first, last = found.cycles[0], found.last
    assert f"After cycle 1, {first.narrow} of 200 starts rested in a narrow minimum" in said
    assert f"**{found.taken_out} of them into the wide one**" in said
    assert f"Over the same 160 steps, restarts bring {last.share:.0%} to rest there" in said
    moving = tallies[CONSTANT].last.moving / 200
    assert f"**more than** a constant rate ({tallies[CONSTANT].last.share:.0%}, {moving:.0%} still moving)" in said


def test_where_restarts_do_not_help_the_sentence_says_so():
    assert "**none of them into the wide one**" in told(0.02, 1.0)
    assert "about as many as annealing once (40%), about as many as a constant rate (40%)" in told(0.02, 1.0)
    assert "**fewer than** a constant rate (100%)" in told(0.14, 0.0)
    assert "**fewer than** annealing once" in told(0.3, 2.0, steps=10)
    assert told(0.14, 1.0, cycles=1).startswith("One cycle has no restart")


def test_a_difference_that_chance_explains_is_no_difference():
    def at(wide):
        return Count(wide=wide, narrow=200 - wide, moving=0, loss=0.3)

    assert rest._more(at(110), at(100)) == "about as many as"
    assert rest._more(at(130), at(100)) == "**more than**"
    assert rest._more(at(100), at(130)) == "**fewer than**"


@pytest.mark.parametrize(
    ("minima", "said"),
    [
        ([WIDE], "It has come to rest in the wide minimum."),
        ([WIDE, WIDE, WIDE], "in cycle 1, and 2 later restarts have not taken it out"),
        ([NARROW[0], WIDE, WIDE], "Restarts took it out of 1 narrow minimum: it has come to rest in the wide"),
        ([WIDE, NARROW[2]], "a restart took it out of the wide one again"),
        ([NARROW[0], NARROW[1]], "not the one of cycle 1"),
        ([NARROW[0], NARROW[0]], "a higher rate or other mini-batches"),
    ],
)
def test_one_descent_in_words(minima, said):
    """Descents made by hand that stand still in one minimum a cycle."""
    places = np.repeat([minimum.place for minimum in minima], 10)
    places = np.append(places, places[-1])
    ends = [10 * number for number in range(1, len(minima) + 1)]
    places[ends[:-1]] = [minimum.place for minimum in minima[:-1]]
    assert said in rest.describe(places, np.full(len(places) - 1, 0.14), ends)


def test_low_rates_and_rates_that_never_settle_have_a_sentence():
    rates, ends = rates_of(Stage(cycles=4), 0.02)
    places = landscape.descents(rates, np.array([-2.6]), noise=1.0, seed=2)[:, 0]
    assert "Raise the rate" in rest.describe(places, rates, ends)
    assert "above 0" in rest.describe(places, rates * 0, ends)
    rates, ends = rates_of(Stage(schedule="constant"), 0.5)
    places = landscape.descents(rates, np.array([-2.6]), noise=2.0)[:, 0]
    said = rest.describe(places, rates, ends)
    assert said.startswith("It has not come to rest: at a rate of 0.5")
    spread = float(re.search(r"spread over ([\d.]+)", said).group(1))
    assert spread == pytest.approx(np.ptp(places[-6:]), rel=0.06)


@settings(max_examples=25, deadline=None)
@given(
    rate=st.floats(1e-12, 1e12), noise=st.floats(0, 2), seed=st.integers(0, 99), cycles=st.integers(1, 4),
    start=st.floats(-EDGE, EDGE),
)  # fmt: skip
def test_every_start_is_counted_once_and_any_descent_gets_a_sentence(rate, noise, seed, cycles, start):
    rates, ends = rates_of(Stage(cycles=cycles), rate, 10)
    found = tally(rates, ends, noise=noise, seed=seed)
    assert len(found.cycles) == cycles
    for count in found.cycles:
        assert count.wide + count.narrow + count.moving == 200
        assert 0 < count.loss < 1.8
    assert found.taken_out <= min(found.cycles[0].narrow, found.last.wide)
    assert found.lost <= found.cycles[0].wide
    places = landscape.descents(rates, np.array([start]), noise=noise, seed=seed)
    assert rest.describe(places[:, 0], rates, ends).endswith(".")


def test_the_bars_are_the_counts():
    count = Count(wide=120, narrow=60, moving=20, loss=0.4)
    frame = charts.rest_frame({"1": count})
    assert frame["share"].tolist() == [0.6, 0.3, 0.1]
    assert frame["starts"].tolist() == [120, 60, 20]
    spec = charts.rests(frame, title="t", rows="Cycle", legend=True).to_dict()
    assert spec["layer"][0]["encoding"]["y"]["title"] == "Cycle"
