"""A job for several processes goes from the queue through torchrun; how many GPUs there are is counted elsewhere."""

import os
import socket
import time

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from core.jobs import queue, store
from core.jobs.execute import run_here
from core.jobs.gpus import count_gpus, known_gpus
from core.jobs.specs import TrainSpec
from core.process import launch
from core.runs.create import create_run
from core.workspace import write_json
from tests.core.jobs.test_train import plan, stage

PLAN = plan(stage(cycle_len=12, batch_size=7, lr=0.003, optimiser="sgd")).plan
SHORT = plan(stage(batch_size=30, lr=0.003)).plan


def wait(what, workspace, run, seconds=150):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, run.log_tail()
        queue.advance(workspace)
        time.sleep(0.05)


@pytest.fixture
def alone_on_this_machine(monkeypatch):
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def test_two_processes_from_the_queue_stop_and_go_on(workspace, data, run, more_runs, alone_on_this_machine):
    whole = create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)
    run_here(workspace, whole.id, TrainSpec(plan=PLAN))

    job = queue.submit(workspace, run.id, TrainSpec(plan=PLAN, processes=2))
    after = queue.submit(workspace, more_runs[0].id, TrainSpec(plan=SHORT))
    wait(lambda: len(run.history.rows("step")) >= 3, workspace, run)
    assert after.status == "queued"
    queue.stop(workspace, job.id)
    wait(lambda: not store.get(workspace, job.id).live, workspace, run)
    stopped = store.get(workspace, job.id)
    assert (stopped.status, stopped.message) == ("stopped", "Stopped. Continue goes on from this very batch.")
    assert 3 <= len(run.history.rows("step")) < 12 * 7

    wait(lambda: not store.get(workspace, after.id).live, workspace, more_runs[0])
    assert store.get(workspace, after.id).status == "done", more_runs[0].log_tail()

    job = queue.submit(workspace, run.id, TrainSpec(processes=2))
    wait(lambda: not store.get(workspace, job.id).live, workspace, run)
    assert store.get(workspace, job.id).status == "done", run.log_tail()
    one, two = whole.history.rows("step"), run.history.rows("step")
    assert [row["step"] for row in two] == [row["step"] for row in one]
    np.testing.assert_allclose([row["loss"] for row in two], [row["loss"] for row in one], rtol=1e-2)


def test_torchrun_is_asked_for_that_many_on_this_machine(workspace, run, monkeypatch):
    started = []
    monkeypatch.setattr(launch, "detached", lambda module, log: started.append(module) or os.getpid())
    job = queue.submit(workspace, run.id, TrainSpec(plan=PLAN, processes=3))
    torchrun = ["torch.distributed.run", "--standalone", "--nproc-per-node=3", "-m", "core.jobs.worker"]
    assert started == [[*torchrun, str(run.path), "--job", job.id, "--home", str(workspace.root)]]


def test_what_one_of_several_processes_starts_is_none_of_them(tmp_path, monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "MASTER_ADDR", "TORCHELASTIC_RUN_ID"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("ANNEAL_JOBS", "3")
    pid = launch.detached(["tests.core.jobs.said"], tmp_path / "log")
    os.waitpid(pid, 0)
    assert (tmp_path / "log").read_text().split() == ["ANNEAL_JOBS"]


@pytest.mark.parametrize("count", [0, 65, "many"])
def test_numbers_of_processes_out_of_range_are_refused(count):
    with pytest.raises(ValidationError):
        TrainSpec(processes=count)


def test_gpus_are_counted_into_a_file(workspace):
    assert known_gpus(workspace) == 0
    os.waitpid(count_gpus(workspace), 0)
    assert known_gpus(workspace) == torch.cuda.device_count()


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ({"gpus": 2, "host": socket.gethostname()}, 2),
        ({"gpus": 2, "host": "another machine"}, 0),
        ({"gpus": 10**9, "host": socket.gethostname()}, 64),
        ({"gpus": -1, "host": socket.gethostname()}, 0),
        ({"gpus": "2", "host": socket.gethostname()}, 0),
        ({"gpus": True, "host": socket.gethostname()}, 0),
        ([2], 0),
    ],
)
def test_only_a_count_of_this_machine_is_believed(workspace, written, known):
    write_json(workspace.root / "gpus.json", written)
    assert known_gpus(workspace) == known
