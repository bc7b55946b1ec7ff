"""The statistics seat: is the sample large enough, is the interval right, and do failures survive multiplicity?

A leaf passes only when all of its decisive numbers pass (an intersection-union test, without correction). It fails
when any one of them fails, and with m of them one fails by chance more often: the failing number has to keep failing at
the level corrected for m (Bonferroni).
"""

import math

from shinrai.council.case import Case, Claim, Opinion, combine
from shinrai.council.seats.intervals import decide, largest_difference, simultaneous_z, smallest_ratio, wilson
from shinrai.evaluate.measurement import Comparison, GroupEstimate, Measurement, Outcome
from shinrai.language import Message, message
from shinrai_verify.council import INCONCLUSIVE

MIN_N = 30
"""Least n of a decisive number; it stands in the rubric."""
MIN_DENOMINATOR = 10
_TOLERANCE = 1e-6


def opinion(case: Case, claim: Claim) -> Opinion:  # noqa: ARG001  (all seats are called alike)
    """Derive the intervals again from the counts in the evidence."""
    inspected = tuple(piece.logged.envelope.payload_sha256 for piece in claim.pieces)
    if claim.code.attestable:
        return Opinion(claim.claimed, message("Attested by a person; there is no number to examine."), inspected)
    for measurement in claim.decisive:
        fault = _fault(measurement, len(claim.decisive))
        if fault is not None:
            return Opinion(INCONCLUSIVE, fault, inspected)
    outcomes = [measurement.outcome for measurement in claim.decisive]
    reason = message(
        "{n} decisive numbers, each from at least {least} cases: intervals derived again, failures corrected.",
        n=len(outcomes),
        least=min((m.n for m in claim.decisive), default=0),
    )
    return Opinion(combine(outcomes), reason, inspected)


def _fault(measurement: Measurement, family: int) -> Message | None:
    if measurement.outcome not in (Outcome.PASS, Outcome.FAIL):
        return None
    if measurement.n < MIN_N:
        return message(
            "{id} rests on {n} cases; at least {least} are needed.", id=measurement.id, n=measurement.n, least=MIN_N
        )
    derived = _interval(measurement, 1)
    if derived is not None and not _equal(derived, measurement):
        return message("The interval of {id} does not follow from its counts.", id=measurement.id)
    if measurement.outcome is Outcome.FAIL:
        low, high = _interval(measurement, family) or _widened(measurement, family)
        if decide(measurement.rule, low, high) is not Outcome.FAIL:
            return message(
                "The failure of {id} is not beyond chance once {n} numbers were looked at.", id=measurement.id, n=family
            )
    return None


def _equal(derived: tuple[float, float], measurement: Measurement) -> bool:
    return (
        measurement.low is not None
        and measurement.high is not None
        and math.isclose(derived[0], measurement.low, abs_tol=_TOLERANCE)
        and math.isclose(derived[1], measurement.high, abs_tol=_TOLERANCE)
    )


def _compared(measurement: Measurement) -> list[tuple[int, int]]:
    return [
        (group.successes, group.trials)
        for group in measurement.groups
        if _is_compared(group) and group.successes is not None and group.trials is not None
    ]


def _is_compared(group: GroupEstimate) -> bool:
    return (
        not group.suppressed
        and group.trials is not None
        and group.trials >= MIN_DENOMINATOR
        and "(missing)" not in group.levels
    )


def _interval(measurement: Measurement, family: int) -> tuple[float, float] | None:
    """Derive the interval from counts at the level corrected for the family; None where there are no counts."""
    counts = _compared(measurement)
    if measurement.check == "group_fairness" and len(counts) > 1:
        successes, trials = zip(*counts, strict=True)
        if measurement.metric.endswith(".difference"):
            return largest_difference(successes, trials, family)
        return smallest_ratio(successes, trials, family)
    if {"successes", "trials"} <= set(measurement.counts):
        low, high = wilson([measurement.counts["successes"]], [measurement.counts["trials"]], simultaneous_z(family))
        return float(low[0]), float(high[0])
    return None


def _widened(measurement: Measurement, family: int) -> tuple[float, float]:
    """Widen a symmetric interval to the corrected level, for numbers that carry no counts."""
    low, high = measurement.low or 0.0, measurement.high or 0.0
    if low == high:
        return low, high
    centre, half = (low + high) / 2, (high - low) / 2 * simultaneous_z(family) / simultaneous_z(1)
    floor = 0.0 if measurement.rule is not None and measurement.rule.comparison is Comparison.AT_MOST else -math.inf
    return max(floor, centre - half), centre + half
