"""Confusion counts of one group: what label and prediction say about each row, missing values among them.

A tally holds counts of rows, sums of weights, or sums of squared weights; the same fractions are taken of each.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields

from shinrai.evaluate.audit.cells import Cell, CellTable, ClusterSums, Levels, Subject
from shinrai.language import Message, message

MISSING = "(missing)"
"""Shown for rows without a value in a group column; a label that reads so is the same group."""

_NO_VALUE = message("no value")
_CROSSED = " × "


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows by label (favourable, other, missing) and prediction (the same).

    tp, fn, fp, tn: both are there. selected_unlabelled, rejected_unlabelled: a prediction without a label.
    positive_undecided, negative_undecided: a label without a prediction. unknown: neither. agreed: label and prediction
    are the same class, whichever it is; tp + tn where there are two.
    """

    tp: int = 0
    fn: int = 0
    fp: int = 0
    tn: int = 0
    selected_unlabelled: int = 0
    rejected_unlabelled: int = 0
    positive_undecided: int = 0
    negative_undecided: int = 0
    unknown: int = 0
    agreed: int = 0

    @property
    def decided(self) -> int:
        """Rows with label and prediction."""
        return self.tp + self.fn + self.fp + self.tn

    @property
    def predicted(self) -> int:
        """Rows with a prediction."""
        return self.decided + self.selected_unlabelled + self.rejected_unlabelled

    @property
    def selected(self) -> int:
        """Rows whose prediction is the favourable one."""
        return self.tp + self.fp + self.selected_unlabelled

    @property
    def labelled(self) -> int:
        """Rows with a label."""
        return self.decided + self.positive_undecided + self.negative_undecided

    @property
    def rows(self) -> int:
        """All rows."""
        return self.predicted + self.positive_undecided + self.negative_undecided + self.unknown

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, name) + getattr(other, name) for name in _COUNTED))


_COUNTED = tuple(each.name for each in fields(Tally))


@dataclass(frozen=True, slots=True)
class Group:
    """One group as it was counted.

    levels: of the subject's columns, None where missing. rows: its counts. weights, squares: sums of the weights and of
    their squares, None without weights. clusters: sums over clusters for each rate, empty without a cluster column.
    """

    levels: Levels
    rows: Tally
    weights: Tally | None = None
    squares: Tally | None = None
    clusters: Mapping[str, ClusterSums] | None = None

    @property
    def name(self) -> str:
        """The levels as one text."""
        return name_of(self.levels)

    @property
    def missing(self) -> bool:
        """Whether a column of the subject has no value."""
        return None in self.levels

    def __add__(self, other: "Group") -> "Group":
        """Join two groups of different rows; the clusters of the whole are not those of the parts."""
        weights = None if self.weights is None or other.weights is None else self.weights + other.weights
        squares = None if self.squares is None or other.squares is None else self.squares + other.squares
        return Group(self.levels, self.rows + other.rows, weights, squares)


def name_of(levels: Levels) -> str:
    """Return the levels as one text; a cross inside a label is doubled, so that two groups never have one name."""
    parts = [MISSING if level is None else level for level in levels]
    if len(parts) > 1:
        parts = [part.replace("×", "××") for part in parts]
    return _CROSSED.join(parts) or "*"


def group_title(levels: Levels) -> Message | str:
    """Name a group for people: as `name_of` does, but that a value is missing is said in the reader's language."""
    if None not in levels:
        return name_of(levels)
    parts = [_NO_VALUE if level is None else name_of((level,)) for level in levels]
    if len(parts) > 1:
        parts = [part.replace("×", "××") if isinstance(part, str) else part for part in parts]
    title: Message | str = parts[0]
    for part in parts[1:]:
        title = message("{group} × {other}", group=title, other=part)
    return title


def groups_of(table: CellTable, subject: Subject, positive: str) -> tuple[Group, ...]:
    """Return the groups of a subject, all strata together, in the order of the table; `positive` against the rest."""
    clusters = table.clusters.get(subject, {}) if table.roles.cluster else None
    return _grouped(table.cells.get(subject, ()), lambda cell: unified(cell.levels), positive, clusters)


def groups_by_stratum(table: CellTable, subject: Subject, positive: str) -> Mapping[Levels, tuple[Group, ...]]:
    """Return the groups of a subject within each stratum."""
    strata: dict[Levels, list[Cell]] = {}
    for cell in table.cells.get(subject, ()):
        strata.setdefault(unified(cell.strata), []).append(cell)
    return {
        stratum: _grouped(cells, lambda cell: unified(cell.levels), positive, None) for stratum, cells in strata.items()
    }


def unified(levels: Levels) -> Levels:
    """Return levels in which a label that reads like a missing one is missing."""
    if MISSING not in levels:
        return levels
    return tuple(None if level == MISSING else level for level in levels)


def _grouped(
    cells: Iterable[Cell],
    key: Callable[[Cell], Levels],
    positive: str,
    clusters: Mapping[Levels, Mapping[str, ClusterSums]] | None,
) -> tuple[Group, ...]:
    sums: dict[Levels, dict[str, list[int]]] = {}
    weighted = False
    for cell in cells:
        weighted = weighted or cell.weight is not None
        levels = key(cell)
        if levels not in sums:
            sums[levels] = {name: [0, 0, 0] for name in _COUNTED}
        counted = sums[levels]
        amounts = (cell.rows, cell.weight or 0, cell.weight_squares or 0)
        names = [_place(cell.label, cell.prediction, positive)]
        if cell.label is not None and cell.label == cell.prediction:
            names.append("agreed")
        for name in names:
            counted[name] = [have + more for have, more in zip(counted[name], amounts, strict=True)]
    return tuple(
        Group(
            levels,
            _tally(counted, 0),
            _tally(counted, 1) if weighted else None,
            _tally(counted, 2) if weighted else None,
            None if clusters is None else clusters.get(levels),
        )
        for levels, counted in sums.items()
    )


def _tally(counted: Mapping[str, list[int]], place: int) -> Tally:
    return Tally(**{name: amounts[place] for name, amounts in counted.items()})


def _place(label: str | None, prediction: str | None, positive: str) -> str:
    if label is None:
        if prediction is None:
            return "unknown"
        return "selected_unlabelled" if prediction == positive else "rejected_unlabelled"
    if prediction is None:
        return "positive_undecided" if label == positive else "negative_undecided"
    if label == positive:
        return "tp" if prediction == positive else "fn"
    return "fp" if prediction == positive else "tn"


def subject_name(subject: Subject) -> str:
    """Return the columns of a subject as one text."""
    return name_of(subject)


def merge_sentence(column: str, label: str, spellings: tuple[str, ...]) -> Message:
    """Say which stored spellings are one group."""
    return message(
        "Column “{column}”: {spellings} are counted as one group “{label}”.",
        column=column,
        label=label,
        spellings=", ".join(f"“{spelling}”" for spelling in spellings[:10]),
    )
