"""The LR finder in a real browser: a range test of digits, a click on its curve, fastai's curve on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shot
from tests.browser.test_main_job import LONG, button, no_errors, settle

pytestmark = pytest.mark.browser


def test_a_click_on_the_curve_chooses_a_rate_and_says_what_it_means(page: Page) -> None:
    page.goto("/lr_finder")
    expect(button(page, "Start with digits")).to_be_visible(timeout=60_000)
    button(page, "Start with digits").click()
    expect(button(page, "Find the learning rate")).to_be_visible(timeout=60_000)
    button(page, "Find the learning rate").click()
    expect(page.get_by_text("Another test")).to_be_visible(timeout=LONG)
    settle(page)
    chart = page.get_by_test_id("stVegaLiteChart").first
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    expect(page.get_by_text("Chosen rate:")).to_be_visible(timeout=60_000)
    settle(page)
    low = chosen(page)
    expect(page.get_by_text("on this curve.", exact=False).first).to_be_visible()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    unparted = low.replace("e-", "e-\u2060")
    expect(page.get_by_text(f"Chosen rate: {unparted}", exact=False)).to_have_count(0, timeout=60_000)
    settle(page)
    assert float(chosen(page)) > float(low)
    for width, scheme in ((1366, "light"), (480, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        settle(page)
        no_errors(page)
        shot(page, f"finder-chosen-{width}-{scheme}")
    page.get_by_text("fastai's curve", exact=True).click()
    settle(page)
    no_errors(page)
    shot(page, "finder-fastai-480-dark")


def chosen(page: Page) -> str:
    """The rate that the page says is chosen."""
    found = re.search(r"Chosen rate: (\S+)", page.get_by_test_id("stMain").inner_text().replace("\u2060", ""))
    assert found is not None
    return found.group(1)
