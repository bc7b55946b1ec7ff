"""Ask a relation of DuckDB: Parquet and CSV files, Arrow tables, and relations of a connection that is already open.

Names are quoted and values are written as literals, so that the text of a query is all there is to it.
"""

# ruff: noqa: S608  (names of columns are quoted, values are written as literals)

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from shinrai.evaluate.audit.cells import SCALE_BITS, Subject
from shinrai.evaluate.audit.intake import one_scan
from shinrai.evaluate.audit.intake.coded import packed_bins, packed_cells, stored_values
from shinrai.evaluate.audit.intake.engine import HALF_BITS, AtOnce, Binning, Coding, Profile, Seen, facts, rates
from shinrai.evaluate.audit.intake.literals import literal
from shinrai.evaluate.audit.intake.planner import Bundle
from shinrai.evaluate.audit.intake.wanted import Asked, Field
from shinrai.evaluate.targets.reading import Column, Kind
from shinrai.evaluate.targets.table import MOST_CHARACTERS

SCALE = f"{1 << SCALE_BITS}.0"
_HALF = 1 << HALF_BITS
ROW = '"(row)"'
"""Name of the column of places, where rows have one."""

_MOST_SETS = 6
"""GROUPING SETS of one query: each keeps a table for each thread, which does not spill."""

_PACKING_PAYS = 3
"""From so many bundles on they are counted from a table of all cells, where that is much smaller than the rows."""

_STRANGE = frozenset({Seen.INFINITE, Seen.OUTSIDE, Seen.NEGATIVE})
"""Rows that there are none of in a column of numbers from 0 to 1; they are counted only where there may be some."""

Rows = list[tuple[Any, ...]]
Arrays = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """Any rows of t found at once by their place. numbered: as DuckDB.numbered, by the file's name in its own folder.

    arrays: runs a query and returns its columns as numpy arrays.
    """

    numbered: str
    arrays: Callable[[str], Arrays]


@dataclass(frozen=True, slots=True)
class DuckDB:
    """A relation called t. ask: runs a query over it; prelude: the statements that make t in a shell of DuckDB.

    numbered: SQL of its rows with their places, from 0, as ROW; None where they have none. temporary: whether tables
    may be made beside it. array_bits: digits of the largest number that it groups by in an array. places: None where
    rows are not found by their place without reading those before.
    """

    place: Path
    columns: Mapping[str, Column]
    ask: Callable[[str], Rows]
    prelude: tuple[str, ...]
    digest: Mapping[str, str]
    temporary: bool
    numbered: str | None = None
    array_bits: int = 0
    places: Places | None = None
    name: str = "duckdb"
    ran: list[str] = field(default_factory=list)

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every column by name."""
        return {name: Field(name, column.kind, column.type) for name, column in self.columns.items()}

    def statements(self) -> tuple[str, ...]:
        """Every statement that was run, those that make t first."""
        return (*self.prelude, *self.ran)

    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each file by its name."""
        return self.digest

    def _query(self, sql: str) -> Rows:
        self.ran.append(sql + ";")
        return self.ask(sql)

    def at_once(self, asked: Asked) -> AtOnce | None:
        """Count by lists of values: those that a look at some rows gives, and then those of rows without a number."""
        if self.places is None or self.numbered is None or not one_scan.is_plain(asked):
            return None
        names = (*asked.keys, asked.roles.label, asked.roles.prediction)
        kinds = {
            alias: Kind.INTEGER if name is None else asked.kind(name)
            for alias, name in zip([*_keys(asked.keys).values(), "y", "p"], names, strict=True)
        }
        values = self._looked_at(asked, kinds, self.numbered, self.places.numbered)
        return None if values is None else self._placed(asked, self.places.arrays, kinds, values, again=True)

    def _placed(
        self,
        asked: Asked,
        arrays: Callable[[str], Arrays],
        kinds: Mapping[str, Kind],
        values: Mapping[str, Sequence[object]],
        *,
        again: bool,
    ) -> AtOnce | None:
        """Count by lists of values. again: with values from rows without a number, if there are any."""
        columns = one_scan.listed(kinds, values)
        source = f"WITH d AS ({self._decided(asked, only_unit=True)})"
        bins = asked.wanted.bins if asked.scored else 0
        query = None if columns is None else one_scan.query_of(source, columns, bins)
        if columns is None or query is None:
            return None
        self.ran.append(query + ";")
        found = arrays(query)
        if again and one_scan.has_strays(found):
            strays = f"{source}, strays AS ({one_scan.strays_of(kinds, columns)})"
            more = stored_values(self._query, strays, "strays", list(kinds))
            complete = {alias: [*dict.fromkeys([*known, *more[alias]])] for alias, known in values.items()}
            return self._placed(asked, arrays, kinds, complete, again=False)
        return self._within(asked, one_scan.told(asked, columns, found))

    def _within(self, asked: Asked, told: AtOnce | None) -> AtOnce | None:
        """Make sure that what was counted as a missing score is no score that is not between 0 and 1."""
        if told is None or told.scores is None or (told.scores.places <= told.scores.bins).all():
            return told
        outside = (Seen.OUTSIDE, asked.roles.score or "")
        return None if self._ask_facts(asked, [outside])[outside] else told

    def _looked_at(
        self, asked: Asked, kinds: Mapping[str, Kind], numbered: str, shown: str
    ) -> dict[str, list[object]] | None:
        """Return the values of keys, label and prediction in some rows; None where there are too many, or long ones."""
        rows = int(self._query("SELECT count(*) FROM t")[0][0])
        if not rows:
            return None

        def look(sql: str) -> Rows:
            self.ran.append(f"WITH t AS ({one_scan.looked_at(rows, shown, ROW)}){sql};")
            return self.ask(f"WITH t AS ({one_scan.looked_at(rows, numbered, ROW)}){sql}")

        wanted = [fact for fact in facts(asked) if fact[0] in {Seen.DISTINCT, Seen.LONGEST}]
        if wanted:
            counts = ", ".join(self._fact(asked, seen, name, closely=False) for seen, name in wanted)
            if not one_scan.may_be_listed(dict(zip(wanted, look(f" SELECT {counts} FROM t")[0], strict=True))):
                return None
        return stored_values(look, f", d AS ({self._decided(asked)})", "d", list(kinds))

    def profile(self, asked: Asked) -> Profile:
        """Look at the declared columns in one scan; in a second one at what the first finds strange."""
        wanted = facts(asked)
        found = self._ask_facts(asked, [fact for fact in wanted if fact[0] not in _STRANGE])
        strange: list[tuple[Seen, str]] = []
        for seen, name in wanted:
            if seen is Seen.HIGH and not _ordinary(found[Seen.LOW, name], found[seen, name]):
                strange += [fact for fact in wanted if fact[1] == name and fact[0] in {*_STRANGE, Seen.LOW, Seen.HIGH}]
            elif seen is Seen.LONGEST and (found[seen, name] or 0) > MOST_CHARACTERS:
                strange.append((seen, name))
        calm = {fact: 0 for fact in wanted if fact[0] in _STRANGE}
        return calm | found | (self._ask_facts(asked, strange, closely=True) if strange else {})

    def _ask_facts(
        self, asked: Asked, wanted: Sequence[tuple[Seen, str]], *, closely: bool = False
    ) -> dict[tuple[Seen, str], Any]:
        counts = ", ".join(self._fact(asked, seen, name, closely=closely) for seen, name in wanted)
        return dict(zip(wanted, self._query(f"SELECT {counts} FROM t")[0], strict=True))

    def _fact(self, asked: Asked, seen: Seen, name: str, *, closely: bool) -> str:
        """Write one aggregate. closely: what is blank or infinite is left out of lengths, lows and highs."""
        column = self.columns.get(name)
        if column is None:
            return _rows(asked, self.columns)
        number = f"CAST({column.sql} AS DOUBLE)"
        present = f"NOT {column.missing}"
        match seen:
            case Seen.DISTINCT:
                return f"approx_count_distinct({column.sql})"
            case Seen.LONGEST:
                return f"max(length({column.sql}))" + (f" FILTER (WHERE {present})" if closely else "")
            case Seen.LOW | Seen.HIGH:
                finite = f" AND isfinite({number})" if closely else ""
                return f"{'min' if seen is Seen.LOW else 'max'}({number}) FILTER (WHERE {present}{finite})"
        return f"coalesce({_rows(asked, self.columns)} FILTER (WHERE {_strange(column, seen)}), 0)"

    def locate(self, seen: Seen, name: str) -> int | None:
        """Return the first row, from 1, of those that a fact counts; None where rows have no place."""
        if self.numbered is None:
            return None
        rows = self.ask(f"SELECT min({ROW}) FROM ({self.numbered}) WHERE {_strange(self.columns[name], seen)}")
        return None if rows[0][0] is None else int(rows[0][0]) + 1

    def cells(self, asked: Asked, bundles: Sequence[Bundle], *, dense: int) -> list[Rows]:
        """For each bundle rows (groups..., label, prediction, n, pieces...)."""
        pieces = [*_weight_pieces(asked), *_number_pieces(asked)]
        classes = () if asked.numeric else ("y", "p")
        source = f"WITH d AS ({self._decided(asked)})"
        n, sums = _count(asked), _sums(asked, pieces)
        found = None
        if dense and self.temporary and len(bundles) >= _PACKING_PAYS:
            names = _keys(asked.keys)
            sets = [[*(names[name] for name in bundle.columns), *classes] for bundle in bundles]
            found = packed_cells(
                self._query, source, [*names.values(), *classes], sets, [n, *sums], dense, self.array_bits
            )
        if found is None:
            found = self._sets(source, "d", asked, [b.columns for b in bundles], classes, [n, *sums])
        if asked.numeric:
            return [
                [(*row[:width], None, None, *row[width:]) for row in rows] for rows, width in _widths(found, bundles)
            ]
        return found

    def bins(self, asked: Asked, bundles: Sequence[Bundle], binning: Binning) -> list[Rows]:
        """For each bundle rows (groups..., label, bin, n, pieces...)."""
        low, high, most = literal(binning.low), literal(binning.high), binning.bins
        score = "s" if asked.wanted.calibration else f"greatest(least(s, {high}), {low})"
        place = (
            f"{float(most)!r} * s"
            if (binning.low, binning.high) == (0, 1)
            else f"{float(most)!r} * (s - {low}) / ({high} - {low})"
        )
        source = (
            f"WITH d AS ({self._decided(asked)}), "
            f"scored AS (SELECT * REPLACE ({score} AS s) FROM d WHERE s IS NOT NULL AND y IS NOT NULL), "
            f"binned AS (SELECT *, least(CAST(floor({place}) AS INTEGER), {most - 1}) AS b FROM scored)"
        )
        pieces = [piece for of in ("s", "s * s") for piece in ([_units(of)] if binning.plain else _whole_and_rest(of))]
        sums = [_count(asked), *_sums(asked, pieces)]
        if len(bundles) == 1:
            columns = [*(_keys(asked.keys)[name] for name in bundles[0].columns), "y"]
            packed = packed_bins(self._query, source, "binned", columns, most, sums)
            if packed is not None:
                return [packed]
        return self._sets(source, "binned", asked, [b.columns for b in bundles], ("y", "b"), sums)

    def clusters(self, asked: Asked, subjects: Sequence[Subject], coding: Coding) -> list[Rows]:
        """For each subject rows (groups..., then clusters, s, t, ss, st, tt of each rate)."""
        names = _used(asked, subjects)
        keys = "".join(
            f"{_replaced(f'd.{alias}', coding.replaced.get(name, {}))} AS {alias}, " for name, alias in names.items()
        )
        label = "0" if asked.roles.label is None else _class_of("y", coding.label)
        n = "1" if asked.roles.counts is None else "n"
        source = (
            f"WITH d AS ({self._decided(asked)}), coded AS (SELECT {keys}c, {n} AS n, {label} AS y, "
            f"{_class_of('p', coding.prediction)} AS p FROM d), "
            "inner_sums AS ("
        )
        grouping = _grouping(names.values())
        sets = ", ".join("(" + ", ".join(["c", *each]) + ")" for each in _distinct(names, subjects))
        both = "y IS NOT NULL AND p IS NOT NULL"
        counted = {
            "q": both,
            "a": f"{both} AND p = 0",
            "f": f"{both} AND y = 0",
            "tp": f"{both} AND y = 0 AND p = 0",
            "r": f"{both} AND y = p",
        }
        within = ", ".join(
            f"coalesce(sum(n) FILTER (WHERE {condition}), 0) AS {name}" for name, condition in counted.items()
        )
        listed = "".join(f"{alias}, " for alias in names.values())
        source += f"SELECT {grouping} AS g, {listed}{within} FROM coded GROUP BY GROUPING SETS ({sets}))"
        outer = ", ".join(_cluster_sums(*FRACTIONS[rate]) for rate in rates(asked))
        rows = self._query(f"{source} SELECT g, {listed}{outer} FROM inner_sums GROUP BY {listed}g")
        return _apart(rows, list(names), subjects)

    def _sets(
        self,
        source: str,
        relation: str,
        asked: Asked,
        sets: Sequence[tuple[str, ...]],
        by: Sequence[str],
        sums: Sequence[str],
    ) -> list[Rows]:
        found: list[Rows] = []
        for start in range(0, len(sets), _MOST_SETS):
            some = sets[start : start + _MOST_SETS]
            names = _used(asked, some)
            listed = [*names.values(), *by]
            grouped = ", ".join("(" + ", ".join([*each, *by]) + ")" for each in _distinct(names, some))
            selected = ", ".join([_grouping(names.values()), *listed, *sums])
            rows = self._query(f"{source} SELECT {selected} FROM {relation} GROUP BY GROUPING SETS ({grouped})")
            found += _apart(rows, list(names), some)
        return found

    def _decided(self, asked: Asked, *, only_unit: bool = False) -> str:
        """Select keys, label y, prediction p, score s, weight in units u, multiplicity n and cluster c of each row.

        only_unit: a score that is not between 0 and 1 is NULL.
        """
        roles = asked.roles
        selected = [f"{self._key(name)} AS {alias}" for name, alias in _keys(asked.keys).items()]
        score = "NULL" if roles.score is None else self._number(roles.score)
        if roles.prediction is not None:
            prediction = self._number(roles.prediction) if asked.numeric else self._key(roles.prediction)
        else:
            assert roles.threshold is not None  # noqa: S101  (check_roles has looked)
            limit = literal(roles.threshold)
            prediction = f"CASE WHEN {score} >= {limit} THEN 1 WHEN {score} < {limit} THEN 0 END"
        label = "NULL" if roles.label is None else (self._number if asked.numeric else self._key)(roles.label)
        if only_unit and roles.score is not None:
            number = f"CAST({self.columns[roles.score].sql} AS DOUBLE)"
            # NaN is larger than any number.
            score = f"CASE WHEN {number} BETWEEN 0 AND 1 THEN {number} END"
        selected += [f"{label} AS y", f"{prediction} AS p", f"{score} AS s"]
        where = ""
        if roles.weight is not None:
            weight = self._number(roles.weight)
            selected.append(f"{_units(weight)} AS u")
            where = f" WHERE coalesce({weight}, 0) > 0"
        if roles.counts is not None:
            selected.append(f"CAST({self.columns[roles.counts].sql} AS BIGINT) AS n")
        if roles.cluster is not None:
            selected.append(f"{self.columns[roles.cluster].sql} AS c")
        return f"SELECT {', '.join(selected)} FROM t{where}"

    def _key(self, name: str) -> str:
        column = self.columns[name]
        return (
            self._number(name) if column.kind is Kind.NUMBER and not column.type.startswith("DECIMAL") else column.sql
        )

    def _number(self, name: str) -> str:
        column = self.columns[name]
        return f"CASE WHEN NOT {column.missing} THEN CAST({column.sql} AS DOUBLE) END"


FRACTIONS = {
    "selection_rate": ("a", "q"),
    "accuracy": ("r", "q"),
    "tpr": ("tp", "f"),
    "fpr": ("a - tp", "q - f"),
    "fnr": ("f - tp", "f"),
    "tnr": ("q - f - a + tp", "q - f"),
    "ppv": ("tp", "a"),
    "npv": ("q - f - a + tp", "q - a"),
}
"""Successes and trials of each rate, from q decided, a selected, f favourable, tp of both, and r right."""


def _strange(column: Column, seen: Seen) -> str:
    """Write the condition of the rows that a fact counts."""
    number = f"CAST({column.sql} AS DOUBLE)"
    condition = {
        Seen.FRACTIONS: f"floor({column.sql}) <> {column.sql}",
        Seen.OUTSIDE: f"NOT ({number} BETWEEN 0 AND 1)",
        Seen.INFINITE: f"isinf({number})",
        Seen.NEGATIVE: f"{number} < 0",
    }.get(seen)
    if condition is not None:
        return f"NOT {column.missing} AND {condition}"
    return f"{column.missing} OR {number} = 0" if seen is Seen.UNUSABLE else column.missing


def _ordinary(low: float | None, high: float | None) -> bool:
    return low is None or high is None or 0 <= low <= high <= 1


def _cluster_sums(s: str, t: str) -> str:
    s, t = f"CAST({s} AS HUGEINT)", f"CAST({t} AS HUGEINT)"
    present = f"FILTER (WHERE {t} > 0)"
    sums = [
        f"count(*) {present}",
        *(f"sum({each}) {present}" for each in (s, t, f"{s} * {s}", f"{s} * {t}", f"{t} * {t}")),
    ]
    return ", ".join(sums)


def _keys(columns: Sequence[str]) -> dict[str, str]:
    return {name: f"k{place}" for place, name in enumerate(columns)}


def _used(asked: Asked, sets: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """Keep the keys that some set groups by: GROUPING() takes no others."""
    used = {name for columns in sets for name in columns}
    return {name: alias for name, alias in _keys(asked.keys).items() if name in used}


def _grouping(aliases: Any) -> str:
    listed = ", ".join(aliases)
    return f"GROUPING({listed})" if listed else "0"


def _distinct(names: Mapping[str, str], sets: Sequence[tuple[str, ...]]) -> list[list[str]]:
    """Leave out columns crossed in another order: a set asked for twice would be counted twice."""
    return [sorted(names[name] for name in columns) for columns in dict.fromkeys(map(frozenset, sets))]


def _apart(rows: Rows, keys: Sequence[str], sets: Sequence[tuple[str, ...]]) -> list[Rows]:
    """Sort the rows of GROUPING SETS by set, each with its own columns only, in the set's own order."""
    place = {name: 1 + number for number, name in enumerate(keys)}
    if not rows:
        return [[] for _ in sets]
    # Two counts or more: a getter of several elements returns a tuple of them.
    after = range(1 + len(keys), len(rows[0]))
    masks: dict[int, list[tuple[Rows, Callable[[tuple[Any, ...]], tuple[Any, ...]]]]] = {}
    found: list[Rows] = []
    for columns in sets:
        mask = sum(1 << (len(keys) - 1 - number) for number, name in enumerate(keys) if name not in columns)
        found.append([])
        taken = itemgetter(*(place[name] for name in columns), *after)
        masks.setdefault(mask, []).append((found[-1], taken))
    # Taken off one by one, so that there are never two copies of a hundred thousand rows.
    while rows:
        row = rows.pop()
        for into, own in masks[row[0]]:
            into.append(own(row))
    return found


def _widths(found: Sequence[Rows], bundles: Sequence[Bundle]) -> Iterator[tuple[Rows, int]]:
    for rows, bundle in zip(found, bundles, strict=True):
        yield rows, len(bundle.columns)


def _rows(asked: Asked, columns: Mapping[str, Column]) -> str:
    counts = asked.roles.counts
    return "count(*)" if counts is None else f"sum(CAST({columns[counts].sql} AS BIGINT))"


def _count(asked: Asked) -> str:
    return "count(*)" if asked.roles.counts is None else "sum(n)"


def _sums(asked: Asked, pieces: Sequence[str]) -> list[str]:
    times = "" if asked.roles.counts is None else " * CAST(n AS HUGEINT)"
    return [f"sum({piece}{times})" for piece in pieces]


def _units(value: str) -> str:
    return f"CAST(round(({value}) * {SCALE}) AS BIGINT)"


def _whole_and_rest(value: str) -> list[str]:
    return [f"CAST(trunc({value}) AS BIGINT)", f"CAST(round(({value} - trunc({value})) * {SCALE}) AS BIGINT)"]


def _weight_pieces(asked: Asked) -> list[str]:
    if asked.roles.weight is None:
        return []
    high, low = f"(u // {_HALF})", f"(u % {_HALF})"
    return ["u", f"{high} * {high}", f"{high} * {low}", f"{low} * {low}"]


def _number_pieces(asked: Asked) -> list[str]:
    if not asked.numeric:
        return []
    both = "CASE WHEN y IS NOT NULL AND p IS NOT NULL THEN {} END".format
    values = ["y", "y * y", "p", "p * p", "(y - p)", "(y - p) * (y - p)", "abs(y - p)"]
    return [both("1"), *(both(piece) for value in values for piece in _whole_and_rest(f"({value})"))]


def _class_of(value: str, classes: Sequence[Sequence[object]]) -> str:
    """Return the number of a value's class, NULL where it is missing; values of the data stand as literals."""
    whens = [
        f"WHEN {value} IN ({', '.join(literal(stored) for stored in stored_values)}) THEN {place}"
        for place, stored_values in enumerate(classes)
        if stored_values
    ]
    return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS INTEGER)"


def _replaced(value: str, spellings: Mapping[object, object]) -> str:
    whens = [f"WHEN {value} = {literal(stored)} THEN {literal(into)}" for stored, into in spellings.items()]
    return f"CASE {' '.join(whens)} ELSE {value} END" if whens else value


def prelude_of(file: Path, columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the statement that makes t in a shell whose folder has the file."""
    path = literal(file.name)
    if file.suffix.lower() == ".parquet":
        return (f"CREATE VIEW t AS SELECT * FROM {scan_of(file)};",)
    layout = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in columns)
    return (
        f"CREATE TABLE t AS SELECT * FROM read_csv({path}, columns = {{{layout}}}, header = true, auto_detect = false, "
        "delim = ',', quote = '\"', escape = '\"', all_varchar = true, hive_partitioning = false);",
    )


def scan_of(file: Path) -> str:
    """Return SQL of the rows of a Parquet file in the shell's folder."""
    return f"read_parquet({literal(file.name)}, hive_partitioning = false, can_have_nan = true)"
