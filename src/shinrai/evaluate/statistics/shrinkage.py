"""Rates of many small groups, drawn towards their common mean as far as the groups are alike.

The largest of a thousand rates is large mostly by luck. Groups whose rates are not known well are moved towards the
mean of all by as much as the spread of all rates says that such luck explains.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.beta import beta_quantile, log_gamma
from shinrai.evaluate.statistics.interval import LEVEL

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]

_GRID = 40


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Rates of those asked for drawn to the mean of all, in the order given, with low and high of their intervals.

    mean: of the groups' true rates. strength: of how many rows the common mean is worth to each group; large where the
    groups are alike.
    """

    values: Floats
    low: Floats
    high: Floats
    mean: float
    strength: float


def shrink(successes: Whole, trials: Whole, *, level: float = LEVEL, places: Whole | None = None) -> Shrunk:
    """Shrink the rates of at least two groups by a beta-binomial model; only those at `places` are returned, if given.

    0 <= successes <= trials, trials >= 1, 0 < level < 1; ValueError otherwise. True rates have a beta distribution
    with mean μ and strength M. μ is estimated for each M; M is averaged over, M/(M + typical trials) being even between
    0 and 1 beforehand. The interval is that of the beta distribution with the mean and variance of the posterior, the
    errors of μ and M included. Over the groups together it holds at `level`, and with fewer than ten groups at two or
    three points below. Sources: Kleinman 1973, JASA 68:46 (estimate of μ); Daniels 1999, Can. J. Stat. 27:567 (prior of
    M); Christiansen, Morris 1997, JASA 92:618 (moments of the posterior).
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if len(x) < 2 or len(x) != len(n) or (n < 1).any() or (x < 0).any() or (x > n).any():
        raise ValueError("need at least two groups, 0 <= successes <= trials and trials >= 1 in each")
    if not 0 < level < 1:
        raise ValueError(f"need a level between 0 and 1, got {level}")
    typical = float(len(n) / (1 / n).sum())
    even = (np.arange(_GRID) + 0.5) / _GRID
    strengths = typical * even / (1 - even)
    means = [_mean(x, n, strength, typical) for strength in strengths]
    errors = [
        float(mean * (1 - mean) / (n * (strength + 1) / (n + strength)).sum())
        for strength, mean in zip(strengths, means, strict=True)
    ]
    # Where the mean is known less well, more means fit: the likelihood is that of all of them.
    logs = np.array([_log_likelihood(x, n, *each) for each in zip(strengths, means, strict=True)]) + np.log(errors) / 2
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    if places is not None:
        x, n = x[places], n[places]
    first, second = np.zeros_like(x), np.zeros_like(x)
    for weight, strength, mean, error in zip(weights, strengths, means, errors, strict=True):
        centre = (x + strength * mean) / (n + strength)
        spread = centre * (1 - centre) / (n + strength + 1) + (strength / (n + strength)) ** 2 * error
        first += weight * centre
        second += weight * (spread + centre**2)
    variance = np.maximum(second - first**2, 1e-300)
    size = np.maximum(first * (1 - first) / variance - 1, 1.0)
    tail = (1 - level) / 2
    low, high = beta_quantile(np.array([[tail], [1 - tail]]), first * size, (1 - first) * size)
    return Shrunk(
        first,
        np.minimum(low, first),
        np.maximum(high, first),
        float((weights * means).sum()),
        float((weights * strengths).sum()),
    )


def _mean(x: Floats, n: Floats, strength: float, typical: float) -> float:
    """Mean of the true rates at a strength; half a success of one row more, so that it is never 0 or 1."""
    weight = n / (n + strength)
    return float(((weight * x / n).sum() + 0.5 / typical) / (weight.sum() + 1 / typical))


def _log_likelihood(x: Floats, n: Floats, strength: float, mean: float) -> float:
    a, b = strength * mean, strength * (1 - mean)
    each = log_gamma(x + a) + log_gamma(n - x + b) - log_gamma(n + strength)
    none = log_gamma(strength) - log_gamma(a) - log_gamma(b)
    return float(each.sum() + len(x) * none)
