"""In a real browser: names that hold markup with an address are shown as they are, on no page fetched or linked."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from core.data.index import load_data
from core.runs.create import create_run
from core.runs.folder import RunFolder
from core.workspace import Workspace
from tests.addresses import ADDRESSES
from tests.browser.test_main_job import settle
from tests.pages import made

pytestmark = pytest.mark.browser

CANARY = "canary.invalid"
URL = f"http://{CANARY}/x.png"
MARKUP = (f"![x]({URL})", f"<img src={URL}>", f"[x]({URL})", f"<a href={URL}>x</a> {URL}", f"www.{CANARY} a@{CANARY}")

MADE_OF_NAMES = f"""() => [...document.querySelectorAll("[src], [href], [srcset], [data], [style]")]
  .filter(e => ["src", "href", "srcset", "data", "style"].some(n => (e.getAttribute(n) || "").includes("{CANARY}")))
  .map(e => e.outerHTML.slice(0, 200))"""


def hostile_run(home: Path, folder: Path, number: int) -> RunFolder:
    """A run of which every name is markup: its own, its data set's, its folder's, its classes', its files'."""
    root = made.pictures(folder / "![x](http:" / CANARY / f"x{number}.png)", ("a", "b", "c", "d", "e"), each=4)
    workspace = Workspace.at(home)
    data = load_data(str(root), workspace)
    classes = tuple(MARKUP)
    items = tuple(replace(item, name=f"{MARKUP[item.label]}/{MARKUP[at % 5]} {at}.png")
                  for at, item in enumerate(data.items))  # fmt: skip
    data = replace(data, title=MARKUP[number], classes=classes, items=items)
    run = create_run(workspace, data, backbone="small_cnn", size=24, pretrained=False, name=MARKUP[number][:80])
    made.train(run)
    made.range_tested(run, suggested=True)
    made.evaluate(run, data)
    return run


def test_no_name_is_fetched_or_linked(page: Page, home: Path, tmp_path: Path) -> None:
    runs = [hostile_run(home, tmp_path, number) for number in range(2)]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shown = 0
    try:
        for name in ADDRESSES:
            page.goto(f"/{name}?run={runs[0].id}")
            settle(page)
            assert page.evaluate(MADE_OF_NAMES) == [], name
            shown += CANARY in page.inner_text("body")
        assert shown > 3  # the names are there, as text
        assert [address for address in asked if f"//{CANARY}" in address or f".{CANARY}" in address] == []
    finally:
        for run in runs:
            (run.path / "run.json").unlink()
