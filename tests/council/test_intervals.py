"""The second derivation of the intervals: published values, and the equations they have to satisfy."""

import math
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shinrai.council.seats import intervals
from shinrai.evaluate.measurement import Comparison, Outcome, Rule

Z = 1.959963984540054
COUNTS = st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_newcombe_1998_stat_med_17_857(x, n, low, high):
    got = intervals.wilson(x, n, Z)
    assert (round(float(got[0]), 4), round(float(got[1]), 4)) == (low, high)


@pytest.mark.parametrize(
    ("a", "m", "b", "n", "low", "high"),
    [
        (56, 70, 48, 80, 0.0524, 0.3339),
        (9, 10, 3, 10, 0.1705, 0.8090),
        (6, 7, 2, 7, 0.0582, 0.8062),
        (5, 56, 0, 29, -0.0381, 0.1926),
        (0, 10, 0, 20, -0.1611, 0.2775),
        (0, 10, 0, 10, -0.2775, 0.2775),
        (10, 10, 0, 20, 0.6791, 1.0),
        (10, 10, 0, 10, 0.6075, 1.0),
    ],
)
def test_difference_agrees_with_newcombe_1998_stat_med_17_873(a, m, b, n, low, high):
    got = intervals.difference(a, m, b, n, Z)
    assert (round(float(got[0]), 4), round(float(got[1]), 4)) == (low, high)


@settings(deadline=None, max_examples=40)
@given(COUNTS)
def test_wilson_bounds_satisfy_the_score_equation_and_hold_the_rate(count):
    x, n = count
    low, high = (float(bound) for bound in intervals.wilson(x, n, Z))
    assert 0 <= low <= x / n <= high <= 1
    for bound in (low, high):
        if 0 < bound < 1:
            score = (x - n * bound) / math.sqrt(n * bound * (1 - bound))
            assert abs(score) == pytest.approx(Z, rel=1e-6)


@settings(deadline=None, max_examples=40)
@given(COUNTS, COUNTS)
def test_difference_holds_its_estimate_and_turns_with_its_sides(first, second):
    low, high = intervals.difference(*first, *second, Z)
    back = intervals.difference(*second, *first, Z)
    estimate = first[0] / first[1] - second[0] / second[1]
    assert low - 1e-12 <= estimate <= high + 1e-12
    assert (-high, -low) == pytest.approx((float(back[0]), float(back[1])), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(COUNTS, COUNTS)
def test_ratio_bounds_satisfy_the_score_equation(first, second):
    (a, m), (b, n) = first, second
    low, high = (float(bound) for bound in intervals.ratio(a, m, b, n, Z))
    assert low <= high
    assert (low == 0) == (a == 0)
    assert math.isinf(high) == (b == 0)
    if a and b:
        assert low * (1 - 1e-12) <= a * n / (m * b) <= high * (1 + 1e-12)
    arrays = [np.array(float(value)) for value in (a, m, b, n)]
    for bound in (low, high):
        if 0 < bound < math.inf:
            assert intervals.ratio_statistic(*arrays, np.array(bound)) == pytest.approx(Z * Z, rel=1e-5)


@settings(deadline=None, max_examples=40)
@given(COUNTS, COUNTS, st.floats(0.05, 20))
def test_the_ratio_statistic_is_that_of_the_most_likely_pair(first, second, true_ratio):
    (a, m), (b, n) = first, second
    assume(0 < a < m and 0 < b < n)

    def likelihood(p2):
        p1 = true_ratio * p2
        return a * math.log(p1) + (m - a) * math.log1p(-p1) + b * math.log(p2) + (n - b) * math.log1p(-p2)

    # Golden-section search on the likelihood itself knows nothing of the quadratic.
    left, right = 1e-12, min(1.0, 1 / true_ratio) * (1 - 1e-12)
    for _ in range(200):
        third = (right - left) * 0.381966
        if likelihood(left + third) < likelihood(right - third):
            left += third
        else:
            right -= third
    p2 = (left + right) / 2
    p1 = true_ratio * p2
    # The score form of Miettinen and Nurminen without their N/(N−1) is the same number.
    score = (a / m - true_ratio * b / n) ** 2 / (p1 * (1 - p1) / m + true_ratio**2 * p2 * (1 - p2) / n)
    arrays = [np.array(float(value)) for value in (a, m, b, n, true_ratio)]
    assert intervals.ratio_statistic(*arrays) == pytest.approx(score, rel=1e-3, abs=1e-6)


def test_ratio_of_two_certainties_has_a_closed_form():
    # With all of m and all of n the most likely p2 under r > 1 is 1/r, and the chi-square is n(r − 1).
    low, high = intervals.ratio(40, 40, 25, 25, Z)
    assert float(high) == pytest.approx(1 + Z * Z / 25, rel=1e-9)
    assert float(low) == pytest.approx(1 / (1 + Z * Z / 40), rel=1e-9)


def test_ratio_of_nothing_says_nothing():
    low, high = intervals.ratio(0, 40, 0, 25, Z)
    assert (float(low), float(high)) == (0.0, math.inf)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 20_000))
def test_simultaneous_z_is_the_normal_quantile(comparisons):
    expected = NormalDist().inv_cdf(1 - 0.05 / (2 * comparisons))
    assert intervals.simultaneous_z(comparisons) == pytest.approx(expected, rel=1e-9)


def test_one_comparison_gives_the_usual_z():
    assert intervals.simultaneous_z(1) == pytest.approx(Z, abs=1e-14)


@settings(deadline=None, max_examples=40)
@given(st.lists(COUNTS, min_size=2, max_size=6))
def test_largest_difference_and_smallest_ratio_go_through_every_pair(counts):
    x, n = zip(*counts, strict=True)
    pairs = [(i, j) for i in range(len(x)) for j in range(len(x)) if i != j]
    z = intervals.simultaneous_z(len(pairs) // 2)
    folded = [
        [float(bound) for bound in intervals.absolute(*intervals.difference(x[i], n[i], x[j], n[j], z))]
        for i, j in pairs
    ]
    assert intervals.largest_difference(x, n) == pytest.approx(
        (max(low for low, _ in folded), max(high for _, high in folded)), abs=1e-12
    )
    ratios = [[float(bound) for bound in intervals.ratio(x[i], n[i], x[j], n[j], z)] for i, j in pairs]
    assert intervals.smallest_ratio(x, n) == pytest.approx(
        (min(1, *(low for low, _ in ratios)), min(1, *(high for _, high in ratios))), rel=1e-9
    )
    rates = [Fraction(a, b) for a, b in counts]
    low, high = intervals.largest_difference(x, n)
    assert low - 1e-12 <= max(rates) - min(rates) <= high + 1e-12
    low, high = intervals.smallest_ratio(x, n)
    if max(rates):
        assert low - 1e-12 <= min(rates) / max(rates) <= high + 1e-12


def test_absolute_folds_at_zero():
    low, high = intervals.absolute([-0.2, 0.1, -0.5, 0.0], [0.3, 0.4, -0.1, 0.2])
    assert low.tolist() == [0.0, 0.1, 0.1, 0.0]
    assert high.tolist() == [0.3, 0.4, 0.5, 0.2]


def test_mean_interval_of_a_tiny_sample():
    # 1, 2, 3: mean 2, s = 1, half width z/√3.
    low, high = intervals.mean(2.0, 2.0, 3, Z)
    assert (float(low), float(high)) == pytest.approx((2 - Z / math.sqrt(3), 2 + Z / math.sqrt(3)))


def test_auc_and_delong_of_hanley_and_mcneil_1982():
    negatives = np.repeat(np.arange(5), [33, 6, 6, 11, 2])
    positives = np.repeat(np.arange(5), [3, 2, 2, 11, 33])
    assert intervals.auc(positives, negatives) == 1321 / 1479
    low, high = intervals.delong(positives, negatives, Z)
    assert (1321 / 1479 - low) / Z == pytest.approx(0.030724, abs=5e-7)
    assert high - 1321 / 1479 == pytest.approx(1321 / 1479 - low)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 8), min_size=2, max_size=12), st.lists(st.integers(0, 8), min_size=2, max_size=12))
def test_auc_counts_every_pair(positives, negatives):
    wins = sum((p > q) + Fraction(p == q, 2) for p in positives for q in negatives)
    assert intervals.auc(positives, negatives) == float(Fraction(wins, len(positives) * len(negatives)))
    placed = [sum((p > q) + (p == q) / 2 for q in negatives) / len(negatives) for p in positives]
    passed = [sum((p > q) + (p == q) / 2 for p in positives) / len(positives) for q in negatives]
    se = math.sqrt(np.var(placed, ddof=1) / len(placed) + np.var(passed, ddof=1) / len(passed))
    value = intervals.auc(positives, negatives)
    expected = max(0.0, value - Z * se), min(1.0, value + Z * se)
    assert intervals.delong(positives, negatives, Z) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("comparison", "limit", "low", "high", "outcome"),
    [
        (Comparison.AT_MOST, 0.1, 0.0, 0.1, Outcome.PASS),
        (Comparison.AT_MOST, 0.1, 0.1, 0.2, Outcome.INCONCLUSIVE),
        (Comparison.AT_MOST, 0.1, 0.11, 0.2, Outcome.FAIL),
        (Comparison.AT_LEAST, 0.8, 0.8, 0.9, Outcome.PASS),
        (Comparison.AT_LEAST, 0.8, 0.7, 0.8, Outcome.INCONCLUSIVE),
        (Comparison.AT_LEAST, 0.8, 0.7, 0.79, Outcome.FAIL),
        (Comparison.AT_LEAST, 0.8, None, 0.79, Outcome.INCONCLUSIVE),
        (Comparison.AT_LEAST, 0.8, 0.9, None, Outcome.INCONCLUSIVE),
    ],
)
def test_the_decision_is_taken_on_the_bound(comparison, limit, low, high, outcome):
    assert intervals.decide(Rule(comparison, limit), low, high) is outcome


def test_without_a_rule_nothing_is_decided():
    assert intervals.decide(None, 0.0, 1.0) is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    "call",
    [
        lambda: intervals.wilson(1, 0, Z),
        lambda: intervals.wilson(-1, 5, Z),
        lambda: intervals.wilson([1, 6], [5, 5], Z),
        lambda: intervals.normal_quantile(0.5),
        lambda: intervals.simultaneous_z(0),
        lambda: intervals.mean(0.0, 0.0, 1, Z),
        lambda: intervals.auc([], [1.0]),
        lambda: intervals.auc([1.0], []),
        lambda: intervals.delong([1.0], [1.0, 2.0], Z),
        lambda: intervals.delong([1.0, 2.0], [1.0], Z),
    ],
)
def test_counts_that_cannot_be_are_refused(call):
    with pytest.raises(ValueError, match="need"):
        call()
