from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.measurement import Comparison, Outcome, Rule
from shinrai.evaluate.statistics.decision import decide
from shinrai.evaluate.statistics.gaps import difference_gap, ratio_gap
from shinrai.evaluate.statistics.interval import simultaneous_z
from shinrai.evaluate.statistics.proportions import koopman, newcombe

count = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
groups = st.lists(count, min_size=2, max_size=6)


def test_gaps_of_the_exact_tables(cases: dict[str, Any]) -> None:
    for case in cases["rates"]:
        fractions = [(count["favourable"], count["total"]) for count in case["counts"].values()]
        assert difference_gap(fractions).value == pytest.approx(float(Fraction(case["difference_max_min"])), abs=1e-15)
        smallest = min(Fraction(exact) for exact in case["impact_ratio_to_max"].values())
        assert ratio_gap(fractions).value == pytest.approx(float(smallest), rel=1e-15)


@settings(deadline=None)
@given(groups)
def test_difference_by_the_definition(fractions: list[tuple[int, int]]) -> None:
    pairs = [(i, j) for i in range(len(fractions)) for j in range(i)]
    z = simultaneous_z(len(pairs))
    sizes = [newcombe(*fractions[i], *fractions[j], z).magnitude() for i, j in pairs]
    gap = difference_gap(fractions)
    assert gap.interval.low == pytest.approx(max(size.low for size in sizes), abs=1e-12)
    assert gap.interval.high == pytest.approx(max(size.high for size in sizes), abs=1e-12)
    assert gap.interval.low <= gap.value <= gap.interval.high


@settings(deadline=None)
@given(groups)
def test_ratio_by_the_definition(fractions: list[tuple[int, int]]) -> None:
    if not any(successes for successes, _ in fractions):
        with pytest.raises(ValueError, match="undefined"):
            ratio_gap(fractions)
        return
    places = range(len(fractions))
    z = simultaneous_z(len(places) * (len(places) - 1) // 2)
    intervals = [koopman(*fractions[i], *fractions[j], z) for i in places for j in places if i != j]
    gap = ratio_gap(fractions)
    assert gap.interval.low == pytest.approx(min(1.0, *(each.low for each in intervals)), rel=1e-7)
    assert gap.interval.high == pytest.approx(min(1.0, *(each.high for each in intervals)), rel=1e-7)
    assert gap.interval.low <= gap.value <= gap.interval.high


@settings(deadline=None)
@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_groups_does_not_matter(fractions: list[tuple[int, int]], random: Any) -> None:
    shuffled = random.sample(fractions, len(fractions))
    assert difference_gap(shuffled) == difference_gap(fractions)


@settings(deadline=None)
@given(groups)
def test_more_rows_of_the_same_rates_narrow_the_interval(fractions: list[tuple[int, int]]) -> None:
    more = difference_gap([(4 * successes, 4 * trials) for successes, trials in fractions])
    gap = difference_gap(fractions)
    assert more.value == pytest.approx(gap.value)
    assert more.interval.low >= gap.interval.low - 1e-12
    assert more.interval.high <= gap.interval.high + 1e-12


def test_groups_that_are_none_are_refused() -> None:
    for call in (difference_gap, ratio_gap):
        with pytest.raises(ValueError, match="at least two"):
            call([(1, 2)])
        for bad in ((1, 0), (-1, 2), (3, 2)):
            with pytest.raises(ValueError, match="need 0 <= successes"):
                call([(1, 2), bad])


def test_equal_groups_are_not_called_unequal() -> None:
    """Ten equal groups of 200: the percentile bootstrap of max - min shuts out 0 in every such table."""
    random = np.random.default_rng(7)
    different, unfair = 0, 0
    for _ in range(200):
        fractions = [(int(x), 200) for x in random.binomial(200, 0.3, 10)]
        gap = difference_gap(fractions)
        different += gap.interval.low > 0
        unfair += decide(gap.interval, Rule(Comparison.AT_MOST, 0.10)) is Outcome.FAIL
        unfair += decide(ratio_gap(fractions).interval, Rule(Comparison.AT_LEAST, 0.80)) is Outcome.FAIL
    assert different <= 0.05 * 200 + 3
    assert unfair <= 0.01 * 200
