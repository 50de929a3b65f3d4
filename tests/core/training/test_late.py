"""When numbers are read changes none of them: with a GPU's lag, forced on the CPU, everything is as without it."""

import math

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

from core.augment import SIDE_ON, Augmentation
from core.errors import DivergedError
from core.model.backbones import build
from core.training import late
from core.training.curve import RangeSettings
from core.training.feeds import ActivationFeed, Images, PixelFeed
from core.training.group_watch import GroupWatch
from core.training.late import Late, in_order
from core.training.learner import Learner
from core.training.lr_finder import range_points
from core.training.position import LearnerState
from core.training.samples import Samples
from core.training.stage import Stage
from core.training.task import Task
from core.training.trials import try_rates

from .conftest import SIZE, loss_of, timeless, weights

LAG, EPOCH = 8, 18
WHOLE = Stage(freeze_to=0, lr=0.01, size=SIZE, batch_size=2, cycle_len=2, augmentation=SIDE_ON)
STAGES = {
    "whole": WHOLE,
    "head, weighted": WHOLE.model_copy(update={"freeze_to": -1, "class_weights": True, "label_smoothing": 0.1}),
}
CPU = torch.device("cpu")


@pytest.fixture
def lag(monkeypatch):
    """Sets by how many batches numbers are late; no batch counts as slow."""
    monkeypatch.setattr(late, "LAG_S", 1e9)

    def set_to(batches):
        monkeypatch.setitem(late.LAG, "cpu", batches)

    return set_to


@pytest.fixture
def trained(monkeypatch):
    """The numbers of the steps that were trained, as they are; `at` maps some of them to another loss."""
    steps, at, train = [], {}, Task.train

    def counted(self, indices, step, *rest):
        steps.append(step)
        loss = train(self, indices, step, *rest)
        return loss_of(at[step]) if step in at else loss

    monkeypatch.setattr(Task, "train", counted)
    return steps, at


@pytest.fixture
def watched(data, workspace):
    return lambda: Learner(build("small_cnn", data.classes, seed=1), data, workspace, watch=True)


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_a_stage_is_the_same_and_its_batches_are_ahead_of_their_records(watched, lag, trained, stage):
    found, ahead = [], []
    for batches in (0, LAG):
        lag(batches)
        learner, rows = watched(), []
        trained[0].clear()
        for record in learner.fit(stage):
            rows.append(timeless(record))
            if record.kind == "step":
                ahead.append(len(trained[0]) - record.step)
            else:
                assert len(trained[0]) == record.step, "an epoch's validation waits for all its batches"
        found.append((rows, weights(learner), learner.position))
    for position in (found[0][2], found[1][2]):
        position.seconds = 0.0
    assert found[0] == found[1]
    assert len(found[0][0]) == 2 * EPOCH + 3
    epoch = [1, *[LAG] * (EPOCH - LAG - 1), *range(LAG - 1, -1, -1)]
    assert ahead == [0] * 2 * EPOCH + [*epoch, LAG, *epoch[1:]]


@pytest.mark.parametrize("stop", [1, EPOCH - 4, EPOCH + 1])
def test_stopped_anywhere_a_checkpoint_and_the_rest_of_the_records_are_the_whole(new_learner, lag, stop):
    straight, broken, resumed = new_learner(), new_learner(), new_learner(seed=99)
    rows = [timeless(record) for record in straight.fit(WHOLE)]
    lag(LAG)
    seen = []
    for record in broken.fit(WHOLE):
        seen.append(timeless(record))
        if len(seen) == stop:
            break
    given = len(seen)
    state = broken.state()
    seen += [timeless(record) for record in broken.rest()]
    assert given <= len(seen) <= given + LAG
    assert state.meta.position.step == max(row["step"] for row in seen)
    resumed.load_state(LearnerState({name: value.clone() for name, value in state.tensors.items()}, state.meta))
    for learner in (resumed, broken):
        again = [timeless(record) for record in learner.fit(WHOLE, resume=True)]
        assert seen + again == rows
        assert weights(learner) == weights(straight)


def test_what_was_not_read_at_a_break_comes_first_afterwards(new_learner, lag):
    straight, broken = new_learner(), new_learner()
    rows = [timeless(record) for record in straight.fit(WHOLE)]
    lag(LAG)
    records = broken.fit(WHOLE)
    seen = [timeless(next(records)) for _ in range(3)]
    assert broken.meta.position.step > 3, "the header of a checkpoint counts what the model was trained on"
    seen += [timeless(next(records)) for _ in range(2)]
    records.close()
    assert seen + [timeless(record) for record in broken.fit(WHOLE, resume=True)] == rows


@pytest.mark.parametrize("step", [3, EPOCH + 5])
def test_divergence_ends_at_the_same_record_with_the_same_weights_and_sentence(new_learner, lag, trained, step):
    trained[1][step] = math.nan
    found = []
    for batches in (0, LAG):
        lag(batches)
        trained[0].clear()
        learner, rows = new_learner(), []
        with pytest.raises(DivergedError) as error:
            rows.extend(timeless(record) for record in learner.fit(WHOLE))
        learner.position.seconds = 0.0
        found.append((str(error.value), rows, weights(learner), learner.position, not list(learner.rest())))
        assert step < len(trained[0]) <= step + 1 + batches
    assert found[0] == found[1]


def test_divergence_is_found_while_the_rest_is_read_too(new_learner, lag, trained):
    trained[1][4] = math.nan
    lag(LAG)
    for read in (lambda learner: list(learner.rest()), lambda learner: learner.state(), lambda learner: learner.meta):
        learner = new_learner()
        before, records = weights(learner), learner.fit(WHOLE)
        next(records), next(records)
        with pytest.raises(DivergedError, match="good weights were put back"):
            read(learner)
        assert weights(learner) == before
        assert learner.meta.position.due == "nothing"
        assert [record.step for record in records] in ([], [3, 4])


@pytest.mark.parametrize("explodes", [False, True])
def test_a_range_test_finds_the_same_points_and_trains_a_few_batches_more(new_learner, lag, trained, explodes):
    if explodes:
        trained[1].update(dict.fromkeys(range(20, 45), 40.0))
    found = []
    for batches in (0, LAG):
        lag(batches)
        trained[0].clear()
        learner = new_learner()
        before = weights(learner)
        found.append(list(range_points(learner, WHOLE, RangeSettings(1e-5, 1e-3, 40))))
        assert weights(learner) == before
        assert len(trained[0]) == min(40, len(found[-1]) + batches)
    assert found[0] == found[1]
    assert (len(found[0]) < 40) == explodes


def test_trials_find_the_same(new_learner, lag, trained):
    trained[1][EPOCH - 5] = math.nan
    found = []
    for batches in (0, LAG):
        lag(batches)
        trials = try_rates(new_learner(), WHOLE, (1e-4, 1e-2), length="stage")
        found.append(trials.model_dump(exclude={"outcomes": {"__all__": {"seconds"}}}))
    assert found[0] == found[1]


def test_slow_batches_are_not_so_late(monkeypatch):
    """Six batches of 1/32 s take less than 0.2 s, seven do not; of slower ones there is one all the same."""
    monkeypatch.setitem(late.LAG, "cpu", LAG)
    now = [0.0]
    monkeypatch.setattr(late, "perf_counter", lambda: now[0])
    waiting = Late(CPU)

    def ahead(seconds):
        """How many more than the one that is read are begun, once such a batch has been read."""

        def compute():
            now[0] += seconds
            return [torch.zeros(())]

        for _ in range(2):
            while waiting.room:
                waiting.begin(None, compute)
            count = len(waiting)
            while waiting:
                assert waiting.read()[2] == pytest.approx(seconds)
        return count - 1

    assert [ahead(seconds) for seconds in (1 / 1024, 1 / 32, 1 / 4, 1.0)] == [LAG, 6, 1, 1]


class FakeEvent:
    """A moment of a GPU that takes 0.25 s for each thing that it is given, and never waits by itself."""

    given = 0
    waited_for: list[int]

    def __init__(self, *, enable_timing):
        assert enable_timing

    def record(self):
        self.place = FakeEvent.given

    def synchronize(self):
        FakeEvent.waited_for.append(self.place)

    def elapsed_time(self, later):
        return 250.0 * (later.place - self.place)


def test_a_gpu_is_waited_for_no_longer_than_until_the_batch_that_is_read(monkeypatch):
    monkeypatch.setattr(torch.cuda, "Event", FakeEvent)
    FakeEvent.given, FakeEvent.waited_for = 0, []
    monkeypatch.setattr(late, "LAG_S", 1e9)

    def compute(number):
        FakeEvent.given += 1
        return [torch.tensor(float(number))]

    found = in_order(torch.device("cuda"), range(20), compute)
    for number in range(20):
        assert next(found) == (number, [number])
        assert FakeEvent.waited_for == list(range(1, number + 2))
        assert FakeEvent.given == (2 if number == 0 else min(20, number + 1 + LAG))
    waiting = Late(torch.device("cuda"))
    waiting.begin("a batch", lambda: [*compute(1), *compute(2)])
    assert waiting.read() == ("a batch", [1, 2], 0.5)


def test_numbers_come_in_order_each_with_its_own():
    found = list(in_order(CPU, range(5), lambda n: [torch.tensor(float(n)), torch.tensor(n / 2)]))
    assert found == [(n, [n, n / 2]) for n in range(5)]


EVERY = Augmentation(**{**SIDE_ON.model_dump(), "vertical_flip": True, "quarter_turns": True, "crop": 0.5, "warp": 0.2})
FLIPS = Augmentation(horizontal_flip=True, vertical_flip=True, quarter_turns=True)


ASKING = {
    "item",
    "tolist",
    "numpy",
    "nonzero",
    "equal",
    "masked_select",
    "__bool__",
    "__float__",
    "__int__",
    "__index__",
}


class Questions(TorchFunctionMode):
    """Collects what a GPU would be waited for: a number that Python is told, and rows that a mask picks out."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        rows = args[1] if name in ("__getitem__", "__setitem__") else ()
        masks = [
            one for one in (rows if isinstance(rows, tuple) else (rows,)) if getattr(one, "dtype", 0) == torch.bool
        ]
        if name in ASKING or masks:
            self.asked.append(name)
        return func(*args, **(kwargs or {}))


def test_questions_are_heard():
    with Questions() as heard:
        values = torch.arange(4)
        values[values > 2] = 0
        assert values[values > 1].sum().item() == 2
        assert values.any()
        assert float(values.max()) == 2
    assert heard.asked == ["__setitem__", "__getitem__", "item", "__bool__", "__float__"]


@pytest.mark.parametrize("how", [None, EVERY, FLIPS], ids=["activations", "every transform", "flips and turns"])
def test_a_batch_asks_the_device_for_no_number(data, how):
    model = build("small_cnn", data.classes, seed=1)
    model.head[0].share = 0.5
    stage = Stage(freeze_to=-1 if how is None else 0, lr=0.01, size=SIZE, class_weights=True, label_smoothing=0.1)
    images = np.zeros((len(data.items), SIZE, SIZE, 3), dtype=np.uint8)
    features = np.zeros((len(data.items), model.feature_size), dtype=np.float32)
    feed = ActivationFeed(model, features, CPU) if how is None else PixelFeed(model, Images(images, CPU), how)
    task = Task(model, stage, Samples(data, stage, CPU), feed, seed=0)
    task.set_training()
    with Questions() as heard:
        loss = task.train(task.batches(0)[0], 0, (0.01,) * 3, 0.9)
        norms = GroupWatch(model).norms(model.first_trained)
    assert all(number.shape == () for number in (*loss, *norms))
    assert not heard.asked
