"""No sentence of the core names an option of the command line on the Data page."""

import ast
import re
from pathlib import Path

from pages.ui.data.sentences import on_the_page

CORE = Path(__file__).parents[4] / "core" / "data"


def texts() -> list[str]:
    """Every text in `core.data` that names an option, but for what documents the code."""
    found = []
    for path in sorted(CORE.glob("*.py")):
        tree = ast.parse(path.read_text())
        documents = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found += [_joined(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        found += [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
        ]
    return [text for text in found if re.search(r"--[a-z]", text)]


def _joined(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "NAME" for part in node.values)


def test_every_option_that_is_named_is_replaced() -> None:
    named = texts()
    assert len(named) > 3
    whole = [text for text in named if not any(text != other and text in other for other in named)]
    assert [text for text in whole if re.search(r"--[a-z]", on_the_page(text))] == []


def test_other_sentences_stay() -> None:
    assert on_the_page("There is no folder or zip file -- here.") == "There is no folder or zip file -- here."
