"""The lesson in a real browser, as a person would do it: on digits, on photos of one's own, and across a reload."""

import contextlib
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SCHEMES, shot

pytestmark = pytest.mark.browser
PAGES = [
    "Data",
    "Learning rate",
    "Augmentation",
    "LR finder",
    "Training",
    "Confusion matrix",
    "Mend",
    "Predict",
    "Runs",
]
LONG_ENOUGH = "400"
"""Epochs of digits that are still training when the page was reloaded, also on a quiet machine."""

LONG = 180_000
"""Milliseconds that a job may take on a busy machine before the test gives up."""


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script has run and nothing that was drawn before is left over."""
    expect(page.locator("[data-testid=stMain] h1").first).to_be_visible(timeout=60_000)
    expect(page.locator("[data-testid=stApp][data-test-script-state=running]")).to_have_count(0, timeout=60_000)
    expect(page.locator("[data-stale=true]")).to_have_count(0)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"{re.escape(name)}$")).first


def plan_digits(page: Page) -> None:
    """A run on digits with its suggested plan, on the Training page."""
    page.goto("/lr_finder")
    settle(page)
    button(page, "Start with digits").click()
    expect(button(page, "Find the learning rate")).to_be_visible(timeout=60_000)
    go(page, "Training")


def no_errors(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_says_something_useful_with_nothing_chosen(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    expect(button(page, "Start with digits")).to_be_visible()
    shot(page, f"first-home-{scheme}")
    for name in PAGES:
        go(page, name)
        no_errors(page)
        assert len(page.get_by_test_id("stMain").inner_text()) > 100
        shot(page, f"first-{name.lower().replace(' ', '-')}-{scheme}")


def test_the_main_job_on_digits(page: Page) -> None:
    """Choose data, look at it and its augmentation, find a rate, train, and read the matrix and its images."""
    page.goto("/")
    go(page, "Data")
    button(page, "Use Digits").click()
    expect(page.get_by_text("1,438")).to_be_visible(timeout=60_000)
    settle(page)
    no_errors(page)
    shot(page, "data-digits")
    go(page, "Augmentation")
    no_errors(page)
    shot(page, "augmentation-digits")
    go(page, "Data")
    button(page, "Start a run").click()
    expect(page.get_by_role("heading", name="LR finder")).to_be_visible(timeout=60_000)
    button(page, "Find the learning rate").click()
    expect(page.get_by_text("Another test")).to_be_visible(timeout=LONG)
    settle(page)
    for suggestion in ("Valley", "Slide", "Steep", "Minimum"):
        expect(page.get_by_text(re.compile(suggestion, re.IGNORECASE)).first).to_be_visible()
    no_errors(page)
    shot(page, "finder-digits")
    go(page, "Training")
    shot(page, "training-plan-digits")
    button(page, "Start training").click()
    expect(page.get_by_text("What to train next")).to_be_visible(timeout=LONG)
    settle(page)
    no_errors(page)
    shot(page, "training-done-digits")
    go(page, "Confusion matrix")
    accuracy = page.get_by_test_id("stMetric").filter(has_text="Accuracy").first
    expect(accuracy).to_be_visible(timeout=60_000)
    percent = float(re.search(r"([\d.]+)\s*%", accuracy.inner_text()).group(1))  # type: ignore[union-attr]
    assert percent > 98
    no_errors(page)
    shot(page, "confusion-digits")
    go(page, "Runs")
    no_errors(page)
    shot(page, "runs-digits")


def photos(path: Path) -> Path:
    """A zip of small pictures in two classes, blue and orange, with a text file called .jpg among them."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for name, colour in (("blue", (40, 80, 200)), ("orange", (230, 140, 30))):
            for number in range(24):
                noise = rng.normal(0, 25, (40, 40, 3))
                picture = Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8))
                content = io.BytesIO()
                picture.save(content, "JPEG")
                archive.writestr(f"mine/{name}/{number}.jpg", content.getvalue())
        archive.writestr("mine/blue/notes.jpg", b"this is no picture")
    return path


def test_a_zip_of_ones_own_is_uploaded_and_its_broken_file_is_named(page: Page, tmp_path: Path) -> None:
    page.goto("/data")
    settle(page)
    page.get_by_text("Upload", exact=True).first.click()
    page.locator("input[type=file]").first.set_input_files(photos(tmp_path / "mine.zip"))
    expect(page.get_by_text(re.compile("1 file was skipped"))).to_be_visible(timeout=60_000)
    settle(page)
    no_errors(page)
    expect(page.get_by_test_id("stMetric").filter(has_text="Classes")).to_contain_text("2")
    shot(page, "data-upload")
    button(page, "Start a run").click()
    expect(page.get_by_role("heading", name="LR finder")).to_be_visible(timeout=60_000)
    go(page, "Training")
    button(page, "Start training").click()
    expect(page.get_by_text("What to train next")).to_be_visible(timeout=LONG)
    no_errors(page)
    go(page, "Confusion matrix")
    expect(page.get_by_test_id("stMetric").filter(has_text="Accuracy").first).to_be_visible(timeout=60_000)


def test_a_reload_in_the_middle_of_training_loses_nothing(page: Page) -> None:
    plan_digits(page)
    button(page, "Edit").click(timeout=60_000)
    epochs = page.get_by_role("spinbutton", name="Epochs")
    epochs.fill(LONG_ENOUGH)
    epochs.press("Enter")
    expect(page.get_by_text(f"{LONG_ENOUGH} epochs").first).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Start training").click()
    expect(button(page, "Stop")).to_be_visible(timeout=60_000)
    expect(page).to_have_url(re.compile(r"run="))
    shot(page, "training-live")
    page.reload()
    expect(button(page, "Stop")).to_be_visible(timeout=60_000)
    settle(page)
    stop(page)
    settle(page)
    shot(page, "training-stopped")
    before = epochs_done(page)
    button(page, "Continue").click()
    expect(button(page, "Stop")).to_be_visible(timeout=60_000)
    for _ in range(LONG // 500):
        if epochs_done(page) > before:
            break
        page.wait_for_timeout(500)
    stop(page)
    assert epochs_done(page) > before
    no_errors(page)


def stop(page: Page) -> None:
    """Stop the training, and wait until it can be continued; a click is lost where the page draws itself again."""
    going = button(page, "Stopping").or_(button(page, "Continue")).first
    for _ in range(3):
        button(page, "Stop").click()
        with contextlib.suppress(AssertionError):
            expect(going).to_be_visible(timeout=10_000)
            break
    expect(button(page, "Continue")).to_be_visible(timeout=60_000)


def epochs_done(page: Page) -> int:
    """Epochs that the run has finished, as the Training page says; 0 where it does not say."""
    shown = page.get_by_test_id("stMetric").filter(has_text=re.compile("^Epochs"))
    found = re.search(r"Epochs\s*(\d+)", shown.first.inner_text()) if shown.count() else None
    return int(found.group(1)) if found else 0


def test_the_rate_that_was_clicked_is_in_the_plan_and_can_be_undone(page: Page) -> None:
    page.goto("/lr_finder")
    settle(page)
    expect(button(page, "Start with digits")).to_be_visible(timeout=LONG)
    button(page, "Start with digits").click()
    expect(button(page, "Find the learning rate")).to_be_visible(timeout=60_000)
    button(page, "Find the learning rate").click()
    expect(page.get_by_text("Another test")).to_be_visible(timeout=LONG)
    settle(page)
    click_curve(page, 0.6)
    chosen = chosen_rate(page)
    lower = another_rate(page, 0.3, chosen)
    assert lower < chosen
    assert another_rate(page, 0.6, lower) == chosen
    shot(page, "finder-chosen")
    button(page, "Train with it").click()
    card = page.locator("[class*=st-key-card-]").first
    expect(card).to_contain_text(
        re.compile("from your click on the LR finder page, in place of 5e-\u2060?3"), timeout=60_000
    )
    settle(page)
    assert number(re.search(r"· rate (\S+)", card.inner_text().replace("\u2060", ""))) == chosen
    shot(page, "training-rate-placed")
    page.reload()
    expect(card).to_contain_text("from your click", timeout=60_000)
    settle(page)
    card.get_by_role("button", name=re.compile("Undo$")).click()
    expect(card).to_contain_text(re.compile("rate 5e-\u2060?3"))
    expect(card).not_to_contain_text("from your click")
    no_errors(page)


def click_curve(page: Page, across: float) -> None:
    """Click the range test's chart, so far across it."""
    page.mouse.move(5, 5)
    box = page.get_by_test_id("stVegaLiteChart").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + across * box["width"], box["y"] + 0.4 * box["height"])
    page.wait_for_timeout(800)
    settle(page)


def another_rate(page: Page, across: float, before: float) -> float:
    """The rate chosen by a click so far across the chart; a click is lost where the page draws itself again."""
    for _ in range(4):
        click_curve(page, across)
        if chosen_rate(page) != before:
            break
    return chosen_rate(page)


def chosen_rate(page: Page) -> float:
    line = page.get_by_text("Chosen rate").first
    expect(line).to_be_visible(timeout=60_000)
    return number(re.search(r"Chosen rate: (\S+)", line.inner_text().replace("\u2060", "")))


def number(found: re.Match[str] | None) -> float:
    assert found is not None
    return float(found.group(1))
