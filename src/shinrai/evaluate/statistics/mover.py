"""Differences and ratios of rates that carry intervals of their own: clustered, weighted, noisy ones.

The distance of each rate from its own limits stands for its error on that side, so that the interval of a difference is
as lopsided as those of its parts (method of variance estimates recovery). The rates are taken as independent; groups
that share clusters rise and fall together, and then their difference varies less than is said here.
"""

from collections.abc import Sequence
from itertools import combinations
from math import hypot, inf, sqrt
from typing import Protocol

from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.undefined import Undefined


class Rate(Protocol):
    """A rate in [0, 1] with an interval at any level."""

    @property
    def value(self) -> float:
        """The rate."""

    def at(self, level: float = LEVEL) -> Interval:
        """Return the interval at a level; it holds the value."""


def difference(first: Rate, second: Rate, level: float = LEVEL) -> Gap:
    """First rate minus second. Source: Zou, Donner 2008, Stat. Med. 27:1693."""
    p, q, one, two = first.value, second.value, first.at(level), second.at(level)
    return Gap(p - q, Interval(p - q - hypot(p - one.low, two.high - q), p - q + hypot(one.high - p, q - two.low)))


def ratio(first: Rate, second: Rate, level: float = LEVEL) -> Gap | Undefined:
    """First rate over second, undefined where the second is 0; high is infinite where the second may be 0.

    Source: Donner, Zou 2012, Stat. Methods Med. Res. 21:347; its roots are turned over so that nothing is divided by 0.
    """
    p, q, one, two = first.value, second.value, first.at(level), second.at(level)
    if q == 0:
        return Undefined.ZERO_BASE
    product = p * q
    low_part, high_part = one.low * (2 * p - one.low), one.high * (2 * p - one.high)
    low_base, high_base = two.low * (2 * q - two.low), two.high * (2 * q - two.high)
    least = product + sqrt(max(0.0, product**2 - low_part * high_base))
    most = product + sqrt(max(0.0, product**2 - high_part * low_base))
    low = low_part / least if least > 0 else 0.0
    high = most / low_base if low_base > 0 else inf
    return Gap(p / q, Interval(min(low, p / q), max(high, p / q)))


def largest_difference(rates: Sequence[Rate], level: float = LEVEL) -> Gap:
    """Largest rate minus smallest; every pair at Bonferroni's level, [largest low, largest high] of |difference|.

    rates: at least two; ValueError otherwise.
    """
    each = _together(len(rates), level)
    gaps = [difference(first, second, each) for first, second in combinations(rates, 2)]
    sizes = [gap.interval.magnitude() for gap in gaps]
    value = max(abs(gap.value) for gap in gaps)
    return Gap(value, Interval(max(size.low for size in sizes), max(size.high for size in sizes)))


def smallest_ratio(rates: Sequence[Rate], level: float = LEVEL) -> Gap | Undefined:
    """Smallest rate over largest; every ordered pair at Bonferroni's level, [smallest low, smallest high], cut to 1.

    rates: at least two; ValueError otherwise. Undefined where all are 0.
    """
    each = _together(len(rates), level)
    pairs = [ratio(*pair, each) for one, two in combinations(rates, 2) for pair in ((one, two), (two, one))]
    gaps = [gap for gap in pairs if isinstance(gap, Gap)]
    if not gaps:
        return Undefined.ALL_ZERO
    lows, highs = min(gap.interval.low for gap in gaps), min(gap.interval.high for gap in gaps)
    return Gap(min(gap.value for gap in gaps), Interval(min(1.0, lows), min(1.0, highs)))


def _together(rates: int, level: float) -> float:
    if rates < 2:
        raise ValueError(f"need at least two rates, got {rates}")
    return 1 - (1 - level) / (rates * (rates - 1) / 2)
