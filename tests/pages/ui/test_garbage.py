"""Objects that cannot be reached are collected, but not after every rerun."""

import gc
import time
import weakref

import pytest
from streamlit import config

from pages.ui import garbage
from tests.pages.conftest import open_page


class Circle:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_streamlit_collects_nothing_after_a_rerun() -> None:
    assert config.get_option("runner.postScriptGC") is False


@pytest.mark.parametrize(("ago", "freed"), [(garbage.EVERY_S + 1, True), (0.0, False)])
def test_a_page_collects_what_cannot_be_reached_once_in_a_while(
    monkeypatch: pytest.MonkeyPatch, ago: float, freed: bool
) -> None:
    monkeypatch.setattr(garbage, "_last", time.monotonic() - ago)
    monkeypatch.setattr(garbage, "_coming", None)
    gc.disable()
    try:
        circle = weakref.ref(Circle())
        open_page("runs")
        until = time.monotonic() + (5 if freed else 0.3)
        while circle() is not None and time.monotonic() < until:
            time.sleep(0.01)
        assert (circle() is None) is freed
    finally:
        gc.enable()


def test_what_the_last_visitor_leaves_is_collected_though_no_page_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "EVERY_S", 0.2)
    monkeypatch.setattr(garbage, "_last", time.monotonic())
    monkeypatch.setattr(garbage, "_coming", None)
    gc.disable()
    try:
        garbage.collect_seldom()  # as the last page does
        circle = weakref.ref(Circle())
        until = time.monotonic() + 10
        while circle() is not None and time.monotonic() < until:
            time.sleep(0.01)
        assert circle() is None
    finally:
        gc.enable()
