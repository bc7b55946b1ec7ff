"""Comparisons that hold together: published quantiles, coverage, and agreement of intervals with p-values."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics import simultaneous as module
from shinrai.evaluate.statistics.gaps import Gap, difference_gap, ratio_gap
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.proportions import koopman, newcombe
from shinrai.evaluate.statistics.simultaneous import Against, equalized_odds, holm, simultaneous
from shinrai.evaluate.statistics.undefined import Undefined

EQUAL = [(300, 1000)] * 5
FRACTIONS = st.tuples(st.integers(0, 40), st.integers(1, 40)).map(lambda x: (min(x), max(x)))


def test_quantiles_of_equal_groups_are_the_published_ones() -> None:
    # Tukey's studentised range at infinite degrees of freedom over √2, and Dunnett's table, both at 5 groups and 5 %.
    assert simultaneous(EQUAL, draws=100_000).critical == pytest.approx(3.858 / sqrt(2), abs=0.02)
    assert simultaneous(EQUAL, against=Against.REFERENCE, draws=100_000).critical == pytest.approx(2.44, abs=0.02)
    two = simultaneous([(30, 100), (60, 90)])
    assert two.critical == pytest.approx(1.96, abs=0.02)


@pytest.mark.parametrize("against", list(Against))
def test_all_intervals_hold_together_in_95_of_100_audits(against: Against) -> None:
    rng = np.random.default_rng(6)
    rates, sizes = np.array([0.2, 0.3, 0.25, 0.5]), np.array([60, 90, 400, 50])
    overall, hits = float((rates * sizes).sum() / sizes.sum()), 0
    for _ in range(120):
        counts = [(int(x), int(n)) for x, n in zip(rng.binomial(sizes, rates), sizes, strict=True)]
        hits += all(
            each.difference.interval.low
            <= rates[each.first] - (overall if each.second is None else rates[each.second])
            <= each.difference.interval.high
            for each in simultaneous(counts, against=against, draws=1000).contrasts
        )
    assert 0.92 <= hits / 120 <= 1


@settings(max_examples=12)
@given(st.lists(FRACTIONS, min_size=2, max_size=6), st.sampled_from(Against))
def test_intervals_hold_their_values_and_agree_with_p(groups: list[tuple[int, int]], against: Against) -> None:
    found = simultaneous(groups, against=against, draws=500)
    for each in found.contrasts:
        interval = each.difference.interval
        assert interval.low <= each.difference.value <= interval.high
        assert each.p <= each.adjusted + 1e-12
        assert each.p <= each.holm <= 1
        # Away from the quantile's own rounding, the interval leaves out 0 just where the adjusted p is small.
        if each.adjusted < 0.04:
            assert not interval.low <= 0 <= interval.high
        if each.adjusted > 0.06:
            assert interval.low <= 0 <= interval.high
        if isinstance(each.ratio, Gap):
            assert each.ratio.interval.low <= each.ratio.value <= each.ratio.interval.high
            assert (each.ratio.value > 1) == (each.difference.value > 1e-15) or abs(each.difference.value) < 1e-9
    assert found.difference.interval.low <= found.difference.value <= found.difference.interval.high + 1e-12
    if isinstance(found.ratio, Gap):
        assert found.ratio.interval.low <= found.ratio.value <= found.ratio.interval.high


def test_pairs_stand_on_newcombe_and_koopman_at_a_smaller_quantile_than_bonferroni() -> None:
    groups = [(30, 100), (45, 120), (8, 60)]
    found = simultaneous(groups)
    first = found.contrasts[0]
    assert (first.first, first.second) == (0, 1)
    assert first.difference.interval == newcombe(30, 100, 45, 120, found.critical)
    assert isinstance(first.ratio, Gap)
    assert first.ratio.interval.low == pytest.approx(koopman(30, 100, 45, 120, found.critical).low)
    bonferroni, ratio = difference_gap(groups), ratio_gap(groups)
    assert found.difference.value == bonferroni.value
    assert bonferroni.interval.low < found.difference.interval.low
    assert found.difference.interval.high < bonferroni.interval.high
    assert isinstance(found.ratio, Gap)
    assert found.ratio.value == pytest.approx(ratio.value)
    assert ratio.interval.low < found.ratio.interval.low
    assert found.ratio.interval.high < ratio.interval.high


def test_a_group_and_all_rows() -> None:
    found = simultaneous([(10, 100), (40, 100), (0, 0 + 50)], against=Against.OVERALL)
    assert [each.difference.value for each in found.contrasts] == pytest.approx([-0.1, 0.2, -0.2])
    assert found.difference.value == pytest.approx(0.2)
    assert isinstance(found.ratio, Gap)
    assert found.ratio.value == 0
    assert found.ratio.interval.low == 0
    ratios = [each.ratio.value for each in found.contrasts if isinstance(each.ratio, Gap)]
    assert ratios == pytest.approx([0.5, 2.0, 0.0])
    # A group that is everyone who succeeded: the rest's rate is 0, the overall rate is not.
    alone = simultaneous([(10, 20), (0, 30)], against=Against.OVERALL).contrasts[0].ratio
    assert isinstance(alone, Gap)
    assert alone.value == pytest.approx(2.5)
    assert alone.interval.high == pytest.approx(2.5)


def test_ratios_that_do_not_exist() -> None:
    assert simultaneous([(0, 10), (0, 20)]).ratio is Undefined.ALL_ZERO
    found = simultaneous([(5, 10), (0, 20), (0, 30)], against=Against.REFERENCE, reference=1)
    assert [each.ratio for each in found.contrasts] == [Undefined.ZERO_BASE, Undefined.ZERO_BASE]
    # The ratio that is turned so as to be at most 1 does.
    assert isinstance(found.ratio, Gap)
    assert (found.ratio.value, found.ratio.interval.low) == (0, 0)
    assert found.ratio.interval.high < 1
    pairs = simultaneous([(5, 10), (0, 20), (0, 30)])
    assert [isinstance(each.ratio, Gap) for each in pairs.contrasts] == [False, False, False]
    assert isinstance(pairs.ratio, Gap)
    assert pairs.ratio == ratio_gap_at(pairs.critical)
    found = simultaneous([(5, 10), (0, 20)], against=Against.REFERENCE, reference=0)
    assert isinstance(found.ratio, Gap)
    assert (found.ratio.value, found.ratio.interval.low) == (0, 0)


def ratio_gap_at(z: float) -> Gap:
    """Smallest ratio of 5 of 10 to none of 20 and none of 30."""
    turned = [koopman(0, n, 5, 10, z) for n in (20, 30)]
    return Gap(0.0, Interval(0.0, pytest.approx(min(each.high for each in turned))))


def test_with_thousands_of_comparisons_sidaks_quantile_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = simultaneous([*EQUAL[:3], (420, 1000)], draws=5000)
    monkeypatch.setattr(module, "MOST_DRAWN", 3)
    sidak = simultaneous([*EQUAL[:3], (420, 1000)])
    assert (sidak.draws, drawn.draws) == (0, 5000)
    assert drawn.critical < sidak.critical == pytest.approx(2.631, abs=1e-3)
    assert sidak.contrasts[-1].adjusted == pytest.approx(1 - (1 - sidak.contrasts[-1].p) ** 6)


def test_holm_and_what_it_refuses() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([-0.1])


def test_equalized_odds_is_the_larger_gap_and_holds_for_equal_groups() -> None:
    found = equalized_odds([(50, 100), (60, 100)], [(10, 100), (40, 100)])
    assert found.value == pytest.approx(0.3)
    assert 0 < found.interval.low < 0.3 < found.interval.high
    rng = np.random.default_rng(8)
    excluded = sum(
        equalized_odds(
            [(int(x), 80) for x in rng.binomial(80, 0.6, 4)], [(int(x), 90) for x in rng.binomial(90, 0.2, 4)]
        ).interval.low
        > 0
        for _ in range(40)
    )
    assert excluded <= 5


def test_extremes_have_a_p_above_nothing() -> None:
    found = simultaneous([(0, 10**6), (10**6, 10**6)]).contrasts[0]
    assert 0 <= found.p < 1e-300
    assert found.adjusted < 1e-300 or found.adjusted == pytest.approx(0, abs=1e-15)
    assert isinstance(found.ratio, Gap)
    assert found.ratio.interval.high < inf


@pytest.mark.parametrize(
    ("groups", "changed"),
    [
        ([(1, 2)], {}),
        ([(3, 2), (1, 2)], {}),
        ([(0, 0), (1, 2)], {}),
        ([(1, 2), (1, 2)], {"level": 1.0}),
        ([(1, 2), (1, 2)], {"reference": 2}),
    ],
)
def test_what_cannot_be_is_refused(groups: list[tuple[int, int]], changed: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="need"):
        simultaneous(groups, **changed)  # type: ignore[arg-type]
