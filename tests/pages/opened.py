"""Which files of a folder this process opens, headers of weights included."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from safetensors import safe_open

from core.runs import checkpoint

_watched: list[tuple[str, Counter[str]]] = []


def _heard(event: str, values: tuple[Any, ...]) -> None:
    if event == "open" and _watched and isinstance(values[0], str):
        for folder, found in _watched:
            if values[0].startswith(folder):
                found[values[0].removeprefix(folder)] += 1


sys.addaudithook(_heard)


@contextmanager
def opened(folder: Path) -> Iterator[Counter[str]]:
    """How often each file in `folder` is opened in the block, by its path there."""
    found: Counter[str] = Counter()
    entry = (f"{folder}/", found)

    def heard(path: Path, **how: Any) -> Any:
        _heard("open", (str(path),))  # a library that is not written in Python opens it unheard
        return safe_open(path, **how)

    _watched.append(entry)
    try:
        with patch.object(checkpoint, "safe_open", heard):
            yield found
    finally:
        _watched.remove(entry)
