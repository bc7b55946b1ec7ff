"""Cells of many crossings by way of one table of all cells, whose keys are packed into one whole number.

Hashing one number is three times as fast as hashing eight texts, and the packed table is read for every crossing
instead of the rows, one GROUP BY for each. It pays for searches; one or two GROUP BYs are faster without.
"""

# ruff: noqa: S608  (names are our own, values are written as literals)

from collections.abc import Callable, Sequence
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any

from shinrai.evaluate.audit.intake.literals import literal

Rows = list[tuple[Any, ...]]

_LARGEST_CODE = 1 << 62
_LARGEST_NARROW = 1 << 31


def packed_cells(
    query: Callable[[str], Rows],
    source: str,
    columns: Sequence[str],
    sets: Sequence[Sequence[str]],
    sums: Sequence[str],
) -> list[Rows] | None:
    """Group by sets of columns; for each set rows of (values..., sums...). None if the keys do not fit a number.

    source: `WITH d AS (...)`; columns: all columns of the sets, of d. sums: aggregates that add up.
    """
    stored = _stored(query, source, columns)
    sizes = [len(values) + 1 for values in stored.values()]
    if prod(sizes) >= _LARGEST_CODE:
        return None
    # The first column is the lowest digit.
    weights = dict(zip(columns, accumulate([1, *sizes[:-1]], mul), strict=True))
    narrow = "INTEGER" if prod(sizes) < _LARGEST_NARROW else "BIGINT"
    code = " + ".join(f"{_place(column, stored[column], narrow)} * {weight}" for column, weight in weights.items())
    made = ", ".join(f"{each} AS m{place}" for place, each in enumerate(sums))
    packed = f"SELECT CAST({code} AS {narrow}) AS code, {made} FROM d GROUP BY 1"
    digits = ", ".join(
        f"CAST(code // {weights[column]} % {size} AS {_digit(size)}) AS {column}"
        for column, size in zip(columns, sizes, strict=True)
    )
    query(
        f"CREATE OR REPLACE TEMP TABLE base AS {source}, packed AS ({packed}) SELECT {digits}, * EXCLUDE (code) "
        "FROM packed"
    )
    added = ", ".join(f"sum(m{place})" for place in range(len(sums)))
    found: list[Rows] = []
    for each in sets:
        # Over small whole numbers of a known range one GROUP BY is an array, where GROUPING SETS is many hash tables.
        listed = ", ".join(each)
        values = [[None, *stored[column]] for column in each]
        rows = query(f"SELECT {listed}, {added} FROM base GROUP BY {listed}")
        found.append([_decoded(row, values) for row in rows])
    query("DROP TABLE base")
    return found


def _stored(query: Callable[[str], Rows], source: str, columns: Sequence[str]) -> dict[str, list[object]]:
    listed = ", ".join(columns)
    singles = ", ".join(f"({column})" for column in columns)
    rows = query(f"{source} SELECT GROUPING({listed}), {listed} FROM d GROUP BY GROUPING SETS ({singles})")
    values: dict[str, list[object]] = {column: [] for column in columns}
    for mask, *row in rows:
        place = next(at for at in range(len(columns)) if not mask >> (len(columns) - 1 - at) & 1)
        if row[place] is not None:
            values[columns[place]].append(row[place])
    return values


def _place(column: str, values: Sequence[object], stored_as: str) -> str:
    if not values:
        return "0"
    return f"CAST(coalesce(list_position([{', '.join(map(literal, values))}], {column}), 0) AS {stored_as})"


def _decoded(row: tuple[Any, ...], values: Sequence[Sequence[object]]) -> tuple[Any, ...]:
    return (*(of_column[digit] for of_column, digit in zip(values, row, strict=False)), *row[len(values) :])


def _digit(size: int) -> str:
    return "UTINYINT" if size <= 1 << 8 else "USMALLINT" if size <= 1 << 16 else "UINTEGER"
