"""Time left of a plan, on a clock that goes as the test says."""

import pytest

from core.data.index import load_data
from core.jobs.eta import Eta, from_benchmark
from core.jobs.store import JobProgress
from core.training.benchmark_result import BenchmarkResult
from core.training.growing import area, side_at
from core.training.refreezing import WITHOUT_EARLY
from core.training.stage import Plan, Stage
from core.workspace import Workspace

RESULT = BenchmarkResult(decode=500, features=400, train=100, small=4000, device="d", threads=2, torch="2")
STEPS = 6


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def data(squares, tmp_path_factory):
    return load_data(str(squares), Workspace.at(tmp_path_factory.mktemp("eta")))


def whole(**values):
    return Stage(**{"freeze_to": 0, "lr": 0.01, "size": 128, "batch_size": 8, **values})


def eta_of(data, *stages, **options):
    clock = Clock()
    return Eta(Plan(stages=stages), data, clock=clock, **options), clock


def trained(eta, clock, place, steps, seconds):
    """Train so many steps of a stage, each of so many seconds."""
    for step in range(1, steps + 1):
        clock.now += seconds
        found = eta.at(place, step, 1)
    return found


def test_the_pace_of_a_stage_gives_its_end(data):
    eta, clock = eta_of(data, whole(cycle_len=2))
    found = trained(eta, clock, 0, 7, 2.0)
    assert found.eta_s == pytest.approx((2 * STEPS - 7) * 2.0)
    assert not found.about
    assert (found.done, found.total) == (7, 2 * STEPS)
    assert found.what == "Stage 1 of 1, epoch 1 of 2"


@pytest.mark.parametrize(("measures", "lines"), [(True, 2), (False, 0)])
def test_measuring_a_cycle_is_no_part_of_the_pace_but_comes_again(data, measures, lines):
    eta, clock = eta_of(data, whole(cycles=3, measure_after_cycle=measures), whole(measure_after_cycle=False))
    trained(eta, clock, 0, STEPS, 2.0)
    clock.now += 60.0
    eta.measured_a_cycle(60.0)
    training = 3 * STEPS * 2.0
    assert eta.at(0, STEPS, 1).eta_s == pytest.approx(training + lines * 60.0)


def test_images_that_grow_take_longer_and_longer(data):
    """A clock that goes as the pixels of each batch, so that the time left is known from the first epoch on."""
    stage, per_image = whole(cycle_len=10, grow_from=64), 0.25
    eta, clock = eta_of(data, stage, whole())
    seconds = [per_image * 8 * (side_at(stage, step, 10 * STEPS) / 128) ** 2 for step in range(10 * STEPS)]
    for step, spent in enumerate(seconds, start=1):
        clock.now += spent
        found = eta.at(0, step, 1)
        if step > 10:
            assert found.eta_s == pytest.approx(sum(seconds[step:]) + STEPS * 8 * per_image, rel=0.05)


def test_early_layers_that_are_frozen_again_make_the_rest_quicker(data):
    """A clock that goes slower for a batch while all is trained; the time left is known from the first epoch on."""
    stage = whole(cycles=3, cycle_mult=2, freeze_early_after=1)
    eta, clock = eta_of(data, stage)
    seconds = [2.0 if step < STEPS else 2.0 * WITHOUT_EARLY for step in range(7 * STEPS)]
    for step, spent in enumerate(seconds, start=1):
        clock.now += spent
        found = eta.at(0, step, 1)
        if step > 10:
            assert found.eta_s == pytest.approx(sum(seconds[step:]), rel=0.05)


def test_a_range_test_is_timed_by_the_images_that_the_stage_begins_with(data):
    eta, clock = eta_of(data, whole(lr=None, grow_from=64))
    for done in range(10):
        clock.now += 1
        found = eta.around(JobProgress(what="Finding the learning rate", done=done, total=45, eta_s=45.0 - done))
    per_image = 1 / 8 / 0.25
    images = STEPS * 8 * area(whole(grow_from=64)) + 0.33 * len(data.indices("valid"))
    assert found.eta_s == pytest.approx(36 + per_image * images)


def test_nothing_is_said_where_nothing_is_known(data):
    eta, _ = eta_of(data, whole())
    assert eta.at(0, 0, 1).eta_s is None
    assert eta.around(JobProgress(what="Decoding images", done=0, total=9)).eta_s is None


def test_the_benchmark_tells_the_time_before_the_first_batch(data):
    eta, _ = eta_of(data, whole(), expected=from_benchmark(RESULT, small=False))
    found = eta.at(0, 0, 1)
    validation = len(data.indices("valid")) / RESULT.features
    assert found.eta_s == pytest.approx(STEPS * 8 / RESULT.train + validation)
    assert found.about


def test_the_small_network_has_a_speed_of_its_own(data):
    eta, _ = eta_of(data, whole(size=32), expected=from_benchmark(RESULT, small=True))
    assert eta.at(0, 0, 1).eta_s == pytest.approx(STEPS * 8 / RESULT.small, rel=0.35)


def test_a_slower_machine_than_in_the_benchmark_is_noticed(data):
    head = Stage(lr=0.01, size=128, batch_size=8, cycle_len=2)
    eta, clock = eta_of(data, head, whole(), expected=from_benchmark(RESULT, small=False))
    found = trained(eta, clock, 0, 2 * STEPS, 3 * 8 / RESULT.features)
    validation = len(data.indices("valid")) * 3 / RESULT.features
    assert found.eta_s == pytest.approx(3 * STEPS * 8 / RESULT.train + validation)
    assert found.about


def test_a_kind_that_was_trained_is_sure_and_grows_with_the_pixels(data):
    eta, clock = eta_of(data, whole(cycle_len=2), whole(size=256))
    found = trained(eta, clock, 0, 2 * STEPS, 1.0)
    assert found.eta_s == pytest.approx(STEPS * 4.0)
    assert eta.at(1, 0, 1).eta_s == pytest.approx(STEPS * 4.0)


def test_a_range_test_counts_and_tells_the_pace(data):
    eta, _ = eta_of(data, whole(lr=None))
    early = eta.around(JobProgress(what="Finding the rate", done=1, total=45, eta_s=440.0))
    assert early.eta_s is None  # one batch is no pace
    found = eta.around(JobProgress(what="Finding the rate", done=10, total=45, eta_s=70.0))
    validation = len(data.indices("valid")) * 2.0 / 8 * 0.33
    assert found.eta_s == pytest.approx(70.0 + STEPS * 2.0 + validation)
    assert found.now_s == 70.0
    assert found.about
    assert found.what == "Finding the rate: 10 of 45"
    assert (found.done, found.total) == (10, 45)


def test_activations_tell_how_fast_the_frozen_network_is(data):
    stage = Stage(precompute=True, lr=0.01, size=128, batch_size=8)
    eta, clock = eta_of(data, stage, whole())
    eta.around(JobProgress(what="Computing activations", done=0, total=60))
    clock.now += 3.0
    found = eta.around(JobProgress(what="Computing activations", done=30, total=60))
    assert found.now_s == pytest.approx(3.0)
    valid = len(data.indices("valid"))
    expected = 3.0 + STEPS * 8 * 0.1 / 0.33 * (1 + 0.003) + valid * 0.1
    assert found.eta_s == pytest.approx(expected)


def test_a_validation_does_not_change_what_is_said(data):
    eta, clock = eta_of(data, whole(cycle_len=2))
    said = trained(eta, clock, 0, 6, 1.0)
    found = eta.around(JobProgress(what="Validating", done=3, total=9))
    assert found.what == "Stage 1 of 1, epoch 1 of 2, validating"
    assert found.eta_s == said.eta_s
    assert found.share >= said.share


def test_its_own_reports_are_left_as_they_are(data):
    eta, clock = eta_of(data, whole())
    said = trained(eta, clock, 0, 3, 1.0)
    assert eta.around(said) is said


def test_after_a_stage_preparations_are_those_of_the_next_one(data):
    eta, clock = eta_of(data, whole(), whole(lr=None, group_ratio=1))
    trained(eta, clock, 0, STEPS, 1.0)
    found = eta.around(JobProgress(what="Finding the rate", done=5, total=45, eta_s=40.0))
    assert found.eta_s == pytest.approx(40.0 + STEPS * 1.0)


def test_the_bar_never_goes_back(data):
    eta, clock = eta_of(data, whole(lr=None, cycle_len=2), whole(lr=None, size=256))
    shares = []
    for done in range(1, 46):
        clock.now += 1.0
        report = JobProgress(what="Finding", done=done, total=45, eta_s=45.0 - done)
        shares.append(eta.around(report).share)
    for step in range(1, 2 * STEPS + 1):
        clock.now += 5.0
        shares.append(eta.at(0, step, 1).share)
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1


def test_a_resumed_plan_begins_with_the_stage_that_is_left(data):
    eta, _ = eta_of(data, whole(), whole(lr=None), first=1, expected=from_benchmark(RESULT, small=False))
    found = eta.around(JobProgress(what="Finding", done=20, total=45, eta_s=2.0))
    pace = 2.0 / 25 / 8
    correction = pace * RESULT.train
    validation = len(data.indices("valid")) * correction / RESULT.features
    assert found.eta_s == pytest.approx(2.0 + STEPS * 8 * pace + validation)
