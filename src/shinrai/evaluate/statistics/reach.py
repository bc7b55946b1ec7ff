"""From an interval to a p: the largest level at which the interval still says something."""

from collections.abc import Callable
from math import exp, log

from shinrai.evaluate.statistics.interval import Interval

SMALLEST = 1e-12
"""No p below this is told apart from it."""

_LARGEST = 1 - 1e-6
_HALVINGS = 50


def first_level(at: Callable[[float], Interval], says: Callable[[Interval], bool]) -> float:
    """Return the smallest p for which the interval at level 1 - p says so; 1 when none does, SMALLEST at least.

    at: the interval at a level, wider for a higher one. This is the two-sided p of the test that the interval inverts.
    """
    if not says(at(1 - _LARGEST)):
        return 1.0
    if says(at(1 - SMALLEST)):
        return SMALLEST
    low, high = log(SMALLEST), log(_LARGEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if says(at(1 - exp(middle))) else (middle, high)
    return exp(high)
