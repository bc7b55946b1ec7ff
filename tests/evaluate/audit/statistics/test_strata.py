"""Comparisons within strata: the Berkeley admissions, textbook identities, coverage, sparse strata."""

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.strata import (
    Stratum,
    Test,
    breslow_day,
    common_difference,
    common_odds_ratio,
    common_ratio,
    mantel_haenszel,
    simpson,
)
from shinrai.evaluate.statistics.undefined import Undefined

# Admitted men of men and admitted women of women in departments A to F: Bickel, Hammel, O'Connell 1975.
BERKELEY = [
    (512, 825, 89, 108),
    (353, 560, 17, 25),
    (120, 325, 202, 593),
    (138, 417, 131, 375),
    (53, 191, 94, 393),
    (22, 373, 24, 341),
]
STRATUM = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)).map(
    lambda x: (min(x[:2]), max(x[:2]), min(x[2:]), max(x[2:]))
)


def gap(found: Gap | Undefined) -> Gap:
    assert isinstance(found, Gap)
    return found


def test_berkeley_is_reversed_within_departments() -> None:
    found = simpson(BERKELEY)
    assert not isinstance(found, Undefined)
    assert found.crude.value == pytest.approx(0.1416, abs=1e-4)
    assert found.adjusted.value == pytest.approx(-0.0184, abs=1e-4)
    assert (found.reversed, found.clear, found.vanishes, found.everywhere) == (True, False, True, False)
    # Published for these data, as R's mantelhaen.test and DescTools' BreslowDayTest print them.
    odds = gap(common_odds_ratio(BERKELEY))
    assert odds.value == pytest.approx(0.9047, abs=1e-4)
    assert (odds.interval.low, odds.interval.high) == pytest.approx((0.7719, 1.0603), abs=1e-4)
    test = mantel_haenszel(BERKELEY)
    assert isinstance(test, Test)
    assert (test.statistic, test.df, test.p) == pytest.approx((1.5246, 1, 0.2169), abs=1e-4)
    same = breslow_day(BERKELEY)
    assert isinstance(same, Test)
    assert (same.statistic, same.df, same.p) == pytest.approx((18.8255, 5, 0.00207), abs=1e-3)


def test_a_reversal_in_every_stratum_is_clear() -> None:
    found = simpson([(810, 900, 95, 100), (20, 100, 270, 900)])
    assert not isinstance(found, Undefined)
    assert found.crude.value > 0 > found.adjusted.value
    assert (found.reversed, found.clear, found.vanishes, found.everywhere) == (True, True, False, True)
    plain = simpson([(30, 50, 20, 50), (25, 50, 20, 50)])
    assert not isinstance(plain, Undefined)
    assert not (plain.reversed or plain.clear or plain.vanishes or plain.everywhere)
    assert simpson([(1, 2, 0, 0)]) is Undefined.NO_SHARED_STRATA


def test_one_stratum_is_the_plain_comparison() -> None:
    a, n, b, m = 30, 80, 20, 90
    assert gap(common_difference([(a, n, b, m)])).value == pytest.approx(a / n - b / m)
    assert gap(common_ratio([(a, n, b, m)])).value == pytest.approx(a * m / (b * n))
    half = 1.959964 * sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    assert log(gap(common_ratio([(a, n, b, m)])).interval.high) == pytest.approx(log(a * m / (b * n)) + half, abs=1e-5)
    odds = gap(common_odds_ratio([(a, n, b, m)]))
    assert odds.value == pytest.approx(a * (m - b) / (b * (n - a)))
    half = 1.959964 * sqrt(1 / a + 1 / (n - a) + 1 / b + 1 / (m - b))
    assert log(odds.interval.low) == pytest.approx(log(odds.value) - half, abs=1e-5)


@settings(max_examples=80)
@given(st.lists(STRATUM, min_size=0, max_size=5))
def test_values_lie_in_their_intervals_and_turn_with_the_groups(strata: list[Stratum]) -> None:
    turned = [(b, m, a, n) for a, n, b, m in strata]
    difference = common_difference(strata)
    if not any(n and m for _, n, _, m in strata):
        assert difference is Undefined.NO_SHARED_STRATA
        assert common_ratio(strata) is common_odds_ratio(strata) is Undefined.NO_SHARED_STRATA
        assert mantel_haenszel(strata) is breslow_day(strata) is Undefined.NO_SHARED_STRATA
        return
    there, back = gap(difference), gap(common_difference(turned))
    assert -1 <= there.interval.low <= there.value <= there.interval.high <= 1
    assert there.interval.low < there.interval.high
    assert back.value == pytest.approx(-there.value, abs=1e-12)
    assert back.interval.low == pytest.approx(-there.interval.high, abs=1e-9)
    for estimate in (common_ratio, common_odds_ratio):
        found, other = estimate(strata), estimate(turned)
        if isinstance(found, Gap):
            assert 0 <= found.interval.low <= found.value <= found.interval.high
            assert found.interval.low < found.interval.high
            if isinstance(other, Gap) and found.value:
                assert other.value == pytest.approx(1 / found.value)
    test, same = mantel_haenszel(strata), breslow_day(strata)
    assert test is Undefined.NO_VARIATION_IN_STRATA or (isinstance(test, Test) and 0 <= test.p <= 1)
    assert isinstance(same, Undefined) or 0 <= same.p <= 1


def test_where_nothing_varies_the_interval_is_no_point() -> None:
    none, everyone = [(0, 10, 0, 10)] * 3, [(10, 10, 10, 10)] * 3
    for strata in (none, everyone):
        found = gap(common_difference(strata))
        assert found.value == 0
        assert found.interval.low < -0.05 < 0.05 < found.interval.high
        assert common_odds_ratio(strata) is Undefined.NO_VARIATION_IN_STRATA
        assert mantel_haenszel(strata) is breslow_day(strata) is Undefined.NO_VARIATION_IN_STRATA
    assert common_ratio(none) is Undefined.ZERO_BASE
    ratio = gap(common_ratio(everyone))
    assert ratio.interval.low < 0.95 < 1.05 < ratio.interval.high


def test_no_success_in_one_group() -> None:
    strata = [(0, 20, 5, 20), (0, 30, 4, 20)]
    ratio, odds = gap(common_ratio(strata)), gap(common_odds_ratio(strata))
    assert ratio.value == odds.value == ratio.interval.low == odds.interval.low == 0
    assert 0 < ratio.interval.high < 1
    assert 0 < odds.interval.high < 1
    assert breslow_day(strata) is Undefined.ALL_ZERO
    turned = [(b, m, a, n) for a, n, b, m in strata]
    assert common_ratio(turned) is common_odds_ratio(turned) is breslow_day(turned) is Undefined.ZERO_BASE
    assert breslow_day([(1, 5, 3, 5), (0, 5, 0, 5)]) is Undefined.ONE_STRATUM


@pytest.mark.parametrize("apart", [(0, 20, 10, 20), (0, 20_000, 10_000, 20_000), (0, 10**9, 10**9 - 1, 10**9)])
@pytest.mark.parametrize("alike", [(7, 7, 50, 50), (50, 50, 7, 7), (0, 7, 0, 50)])
def test_a_stratum_in_which_all_outcomes_are_alike_says_nothing(apart: Stratum, alike: Stratum) -> None:
    alone, beside = gap(common_odds_ratio([apart])), gap(common_odds_ratio([apart, alike]))
    assert alone.value == beside.value == 0
    assert 0 < beside.interval.high == pytest.approx(alone.interval.high, rel=1e-9)


def test_counts_that_cannot_be_are_refused() -> None:
    for stratum in ((3, 2, 1, 2), (1, 2, 3, 2), (-1, 2, 1, 2)):
        with pytest.raises(ValueError, match="successes"):
            common_difference([stratum])


@pytest.mark.parametrize("sizes", [[(20, 20)] * 4, [(3, 3)] * 30, [(100, 10), (10, 100), (50, 50)]])
def test_coverage_and_false_alarms(sizes: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(21)
    base = np.linspace(0.2, 0.5, len(sizes))
    odds = 2 * base / (1 - base)
    hits = {"difference": [], "ratio": [], "odds": []}
    alarms = []

    def drawn(rates: np.ndarray) -> list[Stratum]:
        return [
            (int(rng.binomial(n, p)), n, int(rng.binomial(m, q)), m)
            for (n, m), p, q in zip(sizes, rates, base, strict=True)
        ]

    for _ in range(250):
        for name, found, truth in (
            ("difference", common_difference(drawn(base + 0.15)), 0.15),
            ("ratio", common_ratio(drawn(base * 1.5)), 1.5),
            ("odds", common_odds_ratio(drawn(odds / (1 + odds))), 2.0),
        ):
            assert isinstance(found, Gap)
            hits[name].append(found.interval.low <= truth <= found.interval.high)
        test = breslow_day(drawn(odds / (1 + odds)))
        alarms.append(isinstance(test, Test) and test.p <= 0.05)
    for name, hit in hits.items():
        assert 0.92 <= np.mean(hit) <= 0.99, name
    assert np.mean(alarms) <= 0.08
