"""Intervals for one proportion, the difference of two, and the ratio of two.

The array functions work element by element on counts as float64 and are what the gaps over many pairs use; the
functions for one case stand on them or are held to them by tests, so that there is one arithmetic only.
"""

from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.interval import Z95, Interval

Counts = NDArray[np.float64]

# A bound of the ratio lies between e^-60 and e^60 for every n below 10^15. Each step halves it or
# the step before, so that far fewer than these end within a bit of the bound.
_LOG_BRACKET = 60.0
_STEPS = 200
_CLOSE = 1e-14


def wilson(successes: int, n: int, z: float = Z95) -> Interval:
    """Wilson score interval of a proportion.

    successes, n: counts with 0 <= successes <= n and n >= 1; z > 0. ValueError otherwise.
    Source: Wilson 1927, JASA 22:209; Brown, Cai, DasGupta 2001, Statist. Sci. 16:101.
    """
    _check(z, (successes, n))
    # The arithmetic of wilson_bounds, in the same order: an audit asks for thousands, and one number needs no array.
    trials, zz = float(n), z * z
    p = successes / trials
    centre = (p + zz / (2 * trials)) / (1 + zz / trials)
    half = z * sqrt(p * (1 - p) / trials + zz / (4 * trials * trials)) / (1 + zz / trials)
    return Interval(min(max(centre - half, 0.0), p), min(max(centre + half, p), 1.0))


def newcombe(a: int, n1: int, b: int, n2: int, z: float = Z95) -> Interval:
    """Hybrid score interval of a/n1 - b/n2.

    Counts with 0 <= a <= n1, 0 <= b <= n2, both n >= 1; z > 0. ValueError otherwise.
    Source: Newcombe 1998, Stat. Med. 17:873, method 10.
    """
    _check(z, (a, n1), (b, n2))
    low, high = newcombe_bounds(_array(a), _array(n1), _array(b), _array(n2), z)
    return Interval(float(low[0]), float(high[0]))


def koopman(a: int, n1: int, b: int, n2: int, z: float = Z95) -> Interval:
    """Score interval of (a/n1) / (b/n2): the ratios that Pearson's test does not reject.

    Counts with 0 <= a <= n1, 0 <= b <= n2, both n >= 1; z > 0. ValueError otherwise. low is 0 when a is 0, high is
    infinite when b is 0. Source: Koopman 1984, Biometrics 40:513.
    """
    _check(z, (a, n1), (b, n2))
    low, high = koopman_bounds(_array(a), _array(n1), _array(b), _array(n2), z)
    return Interval(float(low[0]), float(high[0]))


def wilson_bounds(successes: Counts, n: Counts, z: float | Counts) -> tuple[Counts, Counts]:
    """Wilson's low and high, element by element; n >= 1."""
    p, zz = successes / n, z * z
    centre = (p + zz / (2 * n)) / (1 + zz / n)
    half = z * np.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n)
    # Rounding can push a bound a hair past the estimate it must hold, at 0 and at n.
    return np.clip(centre - half, 0.0, p), np.clip(centre + half, p, 1.0)


def newcombe_bounds(a: Counts, n1: Counts, b: Counts, n2: Counts, z: float | Counts) -> tuple[Counts, Counts]:
    """Newcombe's low and high of a/n1 - b/n2, element by element."""
    p1, p2 = a / n1, b / n2
    low1, high1 = wilson_bounds(a, n1, z)
    low2, high2 = wilson_bounds(b, n2, z)
    difference = p1 - p2
    return difference - np.hypot(p1 - low1, high2 - p2), difference + np.hypot(high1 - p1, p2 - low2)


def koopman_bounds(a: Counts, n1: Counts, b: Counts, n2: Counts, z: float) -> tuple[Counts, Counts]:
    """Koopman's low and high of (a/n1) / (b/n2), element by element; 0 and infinity where a or b is 0.

    Where all are successes the statistic has a closed form, and its rounding would be seen.
    """
    low, high = np.zeros(np.shape(a)), np.full(np.shape(a), np.inf)
    everyone = (a == n1) & (b == n2)
    low[everyone], high[everyone] = (n1 / (n1 + z * z))[everyone], (1 + z * z / n2)[everyone]
    lows, highs = np.flatnonzero((a > 0) & ~everyone), np.flatnonzero((b > 0) & ~everyone)
    # Both bounds are solved for together, as the same function is evaluated for both.
    places = np.concatenate([lows, highs])
    wanted = np.repeat([z, -z], [len(lows), len(highs)])
    found = np.exp(_log_ratio_at(a[places], n1[places], b[places], n2[places], wanted))
    low[lows], high[highs] = found[: len(lows)], found[len(lows) :]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (a / n1) / (b / n2)
    # The search ends within a bit of the bound; where the bound is the estimate itself it must not lie beyond.
    return np.fmin(low, ratio), np.fmax(high, ratio)


def _log_ratio_at(a: Counts, n1: Counts, b: Counts, n2: Counts, wanted: Counts) -> Counts:
    """Log of the ratio at which the score statistic is `wanted`; the statistic falls as the ratio grows.

    Newton's steps from the bound of the delta method (Katz and others 1978, Biometrics 34:469, with halves added),
    halving the bracket wherever a step leaves it or is more than half of the last one.
    """
    more = a + 0.5, n1 + 0.5, b + 0.5, n2 + 0.5
    spread = np.sqrt(np.maximum(0.0, 1 / more[0] - 1 / more[1] + 1 / more[2] - 1 / more[3]))
    at = np.clip(np.log(more[0] / more[1] * more[3] / more[2]) - wanted * spread, -_LOG_BRACKET, _LOG_BRACKET)
    below, above, step = np.full_like(at, -_LOG_BRACKET), np.full_like(at, _LOG_BRACKET), np.full_like(at, np.inf)
    for _ in range(_STEPS):
        score, slope = _score(np.exp(at), a, n1, b, n2)
        over = score - wanted
        left = over > 0
        below, above = np.where(left, at, below), np.where(left, above, at)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            moved = at - over / slope
        close = _CLOSE * np.maximum(1.0, np.abs(at))
        # A step within the last bits may leave the bracket: rounding decided which side is which.
        inside = (moved > below) & (moved < above) & (np.abs(moved - at) <= step / 2)
        moved = np.where(inside | (np.abs(moved - at) <= close), moved, (below + above) / 2)
        at, step = moved, np.abs(moved - at)
        if (step <= close).all():
            break
    return at


def _score(ratio: Counts, a: Counts, n1: Counts, b: Counts, n2: Counts) -> tuple[Counts, Counts]:
    """Signed root of Pearson's chi-squared for p1 = ratio * p2, at the constrained maximum of the likelihood.

    With it its slope in the logarithm of the ratio, which is no number where it has a corner.
    p2 is the smaller root of (n1+n2)·ratio·p² - (ratio·(n1+b) + a+n2)·p + (a+b) = 0; the discriminant is written as a
    sum of terms that can't be negative, so that nothing cancels.
    """
    x, y = ratio * (n1 + b), a + n2
    root = np.sqrt((x - y) ** 2 + 4 * ratio * (n1 - a) * (n2 - b))
    p2 = np.minimum(2 * (a + b) / (x + y + root), 1.0)
    p1 = np.minimum(ratio * p2, 1.0)
    spread = np.sqrt(p1 * (1 - p1) / n1 + ratio * ratio * p2 * (1 - p2) / n2)
    fall = ratio * (b / n2)
    distance = a / n1 - fall
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        score = np.where(distance == 0, 0.0, distance / spread)
        # Of the root with the logarithm of the ratio; that of p1 is that of p2 and one more.
        growth2 = ratio * ((n1 + n2) * p2 - n1 - b) / root
        growth1 = 1 + growth2
        widening = growth1 * p1 * (1 - 2 * p1) / n1 + ratio * ratio * p2 * (2 * (1 - p2) + growth2 * (1 - 2 * p2)) / n2
        slope = -fall / spread - score * widening / (2 * spread**2)
    return score, slope


def _array(count: int) -> Counts:
    return np.array([count], dtype=np.float64)


def _check(z: float, *fractions: tuple[Any, Any]) -> None:
    if not (isfinite(z) and z > 0):
        raise ValueError(f"need a positive, finite z, got {z}")
    for part, whole in fractions:
        if whole < 1 or not 0 <= part <= whole:
            raise ValueError(f"need 0 <= successes <= n and n >= 1, got {part} of {whole}")
