"""Home says what this machine does, once it was measured."""

import os

import pytest

from core.jobs import benchmark
from core.process.identity import start_time
from core.workspace import Workspace, write_json
from tests.pages.conftest import open_page

SPEED = {"decode": 500.4, "features": 401, "train": 101, "small": 4321, "device": "*a* processor", "threads": 2,
         "torch": "2"}  # fmt: skip


def keep(**values: object) -> None:
    write_json(Workspace.at().root / "benchmark.json", values)


def test_it_offers_to_measure() -> None:
    at = open_page()
    assert at.button(key="measure").label == "Measure this machine"


def test_a_click_starts_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(benchmark, "detached", lambda module, log, anew: asked.append(module) or os.getpid())
    at = open_page()
    at.button(key="measure").click().run()
    assert not at.exception
    assert asked == [["core", "benchmark", "--home", str(Workspace.at().root)]]
    assert at.get("progress")


def test_what_was_measured_is_shown() -> None:
    keep(status="done", result=SPEED, when="2026-01-02T10:00:00+00:00")
    at = open_page()
    assert [metric.value for metric in at.metric] == ["500/s", "401/s", "101/s", "4,321/s"]
    assert any("about 79 s" in caption.value and r"\*a\*" in caption.value for caption in at.caption)
    assert at.button(key="measure").label == "Measure again"


def test_one_under_way_shows_how_far_it_is() -> None:
    keep(status="running", what="Features of photos", done=1, total=4, pid=os.getpid(),
         start_time=start_time(os.getpid()))  # fmt: skip
    at = open_page()
    assert not at.exception
    assert "Features of photos" in at.get("progress")[0].proto.text
    assert "measure" not in [button.key for button in at.button]


def test_one_that_broke_off_can_be_repeated() -> None:
    keep(status="failed", message="no room")
    at = open_page()
    assert any("broke off" in caption.value and "no room" in caption.value for caption in at.caption)
    assert at.button(key="measure").label == "Measure again"
