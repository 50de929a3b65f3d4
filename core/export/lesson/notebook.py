"""A run as a Jupyter notebook that repeats it: the lesson's words between its cells of code."""

import json
from typing import Any

from core.export.lesson.cells import Cell, lesson
from core.runs.folder import RunFolder

FORMAT, MINOR = 4, 5
"""Of the notebook's format: the first with an id for each cell."""


def notebook(run: RunFolder) -> str:
    """The lesson as an .ipynb file, not yet executed. Raises what `lesson` raises."""
    cells = [_cell(number, cell) for number, cell in enumerate(lesson(run))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    value = {"cells": cells, "metadata": metadata, "nbformat": FORMAT, "nbformat_minor": MINOR}
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, cell: Cell) -> dict[str, Any]:
    text = cell.text.replace("python THIS_FILE.py FOLDER", "DATA = FOLDER  # in the settings below")
    common = {"id": f"cell-{number:02d}", "metadata": {}, "source": text.splitlines(keepends=True)}
    if cell.kind == "words":
        return {"cell_type": "markdown", **common}
    return {"cell_type": "code", **common, "execution_count": None, "outputs": []}
