"""The difference of two runs on the same items, from counts of pairs.

A pair is one item with both runs' outcome. Only pairs in which the runs differ say which run is better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, lcm, sqrt

import numpy as np

from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.quantiles import beta_share

_HALVINGS = 60
_MOST_STEPS, _MOST_SUMS = 50_000_000, 1_000_000
"""Additions, and possible sums, above which the exact distribution is not worked out."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs by outcome: a success in both runs, in the first only, in the second only, in neither."""

    both: int
    first: int
    second: int
    neither: int

    def __post_init__(self) -> None:
        if min(self.both, self.first, self.second, self.neither) < 0 or self.n < 1:
            raise ValueError("need counts of 0 or more, and one pair at least")

    @property
    def n(self) -> int:
        """Number of pairs."""
        return self.both + self.first + self.second + self.neither

    @property
    def difference(self) -> float:
        """Rate of the first run minus rate of the second."""
        return (self.first - self.second) / self.n


def mcnemar_exact(first: int, second: int) -> float:
    """Two-sided p of McNemar's exact test that both runs have the same rate.

    first, second: pairs in which only that run succeeded, 0 or more; ValueError otherwise. 1 when there are none.
    Source: McNemar 1947, Psychometrika 12:153; twice the smaller binomial tail, at most 1.
    """
    if min(first, second) < 0:
        raise ValueError(f"need counts of 0 or more, got {first} and {second}")
    n, few = first + second, min(first, second)
    return min(1.0, 2 * beta_share(0.5, n - few, few + 1)) if n else 1.0


def tango(pairs: Pairs, z: float = Z95) -> Interval:
    """Score interval of the difference of paired rates (first minus second).

    Source: Tango 1998, Stat. Med. 17:891.
    """
    return tango_at(pairs.first / pairs.n, pairs.second / pairs.n, pairs.n, z)


def tango_at(first: float, second: float, n: float, z: float) -> Interval:
    """Tango's interval from shares: first, second of n pairs, where n may be an effective one.

    first, second >= 0 with first + second <= 1 up to rounding; n, z positive and finite. ValueError otherwise.
    """
    if not (isfinite(n) and n > 0 and isfinite(z) and z > 0) or min(first, second) < 0 or first + second > 1 + 1e-9:
        raise ValueError(f"need shares of pairs and a positive n and z, got {first}, {second}, {n}, {z}")
    difference, wanted = first - second, z / sqrt(n)

    def beyond(delta: float) -> bool:
        """Whether the score test at `delta` rejects."""
        b = (2 - difference) * delta - first - second
        root = sqrt(max(0.0, b * b + 8 * second * delta * (1 - delta)))
        # The share of pairs `second` at the constrained maximum of the likelihood.
        share = (root - b) / 4
        variance = max(0.0, 2 * share + delta * (1 - delta))
        return abs(difference - delta) > wanted * sqrt(variance)

    return Interval(_edge(beyond, -1.0, difference), _edge(beyond, 1.0, difference))


def sign_flip_exact(differences: Sequence[Fraction]) -> float | None:
    """Two-sided p that the differences of independent clusters are as likely one way as the other.

    differences: one for each cluster (for instance its items' successes in the first run minus those in the second).
    The exact share of all 2^K ways to give them signs whose sum lies as far from 0 as the one seen; 1 without any that
    is not 0. With one pair for each cluster it is McNemar's exact test. None when working it out would take too long.
    Source: Fisher 1935, The Design of Experiments, §21.
    """
    scale = lcm(*(d.denominator for d in differences)) if differences else 1
    whole = [abs(int(d * scale)) for d in differences if d]
    seen, span = abs(int(sum(differences, Fraction(0)) * scale)), sum(whole)
    if span > _MOST_SUMS or span * len(whole) > _MOST_STEPS:
        return None
    # chances[s]: chance that those with a plus sign sum to s; the sum of all with their signs is then 2s - span.
    chances = np.zeros(span + 1)
    chances[0] = 1.0
    for size in whole:
        with_plus = chances[: span + 1 - size].copy()
        chances *= 0.5
        chances[size:] += 0.5 * with_plus
    extreme = np.abs(2 * np.arange(span + 1) - span) >= seen
    return min(1.0, float(chances[extreme].sum()))


def _edge(beyond: Callable[[float], bool], outer: float, inner: float) -> float:
    """Where the test begins to reject between the estimate (inner) and the end of the scale (outer)."""
    if not beyond(outer):
        return outer
    for _ in range(_HALVINGS):
        middle = (inner + outer) / 2
        inner, outer = (inner, middle) if beyond(middle) else (middle, outer)
    return (inner + outer) / 2
