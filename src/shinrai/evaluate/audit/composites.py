"""Numbers made of the gaps of several rates, under the names people know, and the four-fifths rule of thumb."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from shinrai.evaluate.audit.comparing import Form, Gap, between_groups
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.statistics.four_fifths import all_below_four_fifths, meets_four_fifths
from shinrai.evaluate.statistics.interval import LEVEL, Interval
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
    others = [name for name in counts if name != largest]
    below = dict(zip(others, all_below_four_fifths([counts[name] for name in others], best), strict=True))
    return {
        name: FourFifths(
            Fraction(*own) / Fraction(*best),
            meets_four_fifths(own, best),
            own[1] + (0 if name == largest else best[1]),
            largest,
            below.get(name),
        )
        for name, own in counts.items()
    }


def composites(
    difference: Mapping[str, Gap], ratio: Mapping[str, Gap], named: Mapping[str, Mapping[str, Estimate | Message]]
) -> dict[str, Gap]:
    """Return the composite gaps: demographic parity, equalised odds, average odds; none without selection rates.

    As in fairlearn, equalised odds is the larger of the differences (the smaller of the ratios) of tpr and fpr, and
    average odds the mean of the two differences. Their intervals stand on those of tpr and fpr at a level at which both
    hold together.
    """
    made: dict[str, Gap] = {}
    if "selection_rate" in difference:
        made["demographic_parity_difference"] = difference["selection_rate"]
        made["demographic_parity_ratio"] = ratio["selection_rate"]
    if "tpr" in difference:
        differences = [difference["tpr"], difference["fpr"]]
        bounds = _both_bounds(named, Form.DIFFERENCE)
        made["equalized_odds_difference"] = _worst(differences, max, "larger", bounds)
        ratios = [ratio["tpr"], ratio["fpr"]]
        made["equalized_odds_ratio"] = _worst(ratios, min, "smaller", _both_bounds(named, Form.RATIO))
        made["average_odds_difference"] = _mean(differences, bounds)
    return made


def _both_bounds(named: Mapping[str, Mapping[str, Estimate | Message]], form: Form) -> list[Interval]:
    """Return the intervals of the gaps of tpr and fpr that hold together; fewer than two where one has none."""
    level, found = 1 - (1 - LEVEL) / 2, []
    for metric in ("tpr", "fpr"):
        gap = between_groups(named[metric], form, level)
        if gap.interval is not None:
            found.append(gap.interval)
    return found


def _worst(
    gaps: Sequence[Gap], choose: Callable[[Sequence[float]], float], name: str, bounds: Sequence[Interval]
) -> Gap:
    refused = _refusal(gaps)
    if refused is not None:
        return refused
    worst = choose([float(each) for each in gaps])
    chosen = next(each for each in gaps if each.value == worst)
    interval = None
    if len(bounds) == len(gaps):
        interval = Interval(choose([each.low for each in bounds]), choose([each.high for each in bounds]))
    return Gap(
        chosen.value,
        sum(each.n for each in gaps),
        interval,
        f"{name} of tpr and fpr; {chosen.method}, both together",
        chosen.exact,
        None,
        chosen.low_group,
        chosen.high_group,
    )


def _mean(gaps: Sequence[Gap], bounds: Sequence[Interval]) -> Gap:
    refused = _refusal(gaps)
    if refused is not None:
        return refused
    exacts = [each.exact for each in gaps if each.exact is not None]
    exact = sum(exacts, Fraction(0)) / len(gaps) if len(exacts) == len(gaps) else None
    interval = None
    if len(bounds) == len(gaps):
        interval = Interval(sum(each.low for each in bounds) / 2, sum(each.high for each in bounds) / 2)
    value = float(exact) if exact is not None else sum(float(each) for each in gaps) / 2
    method = "mean of the differences of tpr and fpr, and of their bounds, both together"
    return Gap(value, sum(each.n for each in gaps), interval, method, exact)


def _refusal(gaps: Sequence[Gap]) -> Gap | None:
    for name, gap in zip(("tpr", "fpr"), gaps, strict=True):
        if gap.value is None:
            return Gap(None, 0, reason=message("{rate} has no gap: {reason}", rate=name, reason=gap.reason))
    return None
