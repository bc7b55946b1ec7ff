"""The four-fifths rule of thumb: as whole numbers, as a probability, and how often it is wrong about equal groups.

The rule asks whether a group's selection rate is at least 4/5 of the largest. It is an American convention and no
test: it takes no account of how many rows there are, and of two equal groups of 50 that select 3 of 10 it accuses one
in nearly half of all cases. In binary floating point a third of the pairs that lie exactly on
4/5 fall below it; whole numbers do not.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import asin, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.beta import beta_cdf
from shinrai.evaluate.statistics.gaps import Fraction

Floats = NDArray[np.float64]

_NODES, _REFINED, _REACH, _WINDOW = 128, 4, 8.0, 12.0


def meets_four_fifths(group: Fraction, other: Fraction) -> bool:
    """Whether a/n is at least 4/5 of b/m: 5·a·m >= 4·b·n, in whole numbers.

    group, other: (successes, trials), 0 <= successes <= trials and trials >= 1; ValueError otherwise. Where nobody of
    the other group is selected, the rule is met. Source: 29 CFR 1607.4 D; EEOC 1979, Questions and Answers 11.
    """
    (a, n), (b, m) = _checked(group), _checked(other)
    return 5 * a * m >= 4 * b * n


def below_four_fifths(group: Fraction, other: Fraction) -> float:
    """Probability that the true rate of the group is below 4/5 of the other's, as all_below_four_fifths has it."""
    return all_below_four_fifths([group], other)[0]


def all_below_four_fifths(groups: Sequence[Fraction], other: Fraction) -> list[float]:
    """Probability for each group that its true rate is below 4/5 of the other's.

    groups: at least one; they and other are as meets_four_fifths has them. Both rates have Jeffreys's prior
    Beta(1/2, 1/2) and are independent; the posterior probability is integrated by Gauss-Legendre over the arcsine of
    the better known rate, which makes its density smooth up to the ends. Source: Brown, Cai, DasGupta 2001, Statist.
    Sci. 16:101 (the prior).
    """
    b, m = _checked(other)
    sides = [_sides(_checked(group), (b, m)) for group in groups]
    rates, weights, masses, first, second, over = (np.array(column) for column in zip(*sides, strict=True))
    # All groups at once: the continued fraction costs much the same for many numbers as for a few.
    below = beta_cdf(rates, first[:, None], second[:, None])
    shares = np.where(over[:, None], 1 - below, below)
    return [min(1.0, float(share)) for share in (shares * weights).sum(axis=1) / masses]


def _sides(group: Fraction, other: Fraction) -> tuple[Floats, Floats, float, float, float, bool]:
    """Where the beta distribution of the lesser known rate is taken, with weights.

    After them: the weight of the whole posterior, the two parameters, and whether what lies beyond is meant.
    """
    (a, n), (b, m) = group, other
    if m >= n:
        rates, weights = _posterior(b, m)
        return 0.8 * rates, weights, float(weights.sum()), a + 0.5, n - a + 0.5, False
    _, whole = _posterior(a, n)
    # Over the arcsine of the rate divided by 4/5: seen from the rate itself the other's tail has a kink at 4/5.
    rates, weights = _posterior(a, n, scale=0.8)
    return rates / 0.8, weights, float(whole.sum()), b + 0.5, m - b + 0.5, True


def false_alarms(n: int, m: int, rate: float) -> float:
    """Chance that one of two equal groups, of n and m rows, falls below 4/5 of the other, both having this rate.

    n, m at least 1, 0 <= rate <= 1; ValueError otherwise. Binomial, summed exactly but for tails beyond 12 standard
    deviations; comparisons are made in whole numbers.
    """
    if min(n, m) < 1 or not 0 <= rate <= 1:
        raise ValueError(f"need rows in both groups and a rate between 0 and 1, got {n}, {m} and {rate}")
    a, of_a = _binomial(n, rate)
    b, of_b = _binomial(m, rate)
    upto = np.concatenate([[0.0], np.cumsum(of_a)])
    # 5·a·m < 4·b·n: a is at most (4·b·n - 1) // 5m. 5·b·n < 4·a·m: a is at least 5·b·n // 4m + 1.
    fewest, most = int(a[0]), int(a[-1])
    lows = np.array([min(most + 1, max(fewest, (4 * int(k) * n - 1) // (5 * m) + 1)) - fewest for k in b])
    highs = np.array([min(most + 1, max(fewest, 5 * int(k) * n // (4 * m) + 1)) - fewest for k in b])
    return float((of_b * (upto[lows] + (upto[-1] - upto[highs]))).sum())


def _checked(group: Fraction) -> Fraction:
    successes, trials = group
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"need 0 <= successes <= trials and trials >= 1, got {successes} of {trials}")
    return group


def _posterior(successes: int, trials: int, scale: float = 1.0) -> tuple[Floats, Floats]:
    """Nodes of a rate up to `scale` and their weights. In θ with rate = sin²θ the density is sin^2s·cos^2f, no prior.

    The nodes lie in φ with rate = scale·sin²φ. The weights of all scales are in one unit.
    """
    failures = trials - successes
    middle, half = asin(sqrt(successes / trials)), _REACH / (2 * sqrt(trials))
    ends = max(0.0, middle - half), min(pi / 2, middle + half)
    low, high = (asin(min(1.0, sin(end) / sqrt(scale))) for end in ends)
    nodes, weights = _nodes()
    phi = (low + high) / 2 + (high - low) / 2 * nodes
    rates = scale * np.sin(phi) ** 2
    slope = sqrt(scale) * np.cos(phi) / np.sqrt(1 - rates)
    logs = np.zeros_like(rates)
    if successes:
        logs += successes * np.log(rates / (successes / trials))
    if failures:
        logs += failures * np.log((1 - rates) / (failures / trials))
    return rates, (high - low) / 2 * weights * slope * np.exp(logs)


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss-Legendre, by Newton's steps (Abramowitz, Stegun 1964, 22.16.6 and 25.4.29).

    NumPy's own take the eigenvalues of a matrix, which alone costs more than all that is done with them.
    """
    x = np.cos(pi * (np.arange(_NODES, 0, -1) - 0.25) / (_NODES + 0.5))
    for _ in range(_REFINED):
        before, polynomial = np.ones_like(x), x
        for degree in range(2, _NODES + 1):
            before, polynomial = polynomial, ((2 * degree - 1) * x * polynomial - (degree - 1) * before) / degree
        slope = _NODES * (before - x * polynomial) / (1 - x * x)
        x = x - polynomial / slope
    return x, 2 / ((1 - x * x) * slope**2)


def _binomial(n: int, rate: float) -> tuple[NDArray[np.int64], Floats]:
    """Numbers of successes within reach of the mean, and their probabilities."""
    mode, reach = min(n, int((n + 1) * rate)), _WINDOW * sqrt(n * rate * (1 - rate)) + _WINDOW**2
    k = np.arange(max(0, int(mode - reach)), min(n, int(mode + reach)) + 1)
    with np.errstate(divide="ignore"):
        steps = np.log((n - k[:-1]) / (k[:-1] + 1)) + (np.log(rate) - np.log1p(-rate))
    at = mode - int(k[0])
    logs = np.concatenate([-np.cumsum(steps[:at][::-1])[::-1], [0.0], np.cumsum(steps[at:])])
    weights = np.exp(logs)
    return k, weights / weights.sum()
