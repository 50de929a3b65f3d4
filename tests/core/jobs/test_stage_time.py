"""How long planned stages take: from the run's own epochs, else from the benchmark, else unknown."""

from dataclasses import replace

import pytest

from core.augment import SIDE_ON
from core.jobs.benchmark_state import BenchmarkState, write_state
from core.jobs.specs import TrainSpec
from core.jobs.stage_time import Done, Pace, StageTime, pace_of
from core.training.benchmark_result import BenchmarkResult
from core.training.growing import area
from core.training.refreezing import WITHOUT_EARLY
from core.training.stage import Plan, Stage

MACHINE = BenchmarkResult(decode=500, features=400, train=100, small=4000, device="a", threads=2, torch="2")
HEAD = Stage(lr=(0.01,), precompute=True, cycle_len=10)
AUGMENTED = Stage(lr=(0.01,), augmentation=SIDE_ON, cycles=3)
WHOLE = Stage(lr=(1e-3,), freeze_to=0, augmentation=SIDE_ON, cycles=3)


def pace(*done, benchmark=None, decoded=True, backbone="efficientnet_lite0"):
    return Pace(
        train=800, valid=200, groups=3, backbone=backbone, done=done, benchmark=benchmark, decoded=lambda size: decoded
    )


def test_without_a_measurement_nothing_is_claimed():
    assert pace().of(WHOLE) is None
    assert pace(Done(HEAD, (0.1, 0.1), 9.0)).of(WHOLE) is None
    assert pace(benchmark=MACHINE, backbone="resnet18").of(WHOLE) is None


def test_a_stage_of_the_same_kind_takes_the_first_epoch_once_and_the_usual_one_after_it():
    found = pace(Done(WHOLE, (20.0, 10.0, 12.0, 10.0), 5.0), benchmark=MACHINE).of(WHOLE)
    assert found == StageTime(20.0 + 2 * 10.0, "run")


def test_the_last_stage_of_a_kind_counts():
    known = pace(Done(WHOLE, (90.0, 90.0), 0.0), Done(WHOLE, (10.0, 10.0), 0.0), Done(AUGMENTED, (1.0,), 0.0))
    assert known.of(WHOLE).seconds == 30.0


@pytest.mark.parametrize(
    ("change", "times"),
    [({"size": 256}, 4.0), ({"share": 0.5}, (400 + 200) / (800 + 200)), ({"lr": (0.1,)}, 1.0)],
)
def test_it_grows_with_pixels_and_images(change, times):
    known = pace(Done(WHOLE, (10.0, 10.0, 10.0), 0.0))
    assert known.of(WHOLE.model_copy(update=change)).seconds == pytest.approx(30 * times)


GROWS = WHOLE.model_copy(update={"grow_from": 64})


def test_images_that_grow_take_the_time_of_their_pixels():
    grown, valid = area(GROWS), 200
    like = pace(Done(WHOLE, (10.0, 10.0, 10.0), 0.0))
    assert like.of(GROWS).seconds == pytest.approx(30 * (grown * 800 + valid) / (800 + valid))
    back = pace(Done(GROWS, (4.0, 6.0, 8.0), 0.0))
    assert back.of(GROWS).seconds == pytest.approx(18)
    assert back.of(WHOLE).seconds == pytest.approx(18 * (800 + valid) / (grown * 800 + valid))
    assert pace(benchmark=MACHINE).of(GROWS).seconds == pytest.approx(3 * (grown * 800 / 100 + 200 / 400))


def test_early_layers_that_are_frozen_again_save_time():
    refrozen, valid = WHOLE.model_copy(update={"cycles": 3, "freeze_early_after": 1}), 200
    share = 1 / 3 + 2 / 3 * WITHOUT_EARLY
    like = pace(Done(WHOLE, (10.0, 10.0, 10.0), 0.0))
    assert like.of(refrozen).seconds == pytest.approx(30 * (share * 800 + valid) / (800 + valid))
    back = pace(Done(refrozen, (9.0, 6.0, 6.0), 0.0))
    assert back.of(refrozen).seconds == pytest.approx(21)
    assert pace(benchmark=MACHINE).of(refrozen).seconds == pytest.approx(3 * (share * 800 / 100 + 200 / 400))


def test_a_range_test_is_of_the_images_that_the_stage_begins_with():
    known, found = pace(benchmark=MACHINE), GROWS.model_copy(update={"lr": None})
    assert known.of(found).seconds - known.of(GROWS).seconds == pytest.approx(45 * 32 / 100 / 4)


def test_a_stage_that_was_stopped_while_its_images_were_small_says_what_the_rest_takes():
    one = pace(Done(GROWS, (4.0,), 0.0)).of(GROWS).seconds
    ratio = (area(GROWS) * 800 + 200) / (area(GROWS, 0, 1 / 3) * 800 + 200)
    assert one == pytest.approx(3 * 4 * ratio)


def test_a_range_test_takes_its_batches_at_the_same_speed():
    known = pace(Done(WHOLE, (10.0, 10.0), 0.0))
    found = known.of(WHOLE.model_copy(update={"lr": None}))
    assert found.seconds == pytest.approx(30 + 45 * 10 * 32 / 800)
    assert known.of(WHOLE.model_copy(update={"lr": None}), finds=False).seconds == 30


def test_the_benchmark_says_what_was_never_trained():
    known = pace(benchmark=MACHINE)
    assert known.of(WHOLE) == StageTime(pytest.approx(3 * (800 / 100 + 200 / 400)), "benchmark")
    assert known.of(AUGMENTED).seconds == pytest.approx(3 * 800 / 400 + 200 / 400)
    small = pace(benchmark=MACHINE, backbone="small_cnn").of(WHOLE.model_copy(update={"size": 64}))
    assert small.seconds == pytest.approx(3 * 4 * (800 + 0.33 * 200) / 4000)
    epochs = known.of(HEAD).seconds - 1000 / 400
    assert 0 < epochs < known.of(AUGMENTED).seconds


def test_activations_are_made_once_until_the_backbone_changes():
    known = pace(benchmark=MACHINE)
    assert known.made_first(HEAD) == pytest.approx(1000 / 400)
    assert known.made_first(AUGMENTED) == 0
    assert known.made_first(HEAD, [HEAD, AUGMENTED]) == 0
    assert known.made_first(HEAD, [HEAD, WHOLE]) == pytest.approx(1000 / 400)
    larger = HEAD.model_copy(update={"size": 256})
    assert known.made_first(larger, [HEAD]) == pytest.approx(4 * 1000 / 400)


def test_pixels_are_decoded_once_for_each_size():
    known = pace(benchmark=MACHINE, decoded=False)
    assert known.made_first(WHOLE) == pytest.approx(1000 / 500)
    assert known.made_first(WHOLE, [AUGMENTED]) == 0
    assert pace(decoded=False).made_first(WHOLE) is None
    assert replace(known, smaller=0.25).made_first(WHOLE) == pytest.approx(0.25 * 1000 / 500)


def test_without_a_benchmark_activations_take_what_they_took_in_the_run():
    known = pace(Done(HEAD, (0.1, 0.1), 9.0))
    assert known.made_first(HEAD.model_copy(update={"size": 256}), [HEAD]) == pytest.approx(36)
    assert known.made_first(HEAD) == 0


def test_a_run_that_was_trained_has_its_epochs_and_the_workspace_its_benchmark(run, work):
    stage = Stage(freeze_to=0, lr=(0.01,), size=16, batch_size=8, cycle_len=2)
    assert pace_of(run, run.data()).of(stage) is None
    work(TrainSpec(plan=Plan(stages=(stage,))))
    write_state(run.workspace, BenchmarkState(status="done", result=MACHINE))
    known, epochs = pace_of(run, run.data()), run.history.epochs["seconds"].tolist()
    assert (known.benchmark, known.train + known.valid) == (MACHINE, len(run.data().items))
    assert [(done.stage, list(done.epochs)) for done in known.done] == [(stage, epochs)]
    assert known.done[0].before == pytest.approx(run.state.stages[0].seconds - sum(epochs))
    assert known.of(stage) == StageTime(pytest.approx(sum(epochs)), "run")
    assert (known.decoded(16), known.decoded(24)) == (True, False)
    assert known.smaller == pytest.approx(run.data().items[0].width * run.data().items[0].height / (533 * 400))
