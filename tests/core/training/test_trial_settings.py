import pytest

from core.errors import PlanError
from core.training.stage import Stage
from core.training.trial_settings import TrialSettings, lowest_point, rates_of, rates_to_try


@pytest.mark.parametrize("rates", [(), (1e-3,), (1e-3, 1e-3), (0.0, 1e-3), (1e-3, 101.0), tuple(range(1, 8))])
def test_other_than_two_to_six_rates_in_range_are_refused(rates):
    with pytest.raises(PlanError, match="Trials compare 2 to 6 different rates, each above 0 and at most 100"):
        TrialSettings(rates)


def test_rates_that_are_no_number_are_refused():
    with pytest.raises(PlanError, match="Trials compare"):
        TrialSettings((float("nan"), 1e-3))


def test_repeats_and_lengths_out_of_range_are_refused():
    with pytest.raises(PlanError, match="1 to 5 times at each rate; 6 was given"):
        TrialSettings((1e-3, 1e-2), repeats=6)
    with pytest.raises(PlanError, match="one of short, epoch, stage; 'long' was given"):
        TrialSettings((1e-3, 1e-2), "long")


def test_a_trial_has_the_batches_of_what_is_left_to_train_on():
    stage = Stage(batch_size=10, cycles=2, cycle_mult=2)
    assert [TrialSettings((1, 2), length).batches(stage, 95) for length in ("short", "epoch", "stage")] == [3, 10, 30]
    assert TrialSettings((1, 2), "short").batches(Stage(batch_size=500), 20) == 1


def test_what_is_typed_is_read_or_named():
    assert rates_of(" 1e-4,3e-4;0.001 ") == (1e-4, 3e-4, 1e-3)
    assert rates_of("") == ()
    with pytest.raises(PlanError, match="'fast' is not a learning rate"):
        rates_of("1e-4, fast")


def test_the_lowest_point_is_that_of_the_curve_and_not_of_one_lucky_batch():
    lrs = [10 ** (-5 + step / 10) for step in range(50)]
    losses = [1.0 + abs(step - 30) / 50 for step in range(50)]
    losses[10] = 0.2
    assert lowest_point(lrs, losses) == pytest.approx(lrs[30], rel=1)
    assert lowest_point([], []) is None


def test_close_rates_are_tried_once():
    assert rates_to_try(1e-3, 1.1e-3) == (3.3e-4, 1e-3, 3e-3)
    assert rates_to_try(1e-3, None) == (3.3e-4, 1e-3, 3e-3)
    assert rates_to_try(60.0, None) == (20.0, 60.0, 100.0)
