"""Rows that are not alike in what they count for: clusters of rows that belong together, or rows with weights.

What the interval of a rate needs of them are five sums over the units (clusters, or rows), so that no list of units has
to leave the data. All sums are whole numbers: counts of rows, or weights in multiples of 2⁻⁴⁶ and of its square.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.cube import MISSING, SCALE, Cube, Decided, mask_of, stored_key
from shinrai.evaluate.targets.reading import Column, Source

LARGEST_WEIGHT = 1 << 16
"""Weights beyond this could not be summed in whole numbers of 64 bits and of their squares in 128."""

_HALF_BITS = 31

_CELLS = ("tp", "fp", "fn", "tn")
_FRACTIONS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "accuracy": (("tp", "tn"), _CELLS),
    "selection_rate": (("tp", "fp"), _CELLS),
    "tpr": (("tp",), ("tp", "fn")),
    "fpr": (("fp",), ("fp", "tn")),
    "ppv": (("tp",), ("tp", "fp")),
}
"""Which cells of a decision are the successes and the trials of each rate."""

Subject = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitSums:
    """Units with t > 0 trials of which s are successes: their number, Σs, Σt, Σs², Σst, Σt².

    For weighted rows s and t are the row's weight, or 0 where it is no success, in units of 1/SCALE.
    """

    units: int
    s: int
    t: int
    ss: int
    st: int
    tt: int

    @property
    def clusters(self) -> int:
        """The units by the name that the statistics have for them."""
        return self.units


RateSums = Mapping[str, UnitSums]
"""By the name of the rate."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The column that makes units of rows. kept: SQL condition of the rows that count; dropped: how many others."""

    column: Column
    weighted: bool
    kept: str
    dropped: int


@dataclass(frozen=True, slots=True)
class Units:
    """Sums of all rows, and for each subject and level. dropped: rows left out, their weight being 0 or missing."""

    weighted: bool
    overall: RateSums
    levels: Mapping[Subject, Mapping[tuple[str, ...], RateSums]]
    dropped: int


def read_unit(source: Source, column: Column, *, weighted: bool) -> Unit:
    """Look at the column of clusters or weights. TableError: clusters without a value; weights that cannot be."""
    if not weighted:
        (gone,) = source.query(f"SELECT count(*) FILTER (WHERE {column.missing}) FROM t")[0]
        if gone:
            raise faults.missing_clusters(source.file, column.name, rows=gone)
        return Unit(column, False, "true", 0)
    number = f"CASE WHEN NOT {column.missing} THEN CAST({column.sql} AS DOUBLE) END"
    kept = f"coalesce(round(({number}) * {SCALE}), 0) > 0"
    negative, infinite, largest = source.query(
        f"SELECT count(*) FILTER (WHERE w < 0), count(*) FILTER (WHERE isinf(w)), max(w) FILTER (WHERE NOT isinf(w)) "
        f"FROM (SELECT {number} AS w FROM t)"
    )[0]
    if negative:
        raise faults.negative_weights(source.file, column.name, rows=negative)
    if infinite:
        raise faults.infinite_weights(source.file, column.name, rows=infinite)
    if largest is not None and largest > LARGEST_WEIGHT:
        raise faults.large_weights(source.file, column.name, most=LARGEST_WEIGHT)
    rows, left = source.query(f"SELECT count(*), count(*) FILTER (WHERE {kept}) FROM t")[0]
    if not left:
        raise faults.no_weight(source.file, column.name)
    return Unit(column, True, kept, rows - left)


def count_units(
    source: Source, decided: Decided, cube: Cube, unit: Unit, subjects: Sequence[tuple[Column, ...]]
) -> Units:
    """Sum over the units of all rows and of each level of the subjects; only rows with label and prediction count."""
    columns = list(dict.fromkeys(column for subject in subjects for column in subject))
    sets = {mask_of(subject, columns): subject for subject in [(), *subjects]}
    sums = _weighted if unit.weighted else _clustered
    found: dict[Subject, dict[tuple[str, ...], RateSums]] = {}
    for mask, values, rates in sums(source, decided, cube, unit, (columns, list(sets.values()))):
        of_columns = dict(zip(columns, values, strict=True))
        subject = sets[mask]
        labels = tuple(_label(cube, column, of_columns[column]) for column in subject)
        found.setdefault(tuple(column.name for column in subject), {})[labels] = rates
    nothing: RateSums = dict.fromkeys(_FRACTIONS, UnitSums(0, 0, 0, 0, 0, 0))
    names = [tuple(column.name for column in subject) for subject in subjects]
    # A column crossed in another order is the same set, and has been counted under one of its orders alone.
    levels = {name: _in_order(name, found) for name in names}
    return Units(unit.weighted, found.get((), {}).get((), nothing), levels, unit.dropped)


def sums_of(units: Units, subject: Subject, labels: tuple[str, ...], rate: str) -> UnitSums:
    """Return the sums of one rate of one level; all 0 where none of its rows has label and prediction."""
    found = units.levels.get(subject, {}).get(labels)
    return UnitSums(0, 0, 0, 0, 0, 0) if found is None else found[rate]


def _in_order(
    name: Subject, found: Mapping[Subject, Mapping[tuple[str, ...], RateSums]]
) -> Mapping[tuple[str, ...], RateSums]:
    if name in found:
        return found[name]
    twin = next((other for other in found if set(other) == set(name)), None)
    if twin is None:
        return {}
    places = [twin.index(column) for column in name]
    return {tuple(labels[place] for place in places): rates for labels, rates in found[twin].items()}


def _label(cube: Cube, column: Column, value: object) -> str:
    label = cube.labels[column.name].get(stored_key(value))
    return MISSING if label is None else label


_Counted = tuple[list[Column], list[tuple[Column, ...]]]


def _groups(cube: Cube, columns: Iterable[Column]) -> tuple[str, list[object]]:
    """Return the SQL of the group columns as g0, g1, …, one spelling for each label, and the values it binds."""
    parts, bound = [], list[object]()
    for number, column in enumerate(columns):
        stored: dict[str, list[object]] = defaultdict(list)
        gone = []
        for value, label in cube.labels[column.name].items():
            if label is not None:
                stored[label].append(value)
            elif value is not None:
                gone.append(value)
        branches = [f"WHEN {column.missing} THEN NULL"]
        for values, into in [(gone, None), *((each, min(each, key=str)) for each in stored.values() if len(each) > 1)]:
            if values:
                branches.append(f"WHEN {column.sql} IN ({', '.join('?' * len(values))}) THEN ?")
                bound += [*values, into]
        parts.append(f"CASE {' '.join(branches)} ELSE {column.sql} END AS g{number}, ")
    return "".join(parts), bound


def _sets(counted: _Counted, more: str) -> tuple[str, str, str]:
    """Return the SQL of GROUPING(), of the group columns, and of the grouping sets with more columns in each."""
    columns, subjects = counted
    names = {column: f"g{number}" for number, column in enumerate(columns)}
    grouping = f"GROUPING({', '.join(names.values())})" if names else "0"
    by = ", ".join("(" + "".join(f"{names[column]}, " for column in subject) + f"{more})" for subject in subjects)
    return grouping, "".join(f"{name}, " for name in names.values()), by


_Found = Iterable[tuple[int, tuple[Any, ...], RateSums]]


def _clustered(source: Source, decided: Decided, cube: Cube, unit: Unit, counted: _Counted) -> _Found:
    groups, bound = _groups(cube, counted[0])
    grouping, names, by = _sets(counted, "c")
    cells = {"tp": (1, 1), "fp": (0, 1), "fn": (1, 0), "tn": (0, 0)}
    within = ", ".join(f"count(*) FILTER (WHERE y = {y} AND p = {p}) AS {name}" for name, (y, p) in cells.items())
    sums = []
    for successes, trials in _FRACTIONS.values():
        s, t = (f"CAST({' + '.join(part)} AS HUGEINT)" for part in (successes, trials))
        sums.append(f"count(*) FILTER (WHERE {t} > 0)")
        sums += [f"coalesce(sum({each}), 0)" for each in (s, t, f"{s} * {s}", f"{s} * {t}", f"{t} * {t}")]
    rows = source.query(
        f"WITH decided AS (SELECT {groups}{unit.column.sql} AS c, {decided.label.sql} AS y, "
        f"{decided.prediction.sql} AS p FROM t), "
        f"within AS (SELECT {grouping} AS m, {names}c, {within} FROM decided "
        f"WHERE y IS NOT NULL AND p IS NOT NULL GROUP BY GROUPING SETS ({by})) "
        f"SELECT m, {names}{', '.join(sums)} FROM within GROUP BY {names}m",
        [*bound, *decided.label.values, *decided.prediction.values],
    )
    width = 1 + len(counted[0])
    for row in rows:
        numbers = [int(value) for value in row[width:]]
        rates = {name: UnitSums(*numbers[6 * place : 6 * place + 6]) for place, name in enumerate(_FRACTIONS)}
        yield row[0], row[1:width], rates


def _weighted(source: Source, decided: Decided, cube: Cube, unit: Unit, counted: _Counted) -> _Found:
    groups, bound = _groups(cube, counted[0])
    grouping, names, by = _sets(counted, "y, p")
    half = 1 << _HALF_BITS
    rows = source.query(
        f"WITH decided AS (SELECT {groups}TRY_CAST(round(CAST({unit.column.sql} AS DOUBLE) * {SCALE}) AS BIGINT) AS u, "
        f"{decided.label.sql} AS y, {decided.prediction.sql} AS p FROM t WHERE {decided.kept}), "
        f"halves AS (SELECT {names}y, p, u, u // {half} AS h, u % {half} AS l FROM decided) "
        f"SELECT {grouping}, {names}y, p, count(*), sum(u), sum(h * h), sum(h * l), sum(l * l) FROM halves "
        f"WHERE y IS NOT NULL AND p IS NOT NULL GROUP BY GROUPING SETS ({by})",
        [*bound, *decided.label.values, *decided.prediction.values],
    )
    width = 1 + len(counted[0])
    cells: dict[tuple[Any, ...], dict[str, tuple[int, int, int]]] = defaultdict(dict)
    for row in rows:
        y, p, count, total, high, middle, low = (int(value) for value in row[width:])
        squares = (high << (2 * _HALF_BITS)) + (middle << (_HALF_BITS + 1)) + low
        name = {(1, 1): "tp", (0, 1): "fp", (1, 0): "fn", (0, 0): "tn"}[y, p]
        cells[row[:width]][name] = (count, total, squares)
    for key, of_level in cells.items():
        rates = {}
        for name, (successes, trials) in _FRACTIONS.items():
            _, s, ss = _added(of_level, successes)
            units, t, tt = _added(of_level, trials)
            # The weight of a success is its weight as a trial, so that Σst is Σs².
            rates[name] = UnitSums(units, s, t, ss, ss, tt)
        yield key[0], key[1:], rates


def _added(cells: Mapping[str, tuple[int, int, int]], names: Iterable[str]) -> tuple[int, int, int]:
    amounts = [cells[name] for name in names if name in cells]
    return sum(a for a, _, _ in amounts), sum(b for _, b, _ in amounts), sum(c for _, _, c in amounts)
