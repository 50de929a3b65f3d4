"""The recipe in one click on digits, in a real browser: its timeline, its steps as they go, and what they did."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.data.index import load_data
from core.runs.create import create_run
from core.workspace import Workspace
from tests.browser.conftest import shot
from tests.browser.test_main_job import button, no_errors, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def run(home: Path) -> str:
    """The id of a run on digits that has not trained."""
    workspace = Workspace.at(home)
    data = load_data("digits", workspace)
    return create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False, name="Recipe").id


def test_the_recipe_is_planned_and_trained_with_a_click_each_and_tells_what_it_did(page: Page, run: str) -> None:
    page.goto(f"/training?run={run}")
    expect(button(page, "Start training")).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Lesson 2").click()
    expect(page.get_by_text("The whole plan, before it starts")).to_be_visible(timeout=60_000)
    settle(page)
    page.get_by_text(re.compile(r"The \d+ steps, and why")).click()
    for title in ("Find the rate.", "Train the head.", "Unfreeze.", "Longer cycles."):
        expect(page.get_by_text(title, exact=True)).to_be_visible()
    shot(page, "recipe-timeline")
    button(page, "Start training").click()
    expect(page.get_by_text(re.compile(r"The plan's steps, \d of \d+ done"))).to_be_visible(timeout=120_000)
    expect(page.get_by_text("Training is done")).to_be_visible(timeout=240_000)
    settle(page)
    page.get_by_text(re.compile(r"The plan's steps, (\d+) of \1 done")).click()
    expect(
        page.get_by_text(re.compile(r"^Longer cycles\. 7 epochs, accuracy [\d.]+%|7 epochs, accuracy"))
    ).to_be_visible()
    expect(page.get_by_text("If a group were frozen again")).to_be_visible()
    no_errors(page)
    shot(page, "recipe-done")


def test_rates_are_set_by_a_slice_and_by_clicking_on_the_chart(page: Page, home: Path) -> None:
    workspace = Workspace.at(home)
    data = load_data("digits", workspace)
    again = create_run(workspace, data, backbone="small_cnn", size=16, pretrained=False, name="Rates").id
    page.goto(f"/training?run={again}")
    expect(button(page, "Start training")).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Edit").click()
    page.get_by_text("One per group", exact=True).click()
    field = page.get_by_role("textbox", name=re.compile("^Slice"))
    field.fill("1e-5:1e-3")
    field.press("Enter")
    head = page.get_by_role("textbox", name="head", exact=True)
    expect(head).to_have_value("1e-3")
    expect(page.get_by_role("textbox", name="later layers", exact=True)).to_have_value("1e-4")
    settle(page)
    chart = page.get_by_test_id("stVegaLiteChart").first
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.85 * box["width"], box["y"] + 0.35 * box["height"])
    expect(head).not_to_have_value("1e-3")
    no_errors(page)
