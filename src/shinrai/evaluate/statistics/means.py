"""Means of quantities that were summed as whole numbers, so that the sum does not depend on the order of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.interval import Interval, simultaneous_z


@dataclass(frozen=True, slots=True)
class Sums:
    """n values as whole multiples of 1/scale: their sum and the sum of their squares."""

    n: int
    total: int
    squares: int
    scale: int

    @property
    def mean(self) -> float:
        """Mean of the values; n >= 1."""
        return float(Fraction(self.total, self.n * self.scale))


def mean_interval(sums: Sums, z: float) -> Interval:
    """Mean ± z·s/√n, s with n - 1. n >= 2; ValueError otherwise."""
    if sums.n < 2:
        raise ValueError(f"need at least two values, got {sums.n}")
    variance = Fraction(sums.squares * sums.n - sums.total**2, sums.n * (sums.n - 1) * sums.scale**2)
    half = z * sqrt(variance / sums.n)
    return Interval(sums.mean - half, sums.mean + half)


def mean_gap(groups: Sequence[Sums]) -> Gap:
    """Largest absolute mean over groups, [largest low, largest high] of the groups' |mean|, simultaneous over them.

    groups: at least one, each of n >= 2; ValueError otherwise.
    """
    z = simultaneous_z(len(groups))
    sizes = [mean_interval(sums, z).magnitude() for sums in groups]
    value = max(abs(sums.mean) for sums in groups)
    return Gap(value, Interval(max(size.low for size in sizes), max(size.high for size in sizes)))
