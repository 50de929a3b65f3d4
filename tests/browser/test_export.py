"""In a real browser: a model taken away on the Training page, and the exported page, which answers as the app does."""

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from core.data.decode import decode
from core.errors import ExportError
from core.export.formats import FORMATS
from core.export.kept import kept_export
from core.export.web_runtime import web_runtime
from core.jobs.execute import run_here
from core.jobs.restore import model_of
from core.jobs.specs import ExportSpec
from core.results.predictions import predict_images
from core.runs.folder import RunFolder
from core.runs.threshold import keep_threshold
from tests.browser.conftest import FLAGS, _chromium, shot
from tests.browser.test_main_job import LONG, button, no_errors, settle
from tests.core.export.conftest import kept_together, trained_run

pytestmark = pytest.mark.browser

SIZE = 32
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PIXELS = {"whole": 0.01, "transparent": 1.0, "scaled": 1.0}
"""Mean difference of the pixels to the app's, in levels of 255: of a picture that is decoded whole, of one with
transparent parts, which the app rounds once more, and of a JPEG that the app decodes at a smaller scale."""

PROBABILITIES = {"whole": 1e-3, "transparent": 0.02, "scaled": 0.02}
"""Largest difference of a probability, for the same."""

ANSWER = """async ([text, type]) => {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
  const blob = new Blob([bytes], { type })
  return [Array.from(await anneal.pixels(blob)), await anneal.predict(blob)]
}"""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 classes of pictures: PNG, transparent, and JPEG small, large and on their side, of many shapes."""
    folder = tmp_path_factory.mktemp("taken")
    draws = np.random.default_rng(5)
    for name, colour in {"blue": (40, 60, 200), "green": (50, 190, 60), "red": (200, 50, 40)}.items():
        (folder / name).mkdir()
        for number in range(35):
            width, height = (int(side) for side in draws.integers(33, 60 if number % 2 else 420, 2))
            coarse = np.clip(np.array(colour) + draws.normal(0, 70, (7, 7, 3)), 0, 255).astype(np.uint8)
            picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
            if number % 5 == 0:
                picture.save(folder / name / f"{number}.png")
            elif number % 5 == 1:
                picture.putalpha(picture.convert("L").point(lambda light: min(255, 3 * light)))
                picture.save(folder / name / f"{number}.png")
            else:
                exif = Image.Exif()
                exif[0x0112] = number % 8 + 1
                picture.save(folder / name / f"{number}.jpg", quality=90, exif=exif)
    return folder


@pytest.fixture(scope="module")
def run(home: Path, pictures: Path) -> RunFolder:
    """A trained run in the app's workspace, whose pictures are padded."""
    return trained_run(pictures, home, backbone="small_cnn", pretrained=False, fit="pad")


@pytest.fixture(scope="module")
def exported(run: RunFolder) -> Path:
    """The exported page; the package that it carries comes from the npm registry."""
    try:
        web_runtime(run.workspace.shared)
    except ExportError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    keep_threshold(run, 0.5)
    run_here(run.workspace, run.id, ExportSpec(to="html"))
    found = kept_export(run, FORMATS["html"], "latest")
    assert found is not None
    return found.path


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 900, "height": 900}, offline=True)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def _kind(path: Path) -> str:
    with Image.open(path) as image:
        if image.has_transparency_data:
            return "transparent"
        return "scaled" if path.suffix == ".jpg" and min(image.size) >= 2 * SIZE else "whole"


def opened(page: Page, path: Path) -> None:
    page.goto(path.as_uri())
    page.locator("body[data-ready]").wait_for()


def test_the_page_answers_as_the_app_does(offline: Page, exported: Path, run: RunFolder) -> None:
    """All validation images, PNG and JPEG, also on their side and with transparent parts."""
    asked: list[str] = []
    offline.on("request", lambda request: asked.append(request.url))
    opened(offline, exported)
    data, model = run.data(), model_of(run)
    paths = [data.items[i].path for i in data.indices("valid")]
    assert len(paths) >= 20
    expected = predict_images(model, paths, SIZE, fit=data.fit)
    seen = set()
    for path, known in zip(paths, expected, strict=True):
        kind = "image/png" if path.suffix == ".png" else "image/jpeg"
        pixels, said = offline.evaluate(ANSWER, [base64.b64encode(path.read_bytes()).decode(), kind])
        apart = np.abs(np.array(pixels).reshape(SIZE, SIZE, 3) - decode(path, SIZE, data.fit).astype(int))
        found = _kind(path)
        seen.add(found)
        difference = float(np.abs(np.array(said) - known).max())
        assert apart.mean() <= PIXELS[found], (path, apart.mean())
        assert difference <= PROBABILITIES[found], (path, difference)
        assert known[np.argmax(said)] >= known.max() - difference
    assert seen == set(PIXELS)
    assert {url.split(":")[0] for url in asked} <= {"file", "blob"}, "nothing is fetched"


def test_the_page_of_an_ensemble_answers_with_the_mean_of_its_members(
    offline: Page, exported: Path, run: RunFolder
) -> None:
    kept = kept_together(run)
    run_here(run.workspace, run.id, ExportSpec(to="html", snapshot=kept.name))
    found = kept_export(run, FORMATS["html"], kept.name)
    assert found is not None
    opened(offline, found.path)
    data = run.data()
    paths = [data.items[i].path for i in data.indices("valid")]
    path = next(path for path in paths if _kind(path) == "whole")
    each = [predict_images(model_of(run, name), [path], SIZE, fit=data.fit)[0] for name in kept.members]
    kind = "image/png" if path.suffix == ".png" else "image/jpeg"
    _, said = offline.evaluate(ANSWER, [base64.b64encode(path.read_bytes()).decode(), kind])
    assert np.abs(np.array(said) - np.mean(each, axis=0)).max() <= PROBABILITIES["whole"]


def test_pictures_are_chosen_and_answered_with_bars(
    offline: Page, exported: Path, run: RunFolder, tmp_path: Path
) -> None:
    opened(offline, exported)
    (tmp_path / "words.jpg").write_text("no picture")
    items = [run.data().items[i] for i in run.data().indices("valid")]
    probabilities = predict_images(model_of(run), [item.path for item in items], SIZE, fit="pad")
    surest = int(probabilities.max(axis=1).argmax())
    offline.locator("#picker").set_input_files([items[surest].path, tmp_path / "words.jpg"])
    expect(offline.get_by_text("words.jpg is no picture that this browser can read.")).to_be_visible()
    heading = offline.locator("article h2")
    expect(heading).to_have_text(run.info.classes[int(probabilities[surest].argmax())])
    expect(offline.locator("article .row")).to_have_count(3)
    offline.evaluate("() => { anneal.said.threshold = 1.1 }")
    offline.locator("#picker").set_input_files(items[surest].path)
    expect(heading.first).to_have_text("not sure")
    button(offline, "Use the camera").click()
    expect(offline.get_by_role("status")).to_have_text(re.compile("no camera|may not use the camera"))


def test_the_camera_is_answered_frame_by_frame(browser: Browser, exported: Path) -> None:
    with browser.browser_type.launch(executable_path=_chromium(), args=[*FLAGS, *CAMERA]) as another:
        page = another.new_page()
        opened(page, exported)
        button(page, "Use the camera").click()
        expect(page.locator("#live .answer .row").first).to_be_visible()
        button(page, "Stop the camera").click()
        expect(page.locator("#live")).to_be_empty()


def test_a_model_is_made_checked_and_downloaded_in_the_app(page: Page, run: RunFolder, tmp_path: Path) -> None:
    page.goto(f"/training?run={run.id}")
    settle(page)
    page.get_by_role("tab", name="Take it away").click()
    page.get_by_role("radio", name="PyTorch program").or_(button(page, "PyTorch program")).first.click()
    settle(page)
    button(page, "Make the file").click()
    expect(page.get_by_text(re.compile("It says what the app says: the same class for each of"))).to_be_visible(
        timeout=LONG
    )
    settle(page)
    chosen = page.get_by_role("radio", name="PyTorch program")
    expect(chosen).to_be_checked()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile(r"Download \(\d")).first.click()
    assert download.value.suggested_filename.endswith("-latest.pt2")
    kept = kept_export(run, FORMATS["torch"], "latest")
    assert kept is not None
    assert download.value.path().stat().st_size == kept.bytes
    no_errors(page)
    for width, scheme in ((1366, "light"), (480, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        settle(page)
        shot(page, f"export-{width}-{scheme}")
