"""Every interval of the table checks a second time, by another way than its closed form.

The score intervals are found as the roots of their defining equations by bisection, the normal quantile by bisection on
`math.erfc`, DeLong's variance from the placements themselves. Functions take counts, as numbers or as arrays of one
shape, so that n can't get lost on the way; what they return has the shape of what they got.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shinrai.evaluate.measurement import Comparison, Outcome, Rule

Array = NDArray[np.float64]
Bounds = tuple[Array, Array]

LEVEL = 0.95
# Halving a bracket this often leaves less than one unit in the last place of a double.
_HALVINGS = 100
# Wide enough for the logarithm of any ratio of rates out of 10⁹ rows.
_LOG_RATIO = 60.0
_CHUNK = 1 << 20


def bisect(holds: Callable[[Array], NDArray[np.bool_]], start: ArrayLike, end: ArrayLike) -> Array:
    """Return where `holds` turns from true to false on the way from start to end, element by element.

    start, end: arrays of one shape, start on the side where it holds; they may run up or down.
    """
    inside, outside = np.array(start, dtype=np.float64), np.array(end, dtype=np.float64)
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        held = holds(middle)
        inside, outside = np.where(held, middle, inside), np.where(held, outside, middle)
    return inside


def normal_quantile(tail: float) -> float:
    """Return z with P(Z > z) = tail for a standard normal Z, 0 < tail < 0.5; ValueError otherwise."""
    if not 0 < tail < 0.5:
        raise ValueError(f"need 0 < tail < 0.5, got {tail}")

    def above(z: Array) -> NDArray[np.bool_]:
        return np.array([math.erfc(value / math.sqrt(2)) / 2 > tail for value in z])

    # Below 1e-300 the tail itself is no longer a normal double: 38 standard deviations.
    return float(bisect(above, [0.0], [40.0])[0])


def simultaneous_z(comparisons: int) -> float:
    """Return z of a two-sided interval that holds for all comparisons at once at 0.95 (Bonferroni).

    comparisons: at least 1; ValueError otherwise.
    """
    if comparisons < 1:
        raise ValueError(f"need at least one comparison, got {comparisons}")
    return normal_quantile((1 - LEVEL) / (2 * comparisons))


def wilson(successes: ArrayLike, trials: ArrayLike, z: float) -> Bounds:
    """Solve the score equation (x − nπ)² = z²·nπ(1−π) for π on both sides of x/n.

    successes, trials: counts with 0 <= successes <= trials and trials >= 1; ValueError otherwise.
    Source: Wilson 1927, JASA 22:209.
    """
    x, n = _counts(successes, trials)
    rate = x / n

    def holds(share: Array) -> NDArray[np.bool_]:
        return np.asarray((x - n * share) ** 2 <= z * z * n * share * (1 - share))

    # At 0 of n and n of n the equation has its root at the very edge, where rounding must not move it.
    low = np.where(x == 0, 0.0, bisect(holds, rate, np.zeros_like(rate)))
    high = np.where(x == n, 1.0, bisect(holds, rate, np.ones_like(rate)))
    return low, high


def difference(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, z: float) -> Bounds:
    """Newcombe's hybrid score interval of x1/n1 − x2/n2 from the two score intervals.

    The squared distance from each rate to the far end of its own interval adds up to the squared distance of the bound.
    Source: Newcombe 1998, Stat Med 17:873, method 10.
    """
    a, m = _counts(x1, n1)
    b, n = _counts(x2, n2)
    (low1, high1), (low2, high2) = wilson(a, m, z), wilson(b, n, z)
    gap = a / m - b / n
    return gap - np.hypot(a / m - low1, high2 - b / n), gap + np.hypot(high1 - a / m, b / n - low2)


def ratio(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike, z: float) -> Bounds:
    """Koopman's score interval of (x1/n1) / (x2/n2): the ratios whose chi-square does not exceed z².

    The chi-square compares both counts with what is most likely under the ratio. low is 0 when x1 is 0, high is
    infinite when x2 is 0. Source: Koopman 1984, Biometrics 40:513.
    """
    a, m = _counts(x1, n1)
    b, n = _counts(x2, n2)

    def holds(log_ratio: Array) -> NDArray[np.bool_]:
        return np.asarray(ratio_statistic(a, m, b, n, np.exp(log_ratio)) <= z * z)

    edge = np.full_like(a, _LOG_RATIO)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.clip(np.nan_to_num(np.log((a / m) / (b / n))), -edge, edge)
    low = np.where(a == 0, 0.0, np.exp(bisect(holds, centre, -edge)))
    high = np.where(b == 0, np.inf, np.exp(bisect(holds, centre, edge)))
    return low, high


def ratio_statistic(a: Array, m: Array, b: Array, n: Array, true_ratio: Array) -> Array:
    """Pearson's chi-square of a of m and b of n against p1 = true_ratio·p2 at its most likely p2.

    Setting the derivative of the likelihood to zero gives (m+n)·r·p² − (r·(m+b) + a + n)·p + (a+b) = 0; p2 is its
    smaller root, written so that nothing cancels.
    """
    linear = true_ratio * (m + b) + a + n
    root = np.sqrt(np.maximum(linear * linear - 4 * (m + n) * true_ratio * (a + b), 0.0))
    p2 = np.minimum(2 * (a + b) / (linear + root), 1.0)
    return _pearson(a, m, np.minimum(true_ratio * p2, 1.0)) + _pearson(b, n, p2)


def _pearson(x: Array, n: Array, p: Array) -> Array:
    """(x − np)² / np(1−p), with 0 where both are 0 and infinity where only the variance is."""
    off, variance = x - n * p, n * p * (1 - p)
    certain = np.where(np.abs(off) > 1e-9 * n, np.inf, 0.0)
    return np.divide(off * off, variance, out=certain, where=variance > 0)


def absolute(low: ArrayLike, high: ArrayLike) -> Bounds:
    """Return the interval of |d| from the interval of d."""
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    nearest = np.minimum(np.abs(lows), np.abs(highs))
    return np.where((lows <= 0) & (highs >= 0), 0.0, nearest), np.maximum(np.abs(lows), np.abs(highs))


def largest_difference(successes: ArrayLike, trials: ArrayLike, family: int = 1) -> tuple[float, float]:
    """Return the interval of max − min of K >= 2 rates: over all pairs the largest low and the largest high.

    family: how many such statements have to hold at once, at least 1.
    """
    x, n = _counts(successes, trials)
    first, second = np.triu_indices(len(x), k=1)
    z = simultaneous_z(len(first) * family)
    low, high = absolute(*difference(x[first], n[first], x[second], n[second], z))
    return float(low.max()), float(high.max())


def smallest_ratio(successes: ArrayLike, trials: ArrayLike, family: int = 1) -> tuple[float, float]:
    """Return the interval of min / max of K >= 2 rates: over all ordered pairs the smallest low and high, cut to 1.

    family: how many such statements have to hold at once, at least 1.
    """
    x, n = _counts(successes, trials)
    first, second = np.triu_indices(len(x), k=1)
    z = simultaneous_z(len(first) * family)
    low, high = ratio(x[first], n[first], x[second], n[second], z)
    # The other order of a pair is the reciprocal: the chi-square does not ask which rate is called the first.
    with np.errstate(divide="ignore"):
        lows, highs = np.minimum(low, 1 / high), np.minimum(high, 1 / low)
    return min(1.0, float(lows.min())), min(1.0, float(highs.min()))


def mean(centre: ArrayLike, squares: ArrayLike, n: ArrayLike, z: float) -> Bounds:
    """Return the interval mean ± z·s/√n.

    centre: the mean; squares: sum of squared deviations from it; n: at least 2, or s does not exist (ValueError).
    """
    size = np.asarray(n, dtype=np.float64)
    if np.any(size < 2):
        raise ValueError("a mean needs at least two values to have an interval")
    middle, spread = np.asarray(centre, dtype=np.float64), np.asarray(squares, dtype=np.float64)
    half = z * np.sqrt(spread / ((size - 1) * size))
    return middle - half, middle + half


def auc(positives: ArrayLike, negatives: ArrayLike) -> float:
    """P(score of a positive > score of a negative) + ½ P(equal), from whole numbers. Both classes need a row."""
    above, below = _sorted(positives), _sorted(negatives)
    if not (len(above) and len(below)):
        raise ValueError("need at least one row of each class")
    doubled = sum(int(twice.sum()) for twice in _doubled_ranks(above, below))
    return doubled / (2 * len(above) * len(below))


def delong(positives: ArrayLike, negatives: ArrayLike, z: float) -> tuple[float, float]:
    """Return the interval of the AUC, cut to [0, 1], from the variances of the placements of either class.

    A positive's placement is the share of negatives below it, a negative's the share of positives above it, ties half.
    positives, negatives: scores, at least two of each; ValueError otherwise.
    Source: DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44:837.
    """
    above, below = _sorted(positives), _sorted(negatives)
    if len(above) < 2 or len(below) < 2:
        raise ValueError("need at least two rows of each class")
    value = auc(above, below)
    variance = 0.0
    for mine, other, centre in ((above, below, value), (below, above, 1 - value)):
        squares = sum(
            float(np.square(twice / (2 * len(other)) - centre).sum()) for twice in _doubled_ranks(mine, other)
        )
        variance += squares / (len(mine) - 1) / len(mine)
    half = z * math.sqrt(variance)
    return max(0.0, value - half), min(1.0, value + half)


def decide(rule: Rule | None, low: float | None, high: float | None) -> Outcome:
    """Take the decision on the interval's bound; without a rule or an interval nothing is decided."""
    if rule is None or low is None or high is None:
        return Outcome.INCONCLUSIVE
    if rule.comparison is Comparison.AT_MOST:
        right, wrong = high <= rule.limit, low > rule.limit
    else:
        right, wrong = low >= rule.limit, high < rule.limit
    if right:
        return Outcome.PASS
    return Outcome.FAIL if wrong else Outcome.INCONCLUSIVE


def _counts(successes: ArrayLike, trials: ArrayLike) -> Bounds:
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if np.any(n < 1) or np.any(x < 0) or np.any(x > n):
        raise ValueError("need 0 <= successes <= trials and trials >= 1")
    return x, n


def _sorted(scores: ArrayLike) -> Array:
    return np.sort(np.asarray(scores, dtype=np.float64))


def _doubled_ranks(mine: Array, other: Array) -> list[NDArray[np.int64]]:
    """Twice the number of others below each of mine, ties half; in chunks, so that 10⁷ rows stay small."""
    return [
        np.searchsorted(other, part, side="left") + np.searchsorted(other, part, side="right")
        for part in (mine[start : start + _CHUNK] for start in range(0, len(mine), _CHUNK))
    ]
