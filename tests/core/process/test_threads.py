"""The allocator is tuned where it can be, and elsewhere left alone."""

import ctypes
import sys

import pytest
import torch

from core.process import threads


@pytest.fixture(autouse=True)
def _asked_anew():
    threads.tune_allocator.cache_clear()
    yield
    threads.tune_allocator.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_glibc_accepts_the_thresholds():
    if not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("this libc has no mallopt")
    assert threads.tune_allocator()


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_elsewhere_nothing_happens(monkeypatch, error):
    def missing(_):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not threads.tune_allocator()


def test_a_libc_without_mallopt_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not threads.tune_allocator()


def test_one_thread_for_a_block_and_as_many_as_before_after_it():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with threads.one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
