"""A workspace, a small data set of coloured squares, and a run on it."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from core.data.index import load_data
from core.jobs import queue, store
from core.process import launch
from core.runs.create import create_run
from core.workspace import Workspace

COLOURS = {"blue": (40, 60, 200), "green": (50, 190, 60), "red": (200, 50, 40)}


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path / "home")


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """A folder of 3 classes, 20 noisy squares of 16 px each."""
    folder = tmp_path_factory.mktemp("squares")
    draws = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for number in range(20):
            noisy = np.clip(np.array(colour) + draws.normal(0, 60, (16, 16, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def data(squares, workspace):
    return load_data(str(squares), workspace)


@pytest.fixture
def run(workspace, data):
    return create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)


@pytest.fixture
def more_runs(workspace, data):
    return [create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False) for _ in range(3)]


@pytest.fixture
def sleepers(monkeypatch):
    """Workers are processes that only sleep; gives the list of (run id, job id, process), killed at the end."""
    started = []

    def start(workspace, run, job_id, log):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], start_new_session=True)
        started.append((run.name, job_id, child))
        return child.pid

    monkeypatch.setattr(launch, "start_worker", start)
    yield started
    for _, _, child in started:
        child.kill()
        child.wait()


@pytest.fixture
def finish(workspace):
    """Do what a worker does at its end."""

    def finished(job, status="done", message=""):
        return queue.end(workspace, store.get(workspace, job.id), status, message)

    return finished


@pytest.fixture
def trained(run):
    """A run with a checkpoint after 8 steps and 2 epochs, of weights that are no network's."""
    import torch

    from core.runs.checkpoint import CheckpointMeta, write_weights

    position = {"stage": 0, "epoch": 2, "cycle": 1, "step": 8, "stage_step": 8, "due": "step"}
    tensors = {"model/head.weight": torch.arange(6.0).reshape(2, 3), "optimiser/head.weight/exp_avg": torch.ones(2, 3)}
    learner = {"version": 1, "seed": 0, "position": position, "stage": {"lr": [0.1]}}
    figures = {"accuracy": 0.75, "valid_loss": 0.5}
    meta = CheckpointMeta(learner=learner, history_bytes=7, figures=figures, size=16)
    write_weights(run.checkpoint, tensors, meta)
    (run.path / "history.jsonl").write_text("{}\n{}\n{}\n")
    return run


@pytest.fixture
def work(run):
    """Do a job of the run here and now, as a worker does; `stop_at` asks it to stop at that step of the run.

    `progress` is told what the job reports.
    """
    from core.jobs.control import JobControl
    from core.jobs.execute import run_job
    from core.workspace import no_progress

    def worked(spec, *, stop_at=None, of=run, progress=no_progress):
        def stopped():
            return stop_at is not None and of.history.steps["step"].max() >= stop_at

        queued = queue.submit(of.workspace, of.id, spec, here=True)
        job = queue.claim(of.workspace, queued.id)
        status, message = "failed", "It raised."
        try:
            status, message = run_job(of, job, JobControl(of, job, stopped=stopped, echo=progress))
        finally:
            queue.end(of.workspace, job, status, message)
        return store.get(of.workspace, job.id)

    return worked
