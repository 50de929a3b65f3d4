"""Every page in both themes: axe-core finds nothing serious, text in charts can be read, and the focus can be seen."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.runs.folder import RunFolder
from tests.addresses import ADDRESSES
from tests.browser.test_main_job import settle
from tests.pages import made

pytestmark = pytest.mark.browser

GRAVE = {"serious", "critical"}
THEMES = ("dark", "light")
CONTRAST = 4.5


class Allowed(NamedTuple):
    """A violation that neither theme nor markup of ours reaches: the rule, what the element's HTML matches, and why."""

    rule: str
    element: str
    reason: str


ALLOWED: list[Allowed] = []

CHART_TEXT = """() => {
  const light = ([r, g, b]) => {
    const f = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]
  }
  const parts = text => text.match(/[\\d.]+/g).map(Number)
  const paper = parts(getComputedStyle(document.querySelector("[data-testid=stApp]")).backgroundColor).slice(0, 3)
  const found = []
  for (const text of document.querySelectorAll("[data-testid=stVegaLiteChart] svg text")) {
    if (!text.textContent.trim()) continue
    const style = getComputedStyle(text), [r, g, b, a = 1] = parts(style.fill)
    if (text.closest(".role-mark") && r === g && g === b && (r === 0 || r === 255)) continue
    let opacity = a * Number(style.fillOpacity)
    for (let at = text; at && at.tagName !== "svg"; at = at.parentElement) {
      opacity *= Number(getComputedStyle(at).opacity)
    }
    if (opacity === 0) continue
    const mixed = [r, g, b].map((v, i) => v * opacity + paper[i] * (1 - opacity))
    const [high, low] = [light(mixed), light(paper)].sort((x, y) => y - x)
    found.push([text.textContent, (high + 0.05) / (low + 0.05)])
  }
  return found
}"""
"""Text of the charts with its contrast to the page's paper; numbers in pure black or white lie on coloured cells."""

FOCUS = """() => {
  let at = document.activeElement
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement
  if (!at || at === document.body) return null
  const marks = []
  for (let e = at, up = 0; e && up < 4; e = e.parentElement, up += 1) {
    const s = getComputedStyle(e)
    marks.push([s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0, s.boxShadow, s.borderColor])
  }
  window.focusedBefore = at
  return { html: at.outerHTML.slice(0, 160), marks }
}"""
REST = """() => {
  const marks = []
  window.focusedBefore.blur()
  for (let e = window.focusedBefore, up = 0; e && up < 4; e = e.parentElement, up += 1) {
    const s = getComputedStyle(e)
    marks.push([s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0, s.boxShadow, s.borderColor])
  }
  window.focusedBefore.focus()
  return marks
}"""


@pytest.fixture(scope="module")
def trained(home: Path) -> RunFolder:
    """A run with all that pages show of one: stages, a range test, predictions with an error."""
    run = made.new_run(home)
    made.train(run)
    made.range_tested(run)
    made.evaluate(run)
    return run


@pytest.fixture
def calm(browser: Browser, server: str) -> Iterator[Page]:
    """A page without animation."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=server, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def at_rest(page: Page, address: str) -> None:
    """Open a page, and everything on it that can be unfolded."""
    page.goto(address)
    page.get_by_test_id("stMain").get_by_role("heading").first.wait_for()
    settle(page)
    closed = page.get_by_test_id("stMain").locator("details:not([open]) > summary:visible")
    for _ in range(closed.count()):
        closed.first.click()
        page.wait_for_timeout(400)
    settle(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(1200)  # colours and heights change over a few hundred milliseconds


def wear(page: Page, theme: str) -> None:
    """Change the theme of an open page, as the system's setting does."""
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    paper = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor.match(/\\d+/)[0]"
    page.wait_for_function(f"Number({paper}) {'<' if theme == 'dark' else '>'} 128")
    settle(page)
    page.wait_for_timeout(800)  # charts are drawn again


def grave(page: Page) -> list[str]:
    """What axe finds that is serious or critical and not on the list."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]}: {node['failureSummary'][:300]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
        if not any(allowed.rule == violation["id"] and re.search(allowed.element, node["html"]) for allowed in ALLOWED)
    ]


@pytest.mark.parametrize("in_hand", [False, True], ids=["no run", "a run"])
def test_axe_finds_nothing_serious_and_charts_can_be_read(calm: Page, trained: RunFolder, in_hand: bool) -> None:
    problems: dict[str, list[str]] = {}
    texts = 0
    for name in ADDRESSES:
        at_rest(calm, f"/{name}?run={trained.id}" if in_hand else f"/{name}")
        for theme in THEMES:
            wear(calm, theme)
            drawn = calm.evaluate(CHART_TEXT)
            texts += len(drawn)
            pale = [f"chart text {text!r}: {ratio:.2f}:1" for text, ratio in drawn if ratio < CONTRAST]
            if wrong := grave(calm) + pale:
                problems[f"{name or 'home'}, {theme}"] = wrong
    assert texts > 200, "too little chart text was found for the check to mean anything"
    assert not problems, problems


def test_the_check_sees_what_is_wrong(calm: Page) -> None:
    """Pale text, a picture and a button without a name are found, so that an empty list says something."""
    at_rest(calm, "/learning_rate")
    wear(calm, "dark")
    calm.evaluate(
        """() => {
          const main = document.querySelector("[data-testid=stMain]")
          main.insertAdjacentHTML("afterbegin", "<img src='data:,'><button></button><p style='color:#999;background:#aaa'>pale words</p>")
          document.querySelector("[data-testid=stVegaLiteChart] svg .role-axis-label text").style.fill = "rgb(120,120,120)"
        }"""  # noqa: E501
    )
    rules = {problem.split(":")[0] for problem in grave(calm)}
    assert rules == {"image-alt", "button-name", "color-contrast"}
    assert min(ratio for _, ratio in calm.evaluate(CHART_TEXT)) < CONTRAST


@pytest.mark.parametrize(("name", "theme"), [("learning_rate", "light"), ("training", "dark")])
def test_the_keyboard_focus_can_be_seen(calm: Page, trained: RunFolder, name: str, theme: str) -> None:
    at_rest(calm, f"/{name}?run={trained.id}")
    wear(calm, theme)
    unseen, met = [], set()
    for _ in range(45):
        calm.keyboard.press("Tab")
        calm.wait_for_timeout(60)
        focused = calm.evaluate(FOCUS)
        if focused is None:
            continue
        met.add(focused["html"])
        calm.wait_for_timeout(120)
        if any(outlined for outlined, _, _ in calm.evaluate(FOCUS)["marks"]):
            continue
        if focused["marks"] == calm.evaluate(REST):
            unseen.append(focused["html"])
    assert len(met) > 15
    assert not unseen, unseen
