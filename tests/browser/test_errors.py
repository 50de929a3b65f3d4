"""In a real browser: the images behind the matrix, through them by keys, where it looks, and what is like them."""

import contextlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ROOT, shot
from tests.browser.test_main_job import LONG, button, no_errors, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(home: Path) -> str:
    """The id of a run on digits that still errs."""
    command = [sys.executable, "-m", "core", "train", "digits", "--lr", "0.003", "--home", str(home), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout)["id"])


def open_by(opener: Locator, dialog: Locator) -> None:
    """Click until the dialog is open: Streamlit loses a click where it draws the page again at that moment."""
    for _ in range(3):
        opener.click()
        with contextlib.suppress(AssertionError):
            expect(dialog).to_be_visible(timeout=20_000)
            return


def test_the_images_of_a_run_are_gone_through_by_keys(page: Page, run: str) -> None:
    page.goto(f"/confusion_matrix?run={run}")
    expect(page.get_by_text("The images", exact=True)).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Find the nearest training images").click()
    expect(page.get_by_text(re.compile("Each image that you look at has"))).to_be_visible(timeout=LONG)
    expect(page.locator(".st-key-job-line")).to_have_count(0, timeout=LONG)  # whose end may draw the page again
    settle(page)
    dialog = page.get_by_role("dialog")
    open_by(button(page, "Look"), dialog)
    expect(dialog.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible(timeout=60_000)
    expect(dialog.get_by_text("Nearest training images")).to_be_visible()
    first = dialog.get_by_text(re.compile(r"^Loss \d")).inner_text()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text(re.compile(r"^2 of \d+$"))).to_be_visible(timeout=60_000)
    assert dialog.get_by_text(re.compile(r"^Loss \d")).inner_text() != first
    page.keyboard.press("w")
    expect(dialog.get_by_text(re.compile("Bright parts speak for"))).to_be_visible(timeout=60_000)
    shot(page, "errors-look")
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible(timeout=60_000)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    no_errors(page)
