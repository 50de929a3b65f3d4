"""The Data page in a real browser: a doubtful folder put right, and a table chosen, with a mouse."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.runs.folder import list_runs
from core.workspace import Workspace
from tests.browser.conftest import SCHEMES, shot
from tests.browser.test_main_job import button, no_errors, settle
from tests.pages.builders import folder_of, picture

pytestmark = pytest.mark.browser


def look_at(page: Page, folder: Path) -> None:
    page.goto("/data")
    settle(page)
    page.get_by_text("Folder on this machine").first.click()
    page.get_by_label("Folder or zip file on the machine that runs Anneal").fill(str(folder))
    button(page, "Look at it").click()


def pick(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=re.compile(label)).first.click()
    page.get_by_role("option", name=option).first.click()


def classes(page: Page, count: str) -> None:
    expect(page.get_by_test_id("stMetric").filter(has_text="Classes")).to_contain_text(count, timeout=60_000)
    settle(page)
    no_errors(page)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [1366, 480])
def test_a_doubtful_folder_is_put_right_and_undone(page: Page, tmp_path: Path, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    look_at(page, folder_of(tmp_path / "pets", {"cat": 12, "dog": 12, "masks": 4}))
    expect(page.get_by_text("masks is read as a class")).to_be_visible(timeout=60_000)
    classes(page, "3")
    shot(page, f"data-doubtful-{scheme}-{width}")
    pick(page, "What masks/ is".replace("/", "."), "Left out")
    classes(page, "2")
    expect(page.get_by_text("left out by hand").first).to_be_visible()
    button(page, "Undo").click()
    classes(page, "3")
    button(page, "This is right").click()
    expect(page.get_by_text("masks is read as a class")).to_have_count(0, timeout=60_000)
    classes(page, "3")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_the_label_column_of_a_table_is_chosen(page: Page, tmp_path: Path) -> None:
    root = tmp_path / "pets"
    root.mkdir()
    rows = ["file,quality,kind"]
    for number in range(16):
        picture(number).save(root / f"{number}.png")
        rows.append(f"{number}.png,{'good' if number % 3 else 'bad'},{'cat' if number % 2 else 'dog'}")
    (root / "data.csv").write_text("\n".join(rows))
    look_at(page, root)
    page.get_by_text("A table", exact=True).click()
    expect(page.get_by_text("Which column of data.csv holds the labels?")).to_be_visible(timeout=60_000)
    settle(page)
    pick(page, "Label column", "kind")
    classes(page, "2")
    expect(page.get_by_text("Read as 2 classes from the table data.csv")).to_be_visible()
    shot(page, "data-table")


@pytest.mark.parametrize("by", ["picture", "keyboard"])
def test_a_data_set_is_chosen_by_its_picture_or_the_keyboard(page: Page, by: str) -> None:
    page.goto("/data")
    settle(page)
    picture_of = page.get_by_role("img", name="A few pictures of Digits")
    expect(picture_of).to_be_visible()
    if by == "picture":
        box = picture_of.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    else:
        button(page, "Use Digits").focus()
        page.keyboard.press("Enter")
    classes(page, "10")
    expect(page.get_by_label("Name", exact=True)).to_have_value(re.compile("^Digits, "))


def test_pictures_that_are_not_square_are_fitted_as_chosen(page: Page, home: Path, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "wide", {"cat": 6, "dog": 6})
    for path in root.rglob("*.png"):
        with Image.open(path) as square:
            square.resize((36, 18)).save(path)
    look_at(page, root)
    classes(page, "2")
    page.get_by_role("radio", name="Pad").click()
    settle(page)
    shot(page, "data-fit")
    button(page, "Start a run").click()
    expect(page.get_by_role("heading", name="LR finder", exact=True)).to_be_visible(timeout=60_000)
    settle(page)
    no_errors(page)
    (made,) = [run for run in list_runs(Workspace.at(home)) if run.id in page.url]
    assert made.data().fit == "pad"
