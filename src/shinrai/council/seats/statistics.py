"""The statistics seat: is the sample large enough, is the interval right, and do failures survive multiplicity?

A leaf passes only when all of its decisive numbers pass (an intersection-union test, without correction). It fails
when any one of them fails, and with m of them one fails by chance more often: the failing number has to keep failing at
the level corrected for m (Bonferroni).

This seat sees no rows. It derives every interval from the counts that the evidence carries, as
docs/reference/table-checks.md and docs/reference/conversation-statistics.md say; a number that carries none, or
impossible ones, is a fault.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from shinrai.council.case import Case, Claim, Opinion, combine
from shinrai.council.seats import scenario_rates, units
from shinrai.council.seats.group_gaps import below_four_fifths, within_strata
from shinrai.council.seats.intervals import (
    absolute,
    decide,
    largest_difference,
    mean,
    simultaneous_z,
    smallest_ratio,
    wilson,
)
from shinrai.evaluate.measurement import GroupEstimate, Measurement, Outcome
from shinrai.language import Message, message
from shinrai_verify.council import INCONCLUSIVE

MIN_N = 30
"""Least n of a decisive number; it stands in the rubric."""
MIN_DENOMINATOR = 10
_TOLERANCE, _INTEGRATED = 1e-9, 1e-6
_INFORMING = "group_audit"
_SCALE_BITS = 46
_MISSING = "(missing)"

Bounds = tuple[float, float]


def opinion(case: Case, claim: Claim) -> Opinion:  # noqa: ARG001  (all seats are called alike)
    """Derive the intervals again from the counts in the evidence."""
    inspected = tuple(piece.logged.envelope.payload_sha256 for piece in claim.pieces)
    if claim.code.attestable:
        return Opinion(claim.claimed, message("Attested by a person; there is no number to examine."), inspected)
    for measurement in claim.decisive:
        fault = _fault(measurement, len(claim.decisive))
        if fault is not None:
            return Opinion(INCONCLUSIVE, fault, inspected)
    for informing in (piece.measurement for piece in claim.pieces):
        if informing is not None and informing.check == _INFORMING and not _follows(informing):
            fault = message("The interval of {id} does not follow from its counts.", id=informing.id)
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
    n = _cases(measurement)
    if n < MIN_N:
        return message("{id} rests on {n} cases; at least {least} are needed.", id=measurement.id, n=n, least=MIN_N)
    derived, corrected = _interval(measurement, 1), _interval(measurement, family)
    if derived is None or corrected is None or not _equal(derived, measurement):
        return message("The interval of {id} does not follow from its counts.", id=measurement.id)
    if measurement.outcome is Outcome.FAIL and decide(measurement.rule, *corrected) is not Outcome.FAIL:
        return message(
            "The failure of {id} is not beyond chance once {n} numbers were looked at.", id=measurement.id, n=family
        )
    return None


def _cases(measurement: Measurement) -> int:
    """Return how many cases a number rests on: rows, or clusters where rows belong together."""
    counts = measurement.counts
    if not units.carried(counts) or "scale_bits" in counts:
        return measurement.n
    found = [value for name, value in counts.items() if name == "units" or name.endswith(".units")]
    return min(measurement.n, sum(found))


def _follows(measurement: Measurement) -> bool:
    """Whether what a number that only informs says follows from its counts; without a value there is nothing to say."""
    if measurement.value is None:
        return True
    derived = _interval(measurement, 1)
    if derived is None or not _equal(derived, measurement):
        return False
    inside = measurement.metric.endswith(".adjusted_difference")
    value = measurement.counts["gap"] / measurement.counts["weight"] if inside else derived[0]
    return math.isclose(value, measurement.value, rel_tol=_INTEGRATED, abs_tol=_INTEGRATED)


def _equal(derived: Bounds, measurement: Measurement) -> bool:
    recorded = (measurement.low, measurement.high)
    looked_for = measurement.metric.endswith(".any_difference") and units.carried(measurement.counts)
    near = _INTEGRATED if looked_for or measurement.metric.endswith(".below_four_fifths") else _TOLERANCE
    return all(
        theirs is not None and math.isclose(mine, theirs, rel_tol=near, abs_tol=near)
        for mine, theirs in zip(derived, recorded, strict=True)
    )


def _interval(measurement: Measurement, family: int) -> Bounds | None:
    """Derive the interval at the level corrected for the family; None where the evidence does not carry what it takes.

    Evidence is not to be trusted: counts may be missing, negative, or more than their whole.
    """
    try:
        match measurement.check:
            case "performance":
                return _of_performance(measurement, family)
            case "group_fairness":
                return _of_rates(measurement, family)
            case "group_audit":
                return _of_audit(measurement, family)
            case "calibration":
                return _of_means(measurement, family)
            case "data_quality" | "personal_data":
                return _of_columns(measurement, family)
            case _:
                return _of_scenarios(measurement, family)
    except (KeyError, ValueError, ArithmeticError):
        return None


def _of_scenarios(measurement: Measurement, family: int) -> Bounds | None:
    """Return the interval of a conversation's rate, or of an imported one, from what came of each scenario."""
    found = scenario_rates.interval(measurement.counts, family)
    return None if found is None else (found.low, found.high)


def _of_performance(measurement: Measurement, family: int) -> Bounds | None:
    if measurement.metric == "auc":
        return _of_auc(measurement, family)
    if units.carried(measurement.counts):
        weighted = _weighted(measurement)
        found = units.rate(units.read(measurement.counts), weighted=weighted, family=family)
        return None if found is None else (found.low, found.high)
    tp, fp, fn, tn = (measurement.counts[name] for name in ("tp", "fp", "fn", "tn"))
    successes, trials = {
        "accuracy": (tp + tn, tp + fp + fn + tn),
        "selection_rate": (tp + fp, tp + fp + fn + tn),
        "tpr": (tp, tp + fn),
        "fpr": (fp, fp + tn),
        "ppv": (tp, tp + fp),
    }[measurement.metric]
    return _share(successes, trials, simultaneous_z(family))


def _of_auc(measurement: Measurement, family: int) -> Bounds:
    """Take the half width from the interval itself, value ± half cut to [0, 1]: its counts do not give the variance."""
    if measurement.value is None or measurement.low is None or measurement.high is None:
        raise ValueError("no interval to go by")
    half = max(measurement.value - measurement.low, measurement.high - measurement.value)
    half *= simultaneous_z(family) / simultaneous_z(1)
    return max(0.0, measurement.value - half), min(1.0, measurement.value + half)


def _weighted(measurement: Measurement) -> bool:
    """Whether the sums are of weights; ValueError where these are of an unknown unit."""
    if "scale_bits" not in measurement.counts:
        return False
    if measurement.counts["scale_bits"] != _SCALE_BITS:
        raise ValueError("sums of an unknown unit")
    return True


def _compared_units(measurement: Measurement) -> list[units.UnitSums]:
    """Return the sums of the levels that are compared; a clustered level has its number of rows as Σt."""
    weighted = _weighted(measurement)
    found = []
    for place, group in enumerate(measurement.groups):
        if _may_be_compared(group):
            sums = units.read(measurement.counts, f"{place}.")
            rows = sums.units if weighted else sums.t
            if rows >= MIN_DENOMINATOR and units.rate(sums, weighted=weighted) is not None:
                found.append(sums)
    return found


def _of_units(measurement: Measurement, family: int) -> Bounds | None:
    compared, weighted = _compared_units(measurement), _weighted(measurement)
    if len(compared) < 2:
        raise ValueError("fewer than two levels to compare")
    level = math.comb(len(compared), 2) * family
    rates = [each for sums in compared if (each := units.rate(sums, weighted=weighted, family=level)) is not None]
    if measurement.metric.endswith(".difference"):
        return units.largest_difference(rates)
    return units.smallest_ratio(rates)


def _of_rates(measurement: Measurement, family: int) -> Bounds | None:
    if units.carried(measurement.counts):
        return _of_units(measurement, family)
    compared = [
        (group.successes or 0, group.trials or 0)
        for group in measurement.groups
        if _may_be_compared(group) and _enough(group)
    ]
    successes, trials = zip(*compared, strict=True)
    if measurement.metric.endswith(".difference"):
        return largest_difference(successes, trials, family)
    return smallest_ratio(successes, trials, family)


def _of_audit(measurement: Measurement, family: int) -> Bounds:
    counts = measurement.counts
    if measurement.metric.endswith(".any_difference"):
        if units.carried(counts):
            share = units.any_difference(_compared_units(measurement), weighted=_weighted(measurement))
            return share, share
        if not 0 <= counts["far"] <= counts["draws"]:
            raise ValueError("more draws than were made")
        share = (counts["far"] + 1) / (counts["draws"] + 1)
        return share, share
    compared = [group for group in measurement.groups if _may_be_compared(group) and _enough(group)]
    if measurement.metric.endswith(".below_four_fifths"):
        low, high = (measurement.groups[counts[name]] for name in ("lowest", "highest"))
        if low not in compared or high not in compared:
            raise ValueError("a group that is not compared")
        share = below_four_fifths((low.successes or 0, low.trials or 0), (high.successes or 0, high.trials or 0))
        return share, share
    if counts["scale_bits"] != _SCALE_BITS:
        raise ValueError("sums of an unknown unit")
    z = simultaneous_z(math.comb(len(compared), 2) * family)
    return within_strata(counts["weight"], counts["gap"], counts["lean"], counts["size"], z)[1]


def _of_means(measurement: Measurement, family: int) -> Bounds:
    counts = measurement.counts
    if counts["scale_bits"] != _SCALE_BITS:
        raise ValueError("sums of an unknown unit")
    if measurement.metric == "brier":
        return _mean("", measurement, simultaneous_z(family))
    places = [""] if not measurement.groups else _compared_means(measurement)
    z = simultaneous_z(len(places) * family)
    sizes = [tuple(map(float, absolute(*_mean(place, measurement, z)))) for place in places]
    return max(low for low, _ in sizes), max(high for _, high in sizes)


def _compared_means(measurement: Measurement) -> Sequence[str]:
    """Return what the counts of the compared levels begin with."""
    return [
        f"{place}."
        for place, group in enumerate(measurement.groups)
        if _may_be_compared(group) and measurement.counts[f"{place}.rows"] >= MIN_DENOMINATOR
    ]


def _mean(prefix: str, measurement: Measurement, z: float) -> Bounds:
    rows, total, squares = (measurement.counts[prefix + name] for name in ("rows", "sum", "squares"))
    around = Fraction(squares * rows - total * total, rows << (2 * _SCALE_BITS))
    if around < 0:
        raise ValueError("squares add up to less than their mean allows")
    low, high = mean(float(Fraction(total, rows << _SCALE_BITS)), float(around), rows, z)
    return float(low), float(high)


def _of_columns(measurement: Measurement, family: int) -> Bounds:
    counts = measurement.counts
    if measurement.metric == "missing":
        gone = [counts[f"missing.{place}"] for place in range(len(measurement.columns))]
        return _share(max(gone), measurement.n, simultaneous_z(len(gone) * family))
    if measurement.metric == "duplicates":
        return _share(counts["duplicates"], counts["rows"], simultaneous_z(family))
    # All columns were looked at: a count without sampling has no error to widen.
    share = counts["found"] / counts["columns"]
    return share, share


def _share(successes: int, trials: int, z: float) -> Bounds:
    low, high = wilson(successes, trials, z)
    return float(low), float(high)


def _enough(group: GroupEstimate) -> bool:
    return (group.trials or 0) >= MIN_DENOMINATOR


def _may_be_compared(group: GroupEstimate) -> bool:
    return not group.suppressed and _MISSING not in group.levels
