"""Intervals for many comparisons of groups that hold all together, and Holm's adjustment of their p-values.

Bonferroni's quantile supposes the worst about how comparisons depend on each other. Those of the same few groups depend
strongly, in a way that is known; the quantile of their largest |t| takes that into account and is smaller. It is put
into the score intervals of proportions.py, which hold for small groups too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import erfc, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.gaps import Fraction, Gap
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.permutation import BLOCK, SEED
from shinrai.evaluate.statistics.proportions import Counts, koopman_bounds, newcombe_bounds
from shinrai.evaluate.statistics.undefined import Undefined

DRAWS = 20_000
"""Draws for the quantile of the largest |t|; its error is then about 0.01."""

MOST_DRAWN = 5_000
"""Comparisons above which Šidák's quantile is taken: it is a little larger, and needs no draws."""

_FARTHEST, _HALVINGS = 38.0, 45


class Against(StrEnum):
    """What each group is compared with: every other group, one group, or all rows (itself among them)."""

    PAIRS = "pairs"
    REFERENCE = "reference"
    OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class Contrast:
    """One comparison. first, second: places of the groups; second is None for the rate of all rows.

    difference: first rate minus second. ratio: first over second, undefined where the second is 0. Their intervals hold
    for all comparisons together. p: two-sided, of no difference, alone; adjusted: for all comparisons by the largest
    |t|; holm: the same by Holm's method.
    """

    first: int
    second: int | None
    difference: Gap
    ratio: Gap | Undefined
    p: float
    adjusted: float
    holm: float


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """Comparisons that hold together.

    difference: the largest |difference|, its interval [largest low, largest high] of them all. ratio: the smallest
    ratio, each turned so as to be at most 1; its interval [smallest low, smallest high]. critical: quantile of the
    largest |t| that all intervals stand on. draws: 0 where Šidák's quantile was taken.
    """

    against: Against
    contrasts: tuple[Contrast, ...]
    difference: Gap
    ratio: Gap | Undefined
    critical: float
    draws: int
    seed: int


def simultaneous(
    groups: Sequence[Fraction],
    *,
    against: Against = Against.PAIRS,
    reference: int = 0,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Simultaneous:
    """Compare the rates of groups, all comparisons holding together at `level`.

    groups: (successes, trials) of at least two, 0 <= successes <= trials and trials >= 1; reference: the place of the
    group that others are compared with; 0 < level < 1; ValueError otherwise. A comparison with all rows is computed
    from that with all other rows, which is independent of the group.
    Sources: Hothorn, Bretz, Westfall 2008, Biom. J. 50:346 (largest |t|); Newcombe 1998, Stat. Med. 17:873; Koopman
    1984, Biometrics 40:513; Šidák 1967, JASA 62:626. Draws: numpy.random.Generator(PCG64(seed)).standard_normal of
    (draws, groups), row after row; the quantile is the smallest value not exceeded in `level` of them.
    """
    x, n = _columns(groups)
    if not 0 < level < 1 or not 0 <= reference < len(groups):
        raise ValueError(f"need a level between 0 and 1 and the place of a group, got {level} and {reference}")
    first, second = _places(len(groups), against, reference)
    a, n1 = x[first], n[first]
    overall = against is Against.OVERALL
    b, n2 = (x.sum() - a, n.sum() - n1) if overall else (x[second], n[second])
    largest = _largest(x, n, first, second, overall, draws, seed) if len(first) <= MOST_DRAWN else None
    sidak = NormalDist().inv_cdf((1 + level ** (1 / len(first))) / 2)
    drawn = sidak if largest is None else float(np.quantile(largest, level, method="inverted_cdf"))
    critical = min(sidak, drawn)
    share = n1 / n.sum() if overall else np.zeros_like(n1)
    differences = _differences(a, n1, b, n2, share, critical)
    bounds = _ratio_bounds(a, n1, b, n2, share, critical)
    t = _touching(a, n1, b, n2)
    ps = [erfc(each / sqrt(2)) for each in t]
    adjusted = _adjusted(t, ps, largest)
    contrasts = tuple(
        Contrast(int(i), None if overall else int(j), difference, ratio, p, up, step)
        for i, j, difference, ratio, p, up, step in zip(
            first, second, differences, _ratios(*bounds), ps, adjusted, holm(ps), strict=True
        )
    )
    return Simultaneous(
        against,
        contrasts,
        _largest_difference(differences),
        _smallest_ratio(*bounds) if x.any() else Undefined.ALL_ZERO,
        critical,
        0 if largest is None else draws,
        seed,
    )


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order given; ps in [0, 1], ValueError otherwise.

    Rejecting those at most α keeps the chance of any false rejection at α or below, however the tests depend on each
    other. Source: Holm 1979, Scand. J. Stat. 6:65.
    """
    given = np.array(ps, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError("need p-values between 0 and 1")
    order = np.argsort(given, kind="stable")
    raised = np.minimum(1.0, given[order] * np.arange(len(given), 0, -1))
    result = np.empty_like(given)
    result[order] = np.maximum.accumulate(raised)
    return tuple(float(p) for p in result)


def equalized_odds(tpr: Sequence[Fraction], fpr: Sequence[Fraction], *, level: float = LEVEL, seed: int = SEED) -> Gap:
    """Larger of the largest difference in true positive rates and that in false positive rates.

    Both gaps are taken at level (1 + level) / 2, so that the interval of their larger holds at `level`. A bootstrap of
    this value would shut out "no difference" for equal groups. Source of the quantity: Hardt, Price, Srebro 2016.
    """
    each = (1 + level) / 2
    gaps = [simultaneous(groups, level=each, seed=seed).difference for groups in (tpr, fpr)]
    low, high = (max(gap.interval.low for gap in gaps), max(gap.interval.high for gap in gaps))
    return Gap(max(gap.value for gap in gaps), Interval(low, high))


def _columns(groups: Sequence[Fraction]) -> tuple[Counts, Counts]:
    if len(groups) < 2:
        raise ValueError(f"need at least two groups, got {len(groups)}")
    counts = np.array(groups, dtype=np.float64)
    successes, trials = counts[:, 0], counts[:, 1]
    if (trials < 1).any() or (successes < 0).any() or (successes > trials).any():
        raise ValueError("need 0 <= successes <= trials and trials >= 1 in every group")
    return successes, trials


def _places(groups: int, against: Against, reference: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if against is Against.PAIRS:
        return np.triu_indices(groups, 1)
    first = np.arange(groups)
    if against is Against.REFERENCE:
        first = first[first != reference]
    return first, np.full_like(first, reference)


def _largest(
    x: Counts,
    n: Counts,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    overall: bool,
    draws: int,
    seed: int,
) -> Counts:
    """Largest |t| of each draw of rates that do not differ."""
    # Half a success and half a failure more, so that no group is taken to be without error.
    rate = (x + 0.5) / (n + 1)
    variance = rate * (1 - rate) / n
    rest = n.sum() - n
    spread = (
        np.sqrt(variance + ((n**2 * variance).sum() - n**2 * variance) / rest**2)
        if overall
        else np.sqrt(variance[first] + variance[second])
    )
    found = []
    for errors in _errors(variance, len(first), draws, seed):
        if overall:
            contrasts = (errors - ((errors * n).sum(axis=1, keepdims=True) - errors * n) / rest).T
        else:
            # Draws lie beside each other in memory, so that each comparison is one run through them.
            turned = np.ascontiguousarray(errors.T)
            contrasts = turned[first]
            contrasts -= turned[second]
        np.abs(contrasts, out=contrasts)
        contrasts /= spread[:, None]
        found.append(contrasts.max(axis=0))
    return np.concatenate(found)


def _errors(variance: Counts, comparisons: int, draws: int, seed: int) -> Iterator[Counts]:
    generator = np.random.Generator(np.random.PCG64(seed))
    rows = max(1, BLOCK // max(comparisons, len(variance)))
    for start in range(0, draws, rows):
        yield generator.standard_normal((min(rows, draws - start), len(variance))) * np.sqrt(variance)


def _differences(a: Counts, n1: Counts, b: Counts, n2: Counts, share: Counts, z: float) -> list[Gap]:
    """share: what part of the second rate the first group is itself, 0 where they are apart."""
    low, high = newcombe_bounds(a, n1, b, n2, z)
    value = a / n1 - b / n2
    return [
        Gap(float(middle), Interval(float(below), float(above)))
        for middle, below, above in zip(value * (1 - share), low * (1 - share), high * (1 - share), strict=True)
    ]


def _ratio_bounds(
    a: Counts, n1: Counts, b: Counts, n2: Counts, share: Counts, z: float
) -> tuple[Counts, Counts, Counts]:
    """Ratios with low and high; infinite over a rate of 0, NaN for 0 over 0."""
    low, high = koopman_bounds(a, n1, b, n2, z)
    with np.errstate(divide="ignore", invalid="ignore"):
        # r = rate / rate of the rest, so rate / rate of all is 1 / (share + (1 - share) / r).
        low, high = 1 / (share + (1 - share) / low), 1 / (share + (1 - share) / high)
        value = (a / n1) / (share * (a / n1) + (1 - share) * (b / n2))
    return value, np.fmin(low, value), np.fmax(high, value)


def _ratios(value: Counts, low: Counts, high: Counts) -> list[Gap | Undefined]:
    return [
        Gap(float(middle), Interval(float(below), float(above))) if np.isfinite(middle) else Undefined.ZERO_BASE
        for middle, below, above in zip(value, low, high, strict=True)
    ]


def _touching(a: Counts, n1: Counts, b: Counts, n2: Counts) -> Counts:
    """Return the quantile at which each Newcombe interval begins to hold 0; 0 for equal rates."""
    up = a / n1 >= b / n2
    a, n1, b, n2 = np.where(up, a, b), np.where(up, n1, n2), np.where(up, b, a), np.where(up, n2, n1)
    below, above = np.zeros_like(a), np.full_like(a, _FARTHEST)
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        apart = newcombe_bounds(a, n1, b, n2, middle)[0] > 0
        below, above = np.where(apart, middle, below), np.where(apart, above, middle)
    return below


def _adjusted(t: Counts, ps: Sequence[float], largest: Counts | None) -> list[float]:
    sidak = [1 - (1 - p) ** len(ps) for p in ps]
    if largest is None:
        return sidak
    ordered = np.sort(largest)
    worse = len(ordered) - np.searchsorted(ordered, t, side="left")
    # Of few comparisons the draws' own error can take it below the p of one.
    return [
        max(p, min(bound, (int(count) + 1) / (len(ordered) + 1)))
        for p, bound, count in zip(ps, sidak, worse, strict=True)
    ]


def _largest_difference(differences: Sequence[Gap]) -> Gap:
    sizes = [gap.interval.magnitude() for gap in differences]
    value = max(abs(gap.value) for gap in differences)
    return Gap(value, Interval(max(size.low for size in sizes), max(size.high for size in sizes)))


def _smallest_ratio(value: Counts, low: Counts, high: Counts) -> Gap:
    with np.errstate(divide="ignore"):
        values, lows, highs = np.fmin(value, 1 / value), np.fmin(low, 1 / high), np.fmin(high, 1 / low)
    there = ~np.isnan(value)
    bounds = float(lows[there].min()), min(1.0, float(highs[there].min()))
    return Gap(float(values[there].min()), Interval(*bounds))
