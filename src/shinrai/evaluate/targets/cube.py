"""The counts and sums that group fairness, performance and calibration are computed from, out of one query.

Sums of scores are sums of whole numbers (multiples of 2⁻⁴⁶), so that they are the same on every run: adding floats
gives other last digits whenever the threads finish in another order.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from shinrai.evaluate.statistics.means import Sums
from shinrai.evaluate.targets.reading import Column, Source
from shinrai.evaluate.targets.values import Merge, canonical

SCALE_BITS = 46
SCALE = 1 << SCALE_BITS
MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a set of rows; tallies of disjoint sets add up.

    rows: all of them. tp, fp, fn, tn: the rows with label and prediction. scored: the rows with label and score, over
    which residual (y - score) and squared residual are summed, in units of 1/SCALE, and their squares in 1/SCALE².
    """

    rows: int = 0
    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    scored: int = 0
    residual: int = 0
    residual_squares: int = 0
    brier: int = 0
    brier_squares: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Tally)))

    @property
    def decided(self) -> int:
        """Rows with label and prediction."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def residuals(self) -> Sums:
        """The residuals y - score."""
        return Sums(self.scored, self.residual, self.residual_squares, SCALE)

    @property
    def squared_residuals(self) -> Sums:
        """The squared residuals, whose mean is the Brier score."""
        return Sums(self.scored, self.brier, self.brier_squares, SCALE)


@dataclass(frozen=True, slots=True)
class Level:
    """One group: a label for each of its columns, and its tally. missing: a value is missing, so it is not compared."""

    labels: tuple[str, ...]
    missing: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class Cube:
    """overall: all rows. levels: for each subject (group column, or several crossed) its groups in order of label.

    labels: for each group column its stored values with the label each is counted under, None where it is missing.
    """

    overall: Tally
    levels: Mapping[tuple[str, ...], tuple[Level, ...]]
    merges: tuple[Merge, ...]
    labels: Mapping[str, Mapping[object, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expression:
    """A piece of SQL and the values bound to its question marks, in order."""

    sql: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    """The three values of a decision, each NULL where missing. label, prediction: 1 or 0; score: DOUBLE.

    kept: SQL condition of the rows that are counted at all; it binds no values.
    """

    label: Expression
    prediction: Expression
    score: Expression
    kept: str = "true"

    @property
    def values(self) -> tuple[object, ...]:
        """Values bound when label, prediction and score are written in this order."""
        return self.label.values + self.prediction.values + self.score.values


def build_cube(source: Source, decided: Decided, subjects: Sequence[tuple[Column, ...]]) -> Cube:
    """Run the one query and add its cells up by canonical group label.

    subjects: the group columns and their crossings. Columns of a crossing need not be subjects of their own.
    """
    columns = list(dict.fromkeys(column for subject in subjects for column in subject))
    # Columns crossed in another order are the same set, and a set asked for twice would be counted twice.
    sets = {mask_of(subject, columns): subject for subject in [(), *((column,) for column in columns), *subjects]}
    cells: dict[int, list[tuple[Mapping[Column, object], Tally]]] = {mask: [] for mask in sets}
    for row in source.query(_sql(decided, columns, list(sets.values())), decided.values):
        values = dict(zip(columns, row[1 : 1 + len(columns)], strict=True))
        cells[row[0]].append((values, _tally(*row[1 + len(columns) :])))
    spellings = {column: _spellings(column, cells[mask_of((column,), columns)]) for column in columns}
    overall = sum((tally for _, tally in cells[mask_of((), columns)]), Tally())
    return Cube(
        overall,
        {
            tuple(column.name for column in subject): _levels(subject, cells[mask_of(subject, columns)], spellings)
            for subject in subjects
        },
        tuple(merge for column in columns for merge in _merges(column, spellings[column])),
        {column.name: {value: each.label for value, each in spellings[column].items()} for column in columns},
    )


def mask_of(subject: Iterable[Column], columns: Sequence[Column]) -> int:
    """Value of GROUPING(): a bit for every column that is not grouped by, the first column highest."""
    mask = 0
    for column in columns:
        mask = mask * 2 + (column not in subject)
    return mask


def _sql(decided: Decided, columns: Sequence[Column], sets: Sequence[tuple[Column, ...]]) -> str:
    names = {column: f"g{number}" for number, column in enumerate(columns)}
    groups = "".join(f"{column.sql} AS {name}, " for column, name in names.items())
    grouped = "".join(f"{name}, " for name in names.values())
    grouping = f"GROUPING({', '.join(names.values())})" if names else "0"
    by = ", ".join("(" + "".join(f"{names[column]}, " for column in subject) + "y, p)" for subject in sets)
    return (
        f"WITH decided AS (SELECT {groups}{decided.label.sql} AS y, {decided.prediction.sql} AS p, "
        f"{decided.score.sql} AS s FROM t WHERE {decided.kept}), "
        f"scaled AS (SELECT {grouped}y, p, CAST(round((y - s) * {SCALE}) AS BIGINT) AS d, "
        f"CAST(round((y - s) * (y - s) * {SCALE}) AS BIGINT) AS q FROM decided) "
        f"SELECT {grouping}, {grouped}y, p, count(*), count(d), sum(d), sum(CAST(d AS HUGEINT) * d), "
        f"sum(q), sum(CAST(q AS HUGEINT) * q) FROM scaled GROUP BY GROUPING SETS ({by})"
    )


def _tally(y: int | None, p: int | None, rows: int, scored: int, *sums: int | None) -> Tally:
    cell = {(1, 1): "tp", (0, 1): "fp", (1, 0): "fn", (0, 0): "tn"}.get((y, p))  # type: ignore[arg-type]
    residual, residual_squares, brier, brier_squares = (int(value or 0) for value in sums)
    return Tally(
        rows=rows,
        **({cell: rows} if cell else {}),
        scored=scored,
        residual=residual,
        residual_squares=residual_squares,
        brier=brier,
        brier_squares=brier_squares,
    )


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How one stored value is shown: the label of its group, or None when it is missing."""

    stored: str
    label: str | None


def _spellings(column: Column, cells: Iterable[tuple[Mapping[Column, object], Tally]]) -> dict[object, _Spelling]:
    """Map each stored value of a column to the most frequent canonical label among those equal under case folding."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    stored: dict[object, str | None] = {}
    for values, tally in cells:
        value = values[column]
        label = canonical(value)
        if label == MISSING:
            label = None
        stored[stored_key(value)] = label
        if label is not None:
            rows[label.casefold()][label] += tally.rows
    shown = {key: min(labels, key=lambda label: (-labels[label], label)) for key, labels in rows.items()}
    return {
        value: _Spelling(str(value), None if label is None else shown[label.casefold()])
        for value, label in stored.items()
    }


def stored_key(value: object) -> object:
    """NaN is not equal to itself and can't be found again; it is missing, as NULL is."""
    return None if value != value else value


def _merges(column: Column, spellings: Mapping[object, _Spelling]) -> Iterable[Merge]:
    together: dict[str, list[str]] = defaultdict(list)
    for spelling in spellings.values():
        if spelling.label is not None:
            together[spelling.label].append(spelling.stored)
    for label, stored in sorted(together.items()):
        if len(stored) > 1:
            yield Merge(column.name, label, tuple(sorted(stored)))


def _levels(
    subject: Sequence[Column],
    cells: Iterable[tuple[Mapping[Column, object], Tally]],
    spellings: Mapping[Column, Mapping[object, _Spelling]],
) -> tuple[Level, ...]:
    tallies: dict[tuple[str | None, ...], Tally] = defaultdict(Tally)
    for values, tally in cells:
        labels = tuple(spellings[column][stored_key(values[column])].label for column in subject)
        tallies[labels] += tally
    levels = [
        Level(tuple(MISSING if label is None else label for label in labels), None in labels, tally)
        for labels, tally in tallies.items()
    ]
    return tuple(sorted(levels, key=lambda level: (level.missing, level.labels)))
