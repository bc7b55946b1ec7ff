"""Decisions on the bound of an interval, and how many rows a decision would take."""

from collections.abc import Callable

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.interval import Interval

MOST_ROWS = 10**9
"""Above this, "measure more rows" is no advice."""

# Rates that meet the limit as fractions can differ from it in the last bits: 4/5 is not 0.8 in binary.
_ON_THE_LIMIT = 1e-12


def decide(interval: Interval, rule: Rule) -> Outcome:
    """PASS when the whole interval lies on the right side of the limit, FAIL when none of it does."""
    if rule.comparison is Comparison.AT_MOST:
        passes, fails = interval.high <= rule.limit, interval.low > rule.limit
    else:
        passes, fails = interval.low >= rule.limit, interval.high < rule.limit
    if passes:
        return Outcome.PASS
    return Outcome.FAIL if fails else Outcome.INCONCLUSIVE


def needed_n(n: int, value: float, at: Callable[[int], Interval], rule: Rule) -> int | None:
    """Rows at which the same rates would decide: the smallest multiple k·n for which `at(k)` decides.

    n: rows of the present measurement, at least 1, which do not decide. at: the interval when every count is k times
    what it is. None when the value lies on the limit or more than MOST_ROWS would be needed.
    """
    most = MOST_ROWS // n
    if abs(value - rule.limit) <= _ON_THE_LIMIT:
        return None

    def decides(k: int) -> bool:
        return decide(at(k), rule) is not Outcome.INCONCLUSIVE

    short, enough = 1, 2
    while enough <= most and not decides(enough):
        short, enough = enough, enough * 2
    if enough > most and (short >= most or not decides(most)):
        return None
    enough = min(enough, most)
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if decides(middle) else (middle, enough)
    return enough * n
