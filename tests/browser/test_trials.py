"""Trials in a real browser: from a curve to a rate that was tried, across a reload."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shot
from tests.browser.test_main_job import LONG, button, no_errors, settle

pytestmark = pytest.mark.browser


def test_rates_are_tried_and_one_is_chosen(page: Page) -> None:
    page.set_default_timeout(LONG)
    page.goto("/lr_finder")
    settle(page)
    button(page, "Start with digits").click(timeout=LONG)
    button(page, "Find the learning rate").click(timeout=LONG)
    expect(page.get_by_role("heading", name="Try the rates")).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("textbox", name="Rates to try").fill("1e-3, 5e-3")
    page.get_by_text("A third of an epoch", exact=True).click()
    expect(page.get_by_text(re.compile("Trains 2 times for 6 batches"))).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Try them").click()
    expect(button(page, "Stop")).to_be_visible(timeout=60_000)
    page.reload()
    expect(page.get_by_text("How the rates were tried and judged")).to_be_visible(timeout=LONG)
    settle(page)
    no_errors(page)
    shot(page, "trials-digits")
    button(page, "Use 5e-3").click()
    expect(page.get_by_text(re.compile("Chosen rate: 5e-\u2060?3"))).to_be_visible(timeout=60_000)
    no_errors(page)
