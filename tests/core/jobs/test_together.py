"""Several processes do what one does: the same numbers, every image once, and a run that can be continued."""

import pickle
import signal
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.augment import SIDE_ON, Part, augment
from core.data.mapped import Mapped
from core.errors import DataError
from core.jobs import queue, worker
from core.jobs.execute import run_here
from core.jobs.planned import keep_plan
from core.jobs.specs import TrainSpec
from core.model.classifier import SeededDropout
from core.model.whole_norm import WholeBatchNorm
from core.process.world import World, world
from core.runs.create import create_run
from tests.core.jobs import several
from tests.core.jobs.test_train import plan, stage

TOLERANCE = 1e-4

PLAN = plan(stage(cycle_len=25, batch_size=7, lr=0.003, optimiser="sgd")).plan


@pytest.fixture(scope="module")
def alone_and_together(squares, tmp_path_factory):
    """What one process and two find, each in a workspace of its own."""
    found = []
    for count in (1, 2):
        out = tmp_path_factory.mktemp(f"of-{count}")
        several.finish(
            several.start(count, ["-m", "tests.core.jobs.several", out / "home", squares, out / "found.npz"])
        )
        found.append(np.load(out / "found.npz"))
    return found


KINDS = ["whole", "weighted", "one image", "augmented", "growing", "refrozen", "range test", "after the range test"]


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_those_of_one_process(alone_and_together, kind):
    alone, together = alone_and_together
    assert len(alone[kind]) >= 5
    np.testing.assert_allclose(together[kind], alone[kind], rtol=TOLERANCE)


@pytest.mark.parametrize("kind", ["whole weights", "frozen", "precomputed"])
def test_weights_are_those_of_one_process(alone_and_together, kind):
    alone, together = alone_and_together
    np.testing.assert_allclose(together[kind], alone[kind], atol=1e-4)


def test_activations_are_identical(alone_and_together):
    alone, together = alone_and_together
    assert len(alone["activations"]) == 60
    np.testing.assert_array_equal(together["activations"], alone["activations"])


@pytest.mark.parametrize("size", several.SIZES)
def test_every_image_is_evaluated_once(alone_and_together, size):
    alone, together = alone_and_together
    assert len(alone[f"evaluated {size}"]) == size
    np.testing.assert_array_equal(together[f"evaluated {size}"], alone[f"evaluated {size}"])


def test_augmented_predictions_are_identical(alone_and_together):
    alone, together = alone_and_together
    np.testing.assert_array_equal(together["augmented predictions"], alone["augmented predictions"])


def _wait_for_steps(run, count):
    until = time.monotonic() + 90
    while len(run.history.rows("step")) < count:
        assert time.monotonic() < until, run.log_tail()
        time.sleep(0.05)


def test_lost_stopped_and_continued_with_other_numbers_of_processes(workspace, data, run):
    whole = create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)
    run_here(workspace, whole.id, TrainSpec(plan=PLAN))
    keep_plan(run, PLAN)
    command = ["-m", "core.jobs.worker", run.path, "--home", workspace.root]

    two = several.start(2, command)
    _wait_for_steps(run, 3)
    two[1].kill()
    said = two[0].communicate(timeout=60)[0]
    assert two[0].returncode == 1
    job = queue.jobs_of(run)[0]
    assert job.status == "failed"
    assert "One of the 2 processes of this job was lost" in job.message
    assert "Continue goes on from the last checkpoint" in said
    assert run.state.unfinished
    assert queue.live_job(workspace) is None

    three = several.start(3, command)
    _wait_for_steps(run, 20)
    for process in three:  # as torchrun does, and a scheduler when the time is up
        process.send_signal(signal.SIGTERM)
    assert "Stopped. What was trained is kept." in several.finish(three)[0]
    assert queue.jobs_of(run)[0].status == "stopped"
    assert len(run.history.rows("step")) < 25 * 7

    assert run_here(workspace, run.id, TrainSpec()).status == "done"
    one, other = whole.history.rows("step"), run.history.rows("step")
    assert [row["step"] for row in other] == [row["step"] for row in one]
    np.testing.assert_allclose([row["loss"] for row in other], [row["loss"] for row in one], rtol=1e-2)


def test_nothing_left_to_go_on_with_is_a_sentence(run, monkeypatch, capfd):
    monkeypatch.setattr(worker, "world", lambda: World(0, 2, 0))
    assert worker.main([str(run.path), "--home", str(run.workspace.root)]) == 1
    assert "Nothing is left of this run's plan. Plan another stage and start it." in capfd.readouterr().err


@pytest.mark.parametrize("size", [2, 5, 12])
def test_batch_norm_of_one_process_is_that_of_torch(size):
    """The statistics, the output and the gradients, with float64 torch as the oracle."""
    norm, values = torch.nn.BatchNorm2d(3), torch.randn(size, 3, 4, 4) * 3 + 1
    expected_norm = torch.nn.BatchNorm2d(3).double()
    one, other = values.clone().requires_grad_(), values.double().requires_grad_()
    weights = torch.randn(size, 3, 4, 4)
    alone = SimpleNamespace(rank=0, count=1, sum=lambda tensor: tensor)
    with WholeBatchNorm(alone, size, idle=False):
        given = norm(one)
    expected = expected_norm(other)
    (given * weights).sum().backward()
    (expected * weights.double()).sum().backward()
    for mine, theirs in (
        (given, expected),
        (one.grad, other.grad),
        (norm.weight.grad, expected_norm.weight.grad),
        (norm.running_var, expected_norm.running_var),
        (norm.running_mean, expected_norm.running_mean),
    ):
        torch.testing.assert_close(mine.double(), theirs, rtol=1e-4, atol=1e-5)


def test_batch_norm_of_one_value_is_refused_as_torch_does():
    alone = SimpleNamespace(rank=0, count=1, sum=lambda tensor: tensor)
    with WholeBatchNorm(alone, 1, idle=False), pytest.raises(ValueError, match="more than 1 value per channel"):
        torch.nn.BatchNorm1d(3)(torch.zeros(1, 3))


def test_augmentation_and_dropout_of_a_part_are_those_of_the_whole():
    images = torch.rand(7, 3, 8, 8)
    how = SIDE_ON.model_copy(update={"crop": 0.5})
    whole = augment(images, how, generator=torch.Generator().manual_seed(1))
    part = augment(images[2:5], how, generator=torch.Generator().manual_seed(1), part=Part(2, 7))
    torch.testing.assert_close(part, whole[2:5])
    dropout = SeededDropout(0.5, torch.Generator().manual_seed(1))
    expected = dropout(torch.ones(7, 20))
    dropout.generator.manual_seed(1)
    dropout.part = Part(2, 7)
    assert torch.equal(dropout(torch.ones(3, 20)), expected[2:5])


def test_an_array_is_sent_as_its_file_and_a_missing_one_is_a_sentence(tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(6.0))
    sent = pickle.dumps(Mapped(np.load(tmp_path / "rows.npy", mmap_mode="r")))
    assert len(sent) < 300
    assert pickle.loads(sent).array.tolist() == [0, 1, 2, 3, 4, 5]
    assert pickle.loads(pickle.dumps(Mapped(np.arange(3)))).array.tolist() == [0, 1, 2]
    (tmp_path / "rows.npy").unlink()
    with pytest.raises(DataError, match="put it on a disk that every machine sees"):
        pickle.loads(sent)


def test_a_process_alone_is_no_world(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert world() is None
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert world() is None
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("RANK", "1")
    assert world() == World(1, 2, 0)
    monkeypatch.setenv("WORLD_SIZE", "many")
    assert world() is None
