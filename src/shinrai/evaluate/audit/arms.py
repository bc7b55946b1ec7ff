"""One group, counted and estimated: what every comparison of an audit is made between.

Which numbers a group has depends on the task: rates of decisions, means of a regression, and those of a score.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from shinrai.evaluate.audit.cells import SCALE_BITS, CellTable, Levels, NumberSums, Subject, Task
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.audit.metrics import TITLES, available, estimate
from shinrai.evaluate.audit.scores import SCORE_TITLES, no_scores, score_estimates
from shinrai.evaluate.audit.tally import Group, Tally, groups_by_stratum, groups_of, name_of
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.means import Sums, mean_interval
from shinrai.language import Message, message

REGRESSION: Mapping[str, Message] = {
    "mean_label": message("Mean of the labels"),
    "mean_prediction": message("Mean of the predictions"),
    "mean_residual": message("Mean of label minus prediction"),
    "mae": message("Mean absolute error"),
    "rmse": message("Root mean squared error"),
}
"""Numbers of a regression."""

ALL_TITLES: Mapping[str, Message] = {**TITLES, **SCORE_TITLES, **REGRESSION}
"""What people call each number."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One group. rows: all of its rows; counts: by label and prediction, None for a regression."""

    levels: Levels
    rows: int
    counts: Tally | None
    estimates: Mapping[str, Estimate | Message]

    @property
    def name(self) -> str:
        """The levels as one text."""
        return name_of(self.levels)

    @property
    def missing(self) -> bool:
        """Whether a column of the subject has no value."""
        return any(level is None for level in self.levels)


def metrics_of(table: CellTable) -> tuple[str, ...]:
    """Return the names of the numbers that every group of the table has."""
    if table.roles.task is Task.REGRESSION:
        return tuple(REGRESSION)
    scored = tuple(SCORE_TITLES) if table.bins else ()
    if table.roles.prediction is None and table.roles.threshold is None:
        return scored
    return available(labelled=table.roles.label is not None) + scored


def arms_of(table: CellTable, subject: Subject, positive: str) -> tuple[Arm, ...]:
    """Return the groups of a subject, all strata together."""
    if table.roles.task is Task.REGRESSION:
        return _regression(table.numbers.get(subject, ()), None)
    scored = score_estimates(table.bins.get(subject, ())) if table.bins else {}
    decided = [name for name in metrics_of(table) if name in TITLES]
    return tuple(
        _arm(group, decided, scored.get(group.levels, no_scores()) if table.bins else None)
        for group in groups_of(table, subject, positive)
    )


def arms_by_stratum(table: CellTable, subject: Subject, positive: str) -> Mapping[Levels, tuple[Arm, ...]]:
    """Return the groups of a subject within each stratum; scores are not kept by stratum."""
    if table.roles.task is Task.REGRESSION:
        strata = dict.fromkeys(each.strata for each in table.numbers.get(subject, ()))
        return {stratum: _regression(table.numbers[subject], stratum) for stratum in strata}
    decided = [name for name in metrics_of(table) if name in TITLES]
    return {
        stratum: tuple(_arm(group, decided, None) for group in groups)
        for stratum, groups in groups_by_stratum(table, subject, positive).items()
    }


def whole_by_stratum(table: CellTable, positive: str) -> Mapping[Levels, Arm]:
    """Return all rows of each stratum."""
    return {stratum: arms[0] for stratum, arms in arms_by_stratum(table, (), positive).items()}


def _arm(group: Group, decided: Iterable[str], scored: Mapping[str, Estimate | Message] | None) -> Arm:
    estimates = {name: estimate(name, group) for name in decided}
    if scored is not None:
        estimates |= scored
    return Arm(group.levels, group.rows.rows, group.rows, estimates)


def _regression(numbers: Sequence[NumberSums], stratum: Levels | None) -> tuple[Arm, ...]:
    sums: dict[Levels, list[int]] = {}
    for each in numbers:
        if stratum is not None and each.strata != stratum:
            continue
        row = [
            each.rows,
            each.label,
            each.label_squares,
            each.prediction,
            each.prediction_squares,
            each.residual,
            each.residual_squares,
            each.absolute,
        ]
        have = sums.setdefault(each.levels, [0] * len(row))
        sums[each.levels] = [a + b for a, b in zip(have, row, strict=True)]
    return tuple(Arm(levels, row[0], None, _means(row)) for levels, row in sums.items())


def _means(row: Sequence[int]) -> dict[str, Estimate | Message]:
    rows, label, label_squares, prediction, prediction_squares, residual, residual_squares, absolute = row
    if rows == 0:
        return dict.fromkeys(REGRESSION, message("No row has both label and prediction."))
    squared_error = residual_squares / (rows << SCALE_BITS)
    return {
        "mean_label": _mean(rows, label, label_squares),
        "mean_prediction": _mean(rows, prediction, prediction_squares),
        "mean_residual": _mean(rows, residual, residual_squares),
        "mae": _mean(rows, absolute, residual_squares),
        "rmse": Estimate(sqrt(max(0.0, squared_error)), rows, None, "no interval: it would take fourth powers"),
    }


def _mean(rows: int, total: int, squares: int) -> Estimate:
    # Squares are kept in the unit of the values; the functions of means.py want the square of it.
    sums = Sums(rows, total, squares << SCALE_BITS, 1 << SCALE_BITS)
    spread = squares * rows * (1 << SCALE_BITS) - total**2
    if rows < 2 or spread <= 0:
        return Estimate(sums.mean, rows, None, "no interval: fewer than two rows, or all alike")

    def bounds(z: float) -> Interval:
        return mean_interval(sums, z)

    return Estimate(sums.mean, rows, bounds, "mean ± z·s/√n")
