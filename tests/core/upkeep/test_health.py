import json
import os

import pytest

from core.cli.main import main
from core.errors import WorkspaceError
from core.hosting.visitors import new_id, workspace_of
from core.jobs import queue
from core.jobs.specs import EvaluateSpec
from core.upkeep import health as module
from core.upkeep.health import health


def test_a_new_workspace_is_well(workspace) -> None:
    found = health(workspace)
    assert found.ok
    assert (found.running, found.waiting, found.oldest_s) == (0, 0, 0.0)
    assert found.free_disk > 0


def test_jobs_are_counted(workspace, more_runs, sleepers) -> None:
    for run in more_runs:
        queue.submit(workspace, run.id, EvaluateSpec())
    found = health(workspace)
    assert found.ok
    assert (found.running, found.waiting) == (1, 2)
    assert found.oldest_s >= 0


def test_a_job_that_nobody_started_is_started(workspace, more_runs, sleepers) -> None:
    first, _ = (queue.submit(workspace, run.id, EvaluateSpec()) for run in more_runs[:2])
    queue.end(workspace, first, "done")
    assert health(workspace).running == 1
    assert len(sleepers) == 2


def test_a_job_that_does_not_start_though_it_could_is_a_problem(workspace, more_runs, sleepers, monkeypatch) -> None:
    first, _ = (queue.submit(workspace, run.id, EvaluateSpec()) for run in more_runs[:2])
    queue.end(workspace, first, "done")
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
    assert health(workspace).problems == ("A job waits although it could run. Start the app again.",)


def test_a_dead_worker_is_a_problem_until_it_is_noticed(workspace, run, sleepers, monkeypatch) -> None:
    queue.submit(workspace, run.id, EvaluateSpec())
    sleepers[0][2].kill()
    sleepers[0][2].wait()
    with monkeypatch.context() as patch:
        patch.setattr(queue, "advance", lambda workspace: None)
        assert health(workspace).problems == ("1 running job lost the process that did the work.",)
    assert health(workspace).ok


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_workspace_that_cannot_be_written_to_is_a_problem(workspace) -> None:
    workspace.jobs.chmod(0o500)
    assert "cannot be written to" in health(workspace).problems[0]


def test_a_held_lock_is_a_problem(workspace, monkeypatch) -> None:
    def held(*_, **__):
        raise WorkspaceError("Another process holds the list of jobs. Wait a moment and try again.")

    monkeypatch.setattr(module, "locked", held)
    assert health(workspace).problems == ("Another process holds the list of jobs. Wait a moment and try again.",)


def test_a_full_disk_and_wrong_settings_are_problems(workspace, monkeypatch) -> None:
    workspace_of(workspace, new_id(workspace))
    monkeypatch.setenv("ANNEAL_HOST_KEEP_FREE_MB", str(10**9))
    assert "The disk is nearly full" in health(workspace).problems[0]
    monkeypatch.setenv("ANNEAL_HOST_KEEP_FREE_MB", "much")
    assert "The setting keep_free_mb" in health(workspace).problems[0]


def test_the_command_says_so_and_its_status_too(workspace, capsys, monkeypatch) -> None:
    assert main(["health", "--home", str(workspace.root)]) == 0
    assert capsys.readouterr().out.startswith("Jobs run.\n0 running, 0 waiting; ")
    assert main(["health", "--json", "--home", str(workspace.root)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"]
    assert said["problems"] == []
    monkeypatch.setattr(module, "_free_disk", lambda workspace: 0)
    assert main(["health", "--home", str(workspace.root)]) == 1
    assert capsys.readouterr().out.startswith("Jobs do not run.\nThe disk is nearly full")
