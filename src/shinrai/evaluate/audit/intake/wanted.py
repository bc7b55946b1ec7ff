"""What an audit wants counted, and whether the roles it gives the columns fit together."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from shinrai.evaluate.audit.cells import Roles, Subject, Task
from shinrai.evaluate.targets.faults import TableError, in_file
from shinrai.evaluate.targets.reading import Kind
from shinrai.evaluate.targets.values import shown
from shinrai.language import message

MOST_BINS = 65_536
DEEPEST_SEARCH = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which aggregates an intake is to make, beside the cells of all rows, of each group and of each intersection.

    search: cells too of every crossing of one to so many search_columns (by default the groups), at most 3; 0 for none.
    bins: how many bins the scores are put into, where there are scores and labels; 0 for none. calibration: scores are
    probabilities, and one outside [0, 1] is an error; otherwise they are put into bins between the smallest and the
    largest finite score, infinite ones into the first and the last.
    """

    search: int = 0
    search_columns: tuple[str, ...] = ()
    bins: int = 4_096
    calibration: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """A column as every engine describes it. type: as the engine stores it."""

    name: str
    kind: Kind
    type: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The question put to an engine: roles, wanted aggregates, and the fields of the declared columns by name."""

    roles: Roles
    wanted: Wanted
    fields: Mapping[str, Field]

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that rows are grouped by: those of the subjects, then the strata; once each."""
        return key_columns(self.roles, self.wanted)

    @property
    def numeric(self) -> bool:
        """Whether label and prediction are numbers, not classes."""
        return self.roles.task is Task.REGRESSION

    @property
    def scored(self) -> bool:
        """Whether scores are to be put into bins."""
        return self.roles.score is not None and self.roles.label is not None and self.wanted.bins > 0

    def kind(self, column: str) -> Kind:
        """Return what the values of a declared column are."""
        return self.fields[column].kind


def compared(roles: Roles) -> tuple[Subject, ...]:
    """All rows, each group, each intersection: what every audit counts."""
    return tuple(dict.fromkeys([(), *((group,) for group in roles.groups), *roles.intersections]))


def subjects(roles: Roles, wanted: Wanted) -> tuple[Subject, ...]:
    """Everything that cells are wanted for, once each."""
    columns = searched(roles, wanted)
    crossed = (each for depth in range(1, wanted.search + 1) for each in combinations(columns, depth))
    return tuple(dict.fromkeys([*compared(roles), *crossed]))


def searched(roles: Roles, wanted: Wanted) -> tuple[str, ...]:
    """Columns whose crossings are searched."""
    return (wanted.search_columns or roles.groups) if wanted.search else ()


def key_columns(roles: Roles, wanted: Wanted) -> tuple[str, ...]:
    """Columns of all subjects, then the strata, once each."""
    return _once([*(name for subject in subjects(roles, wanted) for name in subject), *roles.strata])


def declared(roles: Roles, wanted: Wanted) -> tuple[str, ...]:
    """Every column that is read, once each."""
    single = (roles.label, roles.prediction, roles.score, roles.cluster, roles.weight, roles.counts)
    return _once([*(name for name in single if name is not None), *key_columns(roles, wanted)])


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def check_roles(place: Path, roles: Roles, wanted: Wanted) -> None:
    """TableError: the roles contradict each other, whatever the table holds."""
    for name in declared(roles, wanted):
        if "\0" in name or not name:
            raise in_file(
                place,
                message("“{column}” cannot be the name of a column.", column=shown(name)),
                message("Name the columns as the table does; no database takes an empty name or one with a NUL."),
            )
    _check_decision(place, roles)
    _check_uses(place, roles, wanted)
    if not 0 <= wanted.search <= DEEPEST_SEARCH or not 0 <= wanted.bins <= MOST_BINS:
        raise in_file(
            place,
            message(
                "A search crosses at most {depth} columns, and scores go into at most {bins} bins.",
                depth=DEEPEST_SEARCH,
                bins=MOST_BINS,
            ),
            message("Ask for less."),
        )


def _check_decision(place: Path, roles: Roles) -> None:
    if roles.prediction is None and (roles.score is None or roles.threshold is None):
        raise in_file(
            place,
            message("Neither a prediction nor a score with a threshold is named."),
            message("Name the column of the decisions, or the scores and the threshold from which they select."),
        )
    if roles.threshold is not None and not math.isfinite(roles.threshold):
        raise in_file(
            place, message("The threshold is not a finite number."), message("Give a number that scores can reach.")
        )
    if roles.task is Task.REGRESSION:
        if roles.prediction is None or roles.label is None or roles.favourable is not None:
            raise in_file(
                place,
                message("A regression needs label and prediction, and has no favourable value."),
                message("Name both columns and leave `favourable` out."),
            )
    elif roles.favourable is None:
        raise in_file(
            place,
            message("No favourable value is given; it is never guessed."),
            message("Set `favourable` to the value that means the favourable outcome."),
        )
    if roles.task is Task.MULTICLASS and roles.prediction is None:
        raise in_file(
            place,
            message("A threshold tells two classes apart, not several."),
            message("Name the column of predicted classes, or set the task to binary."),
        )


def _check_uses(place: Path, roles: Roles, wanted: Wanted) -> None:
    keys = set(key_columns(roles, wanted))
    for name in (roles.prediction, roles.label, roles.score, roles.cluster, roles.weight, roles.counts):
        if name is not None and name in keys:
            raise _used_twice(place, name)
    single = [roles.label, roles.prediction, roles.score, roles.cluster, roles.weight, roles.counts]
    named = [name for name in single if name is not None]
    for name in named:
        if named.count(name) > 1:
            raise _used_twice(place, name)
    within = [name for subject in subjects(roles, wanted) for name in set(subject) & set(roles.strata)]
    repeated = [name for subject in roles.intersections for name in subject if subject.count(name) > 1]
    for name in [*within, *repeated]:
        raise _used_twice(place, name)
    if roles.cluster is not None and roles.weight is not None:
        raise in_file(
            place,
            message("Clusters and weights are not counted together."),
            message("Leave one of the two out."),
            column=roles.cluster,
        )


def _used_twice(place: Path, name: str) -> TableError:
    return in_file(
        place,
        message("Column “{column}” is given two roles.", column=shown(name)),
        message("Give each column one role; copy the column if both are meant."),
        column=name,
    )
