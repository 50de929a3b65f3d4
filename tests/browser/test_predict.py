"""In a real browser: images dropped and pasted, the table saved, the camera asked frame by frame."""

import base64
import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.jobs.execute import run_here
from core.jobs.specs import TrainSpec
from core.runs.folder import RunFolder
from core.training.stage import Plan, Stage
from tests.browser.conftest import shot
from tests.browser.test_accessibility import grave
from tests.browser.test_main_job import no_errors, settle
from tests.pages import made
from tests.pages.test_predict import picture

pytestmark = pytest.mark.browser

PASTE = """async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), c => c.charCodeAt(0))
  const carrier = new DataTransfer()
  carrier.items.add(new File([bytes], "image.png", { type: "image/png" }))
  document.body.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true, composed: true, cancelable: true })
  )
}"""


@pytest.fixture(scope="module")
def run(home: Path) -> RunFolder:
    found = made.new_run(home)
    stage = Stage(freeze_to=0, lr=(0.01,), cycle_len=1, size=24, batch_size=8)
    run_here(found.workspace, found.id, TrainSpec(plan=Plan(stages=(stage,))))
    return found


def test_dropped_and_pasted_images_are_answered_and_saved(page: Page, run: RunFolder) -> None:
    page.goto(f"/predict?run={run.id}")
    expect(page.get_by_text("or press Ctrl+V")).to_be_visible(timeout=60_000)
    settle(page)
    drop = page.locator("input[type=file]")
    drop.set_input_files({"name": "first.png", "mimeType": "image/png", "buffer": picture(1)})
    expect(page.get_by_text(re.compile("class-activation map: 3 × 3 places"))).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Find them").click()
    expect(page.get_by_text(re.compile("of the 6 nearest are of the class"))).to_be_visible(timeout=60_000)
    settle(page)
    shot(page, "predict-one")
    page.evaluate(PASTE, base64.b64encode(picture(2)).decode())
    drop.set_input_files({"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"})
    expect(page.get_by_text(re.compile("Not an image, though its name ends in"))).to_be_visible()
    settle(page)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text("utf-8-sig"))))
    assert [row["image"] for row in rows] == ["first.png", "pasted 1.png", "bad.jpg"]
    assert [bool(row["class"]) for row in rows] == [True, True, False]
    no_errors(page)
    shot(page, "predict-many")
    assert not grave(page)


def test_the_camera_is_answered_frame_by_frame_and_a_refusal_is_a_sentence(page: Page, run: RunFolder) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"/predict?run={run.id}")
    live = re.compile("Live")
    page.get_by_role("radio", name=live).or_(page.get_by_role("button", name=live)).first.click(timeout=60_000)
    start = page.get_by_role("button", name="Start the camera")
    start.click()
    expect(page.get_by_text(re.compile("The browser does not allow the camera"))).to_be_visible()
    page.context.grant_permissions(["camera"])
    start.click()
    expect(page.get_by_text(re.compile(r"^Frame ([3-9]|\d\d)"))).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    no_errors(page)
    shot(page, "predict-live")
    page.get_by_role("button", name="Stop the camera").click()
    expect(start).to_be_visible()
    settle(page)
    page.wait_for_timeout(1200)  # what is drawn anew fades in
    assert not grave(page)
