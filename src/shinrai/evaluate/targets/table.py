"""A table of decisions as a target: what the description says of it, and the open table the checks measure.

Whatever makes the whole table unusable is a TableError when it is opened. A fault of one group column is kept with the
table and becomes an `error` of that group's measurements alone.
"""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.cube import Cube, Decided, Expression, build_cube
from shinrai.evaluate.targets.faults import TableError
from shinrai.evaluate.targets.reading import Column, Kind, Source, open_source
from shinrai.evaluate.targets.units import Units, count_units, read_unit
from shinrai.evaluate.targets.values import canonical
from shinrai.language import message

MOST_LEVELS = 200
MOST_CHARACTERS = 200

# Above these a column or crossing is refused before it is grouped by. They count stored values and leave room for many
# spellings of one canonical value; the limits for canonical values are held against them afterwards.
_MOST_STORED_LEVELS = 10_000
_MOST_STORED_CLASSES = 1_000

_NOTHING = Expression("NULL")

Subject = tuple[str, ...]
"""Names of the group columns of one comparison: one, or several crossed."""


@dataclass(frozen=True, slots=True)
class TableTarget:
    """What a system description says of a table of decisions.

    label: column of the right outcome. prediction: column of the decided outcome. score: column of the probability of
    the favourable outcome; without `prediction`, rows at score >= threshold count as decided favourably.
    favourable: the value of label and prediction that means the favourable outcome. groups: columns whose groups are
    compared; intersections: group columns to be crossed. strata: columns of circumstances; rows alike in all of them
    are compared with each other. cluster: rows of one value belong together (a person, a household). weight: column of
    sampling weights; at most one of the two.
    """

    id: str
    file: Path
    label: str
    favourable: str | int | float | bool
    prediction: str | None = None
    score: str | None = None
    threshold: float | None = None
    groups: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    strata: tuple[str, ...] = ()
    cluster: str | None = None
    weight: str | None = None

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Everything that is compared, once each: the group columns, then the crossings."""
        return tuple(dict.fromkeys([*((group,) for group in self.groups), *self.intersections]))

    def within_strata(self, subject: Subject) -> Subject:
        """Return what is counted to compare a subject within strata: its columns and those of the strata."""
        return tuple(dict.fromkeys([*subject, *self.strata]))

    @property
    def counted(self) -> tuple[Subject, ...]:
        """Every set of columns whose levels are counted, once each: the subjects, then the subjects within strata."""
        within = [self.within_strata(subject) for subject in self.subjects] if self.strata and self.decides else []
        return tuple(dict.fromkeys([*self.subjects, *within]))

    @property
    def declared(self) -> tuple[str, ...]:
        """The columns the description names, once each: label, prediction, score, groups, strata, cluster, weight."""
        of_groups = (column for subject in self.subjects for column in subject)
        named = [self.label, self.prediction, self.score, *of_groups, *self.strata, self.cluster, self.weight]
        return tuple(dict.fromkeys(column for column in named if column is not None))

    @property
    def decides(self) -> bool:
        """Whether the table has decisions, given or by threshold."""
        return self.prediction is not None or self.score is not None

    @property
    def unit(self) -> str | None:
        """The column that says what an independent unit is, or how much one counts: cluster, weight, or none."""
        return self.cluster or self.weight

    @property
    def decision_columns(self) -> tuple[str, ...]:
        """Label, the column the decisions come from, and cluster or weight."""
        return tuple(name for name in (self.label, self.prediction or self.score, self.unit) if name)

    @property
    def score_columns(self) -> tuple[str, ...]:
        """Label, score, and cluster or weight."""
        return tuple(name for name in (self.label, self.score, self.unit) if name)


@dataclass(frozen=True, slots=True)
class Table:
    """An open table. rows: of the file. faults: what is wrong with a subject that is not in the cube.

    units: sums over clusters or weighted rows; None where every row is a unit of its own.
    """

    target: TableTarget
    source: Source
    rows: int
    decided: Decided
    cube: Cube
    faults: Mapping[Subject, TableError]
    units: Units | None = None


@contextmanager
def open_table(target: TableTarget) -> Iterator[Table]:
    """Open the table of a target and count it; it is closed, and its spill files removed, when the block ends.

    TableError: the file, the label, the prediction or the score cannot be measured as described.
    """
    with open_source(target.file) as source:
        yield _read(target, source)


def _read(target: TableTarget, source: Source) -> Table:
    columns = _declared_columns(target, source)
    profile = _profile(target, source, columns)
    if profile.rows == 0:
        raise faults.in_file(target.file, message("The table has no rows."), message("Write the table again."))
    unit = None if target.unit is None else read_unit(source, columns[target.unit], weighted=target.weight is not None)
    decided = _decided(target, source, columns, profile)
    if unit is not None:
        decided = replace(decided, kept=unit.kept)
    broken = {
        subject: fault
        for subject in target.counted
        if (fault := _early_fault(target, source, columns, profile, subject))
    }
    subjects = [tuple(columns[name] for name in subject) for subject in target.counted if subject not in broken]
    cube = build_cube(source, decided, subjects)
    for subject, levels in cube.levels.items():
        if subject not in target.subjects:
            continue
        compared = sum(not level.missing for level in levels)
        if compared > min(MOST_LEVELS, profile.rows / 2):
            broken[subject] = faults.too_many_levels(target.file, subject, most=MOST_LEVELS)
        elif compared == 0:
            broken[subject] = faults.all_missing(target.file, subject)
    sound = [tuple(columns[name] for name in subject) for subject in target.subjects if subject not in broken]
    units = None if unit is None else count_units(source, decided, cube, unit, sound)
    return Table(target, source, profile.rows, decided, cube, broken, units)


def _declared_columns(target: TableTarget, source: Source) -> dict[str, Column]:
    known = {column.name: column for column in source.columns}
    for name in target.declared:
        if name not in known:
            raise faults.missing_column(target.file, name, known)
    purposes = {target.label: message("a label"), target.prediction: message("a prediction")}
    for decision, purpose in purposes.items():
        if decision is not None and known[decision].kind is Kind.OTHER:
            raise faults.wrong_type(target.file, decision, known[decision].type, purpose=purpose)
    if target.score is not None and known[target.score].kind not in {Kind.INTEGER, Kind.NUMBER}:
        raise faults.score_not_number(target.file, target.score, known[target.score].type)
    if target.weight is not None and known[target.weight].kind not in {Kind.INTEGER, Kind.NUMBER}:
        raise faults.weight_not_number(target.file, target.weight, known[target.weight].type)
    if target.cluster is not None and known[target.cluster].kind is Kind.OTHER:
        raise faults.wrong_type(target.file, target.cluster, known[target.cluster].type, purpose=message("a cluster"))
    if target.score is not None and target.prediction is None and target.threshold is None:
        raise faults.in_file(
            target.file,
            message("The target has a score but neither prediction nor threshold."),
            message("Give the `threshold` from which the system decides favourably."),
            column=target.score,
        )
    return {name: known[name] for name in target.declared}


@dataclass(frozen=True, slots=True)
class _Profile:
    """What one pass over the declared columns tells: how many stored values about, the longest text, misfit numbers.

    longest: of the texts that are too long, 0 without any.
    """

    rows: int
    distinct: Mapping[str, int]
    longest: Mapping[str, int]
    misfits: Mapping[str, int]
    crossed: Mapping[Subject, int]


def _profile(target: TableTarget, source: Source, columns: Mapping[str, Column]) -> _Profile:
    """Count before anything is grouped by, so that a column of names can't fill the memory."""
    names = list(columns)
    counts = []
    for column in columns.values():
        text = column.kind is Kind.TEXT
        counts.append(f"approx_count_distinct({column.sql})" if column.kind is not Kind.OTHER else "0")
        long = f"length({column.sql}) > {MOST_CHARACTERS} AND NOT {column.missing}"
        counts.append(f"coalesce(max(length({column.sql})) FILTER (WHERE {long}), 0)" if text else "0")
        counts.append(f"count(*) FILTER (WHERE NOT {column.missing} AND {_misfit(target, column)})")
    crossings = [subject for subject in target.counted if len(subject) > 1]
    for subject in crossings:
        counts.append(f"approx_count_distinct(hash({', '.join(columns[name].sql for name in subject)}))")
    rows, *answers = source.query(f"SELECT count(*), {', '.join(counts)} FROM t")[0]
    of_columns = answers[: 3 * len(names)]
    return _Profile(
        rows,
        dict(zip(names, of_columns[0::3], strict=True)),
        dict(zip(names, of_columns[1::3], strict=True)),
        dict(zip(names, of_columns[2::3], strict=True)),
        dict(zip(crossings, answers[3 * len(names) :], strict=True)),
    )


def _misfit(target: TableTarget, column: Column) -> str:
    """Return the SQL condition of a number that cannot be what the description says the column is."""
    if column.name == target.score:
        return f"NOT (CAST({column.sql} AS DOUBLE) BETWEEN 0 AND 1)"
    if column.name == target.prediction and column.kind is Kind.NUMBER:
        return f"floor({column.sql}) <> {column.sql}"
    return "false"


def _decided(target: TableTarget, source: Source, columns: Mapping[str, Column], profile: _Profile) -> Decided:
    favourable = canonical(target.favourable)
    labels = _classes(target, source, columns[target.label], profile)
    if favourable not in labels:
        raise faults.favourable_not_found(target.file, target.label, str(target.favourable), faults.listing(labels))
    score = _score(target, columns, profile)
    if target.prediction is None:
        prediction = _at_threshold(score, target.threshold)
    else:
        predictions = _predictions(target, source, columns, profile)
        if len(labels.keys() | predictions.keys()) > 2:
            raise faults.different_coding(
                target.file, target.label, target.prediction, faults.listing(labels.keys() | predictions.keys())
            )
        prediction = _is_favourable(columns[target.prediction], predictions, favourable)
    return Decided(_is_favourable(columns[target.label], labels, favourable), prediction, score)


def _predictions(
    target: TableTarget, source: Source, columns: Mapping[str, Column], profile: _Profile
) -> dict[str, list[object]]:
    assert target.prediction is not None  # noqa: S101  (the caller has looked)
    column = columns[target.prediction]
    if profile.misfits[column.name]:
        raise faults.probabilities(target.file, column.name)
    return _classes(target, source, column, profile)


def _classes(target: TableTarget, source: Source, column: Column, profile: _Profile) -> dict[str, list[object]]:
    """Read the stored values of a label or prediction by their canonical value; at most two classes."""
    if profile.longest[column.name] > MOST_CHARACTERS:
        raise faults.too_long_values(target.file, column.name, most=MOST_CHARACTERS)
    if _more_than(_MOST_STORED_CLASSES, source, [column], profile.distinct[column.name]):
        found = message("more than {count} different values", count=_MOST_STORED_CLASSES)
        raise faults.too_many_values(target.file, column.name, found)
    classes: dict[str, list[object]] = {}
    for (value,) in source.query(f"SELECT DISTINCT {column.sql} FROM t WHERE NOT {column.missing}"):
        label = canonical(value)
        assert label is not None  # noqa: S101  (the query leaves missing values out)
        classes.setdefault(label, []).append(value)
    if len(classes) > 2:
        raise faults.too_many_values(target.file, column.name, faults.listing(classes))
    return classes


def _is_favourable(column: Column, classes: Mapping[str, Sequence[object]], favourable: str) -> Expression:
    """1 where the value is favourable, 0 where it is another one, NULL where it is missing."""
    values = tuple(classes.get(favourable, ()))
    is_in = f"{column.sql} IN ({', '.join('?' * len(values))})" if values else "false"
    return Expression(f"CASE WHEN {column.missing} THEN NULL WHEN {is_in} THEN 1 ELSE 0 END", values)


def _score(target: TableTarget, columns: Mapping[str, Column], profile: _Profile) -> Expression:
    if target.score is None:
        return _NOTHING
    column = columns[target.score]
    if profile.misfits[column.name]:
        raise faults.score_out_of_range(target.file, column.name, rows=profile.misfits[column.name])
    return Expression(f"CASE WHEN NOT {column.missing} THEN CAST({column.sql} AS DOUBLE) END")


def _at_threshold(score: Expression, threshold: float | None) -> Expression:
    if threshold is None:
        return _NOTHING
    return Expression(f"CASE WHEN {score.sql} >= ? THEN 1 WHEN {score.sql} < ? THEN 0 END", (threshold, threshold))


def _more_than(most: int, source: Source, columns: Sequence[Column], about: int) -> bool:
    """Whether columns hold more than so many different stored values, or combinations; about: what the profile says.

    The profile's estimate is good to a few parts in ten, so that only near the limit there is something to count.
    """
    if not most / 2 <= about <= most * 2:
        return about > most
    names = ", ".join(column.sql for column in columns)
    present = f" WHERE NOT {columns[0].missing}" if len(columns) == 1 else ""
    found = source.query(f"SELECT count(*) FROM (SELECT DISTINCT {names} FROM t{present} LIMIT {most + 1})")
    return int(found[0][0]) > most


def _early_fault(
    target: TableTarget, source: Source, columns: Mapping[str, Column], profile: _Profile, subject: Subject
) -> TableError | None:
    """Say what forbids to group by a subject at all."""
    most = MOST_LEVELS if subject in target.subjects else _MOST_STORED_LEVELS
    for name in subject:
        column = columns[name]
        if column.kind is Kind.OTHER:
            return faults.wrong_type(target.file, name, column.type, purpose=message("a group"))
        if _more_than(_MOST_STORED_LEVELS, source, [column], profile.distinct[name]):
            return faults.too_many_levels(target.file, (name,), most=most)
        if profile.longest[name] > MOST_CHARACTERS:
            return faults.too_long_values(target.file, name, most=MOST_CHARACTERS)
    crossed = [columns[name] for name in subject]
    if subject in profile.crossed and _more_than(_MOST_STORED_LEVELS, source, crossed, profile.crossed[subject]):
        return faults.too_many_levels(target.file, subject, most=most)
    return None
