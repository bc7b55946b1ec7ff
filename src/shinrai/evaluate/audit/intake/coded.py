"""Cells of many crossings by way of one table of all cells, whose keys are packed into one whole number.

The values of each column are looked up in a list, and their places are the digits of the number. Rows are counted by
that number: where it is small in an array, otherwise in a hash table, in which one number is three times as fast as
eight texts. The packed table is then read for every crossing instead of the rows, one GROUP BY for each. It pays for
searches; one or two GROUP BYs are faster without.
"""

# ruff: noqa: S608  (names are our own, values are written as literals)

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, product
from math import prod
from operator import mul
from typing import Any

from shinrai.evaluate.audit.intake.literals import literal

Rows = list[tuple[Any, ...]]

_LARGEST_CODE = 1 << 62
_LARGEST_NARROW = 1 << 31

_LOOKED_AT = 200_000
"""Rows whose values are listed; one that comes later is found when it has no place, and all rows are looked at then."""

ARRAY_BITS = 22
"""Digits of an array of counts: 4 million counts, 36 MiB for each thread."""

_MOST_GROUPS = 1_000_000
"""Groups whose names are listed beforehand."""

_MOST_KEPT = 40_000_000
"""Rows whose codes are kept, four bytes each."""

_COUNT = "count(*)"


def packed_cells(
    query: Callable[[str], Rows],
    source: str,
    columns: Sequence[str],
    sets: Sequence[Sequence[str]],
    sums: Sequence[str],
    rows: int,
    array_bits: int,
) -> list[Rows] | None:
    """Group by sets of columns; for each set rows of (values..., sums...). None if the keys do not fit a number.

    source: `WITH d AS (...)`; columns: all columns of the sets, of d. sums: aggregates that add up. rows: of d, about.
    array_bits: digits of the largest number that the connection groups by in an array.
    """
    # The codes are kept to count them in an array, for which the largest has to be known beforehand.
    bits = array_bits if list(sums) == [_COUNT] and rows <= _MOST_KEPT else 0
    stored = stored_values(query, f"{source}, looked_at AS (SELECT * FROM d LIMIT {_LOOKED_AT})", "looked_at", columns)
    if not _made(query, source, stored, sums, bits):
        stored = stored_values(query, source, "d", columns)
        if not _made(query, source, stored, sums, bits):
            return None
    added = ", ".join(f"sum(m{place})" for place in range(len(sums)))
    found: list[Rows] = []
    for each in sets:
        # Over small whole numbers of a known range one GROUP BY is an array, where GROUPING SETS is many hash tables.
        listed = ", ".join(each)
        values = [stored[column] for column in each]
        cells = query(f"SELECT {listed}, {added} FROM base GROUP BY {listed}")
        found.append([_decoded(row, values) for row in cells])
    query("DROP TABLE base")
    return found


def packed_bins(
    query: Callable[[str], Rows], source: str, relation: str, columns: Sequence[str], bins: int, sums: Sequence[str]
) -> Rows | None:
    """Group a relation by columns and its bin b, 0 <= b < bins: rows of (values..., b, sums...).

    None if there are too many groups. The other arguments are those of `packed_cells`.
    """
    looked_at = f"{source}, looked_at AS (SELECT * FROM {relation} LIMIT {_LOOKED_AT})"
    for known, of in ((looked_at, "looked_at"), (source, relation)):
        stored = stored_values(query, known, of, columns)
        sizes = [len(values) for values in stored.values()]
        most = prod(sizes) * bins
        if not 0 < most <= _MOST_GROUPS * bins:
            return None
        code = _code(stored, _weights(sizes, bins), _integer(most))
        rows = query(f"{source} SELECT {code} + b AS code, {', '.join(sums)} FROM {relation} GROUP BY 1")
        if all(row[0] is not None for row in rows):
            # The last column is the highest digit, so the numbers of the groups are in the order of the reversed ones.
            groups = [group[::-1] for group in product(*reversed(stored.values()))]
            return [(*groups[row[0] // bins], row[0] % bins, *row[1:]) for row in rows]
    return None


def _weights(sizes: Sequence[int], lowest: int = 1) -> list[int]:
    """Say what each digit is worth; the first column is the lowest, above `lowest` numbers that others use."""
    return list(accumulate([lowest, *sizes[:-1]], mul))


def _integer(most: int) -> str:
    return "INTEGER" if most < _LARGEST_NARROW else "BIGINT"


def _made(
    query: Callable[[str], Rows], source: str, stored: Mapping[str, Sequence[object]], sums: Sequence[str], bits: int
) -> bool:
    """Make the table of all cells, base, of digits and sums; False if the keys don't fit or a value has no place.

    bits: digits of the largest number that is counted in an array.
    """
    sizes = [len(values) for values in stored.values()]
    most = prod(sizes)
    if not 0 < most < _LARGEST_CODE:
        return False
    weights = _weights(sizes)
    code = _code(stored, weights, _integer(most))
    made = ", ".join(f"{each} AS m{place}" for place, each in enumerate(sums))
    digits = ", ".join(
        f"CAST(code // {weight} % {size} AS {_digit(size)}) AS {column}"
        for column, size, weight in zip(stored, sizes, weights, strict=True)
    )
    if most.bit_length() < bits:
        query(f"CREATE OR REPLACE TEMP TABLE codes AS {source} SELECT {code} AS code FROM d")
        packed = f"SELECT code, {made} FROM codes GROUP BY code"
        query(f"CREATE OR REPLACE TEMP TABLE base AS SELECT {digits}, * EXCLUDE (code) FROM ({packed})")
        query("DROP TABLE codes")
    else:
        packed = f"SELECT {code} AS code, {made} FROM d GROUP BY 1"
        query(
            f"CREATE OR REPLACE TEMP TABLE base AS {source}, packed AS ({packed}) SELECT {digits}, * EXCLUDE (code) "
            "FROM packed"
        )
    return query(f"SELECT count(*) FROM base WHERE {next(iter(stored))} IS NULL") == [(0,)]


def stored_values(
    query: Callable[[str], Rows], source: str, relation: str, columns: Sequence[str]
) -> dict[str, list[object]]:
    """Return the values of each column that occur; None is one of them where it does."""
    listed = ", ".join(columns)
    singles = ", ".join(f"({column})" for column in columns)
    rows = query(f"{source} SELECT GROUPING({listed}), {listed} FROM {relation} GROUP BY GROUPING SETS ({singles})")
    values: dict[str, list[object]] = {column: [] for column in columns}
    for mask, *row in rows:
        place = next(at for at in range(len(columns)) if not mask >> (len(columns) - 1 - at) & 1)
        values[columns[place]].append(row[place])
    return values


def _code(stored: Mapping[str, Sequence[object]], weights: Sequence[int], stored_as: str) -> str:
    """Write the number of a row's digits: NULL where a value is not in its list.

    Only functions, no casts and no conditions for each column: then they are computed once for each value of a
    dictionary.
    """
    places = " + ".join(
        f"{_place(column, values)} * CAST({weight} AS {stored_as})"
        for (column, values), weight in zip(stored.items(), weights, strict=True)
    )
    return f"CAST({places} - {sum(weights)} AS {stored_as})"


def _place(column: str, values: Sequence[object]) -> str:
    if list(values) == [None]:
        return f"CASE WHEN {column} IS NULL THEN 1 END"
    return f"list_position([{', '.join(map(literal, values))}], {column})"


def _decoded(row: tuple[Any, ...], values: Sequence[Sequence[object]]) -> tuple[Any, ...]:
    return (*(of_column[digit] for of_column, digit in zip(values, row, strict=False)), *row[len(values) :])


def _digit(size: int) -> str:
    return "UTINYINT" if size <= 1 << 8 else "USMALLINT" if size <= 1 << 16 else "UINTEGER"
