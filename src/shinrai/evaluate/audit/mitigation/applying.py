"""Decide rows by the rules of an operating point.

Only the key and the decision are written, not the rows. Where a rule leaves room for chance, the coin is made of the
point's seed and the row's key: who asks twice is answered alike, and anyone who has the key can check it.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from shinrai.evaluate.audit.mitigation.operating_point import OperatingPoint
from shinrai.evaluate.audit.mitigation.parts import BINS, Levels
from shinrai.evaluate.audit.mitigation.thresholds import Rule
from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.reading import Kind, Source, open_source
from shinrai.evaluate.targets.values import canonical
from shinrai.language import message

_BATCH = 65_536
_DRAWS = 1 << 52


@dataclass(frozen=True, slots=True)
class Decision:
    """One row. selected: None where the score is missing. by_chance: whether the coin decided."""

    key: str
    selected: bool | None
    by_chance: bool


@dataclass(frozen=True, slots=True)
class _Chances:
    """Chances of each bin, as whole numbers of the draws that select."""

    of_bin: tuple[int, ...]


def coin(seed: int, key: str) -> int:
    """Return the draw of a key, from 0 to 2**52 - 1: a row is selected when it lies below its chance times 2**52."""
    return int(hashlib.sha256(f"coin-{seed}:{key}".encode()).hexdigest()[:13], 16)


def chance_of(rule: Rule, score_bin: int) -> Fraction:
    """Return the chance that a rule gives a score bin."""
    return max((step.chance for step in rule.steps if step.cut <= score_bin), default=Fraction(0))


def decide_rows(point: OperatingPoint, file: Path, key: str) -> Iterator[Decision]:
    """Yield the decision of every row of a table.

    TableError: a column is missing, a score is no number from 0 to 1, or a key is missing or there twice.
    """
    with open_source(file) as source:
        columns = {column.name: column for column in source.columns}
        for name in (*point.subject, point.score, key):
            if name not in columns:
                raise faults.missing_column(file, name, columns)
        if columns[point.score].kind not in {Kind.INTEGER, Kind.NUMBER}:
            raise faults.score_not_number(file, point.score, columns[point.score].type)
        _check(source, point, key)
        names = [columns[name].sql for name in (key, point.score, *point.subject)]
        wanted = {_folded(levels): _whole(rule) for levels, rule in point.rules.items()}
        rest = _whole(point.rest)
        rows = source.connection.execute(f"SELECT {', '.join(names)} FROM t")
        while batch := rows.fetchmany(_BATCH):
            for identity, score, *stored in batch:
                levels = _levels(stored)
                yield _decide(point, str(identity), score, wanted.get(levels, rest) if levels else rest)


def _check(source: Source, point: OperatingPoint, key: str) -> None:
    columns = {column.name: column for column in source.columns}
    score, identity = columns[point.score], columns[key]
    rows, missing, different, outside = source.query(
        f"SELECT count(*), count(*) FILTER (WHERE {identity.missing}), "
        f"count(DISTINCT CAST({identity.sql} AS VARCHAR)), "
        f"count(*) FILTER (WHERE NOT {score.missing} AND NOT (CAST({score.sql} AS DOUBLE) BETWEEN 0 AND 1)) FROM t"
    )[0]
    if outside:
        raise faults.score_out_of_range(source.file, point.score, rows=outside)
    if missing or different != rows:
        raise faults.in_file(
            source.file,
            message("The key is missing or stands twice, so that decisions could not be told apart."),
            message("Name a column whose values are all different."),
            column=key,
        )


def _folded(levels: Levels) -> Levels:
    return tuple(level.casefold() for level in levels)


def _levels(stored: list[object]) -> Levels | None:
    labels = [canonical(value) for value in stored]
    return None if None in labels else _folded(tuple(str(label) for label in labels))


def _whole(rule: Rule) -> _Chances:
    return _Chances(tuple(math.ceil(chance_of(rule, score_bin) * _DRAWS) for score_bin in range(BINS)))


def _decide(point: OperatingPoint, key: str, score: float | None, chances: _Chances) -> Decision:
    if score is None or score != score:
        return Decision(key, None, by_chance=False)
    below = chances.of_bin[min(math.floor(float(score) * BINS), BINS - 1)]
    if below in (0, _DRAWS):
        return Decision(key, below == _DRAWS, by_chance=False)
    return Decision(key, coin(point.coin, key) < below, by_chance=True)
