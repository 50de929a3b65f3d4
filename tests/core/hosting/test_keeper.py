import os
import time

import pytest

from core.data.index import load_data
from core.data.pixels import load_pixels
from core.hosting.visitors import SEEN
from core.jobs import queue, store
from core.jobs.specs import EvaluateSpec
from core.runs.create import create_run
from core.upkeep import keeper
from core.upkeep.keeper import keep
from core.workspace import Workspace


def job_of(workspace: Workspace) -> store.Job:
    run = create_run(workspace, load_data("shapes:easy", workspace), backbone="small_cnn", size=32, pretrained=False)
    return queue.submit(workspace, run.id, EvaluateSpec())


def leave(workspace: Workspace, hours: float = 25) -> None:
    before = time.time() - 3600 * hours
    os.utime(workspace.root / SEEN, (before, before))


def test_idle_visitors_data_are_removed_and_nobody_elses(host, visitors) -> None:
    for visitor in visitors:
        (visitor.runs / "note").write_text("x")
    leave(visitors[0])
    leave(visitors[1], 23)
    assert keep(host).removed == [visitors[0].root.name[:8]]
    assert not visitors[0].root.exists()
    assert visitors[1].root.exists()
    assert keep(host).removed == []


def test_a_visitor_whose_job_is_at_work_is_not_removed(host, visitors, sleepers) -> None:
    job = job_of(visitors[0])
    leave(visitors[0])
    assert keep(host).removed == []
    queue.end(visitors[0], job, "done")
    leave(visitors[0])
    assert keep(host).removed == [visitors[0].root.name[:8]]


def test_what_a_killed_server_had_begun_to_remove_is_removed(host, visitors) -> None:
    half = visitors[0].root.with_name(".trash-abc")
    visitors[0].root.rename(half)
    keep(host)
    assert not half.exists()


def test_queued_jobs_start_though_nobody_has_a_page_open(host, visitors, sleepers) -> None:
    first = job_of(visitors[0])
    second = job_of(visitors[1])
    queue.end(visitors[0], first, "done")
    keep(host)
    assert store.get(visitors[1], second.id).status == "running"


def test_a_worker_that_does_not_notice_its_time_is_stopped(host, visitors, sleepers, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_MINUTES", "1")
    job = job_of(visitors[0])
    assert keep(host).stopped == []
    with store.locked(host):
        store.write(visitors[0], store.get(visitors[0], job.id).model_copy(update={"started": time.time() - 121}))
    assert keep(host).stopped == [job.id]
    assert queue.stop_asked(visitors[0], job) is not None


def test_shared_pixels_are_cleared_before_the_server_is_full(host, visitors, monkeypatch) -> None:
    load_pixels(load_data("shapes:easy", visitors[0]), 32, visitors[0])
    assert keep(host).cleared == 0
    monkeypatch.setattr(keeper, "FULL", 0.0)
    keeper.forget_count(host.root)
    assert keep(host).cleared == 48 * 32 * 32 * 3 + 128
    assert load_pixels(load_data("shapes:easy", visitors[0]), 32, visitors[0]).shape == (48, 32, 32, 3)


@pytest.mark.usefixtures("sleepers")
def test_pixels_that_a_job_may_be_reading_stay(host, visitors, monkeypatch) -> None:
    load_pixels(load_data("shapes:easy", visitors[0]), 32, visitors[0])
    job_of(visitors[1])
    monkeypatch.setattr(keeper, "FULL", 0.0)
    keeper.forget_count(host.root)
    assert keep(host).cleared == 0
