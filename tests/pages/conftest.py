"""Every page test has a workspace of its own, and no warm process."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import queue

APP = Path(__file__).parents[2] / "app.py"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("ANNEAL_HOME", str(folder))
    monkeypatch.setenv("ANNEAL_WARM", "0")
    return folder


def open_page(name: str = "", **query: str) -> AppTest:
    """The app at a page ("data", "runs"; "" is Home), run once, with these query parameters."""
    at = AppTest.from_file(str(APP), default_timeout=30)
    if name:
        at.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        at.query_params[key] = value
    return at.run()


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs stay queued: nothing is started."""
    monkeypatch.setattr(queue, "advance", lambda workspace: None)
