"""Modules are imported without the collector, which is put back as it was."""

import gc
import sys

import pytest

from core.process.imports import import_modules


@pytest.fixture(autouse=True)
def collector():
    yield
    gc.unfreeze()
    gc.enable()


def test_modules_are_imported_and_the_collector_rests_meanwhile(tmp_path, monkeypatch):
    (tmp_path / "told_by_gc.py").write_text("import gc\nENABLED = gc.isenabled()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import_modules(["told_by_gc"])
    assert sys.modules["told_by_gc"].ENABLED is False
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    import_modules(["json"])
    assert not gc.isenabled()


def test_it_ends_when_it_is_no_longer_wanted():
    wanted = iter([True, False])
    import_modules(["json", "no_module_of_this_name"], lambda: next(wanted))


def test_a_module_that_is_missing_is_said_and_the_collector_goes_on():
    with pytest.raises(ModuleNotFoundError):
        import_modules(["no_module_of_this_name"])
    assert gc.isenabled()
