"""Tables of files and labels as people keep them: CSV and its kin, JSON lines, Excel. Every cell is text."""

import csv
import importlib.util
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.folder_names import one_form
from core.data.zip_names import text_code_page
from core.errors import DataError
from core.kept import parse_json

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".xlsx", ".xls", ".ods")
"""Names of files that are tables; any other is read as CSV when it is named."""

PERHAPS = (".txt", ".lst", ".json")
"""Names of files that may be tables of files and labels, and mostly are something else."""

MOST_BYTES = 200 * 2**20


@dataclass(frozen=True)
class Table:
    """A table: its name, its columns, and its rows as text, a cell for each column; `lists` are columns of lists."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lists: frozenset[str] = frozenset()

    def column(self, name: str) -> list[str]:
        """The cells of a column; raises `DataError` that names those that there are."""
        for at, column in enumerate(self.columns):
            if column == name or column.casefold() == name.casefold().strip():
                return [row[at] for row in self.rows]
        raise DataError(f"{self.name} has no column {name!r}. Its columns are: {', '.join(self.columns)}.")


def is_table(name: str) -> bool:
    """Whether a file's name is that of a table."""
    return name.lower().endswith(ENDINGS)


def read_table(path: Path, name: str) -> Table:
    """Read the table in `path`, called `name` in sentences; raises `DataError` when it is none or cannot be read."""
    ending = Path(name).suffix.lower()
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{name} is larger than {MOST_BYTES >> 20} MB. Keep only the files and their labels in it.")
        if ending in (".xlsx", ".xls", ".ods"):
            return _excel(path, name, ending)
        text = _text(path.read_bytes())
    except OSError as error:
        raise DataError(f"The table {name} cannot be opened: {error.strerror or error}.") from error
    if ending == ".json":
        table = _json(text, name)
    else:
        table = _json_lines(text, name) if ending in (".jsonl", ".ndjson") else _delimited(text, name)
    if not table.rows:
        raise DataError(f"The table {name} has no rows.")
    return table


def _text(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    zeros = content[:1000].count(0)
    if 4 * zeros > len(content[:1000]):
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode(text_code_page(content), "replace")


def _delimited(text: str, name: str) -> Table:
    text, stated = _without_preface(text)
    first = text.split("\n", 1)[0]
    delimiter = max("\t;|,", key=first.count)
    if not first.count(delimiter):
        delimiter = " "
    delimiter = stated or delimiter
    try:
        read = list(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"The table {name} cannot be read: {error}.") from error
    rows = [[one_form(cell.strip()) for cell in row] for row in read if any(cell.strip() for cell in row)]
    if not rows:
        raise DataError(f"The table {name} has no rows.")
    width = len(rows[0])
    header, body = rows[0], rows[1:]
    table = Table(name, tuple(header), tuple(tuple((row + [""] * width)[:width]) for row in body))
    return without_header(table) if _is_data(header) else table


def _without_preface(text: str) -> tuple[str, str]:
    """A text without comments before its table, and the delimiter that Excel's line "sep=;" states ("" for none)."""
    stated = ""
    while text.startswith("#") or text[:4].casefold() == "sep=":
        line, _, text = text.partition("\n")
        if line[:4].casefold() == "sep=":
            stated = line[4:5]
    return text, stated


def without_header(table: Table) -> Table:
    """The table with its first line as a row like the others, where it names no columns."""
    columns = tuple(f"column {k}" for k in range(1, len(table.columns) + 1))
    return Table(table.name, columns, (table.columns, *table.rows), table.lists)


def _is_data(header: list[str]) -> bool:
    """Whether a first row is a row like the others: it holds the name of an image."""
    endings = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".heic")
    return any(cell.lower().endswith(endings) for cell in header)


def _json(text: str, name: str) -> Table:
    """A list of objects, or one object with the label of each file."""
    try:
        value = parse_json(text)
    except ValueError as error:
        raise DataError(f"{name} is not JSON: {error}.") from error
    if isinstance(value, dict) and value and all(isinstance(label, str | int) for label in value.values()):
        return Table(name, ("file", "label"), tuple((_cell(file), _cell(label)) for file, label in value.items()))
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return _of_objects(value, name)
    raise DataError(f"{name} is neither a list of objects nor an object with the label of each file.")


def _json_lines(text: str, name: str) -> Table:
    try:
        rows = [parse_json(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise DataError(f"The table {name} is not one JSON object per line: {error}.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise DataError(f"The table {name} is not one JSON object per line.")
    return _of_objects(rows, name)


def _of_objects(rows: Sequence[dict[str, Any]], name: str) -> Table:
    columns = tuple(dict.fromkeys(str(key) for row in rows for key in row))
    lists = frozenset(key for row in rows for key, value in row.items() if isinstance(value, list | dict))
    cells = tuple(tuple(_cell(row.get(column, "")) for column in columns) for row in rows)
    return Table(name, columns, cells, lists)


def _cell(value: object) -> str:
    return one_form(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).strip()


def _excel(path: Path, name: str, ending: str) -> Table:
    engine = {".xlsx": "openpyxl", ".xls": "xlrd", ".ods": "odf"}[ending]
    if importlib.util.find_spec(engine) is None:
        raise DataError(f"{name} is a spreadsheet. Save it as CSV, or install {engine} (pip install {engine}).")
    import pandas as pd

    try:
        sheets = pd.read_excel(path, sheet_name=None, dtype=str, keep_default_na=False, na_values=[])
    except Exception as error:  # each engine has errors of its own
        raise DataError(f"The spreadsheet {name} cannot be read. Save it as CSV.") from error
    frame = max(sheets.values(), key=lambda sheet: sheet.size if sheet.shape[1] > 1 else 0)
    columns = tuple(one_form(str(column).strip()) for column in frame.columns)
    rows = tuple(tuple(one_form(str(cell).strip()) for cell in row) for row in frame.itertuples(index=False))
    return Table(name, columns, rows)
