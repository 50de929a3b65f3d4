"""A server for several people in a real browser: who has the cookie has the work, and nobody else."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.ui.hosting.cookie import COOKIE
from tests.browser.conftest import serve


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home: Path = tmp_path_factory.mktemp("hosted")
    with serve(home, "hosted.py", ANNEAL_HOSTED="1") as address:
        yield address


def visit(browser: Browser, address: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
    context.set_default_timeout(30_000)
    return context.new_page()


def test_work_survives_a_reload_and_a_new_tab_and_is_hidden_from_others(browser: Browser, hosted: str) -> None:
    mine, theirs = visit(browser, hosted), visit(browser, hosted)
    mine.goto("/")
    mine.get_by_role("button", name="Start with digits").click()
    mine.wait_for_url("**run=*")
    run = mine.url.partition("run=")[2].partition("&")[0]
    expect(mine.get_by_text("Run in hand", exact=True)).to_be_visible()

    mine.reload()
    expect(mine.get_by_text("Run in hand", exact=True)).to_be_visible()
    tab = mine.context.new_page()
    tab.goto("/runs")
    expect(tab.get_by_text("A run is one model's whole life")).to_be_visible()
    expect(tab.get_by_text("No runs yet.")).to_have_count(0)

    cookie = next(cookie for cookie in mine.context.cookies() if cookie["name"] == COOKIE)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    assert COOKIE not in mine.evaluate("document.cookie")

    theirs.goto(f"/training?run={run}")
    expect(theirs.get_by_text("There is no such run")).to_be_visible()
    expect(theirs.get_by_text("Run in hand", exact=True)).to_have_count(0)
    theirs.goto("/runs")
    expect(theirs.get_by_text("No runs yet.")).to_be_visible()
    for page in (mine, theirs):
        page.context.close()


def test_the_server_says_that_jobs_run(hosted: str) -> None:
    with urllib.request.urlopen(f"{hosted}/health/jobs", timeout=10) as answer:
        assert answer.read() == b'{"ok":true,"running":0,"waiting":0}'
