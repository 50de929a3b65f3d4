import os
import signal
import socket
import threading
import time
from datetime import datetime, timedelta

import pytest

from core.errors import RunError
from core.jobs import queue, store
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.jobs.store import JobProgress
from core.process import launch
from core.process.world import World


def submit(workspace, run, **more):
    return queue.submit(workspace, run.id, EvaluateSpec(), **more)


def statuses(workspace):
    return [job.status for job in store.all_jobs(workspace)]


def test_one_runs_at_a_time_and_the_others_wait_in_order(workspace, more_runs, sleepers, finish):
    first, second, third = (submit(workspace, run) for run in more_runs)
    assert statuses(workspace) == ["running", "queued", "queued"]
    assert [job.id for job in queue.waiting(workspace)] == [second.id, third.id]
    finish(first)
    queue.advance(workspace)
    assert statuses(workspace) == ["done", "running", "queued"]
    finish(second, "failed", "It did not work.")
    queue.advance(workspace)
    assert [job_id for _, job_id, _ in sleepers] == [first.id, second.id, third.id]
    assert store.get(workspace, second.id).message == "It did not work."


def test_anneal_jobs_raises_how_many_run(workspace, more_runs, sleepers, monkeypatch):
    monkeypatch.setenv("ANNEAL_JOBS", "2")
    for run in more_runs:
        submit(workspace, run)
    assert statuses(workspace) == ["running", "running", "queued"]


@pytest.mark.parametrize(("given", "slots"), [("", 1), ("0", 1), ("-3", 1), ("4", 4), ("many", 1), ("1000", 64)])
def test_nonsense_in_anneal_jobs_is_one(given, slots, monkeypatch):
    monkeypatch.setenv("ANNEAL_JOBS", given)
    assert queue.slots() == slots


def test_a_run_has_one_job_at_a_time(workspace, run, sleepers):
    submit(workspace, run)
    with pytest.raises(RunError, match="already at work"):
        submit(workspace, run)


def test_a_run_that_is_gone_gets_no_job(workspace):
    with pytest.raises(RunError, match="no longer there"):
        queue.submit(workspace, "20261122-101010-abcd", TrainSpec())


def test_a_worker_that_dies_is_lost_and_the_next_one_starts(workspace, more_runs, sleepers):
    first, second = submit(workspace, more_runs[0]), submit(workspace, more_runs[1])
    sleepers[0][2].kill()
    while sleepers[0][2].poll() is None:
        time.sleep(0.01)
    queue.advance(workspace)
    lost = store.get(workspace, first.id)
    assert lost.status == "lost"
    assert "last checkpoint" in lost.message
    assert store.get(workspace, second.id).status == "running"


def test_a_zombie_is_dead(workspace, run, sleepers):
    job = submit(workspace, run)
    os.kill(job.pid, signal.SIGKILL)
    os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOWAIT)  # it is dead now, and not reaped
    queue.check_processes(workspace)
    assert store.get(workspace, job.id).status == "lost"


def test_a_pid_given_to_another_process_is_not_the_worker(workspace, run, sleepers):
    job = submit(workspace, run)
    with store.locked(workspace):
        store.write(workspace, job.model_copy(update={"start_time": job.start_time - 60}))
    queue.check_processes(workspace)
    assert store.get(workspace, job.id).status == "lost"
    assert sleepers[0][2].poll() is None


def test_stopping_one_that_waits_takes_it_out_of_the_queue(workspace, more_runs, sleepers):
    submit(workspace, more_runs[0])
    waiting = submit(workspace, more_runs[1])
    assert queue.stop(workspace, waiting.id).status == "stopped"
    assert queue.waiting(workspace) == []


def test_stopping_one_that_runs_raises_its_flag_and_no_other(workspace, run, sleepers, finish):
    job = submit(workspace, run)
    assert queue.stop_asked(workspace, job) is None
    queue.stop(workspace, job.id)
    assert queue.stop_asked(workspace, job) is not None
    finish(job, "stopped")
    assert queue.stop_asked(workspace, job) is None
    again = submit(workspace, run)
    queue.stop(workspace, job.id)
    assert queue.stop_asked(workspace, again) is None


def test_one_that_does_not_stop_is_terminated_then_killed(workspace, run, sleepers, monkeypatch):
    sent = []
    monkeypatch.setattr(queue, "signal_group", lambda pid, how: sent.append((pid, how)))
    job = queue.stop(workspace, submit(workspace, run).id)
    flag = run.path / queue.STOP
    for waited in (0, 1.2, 2):
        since = time.time() - waited * queue.GRACE_S
        os.utime(flag, (since, since))
        queue.check_processes(workspace)
    assert sent == [(job.pid, signal.SIGTERM), (job.pid, signal.SIGKILL)]


def test_one_killed_after_stop_was_asked_is_stopped(workspace, run, sleepers):
    job = queue.stop(workspace, submit(workspace, run).id)
    sleepers[0][2].kill()
    sleepers[0][2].wait()
    queue.check_processes(workspace)
    assert store.get(workspace, job.id).status == "stopped"
    assert not (run.path / queue.STOP).exists()


def test_only_one_process_can_claim_a_job(workspace, run, monkeypatch):
    monkeypatch.setattr(launch, "start_worker", lambda *_: os.getppid())
    job = submit(workspace, run)
    assert job.pid == os.getppid()
    assert queue.claim(workspace, job.id) is None


def test_a_job_for_this_process_waits_for_its_turn(workspace, more_runs, sleepers, finish):
    first = submit(workspace, more_runs[0])
    own = submit(workspace, more_runs[1], here=True)
    queue.advance(workspace)
    assert queue.claim(workspace, own.id) is None
    finish(first)
    queue.advance(workspace)
    assert len(sleepers) == 1
    assert queue.claim(workspace, own.id).status == "running"


def test_a_worker_that_cannot_be_started_is_a_failed_job(workspace, run, monkeypatch):
    def refuse(*_):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(launch, "start_worker", refuse)
    job = submit(workspace, run)
    assert job.status == "failed"
    assert "Resource temporarily unavailable" in job.message


def test_progress_is_seen(workspace, run, sleepers):
    job = submit(workspace, run)
    store.write_progress(workspace, job, JobProgress(what="Stage 1 of 2", done=3, total=12, eta_s=9.0))
    seen = store.get(workspace, job.id).progress
    assert (seen.what, seen.share, seen.eta_s) == ("Stage 1 of 2", 0.25, 9.0)


def test_the_last_200_ended_jobs_are_kept(workspace, run, sleepers, finish, monkeypatch):
    monkeypatch.setattr(store, "KEPT", 3)
    done = [finish(submit(workspace, run)) for _ in range(6)]
    live = submit(workspace, run)
    assert [job.id for job in store.all_jobs(workspace)] == [*(job.id for job in done[-3:]), live.id]


def test_damaged_files_are_no_jobs(workspace, run, sleepers):
    (workspace.jobs / "20200101-000000-000000-aaaa.json").write_text('{"id": "half')
    submit(workspace, run)
    assert statuses(workspace) == ["running"]


def test_many_at_once_start_each_job_once(workspace, more_runs, sleepers):
    """Pages, workers and command lines all advance the queue whenever they like."""
    threads = [threading.Thread(target=submit, args=(workspace, run)) for run in more_runs]
    threads += [threading.Thread(target=queue.advance, args=(workspace,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses(workspace)) == ["queued", "queued", "running"]
    assert len(sleepers) == 1


def test_the_newest_job_of_a_run_comes_first(workspace, run, sleepers, finish):
    first = finish(submit(workspace, run))
    second = submit(workspace, run)
    assert [job.id for job in queue.jobs_of(run)] == [second.id, first.id]
    assert queue.live_job(workspace, run.id).id == second.id
    assert queue.live_job(workspace, "20200101-000000-aaaa") is None


def test_no_job_id_leads_out_of_the_folder(workspace):
    with pytest.raises(RunError):
        store.get(workspace, "../runs/x")


@pytest.mark.parametrize(
    ("slots", "before"), [(1, [0, 1, 2, 3]), (2, [0, 0, 1, 2]), (3, [0, 0, 0, 1]), (4, [0, 0, 0, 0])]
)
def test_how_many_jobs_must_end_before_one_starts(
    workspace, run, more_runs, sleepers, finish, monkeypatch, slots, before
):
    monkeypatch.setenv("ANNEAL_JOBS", str(slots))
    jobs = [submit(workspace, one) for one in (run, *more_runs)]
    assert [queue.jobs_before(workspace, job) for job in jobs] == before
    ended = 0
    last = jobs[-1]
    while store.get(workspace, last.id).status == "queued":  # the oracle: end jobs one by one until it starts
        finish(next(job for job in store.all_jobs(workspace) if job.status == "running"))
        queue.advance(workspace)
        ended += 1
    assert ended == before[-1]


def test_a_waiting_job_says_what_it_waits_for(workspace, more_runs, sleepers):
    first, second, third = (submit(workspace, run) for run in more_runs)
    said = [queue.waiting_for(workspace, job) for job in (first, second, third)]
    assert said == ["", "Waiting for 1 other job", "Waiting for 2 other jobs"]


def test_a_job_on_another_machine_is_lost_only_after_a_long_silence(workspace, run, sleepers):
    job = submit(workspace, run)
    store.write(workspace, job.model_copy(update={"pid": 12345, "start_time": 1.0, "host": "another-machine"}))
    queue.advance(workspace)
    assert store.get(workspace, job.id).status == "running"
    long_ago = time.time() - queue.SILENT_S - 60
    os.utime(store.job_path(workspace, job.id), (long_ago, long_ago))
    queue.advance(workspace)
    assert store.get(workspace, job.id).status == "lost"


def test_a_job_names_its_machine_only_under_torchrun(workspace, run, sleepers, monkeypatch):
    monkeypatch.setattr(queue, "world", lambda: World(0, 2, 0))
    job = submit(workspace, run, here=True)
    assert job.host == socket.gethostname()
    claimed = queue.claim(workspace, job.id)
    assert claimed is not None
    assert claimed.host == socket.gethostname()
    queue.advance(workspace)
    assert store.get(workspace, job.id).status == "running"


def test_the_clock_is_set_back_and_the_queue_keeps_its_order(workspace, more_runs, sleepers, monkeypatch):
    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=5)

    with monkeypatch.context() as ahead:
        ahead.setattr(queue, "datetime", Later)
        first = queue.submit(workspace, more_runs[0].id, EvaluateSpec())
    second = queue.submit(workspace, more_runs[1].id, EvaluateSpec())
    third = queue.submit(workspace, more_runs[2].id, EvaluateSpec())
    assert [job.id for job in store.all_jobs(workspace)] == [first.id, second.id, third.id]
    assert store.get(workspace, first.id).model_copy(update={"started": time.time() + 3600}).seconds == 0
