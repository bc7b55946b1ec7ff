"""Is one run better than another? The same items are compared in pairs, different ones as independent samples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import hypot, inf

import numpy as np

from shinrai.evaluate.statistics.clustered import Clustered, leaning_n, robust_variance
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.paired import sign_flip_exact, tango_at
from shinrai.evaluate.statistics.quantiles import t_quantile
from shinrai.evaluate.statistics.reach import first_level
from shinrai.evaluate.statistics.undefined import Undefined


@dataclass(frozen=True, slots=True)
class Item:
    """Scores of one prompt in a run: successes of trials (its repeats), and the scenario it belongs to."""

    successes: int
    trials: int
    cluster: str

    def __post_init__(self) -> None:
        if self.trials < 1 or not 0 <= self.successes <= self.trials:
            raise ValueError(f"need 0 <= successes <= trials and trials >= 1, got {self.successes} of {self.trials}")

    @property
    def rate(self) -> Fraction:
        """Share of successes."""
        return Fraction(self.successes, self.trials)


class ComparisonTest(StrEnum):
    """How the p of a difference was found."""

    MCNEMAR_EXACT = "mcnemar_exact"
    SIGN_FLIP_EXACT = "sign_flip_exact"
    INTERVAL = "interval"


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second. p: two-sided, of no difference, found by `test`. n: items (paired) or samples of both.

    at: the interval at another level.
    """

    value: float
    interval: Interval
    p: float
    test: ComparisonTest
    n: int
    clusters: int
    effective_n: float
    at: Callable[[float], Interval]


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Two runs on the same items.

    rate_first, rate_second: over the shared items, each counting once; None without any. better_first, better_second,
    equal: shared items by which run had the higher rate. only_first, only_second: items that the other run lacks; they
    are in no number here.
    """

    difference: Difference | Undefined
    rate_first: float | None
    rate_second: float | None
    better_first: tuple[str, ...]
    better_second: tuple[str, ...]
    equal: int
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PairSpread:
    """Shares of discordant pairs and the effective n; as in RateSpread the latter leans to the worst case."""

    first: float
    second: float
    n: float
    df: float

    def at(self, level: float) -> Interval:
        return tango_at(self.first, self.second, self.n, t_quantile(level, self.df))


def compare(first: Mapping[str, Item], second: Mapping[str, Item], *, level: float = LEVEL) -> RunComparison:
    """Compare two runs, item by item.

    first, second: items by id; an item's cluster has to be the same in both, ValueError otherwise. The difference is
    the mean over shared items of the difference of their rates. Interval: Tango's for paired rates, at the effective n
    with Student's t where items come in clusters or are repeated. p: McNemar's exact test; for clusters or repeats the
    exact sign-flip test over clusters; where that would take too long the level at which the interval reaches 0.
    An interval can shut out 0 although p is above 1 - level: the exact test is the more careful, decide by p.
    """
    shared = sorted(first.keys() & second.keys())
    if any(first[item].cluster != second[item].cluster for item in shared):
        raise ValueError("an item is in different clusters in the two runs")
    gaps = {item: first[item].rate - second[item].rate for item in shared}
    rates = [float(sum(run[item].rate for item in shared) / len(shared)) if shared else None for run in (first, second)]
    return RunComparison(
        difference=_paired(first, second, gaps, level),
        rate_first=rates[0],
        rate_second=rates[1],
        better_first=tuple(item for item in shared if gaps[item] > 0),
        better_second=tuple(item for item in shared if gaps[item] < 0),
        equal=sum(gap == 0 for gap in gaps.values()),
        only_first=tuple(sorted(first.keys() - second.keys())),
        only_second=tuple(sorted(second.keys() - first.keys())),
    )


def independent_difference(first: Clustered, second: Clustered, *, level: float = LEVEL) -> Difference:
    """Difference of two runs that share no items: the two intervals put together by square-and-add.

    For samples without clusters this is Newcombe's method 10. p is 1 - the level at which the interval reaches 0.
    Source: Newcombe 1998, Stat. Med. 17:873; Zou, Donner 2008, Stat. Med. 27:1693 (for any two intervals).
    """
    value = first.value - second.value

    def at(level: float) -> Interval:
        a, b = first.spread.at(level), second.spread.at(level)
        low = hypot(first.value - a.low, b.high - second.value)
        high = hypot(a.high - first.value, second.value - b.low)
        return Interval(value - low, value + high)

    return Difference(
        value=value,
        interval=at(level),
        p=_reaches_zero(value, at),
        test=ComparisonTest.INTERVAL,
        n=first.n + second.n,
        clusters=first.clusters + second.clusters,
        effective_n=first.effective_n + second.effective_n,
        at=at,
    )


def _paired(
    first: Mapping[str, Item], second: Mapping[str, Item], gaps: Mapping[str, Fraction], level: float
) -> Difference | Undefined:
    if not gaps:
        return Undefined.NO_SHARED_ITEMS
    clusters: dict[str, list[str]] = {}
    for item in gaps:
        clusters.setdefault(first[item].cluster, []).append(item)
    if len(clusters) == 1:
        return Undefined.ONE_CLUSTER
    spread = _pair_spread(first, second, gaps, list(clusters.values()))
    single = spread.df == inf
    p = sign_flip_exact([sum((gaps[item] for item in items), Fraction(0)) for items in clusters.values()])
    value = float(sum(gaps.values()) / len(gaps))
    test = (
        ComparisonTest.INTERVAL
        if p is None
        else ComparisonTest.MCNEMAR_EXACT
        if single
        else ComparisonTest.SIGN_FLIP_EXACT
    )
    return Difference(
        value=value,
        interval=spread.at(level),
        p=_reaches_zero(value, spread.at) if p is None else p,
        test=test,
        n=len(gaps),
        clusters=len(clusters),
        effective_n=spread.n,
        at=spread.at,
    )


def _pair_spread(
    first: Mapping[str, Item], second: Mapping[str, Item], gaps: Mapping[str, Fraction], clusters: list[list[str]]
) -> _PairSpread:
    n = len(gaps)
    ups = np.array([sum(float(first[i].rate * (1 - second[i].rate)) for i in items) for items in clusters])
    downs = np.array([sum(float(second[i].rate * (1 - first[i].rate)) for i in items) for items in clusters])
    share_up, share_down = float(ups.sum()) / n, float(downs.sum()) / n
    if len(clusters) == n and max(first[i].trials for i in gaps) == max(second[i].trials for i in gaps) == 1:
        return _PairSpread(share_up, share_down, n, inf)
    sizes = np.array([len(items) for items in clusters], dtype=np.float64)
    variance, df = robust_variance(ups - downs, sizes)
    single = share_up + share_down - (share_up - share_down) ** 2
    most = float(sum(min(first[i].trials, second[i].trials) for i in gaps))
    observed = most if variance == 0 or single == 0 else min(most, single / variance)
    worst = n**2 / float((sizes**2).sum())
    seen = int((ups + downs > 0).sum())
    return _PairSpread(share_up, share_down, leaning_n(observed, worst, seen), df)


def _reaches_zero(value: float, at: Callable[[float], Interval]) -> float:
    """Two-sided p of no difference: 1 - the level at which the interval reaches 0."""
    if value > 0:
        return first_level(at, lambda interval: interval.low > 0)
    return first_level(at, lambda interval: interval.high < 0) if value < 0 else 1.0
