"""A plain table in one scan: its profile, its cells and its bins, from one GROUP BY of a whole number.

The values of each column are listed from a look at some of the rows, and a row's number is made of the places of its
values in these lists and of its bin. A value that no list has makes the number NULL: then nothing of the scan is used;
the lists are completed from such rows once, and if that is not enough the table is profiled and counted as any other.
So there are never more groups than the lists and bins make, which is what the profile guards against, and no fact of
the profile is estimated.

Numbers are added up as doubles, which is exact here and faster than in whole numbers, whose every step is checked. Sums
of scores are kept as what is above a bin's lower edge: whole numbers of units that are never negative, of which a sum
below 2^53 is exact in any order, as is every part of it, because rounding never makes a sum of such numbers smaller.
"""

# ruff: noqa: S608  (names are our own, values are written as literals)

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from shinrai.evaluate.audit.cells import SCALE_BITS
from shinrai.evaluate.audit.intake.engine import AtOnce, Binned, Digits, Profile, Seen, facts
from shinrai.evaluate.audit.intake.literals import literal
from shinrai.evaluate.audit.intake.planner import MOST_FOLDED
from shinrai.evaluate.audit.intake.wanted import Asked
from shinrai.evaluate.targets.reading import Kind
from shinrai.evaluate.targets.table import MOST_CHARACTERS

Arrays = Mapping[str, npt.NDArray[Any]]

_MOST_LISTED = 64
"""Values of a column that are listed; of whole numbers, those between the smallest and the largest."""

_LISTED_ONE_BY_ONE = 3
"""More whole numbers than these are found faster by subtraction."""

_ABOUT = 1.5
"""What an estimate of so few distinct values is surely within."""

_MOST_NUMBERS = 1 << 20
"""If all of them occurred, a hash table of 64 MiB for each thread, of which DuckDB spills what exceeds its memory."""

_MOST_BIN_BITS = 14
"""Of 2^14 bins the square of a lower edge is still a whole number of units, with digits to spare."""

_EXACT = float(1 << 53)
"""Below this a sum of whole numbers that are not negative is exact as a double."""

_ADDED_UP = float(1 << 62)
"""Below this all sums together fit 64 bits, however they are folded."""

_LOOKED_AT = 100_000
_LOOKS = 10
"""Rows that are looked at first, in so many places of the table: each costs the opening of a row group."""

_STRAYS = 2_000
"""Rows without a number that the lists are completed from."""

_BIGINT = 1 << 63


@dataclass(frozen=True, slots=True)
class Listed:
    """A column with the values that it can have: sql is the place of its value as a double, from `first`, NULL if none.

    Places are counted from 0 or from 1, as comes cheaper.
    """

    values: tuple[object, ...]
    sql: str
    first: int


def is_plain(asked: Asked) -> bool:
    """Whether a table is asked for counts of rows, and bins of probabilities, alone."""
    roles, wanted = asked.roles, asked.wanted
    if asked.numeric or wanted.search or roles.weight or roles.cluster or roles.counts:
        return False
    if roles.score is None:
        return True
    return asked.scored and wanted.calibration and wanted.bins.bit_count() == 1 and wanted.bins <= 1 << _MOST_BIN_BITS


def looked_at(rows: int, numbered: str, row: str) -> str:
    """Write the rows to look at: some from each of several places, as a table may be sorted.

    rows: of the table; numbered: SQL of its rows with their places, from 0, in the column `row`.
    """
    if rows <= _LOOKED_AT:
        return f"SELECT * FROM ({numbered})"
    each = _LOOKED_AT // _LOOKS
    starts = [place * (rows - each) // (_LOOKS - 1) for place in range(_LOOKS)]
    spans = " OR ".join(f"{row} BETWEEN {start} AND {start + each - 1}" for start in starts)
    return f"SELECT * FROM ({numbered}) WHERE {spans}"


def may_be_listed(found: Mapping[tuple[Seen, str], Any]) -> bool:
    """Say by distinct values (about) and lengths whether the values of some rows may be grouped by."""
    limits = {Seen.DISTINCT: _ABOUT * _MOST_LISTED, Seen.LONGEST: MOST_CHARACTERS}
    return all((value or 0) <= limits.get(seen, 0) for (seen, _), value in found.items())


def listed(kinds: Mapping[str, Kind], values: Mapping[str, Sequence[object]]) -> list[Listed] | None:
    """List the values of each column that were found; None if they are too many of one, or too long."""
    columns = [_listed(alias, kind, values[alias]) for alias, kind in kinds.items()]
    found = [column for column in columns if column is not None]
    return found if len(found) == len(columns) else None


def _listed(alias: str, kind: Kind, values: Sequence[object]) -> Listed | None:
    known = sorted((value for value in values if value is not None), key=_order)
    if not known:
        # A column that is not there, or empty, is NULL in every row.
        return Listed((None,), f"CASE WHEN {alias} IS NULL THEN 0.0 END", 0)
    if len(known) > _MOST_LISTED or any(isinstance(value, str) and len(value) > MOST_CHARACTERS for value in known):
        return None
    # A missing value is the rare one that is most often there, so it has a place even where none was found.
    every: tuple[object, ...] = (*known, None)
    if kind is not Kind.INTEGER or len(known) <= _LISTED_ONE_BY_ONE:
        return Listed(every, f"CAST(list_position([{', '.join(map(literal, every))}], {alias}) AS DOUBLE)", 1)
    low, high = (int(str(known[at])) for at in (0, -1))
    if high - low >= _MOST_LISTED or max(-low, high) >= _BIGINT:
        return None
    place = f"WHEN {alias} BETWEEN {low} AND {high} THEN CAST({alias} - {low} AS DOUBLE)"
    return Listed((*range(low, high + 1), None), f"CASE {place} WHEN {alias} IS NULL THEN {high - low + 1}.0 END", 0)


def _order(value: object) -> tuple[str, Any]:
    return type(value).__name__, value


def query_of(source: str, columns: Sequence[Listed], bins: int) -> str | None:
    """Write the query: number, n, and with bins sums and squares above a bin's edge. None if it has too many numbers.

    source: `WITH d AS (...)` with the columns and the score s, NULL if it is not between 0 and 1. bins: 0 for none;
    beyond them are one for scores of 1, and one for rows without a score.
    """
    within = bins + 2 if bins else 1
    weights = _weights(columns, within)
    if weights[-1] > _MOST_NUMBERS or weights[-1] > MOST_FOLDED * within:
        return None
    digits = " + ".join(f"{column.sql} * {weight}.0" for column, weight in zip(columns, weights, strict=False))
    offset = sum(column.first * weight for column, weight in zip(columns, weights, strict=False))
    if not bins:
        number = f"CAST({digits} - {offset}.0 AS {_integer(weights[-1])})"
        return f"{source}, placed AS (SELECT {number} AS place FROM d) {_counted('')}"
    unit, exponent = float(1 << SCALE_BITS), bins.bit_length() - 1
    edge, square = float(1 << (SCALE_BITS - exponent)), float(1 << (SCALE_BITS - 2 * exponent))
    return (
        f"{source}, binned AS (SELECT *, floor({float(bins)} * s) AS b FROM d), "
        f"placed AS (SELECT s, b, CAST({digits} - {offset}.0 + coalesce(b, {bins + 1}.0) AS INTEGER) AS place "
        "FROM binned) "
    ) + _counted(
        f", coalesce(sum(round(s * {unit}) - b * {edge}), 0.0) AS sums, "
        f"coalesce(sum(round(s * s * {unit}) - b * b * {square}), 0.0) AS squares"
    )


def _counted(sums: str) -> str:
    """Write the counting of rows by place; -1 stands for rows that have none."""
    return f"SELECT coalesce(place, -1) AS code, count(*) AS n{sums} FROM placed GROUP BY place"


def strays_of(kinds: Mapping[str, Kind], columns: Sequence[Listed]) -> str:
    """Write some of the rows, of d, that have no number; of a text no more than shows that it is too long."""
    cut = ", ".join(
        f"left({alias}, {MOST_CHARACTERS + 1}) AS {alias}" if kind is Kind.TEXT else alias
        for alias, kind in kinds.items()
    )
    nowhere = " + ".join(column.sql for column in columns)
    return f"SELECT {cut} FROM d WHERE {nowhere} IS NULL LIMIT {_STRAYS}"


def has_strays(found: Arrays) -> bool:
    """Whether some row has no number."""
    return bool((found["code"] < 0).any())


def _integer(numbers: int) -> str:
    """Return a type for so many numbers; of eight bits they are grouped by in an array."""
    return "UTINYINT" if numbers <= 1 << 8 else "INTEGER"


def _weights(columns: Sequence[Listed], within: int) -> list[int]:
    """Say what each digit is worth, and how many numbers there are; the bin is the lowest digit, then each column."""
    sizes = [len(column.values) for column in columns]
    return [within * prod(sizes[:place]) for place in range(len(sizes) + 1)]


def told(asked: Asked, columns: Sequence[Listed], found: Arrays) -> AtOnce | None:
    """Put the answer to the query apart; None if a row had no number, a sum may be inexact, or no row has a score.

    columns: those of asked.keys, then label and prediction.
    """
    if has_strays(found) or not len(found["code"]):
        return None
    code, n = (np.asarray(found[name], dtype=np.int64) for name in ("code", "n"))
    binned = None
    bins = asked.wanted.bins if asked.scored else 0
    if bins:
        sums, squares = (np.asarray(found[name], dtype=np.float64) for name in ("sums", "squares"))
        code, b = np.divmod(code, bins + 2)
        if max(sums.max(), squares.max()) >= _EXACT or max(sums.sum(), squares.sum()) >= _ADDED_UP:
            return None
        if (b > bins).all():
            return None
        binned = Binned(bins, b, sums.astype(np.int64), squares.astype(np.int64))
    digits = []
    for column in columns:
        code, own = np.divmod(code, len(column.values))
        digits.append(Digits(column.values, own))
    names = (*asked.keys, asked.roles.label or "", asked.roles.prediction or "")
    profile = _profile(asked, dict(zip(names, digits, strict=True)), int(n.sum()))
    return None if profile is None else AtOnce(profile, tuple(digits), n, binned)


def _profile(asked: Asked, digits: Mapping[str, Digits], rows: int) -> Profile | None:
    """Tell the facts of a table all of whose values are listed, and all of whose scores lie between 0 and 1."""
    found: dict[tuple[Seen, str], Any] = {}
    for seen, name in facts(asked):
        values = digits[name].occurring if name in digits else []
        known: list[Any] = [value for value in values if value is not None]
        match seen:
            case Seen.ROWS:
                found[seen, name] = rows
            case Seen.DISTINCT:
                found[seen, name] = len(known)
            case Seen.LONGEST:
                found[seen, name] = max((len(str(value)) for value in known), default=None)
            case Seen.FRACTIONS if any(value % 1 for value in known):
                return None
            case _:
                found[seen, name] = {Seen.LOW: 0.0, Seen.HIGH: 1.0}.get(seen, 0)
    return found
