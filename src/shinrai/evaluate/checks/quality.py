"""Whether the data themselves are fit: missing values, duplicates, constant columns, columns that leak the label."""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

from collections.abc import Sequence
from dataclasses import dataclass

from shinrai.evaluate.checks.assembly import Basis, Estimate, Frame, measured, rule_for, undefined
from shinrai.evaluate.checks.settings import CheckSettings
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement, Rule
from shinrai.evaluate.statistics.interval import Interval, simultaneous_z
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.statistics.ranking import auc_bracket
from shinrai.evaluate.targets.reading import Column, Kind
from shinrai.evaluate.targets.table import Table
from shinrai.evaluate.targets.values import shown
from shinrai.language import Message, message

NAME = "data_quality"
METRICS = ("missing", "duplicates", "constant", "leakage_suspects")

_LARGEST_MISSING = 0.05
_LARGEST_DUPLICATES = 0.01
_GIVES_AWAY = 0.99
"""From this area under the curve, or 1 minus it and below, a number alone gives the label away."""

_EDGES = 512
_ROUNDING = 1e-9
"""Nearer to the limit than this the bounds of an area, which are sums of floats, leave it open."""
_NAMED = 20
"""At most so many columns are named in the findings of one measurement."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one pass tells about a column.

    paired: its values and the label determine each other. both: it has values for both outcomes.
    """

    missing: int
    constant: bool
    paired: bool
    both: bool


@dataclass(frozen=True, slots=True)
class _Range:
    """Rows with a value, and the smallest and largest value among them. The values never leave this module."""

    rows: int
    low: object
    high: object


_NO_VALUES = _Range(0, None, None)


def measure(table: Table, settings: CheckSettings) -> tuple[Measurement, ...]:
    """Measure the shares of missing values and duplicates, constant columns and, if any is undeclared, leakage."""
    facts = _facts(table)
    undeclared = [column for column in table.source.columns if column.name not in table.target.declared]
    measurements = [
        _missing(table, settings, facts),
        _duplicates(table, settings),
        _constant(table, settings, facts),
    ]
    if undeclared:
        measurements.append(_leakage(table, settings, undeclared, facts))
    return tuple(measurements)


def _facts(table: Table) -> dict[str, _Facts]:
    """One query over all columns, by outcome: rows with a value, smallest and largest value."""
    columns = table.source.columns
    values = ", ".join(f"{_present(column)} AS v{place}" for place, column in enumerate(columns))
    asked = ", ".join(f"count(v{place}), min(v{place}), max(v{place})" for place in range(len(columns)))
    label = table.decided.label
    by_outcome = {
        row[0]: [_Range(*row[1 + 3 * place : 4 + 3 * place]) for place in range(len(columns))]
        for row in table.source.query(
            f"SELECT y, {asked} FROM (SELECT {values}, {label.sql} AS y FROM t) GROUP BY y", label.values
        )
    }
    facts = {}
    for place, column in enumerate(columns):
        up, down = (by_outcome[outcome][place] if outcome in by_outcome else _NO_VALUES for outcome in (1, 0))
        known = [ranges[place] for ranges in by_outcome.values() if ranges[place].rows]
        single = [each.low == each.high for each in (up, down)]
        facts[column.name] = _Facts(
            missing=table.rows - sum(each.rows for each in known),
            constant=len({value for each in known for value in (each.low, each.high)}) < 2,
            paired=bool(up.rows and down.rows) and all(single) and up.low != down.low,
            both=bool(up.rows and down.rows),
        )
    return facts


def _present(column: Column) -> str:
    """Return the SQL of a value, NULL where missing. Nested values and bytes are compared by their text."""
    value = column.sql if column.kind is not Kind.OTHER else f"CAST({column.sql} AS VARCHAR)"
    return f"CASE WHEN NOT {column.missing} THEN {value} END"


def _missing(table: Table, settings: CheckSettings, facts: dict[str, _Facts]) -> Measurement:
    declared = table.target.declared
    z = simultaneous_z(len(declared))
    worst = max(facts[name].missing for name in declared)
    rule = rule_for("missing", settings.limits, Comparison.AT_MOST, _LARGEST_MISSING)
    title = message("Missing values: the declared column with most")
    frame = _frame(table, "missing", declared, title, "Wilson 1927, Bonferroni over the columns", rule)
    findings = [
        message("Column “{column}”: rows without a value: {rows}.", column=shown(name), rows=f"{facts[name].missing:,}")
        for name in declared
        if facts[name].missing
    ]
    counts = {f"missing.{place}": facts[name].missing for place, name in enumerate(declared)}
    basis = Basis(table.rows, _all_rows(table), findings=tuple(findings[:_NAMED]), counts=counts)
    estimate = Estimate(
        worst / table.rows, wilson(worst, table.rows, z), lambda k: wilson(k * worst, k * table.rows, z)
    )
    return measured(frame, estimate, basis)


def _duplicates(table: Table, settings: CheckSettings) -> Measurement:
    rule = rule_for("duplicates", settings.limits, Comparison.AT_MOST, _LARGEST_DUPLICATES)
    columns = tuple(column.name for column in table.source.columns)
    frame = _frame(table, "duplicates", columns, message("Duplicate rows"), "share of rows; Wilson 1927", rule)
    rows = table.rows
    repeated = rows - _distinct_rows(table)
    basis = Basis(rows, _all_rows(table), counts={"duplicates": repeated, "rows": rows})
    return measured(
        frame, Estimate(repeated / rows, wilson(repeated, rows), lambda k: wilson(k * repeated, k * rows)), basis
    )


def _distinct_rows(table: Table) -> int:
    """Count distinct rows exactly: by hash first, then whole rows where a hash occurs more than once."""
    hashed = f"hash({', '.join(column.stored for column in table.source.columns)})"
    single, several = table.source.query(
        "SELECT count(*) FILTER (WHERE n = 1), count(*) FILTER (WHERE n > 1) "
        f"FROM (SELECT count(*) AS n FROM t GROUP BY {hashed})"
    )[0]
    if several == 0:
        return int(single)
    among = table.source.query(
        f"SELECT count(*) FROM (SELECT DISTINCT * FROM t WHERE {hashed} IN "
        f"(SELECT {hashed} FROM t GROUP BY {hashed} HAVING count(*) > 1))"
    )[0][0]
    return int(single + among)


def _constant(table: Table, settings: CheckSettings, facts: dict[str, _Facts]) -> Measurement:
    names = tuple(column.name for column in table.source.columns)
    constant = [name for name in names if facts[name].constant]
    rule = rule_for("constant", settings.limits, Comparison.AT_MOST, None)
    frame = _frame(table, "constant", names, message("Columns with a single value"), "count over all columns", rule)
    findings = tuple(
        message("Column “{column}” has fewer than two different values.", column=shown(name)) for name in constant
    )
    return _counted(table, frame, constant, names, findings)


def _leakage(
    table: Table, settings: CheckSettings, undeclared: Sequence[Column], facts: dict[str, _Facts]
) -> Measurement:
    names = tuple(column.name for column in undeclared)
    rule = rule_for("leakage_suspects", settings.limits, Comparison.AT_MOST, 0.0)
    title = message("Undeclared columns that give the label away")
    frame = _frame(
        table, "leakage_suspects", (*names, table.target.label), title, "count over all undeclared columns", rule
    )
    # The label itself takes only one value: nothing can tell outcomes apart that do not both occur.
    if not facts[table.target.label].both:
        basis = Basis(table.rows, _all_rows(table))
        return undefined(frame, basis, message("The labels hold one outcome only, which every column determines."))
    suspects = [
        column.name
        for column in undeclared
        if facts[column.name].paired or (facts[column.name].both and _orders_label(table, column))
    ]
    findings = tuple(message("Column “{column}” alone gives the label away.", column=shown(name)) for name in suspects)
    return _counted(table, frame, suspects, names, findings)


def _orders_label(table: Table, column: Column) -> bool:
    """Whether a number's area under the curve against the label is at most 0.01 or at least 0.99.

    Any bins of the number give bounds of the area; the exact and dearer count is taken only when they leave it open.
    """
    if column.kind not in {Kind.INTEGER, Kind.NUMBER}:
        return False
    value = f"CAST({column.sql} AS DOUBLE)"
    label = table.decided.label
    labelled = f"FROM (SELECT {value} AS v, {label.sql} AS y FROM t WHERE NOT {column.missing}) WHERE y IS NOT NULL"
    edges = table.source.query(
        f"SELECT DISTINCT v FROM (SELECT {value} AS v FROM t WHERE NOT {column.missing}) "
        f"WHERE isfinite(v) USING SAMPLE {_EDGES} ROWS"
    )
    inner = sorted(edge for (edge,) in edges) or [0.0]
    bins = dict(table.source.query(f"SELECT y, histogram(v, ?) {labelled} GROUP BY y", [inner, *label.values]))
    # Beyond the last edge there is a bin only where a value, such as infinity, falls into it.
    found = sorted(bins[1].keys() | bins[0].keys())
    low, high = auc_bracket(*([bins[outcome].get(edge, 0) for edge in found] for outcome in (1, 0)))
    if low >= _GIVES_AWAY + _ROUNDING or high <= 1 - _GIVES_AWAY - _ROUNDING:
        return True
    if high < _GIVES_AWAY - _ROUNDING and low > 1 - _GIVES_AWAY + _ROUNDING:
        return False
    return _exact_order(table, labelled)


def _exact_order(table: Table, labelled: str) -> bool:
    twice_below, positives, negatives = table.source.query(
        "SELECT sum(p * (2 * through - n)), sum(p), sum(n) FROM (SELECT p, n, sum(n) OVER "
        "(ORDER BY v ROWS UNBOUNDED PRECEDING) AS through FROM (SELECT v, count(*) FILTER (WHERE y = 1) AS p, "
        f"count(*) FILTER (WHERE y = 0) AS n {labelled} GROUP BY v))",
        table.decided.label.values,
    )[0]
    area = int(twice_below) / (2 * int(positives) * int(negatives))
    return area >= _GIVES_AWAY or area <= 1 - _GIVES_AWAY


def _counted(
    table: Table, frame: Frame, found: Sequence[str], of: Sequence[str], findings: tuple[Message, ...]
) -> Measurement:
    """Record a share of columns: all were looked at, so that it has no sampling error."""
    share = len(found) / len(of)
    counts = {"found": len(found), "columns": len(of)}
    basis = Basis(table.rows, _all_rows(table), findings=findings[:_NAMED], counts=counts)
    return measured(frame, Estimate(share, Interval(share, share)), basis)


def _all_rows(table: Table) -> Coverage:
    return Coverage(table.rows, table.rows)


def _frame(
    table: Table, metric: str, columns: tuple[str, ...], title: Message, method: str, rule: Rule | None
) -> Frame:
    return Frame(table.target.id, NAME, (), metric, columns, title, method, rule, rule is not None)
