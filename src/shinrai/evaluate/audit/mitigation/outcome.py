"""What rules change on rows they were not fitted to: for every group before, after, and by how much, with intervals.

Rows that chance decides count as the share that it selects; intervals of rates are then a little too wide, never too
narrow, because a mean of values between 0 and 1 varies at most like a share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.mitigation.parts import Counts, Levels, Part
from shinrai.evaluate.audit.mitigation.thresholds import LEAST_DENOMINATOR, LEAST_ROWS, Fitted, Gains
from shinrai.evaluate.statistics.gaps import Gap, difference_gap
from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.paired import tango_at
from shinrai.evaluate.statistics.proportions import wilson_bounds

RATES = ("selection_rate", "accuracy", "tpr", "fpr", "ppv")
UTILITY = "utility"
COMPARED = ("selection_rate", "tpr", "fpr", "ppv", "accuracy")

Expected = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shown:
    """A number with its interval at 95 % and the rows under it; value and interval are None where n is 0."""

    value: float | None
    interval: Interval | None
    n: float


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """One group, or all rows together (levels ()).

    before, after: each of RATES, and the mean utility of a row. change: after minus before on the same rows, for those
    whose denominator stays the same (not ppv). lost, gained: rows expected to lose or gain the favourable decision;
    lost_deserving: those of the lost that have the favourable label. by_chance: rows decided by chance.
    """

    levels: Levels
    rows: int
    before: Mapping[str, Shown]
    after: Mapping[str, Shown]
    change: Mapping[str, Shown]
    lost: float
    lost_deserving: float
    gained: float
    by_chance: int


@dataclass(frozen=True, slots=True)
class GapOutcome:
    """Largest minus smallest rate of the groups that can be compared; None with fewer than two of them."""

    before: Gap | None
    after: Gap | None
    compared: tuple[Levels, ...]
    too_small: tuple[Levels, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rules change. missing: rows whose group is not known; they are in `overall` and in no group."""

    overall: GroupOutcome
    groups: tuple[GroupOutcome, ...]
    gaps: Mapping[str, GapOutcome]
    missing: int


def outcome(part: Part, fitted: Fitted, gains: Gains | None = None) -> Outcome:
    """Compare the decisions as they were with those of the rules, on one part of the rows."""
    worth = gains or Gains()
    chances = {levels: fitted.rules.get(levels, fitted.rest).chances() for levels in part.groups}
    rest = fitted.rest.chances()
    decided = [*((part.groups[levels], chances[levels]) for levels in part.groups), (part.missing, rest)]
    groups = tuple(_group(levels, [(part.groups[levels], chances[levels])], worth) for levels in part.groups)
    return Outcome(
        _group((), decided, worth),
        groups,
        {name: _gap(groups, name) for name in COMPARED},
        int(part.missing.sum()),
    )


def outcome_of_rows(
    levels: Sequence[Levels | None],
    label: NDArray[np.bool_],
    before: NDArray[np.bool_],
    chance: Expected,
    gains: Gains | None = None,
) -> Outcome:
    """Compare decisions row by row. levels: None where the group is missing; chance: of being selected afterwards."""
    worth = gains or Gains()
    names = sorted({each for each in levels if each is not None})
    place = {each: number for number, each in enumerate(names)}
    of_row = np.array([len(names) if each is None else place[each] for each in levels], dtype=np.int64)

    def one(name: Levels, rows: NDArray[np.bool_]) -> GroupOutcome:
        were, kept = np.zeros((2, 2)), np.zeros((2, 2))
        np.add.at(were, (label[rows].astype(int), before[rows].astype(int)), 1.0)
        np.add.at(kept, (label[rows].astype(int), before[rows].astype(int)), chance[rows])
        return _of_cells(name, were, kept, int(((chance > 0) & (chance < 1) & rows).sum()), worth)

    groups = tuple(one(name, of_row == number) for name, number in place.items())
    everybody = one((), np.ones(len(of_row), dtype=np.bool_))
    missing = int((of_row == len(names)).sum())
    return Outcome(everybody, groups, {name: _gap(groups, name) for name in COMPARED}, missing)


def _group(levels: Levels, decided: Sequence[tuple[Counts, Expected]], gains: Gains) -> GroupOutcome:
    before = sum((counts.sum(axis=2) for counts, _ in decided), np.zeros((2, 2))).astype(np.float64)
    kept = sum(((counts * chances).sum(axis=2) for counts, chances in decided), np.zeros((2, 2)))
    by_chance = sum(int(counts[:, :, (chances > 0) & (chances < 1)].sum()) for counts, chances in decided)
    return _of_cells(levels, before, kept, by_chance, gains)


def _of_cells(levels: Levels, before: Expected, kept: Expected, by_chance: int, gains: Gains) -> GroupOutcome:
    """Compare. before: rows by label and decision before; kept: those of them that are selected after."""
    after = np.stack([(before - kept).sum(axis=1), kept.sum(axis=1)], axis=1)
    up, down = kept[:, 0], before[:, 1] - kept[:, 1]
    return GroupOutcome(
        levels=levels,
        rows=int(before.sum()),
        before=_rates(before, gains),
        after=_rates(after, gains),
        change=_changes(up, down, before.sum(axis=1)),
        lost=float(down.sum()),
        lost_deserving=float(down[1]),
        gained=float(up.sum()),
        by_chance=by_chance,
    )


def _rates(cells: Expected, gains: Gains) -> dict[str, Shown]:
    """Return the rates of cells[label, decision]."""
    fractions = {
        "selection_rate": (cells[:, 1].sum(), cells.sum()),
        "accuracy": (cells[0, 0] + cells[1, 1], cells.sum()),
        "tpr": (cells[1, 1], cells[1].sum()),
        "fpr": (cells[0, 1], cells[0].sum()),
        "ppv": (cells[1, 1], cells[:, 1].sum()),
    }
    return {**{name: _share(*fraction) for name, fraction in fractions.items()}, UTILITY: _utility(cells, gains)}


def _share(part: float, whole: float) -> Shown:
    if whole <= 0:
        return Shown(None, None, 0)
    part = min(max(part, 0.0), whole)
    low, high = wilson_bounds(np.array([part]), np.array([whole]), Z95)
    return Shown(float(part / whole), Interval(float(low[0]), float(high[0])), float(whole))


def _utility(cells: Expected, gains: Gains) -> Shown:
    """Return the mean worth of a row, by its place between the least and the most that a row can be worth."""
    values = np.array([[float(gains.tn), float(gains.fp)], [float(gains.fn), float(gains.tp)]])
    least, span = values.min(), values.max() - values.min()
    if span == 0:
        return Shown(float(least), Interval(float(least), float(least)), float(cells.sum()))
    of_way = _share(float((cells * (values - least)).sum() / span), float(cells.sum()))
    if of_way.value is None or of_way.interval is None:
        return of_way

    def back(share: float) -> float:
        return float(least + span * share)

    return Shown(back(of_way.value), Interval(back(of_way.interval.low), back(of_way.interval.high)), of_way.n)


def _changes(up: Expected, down: Expected, by_label: Expected) -> dict[str, Shown]:
    """Return the changes on the same rows. up, down: rows by label that gain or lose the favourable decision."""
    return {
        "selection_rate": _paired(up.sum(), down.sum(), by_label.sum()),
        # For an unfavourable label it is right to lose it.
        "accuracy": _paired(up[1] + down[0], up[0] + down[1], by_label.sum()),
        "tpr": _paired(up[1], down[1], by_label[1]),
        "fpr": _paired(up[0], down[0], by_label[0]),
    }


def _paired(up: float, down: float, n: float) -> Shown:
    if n <= 0:
        return Shown(None, None, 0)
    first, second = max(float(up / n), 0.0), max(float(down / n), 0.0)
    return Shown(first - second, tango_at(first, second, float(n), Z95), float(n))


def _gap(groups: Sequence[GroupOutcome], name: str) -> GapOutcome:
    def large(group: GroupOutcome) -> bool:
        return group.rows >= LEAST_ROWS and min(group.before[name].n, group.after[name].n) >= LEAST_DENOMINATOR

    compared = [group for group in groups if large(group)]
    rates: Sequence[Callable[[GroupOutcome], Mapping[str, Shown]]] = (lambda g: g.before, lambda g: g.after)
    before, after = (
        difference_gap([(_part(of(group)[name]), of(group)[name].n) for group in compared])  # type: ignore[misc]
        if len(compared) > 1
        else None
        for of in rates
    )
    return GapOutcome(
        before,
        after,
        tuple(group.levels for group in compared),
        tuple(group.levels for group in groups if group not in compared),
    )


def _part(shown: Shown) -> float:
    return (shown.value or 0.0) * shown.n
