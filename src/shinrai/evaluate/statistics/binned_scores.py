"""What a histogram of scores says about them: ranking, calibration, every threshold, and how far off binning can be.

Scores lie on [low, high] in bins of equal width. Sums of the scores and of their squares are exact, so the Brier score
is too, and bins count as points only where the order of scores within a bin matters; how much that can be stands beside
each number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

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
    debiased: the value less the bias that the same gaps would have if drawn again, cut at 0. interval: of the value
    without chance, from the draws of calibration_error. bins: that have rows.
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


def kolmogorov_smirnov(first: Sequence[int] | Whole, second: Sequence[int] | Whole) -> Bounded | Undefined:
    """Largest distance of two distribution functions over the edges of the same bins; undefined without rows of both.

    Single scores can show more distance within a bin, never less overall: the bound is one-sided. No interval.
    """
    one, two = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if not one.sum() or not two.sum():
        return Undefined.NO_ROWS
    f, g = (np.concatenate([[0.0], np.cumsum(each) / each.sum()]) for each in (one, two))
    value = float(np.abs(f - g).max())
    most = float(np.maximum(f[1:] - g[:-1], g[1:] - f[:-1]).max())
    return Bounded(value, max(0.0, most - value), None)


def brier(scores: ScoreHistogram, *, z: float = Z95) -> Bounded | Undefined:
    """Mean of (score - label)², label 1 for the favourable one and 0 else; undefined without rows.

    The value is exact (bound: half a unit of the sums). The interval is value ± z·s/√n, where s comes from the bins'
    means and, within a bin, from the most that a variance there can be, so it is a hair too wide rather than too
    narrow; cut at 0. Undefined for scores outside [0, 1].
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
    """Expected calibration error, the part of it that chance makes, and an interval.

    points: as calibration_points has it. In a bin of n_b rows the gap d_b = rate - score has standard error s_b =
    √(score·(1 - score)/n_b) if calibrated; |d| of a normal variable is then √(2/π)·s on average, and by the same law
    |d_b| drawn again would exceed |d_b| by its bias. interval: from Σ n_b/n times the distance of score_b to Wilson's
    interval of rate_b at the simultaneous level (what can't be chance) to the same sum of the largest distances.
    Undefined without rows. Sources: Naeini, Cooper, Hauskrecht 2015, AAAI; Bröcker 2012, Clim. Dyn. 39:655, and Kumar,
    Liang, Ma 2019, NeurIPS (bias).
    """
    raise NotImplementedError


def thresholds(scores: ScoreHistogram) -> Thresholds:
    """Counts of every threshold on an edge of a bin."""

    def at_least(counts: Whole) -> Whole:
        return np.concatenate([np.cumsum(counts[::-1])[::-1], [0]])

    tp, fp = at_least(scores.positives.counts), at_least(scores.negatives.counts)
    threshold = scores.edges.copy()
    threshold[-1] = np.inf
    return Thresholds(threshold, tp, fp, tp[0] - tp, fp[0] - fp)
