"""What is refused before anything is grouped by, and what the distinct values show afterwards."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from shinrai.evaluate.audit.cells import Subject, Task
from shinrai.evaluate.audit.intake.engine import LARGEST_NUMBER, LARGEST_WEIGHT, Engine, Profile, Seen
from shinrai.evaluate.audit.intake.planner import MOST_CELLS, cells_of
from shinrai.evaluate.audit.intake.refusals import no_number
from shinrai.evaluate.audit.intake.vocabulary import Vocabulary
from shinrai.evaluate.audit.intake.wanted import Asked, compared, declared
from shinrai.evaluate.targets import faults
from shinrai.evaluate.targets.faults import TableError, in_file
from shinrai.evaluate.targets.reading import Kind
from shinrai.evaluate.targets.table import MOST_CHARACTERS, MOST_LEVELS
from shinrai.evaluate.targets.values import canonical, shown
from shinrai.language import Message, message

MOST_STORED = 10_000
"""Stored spellings of a group column; the limit for its levels is held against them afterwards."""

MOST_BINNED = 4_000_000
"""Bins of all groups of one subject together."""

MOST_STORED_CLASSES = 1_000
MOST_CLASSES = 200


def check_columns(engine: Engine, asked: Asked) -> None:
    """TableError: a declared column is missing or of a type that cannot serve."""
    roles = asked.roles
    for name in declared(roles, asked.wanted):
        if name not in engine.fields:
            raise faults.missing_column(engine.place, name, engine.fields)
    numbers = {Kind.INTEGER, Kind.NUMBER}
    summed = [roles.weight, roles.counts, *((roles.label, roles.prediction) if asked.numeric else ())]
    purposes = dict.fromkeys(asked.keys, message("a group"))
    if not asked.numeric:
        purposes |= {name: message("a label") for name in (roles.label,) if name}
        purposes |= {name: message("a prediction") for name in (roles.prediction,) if name}
    if roles.cluster is not None:
        purposes[roles.cluster] = message("a cluster")
    for name, purpose in purposes.items():
        if asked.kind(name) is Kind.OTHER:
            raise faults.wrong_type(engine.place, name, asked.fields[name].type, purpose=purpose)
    if roles.score is not None and asked.kind(roles.score) not in numbers:
        raise faults.score_not_number(engine.place, roles.score, asked.fields[roles.score].type)
    for number in summed:
        if number is not None and asked.kind(number) not in numbers:
            raise no_number(engine.place, number, asked.fields[number].type)


def _located(engine: Engine, seen: Seen, name: str, fault: TableError) -> TableError:
    """Name the first of the rows that a fault is in, where rows have a place."""
    place = None if fault.place is None else replace(fault.place, row=engine.locate(seen, name))
    return TableError(fault.what, fix=fault.fix, place=place)


def check_profile(engine: Engine, asked: Asked, profile: Profile) -> None:
    """TableError: the table is empty, or a column is beyond what may be grouped by or summed."""
    if not profile[Seen.ROWS, ""]:
        raise in_file(engine.place, message("The table has no rows."), message("Write the table again."))
    for (seen, name), value in profile.items():
        if seen is Seen.LONGEST and value is not None and value > MOST_CHARACTERS:
            raise faults.too_long_values(engine.place, name, most=MOST_CHARACTERS)
    for name in asked.keys:
        if profile[Seen.DISTINCT, name] > MOST_STORED:
            raise _too_many_levels(engine, (name,))
    for of_class in (asked.roles.label, asked.roles.prediction):
        if of_class is not None and profile.get((Seen.DISTINCT, of_class), 0) > MOST_STORED_CLASSES:
            found = message("more than {count} different values", count=MOST_STORED_CLASSES)
            raise too_many_classes(engine, asked, of_class, found)
    if asked.roles.prediction is not None and profile.get((Seen.FRACTIONS, asked.roles.prediction)):
        fault = faults.probabilities(engine.place, asked.roles.prediction)
        raise _located(engine, Seen.FRACTIONS, asked.roles.prediction, fault)
    _check_numbers(engine, asked, profile)
    _check_scores(engine, asked, profile)
    _check_weights(engine, asked, profile)
    cluster = asked.roles.cluster
    if cluster is not None and profile[Seen.MISSING, cluster]:
        fault = in_file(
            engine.place,
            message(
                "Column “{column}” says which rows belong together and is empty in {rows} rows.",
                column=shown(cluster),
                rows=profile[Seen.MISSING, cluster],
            ),
            message("Fill it in; a row that stands alone gets a value of its own."),
            column=cluster,
        )
        raise _located(engine, Seen.MISSING, cluster, fault)


def _check_numbers(engine: Engine, asked: Asked, profile: Profile) -> None:
    names = (asked.roles.label, asked.roles.prediction) if asked.numeric else ()
    for name in names:
        if name is None:
            continue
        low, high = profile[Seen.LOW, name], profile[Seen.HIGH, name]
        if profile[Seen.INFINITE, name]:
            raise _infinite(engine, name, profile[Seen.INFINITE, name])
        if low is None:
            raise faults.all_missing(engine.place, (name,))
        if max(abs(low), abs(high)) > LARGEST_NUMBER:
            raise _too_large(engine, name, LARGEST_NUMBER)


def _check_scores(engine: Engine, asked: Asked, profile: Profile) -> None:
    score = asked.roles.score
    if score is None:
        return
    if asked.wanted.calibration and profile[Seen.OUTSIDE, score]:
        fault = faults.score_out_of_range(engine.place, score, rows=profile[Seen.OUTSIDE, score])
        raise _located(engine, Seen.OUTSIDE, score, fault)
    low, high = profile[Seen.LOW, score], profile[Seen.HIGH, score]
    if low is None:
        raise faults.all_missing(engine.place, (score,))
    if max(abs(low), abs(high)) > LARGEST_NUMBER:
        raise _too_large(engine, score, LARGEST_NUMBER)


def _check_weights(engine: Engine, asked: Asked, profile: Profile) -> None:
    weight = asked.roles.weight
    if weight is None:
        return
    if profile[Seen.NEGATIVE, weight]:
        fault = in_file(
            engine.place,
            message(
                "Column “{column}” is given as weight but is negative in {rows} rows.",
                column=shown(weight),
                rows=profile[Seen.NEGATIVE, weight],
            ),
            message("A weight says how many of the population a row stands for; it is 0 or more."),
            column=weight,
        )
        raise _located(engine, Seen.NEGATIVE, weight, fault)
    if profile[Seen.INFINITE, weight]:
        raise _infinite(engine, weight, profile[Seen.INFINITE, weight])
    high = profile[Seen.HIGH, weight]
    if not high:
        raise in_file(
            engine.place,
            message("No row has a weight above 0 in column “{column}”.", column=shown(weight)),
            message("Fill it in, or leave the weights out."),
            column=weight,
        )
    if high > LARGEST_WEIGHT:
        raise _too_large(engine, weight, LARGEST_WEIGHT)


def _infinite(engine: Engine, name: str, rows: int) -> TableError:
    fault = in_file(
        engine.place,
        message("Column “{column}” is infinite in {rows} rows.", column=shown(name), rows=rows),
        message("Write finite numbers, or leave the value empty where there is none."),
        column=name,
    )
    return _located(engine, Seen.INFINITE, name, fault)


def _too_large(engine: Engine, name: str, most: int) -> TableError:
    return in_file(
        engine.place,
        message(
            "Column “{column}” has values beyond {most}, which cannot be summed exactly.",
            column=shown(name),
            most=f"{most:,}",
        ),
        message("Write it in a larger unit (thousands of yen, shares of the total)."),
        column=name,
    )


def check_crossings(engine: Engine, asked: Asked, profile: Profile, subjects: Sequence[Subject]) -> None:
    """TableError: a crossing could have more groups than are counted."""
    levels = {name: min(profile[Seen.DISTINCT, name], MOST_LEVELS) for name in asked.keys}
    for subject in subjects:
        crossed = (*subject, *asked.roles.strata)
        if len(crossed) > 1 and min(cells_of(crossed, levels, 1), profile[Seen.ROWS, ""]) > MOST_CELLS:
            raise _too_many_levels(engine, crossed)
    widest = max(cells_of(subject, levels, 1) for subject in compared(asked.roles))
    if asked.scored and widest * 2 * asked.wanted.bins > MOST_BINNED:
        raise in_file(
            engine.place,
            message(
                "Scores of {groups} groups in {bins} bins are more than can be counted.",
                groups=widest,
                bins=asked.wanted.bins,
            ),
            message("Ask for fewer bins, or cross fewer columns."),
            column=asked.roles.score,
        )


def check_groups(engine: Engine, asked: Asked, vocabularies: dict[str, Vocabulary], rows: int) -> None:
    """TableError: a column has too many groups, none, or only one to compare."""
    compared = {
        name for subject in (*((g,) for g in asked.roles.groups), *asked.roles.intersections) for name in subject
    }
    for name, vocabulary in vocabularies.items():
        levels = [label for label in vocabulary.labels if label is not None]
        if len(levels) > min(MOST_LEVELS, rows / 2):
            raise _too_many_levels(engine, (name,))
        if not levels:
            raise faults.all_missing(engine.place, (name,))
        if len(levels) == 1 and name in compared:
            raise in_file(
                engine.place,
                message(
                    "Column “{column}” has a single group ({found}), so there is nothing to compare.",
                    column=shown(name),
                    found=faults.listing(levels),
                ),
                message("Name a column with two groups or more, or a table that has the other groups too."),
                column=name,
            )


def _too_many_levels(engine: Engine, columns: Sequence[str]) -> TableError:
    names = " × ".join(shown(column) for column in columns)
    return in_file(
        engine.place,
        message(
            "“{columns}” has more than {most} groups, or more groups than half of its rows.",
            columns=names,
            most=MOST_LEVELS,
        )
        if len(columns) == 1
        else message("Crossing “{columns}” gives more groups than can be counted.", columns=names),
        message(
            "Put numbers into bands (by quantile, or by age); of names keep the largest groups and one for the rest."
        ),
        column=names,
    )


def check_classes(
    engine: Engine, asked: Asked, labels: Iterable[object], predictions: Iterable[object]
) -> tuple[str, ...]:
    """Return the canonical classes of label and prediction, the favourable one first.

    TableError: too many, a single one, none favourable, or label and prediction written in different values.
    """
    roles = asked.roles
    found: dict[str, set[str]] = {}
    for name, values in ((roles.label, labels), (roles.prediction, predictions)):
        if name is None:
            continue
        found[name] = {label for label in map(canonical, values) if label is not None}
        if not found[name]:
            raise faults.all_missing(engine.place, (name,))
        most = 2 if roles.task is Task.BINARY else MOST_CLASSES
        if len(found[name]) > most:
            raise too_many_classes(engine, asked, name, faults.listing(found[name]))
    favourable = canonical(roles.favourable)
    every = set().union(*found.values())
    if roles.task is Task.BINARY and len(every) > 2 and roles.label is not None and roles.prediction is not None:
        raise faults.different_coding(engine.place, roles.label, roles.prediction, faults.listing(every))
    if favourable is None or (favourable not in every and found):
        column = roles.label or roles.prediction or roles.score or ""
        raise faults.favourable_not_found(engine.place, column, str(roles.favourable), faults.listing(every))
    if roles.label is not None and len(found[roles.label]) == 1:
        raise in_file(
            engine.place,
            message(
                "Column “{column}” has a single class ({found}), so right and wrong cannot be told apart.",
                column=shown(roles.label),
                found=faults.listing(found[roles.label]),
            ),
            message("Name a table that has both outcomes, or leave the label out to compare selections alone."),
            column=roles.label,
        )
    return (favourable, *sorted(every - {favourable}))


def too_many_classes(engine: Engine, asked: Asked, name: str, found: Message | str) -> TableError:
    """Make the error for more classes than the task has."""
    if asked.roles.task is Task.BINARY:
        return in_file(
            engine.place,
            message(
                "Column “{column}” holds more than two values ({found}); a decision has two.",
                column=shown(name),
                found=found,
            ),
            message("Set the task to multiclass, or merge the values into two before the audit."),
            column=name,
        )
    return in_file(
        engine.place,
        message(
            "Column “{column}” has more than {most} classes ({found}).",
            column=shown(name),
            most=MOST_CLASSES,
            found=found,
        ),
        message("Merge rare classes, or set the task to regression if these are numbers."),
        column=name,
    )
