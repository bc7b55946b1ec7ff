"""Disparate-impact repair: move a column's values until groups have the same distribution, or part of the way there.

A value keeps its rank within its group and becomes the median, over groups, of the values at that rank. Ranks are found
from the rows fitted to, so that new rows can be repaired as well. amount 0 changes nothing, 1 leaves no difference.
Source: Feldman, Friedler, Moeller, Scheidegger, Venkatasubramanian 2015, Certifying and removing disparate impact,
KDD, §5.2 (geometric repair).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.mitigation.parts import Levels
from shinrai.evaluate.audit.mitigation.rows import Rows
from shinrai.evaluate.audit.mitigation.thresholds import LEAST_ROWS
from shinrai.evaluate.statistics.interval import Interval
from shinrai.language import ShinraiError, message

MOST_KNOTS = 1_001

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Repair:
    """How a column is repaired. knots: of each group, its quantiles at even steps; target: the common ones."""

    column: str
    amount: float
    knots: Mapping[Levels, Values]
    target: Values


@dataclass(frozen=True, slots=True)
class Moved:
    """What a repair moved in one group: means of the held-back rows before and after, and their median."""

    levels: Levels
    rows: int
    mean_before: float
    mean_after: float
    median_before: float
    median_after: float


@dataclass(frozen=True, slots=True)
class Distance:
    """The largest distance between the distributions of two groups (Kolmogorov-Smirnov), from 0 to 1."""

    value: float
    interval: Interval
    n: int


@dataclass(frozen=True, slots=True)
class Repaired:
    """Values of all rows after a repair, in their order, and what it did on the rows held back.

    unmoved: rows without a group, of a group too small to fit to, or without a value; they stay as they are.
    """

    repair: Repair
    values: Values
    groups: tuple[Moved, ...]
    before: Distance | None
    after: Distance | None
    unmoved: int


def repair_column(rows: Rows, column: str, amount: float) -> Repaired:
    """Fit a repair on one part of the rows, repair all, and measure on the other part.

    amount: from 0 to 1; ValueError otherwise. ShinraiError: the column is no number, or fewer than two groups have
    LEAST_ROWS values to fit to.
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"need an amount from 0 to 1, got {amount}")
    values = rows.columns[column]
    if values.dtype != np.float64 or np.isinf(values).any():
        raise ShinraiError(
            message("Column “{column}” does not hold finite numbers, so there is no rank to keep.", column=column),
            fix=message("Name a column of numbers."),
        )
    of_group = _places(rows, ~np.isnan(values))
    fitted = {
        levels: values[places[~rows.held_back[places]]]
        for levels, places in of_group.items()
        if (~rows.held_back[places]).sum() >= LEAST_ROWS
    }
    if len(fitted) < 2:
        raise ShinraiError(
            message("Fewer than two groups have {rows} rows to fit on.", rows=LEAST_ROWS),
            fix=message("Take more rows, or join groups."),
        )
    repair = fit_repair(column, fitted, amount)
    moved = values.copy()
    for levels in fitted:
        moved[of_group[levels]] = apply_repair(repair, levels, values[of_group[levels]])
    held = {levels: of_group[levels][rows.held_back[of_group[levels]]] for levels in fitted}
    shown = {levels: places for levels, places in held.items() if len(places)}
    return Repaired(
        repair,
        moved,
        tuple(_moved(levels, values[places], moved[places]) for levels, places in shown.items()),
        distance([values[places] for places in shown.values()]),
        distance([moved[places] for places in shown.values()]),
        len(values) - sum(len(of_group[levels]) for levels in fitted),
    )


def _places(rows: Rows, there: NDArray[np.bool_]) -> dict[Levels, NDArray[np.int64]]:
    found: dict[Levels, list[int]] = {}
    for place, levels in enumerate(rows.levels):
        if levels is not None and there[place]:
            found.setdefault(levels, []).append(place)
    return {levels: np.array(places, dtype=np.int64) for levels, places in sorted(found.items())}


def fit_repair(column: str, groups: Mapping[Levels, Values], amount: float) -> Repair:
    """Find the quantiles of each group and the median of them."""
    steps = min(MOST_KNOTS, max(len(values) for values in groups.values()) + 1)
    at = np.linspace(0, 1, steps)
    knots = {levels: np.quantile(values, at) for levels, values in groups.items()}
    return Repair(column, amount, knots, np.median(np.stack(list(knots.values())), axis=0))


def apply_repair(repair: Repair, levels: Levels, values: Values) -> Values:
    """Repair values of one group; those beyond what was fitted to take the end of the common distribution."""
    knots = repair.knots[levels]
    at = np.linspace(0, 1, len(knots))
    # Where many rows share a value its rank is the middle of theirs.
    different, starts = np.unique(knots, return_index=True)
    ends = np.append(starts[1:], len(knots)) - 1
    rank = (np.interp(values, different, at[starts]) + np.interp(values, different, at[ends])) / 2
    common = np.interp(rank, at, repair.target)
    return np.asarray((1 - repair.amount) * values + repair.amount * common, dtype=np.float64)


def _moved(levels: Levels, before: Values, after: Values) -> Moved:
    return Moved(
        levels,
        len(before),
        float(before.mean()),
        float(after.mean()),
        float(np.median(before)),
        float(np.median(after)),
    )


def distance(groups: Sequence[Values]) -> Distance | None:
    """Return the largest distance between two groups' distributions; None with fewer than two groups.

    Interval: by the bound of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990), for all groups together at
    95 %. It is wide, and needs nothing but independent rows.
    """
    if len(groups) < 2:
        return None
    found = Distance(-1.0, Interval(0.0, 1.0), 0)
    alpha = 0.05 / len(groups)
    lows, highs = [], []
    for one, other in combinations(groups, 2):
        every = np.concatenate([one, other])
        below = [np.searchsorted(np.sort(values), every, side="right") / len(values) for values in (one, other)]
        value = float(np.abs(below[0] - below[1]).max())
        room = sum(sqrt(log(2 / alpha) / (2 * len(values))) for values in (one, other))
        lows.append(max(0.0, value - room))
        highs.append(min(1.0, value + room))
        if value > found.value:
            found = Distance(value, Interval(0.0, 1.0), len(every))
    return Distance(found.value, Interval(max(lows), max(highs)), found.n)
