"""Whether columns look like personal data. Findings name column, kind and share; values are never echoed."""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from shinrai.evaluate.checks.assembly import Basis, Estimate, Frame, measured, rule_for
from shinrai.evaluate.checks.personal_patterns import Flag, PersonalKind, flags_of
from shinrai.evaluate.checks.settings import CheckSettings
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.targets.reading import Column, Kind
from shinrai.evaluate.targets.table import Table
from shinrai.evaluate.targets.values import canonical, shown
from shinrai.language import Message, message

NAME = "personal_data"
METRICS = ("columns",)

LOOKED_AT = 1_000
"""So many distinct values of each column are looked at, the first in order."""
_CHARACTERS = 1_000
"""So many characters of each are looked at."""

_KINDS = {
    PersonalKind.EMAIL: message("e-mail addresses"),
    PersonalKind.PHONE: message("telephone numbers"),
    PersonalKind.POSTAL: message("postal codes"),
    PersonalKind.CARD: message("card numbers"),
    PersonalKind.MY_NUMBER: message("My Numbers (individual numbers)"),
}


def measure(table: Table, settings: CheckSettings) -> tuple[Measurement, ...]:
    """Measure the share of columns that look like personal data."""
    columns = table.source.columns
    flagged = {column.name: flags for column in columns if (flags := flags_of(column.name, _values(table, column)))}
    rule = rule_for("columns", settings.limits, Comparison.AT_MOST, 0.0)
    frame = Frame(
        table.target.id,
        NAME,
        (),
        "columns",
        tuple(column.name for column in columns),
        message("Columns that look like personal data"),
        "names, patterns and check digits over distinct values",
        rule,
        True,
    )
    share = len(flagged) / len(columns)
    basis = Basis(
        table.rows,
        Coverage(table.rows, table.rows),
        findings=tuple(_finding(name, flag) for name, flags in flagged.items() for flag in flags),
        counts={"found": len(flagged), "columns": len(columns)},
    )
    return (measured(frame, Estimate(share, Interval(share, share)), basis),)


def _values(table: Table, column: Column) -> Sequence[str]:
    """Read the first distinct values of a column, cut and canonical."""
    if column.kind is Kind.OTHER:
        return _values_within(table, column)
    value = f"left(v, {_CHARACTERS})" if column.kind is Kind.TEXT else "v"
    found = table.source.query(
        f"SELECT {value} FROM (SELECT DISTINCT {column.sql} AS v FROM t WHERE NOT {column.missing} "
        f"ORDER BY v LIMIT {LOOKED_AT})"
    )
    return [label for (stored,) in found if (label := canonical(stored)) is not None]


def _values_within(table: Table, column: Column) -> Sequence[str]:
    """Read the distinct texts and numbers in the first values of a column of bytes, dates or nested values.

    JSON tells lists and records from what they hold; the names of their fields, and the keys of maps, are left out.
    """
    found = table.source.query(
        f"SELECT to_json(v) FROM (SELECT {column.stored} AS v, file_row_number AS place FROM {table.source.scan} "
        f"WHERE {column.stored} IS NOT NULL ORDER BY place LIMIT {LOOKED_AT}) ORDER BY place"
    )
    leaves = (leaf for (text,) in found for leaf in _leaves(json.loads(text)))
    labels = (canonical(leaf[:_CHARACTERS] if isinstance(leaf, str) else leaf) for leaf in leaves)
    return list(islice(dict.fromkeys(label for label in labels if label is not None), LOOKED_AT))


def _leaves(value: object) -> Iterator[str | int | float]:
    """Yield the texts and numbers of a JSON value, in order."""
    stack = [value]
    while stack:
        found = stack.pop()
        if isinstance(found, list):
            stack += reversed(found)
        elif isinstance(found, dict):
            stack += reversed(found.values())
        elif isinstance(found, str | int | float) and not isinstance(found, bool):
            yield found


def _finding(column: str, flag: Flag) -> Message:
    if flag.kind is PersonalKind.NAME:
        return message("Column “{column}”: its name says personal data.", column=shown(column))
    return message(
        "Column “{column}”: {matches} of {looked_at} values looked at are like {kind}.",
        column=shown(column),
        matches=flag.matches,
        looked_at=flag.looked_at,
        kind=_KINDS[flag.kind],
    )
