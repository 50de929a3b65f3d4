"""Threads: results in order, no more ahead than needed, errors and stops end it."""

import threading

import pytest

from core.data.parallel import in_threads, workers
from core.workspace import no_progress


def test_results_come_in_order_with_progress() -> None:
    told: list[int] = []
    results = in_threads(lambda n: n * n, range(100), "x", lambda _, done, total: told.append(done), chunk=7)
    assert list(results) == [n * n for n in range(100)]
    assert told[-1] == 100
    assert told == sorted(told)
    assert list(in_threads(lambda n: n, [], "x", no_progress)) == []


def test_only_a_few_slices_are_worked_ahead() -> None:
    begun: set[int] = set()
    lock = threading.Lock()

    def work(n: int) -> int:
        with lock:
            begun.add(n)
        return n

    results = in_threads(work, range(10_000), "x", no_progress, chunk=2)
    next(results)
    assert len(begun) <= 2 * (3 * workers() + 1)
    results.close()
    after = len(begun)
    assert after < 10_000


def test_the_first_error_is_raised() -> None:
    def work(n: int) -> int:
        if n == 5:
            raise ValueError("five")
        return n

    with pytest.raises(ValueError, match="five"):
        list(in_threads(work, range(100), "x", no_progress))
