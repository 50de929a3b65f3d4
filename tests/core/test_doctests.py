"""The examples in docstrings are true."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import core

ROOT = Path(core.__file__).parents[1]

EXAMPLES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "core").rglob("*.py")
    if "    >>> " in path.read_text(encoding="utf-8")
}


def test_there_are_examples():
    assert {f"core.training.{name}" for name in ("stage", "schedules", "smoothing", "suggestions")} <= EXAMPLES


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_of_a_module_are_true(name):
    found = doctest.testmod(import_module(name))
    assert found.attempted
    assert not found.failed
