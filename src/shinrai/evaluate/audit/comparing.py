"""Groups beside each other: differences and ratios of one number, with intervals that hold for all pairs together.

`difference` and `ratio` mean what they mean in fairlearn's MetricFrame: largest minus smallest and smallest over
largest, or the group farthest from all rows. Their intervals are never a bootstrap of max - min, which shuts out "no
gap" for equal groups.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.estimates import Estimate, quantile
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.proportions import Counts, koopman_bounds, newcombe_bounds
from shinrai.language import Message, message

SQUARE_AND_ADD = "square-and-add of the groups' intervals (Newcombe 1998; Zou, Donner 2008)"
KOOPMAN = "Koopman 1984"
LOGARITHMS = "square-and-add of the logarithms (Zou, Donner 2008)"


Places = NDArray[np.intp]


class Between(StrEnum):
    """What is compared with what, in fairlearn's words."""

    GROUPS = "between_groups"
    OVERALL = "to_overall"


class Form(StrEnum):
    """How a gap is put into a number."""

    DIFFERENCE = "difference"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap between groups.

    value, exact, interval, n, reason: as in Number. low_group, high_group: the groups of the smallest and the largest
    number (the farthest group and none, against all rows). left_out: groups without a number, with the reason.
    """

    value: float | None
    n: int
    interval: Interval | None = None
    method: str = ""
    exact: Fraction | None = None
    reason: Message | None = None
    low_group: str | None = None
    high_group: str | None = None
    left_out: Mapping[str, Message] | None = None

    @property
    def defined(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def __float__(self) -> float:
        """Return the value; ValueError with the reason where it is undefined."""
        if self.value is None:
            raise ValueError(f"undefined: {self.reason}")
        return self.value


def gap_interval(estimates: Sequence[Estimate], form: Form, level: float = LEVEL) -> Interval | None:
    """Return the interval of the gap between at least two groups; None where a group has no interval.

    Every pair has its interval at the simultaneous level over all pairs (Bonferroni). The difference's is [largest
    low, largest high] of the pairs' |difference|, the ratio's [smallest low, smallest high] of the ordered pairs'
    ratios, cut to 1.
    """
    if any(each.bounds is None for each in estimates):
        return None
    low, high = pair_bounds(estimates, form, level)
    if form is Form.DIFFERENCE:
        sizes = np.abs(low), np.abs(high)
        nearest = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(*sizes))
        return Interval(float(nearest.max()), float(np.maximum(*sizes).max()))
    # The interval of p_j/p_i is that of p_i/p_j turned over, so each pair is solved once.
    with np.errstate(divide="ignore"):
        turned_low, turned_high = 1 / high, 1 / low
    return Interval(float(min(1.0, low.min(), turned_low.min())), float(min(1.0, high.min(), turned_high.min())))


def pair_bounds(estimates: Sequence[Estimate], form: Form, level: float = LEVEL) -> tuple[Counts, Counts]:
    """Return low and high of every pair i < j, simultaneous over all pairs; each estimate needs bounds."""
    first, second = _pairs_of(len(estimates))
    z = quantile(level, len(first))
    if form is Form.RATIO and all(each.counts is not None for each in estimates):
        counts = np.array([each.counts for each in estimates], dtype=np.float64)
        part, whole = counts[:, 0], counts[:, 1]
        return koopman_bounds(part[first], whole[first], part[second], whole[second], z)
    value = np.array([each.value for each in estimates])
    bounds = [each.bounds(z) for each in estimates if each.bounds is not None]
    low, high = np.array([each.low for each in bounds]), np.array([each.high for each in bounds])
    if form is Form.DIFFERENCE:
        return _added(value, low, high, first, second)
    return _log_added(value, low, high, first, second)


@lru_cache(maxsize=64)
def _pairs_of(groups: int) -> tuple[Places, Places]:
    first, second = np.triu_indices(groups, 1)
    first.flags.writeable = second.flags.writeable = False
    return first, second


def _added(value: Counts, low: Counts, high: Counts, first: Places, second: Places) -> tuple[Counts, Counts]:
    difference = value[first] - value[second]
    down = np.hypot(value[first] - low[first], high[second] - value[second])
    up = np.hypot(high[first] - value[first], value[second] - low[second])
    return difference - down, difference + up


def _log_added(value: Counts, low: Counts, high: Counts, first: Places, second: Places) -> tuple[Counts, Counts]:
    """Ratio of two numbers that are not negative; at 0 the outermost ratios of the bounds stand instead."""
    with np.errstate(divide="ignore", invalid="ignore"):
        v, lo, hi = np.log(value), np.log(np.maximum(low, 0.0)), np.log(high)
        ratio = v[first] - v[second]
        down = np.hypot(v[first] - lo[first], hi[second] - v[second])
        up = np.hypot(hi[first] - v[first], v[second] - lo[second])
        bottom, top = np.exp(ratio - down), np.exp(ratio + up)
        outer_bottom, outer_top = np.maximum(low, 0)[first] / high[second], high[first] / np.maximum(low, 0)[second]
    plain = (value[first] > 0) & (value[second] > 0)
    return (
        np.nan_to_num(np.where(plain, bottom, outer_bottom), nan=0.0, posinf=inf),
        np.nan_to_num(np.where(plain, top, outer_top), nan=inf, posinf=inf),
    )


def between_groups(named: Mapping[str, Estimate | Message], form: Form, level: float = LEVEL) -> Gap:
    """Return the gap between the groups that have a number; the others are left out with their reason."""
    found, left_out, refusal = _comparable(named, form)
    n = sum(each.n for each in found.values())
    if refusal is not None:
        return Gap(None, n, reason=refusal, left_out=left_out)
    order = sorted(found, key=lambda name: _key(found[name]))
    low, high = order[0], order[-1]
    smallest, largest = found[low], found[high]
    estimates = list(found.values())
    interval = gap_interval(estimates, form, level)
    if form is Form.DIFFERENCE:
        exact = _exactly(smallest, largest, lambda a, b: b - a)
        value = largest.value - smallest.value
        base, name = _difference_method(estimates), "max - min"
    else:
        exact = _exactly(smallest, largest, lambda a, b: a / b)
        value = smallest.value / largest.value
        base, name = _ratio_method(estimates), "min / max"
    method = f"{name}; no interval" if interval is None else f"{name}; {base}, Bonferroni over the pairs"
    return Gap(float(exact) if exact is not None else value, n, interval, method, exact, None, low, high, left_out)


def to_overall(named: Mapping[str, Estimate | Message], overall: Estimate | Message, form: Form) -> Gap:
    """Return the gap between all rows and the group farthest from them.

    A group is part of all rows, so that the interval is taken from group and rest, which are apart: p - p_all =
    (1 - f)·(p - p_rest), with f the group's share of the rows. It is [largest low, largest high] over the groups for a
    difference, [smallest low, smallest high] for a ratio; None unless the number is a plain share of rows.
    """
    if isinstance(overall, Message):
        return Gap(None, 0, reason=overall)
    found, left_out, refusal = _comparable(named, form, least=1)
    if refusal is None and form is Form.RATIO and overall.value <= 0:
        refusal = message("The number is 0 for all rows, so that no ratio to it exists.")
    if refusal is not None:
        return Gap(None, overall.n, reason=refusal, left_out=left_out)
    distances = {name: _distance(each, overall, form) for name, each in found.items()}
    farthest = (max if form is Form.DIFFERENCE else min)(distances, key=lambda name: distances[name][0])
    value, exact = distances[farthest]
    interval = _interval_to_overall(list(found.values()), overall, form)
    method = "farthest group to all rows"
    if interval is not None:
        base = "Newcombe 1998 method 10" if form is Form.DIFFERENCE else KOOPMAN
        method += f"; {base} of group and rest, Bonferroni over the groups"
    return Gap(value, overall.n, interval, method, exact, None, farthest, None, left_out)


def _interval_to_overall(groups: Sequence[Estimate], overall: Estimate, form: Form) -> Interval | None:
    if overall.counts is None or any(each.counts is None for each in groups):
        return None
    counts = np.array([each.counts for each in groups], dtype=np.float64)
    part, whole = counts[:, 0], counts[:, 1]
    rest, rest_whole = overall.counts[0] - part, overall.counts[1] - whole
    if not (rest_whole >= 1).all():
        return None
    z, share = quantile(LEVEL, len(groups)), whole / overall.counts[1]
    if form is Form.DIFFERENCE:
        low, high = newcombe_bounds(part, whole, rest, rest_whole, z)
        near = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
        far = np.maximum(np.abs(low), np.abs(high))
        return Interval(float(((1 - share) * near).max()), float(((1 - share) * far).max()))
    low, high = (_of_all(bound, share) for bound in koopman_bounds(part, whole, rest, rest_whole, z))
    with np.errstate(divide="ignore"):
        lowest = np.minimum(low, 1 / high)
        highest = np.where((low <= 1) & (high >= 1), 1.0, np.where(high < 1, high, 1 / low))
    return Interval(float(lowest.min()), float(min(1.0, highest.min())))


def _of_all(ratio: Counts, part: Counts) -> Counts:
    """Turn the ratio of a group to the rest into its ratio to all rows."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isinf(ratio), 1 / part, ratio / (part * ratio + 1 - part))


def _distance(each: Estimate, overall: Estimate, form: Form) -> tuple[float, Fraction | None]:
    if each.exact is not None and overall.exact is not None:
        if form is Form.DIFFERENCE:
            exact = abs(each.exact - overall.exact)
        else:
            ratio = each.exact / overall.exact
            exact = min(ratio, 1 / ratio) if ratio else ratio
        return float(exact), exact
    if form is Form.DIFFERENCE:
        return abs(each.value - overall.value), None
    ratio_value = each.value / overall.value
    return (min(ratio_value, 1 / ratio_value) if ratio_value > 0 else 0.0), None


def _comparable(
    named: Mapping[str, Estimate | Message], form: Form, least: int = 2
) -> tuple[dict[str, Estimate], dict[str, Message], Message | None]:
    found = {name: each for name, each in named.items() if isinstance(each, Estimate)}
    left_out = {name: each for name, each in named.items() if isinstance(each, Message)}
    if len(found) < least:
        return found, left_out, message("Fewer than two groups have this number ({count}).", count=len(found))
    if form is Form.RATIO and all(each.value == 0 for each in found.values()):
        return found, left_out, message("The number is 0 in every group, so that the ratio is undefined.")
    if form is Form.RATIO and any(each.value < 0 for each in found.values()):
        return found, left_out, message("The number is below 0 in a group, so that a ratio says nothing.")
    return found, left_out, None


def _key(each: Estimate) -> Fraction | float:
    return each.value if each.exact is None else each.exact


def _exactly(smallest: Estimate, largest: Estimate, make: Callable[[Fraction, Fraction], Fraction]) -> Fraction | None:
    if smallest.exact is None or largest.exact is None:
        return None
    return make(smallest.exact, largest.exact)


def _difference_method(estimates: Sequence[Estimate]) -> str:
    if all(each.counts is not None for each in estimates):
        return "Newcombe 1998 method 10"
    return SQUARE_AND_ADD


def _ratio_method(estimates: Sequence[Estimate]) -> str:
    return KOOPMAN if all(each.counts is not None for each in estimates) else LOGARITHMS
