"""In a real browser, by keyboard: an error of the matrix and a suspect are relabelled, and the run goes on with both.

The edits outlive a reload, and the figures are kept before and after them.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shot
from tests.browser.test_main_job import LONG, button, go, no_errors, plan_digits, settle

pytestmark = pytest.mark.browser


def test_errors_and_suspects_are_relabelled_and_the_run_goes_on_with_them(page: Page) -> None:
    plan_digits(page)
    button(page, "Edit").click(timeout=60_000)
    epochs = page.get_by_role("spinbutton", name=re.compile("Epochs"))
    epochs.first.fill("1")
    epochs.first.press("Enter")
    settle(page)
    button(page, "Start training").click()
    expect(page.get_by_text("Training is done")).to_be_visible(timeout=LONG)
    go(page, "Confusion matrix")
    settle(page)
    button(page, "Look").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Is the label wrong, or the image unfit?")).to_be_visible(timeout=60_000)
    page.keyboard.press("l")
    expect(dialog.get_by_role("button", name=re.compile("Take it back"))).to_be_visible(timeout=60_000)
    page.keyboard.press("Escape")
    go(page, "Mend")
    button(page, "Look for suspicious images").click()
    expect(page.get_by_text(re.compile("They are sure of another class for"))).to_be_visible(timeout=LONG)
    settle(page)
    page.get_by_role("radio", name=re.compile("Probable label errors")).click()
    settle(page)
    expect(page.get_by_text(re.compile("Heads that have not seen it give"))).to_be_visible()
    page.keyboard.press("l")
    edits = page.get_by_text(re.compile("^relabelled: . → . ·"))
    expect(edits).to_have_count(2)
    page.keyboard.press("x")
    expect(page.get_by_text(re.compile("^left out"))).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text(re.compile("^left out"))).to_have_count(0)
    page.reload()
    expect(edits).to_have_count(2, timeout=60_000)
    settle(page)
    for width, scheme in ((1366, "light"), (480, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        settle(page)
        shot(page, f"mend-{width}-{scheme}")
    page.set_viewport_size({"width": 1280, "height": 800})
    button(page, "Go on with the mended data").click()
    expect(page.get_by_text(re.compile("The run goes on with 2 relabelled"))).to_be_visible()
    page.get_by_role("link", name="Train a stage on them").click()
    expect(page.get_by_role("heading", name="Training", exact=True)).to_be_visible()
    settle(page)
    button(page, "Repeat").click()
    settle(page)
    button(page, "Start training").click()
    expect(page.get_by_text("Training is done")).to_have_count(0, timeout=60_000)
    expect(page.get_by_text("Training is done")).to_be_visible(timeout=LONG)
    go(page, "Mend")
    figures = page.get_by_text(re.compile("Stage 2 trained with other edits|Stage 2. Validation"))
    expect(figures).to_be_visible(timeout=LONG)
    go(page, "Confusion matrix")
    compared = page.get_by_role("combobox", name=re.compile("compared with those of"))
    expect(compared).to_be_visible(timeout=LONG)
    settle(page)
    compared.scroll_into_view_if_needed()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # a scroll closes it
    compared.click()
    page.get_by_role("option", name="this run, cycle-1", exact=True).click()
    verdict = page.get_by_text(re.compile(r"On the same \d+ images: .* p [=<]"))
    expect(button(page, "Evaluate them").or_(verdict)).to_be_visible(timeout=60_000)
    settle(page)
    if button(page, "Evaluate them").is_visible():
        button(page, "Evaluate them").click()
    expect(verdict).to_be_visible(timeout=LONG)
    settle(page)
    shot(page, "mend-compared")
    no_errors(page)
