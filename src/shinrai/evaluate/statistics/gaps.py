"""The largest gap between K groups, with intervals that hold for all pairs together.

A percentile bootstrap of max - min or min / max shuts out "no gap" for groups that are equal; intervals over all
pairs at the simultaneous level do not (see docs/reference/table-checks.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shinrai.evaluate.statistics.interval import Interval, simultaneous_z
from shinrai.evaluate.statistics.proportions import Counts, koopman_bounds, newcombe_bounds

Fraction = tuple[int, int]
"""(successes, trials) of one group, 0 <= successes <= trials and trials >= 1."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap between groups and its interval."""

    value: float
    interval: Interval


def difference_gap(groups: Sequence[Fraction]) -> Gap:
    """Largest rate minus smallest rate; Newcombe's method 10 for every pair, Bonferroni over the pairs.

    groups: at least two; ValueError otherwise. The interval is [largest low, largest high] of the pairs' |difference|.
    """
    successes, trials = _columns(groups)
    rates = successes / trials
    i, j = np.triu_indices(len(groups), 1)
    low, high = newcombe_bounds(successes[i], trials[i], successes[j], trials[j], simultaneous_z(len(i)))
    sizes = np.abs(low), np.abs(high)
    nearest = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(*sizes))
    return Gap(float(rates.max() - rates.min()), Interval(float(nearest.max()), float(np.maximum(*sizes).max())))


def ratio_gap(groups: Sequence[Fraction]) -> Gap:
    """Smallest rate over largest rate; Koopman's interval for every ordered pair, Bonferroni over the pairs.

    groups: at least two, not all of rate 0 (the ratio is undefined then); ValueError otherwise. The interval is
    [smallest low, smallest high] of the pairs' ratios, cut to 1.
    """
    successes, trials = _columns(groups)
    rates = successes / trials
    if not successes.any():
        raise ValueError("the ratio is undefined when every rate is 0")
    i, j = np.triu_indices(len(groups), 1)
    low, high = koopman_bounds(successes[i], trials[i], successes[j], trials[j], simultaneous_z(len(i)))
    # The interval of p_j/p_i is that of p_i/p_j turned over, so each pair is solved once.
    with np.errstate(divide="ignore"):
        turned_low, turned_high = 1 / high, 1 / low
    bounds = min(1.0, low.min(), turned_low.min()), min(1.0, high.min(), turned_high.min())
    return Gap(float(rates.min() / rates.max()), Interval(float(bounds[0]), float(bounds[1])))


def _columns(groups: Sequence[Fraction]) -> tuple[Counts, Counts]:
    if len(groups) < 2:
        raise ValueError(f"need at least two groups, got {len(groups)}")
    counts = np.array(groups, dtype=np.float64)
    successes, trials = counts[:, 0], counts[:, 1]
    if (trials < 1).any() or (successes < 0).any() or (successes > trials).any():
        raise ValueError("need 0 <= successes <= trials and trials >= 1 in every group")
    return successes, trials
