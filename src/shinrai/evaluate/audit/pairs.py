"""Every pair of groups, with intervals that hold for all pairs together by the quantile of the largest |t|."""

from collections.abc import Mapping
from dataclasses import dataclass

from shinrai.evaluate.audit.estimates import Estimate, Number, undefined
from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.simultaneous import Contrast, simultaneous
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Message

MOST_GROUPS = 20
"""Of more groups the pairs are not listed; the gap between the outermost ones is."""

_LARGEST_T = "at the quantile of the largest |t| (Hothorn, Bretz, Westfall 2008)"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups. difference: first minus second; ratio: first over second. holm: p of no difference, by Holm 1979."""

    first: str
    second: str
    difference: Number
    ratio: Number
    p: float
    holm: float


def pairs(named: Mapping[str, Estimate | Message], seed: int) -> tuple[Pair, ...]:
    """Return all pairs of two to MOST_GROUPS groups with a plain share of rows; none otherwise."""
    counts = {
        name: each.counts for name, each in named.items() if isinstance(each, Estimate) and each.counts is not None
    }
    if not 2 <= len(counts) <= MOST_GROUPS:
        return ()
    names, fractions = list(counts), list(counts.values())
    return tuple(
        _pair(each, names, fractions)
        for each in simultaneous(fractions, seed=seed).contrasts
        if each.second is not None
    )


def _pair(each: Contrast, names: list[str], fractions: list[tuple[int, int]]) -> Pair:
    second = 0 if each.second is None else each.second
    n = fractions[each.first][1] + fractions[second][1]
    return Pair(
        names[each.first],
        names[second],
        _number(each.difference, n, f"Newcombe 1998 method 10 {_LARGEST_T}"),
        _number(each.ratio, n, f"Koopman 1984 {_LARGEST_T}"),
        each.p,
        each.holm,
    )


def _number(gap: Gap | Undefined, n: int, method: str) -> Number:
    if isinstance(gap, Undefined):
        return undefined(gap.reason(), n)
    return Number(gap.value, n, gap.interval, method)
