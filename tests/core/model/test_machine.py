"""The machine is tuned where it can be, and never stumbled over."""

import ctypes
import sys

import pytest
import torch

from core.model import machine


@pytest.fixture(autouse=True)
def _asked_anew():
    machine.tune_allocator.cache_clear()
    yield
    machine.tune_allocator.cache_clear()


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_glibc_accepts_the_thresholds():
    if not hasattr(ctypes.CDLL(None), "mallopt"):
        pytest.skip("this libc has no mallopt")
    assert machine.tune_allocator()


@pytest.mark.parametrize("error", [OSError, TypeError])
def test_elsewhere_nothing_happens(monkeypatch, error):
    def missing(_):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not machine.tune_allocator()


def test_a_libc_without_mallopt_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not machine.tune_allocator()


@pytest.mark.parametrize(("there", "kind"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_is_used_when_there_is_one(monkeypatch, there, kind):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert machine.device().type == kind
