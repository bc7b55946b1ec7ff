"""Cuts of a score for each group that make a rate equal, chosen from histograms.

A rule selects a row with a chance that rises with its score in steps; one step is a plain threshold. Everything is
computed in whole numbers and fractions, so on the rows that a rule was fitted to an equal rate is exactly equal.
Sources: Hardt, Price, Srebro 2016, Equality of opportunity in supervised learning (equal opportunity, equalised odds
by the intersection of hulls); Agarwal et al. 2018 for the trade-off of one rate against an objective.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import lcm

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.mitigation.parts import BINS, Counts, Levels
from shinrai.language import ShinraiError, message

LEAST_ROWS, LEAST_DENOMINATOR = 30, 10
"""A smaller group gets the rule of all rows together: its own curve is chance."""

TOLERANCE = Fraction(1, 50)

Vertex = tuple[int, int, int]
"""x, y, and the cut that gives them."""


class Equal(StrEnum):
    """Which rate is made equal; EQUALIZED_ODDS: both tpr and fpr."""

    SELECTION_RATE = "selection_rate"
    TPR = "tpr"
    FPR = "fpr"
    EQUALIZED_ODDS = "equalized_odds"


@dataclass(frozen=True, slots=True)
class Gains:
    """What a row is worth by how it is decided; the default counts right decisions.

    A right decision is worth at least the wrong one of the same label, ValueError otherwise.
    """

    tp: Fraction = Fraction(1)
    fp: Fraction = Fraction(0)
    fn: Fraction = Fraction(0)
    tn: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.tp < self.fn or self.tn < self.fp:
            raise ValueError("a right decision has to be worth at least the wrong one of the same label")

    def whole(self) -> tuple[int, int, int, int]:
        """Return the four as whole numbers in the same proportions: tp, fp, fn, tn."""
        scale = lcm(*(each.denominator for each in (self.tp, self.fp, self.fn, self.tn)))
        return (int(self.tp * scale), int(self.fp * scale), int(self.fn * scale), int(self.tn * scale))


@dataclass(frozen=True, slots=True)
class Step:
    """From score bin `cut` on (score >= cut / BINS) rows are selected with this chance, until the next step."""

    cut: int
    chance: Fraction


@dataclass(frozen=True, slots=True)
class Rule:
    """Steps in order of cut with rising chances; below the first, and without any, nobody is selected."""

    steps: tuple[Step, ...]

    def chances(self) -> NDArray[np.float64]:
        """Chance of being selected for each bin."""
        chances = np.zeros(BINS)
        for step in self.steps:
            chances[step.cut :] = float(step.chance)
        return chances

    @property
    def randomised(self) -> bool:
        """Whether chance takes part."""
        return any(step.chance != 1 for step in self.steps)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rules for each group. pooled: groups too small for a rule of their own, which share `rest` with all others.

    at: the rate (or for equalised odds fpr and tpr) that all groups were brought to.
    """

    equal: Equal
    rules: Mapping[Levels, Rule]
    pooled: tuple[Levels, ...]
    rest: Rule
    at: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class _Curve:
    """What each cut 0 … BINS gives one group: rows selected with and without the favourable label."""

    tp: tuple[int, ...]
    fp: tuple[int, ...]

    @property
    def positives(self) -> int:
        return self.tp[0]

    @property
    def negatives(self) -> int:
        return self.fp[0]

    def whole(self, equal: Equal) -> int:
        """Denominator of the rate."""
        match equal:
            case Equal.SELECTION_RATE:
                return self.positives + self.negatives
            case Equal.TPR:
                return self.positives
            case _:
                return self.negatives

    def part(self, equal: Equal) -> tuple[int, ...]:
        """Numerator of the rate at each cut."""
        match equal:
            case Equal.SELECTION_RATE:
                return tuple(map(int.__add__, self.tp, self.fp))
            case Equal.TPR:
                return self.tp
            case _:
                return self.fp

    def worth(self, gains: Gains) -> tuple[int, ...]:
        """Worth of all rows of the group at each cut."""
        tp, fp, fn, tn = gains.whole()
        return tuple(
            tp * a + fp * b + fn * (self.positives - a) + tn * (self.negatives - b)
            for a, b in zip(self.tp, self.fp, strict=True)
        )


def _curve(counts: Counts) -> _Curve:
    by_label = counts.sum(axis=1)

    def at_least(bins: Counts) -> tuple[int, ...]:
        return (*map(int, bins[::-1].cumsum()[::-1]), 0)

    return _Curve(at_least(by_label[1]), at_least(by_label[0]))


def fit(
    groups: Mapping[Levels, Counts],
    missing: Counts,
    equal: Equal,
    *,
    gains: Gains | None = None,
    deterministic: bool = False,
    rate: Fraction | None = None,
    tolerance: Fraction = TOLERANCE,
) -> Fitted:
    """Choose the rules under which a rate is equal between groups and the rows are worth the most.

    groups, missing: as in parts.Part. deterministic: one threshold for each group, no chance; the rates are then as
    near as the scores let them be, for equalised odds within `tolerance`. ShinraiError: fewer than two groups are large
    enough.
    rate: bring the groups to this rate instead of the best one; not for equalised odds, ValueError.
    """
    worth = gains or Gains()
    curves = {levels: _curve(counts) for levels, counts in groups.items()}
    together = _curve(sum(groups.values(), missing))
    large = {levels: curve for levels, curve in curves.items() if _large(curve, equal)}
    if len(large) < 2:
        raise ShinraiError(
            message(
                "Fewer than two groups have {rows} rows to fit on and {denominator} in the rate's denominator.",
                rows=LEAST_ROWS,
                denominator=LEAST_DENOMINATOR,
            ),
            fix=message("Take more rows, or join groups."),
        )
    fitted = {**large, (): together}
    if equal is Equal.EQUALIZED_ODDS:
        if rate is not None:
            raise ValueError("equalised odds has no single rate to be brought to")
        rules, at = _near_odds(fitted, worth, tolerance) if deterministic else _odds(fitted, worth)
    elif deterministic:
        rules, at = _near_rates(fitted, equal, worth, rate)
    else:
        rules, at = _rates(fitted, equal, worth, rate)
    rest = rules.pop(())
    pooled = tuple(levels for levels in curves if levels not in large)
    return Fitted(equal, {**rules, **dict.fromkeys(pooled, rest)}, pooled, rest, at)


def _large(curve: _Curve, equal: Equal) -> bool:
    rows = curve.positives + curve.negatives
    if equal is Equal.EQUALIZED_ODDS:
        return rows >= LEAST_ROWS and min(curve.positives, curve.negatives) >= LEAST_DENOMINATOR
    return rows >= LEAST_ROWS and curve.whole(equal) >= LEAST_DENOMINATOR


# One rate


def _rates(
    curves: Mapping[Levels, _Curve], equal: Equal, gains: Gains, rate: Fraction | None
) -> tuple[dict[Levels, Rule], tuple[Fraction, ...]]:
    hulls = {
        levels: _upper_hull(zip(curve.part(equal), curve.worth(gains), range(BINS + 1), strict=True))
        for levels, curve in curves.items()
    }
    wholes = {levels: curve.whole(equal) for levels, curve in curves.items()}
    # All rows together get a rule as well, but what is best is judged by the groups.
    counted = [levels for levels in curves if levels]

    def worth(at: Fraction) -> Fraction:
        return sum((_height(hulls[levels], at * wholes[levels]) for levels in counted), Fraction(0))

    if rate is None:
        stops = sorted({Fraction(x, wholes[levels]) for levels in counted for x, _, _ in hulls[levels]})
        rate = stops[_last_rise(stops, worth)]
    rules = {levels: _mixed(_weights(hulls[levels], rate * wholes[levels])) for levels in curves}
    return rules, (rate,)


def _last_rise(stops: Sequence[Fraction], worth: Callable[[Fraction], Fraction]) -> int:
    """Return where a concave function is largest; on a level stretch its end, the rate with more selected."""
    low, high = 0, len(stops) - 1
    while low < high:
        middle = (low + high) // 2
        if worth(stops[middle + 1]) >= worth(stops[middle]):
            low = middle + 1
        else:
            high = middle
    return low


def _upper_hull(points: Iterable[Vertex]) -> list[Vertex]:
    """Upper convex hull from left to right; of points above one another the highest."""
    best: dict[int, Vertex] = {}
    for point in points:
        known = best.get(point[0])
        if known is None or point[1] > known[1]:
            best[point[0]] = point
    hull: list[Vertex] = []
    for point in sorted(best.values()):
        while len(hull) > 1 and _turns_left(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_left(a: Vertex, b: Vertex, c: Vertex) -> bool:
    """Whether b lies on or below the line from a to c."""
    return (b[0] - a[0]) * (c[1] - a[1]) >= (b[1] - a[1]) * (c[0] - a[0])


def _weights(hull: Sequence[Vertex], x: Fraction) -> dict[int, Fraction]:
    """Return the cuts, and the chances to use each, that give x on a hull."""
    right = min(bisect_right([Fraction(each) for each, _, _ in hull], x), len(hull) - 1)
    (x1, _, cut2), (x0, _, cut1) = hull[right], hull[max(right - 1, 0)]
    if x1 == x0:
        return {cut1: Fraction(1)}
    share = (x - x0) / (x1 - x0)
    return {cut: weight for cut, weight in ((cut1, 1 - share), (cut2, share)) if weight}


def _height(hull: Sequence[Vertex], x: Fraction) -> Fraction:
    heights = {cut: y for _, y, cut in hull}
    return sum((weight * heights[cut] for cut, weight in _weights(hull, x).items()), Fraction(0))


def _mixed(weights: Mapping[int, Fraction]) -> Rule:
    """Return the rule that uses each cut with its chance; cut BINS selects nobody."""
    steps, chance = [], Fraction(0)
    for cut, weight in sorted(weights.items()):
        chance += weight
        if cut < BINS and weight:
            steps.append(Step(cut, chance))
    return Rule(tuple(steps))


# Equalised odds


def _odds(curves: Mapping[Levels, _Curve], gains: Gains) -> tuple[dict[Levels, Rule], tuple[Fraction, ...]]:
    """Bring every group to the best point (fpr, tpr) under the lowest of their hulls."""
    hulls = {levels: _unit_hull(curve) for levels, curve in curves.items()}
    counted = {levels: hull for levels, hull in hulls.items() if levels}
    positives = sum(curves[levels].positives for levels in counted)
    negatives = sum(curves[levels].negatives for levels in counted)
    tp, fp, fn, tn = gains.whole()
    rise, fall = (tp - fn) * positives, (fp - tn) * negatives
    x = _best_under(list(counted.values()), rise, fall)
    y = min(_unit_height(hull, x) for hull in counted.values())
    rules = {}
    for levels, curve in curves.items():
        height = _unit_height(hulls[levels], x)
        # All rows together can lie below the best point; their rule then goes as far up as their hull does.
        down = min(Fraction(1), (y - x) / (height - x)) if height > x else Fraction(1)
        on_hull = _weights(_whole_hull(curve), x * curve.negatives)
        weights = {cut: weight * down for cut, weight in on_hull.items()}
        # The rest takes no look at the score: everybody with chance x, or else nobody.
        weights[0] = weights.get(0, Fraction(0)) + (1 - down) * x
        rules[levels] = _mixed(weights)
    return rules, (x, y)


def _whole_hull(curve: _Curve) -> list[Vertex]:
    return _upper_hull(zip(curve.fp, curve.tp, range(BINS + 1), strict=True))


UnitVertex = tuple[Fraction, Fraction]


def _unit_hull(curve: _Curve) -> list[UnitVertex]:
    return [(Fraction(fp, curve.negatives), Fraction(tp, curve.positives)) for fp, tp, _ in _whole_hull(curve)]


def _unit_height(hull: Sequence[UnitVertex], x: Fraction) -> Fraction:
    slope, at_zero = _line(hull, x)
    return slope * x + at_zero


def _line(hull: Sequence[UnitVertex], x: Fraction) -> UnitVertex:
    """Slope and height at 0 of a hull's line to the right of x; at the right end of its last line."""
    right = min(bisect_right(hull, x, key=lambda vertex: vertex[0]), len(hull) - 1)
    (x0, y0), (x1, y1) = hull[right - 1], hull[right]
    slope = (y1 - y0) / (x1 - x0)
    return slope, y0 - slope * x0


def _best_under(hulls: Sequence[Sequence[UnitVertex]], rise: int, fall: int) -> Fraction:
    """Return the x at which rise * (lowest hull at x) + fall * x is largest; rise >= 0."""

    def worth(x: Fraction) -> Fraction:
        return rise * min(_unit_height(hull, x) for hull in hulls) + fall * x

    stops = sorted({x for hull in hulls for x, _ in hull})
    best = _last_rise(stops, worth)
    found = stops[best]
    # Between neighbouring stops every hull is one line, and the largest value can lie where two of them cross.
    for left, right in pairwise(stops[max(best - 1, 0) : best + 2]):
        crossed = _walk([_line(hull, left) for hull in hulls], left, right, rise, fall)
        if worth(crossed) > worth(found):
            found = crossed
    return found


def _walk(lines: Sequence[UnitVertex], left: Fraction, right: Fraction, rise: int, fall: int) -> Fraction:
    """Go right along the lowest of some lines while the worth rises; return where it stops."""
    x = left
    while True:
        slope, at_zero = min(lines, key=lambda line: (line[0] * x + line[1], line[0]))
        if rise * slope + fall <= 0:
            return x
        ahead = [(b - at_zero) / (slope - a) for a, b in lines if a < slope]
        stop = min((each for each in ahead if each > x), default=right)
        if stop >= right:
            return right
        x = stop


# One threshold for each group


def _near_rates(
    curves: Mapping[Levels, _Curve], equal: Equal, gains: Gains, rate: Fraction | None
) -> tuple[dict[Levels, Rule], tuple[Fraction, ...]]:
    counted = [levels for levels in curves if levels]
    stops = [rate] if rate is not None else _stops(curves, counted, equal)
    chosen = max(stops, key=lambda at: (_worth_near(curves, counted, equal, gains, at), at))
    cuts = {levels: _nearest(curve, equal, chosen) for levels, curve in curves.items()}
    return {levels: _mixed({cut: Fraction(1)}) for levels, cut in cuts.items()}, (chosen,)


_MOST_STOPS = 400


def _stops(curves: Mapping[Levels, _Curve], counted: Sequence[Levels], equal: Equal) -> list[Fraction]:
    """Rates to try: those of the largest group's cuts, thinned out evenly to at most _MOST_STOPS."""
    largest = max((curves[levels] for levels in counted), key=lambda curve: curve.whole(equal))
    rates = sorted({Fraction(part, largest.whole(equal)) for part in largest.part(equal)})
    step = -(-len(rates) // _MOST_STOPS)
    return [*rates[:-1:step], rates[-1]]


def _nearest(curve: _Curve, equal: Equal, rate: Fraction) -> int:
    """Return the cut whose rate is nearest; of equally near ones the higher cut."""
    parts, wanted = curve.part(equal), rate * curve.whole(equal)
    # Parts fall as the cut rises.
    right = bisect_right(parts, -wanted, key=lambda part: Fraction(-part))
    near = [cut for cut in (right - 1, right) if 0 <= cut <= BINS]
    return min(near, key=lambda cut: (abs(parts[cut] - wanted), -cut))


def _worth_near(
    curves: Mapping[Levels, _Curve], counted: Sequence[Levels], equal: Equal, gains: Gains, rate: Fraction
) -> int:
    tp, fp, fn, tn = gains.whole()
    total = 0
    for levels in counted:
        curve = curves[levels]
        cut = _nearest(curve, equal, rate)
        a, b = curve.tp[cut], curve.fp[cut]
        total += tp * a + fp * b + fn * (curve.positives - a) + tn * (curve.negatives - b)
    return total


def _near_odds(
    curves: Mapping[Levels, _Curve], gains: Gains, tolerance: Fraction
) -> tuple[dict[Levels, Rule], tuple[Fraction, ...]]:
    """Thresholds of nearly equal fpr whose tpr lie within the tolerance; "nobody" and "everybody" always do.

    Only one family of thresholds is looked through, so that a better set may exist.
    """
    counted = [levels for levels in curves if levels]
    best: tuple[int, Fraction] | None = None
    for at in _stops(curves, counted, Equal.FPR):
        cuts = {levels: _nearest(curves[levels], Equal.FPR, at) for levels in counted}
        gaps = [
            max(rates) - min(rates)
            for equal in (Equal.TPR, Equal.FPR)
            for rates in [
                [Fraction(curves[each].part(equal)[cut], curves[each].whole(equal)) for each, cut in cuts.items()]
            ]
        ]
        if max(gaps) <= tolerance:
            found = (_worth_near(curves, counted, Equal.FPR, gains, at), at)
            best = found if best is None else max(best, found)
    assert best is not None  # noqa: S101  (at a fpr of 1 everybody is selected, without any gap)
    cuts = {levels: _nearest(curve, Equal.FPR, best[1]) for levels, curve in curves.items()}
    rules = {levels: _mixed({cut: Fraction(1)}) for levels, cut in cuts.items()}
    return rules, (best[1],)
