import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.training.samples import Samples
from core.training.schedules import Schedule, cosine, schedule_of, steps_per_epoch
from core.training.stage import Stage


def rates_of(schedule):
    return [schedule.factor(step) for step in range(schedule.steps)]


def optimiser(momentum=0.9):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=momentum)


@settings(max_examples=60, deadline=None)
@given(
    length=st.integers(1, 4),
    multiplier=st.integers(1, 4),
    cycles=st.integers(1, 5),
    batches=st.integers(1, 7),
)
def test_restarts_agree_with_torch(length, multiplier, cycles, batches):
    stage = Stage(cycles=cycles, cycle_len=length, cycle_mult=multiplier)
    schedule = schedule_of(stage, batches)
    sgd = optimiser()
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(sgd, T_0=length * batches, T_mult=multiplier)
    for step in range(min(schedule.steps, 400)):
        # torch finds its cycle with a floating point logarithm when it is told the epoch; stepping is exact.
        assert schedule.factor(step) == pytest.approx(sgd.param_groups[0]["lr"], abs=1e-9)
        sgd.step()
        theirs.step()


@settings(max_examples=60, deadline=None)
@given(epochs=st.integers(1, 6), batches=st.integers(1, 40))
def test_one_cycle_agrees_with_torch(epochs, batches):
    schedule = schedule_of(Stage(schedule="one-cycle", cycle_len=epochs), batches)
    if schedule.steps == 1:
        assert rates_of(schedule) == [1.0]
        return
    sgd = optimiser()
    theirs = torch.optim.lr_scheduler.OneCycleLR(sgd, max_lr=1.0, total_steps=schedule.steps)
    for step in range(schedule.steps):
        assert schedule.factor(step) == pytest.approx(sgd.param_groups[0]["lr"], abs=1e-9)
        assert schedule.momentum(step) == pytest.approx(sgd.param_groups[0]["momentum"], abs=1e-9)
        sgd.step()
        if step < schedule.steps - 1:
            theirs.step()


def test_cycle_5_of_1_3_9_starts_at_epoch_121():
    schedule = schedule_of(Stage(cycles=6, cycle_mult=3), 1)
    assert schedule.position(121) == (5, 0, 243)
    assert schedule.position(120) == (4, 80, 81)
    assert schedule.factor(121) == 1.0


def test_the_lessons_cycles_are_1_2_4_epochs():
    schedule = schedule_of(Stage(cycles=3, cycle_mult=2), 10)
    assert schedule.cycle_ends == (10, 30, 70)
    assert [schedule.factor(step) for step in (0, 10, 30)] == [1, 1, 1]
    assert schedule.factor(5) == pytest.approx(0.5)
    assert schedule.factor(20) == pytest.approx(0.5)


@settings(max_examples=100, deadline=None)
@given(
    stage=st.builds(
        lambda kind, cycles, length, mult, gentle: Stage(
            schedule=kind,
            cycles=cycles if kind == "cosine" else 1,
            cycle_len=length,
            cycle_mult=mult if kind == "cosine" else 1,
            gentle_start=gentle,
        ),
        st.sampled_from(["cosine", "one-cycle", "constant"]),
        st.integers(1, 4),
        st.integers(1, 3),
        st.integers(1, 3),
        st.booleans(),
    ),
    batches=st.integers(1, 9),
)
def test_every_batch_has_a_rate_and_every_epoch_is_counted(stage, batches):
    schedule = schedule_of(stage, batches)
    assert schedule.steps == stage.epochs * batches
    assert all(0 < factor <= 1 for factor in rates_of(schedule))
    assert all(0 <= schedule.momentum(step) < 1 for step in range(schedule.steps))
    assert schedule.cycle_ends[-1] == schedule.steps


def test_gentle_start_is_the_first_twentieth_of_the_first_cycle_at_a_hundredth():
    gentle = schedule_of(Stage(cycles=2, gentle_start=True), 100)
    plain = schedule_of(Stage(cycles=2), 100)
    assert rates_of(gentle)[:5] == [0.01] * 5
    assert rates_of(gentle)[5:] == rates_of(plain)[5:]


def test_gentle_start_rounds_up_as_fastai_does():
    # fastai 0.7: `if iteration < nb / 20`, so of 30 batches the first two.
    assert rates_of(schedule_of(Stage(gentle_start=True), 30))[:3] == [0.01, 0.01, pytest.approx(cosine(1, 0, 2 / 30))]


def test_constant_is_constant():
    schedule = schedule_of(Stage(schedule="constant", cycle_len=2), 5)
    assert set(rates_of(schedule)) == {1.0}
    assert {schedule.momentum(step) for step in range(10)} == {0.9}


def test_no_momentum_stays_none_in_one_cycle():
    schedule = schedule_of(Stage(schedule="one-cycle", momentum=0), 20)
    assert {schedule.momentum(step) for step in range(20)} == {0}


@pytest.mark.parametrize("step", [-1, 10])
def test_a_step_outside_is_an_error(step):
    with pytest.raises(IndexError):
        Schedule("cosine", (10,)).factor(step)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch_size=st.integers(1, 60), share=st.floats(0.05, 1))
def test_an_epoch_has_as_many_steps_as_batches_and_goes_over_each_image_once(data, batch_size, share):
    stage = Stage(batch_size=batch_size, share=share)
    batches = Samples(data, stage, torch.device("cpu")).batches(seed=3, epoch=1)
    assert steps_per_epoch(stage, data) == len(batches)
    assert sorted(index for batch in batches for index in batch) == sorted(data.train_indices(share))
    assert max(map(len, batches)) <= (3 if batch_size == 2 else batch_size)  # no batch of 2 is left with one image
