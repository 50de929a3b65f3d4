"""A first visit in a real browser: from Home along the buttons at the pages' ends; words that explain themselves."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import shot
from tests.browser.test_main_job import LONG, button, no_errors, settle

pytestmark = pytest.mark.browser

PAINTED = """() => {
  const found = [...document.querySelectorAll("[data-testid=stMain] button")]
  const primary = found.filter(b => /^primary/.test(b.getAttribute("kind")) && !b.disabled && b.offsetParent)
  return primary.filter(b => getComputedStyle(b).backgroundColor !== "rgba(0, 0, 0, 0)").map(b => b.innerText)
}"""
"""The words of the buttons that are painted as the page's primary one."""


def following(page: Page) -> Locator:
    """The button to the next page."""
    return page.get_by_test_id("stMain").get_by_role("button", name=re.compile("Next: "))


def go_on(page: Page, heading: str) -> None:
    """Click it, and wait for the next page."""
    following(page).click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(timeout=60_000)
    settle(page)
    no_errors(page)


def one_primary(page: Page) -> str:
    """The words of the only primary button."""
    settle(page)
    found: list[str] = page.evaluate(PAINTED)
    assert len(found) == 1, found
    return found[0]


def test_a_first_visit_leads_from_the_learning_rate_to_the_results(page: Page) -> None:
    page.goto("/")
    expect(following(page)).to_be_visible(timeout=60_000)
    assert "see what a learning rate does" in one_primary(page)
    go_on(page, "Learning rate")
    assert "choose your data" in one_primary(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_role("heading", name="Anneal", exact=True)).to_be_visible()
    settle(page)
    button(page, "Start with digits").click()
    expect(page.get_by_role("heading", name="Learning rate", exact=True)).to_be_visible(timeout=60_000)
    settle(page)
    assert "look at the images" in one_primary(page)
    go_on(page, "Data")
    assert "find the rate" in one_primary(page)
    go_on(page, "LR finder")
    assert "Find the learning rate" in one_primary(page)
    button(page, "Find the learning rate").click()
    expect(page.get_by_text("Another test")).to_be_visible(timeout=LONG)
    one_primary(page)
    go_on(page, "Training")
    assert "Start training" in one_primary(page)
    button(page, "Start training").click()
    expect(page.get_by_text("What to train next")).to_be_visible(timeout=LONG)
    go_on(page, "Confusion matrix")
    assert "add augmentation" in one_primary(page)
    page.get_by_test_id("stSidebar").get_by_role("link", name="Home", exact=True).click()
    expect(page.get_by_text("2 of 4 steps taken")).to_be_visible(timeout=60_000)
    assert "add augmentation" in one_primary(page)
    shot(page, "home-digits-trained")


def test_a_word_opens_with_the_keyboard_and_shows_its_picture(page: Page) -> None:
    page.goto("/learning_rate")
    word = page.get_by_test_id("stMain").get_by_role("button", name=re.compile("^loss"))
    expect(word).to_be_visible(timeout=60_000)
    settle(page)
    word.focus()
    page.keyboard.press("Enter")
    meaning = page.get_by_test_id("stPopoverBody")
    expect(meaning).to_contain_text("the lower, the better")
    picture = meaning.get_by_role("img", name=re.compile("probability"))
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 0
    page.keyboard.press("Escape")
    expect(meaning).to_have_count(0)
    expect(word).to_be_focused()


@pytest.mark.parametrize("width", [480, 1366])
def test_no_word_lies_under_another_thing(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/training")
    words = page.locator(".st-key-words").get_by_role("button")
    expect(words).to_have_count(11, timeout=60_000)  # ten, and "All words"
    settle(page)
    for word in words.all():
        word.click(trial=True, timeout=5_000)


def test_all_words_are_found_by_a_piece_of_their_meaning(page: Page) -> None:
    page.goto("/")
    settle(page)
    button(page, "All words").click()
    dialog = page.get_by_role("dialog")
    find = dialog.get_by_role("textbox", name="Find a word")
    expect(dialog.get_by_text(re.compile(r"^Epoch\."))).to_be_visible()
    find.fill("restart")
    find.press("Enter")
    expect(dialog.get_by_text(re.compile(r"^Epoch\."))).to_have_count(0, timeout=60_000)
    expect(dialog.get_by_text(re.compile("restart", re.IGNORECASE)).first).to_be_visible(timeout=60_000)
    find.fill("no such word")
    find.press("Enter")
    expect(dialog.get_by_text("No word here has that in it. Try a shorter piece of it.")).to_be_visible(timeout=60_000)
    no_errors(page)


def test_overfitting_is_one_click_away(page: Page) -> None:
    page.goto("/")
    settle(page)
    button(page, "Overfit on purpose").click()
    expect(page.get_by_text("Training is done")).to_be_visible(timeout=LONG)
    settle(page)
    verdict = page.get_by_test_id("stMain").locator(".st-key-verdict")
    expect(verdict.get_by_text(re.compile("^Is it overfitting.*Overfitting", re.DOTALL))).to_be_visible()
    no_errors(page)
    shot(page, "overfits-on-purpose")
