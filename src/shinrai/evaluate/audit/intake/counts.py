"""A table of counts: each row a cell, and one column saying how many rows it stands for. No row of the data moves.

Rows of totals (a column reads 合計, total or the like) are margins: they are held against the cells and left out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shinrai.evaluate.audit.cells import Roles
from shinrai.evaluate.audit.intake.refusals import no_number
from shinrai.evaluate.audit.intake.wanted import Wanted, declared
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.reading import Column, Kind
from shinrai.evaluate.targets.values import canonical, shown
from shinrai.language import Message, Place, message

if TYPE_CHECKING:
    import pyarrow as pa

MOST_CELLS = 200_000
LARGEST_COUNT = 10**12
TOTALS = frozenset({"合計", "総計", "total", "(total)", "(all)"})
"""Canonical labels, case folded, that mark a row of totals."""

Row = tuple[Any, ...]


def checked_counts(
    place: Path, columns: Sequence[Column], rows: Sequence[Row], roles: Roles, wanted: Wanted
) -> "pa.Table":
    """Return the cells of a table of counts, without its margins and without counts of 0.

    columns, rows: all of the table, rows in its own order. TableError, naming the row: a count that is missing,
    negative, fractional or too large; a cell given twice; a margin that disagrees with its cells.
    """
    names = [column.name for column in columns]
    counted = names.index(roles.counts or "")
    if columns[counted].kind not in {Kind.INTEGER, Kind.NUMBER}:
        raise no_number(place, names[counted], columns[counted].type)
    for number, row in enumerate(rows, start=1):
        _check_count(place, names[counted], row[counted], number)
    _check_twice(place, names, counted, rows)
    keys = _keys(columns, rows, counted, declared(roles, wanted))
    margins = {number for number, row in enumerate(rows, start=1) if any(_is_total(row[key]) for key in keys)}
    _check_margins(place, names[counted], counted, keys, rows, margins)
    cells = [row for number, row in enumerate(rows, start=1) if number not in margins and row[counted]]
    return _as_arrow(columns, cells, counted, declared(roles, wanted))


def _keys(columns: Sequence[Column], rows: Sequence[Row], counted: int, named: Sequence[str]) -> list[int]:
    """Find the columns that say which cell a row is: those that are audited, and others that have totals."""
    text = [at for at, column in enumerate(columns) if column.kind is Kind.TEXT]
    totalled = {at for at in text if any(_is_total(row[at]) for row in rows)}
    return [at for at, column in enumerate(columns) if at != counted and (column.name in named or at in totalled)]


def at_row(place: Path, row: int, column: str, what: Message, fix: Message) -> TableError:
    """Make the error for one row of a table of counts, counted from 1 below the header."""
    return TableError(what, fix=fix, place=Place(str(place), row=row, field=shown(column)))


def _check_count(place: Path, column: str, value: Any, row: int) -> None:
    fix = message("A count is a whole number, 0 or more: how many rows of the data are alike in this way.")
    if value is None or value != value:
        raise at_row(place, row, column, message("A count is missing."), fix)
    if value < 0:
        raise at_row(place, row, column, message("The count {count} is negative.", count=value), fix)
    if value > LARGEST_COUNT:
        most = f"{LARGEST_COUNT:,}"
        raise at_row(place, row, column, message("A count is larger than {most}.", most=most), fix)
    if value != int(value):
        raise at_row(place, row, column, message("The count {count} is not a whole number.", count=value), fix)


def _check_twice(place: Path, names: Sequence[str], counted: int, rows: Sequence[Row]) -> None:
    """Refuse a cell that stands there twice; spellings that differ are merged later, and reported."""
    seen: dict[Row, int] = {}
    for number, row in enumerate(rows, start=1):
        key = tuple(None if value != value else value for place_, value in enumerate(row) if place_ != counted)
        first = seen.setdefault(key, number)
        if first != number:
            raise at_row(
                place,
                number,
                names[counted],
                message("This row gives the same cell as row {first} again.", first=first),
                message("Add the two counts up if both are meant, or leave one of the rows out."),
            )


def _is_total(value: object) -> bool:
    return isinstance(value, str) and (canonical(value) or "").casefold() in TOTALS


def _check_margins(
    place: Path, column: str, counted: int, keys: Sequence[int], rows: Sequence[Row], margins: set[int]
) -> None:
    """Hold every row of totals against the sum of the cells it is the total of."""
    cells = [
        (tuple(map(_alike, (row[key] for key in keys))), int(row[counted]))
        for number, row in enumerate(rows, 1)
        if number not in margins
    ]
    sums: dict[tuple[int, ...], Mapping[Row, int]] = {}
    for number in sorted(margins):
        row = rows[number - 1]
        fixed = tuple(at for at, key in enumerate(keys) if not _is_total(row[key]))
        if fixed not in sums:
            added: dict[Row, int] = defaultdict(int)
            for key, n in cells:
                added[tuple(key[at] for at in fixed)] += n
            sums[fixed] = added
        total = sums[fixed].get(tuple(_alike(row[keys[at]]) for at in fixed), 0)
        if total != row[counted]:
            raise at_row(
                place,
                number,
                column,
                message(
                    "The total {count} disagrees with its cells, which add up to {total}.",
                    count=row[counted],
                    total=total,
                ),
                message("Correct the total or the cells, or leave rows of totals out."),
            )


def _alike(value: object) -> str | None:
    label = canonical(value)
    return None if label is None else label.casefold()


def _as_arrow(columns: Sequence[Column], cells: Sequence[Row], counted: int, wanted: Sequence[str]) -> "pa.Table":
    import pyarrow as pa

    made = {}
    for place, column in enumerate(columns):
        values = [row[place] for row in cells]
        if place == counted:
            made[column.name] = pa.array([int(value) for value in values], type=pa.int64())
        elif column.name in wanted:
            made[column.name] = pa.array(values, type=_type(column.kind))
    return pa.table(made)


def _type(kind: Kind) -> Any:
    import pyarrow as pa

    return {Kind.TEXT: pa.string(), Kind.BOOLEAN: pa.bool_(), Kind.INTEGER: pa.int64(), Kind.NUMBER: None}.get(kind)
