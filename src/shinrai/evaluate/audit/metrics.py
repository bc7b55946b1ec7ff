"""The rates of a decision and what is made of them, for one group: which counts, which interval, when undefined.

Each metric is a function of a tally. A metric whose denominator is empty has no value: a reason stands in its place.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from math import atanh, sqrt, tanh

from shinrai.evaluate.audit.estimates import Estimate, share
from shinrai.evaluate.audit.tally import Group, Tally
from shinrai.evaluate.measurement import Comparison
from shinrai.evaluate.statistics.clusters import clustered_rate
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.statistics.weighted import WeightSums, weighted_rate
from shinrai.language import Message, message


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of rows. part, whole: of a tally. empty: why there is no value when whole is 0."""

    name: str
    title: Message
    part: Callable[[Tally], int]
    whole: Callable[[Tally], int]
    empty: Message
    better: Comparison
    labelled: bool = True


_NO_POSITIVE = message("No row with a prediction has the favourable label.")
_NO_NEGATIVE = message("Every row with a prediction has the favourable label.")
_NONE_SELECTED = message("No row with a label was given the favourable prediction.")
_ALL_SELECTED = message("Every row with a label was given the favourable prediction.")
_NONE_DECIDED = message("No row has both label and prediction.")

RATES: Mapping[str, Rate] = {
    rate.name: rate
    for rate in (
        Rate(
            "selection_rate",
            message("Selection rate"),
            lambda t: t.selected,
            lambda t: t.predicted,
            message("No row has a prediction."),
            Comparison.AT_LEAST,
            labelled=False,
        ),
        Rate(
            "base_rate",
            message("Share of favourable labels"),
            lambda t: t.tp + t.fn + t.positive_undecided,
            lambda t: t.labelled,
            message("No row has a label."),
            Comparison.AT_LEAST,
        ),
        Rate(
            "accuracy",
            message("Accuracy"),
            lambda t: t.agreed,
            lambda t: t.decided,
            _NONE_DECIDED,
            Comparison.AT_LEAST,
        ),
        Rate(
            "tpr",
            message("True positive rate"),
            lambda t: t.tp,
            lambda t: t.tp + t.fn,
            _NO_POSITIVE,
            Comparison.AT_LEAST,
        ),
        Rate(
            "fpr",
            message("False positive rate"),
            lambda t: t.fp,
            lambda t: t.fp + t.tn,
            _NO_NEGATIVE,
            Comparison.AT_MOST,
        ),
        Rate(
            "fnr",
            message("False negative rate"),
            lambda t: t.fn,
            lambda t: t.tp + t.fn,
            _NO_POSITIVE,
            Comparison.AT_MOST,
        ),
        Rate(
            "tnr",
            message("True negative rate"),
            lambda t: t.tn,
            lambda t: t.fp + t.tn,
            _NO_NEGATIVE,
            Comparison.AT_LEAST,
        ),
        Rate(
            "ppv",
            message("Positive predictive value"),
            lambda t: t.tp,
            lambda t: t.tp + t.fp,
            _NONE_SELECTED,
            Comparison.AT_LEAST,
        ),
        Rate(
            "npv",
            message("Negative predictive value"),
            lambda t: t.tn,
            lambda t: t.tn + t.fn,
            _ALL_SELECTED,
            Comparison.AT_LEAST,
        ),
        Rate(
            "fdr",
            message("False discovery rate"),
            lambda t: t.fp,
            lambda t: t.tp + t.fp,
            _NONE_SELECTED,
            Comparison.AT_MOST,
        ),
        Rate(
            "fomr",
            message("False omission rate"),
            lambda t: t.fn,
            lambda t: t.tn + t.fn,
            _ALL_SELECTED,
            Comparison.AT_MOST,
        ),
    )
}
"""The rates by name, in the order in which they are shown."""

COMPLEMENTS = {"fnr": "tpr", "tnr": "fpr", "fdr": "ppv", "fomr": "npv"}
"""Rates that are 1 minus one that comes before them."""

COMPOSITES: Mapping[str, Message] = {
    "f1": message("F1 score"),
    "balanced_accuracy": message("Balanced accuracy"),
    "mcc": message("Matthews correlation"),
}
"""Numbers made of several rates."""

TITLES: Mapping[str, Message] = {**{name: rate.title for name, rate in RATES.items()}, **COMPOSITES}
"""What people call each metric."""


def available(*, labelled: bool) -> tuple[str, ...]:
    """Return the metrics that can be taken, in the order in which they are shown; without labels, selection alone."""
    return tuple(TITLES) if labelled else tuple(name for name, rate in RATES.items() if not rate.labelled)


def estimate(name: str, group: Group) -> Estimate | Message:
    """Return a metric of a group, or the reason for which it has none."""
    if name in RATES:
        return _rate(RATES[name], group)
    return {"f1": _f1, "balanced_accuracy": _balanced_accuracy, "mcc": _mcc}[name](group)


def rows_counted(name: str, tally: Tally) -> int:
    """Return how many rows count towards a metric."""
    if name in RATES:
        return RATES[name].whole(tally)
    return tally.tp + tally.fp + tally.fn if name == "f1" else tally.decided


def _rate(rate: Rate, group: Group) -> Estimate | Message:
    part, whole = rate.part(group.rows), rate.whole(group.rows)
    if whole == 0:
        return rate.empty
    if group.weights is not None and group.squares is not None:
        return _weighted(rate, group, whole)
    if group.clusters is not None:
        return _clustered(rate, group, Fraction(part, whole), whole)
    return share(part, whole)


def _f1(group: Group) -> Estimate | Message:
    """F1 = 2J/(1+J), where J = tp/(tp+fp+fn) is a share of rows; J's interval is carried over.

    F1 rises with J, so that the interval of one is that of the other.
    """
    if group.rows.tp + group.rows.fp + group.rows.fn == 0:
        return message("No row has the favourable label or the favourable prediction.")
    jaccard = Rate(
        "f1",
        COMPOSITES["f1"],
        lambda t: t.tp,
        lambda t: t.tp + t.fp + t.fn,
        message("No row has the favourable label or the favourable prediction."),
        Comparison.AT_LEAST,
    )
    of_rows = _rate(jaccard, group)
    if isinstance(of_rows, Message):
        return of_rows
    exact, bounds = of_rows.exact, of_rows.bounds
    made = None if exact is None else 2 * exact / (1 + exact)
    carried = None
    if bounds is not None:
        inner = bounds

        def carried(z: float) -> Interval:
            wide = inner(z)
            return Interval(2 * wide.low / (1 + wide.low), 2 * wide.high / (1 + wide.high))

    value = 2 * of_rows.value / (1 + of_rows.value) if made is None else float(made)
    return Estimate(value, of_rows.n, carried, f"{of_rows.method}, of tp/(tp+fp+fn)", made)


def _balanced_accuracy(group: Group) -> Estimate | Message:
    """Mean of tpr and tnr; the halves of its interval add as squares (Zou, Donner 2008, Stat. Med. 27:1693)."""
    halves = [estimate(name, group) for name in ("tpr", "tnr")]
    found = [half for half in halves if isinstance(half, Estimate)]
    if len(found) < 2:
        return next(half for half in halves if isinstance(half, Message))
    first, second = found
    bounds = None
    if first.bounds is not None and second.bounds is not None:
        one, other = first.bounds, second.bounds
        value = (first.value + second.value) / 2

        def bounds(z: float) -> Interval:
            a, b = one(z), other(z)
            down = sqrt((first.value - a.low) ** 2 + (second.value - b.low) ** 2) / 2
            up = sqrt((a.high - first.value) ** 2 + (b.high - second.value) ** 2) / 2
            return Interval(value - down, value + up)

    exact = None if first.exact is None or second.exact is None else (first.exact + second.exact) / 2
    method = f"{first.method}; square-and-add (Zou, Donner 2008)"
    return Estimate((first.value + second.value) / 2, first.n + second.n, bounds, method, exact)


def _mcc(group: Group) -> Estimate | Message:
    """Matthews correlation; interval by Fisher's z with the variance of Bishop, Fienberg, Holland 1975, p. 381.

    For the interval ½ is added to each of the four counts, or a perfect prediction would have an interval of width 0.
    """
    if group.weights is not None or group.clusters is not None:
        return message("This number is not taken with weights or clusters.")
    t = group.rows
    margins = (t.tp + t.fn) * (t.fp + t.tn) * (t.tp + t.fp) * (t.fn + t.tn)
    if margins == 0:
        return message("All labels or all predictions are of one class.")
    value = (t.tp * t.tn - t.fp * t.fn) / sqrt(margins)
    middle, error = _fisher(t)

    def bounds(z: float) -> Interval:
        return Interval(min(value, tanh(middle - z * error)), max(value, tanh(middle + z * error)))

    return Estimate(value, t.decided, bounds, "Fisher's z, Bishop, Fienberg, Holland 1975")


def _fisher(t: Tally) -> tuple[float, float]:
    """Return Fisher's z of the correlation and its standard error, with ½ added to each count."""
    tp, fn, fp, tn = (count + 0.5 for count in (t.tp, t.fn, t.fp, t.tn))
    n = tp + fn + fp + tn
    actual, chosen = (tp + fn) / n, (tp + fp) / n
    actual_spread, chosen_spread = actual * (1 - actual), chosen * (1 - chosen)
    phi = (tp * tn - fp * fn) / (n * n * sqrt(actual_spread * chosen_spread))
    actual_lean, chosen_lean = 2 * actual - 1, 2 * chosen - 1
    variance = (
        1
        - phi**2
        + phi * (1 + phi**2 / 2) * actual_lean * chosen_lean / sqrt(actual_spread * chosen_spread)
        - 0.75 * phi**2 * (actual_lean**2 / actual_spread + chosen_lean**2 / chosen_spread)
    ) / n
    return atanh(phi), sqrt(max(variance, 0.0)) / (1 - phi**2)


def _weighted(rate: Rate, group: Group, rows: int) -> Estimate | Message:
    assert group.weights is not None and group.squares is not None  # noqa: S101  (asked by the caller; for the checker)
    part, whole = rate.part(group.weights), rate.whole(group.weights)
    if whole == 0:
        return message("The weights of all rows that count are 0.")
    found = weighted_rate(WeightSums(rows, part, rate.part(group.squares), whole, rate.whole(group.squares)))
    exact = Fraction(part, whole)
    if isinstance(found, Undefined):
        return Estimate(float(exact), rows, None, "no interval: a single row has weight", exact)
    return Estimate(
        float(exact),
        rows,
        lru_cache(maxsize=256)(found.spread.beside),
        "Wilson 1927 at the effective n (Kish 1965)",
        exact,
    )


def _clustered(rate: Rate, group: Group, exact: Fraction, rows: int) -> Estimate:
    sums = (group.clusters or {}).get(rate.name)
    found = None if sums is None else clustered_rate(sums)
    if found is None or isinstance(found, Undefined) or sums is None:
        return Estimate(float(exact), rows, None, "no interval: a single cluster, or none kept for this number", exact)
    # Where rows without a label count too, their clusters are taken to be like the others.
    spread = replace(found.spread, rate=float(exact))
    method = "Wilson 1927 at the effective n of the clusters, Student's t (Dean, Pagano 2015)"
    return Estimate(float(exact), rows, lru_cache(maxsize=256)(spread.beside), method, exact)
