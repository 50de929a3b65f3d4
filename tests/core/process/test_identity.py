"""A process is told by its start, whatever happens to the clock."""

import os
import subprocess
import sys

import psutil
import pytest

from core.process.identity import alive, start_time, this_process


def test_this_process_lives():
    own = this_process()
    assert own.pid == os.getpid()
    assert alive(*own)
    assert not alive(own.pid, own.start_time - 60)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the start is told by the clock")
def test_the_clock_is_set_back(monkeypatch):
    own = this_process()
    assert own.start_time < psutil.Process().create_time() - psutil.boot_time() + 3
    for hours in (-24, 1):
        monkeypatch.setattr(psutil.Process, "create_time", lambda process, hours=hours: 1.8e9 + 3600 * hours)
        assert alive(*own)


def test_a_start_time_of_an_earlier_version_is_since_1970():
    assert alive(os.getpid(), psutil.Process().create_time())
    assert not alive(os.getpid(), psutil.Process().create_time() - 60)


def test_a_process_that_has_ended():
    child = subprocess.Popen([sys.executable, "-c", ""])
    began = start_time(child.pid)
    child.wait()
    assert not alive(child.pid, began)
    assert start_time(child.pid) == 0.0
    assert not alive(None, began)
    assert not alive(child.pid, None)
