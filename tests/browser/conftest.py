"""A real server and a real browser, shared by all browser tests; each test gets a page of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "test-output" / "screenshots"
SCHEMES = ("light", "dark") if os.environ.get("SCREENSHOTS") else ("light",)
"""Themes in which tests take pictures of pages; what can be measured of both is in `test_accessibility`."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a camera, where a page is allowed to use it
]


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if found is None:
        advice = "The browser tests need Chromium: install it (Debian: apt-get install chromium) and run again."
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    executable = _chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="package")
def server(home: Path) -> Iterator[str]:
    """The address of the app, served from this checkout on a workspace of its own."""
    with serve(home, "app.py") as address:
        yield address


@contextlib.contextmanager
def serve(home: Path, script: str, **more: str) -> Iterator[str]:
    """The address of an app on a workspace, with more variables in its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"]
    command += ["--server.port", str(port)]
    environment = {**os.environ, "ANNEAL_HOME": str(home), **more}
    log = home / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(10)
        _end_workers(home)


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            if answer.read() == b"ok":
                return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError("The app did not become healthy within 30 s:\n" + log.read_text())


def _end_workers(home: Path) -> None:
    """End what outlives the server on purpose: workers and the warm process of this workspace."""
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get("ANNEAL_HOME") == str(home):
            with contextlib.suppress(psutil.Error):
                process.kill()


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=server)
    context.set_default_timeout(30_000)
    page = context.new_page()
    yield page
    context.close()


def shot(page: Page, name: str) -> None:
    """Keep a picture of the whole page under test-output/screenshots, where `SCREENSHOTS` is set.

    Streamlit scrolls inside, so the window grows.
    """
    if not os.environ.get("SCREENSHOTS"):
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(600)
    before = page.viewport_size
    assert before is not None
    height = page.get_by_test_id("stMain").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": before["width"], "height": max(before["height"], min(int(height), 4000))})
    page.wait_for_timeout(400)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.set_viewport_size(before)
