"""A plan in a real browser: what its cards say, a choice taken over from the Augmentation page, another image size."""

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
    """The id of a run of a pretrained network on the shapes that come with Anneal, of which two are arrows."""
    workspace = Workspace.at(home)
    data = load_data("shapes:easy", workspace)
    return create_run(workspace, data, backbone="efficientnet_lite0", size=64, pretrained=True, name="Arrows").id


@pytest.mark.parametrize(("width", "scheme"), [(1366, "light"), (480, "dark")])
def test_the_plan_for_shapes_says_why_it_does_not_flip(page: Page, run: str, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"/training?run={run}")
    expect(button(page, "Start training")).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.get_by_text(re.compile("a flip turns one class into another"))).to_have_count(2)
    expect(page.get_by_text(re.compile("Augmentation.without flips.*Precompute.no"))).to_have_count(2)
    assert page.get_by_test_id("stMain").evaluate("main => main.scrollWidth - main.clientWidth") <= 0
    no_errors(page)
    shot(page, f"plan-shapes-{width}-{scheme}")


def test_another_size_is_explained_where_it_is_set(page: Page, run: str) -> None:
    page.goto(f"/training?run={run}")
    settle(page)
    button(page, "Edit").click(timeout=60_000)
    size = page.get_by_role("spinbutton", name="Image size")
    size.fill("128")
    size.press("Enter")
    expect(page.get_by_text(re.compile("From 128.px to 64.px: same weights, smaller pictures"))).to_be_visible()
    no_errors(page)


def test_the_augmentation_of_ones_own_is_in_the_plan(page: Page, run: str) -> None:
    page.goto(f"/augmentation?run={run}")
    expect(button(page, "Use for training")).to_be_visible(timeout=120_000)
    settle(page)
    page.get_by_text("top-down", exact=True).click()
    expect(page.get_by_text(re.compile("Half a turn turns")).first).to_be_visible(timeout=60_000)
    settle(page)
    button(page, "Use for training").click()
    expect(page.get_by_text(re.compile("it is in stages 2 and 3 of this run's plan"))).to_be_visible(timeout=60_000)
    page.goto(f"/training?run={run}")
    expect(page.get_by_text(re.compile("top-down, from the Augmentation page"))).to_have_count(2, timeout=60_000)
    expect(page.get_by_text(re.compile("A horizontal flip turns “arrow left” into “arrow right”"))).to_have_count(2)
    settle(page)
    button(page, "Undo augmentation").click()
    expect(page.get_by_text(re.compile("top-down, from the Augmentation page"))).to_have_count(1)
    no_errors(page)
