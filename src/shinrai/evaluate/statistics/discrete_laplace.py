"""Noise that protects counts, drawn exactly, and intervals that take it into account.

Noise from floating-point arithmetic gives away what it is to hide by the bits it can never have (Mironov 2012, CCS).
Here every draw is a comparison of whole numbers from the operating system's secure source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log, sqrt
from secrets import randbelow

from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.quantiles import normal_quantile
from shinrai.evaluate.statistics.undefined import Undefined

Below = Callable[[int], int]
"""Source of chance: a whole number from 0 to n - 1, each equally likely."""


def discrete_laplace(epsilon: Fraction, below: Below = randbelow) -> int:
    """Draw a whole number x with probability proportional to exp(-epsilon·|x|), exactly.

    epsilon: above 0, ValueError otherwise; for a count that one person changes by at most d, epsilon-differential
    privacy takes epsilon/d here. below: another source of chance is for tests only.
    Source: Canonne, Kamath, Steinke 2020, NeurIPS, arXiv:2004.00010, algorithms 1 and 2.
    """
    if epsilon <= 0:
        raise ValueError(f"need an epsilon above 0, got {epsilon}")
    s, t = epsilon.numerator, epsilon.denominator
    while True:
        rest = below(t)
        if not _happens_exp(Fraction(rest, t), below):
            continue
        whole = 0
        while _happens_exp(Fraction(1), below):
            whole += 1
        size, negative = (rest + t * whole) // s, below(2) == 1
        # Zero has one sign only; without this it would come up twice as often.
        if not (negative and size == 0):
            return -size if negative else size


def noise_variance(epsilon: float) -> float:
    """Variance of discrete_laplace(epsilon)."""
    return 2 * exp(-epsilon) / (1 - exp(-epsilon)) ** 2


def noise_beyond(epsilon: float, size: int) -> float:
    """P(|x| >= size) of discrete_laplace(epsilon); size >= 1."""
    return 2 * exp(-epsilon * size) / (1 + exp(-epsilon))


@dataclass(frozen=True, slots=True)
class NoisyRate:
    """A rate from noisy counts.

    successes, failures: as released; each is the sum of so many counts that had noise of its own (success_cells,
    failure_cells), of this variance each.
    """

    successes: int
    failures: int
    success_cells: int
    failure_cells: int
    variance: float

    @property
    def n(self) -> int:
        """Noisy number of rows."""
        return self.successes + self.failures

    @property
    def value(self) -> float:
        """The rate, cut to [0, 1]."""
        return min(1.0, max(0.0, self.successes / self.n))

    def at(self, level: float = LEVEL) -> Interval:
        """Return the interval at a level: chance among the rows and noise together.

        Rates p that the score test does not reject. successes·(1 - p) - failures·p has mean 0 at the true p whatever n
        is, and variance n·p·(1 - p) + variance·(success_cells·(1 - p)² + failure_cells·p²). Without noise this is
        Wilson's interval. Where noise prevails the quantile is Laplace's. Successes below 0 or above n are taken as 0
        and n, which rejects fewer rates. [0, 1] where the noise rejects none.
        """
        n = float(self.n)
        s, p = min(n, max(0.0, float(self.successes))), (self.value * n + 0.5) / (n + 1)
        up, down = self.variance * self.success_cells, self.variance * self.failure_cells
        noise, chance = up * (1 - p) ** 2 + down * p**2, n * p * (1 - p)
        heavy = max(normal_quantile(level), -log(1 - level) / sqrt(2))
        zz = (chance * normal_quantile(level) ** 2 + noise * heavy**2) / (chance + noise)
        square, linear, constant = n * n + zz * (n - up - down), 2 * s * n + zz * (n - 2 * up), s * s - zz * up
        if square <= 0:
            return Interval(0.0, 1.0)
        root = sqrt(max(0.0, linear**2 - 4 * square * constant))
        low, high = (linear - root) / (2 * square), (linear + root) / (2 * square)
        return Interval(min(self.value, max(0.0, low)), max(self.value, min(1.0, high)))


def noisy_rate(
    successes: int, failures: int, *, epsilon: float, success_cells: int = 1, failure_cells: int = 1
) -> NoisyRate | Undefined:
    """Return a rate of released counts, which may be below 0; undefined where they sum to 0 or less (ONLY_NOISE).

    epsilon: of discrete_laplace, above 0; cells at least 0; ValueError otherwise.
    """
    if epsilon <= 0 or min(success_cells, failure_cells) < 0:
        raise ValueError("need an epsilon above 0 and numbers of cells of 0 or more")
    if successes + failures <= 0:
        return Undefined.ONLY_NOISE
    return NoisyRate(successes, failures, success_cells, failure_cells, noise_variance(epsilon))


def _happens_exp(size: Fraction, below: Below) -> bool:
    """Happens with probability exp(-size), 0 <= size <= 1."""
    k = 1
    while below(size.denominator * k) < size.numerator:
        k += 1
    return k % 2 == 1
