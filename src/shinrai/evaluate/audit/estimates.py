"""A number with what is needed to compare it: its exact value, n, and its interval at any level."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt
from statistics import NormalDist

from shinrai.evaluate.statistics.interval import LEVEL, Z95, Interval
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.language import Message


@dataclass(frozen=True, slots=True)
class Number:
    """What an audit prints: a value with n, interval and method, or no value and the reason.

    exact: the value as a fraction, None where it is no ratio of counts. n: rows that count towards the value.
    bound: how far bins can have moved the value, None where there are none.
    """

    value: float | None
    n: int
    interval: Interval | None = None
    method: str = ""
    exact: Fraction | None = None
    reason: Message | None = None
    bound: float | None = None

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def __float__(self) -> float:
        """Return the value; ValueError with the reason where it is undefined."""
        if self.value is None:
            raise ValueError(f"undefined: {self.reason}")
        return self.value


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number of one group, ready to be compared with that of another.

    bounds: its interval for a normal quantile, None where it has none (method says why). counts: (successes, trials)
    where it is a plain share of rows. bound: as in Number.
    """

    value: float
    n: int
    bounds: Callable[[float], Interval] | None
    method: str
    exact: Fraction | None = None
    counts: tuple[int, int] | None = None
    bound: float | None = None

    def number(self) -> Number:
        """Return it with its interval at LEVEL."""
        interval = None if self.bounds is None else self.bounds(Z95)
        return Number(self.value, self.n, interval, self.method, self.exact, bound=self.bound)

    def times(self, k: int) -> "Estimate":
        """Return the same number of k times as many rows."""
        if self.counts is not None:
            return share(self.counts[0] * k, self.counts[1] * k)
        value, bounds, narrower = self.value, self.bounds, 1 / sqrt(k)
        if bounds is None:
            return replace(self, n=self.n * k)

        def narrowed(z: float) -> Interval:
            wide = bounds(z)
            return Interval(value - (value - wide.low) * narrower, value + (wide.high - value) * narrower)

        return replace(self, n=self.n * k, bounds=narrowed)


def share(successes: int, trials: int) -> Estimate:
    """Return a share of rows with Wilson's interval; trials >= 1."""
    exact = Fraction(successes, trials)
    return Estimate(
        float(exact), trials, lambda z: wilson(successes, trials, z), "Wilson 1927", exact, (successes, trials)
    )


def undefined(reason: Message, n: int = 0) -> Number:
    """Return a number without a value."""
    return Number(None, n, reason=reason)


def quantile(level: float = LEVEL, comparisons: int = 1) -> float:
    """Return the two-sided normal quantile at which `comparisons` intervals hold together with `level`."""
    return -NormalDist().inv_cdf((1 - level) / (2 * comparisons))
