"""The benchmark of the machine: reported as it runs, kept, and never beside a job or another benchmark."""

import os
import threading

import pytest

from core.errors import RunError
from core.jobs import benchmark, queue, store
from core.jobs.benchmark_state import BenchmarkState, is_running, read_state, write_state
from core.jobs.specs import EvaluateSpec
from core.process.identity import start_time, this_process
from core.training import benchmark as parts
from core.training.benchmark_result import LESSON, BenchmarkResult

FOUND = BenchmarkResult(decode=500, features=400, train=100, small=4000, device="a processor", threads=2, torch="2")
BESIDE = r"A benchmark of this machine is running\. Wait until it has ended\."


@pytest.fixture
def running(workspace):
    """A benchmark runs in another process, this one's parent."""
    write_state(workspace, BenchmarkState(status="running", pid=os.getppid(), start_time=start_time(os.getppid())))


def test_what_was_found_is_kept(workspace, monkeypatch):
    seen = []

    def run_benchmark(progress):
        progress("Decoding photos", 0, 4)
        under_way = read_state(workspace)
        assert under_way.running
        assert (under_way.what, under_way.done, under_way.total) == ("Decoding photos", 0, 4)
        return FOUND

    monkeypatch.setattr(parts, "run_benchmark", run_benchmark)
    given = benchmark.run_here(workspace, lambda *said: seen.append(said))
    kept = read_state(workspace)
    assert seen == [("Decoding photos", 0, 4)]
    assert (kept.status, kept.result) == ("done", given) == ("done", FOUND)
    assert not kept.running
    assert kept.when


def test_one_that_breaks_off_says_so(workspace, monkeypatch):
    def run_benchmark(progress):
        raise MemoryError("no room")

    monkeypatch.setattr(parts, "run_benchmark", run_benchmark)
    with pytest.raises(MemoryError):
        benchmark.run_here(workspace)
    kept = read_state(workspace)
    assert (kept.status, kept.message) == ("failed", "no room")


def test_it_does_not_run_beside_a_job(workspace, run, sleepers):
    queue.submit(workspace, run.id, EvaluateSpec())
    for start in (benchmark.run_here, benchmark.begin):
        with pytest.raises(RunError, match=r"A job is at work, and would slow the benchmark down\."):
            start(workspace)
    assert read_state(workspace) is None


def test_two_do_not_run_at_once(workspace, running):
    for start in (benchmark.run_here, benchmark.begin):
        with pytest.raises(RunError, match=BESIDE):
            start(workspace)


def test_of_many_that_begin_at_once_one_runs(workspace, monkeypatch):
    started, refused = [], []
    own = this_process()

    def detached(*_, **__):
        started.append(1)
        return own.pid

    def begin():
        try:
            benchmark.begin(workspace)
        except RunError as error:
            refused.append(str(error))

    monkeypatch.setattr(benchmark, "detached", detached)
    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(started), len(refused)) == (1, 7)


def test_the_process_that_was_started_for_it_may_run_it(workspace, monkeypatch):
    monkeypatch.setattr(benchmark, "detached", lambda *_, **__: os.getpid())
    monkeypatch.setattr(parts, "run_benchmark", lambda progress: FOUND)
    benchmark.begin(workspace)
    assert is_running(workspace)
    assert benchmark.run_here(workspace) == FOUND


def test_a_job_submitted_meanwhile_starts_when_it_has_ended(workspace, run, sleepers, monkeypatch):
    def run_benchmark(progress):
        job = queue.submit(workspace, run.id, EvaluateSpec())
        assert job.status == "queued"
        assert queue.waiting_for(workspace, job) == "Waiting for the benchmark of this machine"
        assert not sleepers
        return FOUND

    monkeypatch.setattr(parts, "run_benchmark", run_benchmark)
    benchmark.run_here(workspace)
    assert [job.status for job in store.all_jobs(workspace)] == ["running"]
    assert len(sleepers) == 1


def test_a_command_waits_for_it_too(workspace, run, running):
    job = queue.submit(workspace, run.id, EvaluateSpec(), here=True)
    assert queue.claim(workspace, job.id) is None
    write_state(workspace, BenchmarkState(status="failed"))
    assert queue.claim(workspace, job.id) is not None


def test_a_damaged_file_or_a_process_that_is_gone_is_no_benchmark_under_way(workspace):
    workspace.root.mkdir(parents=True, exist_ok=True)
    file = workspace.root / "benchmark.json"
    file.write_text("{")
    assert read_state(workspace) is None
    file.write_text(f'{{"status": "running", "pid": {os.getpid()}, "start_time": 1.0}}')
    assert not is_running(workspace)


def test_the_lesson_takes_what_its_parts_take():
    """Decoded once; through the network 1,300 + 3,000 + 8 x 300 times; trained on 7 x 1,000 and 45 x 32."""
    assert LESSON == (1000, 300)
    assert FOUND.lesson_seconds == pytest.approx(1300 / 500 + 6700 / 400 + 6040 / 100)


def test_every_part_is_measured(monkeypatch):
    monkeypatch.setattr(parts, "SECONDS", 0.0)
    monkeypatch.setattr(parts, "SIZE", 32)
    monkeypatch.setattr(parts, "BATCH", 4)
    reported = []
    found = parts.run_benchmark(lambda what, done, total: reported.append((done, total)))
    assert min(found.decode, found.features, found.train, found.small) > 0
    assert reported == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert found.device
    assert found.threads >= 1
    assert found.model_dump()["lesson_seconds"] == found.lesson_seconds
