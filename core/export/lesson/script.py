"""A run as a Python script that repeats it and reads as a lesson."""

import textwrap

from core.export.lesson.cells import Cell, lesson
from core.runs.folder import RunFolder

WIDTH = 110
"""Letters of a line of words."""


def script(run: RunFolder) -> str:
    """The lesson as a script: words as comments, cells marked as editors know them. Raises what `lesson` raises."""
    return "\n\n".join(_written(cell) for cell in lesson(run)) + "\n"


def _written(cell: Cell) -> str:
    if cell.kind == "code":
        return f"# %%\n{cell.text}"
    lines = [part for line in cell.text.splitlines() for part in _wrapped(line)]
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in lines)


def _wrapped(line: str) -> list[str]:
    """A long line of words in several; commands, which are indented, stay whole."""
    return [line] if line.startswith("    ") or not line else textwrap.wrap(line, WIDTH, break_long_words=False)
