"""What is got ready ahead: small sets are decoded, large ones are left to their job."""

import threading
from pathlib import Path

import pytest

from core.jobs import warm
from core.workspace import Workspace
from pages.ui import ready
from tests.pages.made import new_run


def wait() -> None:
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.startswith("Thread"):
            thread.join(10)


@pytest.mark.parametrize(("most", "files"), [(ready.SMALL, 1), (10, 0)])
def test_a_small_set_is_decoded_before_anybody_asks(
    home: Path, monkeypatch: pytest.MonkeyPatch, most: int, files: int
) -> None:
    monkeypatch.setattr(ready, "SMALL", most)
    run = new_run(home)
    ready.decode_ahead(run.data(), 24, run.workspace)
    wait()
    assert len(list(run.workspace.pixels.glob("*.npy"))) == files


def test_pictures_that_are_gone_are_left_to_whoever_needs_them(home: Path) -> None:
    run = new_run(home)
    data = run.data()
    data.items[0].path.unlink()
    ready._decode(data, 24, run.workspace)
    assert not list(run.workspace.pixels.glob("*.npy"))


def test_the_first_page_comes_before_the_warm_process(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(warm, "start_warm", started.append)
    monkeypatch.setattr(ready, "PAUSE_S", 0.05)
    monkeypatch.setattr(ready, "MODULES", ("json",))
    monkeypatch.setattr(ready, "_asked", threading.Event())
    workspace = Workspace.at(home)
    ready.get_ready(workspace)
    assert not started
    wait()
    assert started == [workspace]
    ready.get_ready(workspace)
    assert started == [workspace, workspace]
