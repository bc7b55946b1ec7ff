"""Cells of many crossings by way of one table of all cells, whose keys are packed into one whole number.

Hashing one number is three times as fast as hashing eight texts, and the packed table is read for every crossing
instead of the rows. It pays for searches; one or two GROUP BYs are faster without.
"""

# ruff: noqa: S608  (names are our own, values are written as literals)

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from math import prod
from operator import mul
from typing import Any

from shinrai.evaluate.audit.intake.literals import literal

Rows = list[tuple[Any, ...]]

_LARGEST_CODE = 1 << 62
_LARGEST_NARROW = 1 << 31
_MOST_SETS = 16


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
    query(f"CREATE OR REPLACE TEMP TABLE base AS {source} {packed}")
    digits = ", ".join(
        f"CAST(code // {weights[column]} % {size} AS SMALLINT) AS {column}"
        for column, size in zip(columns, sizes, strict=True)
    )
    added = ", ".join(f"sum(m{place})" for place in range(len(sums)))
    found: list[Rows] = []
    for start in range(0, len(sets), _MOST_SETS):
        some = sets[start : start + _MOST_SETS]
        used = [column for column in columns if any(column in each for each in some)]
        listed = ", ".join(used)
        by = ", ".join("(" + ", ".join(each) + ")" for each in some)
        rows = query(
            f"WITH cells AS (SELECT * EXCLUDE (code), {digits} FROM base) "
            f"SELECT GROUPING({listed}), {listed}, {added} FROM cells GROUP BY GROUPING SETS ({by})"
        )
        found += _decoded(rows, used, some, stored)
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


def _decoded(
    rows: Rows, columns: Sequence[str], sets: Sequence[Sequence[str]], stored: Mapping[str, Sequence[object]]
) -> list[Rows]:
    values = {column: [None, *stored[column]] for column in columns}
    found: list[Rows] = [[] for _ in sets]
    of_mask = {}
    for into, each in zip(found, sets, strict=True):
        mask = sum(1 << (len(columns) - 1 - at) for at, column in enumerate(columns) if column not in each)
        of_mask[mask] = (into, [(1 + columns.index(column), values[column]) for column in each])
    after = 1 + len(columns)
    for row in rows:
        into, digits = of_mask[row[0]]
        into.append((*(of_column[row[at]] for at, of_column in digits), *row[after:]))
    return found
