"""Release the counts of a table with noise: one draw for every cell of the declared levels, and nothing else.

A person changes the counts by at most `rows_per_person`, so noise of scale rows_per_person / ε on each cell makes the
whole table ε-differentially private towards adding or leaving out a person; whatever is computed from it afterwards
costs nothing more. Which cells there are must not depend on the data: the levels are declared, and a cell without rows
gets its noise like any other. Source: Dwork, McSherry, Nissim, Smith 2006; Ghosh, Roughgarden, Sundararajan 2012.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

import csv
import hashlib
import io
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import product
from math import prod
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from shinrai.evaluate.audit.mitigation.parts import digest
from shinrai.evaluate.audit.privacy.ledger import Release, spend, written
from shinrai.evaluate.statistics.discrete_laplace import Below, discrete_laplace, noise_variance
from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.reading import Source, open_source, quoted
from shinrai.evaluate.targets.values import canonical, shown
from shinrai.language import Message, Place, ShinraiError, message

FORMAT = "shinrai.noisy-counts/1"
OTHER = "(other)"
COUNT, NOISY = "count", "noisy"
MOST_CELLS = 100_000
MOST_ROWS_PER_PERSON = 1_000
REFUSED_ERROR, WARNED_ERROR = 0.05, 0.02
_SURELY = 2.12
"""95 % of a Laplace distribution lies within so many of its standard deviations, more than of a normal one."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is released of a table.

    levels: group and stratum columns to the levels that are shown, by canonical label. label: None for selections
    only. person: column that tells people apart; at most rows_per_person rows of each are counted then. Without one,
    rows_per_person is what the data keeper states, and nothing enforces it.
    """

    file: Path
    levels: Mapping[str, tuple[str, ...]]
    prediction: str
    label: str | None
    favourable: str
    person: str | None = None
    rows_per_person: int = 1

    @property
    def classes(self) -> tuple[str, ...]:
        """The two classes that are told apart."""
        return (self.favourable, OTHER)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the released table, before the counts."""
        return (*self.levels, *([self.label] if self.label else []), self.prediction)

    @property
    def cells(self) -> int:
        """How many cells get noise; one more counts the rows that are in none."""
        return prod(map(len, self.levels.values())) * (4 if self.label else 2)


@dataclass(frozen=True, slots=True)
class Utility:
    """How far noise alone moves a rate at 95 %, for each column's groups if they were of equal size."""

    errors: Mapping[str, float]

    @property
    def worst(self) -> float:
        """The largest of them."""
        return max(self.errors.values())


@dataclass(frozen=True, slots=True)
class Released:
    """What was written. utility: as far as could be said beforehand. ledger_left: ε that is left."""

    counts: Path
    note: Path
    release: Release
    utility: Utility


def utility(question: Question, epsilon: Fraction, rows_about: int) -> Utility:
    """Say beforehand, from public numbers alone, how far noise will move the rates.

    rows_about: how many rows there are roughly, as is publicly known; at least 1, ValueError otherwise. A rate of T
    rows over k cells moves with variance v·k/2 / T² at most where half of its cells count as successes.
    """
    if rows_about < 1:
        raise ValueError(f"need at least one row, got {rows_about}")
    of_cell = noise_variance(float(epsilon / question.rows_per_person))
    errors = {}
    for name, levels in question.levels.items():
        cells, rows = question.cells / len(levels), rows_about / len(levels)
        errors[name] = min(1.0, _SURELY * (of_cell * cells / 2) ** 0.5 / rows)
    return Utility(errors)


def release(
    question: Question,
    epsilon: Fraction,
    ledger: Path,
    out: Path,
    now: datetime,
    *,
    rows_about: int,
    levels_from_data: bool = False,
    anyway: bool = False,
    below: Below = secrets.randbelow,
) -> Released:
    """Spend ε, draw the noise, and write the counts to `out` (CSV) with a note on the noise beside it.

    anyway: release counts that the noise makes useless. ShinraiError: the question cannot be asked of the table, the
    noise would drown it, or the budget does not reach; nothing is spent then. Once spent it stays spent, whatever
    happens after.
    """
    _check(question, epsilon, out)
    said = utility(question, epsilon, rows_about)
    if said.worst > REFUSED_ERROR and not anyway:
        raise ShinraiError(
            message(
                "Noise alone would move rates by up to {error}, so these counts would tell next to nothing.",
                error=f"{said.worst:.1%}",
            ),
            fix=message(
                "Release fewer columns or levels at once, or spend a larger ε; --anyway releases all the same."
            ),
        )
    counts, left_out = _count(question)
    data = digest(question.file)
    about = {
        "columns": list(question.columns),
        "cells": question.cells,
        "data": data,
        "rows_per_person": question.rows_per_person,
        "person": question.person is not None,
        "out": out.name,
    }
    spent = spend(ledger, epsilon, about, now)
    of_cell = epsilon / question.rows_per_person
    noisy = {cell: counts.get(cell, 0) + discrete_laplace(of_cell, below) for cell in _cells(question)}
    left_out += discrete_laplace(of_cell, below)
    note = _note(question, epsilon, 1 / of_cell, left_out, said, levels_from_data, spent)
    written_note = _write(question, noisy, note, out)
    written(ledger, spent, digest(out), now)
    return Released(out, written_note, spent, said)


def note_beside(counts: Path) -> Path:
    """Return where the note on the noise of released counts is."""
    return counts.with_name(counts.name + ".noise.json")


def _check(question: Question, epsilon: Fraction, out: Path) -> None:
    if epsilon <= 0:
        raise ShinraiError(message("ε is above 0."), fix=message("Give an ε such as 0.5."))
    if not 1 <= question.rows_per_person <= MOST_ROWS_PER_PERSON:
        raise ShinraiError(
            message("The rows counted of one person are from 1 to {most}.", most=MOST_ROWS_PER_PERSON),
            fix=message("Name the column of the person and how many of its rows are counted at most."),
        )
    if out.suffix.lower() != ".csv":
        raise ShinraiError(
            message("Released counts are written as CSV."), fix=message("Name a file that ends in .csv.")
        )
    for name, levels in question.levels.items():
        if not levels or len(set(levels)) != len(levels) or any(canonical(level) != level for level in levels):
            raise ShinraiError(
                message("The levels of “{column}” are not different, trimmed words.", column=shown(name)),
                fix=message("List each level once, as it is shown."),
            )
    if not question.levels or len({*question.columns}) != len(question.columns) or {COUNT, NOISY} & {*question.columns}:
        raise ShinraiError(
            message("The columns of a release are different ones, none of them called count or noisy."),
            fix=message("Name at least one group column, and each column once."),
        )
    if question.cells > MOST_CELLS:
        raise ShinraiError(
            message(
                "There would be {cells} cells; at most {most} are released.", cells=question.cells, most=MOST_CELLS
            ),
            fix=message("Release fewer columns or levels at once."),
        )


def _cells(question: Question) -> Iterator[tuple[str, ...]]:
    classes = [question.classes] * (2 if question.label else 1)
    return product(*question.levels.values(), *classes)


def _count(question: Question) -> tuple[Counter[tuple[str, ...]], int]:
    """Count the cells, and the rows that are in none of them."""
    counts: Counter[tuple[str, ...]] = Counter()
    left_out = 0
    known = [{level.casefold(): level for level in levels} for levels in question.levels.values()]
    favourable = canonical(question.favourable)
    with open_source(question.file) as source:
        for *stored, rows in source.query(_query(question, source)):
            labels = [canonical(value) for value in stored]
            groups = [
                of_column.get(label.casefold()) if label is not None else None
                for of_column, label in zip(known, labels, strict=False)
            ]
            outcomes = labels[len(known) :]
            if None in groups or None in outcomes:
                left_out += rows
                continue
            classes = [question.favourable if each == favourable else OTHER for each in outcomes]
            counts[(*(str(group) for group in groups), *classes)] += rows
    return counts, left_out


def _query(question: Question, source: Source) -> str:
    columns = {column.name: column for column in source.columns}
    for name in (*question.columns, *([question.person] if question.person else [])):
        if name not in columns:
            raise faults.missing_column(question.file, name, columns)
    taken = [f"{columns[name].sql} AS c{place}" for place, name in enumerate(question.columns)]
    kept = [f"c{place}" for place in range(len(question.columns))]
    _guard(question, source)
    if question.person is None:
        return f"SELECT {', '.join(kept)}, count(*) FROM (SELECT {', '.join(taken)} FROM t) GROUP BY ALL"
    person = columns[question.person]
    # Which rows of a person are kept may only depend on that person's rows. Rows without a person are each their own.
    number = f"row_number() OVER (PARTITION BY {person.sql} ORDER BY {', '.join(kept)})"
    return (
        f"SELECT {', '.join(kept)}, count(*) FROM ("
        f"SELECT {', '.join(kept)}, {number} AS number, {person.missing} AS alone "
        f"FROM (SELECT {', '.join(taken)}, {quoted(question.person)} FROM t)) "
        f"WHERE alone OR number <= {question.rows_per_person} GROUP BY {', '.join(kept)}"
    )


def _guard(question: Question, source: Source) -> None:
    """Refuse to group by a column of names before anything is grouped."""
    for column in source.columns:
        if column.name in question.columns:
            about = source.query(f"SELECT approx_count_distinct({column.sql}) FROM t")[0][0]
            if about > 10_000:
                raise faults.too_many_levels(question.file, (column.name,), most=10_000)


def _note(
    question: Question,
    epsilon: Fraction,
    scale: Fraction,
    left_out: int,
    said: Utility,
    levels_from_data: bool,
    spent: Release,
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "noise": "discrete-laplace",
        "epsilon": str(epsilon),
        "scale": str(scale),
        "sensitivity": question.rows_per_person,
        "neighbours": "add or remove one person",
        "rows_per_person": question.rows_per_person,
        "rows_per_person_enforced": question.person is not None,
        "levels_from_data": levels_from_data,
        "columns": {
            "groups": list(question.levels),
            "label": question.label,
            "prediction": question.prediction,
            "favourable": question.favourable,
            "count": COUNT,
            "noisy": NOISY,
        },
        "cells": question.cells,
        "left_out_noisy": left_out,
        "error_expected": {name: round(error, 6) for name, error in said.errors.items()},
        "ledger_entry": spent.entry,
        "time": spent.time,
    }


def _write(question: Question, noisy: Mapping[tuple[str, ...], int], note: Mapping[str, Any], out: Path) -> Path:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*question.columns, COUNT, NOISY])
    for cell, count in noisy.items():
        # A table of counts has none below 0; what was drawn stands beside it, and is what intervals are made of.
        rows.writerow([*cell, max(0, count), count])
    content = text.getvalue().encode("utf-8")
    beside = note_beside(out)
    document = {**note, "counts_sha256": hashlib.sha256(content).hexdigest()}
    # The note comes first: counts without one would be taken for counts without noise.
    _put(beside, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))
    _put(out, content)
    return beside


def _put(path: Path, content: bytes) -> None:
    try:
        descriptor, temporary = mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise ShinraiError(
            message("{file} cannot be written: {reason}.", file=str(path), reason=error.strerror or "I/O error"),
            fix=message("The ε is spent. Mend the place and release again only if the budget reaches."),
            place=Place(str(path)),
        ) from None


def caution(question: Question, levels_from_data: bool) -> tuple[Message, ...]:
    """Return what the release does not protect, to be said to whoever releases."""
    said = []
    if question.person is None:
        said.append(
            message(
                "That nobody has more than {rows} row(s) is your statement: no column of people was named to see to "
                "it. If it is wrong, the protection is weaker by as much.",
                rows=question.rows_per_person,
            )
        )
    if levels_from_data:
        said.append(
            message("The levels were read from the data: that somebody has each of them is told without protection.")
        )
    return tuple(said)
