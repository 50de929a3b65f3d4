"""Tables with a column for each class, 1 for the class that an image is of and 0 for the others."""

from core.data.tables import Table
from core.errors import SeveralLabelsError

LABEL = "class of the column that is 1"
"""The column that such columns are replaced by."""

_YES, _NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"0", "0.0", "false", "no", ""})


def with_labels(table: Table, columns: list[str]) -> Table | None:
    """The table with a column `LABEL` instead of those of `columns` that are 0 and 1; None where it has none.

    Raises `SeveralLabelsError` where several of them are 1 in a row.
    """
    cells = {column: [cell.casefold() for cell in table.column(column)] for column in columns}
    marks = [column for column, found in cells.items() if set(found) <= _YES | _NO and set(found) & _YES]
    if len(marks) < 2:
        return None
    labels = []
    for at in range(len(table.rows)):
        named = [column for column in marks if cells[column][at] in _YES]
        if len(named) > 1:
            raise SeveralLabelsError(
                f"{table.name} gives several labels to an image: {named[0]} and {named[1]} are both 1 in row {at + 1}. "
                "Anneal learns one class for each image; it cannot use several."
            )
        labels.append(named[0] if named else "")
    kept = [at for at, column in enumerate(table.columns) if column not in marks]
    rows = tuple((*(row[at] for at in kept), label) for row, label in zip(table.rows, labels, strict=True))
    return Table(table.name, (*(table.columns[at] for at in kept), LABEL), rows, table.lists)
