"""The closed interval and the normal quantiles that every estimator here uses."""

from dataclasses import dataclass
from statistics import NormalDist

LEVEL = 0.95
"""Confidence level of every interval, and of a set of simultaneous ones together."""

_ALPHA = 0.05
Z95 = NormalDist().inv_cdf(1 - _ALPHA / 2)
"""Two-sided normal quantile at LEVEL: 1.959963984540054."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval, low <= high, in the unit of the estimate. high may be infinite for a ratio."""

    low: float
    high: float

    def magnitude(self) -> "Interval":
        """Return what the interval of x says about |x|: low 0 when it holds 0."""
        sizes = abs(self.low), abs(self.high)
        return Interval(0.0 if self.low <= 0.0 <= self.high else min(sizes), max(sizes))


def simultaneous_z(comparisons: int) -> float:
    """Two-sided normal quantile at which `comparisons` intervals hold together with LEVEL (Bonferroni).

    comparisons: at least 1; ValueError otherwise. One comparison gives Z95.
    """
    if comparisons < 1:
        raise ValueError(f"need at least one comparison, got {comparisons}")
    return NormalDist().inv_cdf(1 - _ALPHA / (2 * comparisons))
