"""The machine's measurement: told as it goes, kept, and refused while something else computes."""

import os
from types import SimpleNamespace

import pytest

from core.errors import RunError
from core.jobs import benchmark, queue
from core.training import benchmark as measuring
from core.training.benchmark_result import LESSON, BenchmarkResult
from core.workspace import Workspace

FOUND = BenchmarkResult(decode=500, features=400, train=100, small=4000, device="a processor", threads=2, torch="2")


@pytest.fixture
def workspace(tmp_path):
    return Workspace.at(tmp_path / "home")


def test_what_was_measured_is_kept(workspace, monkeypatch):
    seen = []

    def measure(progress):
        progress("Decoding photos", 0, 4)
        under_way = benchmark.measured(workspace)
        assert under_way.running
        assert (under_way.what, under_way.done, under_way.total) == ("Decoding photos", 0, 4)
        return FOUND

    monkeypatch.setattr(measuring, "run_benchmark", measure)
    given = benchmark.run_here(workspace, lambda *said: seen.append(said))
    kept = benchmark.measured(workspace)
    assert seen == [("Decoding photos", 0, 4)]
    assert (kept.status, kept.speed) == ("done", given)
    assert not kept.running
    assert given["features"] == 400
    assert kept.when


def test_a_measurement_that_breaks_off_says_so(workspace, monkeypatch):
    def measure(progress):
        raise MemoryError("no room")

    monkeypatch.setattr(measuring, "run_benchmark", measure)
    with pytest.raises(MemoryError):
        benchmark.run_here(workspace)
    kept = benchmark.measured(workspace)
    assert (kept.status, kept.message) == ("failed", "no room")


def test_nothing_is_measured_beside_a_job(workspace, monkeypatch):
    monkeypatch.setattr(queue, "live_job", lambda workspace: SimpleNamespace(live=True))
    with pytest.raises(RunError, match=r"A job is at work, and would be measured too\. Measure when it has ended\."):
        benchmark.run_here(workspace)
    with pytest.raises(RunError, match="A job is at work"):
        benchmark.begin(workspace)
    assert benchmark.measured(workspace) is None


def test_a_damaged_file_or_a_process_that_is_gone_is_no_measurement_under_way(workspace):
    workspace.root.mkdir(parents=True, exist_ok=True)
    (workspace.root / "speed.json").write_text("{")
    assert benchmark.measured(workspace) is None
    (workspace.root / "speed.json").write_text(f'{{"status": "running", "pid": {os.getpid()}, "start_time": 1.0}}')
    assert not benchmark.measured(workspace).running


def test_the_lesson_takes_what_its_parts_take():
    """Decoded once; through the network 1,300 + 3,000 + 8 x 300 times; trained on 7 x 1,000 and 75 x 32."""
    assert LESSON == (1000, 300)
    assert FOUND.lesson_seconds == pytest.approx(1300 / 500 + 6700 / 400 + 9400 / 100)


def test_every_part_is_measured(monkeypatch):
    monkeypatch.setattr(measuring, "SECONDS", 0.0)
    monkeypatch.setattr(measuring, "SIZE", 32)
    monkeypatch.setattr(measuring, "BATCH", 4)
    told = []
    found = measuring.run_benchmark(lambda what, done, total: told.append((done, total)))
    assert min(found.decode, found.features, found.train, found.small) > 0
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert found.device
    assert found.threads >= 1
    assert found.to_json()["lesson_seconds"] == found.lesson_seconds
    assert BenchmarkResult.model_validate(found.to_json()) == found
