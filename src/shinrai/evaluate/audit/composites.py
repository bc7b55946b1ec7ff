"""Numbers made of the gaps of several rates, under the names people know, and the four-fifths rule of thumb."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from shinrai.evaluate.audit.comparing import Form, Gap
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.statistics.four_fifths import below_four_fifths, meets_four_fifths
from shinrai.evaluate.statistics.interval import Interval
from shinrai.language import Message, message


@dataclass(frozen=True, slots=True)
class FourFifths:
    """A group's selection rate beside the largest one, by the four-fifths rule of thumb.

    exact: its ratio to the largest rate. met: whether that is at least 4/5, in whole numbers. probability: that the
    true ratio is below 4/5; None for the group of the largest rate itself.
    """

    exact: Fraction
    met: bool
    n: int
    largest: str
    probability: float | None


def four_fifths(named: Mapping[str, Estimate | Message]) -> dict[str, FourFifths]:
    """Return the rule for every group with a plain selection rate; empty where nobody is selected anywhere."""
    counts = {
        name: each.counts for name, each in named.items() if isinstance(each, Estimate) and each.counts is not None
    }
    if len(counts) < 2 or not any(successes for successes, _ in counts.values()):
        return {}
    largest = max(counts, key=lambda name: Fraction(*counts[name]))
    best = counts[largest]
    return {
        name: FourFifths(
            Fraction(*own) / Fraction(*best),
            meets_four_fifths(own, best),
            own[1] + (0 if name == largest else best[1]),
            largest,
            None if name == largest else below_four_fifths(own, best),
        )
        for name, own in counts.items()
    }


def composites(difference: Mapping[str, Gap], ratio: Mapping[str, Gap]) -> dict[str, Gap]:
    """Return the composite gaps: demographic parity, equalised odds (worst and mean), average odds.

    As in fairlearn, equalised odds is the larger of the differences (the smaller of the ratios) of tpr and fpr.
    """
    made = {
        "demographic_parity_difference": difference["selection_rate"],
        "demographic_parity_ratio": ratio["selection_rate"],
    }
    if "tpr" in difference:
        odds = [difference["tpr"], difference["fpr"]]
        made["equalized_odds_difference"] = _worst(odds, max, Form.DIFFERENCE)
        made["equalized_odds_ratio"] = _worst([ratio["tpr"], ratio["fpr"]], min, Form.RATIO)
        made["average_odds_difference"] = _mean(odds)
    return made


def _worst(gaps: Sequence[Gap], choose: Callable[[Sequence[float]], float], form: Form) -> Gap:
    refused = _refusal(gaps)
    if refused is not None:
        return refused
    worst = choose([float(each) for each in gaps])
    chosen = next(each for each in gaps if each.value == worst)
    bounds = [each.interval for each in gaps if each.interval is not None]
    interval = None
    if len(bounds) == len(gaps):
        interval = Interval(choose([each.low for each in bounds]), choose([each.high for each in bounds]))
    name = "larger" if form is Form.DIFFERENCE else "smaller"
    return Gap(
        chosen.value,
        sum(each.n for each in gaps),
        interval,
        f"{name} of tpr and fpr; {chosen.method}; each of the two at 95 %",
        chosen.exact,
        None,
        chosen.low_group,
        chosen.high_group,
    )


def _mean(gaps: Sequence[Gap]) -> Gap:
    refused = _refusal(gaps)
    if refused is not None:
        return refused
    exacts = [each.exact for each in gaps if each.exact is not None]
    exact = sum(exacts, Fraction(0)) / len(gaps) if len(exacts) == len(gaps) else None
    bounds = [each.interval for each in gaps if each.interval is not None]
    interval = None
    if len(bounds) == len(gaps):
        interval = Interval(sum(each.low for each in bounds) / 2, sum(each.high for each in bounds) / 2)
    value = float(exact) if exact is not None else sum(float(each) for each in gaps) / 2
    return Gap(
        value,
        sum(each.n for each in gaps),
        interval,
        "mean of the differences of tpr and fpr, and of their bounds",
        exact,
    )


def _refusal(gaps: Sequence[Gap]) -> Gap | None:
    for name, gap in zip(("tpr", "fpr"), gaps, strict=True):
        if gap.value is None:
            return Gap(None, 0, reason=message("{rate} has no gap: {reason}", rate=name, reason=gap.reason))
    return None
