"""A live run in a real browser: axes that stay, figures that agree, time left; then the end with its one button."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import shot
from tests.browser.test_main_job import LONG, button, no_errors, plan_digits, settle

pytestmark = pytest.mark.browser

EVERY_MS = 250
PATIENCE = 5
"""Readings for which the browser may be half way from one drawing to the next."""

READ = """() => {
    const main = document.querySelector('[data-testid=stMain]');
    const metrics = {};
    for (const one of main.querySelectorAll('[data-testid=stMetric]')) {
        const label = one.querySelector('[data-testid=stMetricLabel]').innerText.trim();
        metrics[label] = one.querySelector('[data-testid=stMetricValue]').innerText.trim();
    }
    const charts = [...main.querySelectorAll('[data-testid=stVegaLiteChart]')].map(chart => ({
        title: [...chart.querySelectorAll('.role-title-text text')].map(text => text.textContent).join(' '),
        labels: [...chart.querySelectorAll('.role-axis-label')].map(axis =>
            [...axis.querySelectorAll('text')].map(text => text.textContent)),
    }));
    const bar = main.querySelector('[data-testid=stProgress]');
    return {metrics, charts, status: bar ? bar.innerText : '', text: main.innerText};
}"""


def watched(page: Page) -> list[dict]:
    """What the page said, again and again, until training was done."""
    found = []
    for _ in range(LONG // EVERY_MS):
        seen = page.evaluate(READ)
        if "What to train next" in seen["text"]:
            return found
        found.append(seen)
        page.wait_for_timeout(EVERY_MS)
    raise AssertionError("Training did not end.")


def labels(seen: list[dict], title: str, axis: int) -> list[list[str]]:
    """The distinct labels of an axis (0: epochs, 1: values) of a chart over all readings, in order."""
    all_of = [chart["labels"] for one in seen for chart in one["charts"] if title in chart["title"]]
    told = [axes[axis] for axes in all_of if len(axes) == 2 and axes[axis]]
    return [labels for place, labels in enumerate(told) if place == 0 or labels != told[place - 1]]


def share(metrics: dict[str, str], name: str) -> float:
    text = metrics.get(name, "").replace("%", "").strip()
    return float(text) if re.fullmatch(r"[\d.]+", text) else 0.0


def test_a_live_page_is_calm_and_ends_with_one_button(page: Page) -> None:
    plan_digits(page)
    button(page, "Start training").click()
    expect(button(page, "Stop")).to_be_visible(timeout=60_000)
    seen = watched(page)

    epochs = labels(seen, "Loss:", 0)
    assert epochs == [["0", "1", "2", "3", "4", "5"]], "the axis spans the plan in every drawing"
    assert len(labels(seen, "Loss:", 1)) <= 3, "the losses' axis settles"
    assert any("left" in one["status"] for one in seen)
    assert any(share(one["metrics"], "Accuracy") > 50 for one in seen)
    apart = 0
    for one in seen:
        behind = share(one["metrics"], "Best so far") < share(one["metrics"], "Accuracy")
        apart = apart + 1 if behind else 0
        assert apart < PATIENCE, one["metrics"]

    settle(page)
    no_errors(page)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("Training is done")).to_be_visible()
    expect(
        main.get_by_text(re.compile(r"For images of this kind: [\d.]+% to [\d.]+% \(95% interval, from 359"))
    ).to_be_visible()
    own = main.locator("[data-testid=stElementContainer]:not(.st-key-next) [data-testid=stBaseButton-primary]")
    expect(own).to_have_count(1)
    assert "nfreeze" not in main.inner_text()
    for width, scheme in ((1366, "light"), (1366, "dark"), (480, "light"), (480, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        settle(page)
        shot(page, f"training-end-{width}-{scheme}")
    tops = [one.bounding_box()["y"] for one in main.locator("[class*=st-key-fit-]").all()]  # type: ignore[index]
    assert len(tops) == 3
    assert max(tops) - min(tops) < 2, "three pictures stand side by side on a phone"
    button(page, "See where it errs").click()
    expect(page.get_by_role("heading", name="Confusion matrix", exact=True)).to_be_visible()
