"""Rows of a table as arrays, for what cannot be done from counts: repairing a column, training a model.

Their values stay in this process; what comes out of a mitigation is rates of groups.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.mitigation.parts import Levels, Split, digest, held_back_sql
from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.reading import Column, Kind, open_source
from shinrai.evaluate.targets.values import canonical
from shinrai.language import ShinraiError, message

MOST_ROWS = 5_000_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in the order of their keys. levels: None where a group is missing. columns: arrays by name.

    Numbers are float64 with NaN where missing, everything else canonical text or None. sha256: of the file.
    """

    keys: tuple[str, ...]
    held_back: NDArray[np.bool_]
    levels: tuple[Levels | None, ...]
    columns: Mapping[str, NDArray[Any]]
    sha256: str


def read_rows(file: Path, subject: tuple[str, ...], columns: tuple[str, ...], split: Split) -> Rows:
    """Read columns of all rows. The split needs a key, ValueError otherwise.

    TableError or ShinraiError: a column is missing or of a kind that is no value, a key is missing or stands twice, or
    there are more than MOST_ROWS rows.
    """
    if split.key is None:
        raise ValueError("rows are told apart by a key")
    with open_source(file) as source:
        known = {column.name: column for column in source.columns}
        for name in (split.key, *subject, *columns):
            if name not in known:
                raise faults.missing_column(file, name, known)
            if known[name].kind is Kind.OTHER:
                raise faults.wrong_type(file, name, known[name].type, purpose=message("a value"))
        count = source.query("SELECT count(*) FROM t")[0][0]
        if count > MOST_ROWS:
            raise ShinraiError(
                message("The table has {rows} rows; at most {most} are taken here.", rows=count, most=MOST_ROWS),
                fix=message("Take a sample of the rows."),
            )
        key = f"CAST({known[split.key].sql} AS VARCHAR)"
        taken = "".join(f", {_sql(known[name])}" for name in (*subject, *columns))
        found = source.query(f"SELECT {key} AS k, {held_back_sql(split, key)}{taken} FROM t ORDER BY k")
    keys, held, *values = zip(*found, strict=True) if found else ((), (), *(((),) * (len(subject) + len(columns))))
    if len(set(keys)) != len(keys) or None in keys:
        raise faults.in_file(
            file,
            message("The key is missing or stands twice, so that decisions could not be told apart."),
            message("Name a column whose values are all different."),
            column=split.key,
        )
    return Rows(
        keys,
        np.array(held, dtype=np.bool_),
        _levels(values[: len(subject)]),
        {name: _array(known[name], each) for name, each in zip(columns, values[len(subject) :], strict=True)},
        digest(file),
    )


def _sql(column: Column) -> str:
    return f"CAST({column.sql} AS DOUBLE)" if _is_number(column) else column.sql


def _is_number(column: Column) -> bool:
    return column.kind in {Kind.INTEGER, Kind.NUMBER}


def _array(column: Column, values: tuple[object, ...]) -> NDArray[Any]:
    if _is_number(column):
        return np.array([np.nan if each is None else each for each in values], dtype=np.float64)
    return np.array([canonical(each) for each in values], dtype=object)


def _levels(columns: list[tuple[object, ...]]) -> tuple[Levels | None, ...]:
    shown: list[dict[str, str]] = [{} for _ in columns]

    def label(place: int, value: object) -> str | None:
        text = canonical(value)
        # Spellings that differ by case only are one group, under the one that comes first.
        return None if text is None else shown[place].setdefault(text.casefold(), text)

    found = []
    for row in zip(*columns, strict=True):
        labels = [label(place, value) for place, value in enumerate(row)]
        found.append(None if None in labels else tuple(str(each) for each in labels))
    return tuple(found)
