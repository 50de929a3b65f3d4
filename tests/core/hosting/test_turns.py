"""Visitors of a server take turns at one worker pool, and know their place."""

import itertools
import random

import pytest

from core.data.index import load_data
from core.jobs import pool, queue, store
from core.jobs.pool import Turn, in_turns
from core.jobs.specs import EvaluateSpec
from core.jobs.store import Job, JobProgress
from core.runs.create import create_run
from core.workspace import Workspace


def runs(workspace: Workspace, count: int):
    data = load_data("shapes:easy", workspace)
    return [create_run(workspace, data, backbone="small_cnn", size=32, pretrained=False) for _ in range(count)]


def submit(workspace: Workspace, count: int) -> list[Job]:
    return [queue.submit(workspace, run.id, EvaluateSpec()) for run in runs(workspace, count)]


def end_running(visitors: list[Workspace]) -> str:
    """End the one job that runs; the number of its visitor and its place among his."""
    for number, visitor in enumerate(visitors):
        jobs = store.all_jobs(visitor)
        for place, job in enumerate(jobs):
            if job.status == "running":
                queue.end(visitor, job, "done")
                queue.advance(visitor)
                return f"{number}{'abc'[place]}"
    raise AssertionError("no job runs")


def test_who_queues_three_jobs_does_not_keep_the_others_waiting(visitors, sleepers) -> None:
    submit(visitors[0], 3)
    submit(visitors[1], 1)
    submit(visitors[2], 2)
    assert [end_running(visitors) for _ in range(6)] == ["0a", "1a", "2a", "0b", "2b", "0c"]


def test_one_pool_does_the_jobs_of_all(visitors, sleepers, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_JOBS", "2")
    for visitor in visitors:
        submit(visitor, 2)
    running = [turn for turn in pool.live(visitors[0]) if turn.job.status == "running"]
    assert {turn.workspace for turn in running} == set(visitors[:2])


def test_a_visitor_has_one_job_running_even_where_there_is_room(visitors, sleepers, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_JOBS", "4")
    submit(visitors[0], 2)
    assert [job.status for job in store.all_jobs(visitors[0])] == ["running", "queued"]
    end_running(visitors)
    assert [job.status for job in store.all_jobs(visitors[0])] == ["done", "running"]


def test_the_place_in_the_queue_is_said_and_goes_down(visitors, sleepers) -> None:
    submit(visitors[0], 1)
    (second,) = submit(visitors[1], 1)
    (third,) = submit(visitors[2], 1)
    said = [queue.waiting_for(visitors[1], second), queue.waiting_for(visitors[2], third)]
    assert said == ["Number 1 in the queue of this server", "Number 2 in the queue of this server"]
    end_running(visitors)
    assert queue.waiting_for(visitors[2], third) == "Number 1 in the queue of this server"


def test_the_wait_is_what_the_running_job_needs_and_what_such_jobs_took(visitors, sleepers) -> None:
    (first,) = submit(visitors[0], 1)
    (second,) = submit(visitors[1], 1)
    (third,) = submit(visitors[2], 1)
    assert queue.expected_wait(visitors[1], second) is None
    store.write_progress(visitors[0], store.get(visitors[0], first.id), JobProgress(eta_s=30.0))
    assert queue.expected_wait(visitors[1], second) == 30.0
    assert queue.expected_wait(visitors[2], third) is None
    for seconds in (50, 70):
        done = first.model_copy(update={"status": "done", "started": 1000.0, "ended": 1000.0 + seconds})
        pool.remember_length(visitors[0], done)
    assert queue.expected_wait(visitors[2], third) == 30.0 + 60.0


def test_with_two_slots_the_wait_is_that_of_the_first_to_be_free(visitors, sleepers, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_JOBS", "2")
    jobs = [submit(visitor, 1)[0] for visitor in visitors]
    for visitor, job, left in zip(visitors, jobs, (90.0, 40.0), strict=False):
        store.write_progress(visitor, store.get(visitor, job.id), JobProgress(eta_s=left))
    assert queue.expected_wait(visitors[2], jobs[2]) == 40.0


def test_a_dead_worker_of_one_visitor_lets_the_next_one_start(visitors, sleepers) -> None:
    submit(visitors[0], 1)
    submit(visitors[1], 1)
    sleepers[0][2].kill()
    sleepers[0][2].wait()
    queue.advance(visitors[2])
    assert store.all_jobs(visitors[0])[0].status == "lost"
    assert store.all_jobs(visitors[1])[0].status == "running"


def test_a_damaged_file_of_lengths_only_leaves_the_wait_unsaid(host, visitors, sleepers) -> None:
    submit(visitors[0], 1)
    (second,) = submit(visitors[1], 1)
    for content in ("", "[1]", '{"evaluate": 3}', '{"evaluate": ["x"]}'):
        (host.jobs / pool.LENGTHS).write_text(content)
        assert queue.expected_wait(visitors[1], second) is None


def test_a_visitor_whose_jobs_have_ended_is_no_longer_looked_at(host, visitors, sleepers) -> None:
    submit(visitors[0], 1)
    assert visitors[0] in pool.members(host)
    end_running(visitors)
    with store.locked(host):
        pool.forget_idle(host)
    assert pool.members(host) == [host]
    assert pool.members(visitors[0]) == []


@pytest.mark.parametrize("seed", range(20))
def test_turns_are_fair_for_any_lists(seed: int) -> None:
    """Between two jobs of one visitor at most one of each other visitor's comes, and no list is reordered."""
    draws = random.Random(seed)
    names = [Workspace(pool.Path(f"/host/visitors/{number:032x}")) for number in range(draws.randint(1, 6))]
    waiting = {
        name: [Job(id=f"{n}-{k}", run="r", spec=EvaluateSpec(), created=k) for k in range(draws.randint(0, 5))]
        for n, name in enumerate(names)
    }
    began = {name: draws.choice([0.0, draws.random() * 100]) for name in names}
    turns: list[Turn] = list(in_turns(waiting, began))
    assert len(turns) == sum(map(len, waiting.values()))
    for name in names:
        own = [place for place, turn in enumerate(turns) if turn.workspace == name]
        assert [turns[place].job for place in own] == waiting[name]
        for first, second in itertools.pairwise(own):
            between = [turn.workspace for turn in turns[first + 1 : second]]
            assert len(between) == len(set(between))
