"""Jobs in processes of their own, as an app starts them."""

import os
import signal
import threading
import time

import psutil
import pytest

from core.data.index import load_data
from core.errors import RunError, WorkspaceError
from core.jobs import execute, queue, store, warm, worker
from core.jobs.control import JobControl
from core.jobs.execute import run_here
from core.jobs.specs import EvaluateSpec, TrainSpec
from core.jobs.store import JobProgress
from core.process import launch, threads
from core.process.identity import ProcessId, alive, this_process
from core.runs.create import create_run
from core.workspace import Workspace
from tests.core.jobs.test_train import TWO, plan, same_numbers, same_weights, stage, uninterrupted

__all__ = ["uninterrupted"]

LONG = plan(stage(cycle_len=500))


def wait_for(what, seconds=120.0):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)
    return found


def ended(workspace, job):
    def look():
        queue.advance(workspace)
        now = store.get(workspace, job.id)
        return None if now.live else now

    return wait_for(look)


@pytest.fixture(scope="module")
def warm_workspace(tmp_path_factory):
    workspace = Workspace.at(tmp_path_factory.mktemp("warm"))
    warm.start_warm(workspace)
    wait_for(lambda: warm.is_warm(workspace))
    yield workspace
    warm.stop_warm(workspace)


@pytest.fixture
def warm_runs(warm_workspace, squares):
    data = load_data(str(squares), warm_workspace)
    yield [create_run(warm_workspace, data, backbone="small_cnn", size=16, pretrained=False) for _ in range(2)]
    for job in store.all_jobs(warm_workspace):
        if job.status == "running" and alive(job.pid, job.start_time):
            os.kill(job.pid, signal.SIGKILL)


def test_killed_in_a_forked_worker_and_continued_in_another(warm_workspace, warm_runs, uninterrupted):
    workspace, run = warm_workspace, warm_runs[0]
    job = queue.submit(workspace, run.id, TWO)
    wait_for(lambda: len(run.history.steps) > 7)
    os.kill(job.pid, signal.SIGKILL)
    lost = ended(workspace, job)
    assert lost.status in ("lost", "done")
    if lost.status == "lost":
        assert queue.jobs_of(run)[0].status == "lost"
        assert run.state.unfinished
        assert ended(workspace, queue.submit(workspace, run.id, TrainSpec())).status == "done"
    same_numbers(run.history, uninterrupted.history)
    same_weights(run, uninterrupted)
    assert "train (job" in run.log_tail()


def test_stop_and_the_next_in_the_queue(warm_workspace, warm_runs):
    workspace, (run, other) = warm_workspace, warm_runs
    first = queue.submit(workspace, run.id, LONG)
    second = queue.submit(workspace, other.id, plan(stage()))
    wait_for(lambda: len(run.history.steps))
    assert store.get(workspace, first.id).pid == first.pid == os.getpgid(first.pid)
    assert os.getpriority(os.PRIO_PROCESS, first.pid) == max(threads.NICE, os.nice(0))  # pages go first
    queue.stop(workspace, first.id)
    assert ended(workspace, first).status == "stopped"
    assert len(run.history.steps) < 500 * 6
    assert ended(workspace, second).status == "done"
    progress = store.get(workspace, second.id).progress
    assert progress.share == 1
    wait_for(lambda: not alive(first.pid, first.start_time))


def test_a_worker_started_cold_says_what_went_wrong(workspace, run, squares, tmp_path):
    job = queue.submit(workspace, run.id, plan({**stage(), "lr": [0.1, 0.1, 0.1, 0.1, 0.1]}))
    failed = ended(workspace, job)
    assert failed.status == "failed"
    assert "learning rates were given" in failed.message
    assert "Traceback" in run.log_tail()
    assert queue.jobs_of(run)[0].status == "failed"


def test_terminated_in_the_middle_it_is_stopped(warm_workspace, warm_runs):
    run = warm_runs[0]
    job = queue.submit(warm_workspace, run.id, LONG)
    wait_for(lambda: len(run.history.steps))
    os.killpg(job.pid, signal.SIGTERM)
    assert ended(warm_workspace, job).status == "stopped"


def test_one_warm_process_at_most(warm_workspace):
    first = launch.ask(warm_workspace, {"do": "hello"})
    for _ in range(3):
        warm._asked.clear()
        warm.start_warm(warm_workspace)
    assert first == launch.ask(warm_workspace, {"do": "hello"})
    assert launch.socket_path(warm_workspace).stat().st_mode & 0o777 == 0o600


def zombies(process):
    return {child.pid for child in process.children() if child.status() == psutil.STATUS_ZOMBIE}


def test_workers_that_have_ended_are_no_zombies_of_the_warm_process(warm_workspace, warm_runs):
    job = queue.submit(warm_workspace, warm_runs[0].id, plan(stage()))
    assert ended(warm_workspace, job).status == "done"
    (process,) = [psutil.Process(child.pid) for child in launch._children if "core.jobs.warm" in child.args]
    assert store.get(warm_workspace, job.id).pid not in {process.pid, os.getpid()}
    wait_for(lambda: not zombies(process))


def test_a_long_path_has_its_socket_elsewhere(tmp_path):
    deep = Workspace.at(tmp_path / ("x" * 120))
    path = launch.socket_path(deep)
    assert len(os.fsencode(path)) < 104
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path != launch.socket_path(Workspace.at(tmp_path / ("y" * 120)))


def test_a_warm_process_knows_when_nobody_wants_it(workspace, monkeypatch):
    assert workspace.jobs.is_dir()
    own = this_process()
    server = warm._Server(workspace, own, 0)
    try:
        assert server.wanted()
        monkeypatch.setattr(warm, "IDLE_S", 0)
        assert not server.wanted()
        monkeypatch.undo()
        server.owners = {ProcessId(own.pid, own.start_time - 100)}
        assert not server.wanted()
        server.owners = {own}
        assert server.wanted()
        server.path.unlink()
        assert not server.wanted()
    finally:
        server.listening.close()


def test_without_a_warm_process_nobody_answers(workspace):
    assert launch.ask(workspace, {"do": "hello"}) is None
    launch.socket_path(workspace).parent.mkdir(parents=True, exist_ok=True)
    launch.socket_path(workspace).write_text("not a socket")
    assert launch.ask(workspace, {"do": "hello"}) is None


def test_a_worker_has_big_pages_and_finds_core(monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    known = launch.environment()
    assert known["GLIBC_TUNABLES"] == "glibc.malloc.arena_max=2:glibc.malloc.hugetlb=1"
    assert known["GOMP_SPINCOUNT"] == launch.SPINS
    assert known["PYTHONPATH"].split(os.pathsep) == [str(launch.CODE), "/elsewhere"]


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (WorkspaceError("The disk is full."), "failed", "The disk is full."),
        (ValueError("odd"), "failed", "unexpected went wrong (ValueError: odd)"),
        (MemoryError(), "failed", "ran out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "failed", "ran out of memory"),
        (worker.TerminatedError(), "stopped", "middle of a batch"),
    ],
)
def test_however_it_ends_it_is_written_down(run, workspace, monkeypatch, error, status, words):
    def fail(*_):
        raise error

    monkeypatch.setattr(execute, "run_job", fail)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    queued = queue.submit(workspace, run.id, EvaluateSpec(), here=True)
    worker.work(run, queue.claim(workspace, queued.id))
    job = store.get(workspace, queued.id)
    assert job.status == status
    assert words in job.message


def test_a_worker_without_a_job_to_do_goes_away(run, workspace, capsys, monkeypatch):
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    home = ["--home", str(workspace.root)]
    assert worker.main([str(run.path), *home]) == 1
    assert worker.main([str(run.path), "--job", "20200101-000000-000000-aaaa", *home]) == 1
    assert worker.main([str(run.path.parent / "none"), *home]) == 1


def test_the_first_step_is_written_at_once_and_others_now_and_then(run, workspace):
    job = queue.submit(workspace, run.id, EvaluateSpec(), here=True)
    control = JobControl(run, queue.claim(workspace, job.id))
    control.report(JobProgress(what="Stage 1", done=0, total=9), now=True)
    told = []
    for done in (1, 2, 3):
        control.report(JobProgress(what="Stage 1", done=done, total=9))
        told.append(store.get(workspace, job.id).progress.done)
    assert told == [1, 1, 1]
    control.report(JobProgress(what="Stage 1", done=9, total=9), now=True)
    assert store.get(workspace, job.id).progress.done == 9


def test_a_long_log_is_cut_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "LONGEST_LOG", 1000)
    log = tmp_path / "log.txt"
    log.write_text("".join(f"{n:04d}\n" for n in range(1000)))
    worker._trim(log)
    assert log.read_text().startswith("0900\n")


def test_here_with_progress(run, workspace):
    heard = []
    job = run_here(workspace, run.id, plan(stage()), progress=lambda *said: heard.append(said))
    assert job.status == "done"
    assert ("Stage 1 of 1, epoch 1 of 1", 6, 6) in heard
    assert queue.live_job(workspace) is None


def test_here_a_failure_is_raised_and_written_down(run, workspace):
    with pytest.raises(RunError, match="Nothing has been trained"):
        run_here(workspace, run.id, EvaluateSpec())
    (job,) = queue.jobs_of(run)
    assert job.status == "failed"
    assert "Nothing has been trained" in job.message


def test_here_another_app_can_stop_it(run, workspace):
    def stop_soon():
        wait_for(lambda: len(run.history.steps))
        queue.stop(workspace, queue.live_job(workspace).id)

    thread = threading.Thread(target=stop_soon)
    thread.start()
    assert run_here(workspace, run.id, LONG).status == "stopped"
    thread.join()


def test_here_ctrl_c_stops_after_the_batch_and_keeps_all(run, workspace):
    def interrupt(what, done, total):
        if done == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="kept"):
        run_here(workspace, run.id, plan(stage()), progress=interrupt)
    assert len(run.history.steps) == 4
    assert run_here(workspace, run.id, TrainSpec()).status == "done"
    assert run.history.steps["step"].tolist() == [1, 2, 3, 4, 5, 6]


def test_here_ctrl_c_in_the_queue_leaves_it(run, workspace, data, sleepers):
    other = create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False)
    queue.submit(workspace, other.id, EvaluateSpec())
    with pytest.raises(KeyboardInterrupt):
        run_here(workspace, run.id, EvaluateSpec(), progress=lambda *_: signal.raise_signal(signal.SIGINT))
    assert queue.live_job(workspace, run.id) is None


def test_a_warm_process_of_other_code_gives_way(warm_workspace, monkeypatch):
    monkeypatch.setattr(launch, "code_version", lambda: "other")
    assert not warm.is_warm(warm_workspace)
    monkeypatch.undo()
    wait_for(lambda: not warm.is_warm(warm_workspace))
    started = {child.pid for child in launch._children}
    assert started
    wait_for(lambda: queue.advance(warm_workspace) or not started & zombies(psutil.Process()))
