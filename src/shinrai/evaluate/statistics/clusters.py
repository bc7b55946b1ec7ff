"""A rate over clusters of rows, from sums over the clusters: several rows of a person or household are not independent.

Five sums are enough for the variance that the spread between clusters shows, so that no list of clusters has to leave
the data. What they do not hold (how many clusters have the rarer outcome, each cluster's own pull on the rate) is
replaced by what errs towards a wider interval.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Protocol

from shinrai.evaluate.statistics.clustered import RateSpread
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.undefined import Undefined


class Sums(Protocol):
    """Clusters with t > 0 trials of which s are successes: their number, Σs, Σt, Σs², Σst, Σt²."""

    @property
    def clusters(self) -> int:
        """Clusters with t > 0."""

    @property
    def s(self) -> int:
        """Σs."""

    @property
    def t(self) -> int:
        """Σt."""

    @property
    def ss(self) -> int:
        """Σs²."""

    @property
    def st(self) -> int:
        """Σst."""

    @property
    def tt(self) -> int:
        """Σt²."""


@dataclass(frozen=True, slots=True)
class LinearisedRate:
    """A rate whose rows are clustered or weighted.

    interval: at LEVEL. n: rows. units: clusters, or rows where they are weighted. effective_n: the number of
    independent rows of equal weight that would say as much; design_effect: n / effective_n, at least 1. df: degrees of
    freedom of Student's t.
    """

    value: float
    interval: Interval
    n: int
    units: int
    effective_n: float
    design_effect: float
    df: float
    spread: RateSpread

    def at(self, level: float = LEVEL) -> Interval:
        """Return the interval at a level."""
        return self.spread.at(level)


def clustered_rate(sums: Sums) -> LinearisedRate | Undefined:
    """Σs / Σt with an interval that holds for rows that come in clusters.

    Wilson's interval at the effective n, with Student's t. Where each cluster has one row it is Wilson's. Undefined
    without rows (NO_ROWS) or with one cluster (SINGLE_CLUSTER); ValueError for sums that no clusters can have.
    Sources: Dean, Pagano 2015, J. Surv. Stat. Methodol. 3:484; Fay, Graubard 2001, Biometrics 57:1198 (few clusters);
    the variance is clustered.robust_variance with each cluster's share of the rows replaced by their mean over rows,
    Σt²/(Σt)², which is exact for clusters of one size, and the degrees of freedom are (Σt)²/Σt² - 1.
    """
    if not (0 <= sums.s <= sums.t and 0 <= sums.ss <= sums.st <= sums.tt <= sums.t**2 and sums.s <= sums.ss):
        raise ValueError("no clusters have these sums")
    if sums.t == 0:
        return Undefined.NO_ROWS
    if sums.clusters == 1:
        return Undefined.SINGLE_CLUSTER
    if sums.tt == sums.t:
        return _rate(sums.t, sums.clusters, RateSpread(sums.s / sums.t, sums.t, sums.t, 0, inf))
    return _rate(sums.t, sums.clusters, linearised(sums.t, sums.s, sums.t, sums.ss, sums.st, sums.tt))


def linearised(n: int, s: int, t: int, ss: int, st: int, tt: int) -> RateSpread:
    """Spread of s / t over at least two units; n: rows, which the effective n does not exceed.

    s, t, ss, st, tt: Σs, Σt, Σs², Σst, Σt² over the units, whole numbers of any unit of measure and of its square.
    """
    rate, worst = s / t, Fraction(t * t, tt)
    # Σ(s - rate·t)² / t², raised by 1 / (1 - mean share).
    variance = Fraction(ss * t * t - 2 * s * t * st + s * s * tt, t * t * (t * t - tt))
    # Kish's effective numbers of units with a success and with a failure: never above the numbers themselves.
    with_success = Fraction(s * s, ss) if ss else Fraction(0)
    f, ff = t - s, tt - 2 * st + ss
    with_failure = Fraction(f * f, ff) if ff else Fraction(0)
    seen = int(min(with_success, with_failure))
    observed = min(float(n), float(Fraction(s * (t - s), t * t) / variance)) if variance else float(n)
    bound = min(float(n), float(worst))
    return RateSpread(rate, observed if seen else bound, bound, seen, max(1.0, float(worst) - 1))


def _rate(n: int, units: int, spread: RateSpread) -> LinearisedRate:
    effective = spread.effective_n()
    return LinearisedRate(spread.value, spread.at(), n, units, effective, n / effective, spread.df, spread)
