"""Intervals of composite numbers, for which there is no closed form, by drawing the counts of the table again.

Drawing rows with replacement and counting them is drawing the counts from a multinomial distribution, so the cost does
not depend on the number of rows. Never to be used for a largest gap (max - min, min / max, equalized odds of more than
two groups): it shuts out "no difference" for equal groups. simultaneous.py has those.

So that a second party can draw the same: group k (from 0) draws from `numpy.random.Generator(numpy.random.PCG64([seed,
k]))`, `multinomial(n, counts / n, size)` or `dirichlet(counts + 1/2, size)·n`, row after row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.composites import Statistic
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.permutation import BLOCK, DRAWS, SEED
from shinrai.evaluate.statistics.undefined import Undefined

MOST_UNDEFINED = 0.05
"""Share of draws without a value above which there is no interval."""

Floats = NDArray[np.float64]

# Where nearly all draws lie on one side of the value, BCa reads nothing but their farthest ones.
_ONE_SIDE = 0.01


class Method(StrEnum):
    """How the interval was found: by quantiles of the draws, corrected ones (BCa), or Jeffreys's prior."""

    PERCENTILE = "percentile"
    BCA = "bca"
    JEFFREYS = "jeffreys"


@dataclass(frozen=True, slots=True)
class Resampled:
    """A composite number and its interval. undefined: share of the draws in which it does not exist."""

    value: float
    interval: Interval
    method: Method
    undefined: float
    draws: int
    seed: int


def bootstrap(
    counts: NDArray[np.int64],
    statistic: Statistic,
    *,
    method: Method = Method.BCA,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = LEVEL,
) -> Resampled | Undefined:
    """Interval of statistic(counts).

    counts: (groups, cells), whole numbers of 0 or more; each group is drawn by itself with its own total, which stays
    what it is, and has at least one row; ValueError otherwise. statistic: maps (draws, groups, cells) to (draws,), NaN
    where it does not exist (composites.py has some; those of one table are wrapped by `of_group`). A cell with 0 rows
    is never drawn, as if it could not be: [0, 0] for an all-zero cell is no interval. Where a group has such a cell,
    the method is Jeffreys: every cell's share has the posterior Dirichlet(counts + 1/2). BCa falls back to the
    percentiles where it does not exist. The interval always holds the value.
    Undefined when the value does not exist (NO_ROWS), or does not in more than MOST_UNDEFINED of the draws.
    Source: Efron, Tibshirani 1993, An Introduction to the Bootstrap, 13.3 and 14.3.
    """
    if counts.ndim != 2 or (counts < 0).any() or not counts.any(axis=1).all():
        raise ValueError("need a row of counts for each group, with at least one row of the table in each")
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"need at least one draw and a level between 0 and 1, got {draws} and {level}")
    value = float(statistic(counts[None, :, :].astype(np.float64))[0])
    if not np.isfinite(value):
        return Undefined.NO_ROWS
    used = Method.JEFFREYS if (counts == 0).any() else method
    drawn = np.concatenate([statistic(block) for block in _blocks(counts, used, draws, seed)])
    found = np.sort(drawn[np.isfinite(drawn)])
    if len(found) < draws * (1 - MOST_UNDEFINED):
        return Undefined.OFTEN_UNDEFINED
    shares = (1 - level) / 2, (1 + level) / 2
    if used is Method.BCA:
        corrected = _corrected(counts, statistic, value, found, shares)
        used, shares = (Method.BCA, corrected) if corrected else (Method.PERCENTILE, shares)
    low, high = (float(found[min(len(found) - 1, int(share * len(found)))]) for share in shares)
    return Resampled(value, Interval(min(low, value), max(high, value)), used, 1 - len(found) / draws, draws, seed)


def of_group(statistic: Statistic, group: int = 0) -> Statistic:
    """Return a statistic of one group's table as one of all groups."""
    return lambda tables: statistic(tables[:, group, :])


def difference_of(statistic: Statistic, first: int = 0, second: int = 1) -> Statistic:
    """Return the difference of a statistic between two groups, first minus second."""
    return lambda tables: statistic(tables[:, first, :]) - statistic(tables[:, second, :])


def _blocks(counts: NDArray[np.int64], method: Method, draws: int, seed: int) -> Iterator[Floats]:
    generators = [np.random.Generator(np.random.PCG64([seed, k])) for k in range(len(counts))]
    rows = max(1, BLOCK // counts.size)
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        block = np.empty((size, *counts.shape))
        for k, (own, generator) in enumerate(zip(counts, generators, strict=True)):
            n = int(own.sum())
            block[:, k, :] = (
                generator.dirichlet(own + 0.5, size=size) * n
                if method is Method.JEFFREYS
                else generator.multinomial(n, own / n, size=size)
            )
        yield block


def _corrected(
    counts: NDArray[np.int64], statistic: Statistic, value: float, found: Floats, shares: tuple[float, float]
) -> tuple[float, float] | None:
    """Return the shares at which BCa reads the draws; None where nearly all draws lie on one side or no row matters."""
    normal = NormalDist()
    below = (float((found < value).sum()) + float((found <= value).sum())) / (2 * len(found))
    lean = _acceleration(counts, statistic)
    if not _ONE_SIDE < below < 1 - _ONE_SIDE or lean is None:
        return None
    bias = normal.inv_cdf(below)
    low, high = (bias + normal.inv_cdf(share) for share in shares)
    if max(lean * low, lean * high) >= 1:
        return None
    return normal.cdf(bias + low / (1 - lean * low)), normal.cdf(bias + high / (1 - lean * high))


def _acceleration(counts: NDArray[np.int64], statistic: Statistic) -> float | None:
    """Skewness of what single rows do to the value, found by leaving one row of each cell out."""
    rows = [(k, cell) for k, cell in zip(*np.nonzero(counts), strict=True)]
    tables = np.repeat(counts[None, :, :].astype(np.float64), len(rows), axis=0)
    for place, (k, cell) in enumerate(rows):
        tables[place, k, cell] -= 1
    without = statistic(tables)
    weight = np.array([counts[row] for row in rows], dtype=np.float64)
    if not np.isfinite(without).all():
        return None
    away = (weight * without).sum() / weight.sum() - without
    square = float((weight * away**2).sum())
    return float((weight * away**3).sum()) / (6 * square * sqrt(square)) if square > 0 else None
