"""Interval and decision of a number that stands on scenarios, whichever of its three forms the counts have.

A rate (`clusters`), a rate that a judge's errors are taken out of (`judged_rates`), or a mean (`clustered_sums`).
"""

from collections.abc import Mapping

from shinrai.council.seats import clustered_sums, clusters, judged_rates
from shinrai.council.seats.clusters import Rate, closed, scenarios
from shinrai.council.seats.intervals import decide
from shinrai.evaluate.measurement import Outcome, Rule


def interval(counts: Mapping[str, int], family: int = 1) -> Rate | None:
    """Return value and interval; None where there is none. ValueError or KeyError where the counts are impossible."""
    if clustered_sums.has_sums(counts):
        return clustered_sums.mean_rate(counts, family)
    return _rate(counts, scenarios(counts), family)


def outcome(counts: Mapping[str, int], rule: Rule | None, low: float | None, high: float | None) -> Outcome:
    """Return what a rule comes to: the interval decides, unless what is open could turn the decision."""
    if clustered_sums.has_sums(counts):
        return clustered_sums.outcome(counts, rule, low, high)
    if judged_rates.is_judged(counts) and not judged_rates.is_calibrated(counts):
        return Outcome.INCONCLUSIVE
    found = decide(rule, low, high)
    known = scenarios(counts)
    if found not in (Outcome.PASS, Outcome.FAIL) or not any(each.open for each, _ in known):
        return found
    for good in (True, False):
        end = _rate(counts, closed(known, good=good), 1)
        if end is None or decide(rule, end.low, end.high) is not found:
            return Outcome.INCONCLUSIVE
    return found


def _rate(counts: Mapping[str, int], known: list[tuple[clusters.Scenario, int]], family: int) -> Rate | None:
    seen = clusters.rate(known, family)
    if seen is None or not judged_rates.is_judged(counts) or not judged_rates.is_calibrated(counts):
        return seen
    return judged_rates.corrected(seen, counts, family)
