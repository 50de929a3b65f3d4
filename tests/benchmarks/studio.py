"""The studio as it feels: first page, click to first live point, digits learnt, and the rerun of every page.

A real server and a real browser (Chromium, which waits open and warm); the reruns are timed in process, with a run of
5,000 steps in hand, alone and while another job trains.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright
from streamlit.testing.v1 import AppTest

from core.runs.folder import RunFolder
from tests.addresses import ADDRESSES
from tests.benchmarks.report import ROOT, arguments, median, python, show
from tests.browser.conftest import FLAGS, _end_workers
from tests.browser.test_main_job import button, go, settle
from tests.pages.made import evaluate, new_run, range_tested, train

GOAL = 98.5
WANTED = {"first page": 2.0, "first live point": 1.0, f"digits at {GOAL} %": 10.0}
"""Seconds that it may take."""

EPOCHS, BATCHES = 50, 100
LONG = 120_000
POINT = "[data-testid=stVegaLiteChart] .mark-line path[d^='M']"


def free_port() -> int:
    """One port for all starts of the app, so that the browser knows its files from the time before."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(home: Path, port: int) -> Iterator[tuple[str, float]]:
    """The app on a workspace: its address, and when its process was started."""
    command = [python(), "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "ANNEAL_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as said:
                if said.read() == b"ok":
                    break
            time.sleep(0.02)
        yield address, started
    finally:
        process.terminate()
        process.wait(10)
        _end_workers(home)


def first_page(browser: BrowserContext, home: Path, port: int) -> dict[str, float]:
    """Seconds from `streamlit run` until it answers, and until the first page can be used."""
    page = browser.new_page()
    page.goto("about:blank")
    with served(home, port) as (address, started):
        healthy = time.perf_counter() - started
        page.goto(address, wait_until="commit")
        page.get_by_role("button", name=re.compile("Start with digits")).wait_for()
        shown = time.perf_counter() - started
    page.close()
    return {"healthy": healthy, "first page": shown}


def digits(browser: BrowserContext, home: Path, port: int) -> dict[str, float]:
    """Seconds from the click on "Start training" until the first point is drawn, and until the accuracy is reached."""
    with served(home, port) as (address, _):
        page = browser.new_page()
        page.goto(address)
        button(page, "Start with digits").click()
        expect(page.get_by_role("heading", name="Learning rate", exact=True)).to_be_visible(timeout=LONG)
        go(page, "Training")
        expect(button(page, "Start training")).to_be_visible(timeout=LONG)
        page.wait_for_timeout(6_000)  # until the app is warm
        clicked = time.perf_counter()
        button(page, "Start training").click()
        _seen(page, f"() => document.querySelector(\"{POINT}\") && document.body.innerText.includes('Training loss')")
        point = time.perf_counter() - clicked
        reached = f"""() => {{
            const all = [...document.querySelectorAll('[data-testid=stMetric]')].map(metric => metric.innerText);
            const found = all.map(text => text.match(/^Accuracy[^\\d]*([\\d.]+)\\s*%/)).find(match => match);
            return found && parseFloat(found[1]) >= {GOAL};
        }}"""
        _seen(page, reached)
        learnt = time.perf_counter() - clicked
        expect(page.get_by_text("What to train next")).to_be_visible(timeout=LONG)
        whole = time.perf_counter() - clicked
        settle(page)
        page.close()
    return {"first live point": point, f"digits at {GOAL} %": learnt, "digits, whole plan": whole}


def _seen(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=LONG, polling=20)


def long_run(home: Path) -> RunFolder:
    """A run with a history of 5,000 steps, a range test and predictions."""
    run = new_run(home)
    train(run, epochs=EPOCHS, batches=BATCHES)
    range_tested(run)
    evaluate(run)
    return run


def reruns(run: RunFolder, times: int) -> dict[str, float]:
    """Milliseconds of a rerun of each page, medians."""
    os.environ["ANNEAL_WARM"] = "0"
    found = {}
    for name in ADDRESSES:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if name:
            at.switch_page(f"pages/{name}.py")
        at.query_params["run"] = run.id
        at.run()
        assert not at.exception, at.exception
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            at.run()
            taken.append(1000 * (time.perf_counter() - started))
        found[name or "home"] = median(taken)
    return found


@contextmanager
def training_beside(home: Path) -> Iterator[None]:
    """Another run of the workspace, at work."""
    command = [python(), "-m", "core", "train", "digits", "--lr", "0.001", "--cycles", "500", "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if line.startswith("Epoch 1:"):
                break
        yield
    finally:
        process.kill()
        process.wait()


def main() -> None:
    parser = arguments(__doc__ or "")
    chosen = parser.parse_args()
    rows, result = [], {}
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if chromium is None:
        sys.exit("This benchmark needs Chromium: install it (Debian: apt-get install chromium) and run again.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context, port = browser.new_context(viewport={"width": 1280, "height": 800}), free_port()
        for measure in (first_page, digits):
            found = []
            for _ in range(chosen.runs + 1):
                with tempfile.TemporaryDirectory() as home:
                    found.append(measure(context, Path(home), port))
            found = found[1:]  # the browser had not seen the app before
            for name in found[0]:
                values = [one[name] for one in found]
                rows.append([f"{name} (s)", f"{median(values):.2f}", f"{WANTED[name]:.0f}" if name in WANTED else ""])
                result[name] = values
        browser.close()
    with tempfile.TemporaryDirectory() as home:
        os.environ["ANNEAL_HOME"] = str(Path(home) / "home")
        run = long_run(Path(home) / "home")
        alone = reruns(run, 3 * chosen.runs)
        with training_beside(run.workspace.root):
            beside = reruns(run, 3 * chosen.runs)
    rows += [[f"rerun of {name} (ms)", f"{alone[name]:.0f}", "150"] for name in alone]
    rows += [[f"rerun of {name}, a job training (ms)", f"{beside[name]:.0f}", "200"] for name in beside]
    show(f"The studio, medians of {chosen.runs}", ["", "Anneal", "at most"], rows,
         {**result, "reruns": alone, "reruns beside a job": beside}, chosen.out)  # fmt: skip


if __name__ == "__main__":
    main()
