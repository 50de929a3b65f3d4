"""In a real browser: what the restarts did; then a branch, one thing changed and one click, beside its original."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shot
from tests.browser.test_main_job import LONG, button, no_errors, plan_digits, settle

pytestmark = pytest.mark.browser


def test_the_restarts_and_what_if_the_rate_had_been_three_times_as_high(page: Page) -> None:
    plan_digits(page)
    button(page, "Edit").click(timeout=60_000)
    page.get_by_role("radio", name="Cosine, restarts").or_(button(page, "Cosine, restarts")).first.click()
    settle(page)
    cycles = page.get_by_role("spinbutton", name="Cycles")
    cycles.fill("3")
    cycles.press("Enter")
    settle(page)
    epochs = page.get_by_role("spinbutton", name="Epochs per cycle")
    epochs.fill("1")
    epochs.press("Enter")
    settle(page)
    button(page, "Start training").click()
    expect(page.get_by_text("Training is done")).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("button", name=re.compile("Walk between the last 3 snapshots")).click()
    expect(page.get_by_text(re.compile("2 steps from snapshot to snapshot"))).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("The mean of their weights has"))).to_be_visible()
    settle(page)
    expect(page.get_by_text(re.compile("What if"))).to_be_visible(timeout=60_000)
    begins = page.get_by_role("combobox", name="From")
    begins.scroll_into_view_if_needed()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # a scroll closes it
    begins.click()
    page.get_by_role("option", name="cycle-2").click()
    settle(page)
    button(page, "Train the branch").click()
    expect(page.get_by_text("The branch and its original")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Training is done")).to_be_visible(timeout=LONG)
    expect(page.get_by_text(re.compile("for the original.*for this branch"))).to_be_visible(timeout=60_000)
    settle(page)
    no_errors(page)
    for width, scheme in ((1366, "light"), (480, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        settle(page)
        page.get_by_text("The branch and its original").scroll_into_view_if_needed()
        shot(page, f"branch-{width}-{scheme}")
