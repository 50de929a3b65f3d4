"""Ctrl-C, as a shell sends it, to a command in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.jobs import queue
from core.runs.folder import RunFolder, list_runs
from core.workspace import Workspace

ROOT = Path(__file__).parents[3]


def command(home, *arguments):
    environment = {**os.environ, "ANNEAL_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "core", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(what, process):
    end = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < end
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on_and_does(pictures, tmp_path, number):
    own = ("--backbone", "small_cnn", "--size", 16, "--batch-size", 8, "--lr", 0.001, "--cycle-len", 400, "--json")
    process = command(tmp_path, "train", pictures, *own)
    run = wait_for(lambda: list_runs(Workspace.at(tmp_path)), process)[0]
    wait_for(lambda: len(run.history.epochs) > 1, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert f"train --continue {run.path}" in err.splitlines()[-1]
    stopped = RunFolder(run.path, run.workspace)
    assert queue.jobs_of(stopped)[0].status == "stopped"
    assert stopped.state.unfinished
    assert stopped.checkpoint.exists()
    if number == signal.SIGINT:
        goes_on(run, tmp_path)


def goes_on(run, home):
    done = len(run.history.epochs)
    process = command(home, "train", "--continue", run.id)
    wait_for(lambda: len(run.history.epochs) > done, process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    epochs = list(run.history.epochs["epoch"])
    assert epochs == list(range(1, len(epochs) + 1))


def test_help_and_json_of_a_real_process(pictures, tmp_path):
    out, err = command(tmp_path, "inspect", pictures, "--json").communicate(timeout=60)
    assert json.loads(out)["classes"] == {"blue": 15, "green": 15, "red": 15}
    assert "Reading images" in err
