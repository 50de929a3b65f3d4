"""The page of the host is closed without the token, and shows and stops what it should with it."""

import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.data.index import load_data
from core.hosting.visitors import new_id, workspace_of
from core.jobs import queue, store
from core.jobs.specs import EvaluateSpec
from core.process import launch
from core.runs.create import create_run
from core.upkeep import health
from core.workspace import Workspace
from pages.ui.hosting import admin
from pages.ui.hosting.around import HEALTH, routes
from tests.pages.conftest import open_page

TOKEN = "a-token-of-27-characters-xy"


@pytest.fixture
def host(home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ANNEAL_HOSTED", "1")
    monkeypatch.setenv("ANNEAL_HOST_TOKEN", TOKEN)
    monkeypatch.setattr("core.data.embedded.SHAPES_A_CLASS", 6)
    monkeypatch.setattr(admin, "WRONG_S", 0.0)
    monkeypatch.setattr(launch, "start_worker", lambda *_: os.getpid())
    return Workspace.at(home)


def visitor_with_jobs(host: Workspace, count: int) -> Workspace:
    visitor = workspace_of(host, new_id(host))
    data = load_data("shapes:easy", visitor)
    for _ in range(count):
        run = create_run(visitor, data, backbone="small_cnn", size=32, pretrained=False)
        queue.submit(visitor, run.id, EvaluateSpec())
    return visitor


def give(at: AppTest, token: str) -> AppTest:
    at.text_input[0].set_value(token)
    return at.button[0].click().run()


def said(at: AppTest) -> str:
    kinds = ("markdown", "caption", "error", "info", "success", "warning")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))


def test_nothing_is_shown_without_the_token(host: Workspace) -> None:
    visitor = visitor_with_jobs(host, 1)
    at = open_page("host")
    assert not at.exception
    assert not at.metric
    for wrong in ("", "x", TOKEN[:-1], TOKEN + " ", TOKEN.upper()):
        at = give(open_page("host"), wrong)
        assert "That is not the token" in said(at)
        assert not at.metric
        assert visitor.root.name[:8] not in said(at)


def test_the_token_is_compared_in_constant_time_and_none_opens_nothing(monkeypatch) -> None:
    compared = []
    monkeypatch.setattr(admin.hmac, "compare_digest", lambda *both: compared.append(both) or False)
    assert not admin.is_right("x", TOKEN)
    assert compared == [(b"x", TOKEN.encode())]
    assert not admin.is_right("", "")
    assert len(compared) == 1


def test_a_server_without_a_token_keeps_it_closed(host: Workspace, monkeypatch) -> None:
    monkeypatch.setenv("ANNEAL_HOST_TOKEN", "")
    at = open_page("host")
    assert "This page is closed" in said(at)
    assert not at.text_input


def test_wrong_tokens_cost_time(host: Workspace, monkeypatch) -> None:
    slept = []
    monkeypatch.setattr(admin.time, "sleep", slept.append)
    monkeypatch.setattr(admin, "WRONG_S", 1.0)
    give(open_page("host"), "wrong")
    assert 1.0 in slept


def test_with_the_token_visitors_jobs_and_disk_are_shown_and_jobs_stopped(host: Workspace) -> None:
    visitor = visitor_with_jobs(host, 2)
    at = give(open_page("host"), TOKEN)
    assert not at.exception
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures["Visitors"] == "1 of 500"
    assert (figures["Jobs running"], figures["Jobs waiting"]) == ("1", "1")
    assert visitor.root.name[:8] in set(at.dataframe[0].value["Visitor"])
    assert visitor.root.name not in said(at)
    before = [job.status for job in store.all_jobs(visitor)]
    stops = [button for button in at.button if button.label == "Stop"]
    assert len(stops) == sum(status in ("running", "queued") for status in before)
    stops[-1].click().run()
    assert [job.status for job in store.all_jobs(visitor)].count("stopped") == before.count("stopped") + 1


def test_a_visitors_data_are_removed_from_there(host: Workspace) -> None:
    visitor, other = (workspace_of(host, new_id(host)) for _ in range(2))
    at = give(open_page("host"), TOKEN)
    at.selectbox[0].set_value(visitor.root.name[:8])
    next(button for button in at.button if button.label == "Remove").click().run()
    assert not at.exception
    assert not visitor.root.exists()
    assert other.root.exists()


def test_on_a_machine_of_ones_own_there_is_nothing_to_host(home: Path) -> None:
    at = open_page("host")
    assert "for one person here" in said(at)
    assert not at.text_input


def test_the_address_says_whether_jobs_run_and_no_more(host: Workspace, monkeypatch) -> None:
    visitor_with_jobs(host, 0)
    client = TestClient(Starlette(routes=routes()))
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "running": 0, "waiting": 0})
    monkeypatch.setattr(health, "_free_disk", lambda workspace: 0)
    answer = client.get(HEALTH)
    assert (answer.status_code, answer.json()["ok"]) == (503, False)
    assert str(host.root) not in answer.text
