"""In a real browser: a run's report is downloaded and opens by itself; a whole run is carried back and opened."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.workspace import Workspace
from pages.ui.runs.take_away import TITLE
from tests.browser.conftest import shot
from tests.browser.test_main_job import button, no_errors, settle
from tests.pages.made import evaluate, new_run, range_tested, train

pytestmark = pytest.mark.browser


def download(page: Page, place: Path, form: str) -> Path:
    """Prepare the file of that form, and download it; the button for the one before goes when this one is there."""
    page.locator(f".st-key-prepare-{form} button").click()
    ready = page.locator(f".st-key-download-{form} button")
    expect(ready).to_be_visible(timeout=60_000)
    with page.expect_download() as found:
        ready.click()
    path = place / found.value.suggested_filename
    found.value.save_as(path)
    return path


def test_a_report_and_a_run_are_taken_away_and_the_run_is_opened_again(page: Page, home: Path, tmp_path: Path) -> None:
    run = new_run(home)
    train(run)
    (run.path / "checkpoint.safetensors").unlink()
    range_tested(run, suggested=True)
    evaluate(run)
    page.goto(f"/training?run={run.id}")
    page.get_by_role("tab", name="Take it away").click(timeout=60_000)
    page.get_by_text(TITLE).click()
    settle(page)
    report = download(page, tmp_path, "report")
    whole = download(page, tmp_path, "run")
    no_errors(page)
    shot(page, "take-away")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    drawn = page.locator("img")
    assert drawn.count() >= 5
    assert drawn.evaluate_all("images => images.every(image => image.complete && image.naturalWidth > 0)")
    assert {address.partition(":")[0] for address in asked} <= {"file", "data"}

    page.goto("/runs")
    page.get_by_text("Open a run from another machine").click(timeout=60_000)
    page.locator("input[type=file]").set_input_files(whole)
    expect(page.get_by_role("button", name=f"Remove {whole.name}")).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Open it").click()
    expect(page.get_by_text(re.compile("was opened: its images are not here yet"))).to_be_visible(timeout=60_000)
    settle(page)
    no_errors(page)
    assert len(list(Workspace.at(home).runs.glob("2*"))) >= 2
