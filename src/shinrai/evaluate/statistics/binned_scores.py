"""What a histogram of scores says about them: ranking, calibration, every threshold, and how far off binning can be.

Scores lie on [low, high] in bins of equal width. Sums of the scores and of their squares are exact, so the Brier score
is too, and bins count as points only where the order of scores within a bin matters; how much that can be stands beside
each number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import erf, erfc, exp, fsum, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.proportions import wilson, wilson_bounds
from shinrai.evaluate.statistics.ranking import Auc, auc
from shinrai.evaluate.statistics.undefined import Undefined

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

POINTS = 10
"""Bins of equal width for calibration, unless another number is asked for."""


@dataclass(frozen=True, slots=True)
class ScoreClass:
    """Scores of the rows of one class of label. counts[b], sums[b], squares[b]: rows, Σ score, Σ score² of bin b.

    sums and squares are whole numbers of units of 2**-bits.
    """

    counts: Whole
    sums: tuple[int, ...]
    squares: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ScoreHistogram:
    """Scores of a group, by label. Bins of both classes are the same, of equal width over [low, high]."""

    positives: ScoreClass
    negatives: ScoreClass
    bits: int
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        lengths = {
            len(each) for part in (self.positives, self.negatives) for each in (part.counts, part.sums, part.squares)
        }
        if len(lengths) != 1 or 0 in lengths or not self.low < self.high:
            raise ValueError("need the same bins, at least one, in both classes, and low < high")
        if (self.positives.counts < 0).any() or (self.negatives.counts < 0).any():
            raise ValueError("need counts of 0 or more")

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.positives.counts)

    @property
    def edges(self) -> Floats:
        """Lower edge of each bin, and the upper one of the last."""
        return self.low + (self.high - self.low) * np.arange(self.bins + 1) / self.bins


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number from bins. bound: how far the number of single scores can lie from it (0: not at all)."""

    value: float
    bound: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Rows whose scores lie in [low, high): mean score, share with the favourable label, Wilson's interval of it."""

    low: float
    high: float
    n: int
    score: float
    rate: Gap


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """Expected calibration error over bins of equal width: Σ n_b/n·|rate_b - mean score_b|.

    by_chance: what perfectly calibrated scores would show with these n, on average; the plain value is biased upwards.
    debiased: the value less the bias that the same gaps would have if drawn again, cut at 0. interval: of the error
    that endless rows in the same bins would show. bins: that have rows.
    """

    value: float
    by_chance: float
    debiased: float
    interval: Interval
    bins: int
    n: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Selecting rows with score >= threshold, for each lower edge of a bin and one above all scores.

    All arrays have bins + 1 entries: counts of positives (tp, fn) and negatives (fp, tn), exact at these thresholds.
    """

    threshold: Floats
    tp: Whole
    fp: Whole
    fn: Whole
    tn: Whole

    def rates(self, part: Whole, whole: Whole, z: float = Z95) -> tuple[Floats, Floats, Floats]:
        """Return part / whole at each threshold with Wilson's low and high; NaN where whole is 0."""
        n = np.maximum(whole, 1).astype(np.float64)
        low, high = wilson_bounds(part.astype(np.float64), n, z)
        exists = whole > 0
        return (
            np.where(exists, part / n, np.nan),
            np.where(exists, low, np.nan),
            np.where(exists, high, np.nan),
        )

    def roc(self) -> tuple[tuple[float, float], ...]:
        """Points (false positive rate, true positive rate) from (0, 0) to (1, 1); needs rows of both classes."""
        p, n = int(self.tp[0]), int(self.fp[0])
        if not p or not n:
            raise ValueError("the curve needs rows of both classes")
        return tuple((float(fp) / n, float(tp) / p) for fp, tp in zip(self.fp[::-1], self.tp[::-1], strict=True))


def score_auc(scores: ScoreHistogram, *, z: float = Z95) -> Auc | Undefined:
    """Area under the ROC curve with DeLong's interval; its bound is half Σ positives_b·negatives_b / (P·N).

    Undefined without two rows of each class.
    """
    if min(scores.positives.counts.sum(), scores.negatives.counts.sum()) < 2:
        return Undefined.ONE_CLASS
    return auc(scores.positives.counts, scores.negatives.counts, z=z)


def kolmogorov_smirnov(
    first: Sequence[int] | Whole, second: Sequence[int] | Whole, *, z: float = Z95
) -> Bounded | Undefined:
    """Largest distance of two distribution functions over the edges of the same bins; undefined without rows of both.

    Single scores can show more distance within a bin, never less overall: the bound is one-sided. The interval is that
    of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (1990), half of the error to each of the two: it covers
    at least as often as it says, whatever the distributions are, and is therefore wide.
    """
    one, two = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if not one.sum() or not two.sum():
        return Undefined.NO_ROWS
    f, g = (np.concatenate([[0.0], np.cumsum(each) / each.sum()]) for each in (one, two))
    value = float(np.abs(f - g).max())
    most = float(np.maximum(f[1:] - g[:-1], g[1:] - f[:-1]).max())
    bound, share = max(0.0, most - value), erfc(z / sqrt(2)) / 2
    off = sum(sqrt(log(2 / share) / (2 * int(each.sum()))) for each in (one, two))
    return Bounded(value, bound, Interval(max(0.0, value - off), min(1.0, value + bound + off)))


def brier(scores: ScoreHistogram, *, z: float = Z95) -> Bounded | Undefined:
    """Mean of (score - label)², label 1 for the favourable one and 0 else; undefined without rows.

    The value is exact (bound: half a unit of the sums). The interval is value ± z·s/√n, where s comes from the bins'
    means and, within a bin, from the most that a variance there can be, so it is a hair too wide rather than too
    narrow; cut to [0, 1]. ValueError for scores outside [0, 1].
    """
    if scores.low < 0 or scores.high > 1:
        raise ValueError("the Brier score needs scores between 0 and 1")
    n = _rows(scores)
    if not n:
        return Undefined.NO_ROWS
    unit = 2**scores.bits
    squares = sum(scores.positives.squares) + sum(scores.negatives.squares)
    p = int(scores.positives.counts.sum())
    value = float(Fraction(squares - 2 * sum(scores.positives.sums) + p * unit, n * unit))
    if n == 1:
        return Bounded(value, 2 / unit, Interval(0.0, 1.0))
    lower, upper = scores.edges[:-1], scores.edges[1:]
    second = 0.0
    for part, at in ((scores.positives, 1.0), (scores.negatives, 0.0)):
        ends = (lower - at) ** 2, (upper - at) ** 2
        sums, powers = (np.array([float(each) / unit for each in kept]) for kept in (part.sums, part.squares))
        losses = powers - 2 * at * sums + at * part.counts
        # Of numbers between two ends with a given sum, Σ x² is largest when all lie on the ends.
        second += float((losses * (ends[0] + ends[1]) - part.counts * ends[0] * ends[1]).sum())
    spread = sqrt(max(0.0, second - n * value**2) / (n - 1))
    half = z * spread / sqrt(n)
    return Bounded(value, 2 / unit, Interval(max(0.0, value - half), min(1.0, value + half)))


def calibration_points(scores: ScoreHistogram, *, points: int = POINTS, z: float = Z95) -> tuple[CalibrationPoint, ...]:
    """Mean score and share of the favourable label in bins of equal width that have rows.

    points: divides the number of bins; ValueError otherwise.
    """
    width = _width(scores, points)
    shown = []
    for point in range(points):
        span = slice(point * width, (point + 1) * width)
        positive, total, score = _within(scores, span)
        if total:
            gap = Gap(positive / total, wilson(positive, total, z))
            low, high = scores.edges[span.start], scores.edges[span.stop]
            shown.append(CalibrationPoint(float(low), float(high), total, score, gap))
    return tuple(shown)


def calibration_error(scores: ScoreHistogram, *, points: int = POINTS, z: float = Z95) -> CalibrationError | Undefined:
    """Return the expected calibration error, the part of it that chance makes, and an interval.

    points: as calibration_points has it. Undefined without rows. With d_b = rate - mean score of a bin, e_b its error
    and w_b = n_b/n, the value Σ w|d| exceeds the true one by at most Σ w|e|, and falls short of it by no more than
    z·√(Σ w²·Var e) as its bias is upwards: the interval goes from the value less the mean of Σ w|e| and z of its
    standard deviations to the value plus that. It holds with at least the level of z, whatever the gaps are.
    Sources: Naeini, Cooper, Hauskrecht 2015, AAAI; Bröcker 2012, Clim. Dyn. 39:655 (bias); Roelofs et al. 2022,
    AISTATS (the value less its bias).
    """
    shown = calibration_points(scores, points=points, z=z)
    if not shown:
        return Undefined.NO_ROWS
    n = sum(point.n for point in shown)
    value = fsum(point.n / n * abs(point.rate.value - point.score) for point in shown)
    again, mean, square = 0.0, 0.0, 0.0
    for point in shown:
        rate = (point.rate.value * point.n + 0.5) / (point.n + 1)
        weight, error = point.n / n, sqrt(rate * (1 - rate) / point.n)
        again += weight * _folded(point.rate.value - point.score, error)
        mean += weight * error * sqrt(2 / pi)
        square += (weight * error) ** 2
    low = value - mean - z * sqrt(square * (1 - 2 / pi))
    return CalibrationError(
        value=value,
        by_chance=_by_chance(scores, points) / n,
        debiased=max(0.0, 2 * value - again),
        interval=Interval(max(0.0, low), min(1.0, value + z * sqrt(square))),
        bins=len(shown),
        n=n,
    )


def thresholds(scores: ScoreHistogram) -> Thresholds:
    """Return the counts of every threshold on an edge of a bin."""

    def at_least(counts: Whole) -> Whole:
        return np.concatenate([np.cumsum(counts[::-1])[::-1], [0]])

    tp, fp = at_least(scores.positives.counts), at_least(scores.negatives.counts)
    threshold = scores.edges.copy()
    threshold[-1] = np.inf
    return Thresholds(threshold, tp, fp, tp[0] - tp, fp[0] - fp)


@dataclass(frozen=True, slots=True)
class Stability:
    """Population stability index of two distributions; by_chance: its mean where they are the same."""

    value: float
    by_chance: float
    bins: int


def stability(
    first: Sequence[int] | Whole, second: Sequence[int] | Whole, *, bins: int = POINTS
) -> Stability | Undefined:
    """Return the population stability index Σ (p_b - q_b)·ln(p_b / q_b) of two histograms over the same bins.

    bins: taken together until there are so many; divides their number, ValueError otherwise. Half a row is added to
    each bin, so that an empty one does not make the index infinite. Undefined without rows of both.
    Sources: Lewis 1994, An Introduction to Credit Scoring; Yurdakul, Naranjo 2020, J. Risk Model Valid. 14:89 (its
    mean, (bins - 1)·(1/n + 1/m), and that fixed limits such as 0.1 and 0.25 take no account of it).
    """
    one, two = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if bins < 1 or len(one) != len(two) or len(one) % bins:
        raise ValueError(f"need equal bins of which {bins} can be made, got {len(one)} and {len(two)}")
    n, m = int(one.sum()), int(two.sum())
    if not n or not m:
        return Undefined.NO_ROWS
    p, q = ((each.reshape(bins, -1).sum(axis=1) + 0.5) / (each.sum() + bins / 2) for each in (one, two))
    return Stability(float(((p - q) * np.log(p / q)).sum()), (bins - 1) * (1 / n + 1 / m), bins)


def _by_chance(scores: ScoreHistogram, points: int) -> float:
    """Σ |positives - Σ score| over the bins of width points, as calibrated scores would have it on average."""
    width, unit, chance = scores.bins // points, 1 << scores.bits, 0.0
    for start in range(0, scores.bins, width):
        span = slice(start, start + width)
        # Σ score·(1 - score) is the variance of the number of positives.
        variance = sum(sum(part.sums[span]) - sum(part.squares[span]) for part in (scores.positives, scores.negatives))
        chance += sqrt(2 / pi * max(0, variance) / unit)
    return chance


def _folded(mean: float, spread: float) -> float:
    """Mean of |X| for X normal; spread > 0."""
    return spread * sqrt(2 / pi) * exp(-(mean**2) / (2 * spread**2)) + mean * erf(mean / (spread * sqrt(2)))


def _rows(scores: ScoreHistogram) -> int:
    return int(scores.positives.counts.sum() + scores.negatives.counts.sum())


def _width(scores: ScoreHistogram, points: int) -> int:
    if points < 1 or scores.bins % points:
        raise ValueError(f"the {scores.bins} bins can't be put into {points} equal ones")
    return scores.bins // points


def _within(scores: ScoreHistogram, span: slice) -> tuple[int, int, float]:
    """Positives, rows and mean score of some bins."""
    positive = int(scores.positives.counts[span].sum())
    total = positive + int(scores.negatives.counts[span].sum())
    sums = sum(scores.positives.sums[span]) + sum(scores.negatives.sums[span])
    return positive, total, float(Fraction(sums, total * 2**scores.bits)) if total else 0.0
