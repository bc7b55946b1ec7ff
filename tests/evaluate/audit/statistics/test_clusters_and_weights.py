"""Rates of clustered and weighted rows, and differences of rates that carry their own intervals."""

from dataclasses import dataclass
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.audit.cells import ClusterSums
from shinrai.evaluate.statistics.clustered import clustered_proportion
from shinrai.evaluate.statistics.clusters import LinearisedRate, clustered_rate
from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.mover import difference, largest_difference, ratio, smallest_ratio
from shinrai.evaluate.statistics.proportions import koopman, newcombe, wilson
from shinrai.evaluate.statistics.quantiles import normal_quantile
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.statistics.weighted import WeightSums, weighted_rate


def sums(pairs: list[tuple[int, int]]) -> ClusterSums:
    return ClusterSums(
        len(pairs),
        sum(s for s, _ in pairs),
        sum(t for _, t in pairs),
        sum(s * s for s, _ in pairs),
        sum(s * t for s, t in pairs),
        sum(t * t for _, t in pairs),
    )


def weights(of: list[int], successes: list[bool]) -> WeightSums:
    chosen = [w for w, y in zip(of, successes, strict=True) if y]
    return WeightSums(len(of), sum(chosen), sum(w * w for w in chosen), sum(of), sum(w * w for w in of))


def rate(found: LinearisedRate | Undefined) -> LinearisedRate:
    assert isinstance(found, LinearisedRate)
    return found


@dataclass(frozen=True)
class Plain:
    """Independent rows."""

    successes: int
    n: int

    @property
    def value(self) -> float:
        return self.successes / self.n

    def at(self, level: float = 0.95) -> Interval:
        return wilson(self.successes, self.n, normal_quantile(level))


def test_clusters_of_one_row_are_independent_rows() -> None:
    found = rate(clustered_rate(sums([(1, 1)] * 13 + [(0, 1)] * 29)))
    assert (found.n, found.units, found.df, found.design_effect) == (42, 42, inf, 1)
    exact = wilson(13, 42)
    assert (found.interval.low, found.interval.high) == pytest.approx((exact.low, exact.high))
    assert found.at(0.99).high > found.interval.high


def test_clusters_of_one_size_have_the_variance_of_the_list_of_clusters() -> None:
    pairs = [(3, 4), (0, 4), (4, 4), (1, 4), (2, 4), (4, 4), (0, 4), (3, 4)]
    found = rate(clustered_rate(sums(pairs)))
    listed = clustered_proportion([[pair] for pair in pairs])
    assert not isinstance(listed, Undefined)
    assert found.value == listed.value
    assert found.df == pytest.approx(7) == pytest.approx(listed.df)
    assert found.spread.observed_n == pytest.approx(listed.spread.observed_n)  # type: ignore[union-attr]
    # The number of clusters that show the rarer outcome isn't in the sums, and is taken as less.
    assert found.interval.high - found.interval.low >= listed.interval.high - listed.interval.low


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)).map(lambda x: (min(x), max(x))), min_size=2, max_size=12)
)
def test_intervals_of_clusters_hold_their_value_and_are_no_narrower_than_of_rows(pairs: list[tuple[int, int]]) -> None:
    found = rate(clustered_rate(sums(pairs)))
    assert 0 <= found.interval.low <= found.value <= found.interval.high <= 1
    assert found.interval.low < found.interval.high
    assert found.design_effect >= 1 - 1e-12
    plain = wilson(sum(s for s, _ in pairs), sum(t for _, t in pairs))
    assert found.interval.high - found.interval.low >= plain.high - plain.low - 1e-9


def test_what_clusters_cannot_say() -> None:
    assert clustered_rate(sums([])) is Undefined.NO_ROWS
    assert clustered_rate(sums([(3, 7)])) is Undefined.SINGLE_CLUSTER
    for wrong in (
        ClusterSums(2, 5, 4, 5, 5, 8),
        ClusterSums(2, 1, 4, 9, 5, 8),
        ClusterSums(2, 2, 4, 1, 5, 8),
        ClusterSums(2, 1, 4, 1, 1, 17),
        ClusterSums(2, -1, 4, 1, 1, 8),
    ):
        with pytest.raises(ValueError, match="no clusters"):
            clustered_rate(wrong)
    assert rate(clustered_rate(sums([(0, 3), (0, 4)]))).interval.high > 0.5
    assert rate(clustered_rate(sums([(3, 3), (4, 4)]))).interval.low < 0.6
    # Alike clusters show no spread, and still are no more than their rows.
    assert rate(clustered_rate(sums([(1, 2)] * 5))).effective_n <= 10


def test_equal_weights_are_no_weights() -> None:
    found = rate(weighted_rate(weights([7] * 40, [k < 12 for k in range(40)])))
    exact = wilson(12, 40)
    assert (found.interval.low, found.interval.high) == pytest.approx((exact.low, exact.high))
    assert (found.n, found.units, found.design_effect) == (40, 40, 1)


def test_unequal_weights_make_the_interval_wider() -> None:
    of, successes = [1, 1, 1, 9, 2, 3, 1, 1, 8, 2] * 5, [True, False] * 25
    found = rate(weighted_rate(weights(of, successes)))
    assert found.value == pytest.approx(sum(w for w, y in zip(of, successes, strict=True) if y) / sum(of))
    assert found.effective_n <= sum(of) ** 2 / sum(w * w for w in of) + 1e-9
    assert found.design_effect > 1.5
    scaled = rate(weighted_rate(weights([w * 2**46 for w in of], successes)))
    assert scaled.interval.low == pytest.approx(found.interval.low)
    assert scaled.interval.high == pytest.approx(found.interval.high)


def test_what_weights_cannot_say() -> None:
    assert weighted_rate(WeightSums(0, 0, 0, 0, 0)) is Undefined.NO_ROWS
    assert weighted_rate(weights([5], [True])) is Undefined.SINGLE_CLUSTER
    for wrong in (
        WeightSums(2, 5, 5, 4, 10),
        WeightSums(2, 1, 11, 4, 10),
        WeightSums(2, 1, 1, 40, 10),
        WeightSums(9, 1, 1, 3, 10),
    ):
        with pytest.raises(ValueError, match="no weights"):
            weighted_rate(wrong)


@pytest.mark.parametrize(("clusters", "p", "likeness"), [(25, 0.3, 0.3), (150, 0.05, 0.2)])
def test_coverage_of_clustered_rates_and_their_difference(clusters: int, p: float, likeness: float) -> None:
    rng = np.random.default_rng(17)
    strength = (1 - likeness) / likeness

    def drawn() -> LinearisedRate:
        t = rng.integers(1, 9, clusters)
        s = rng.binomial(t, rng.beta(p * strength, (1 - p) * strength, clusters))
        return rate(clustered_rate(sums([(int(a), int(b)) for a, b in zip(s, t, strict=True)])))

    found = [drawn() for _ in range(400)]
    assert 0.93 <= np.mean([each.interval.low <= p <= each.interval.high for each in found]) <= 0.995
    gaps = [difference(one, two) for one, two in zip(found[::2], found[1::2], strict=True)]
    assert 0.92 <= np.mean([gap.interval.low <= 0 <= gap.interval.high for gap in gaps]) <= 1


@pytest.mark.parametrize(("n", "p", "spread"), [(40, 0.3, 0.5), (400, 0.1, 1.0)])
def test_coverage_of_weighted_rates(n: int, p: float, spread: float) -> None:
    rng = np.random.default_rng(18)
    hits = []
    for _ in range(400):
        of = [int(w) for w in np.rint(1000 * np.exp(rng.normal(0, spread, n))) + 1]
        found = rate(weighted_rate(weights(of, list(rng.random(n) < p))))
        hits.append(found.interval.low <= p <= found.interval.high)
    assert 0.93 <= np.mean(hits) <= 0.995


@settings(max_examples=60)
@given(*[st.tuples(st.integers(0, 40), st.integers(1, 40)).map(lambda x: (min(x), max(x)))] * 2)
def test_differences_of_wilsons_intervals_are_newcombes(one: tuple[int, int], two: tuple[int, int]) -> None:
    found = difference(Plain(*one), Plain(*two))
    exact = newcombe(*one, *two)
    assert (found.interval.low, found.interval.high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    quotient = ratio(Plain(*one), Plain(*two))
    if two[0] == 0:
        assert quotient is Undefined.ZERO_BASE
    else:
        assert isinstance(quotient, Gap)
        assert 0 <= quotient.interval.low <= quotient.value <= quotient.interval.high
        assert (quotient.interval.low == 0) == (one[0] == 0)


def test_ratios_are_close_to_koopmans() -> None:
    found, exact = ratio(Plain(30, 100), Plain(50, 120)), koopman(30, 100, 50, 120)
    assert isinstance(found, Gap)
    assert (found.interval.low, found.interval.high) == pytest.approx((exact.low, exact.high), rel=0.03)

    @dataclass(frozen=True)
    class Vague:
        value: float

        def at(self, _: float = 0.95) -> Interval:
            return Interval(0.0, 1.0)

    open_ended = ratio(Plain(30, 100), Vague(0.2))
    assert isinstance(open_ended, Gap)
    assert open_ended.interval.high == inf
    both = ratio(Vague(0.0), Vague(0.2))
    assert isinstance(both, Gap)
    assert (both.interval.low, both.interval.high) == (0, inf)


def test_largest_difference_and_smallest_ratio() -> None:
    rates = [Plain(30, 100), Plain(50, 100), Plain(33, 90)]
    found, quotient = largest_difference(rates), smallest_ratio(rates)
    assert found.value == pytest.approx(0.2)
    assert found.interval.low == pytest.approx(newcombe(50, 100, 30, 100, normal_quantile(1 - 0.05 / 3)).low)
    assert isinstance(quotient, Gap)
    assert quotient.value == pytest.approx(0.6)
    assert quotient.interval.low < 0.6 < quotient.interval.high < 1
    assert smallest_ratio([Plain(0, 10), Plain(0, 20)]) is Undefined.ALL_ZERO
    none = smallest_ratio([Plain(0, 10), Plain(5, 20)])
    assert isinstance(none, Gap)
    assert none.value == 0
    for function in (largest_difference, smallest_ratio):
        with pytest.raises(ValueError, match="two rates"):
            function(rates[:1])  # type: ignore[operator]
