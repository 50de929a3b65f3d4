"""What a command writes: progress on stderr, its answer on stdout."""

import json
import math
from dataclasses import dataclass
from typing import Any, TextIO

REPORTED_EVERY = 0.25
"""Share of the work after which another line of progress is written where lines cannot be overwritten."""


@dataclass(frozen=True)
class Answer:
    """What a command found: as a JSON value, and as text for a person; and its exit status."""

    value: dict[str, Any] | list[Any]
    text: str
    status: int = 0


class Reporter:
    """Writes progress: on a terminal as one line that changes, elsewhere as a line now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._what = ""
        self._said = -1.0
        self._width = 0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say that `done` of `total` is done of `what`; a `total` of 0 is unknown."""
        share = done / total if total > 0 else 0.0
        if not self._live and what == self._what and share < min(1.0, self._said + REPORTED_EVERY):
            return
        if what == self._what and share == self._said:
            return
        self._what, self._said = what, share
        self._write(printable(f"{what}: {done:,} of {total:,} ({share:.0%})" if total > 0 else what))

    def say(self, sentence: str) -> None:
        """Write a line that stays."""
        self.close()
        self._stream.write(f"{printable(sentence)}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line that changes, so that what follows begins on a new line."""
        if self._live and self._width:
            self._stream.write("\n")
        self._what, self._said, self._width = "", -1.0, 0

    def _write(self, line: str) -> None:
        if self._live:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def write(stream: TextIO, answer: Answer, *, as_json: bool) -> None:
    """Write an answer to `stream`: one JSON value on one line, or the text, escaped where the console lacks letters."""
    said = json.dumps(finite(answer.value), allow_nan=False) if as_json else printable(answer.text)
    encoding = stream.encoding or "utf-8"
    stream.write(f"{said.encode(encoding, 'backslashreplace').decode(encoding)}\n")
    stream.flush()


def printable(text: str) -> str:
    """`text` with escapes for what would steer a terminal or cannot be encoded, as names of files may hold."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def finite(value: Any) -> Any:
    """`value` with None for the numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def one_line(name: str) -> str:
    """A file's name on one line of a terminal: line breaks, marks of direction and the like are written as escapes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)


def table(rows: list[list[str]], *, right: bool = True) -> str:
    """Rows of cells in columns, the first column flush left and the others, if `right`, flush right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if right and column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
