"""Rows of a table in two parts, one to fit on and one held back, as counts by group, label, decision and score bin.

Which part a row is in follows from a seed and from the row itself, never from its place: the same rows in another
order or in another file format are parted alike.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.cube import Expression
from shinrai.evaluate.targets.reading import Column
from shinrai.evaluate.targets.table import Subject, Table, TableTarget, open_table
from shinrai.evaluate.targets.values import canonical
from shinrai.language import ShinraiError, message

BINS = 4096
"""Bins of equal width over [0, 1]: every edge is a number that a double holds exactly."""

_PARTS = 1_000_000
_HEX_DIGITS = 13

Levels = tuple[str, ...]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """How rows are parted.

    held_back: share of the rows (of the keys, where a key is named) to hold back, above 0 and below 1. key: column
    whose equal values stay together, a person or a household; without one every row stands for itself.
    """

    seed: int
    held_back: Fraction
    key: str | None = None

    def __post_init__(self) -> None:
        if self.seed < 0 or not 0 < self.held_back < 1:
            raise ValueError(f"need a seed of 0 or more and a share within (0, 1), got {self.seed}, {self.held_back}")


@dataclass(frozen=True, slots=True)
class Part:
    """Counts of one part.

    groups: levels to counts by label (1 favourable, 0 not), decision before (1 selected, 0 not) and score bin, of shape
    (2, 2, BINS). missing: rows with a missing group, counted but never a group to be compared.
    """

    groups: Mapping[Levels, Counts]
    missing: Counts

    @property
    def rows(self) -> int:
        """Complete rows of this part."""
        return int(self.missing.sum()) + sum(int(counts.sum()) for counts in self.groups.values())


@dataclass(frozen=True, slots=True)
class Parted:
    """A table in two parts.

    left_out: rows without a label, a decision or a score. keys: different keys, None without a key column; fewer keys
    than rows make intervals too narrow, which take rows as independent. sha256: of the file's bytes.
    """

    target: TableTarget
    subject: Subject
    split: Split
    fit: Part
    held_back: Part
    rows: int
    left_out: int
    keys: int | None
    sha256: str


def read_parts(target: TableTarget, split: Split) -> Parted:
    """Read the parts of a table for the only subject of its target.

    The target needs a score, one subject, and a prediction or a threshold for how it was decided before. TableError or
    ShinraiError: the table cannot be measured as described, a key is missing, or a part has fewer than two groups.
    """
    (subject,) = target.subjects
    columns = replace(target, groups=subject, intersections=(subject,) * (len(subject) > 1))
    with open_table(columns) as table:
        for fault in table.faults.values():
            raise fault
        key = _key(table, split.key)
        cells = table.source.query(*_query(table, subject, split, key))
        names = {name: _names(table, name) for name in subject}
        keys = table.source.query(f"SELECT count(DISTINCT {key.sql}) FROM t")[0][0] if key else None
    parts, left_out = _sorted(cells, [names[name] for name in subject])
    parted = Parted(target, subject, split, parts[0], parts[1], table.rows, left_out, keys, digest(target.file))
    for part in (parted.fit, parted.held_back):
        if len(part.groups) < 2:
            raise ShinraiError(
                message("A part of the rows has fewer than two groups, so there is no gap to work on."),
                fix=message("Name a column with at least two groups, or take more rows."),
            )
    return parted


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def draw(seed: int, key: str) -> int:
    """Return the whole number from 0 to 2**52 - 1 that a seed and a key stand for; SQL computes the same one."""
    return int(hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()[:_HEX_DIGITS], 16)


def held_back_sql(split: Split, identity: str) -> str:
    """Write SQL that is true for rows to be held back. identity: SQL of the text that a row is known by."""
    number = f"CAST('0x' || substr(sha256('{split.seed}:' || {identity}), 1, {_HEX_DIGITS}) AS UBIGINT)"
    return f"({number} % {_PARTS} < {int(split.held_back * _PARTS)})"


def _key(table: Table, name: str | None) -> Column | None:
    if name is None:
        return None
    known = {column.name: column for column in table.source.columns}
    if name not in known:
        raise faults.missing_column(table.target.file, name, known)
    column = known[name]
    missing = table.source.query(f"SELECT count(*) FROM t WHERE {column.missing}")[0][0]
    if missing:
        raise faults.in_file(
            table.target.file,
            message("The key is missing in {rows} rows, so that they cannot be parted.", rows=missing),
            message("Fill it in, or leave those rows out."),
            column=name,
        )
    return column


def _query(table: Table, subject: Subject, split: Split, key: Column | None) -> tuple[str, tuple[object, ...]]:
    known = {column.name: column.sql for column in table.source.columns}
    groups = [f"g{number}" for number in range(len(subject))]
    taken = ", ".join(f"{known[name]} AS {alias}" for name, alias in zip(subject, groups, strict=True))
    decided = table.decided
    score: Expression = decided.score
    by = ", ".join(groups)
    if key is None:
        # Rows alike in everything that counts here are numbered among themselves; which of them is which is no matter.
        text = ", ".join(f"coalesce(CAST({part} AS VARCHAR), chr(30))" for part in (*groups, "y", "p", "s", "twin"))
        rows = (
            f"alike AS (SELECT {by}, y, p, s, count(*) AS n FROM decided GROUP BY ALL), "
            f"row AS (SELECT {by}, y, p, s, unnest(range(n)) AS twin FROM alike)"
        )
        identity, own = f"concat_ws(chr(31), {text})", ""
    else:
        rows = f"row AS (SELECT {by}, y, p, s, k FROM decided)"
        identity, own = "CAST(k AS VARCHAR)", f", {key.sql} AS k"
    sql = (
        f"WITH decided AS (SELECT {taken}, {decided.label.sql} AS y, {decided.prediction.sql} AS p, "
        f"{score.sql} AS s{own} FROM t), {rows} "
        f"SELECT {held_back_sql(split, identity)} AS held, {by}, y, p, "
        # least() would take a missing score for the other value, the best score there is.
        f"CASE WHEN s IS NOT NULL THEN least(CAST(floor(s * {BINS}) AS INTEGER), {BINS - 1}) END AS bin, count(*) "
        "FROM row GROUP BY ALL"
    )
    return sql, decided.values


def _names(table: Table, column: str) -> Mapping[str, str]:
    """Map the case-folded canonical label of each group of a column to the label it is shown under."""
    return {level.labels[0].casefold(): level.labels[0] for level in table.cube.levels[(column,)] if not level.missing}


def _sorted(cells: Sequence[tuple[object, ...]], names: Sequence[Mapping[str, str]]) -> tuple[tuple[Part, Part], int]:
    found: tuple[dict[Levels | None, Counts], dict[Levels | None, Counts]] = ({}, {})
    left_out = 0
    for held, *stored, y, p, score_bin, rows in cells:
        assert isinstance(rows, int)  # noqa: S101  (count(*))
        if y is None or p is None or score_bin is None:
            left_out += rows
            continue
        labels = [
            None if (label := canonical(value)) is None else known.get(label.casefold())
            for value, known in zip(stored, names, strict=True)
        ]
        levels = None if None in labels else tuple(str(label) for label in labels)
        of_part = found[bool(held)]
        if levels not in of_part:
            of_part[levels] = np.zeros((2, 2, BINS), dtype=np.int64)
        of_part[levels][y, p, score_bin] += rows  # type: ignore[index]
    empty = np.zeros((2, 2, BINS), dtype=np.int64)
    parts = tuple(
        Part(
            {levels: counts for levels, counts in sorted(part.items(), key=lambda item: item[0] or ()) if levels},
            part.get(None, empty),
        )
        for part in found
    )
    return (parts[0], parts[1]), left_out
