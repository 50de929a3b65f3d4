"""ANNEAL_WARM=0 keeps the app from having a warm process; without it every page sees to one."""

from pathlib import Path

import pytest

from pages.ui import frame
from tests.pages.conftest import open_page


@pytest.mark.parametrize(("value", "times"), [("0", 0), ("1", 1), (None, 1)])
def test_the_switch(home: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, times: int) -> None:
    asked: list[object] = []
    monkeypatch.setattr(frame, "get_ready", asked.append)
    if value is None:
        monkeypatch.delenv("ANNEAL_WARM")
    else:
        monkeypatch.setenv("ANNEAL_WARM", value)
    assert not open_page().exception
    assert len(asked) == times
