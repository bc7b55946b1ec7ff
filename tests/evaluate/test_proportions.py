import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from shinrai.evaluate.statistics.interval import Z95, Interval, simultaneous_z
from shinrai.evaluate.statistics.proportions import (
    Counts,
    koopman,
    koopman_bounds,
    newcombe,
    newcombe_bounds,
    wilson,
    wilson_bounds,
)

counts = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([1.0, Z95, 3.5])


def test_wilson_as_published(cases: dict[str, Any]) -> None:
    for row in cases["wilson"]["items"]:
        interval = wilson(row["x"], row["n"])
        assert [round(interval.low, 4), round(interval.high, 4)] == row["ci"]


def test_wilson_of_the_exact_tables(cases: dict[str, Any]) -> None:
    for case in cases["rates"]:
        for group, expected in case["wilson_ci95"].items():
            count = case["counts"][group]
            interval = wilson(count["favourable"], count["total"])
            assert [round(interval.low, 6), round(interval.high, 6)] == expected


def test_newcombe_as_published(cases: dict[str, Any]) -> None:
    for row in cases["newcombe"]["items"]:
        interval = newcombe(row["a"], row["n1"], row["b"], row["n2"])
        assert [round(interval.low, 4), round(interval.high, 4)] == row["diff_ci"]


def test_koopman_as_published() -> None:
    # Koopman 1984, Biometrics 40:513, the example 36 of 40 against 16 of 80.
    interval = koopman(36, 40, 16, 80)
    assert [round(interval.low, 2), round(interval.high, 2)] == [2.94, 7.15]


def test_koopman_where_everyone_was_selected() -> None:
    # Closed form for a = n1, b = n2.
    interval = koopman(10, 10, 20, 20)
    assert interval.low == pytest.approx(10 / (10 + Z95**2), rel=1e-12)
    assert interval.high == pytest.approx((20 + Z95**2) / 20, rel=1e-12)


def test_koopman_without_successes() -> None:
    assert koopman(0, 10, 5, 20).low == 0.0
    assert koopman(5, 10, 0, 20).high == math.inf
    assert koopman(0, 10, 0, 20) == Interval(0.0, math.inf)


@settings(deadline=None)
@given(counts, counts, levels)
def test_koopman_bounds_are_where_pearson_stops_rejecting(
    first: tuple[int, int], second: tuple[int, int], z: float
) -> None:
    (a, n1), (b, n2) = first, second
    interval = koopman(a, n1, b, n2, z)
    for bound in (interval.low, interval.high):
        if 0 < bound < math.inf and bound != (a / n1) / (b / n2 if b else 1):
            assert _pearson(bound, a, n1, b, n2) == pytest.approx(z * z, rel=1e-5)


def _halved(a: Counts, n1: Counts, b: Counts, n2: Counts, z: float) -> tuple[Counts, Counts]:
    """Koopman's bounds by halving a wide bracket of the logarithm to its last bit: slow, and without a slope."""

    def at(wanted: float) -> Counts:
        below, above = np.full_like(a, -60.0), np.full_like(a, 60.0)
        for _ in range(64):
            middle = (below + above) / 2
            left = score(np.exp(middle)) > wanted
            below, above = np.where(left, middle, below), np.where(left, above, middle)
        return np.exp((below + above) / 2)

    def score(ratio: Counts) -> Counts:
        x, y = ratio * (n1 + b), a + n2
        root = np.sqrt((x - y) ** 2 + 4 * ratio * (n1 - a) * (n2 - b))
        p2 = np.minimum(2 * (a + b) / (x + y + root), 1.0)
        p1 = np.minimum(ratio * p2, 1.0)
        spread = np.sqrt(p1 * (1 - p1) / n1 + ratio * ratio * p2 * (1 - p2) / n2)
        distance = a / n1 - ratio * (b / n2)
        return np.where(distance == 0, 0.0, distance / spread)

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (a / n1) / (b / n2)
        low, high = np.where(a > 0, at(z), 0.0), np.where(b > 0, at(-z), np.inf)
    return np.fmin(low, ratio), np.fmax(high, ratio)


@pytest.mark.parametrize("z", [1e-6, 0.01, 1.0, Z95, 8.0, 38.0, 1e3, 1e6])
def test_koopman_of_all_small_tables_is_where_halving_ends(z: float) -> None:
    sizes = [(part, whole) for whole in range(1, 9) for part in range(whole + 1)]
    a, n1, b, n2 = np.array([(*one, *other) for one in sizes for other in sizes], dtype=np.float64).T
    for bound, halved in zip(koopman_bounds(a, n1, b, n2, z), _halved(a, n1, b, n2, z), strict=True):
        assert bound.tolist() == pytest.approx(halved.tolist(), rel=1e-12, abs=0)


@settings(deadline=None)
@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=20), st.sampled_from([0.1, 1.0, Z95, 3.5, 8.0, 38.0]))
def test_koopman_is_where_halving_ends(pairs: list[tuple[tuple[int, int], tuple[int, int]]], z: float) -> None:
    a, n1, b, n2 = np.array([(*one, *other) for one, other in pairs], dtype=np.float64).T
    for bound, halved in zip(koopman_bounds(a, n1, b, n2, z), _halved(a, n1, b, n2, z), strict=True):
        assert bound.tolist() == pytest.approx(halved.tolist(), rel=1e-12, abs=0)


@settings(deadline=None)
@given(st.integers(1, 10**14), st.integers(1, 10**14), levels)
def test_koopman_of_large_groups_without_a_failure_is_exact(n1: int, n2: int, z: float) -> None:
    interval = koopman(n1, n1, n2, n2, z)
    assert interval.low == pytest.approx(n1 / (n1 + z * z), rel=1e-15)
    assert interval.high == pytest.approx((n2 + z * z) / n2, rel=1e-15)


def test_koopman_of_a_size_that_is_no_number_ends_without_bounds() -> None:
    low, high = koopman_bounds(*(np.array([each]) for each in (1.0, math.nan, 1.0, 2.0)), Z95)
    assert np.isnan([low, high]).all()


def _pearson(ratio: float, a: int, n1: int, b: int, n2: int) -> float:
    """Pearson's chi-squared, its likelihood maximised by golden section: another way to the same number."""

    def loglikelihood(p2: float) -> float:
        p1 = ratio * p2
        terms = [(a, p1), (n1 - a, 1 - p1), (b, p2), (n2 - b, 1 - p2)]
        return sum(count * math.log(p) for count, p in terms if count)

    low, high = 0.0, min(1.0, 1 / ratio)
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(200):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if left <= 0 or right >= min(1.0, 1 / ratio) or left >= right:
            break
        low, high = (left, high) if loglikelihood(left) < loglikelihood(right) else (low, right)
    p2 = (low + high) / 2
    p1 = min(ratio * p2, 1 - 1e-15)
    return (a - n1 * p1) ** 2 / (n1 * p1 * (1 - p1)) + (b - n2 * p2) ** 2 / (n2 * p2 * (1 - p2))


@settings(deadline=None)
@given(counts, levels)
def test_wilson_holds_the_rate_and_is_symmetric(count: tuple[int, int], z: float) -> None:
    x, n = count
    interval = wilson(x, n, z)
    assert 0 <= interval.low <= x / n <= interval.high <= 1
    mirrored = wilson(n - x, n, z)
    assert mirrored.low == pytest.approx(1 - interval.high, abs=1e-12)
    assert mirrored.high == pytest.approx(1 - interval.low, abs=1e-12)


@settings(deadline=None)
@given(counts, levels)
def test_wilson_of_one_is_that_of_many_to_the_last_bit(count: tuple[int, int], z: float) -> None:
    low, high = wilson_bounds(*(np.array([float(each)]) for each in count), z)
    assert wilson(*count, z) == Interval(float(low[0]), float(high[0]))


@settings(deadline=None)
@given(counts, counts, levels)
def test_newcombe_holds_the_difference_and_is_symmetric(
    first: tuple[int, int], second: tuple[int, int], z: float
) -> None:
    interval = newcombe(*first, *second, z)
    difference = first[0] / first[1] - second[0] / second[1]
    assert -1 - 1e-12 <= interval.low <= difference <= interval.high <= 1 + 1e-12
    turned = newcombe(*second, *first, z)
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low), abs=1e-12)


@settings(deadline=None)
@given(counts, counts, levels)
def test_koopman_holds_the_ratio_and_is_symmetric(first: tuple[int, int], second: tuple[int, int], z: float) -> None:
    (a, n1), (b, n2) = first, second
    interval = koopman(a, n1, b, n2, z)
    turned = koopman(b, n2, a, n1, z)
    assert interval.low <= interval.high
    if b:
        assert interval.low <= (a / n1) / (b / n2) <= interval.high
        assert turned.low == pytest.approx(0 if math.isinf(interval.high) else 1 / interval.high, rel=1e-7)


@settings(deadline=None)
@given(counts, counts)
def test_intervals_grow_with_z_and_shrink_with_n(first: tuple[int, int], second: tuple[int, int]) -> None:
    for narrow, wide in (
        (newcombe(*first, *second, 1.0), newcombe(*first, *second, 2.0)),
        (koopman(*first, *second, 1.0), koopman(*first, *second, 2.0)),
        (wilson(*first, 1.0), wilson(*first, 2.0)),
        (wilson(4 * first[0], 4 * first[1]), wilson(*first)),
    ):
        assert wide.low <= narrow.low + 1e-12
        assert wide.high >= narrow.high - 1e-12


def test_counts_that_are_none_are_refused() -> None:
    for call in (
        lambda: wilson(1, 0),
        lambda: wilson(2, 1),
        lambda: wilson(-1, 1),
        lambda: newcombe(1, 2, 3, 2),
        lambda: koopman(1, 2, 1, 0),
    ):
        with pytest.raises(ValueError, match="need 0 <= successes <= n"):
            call()
    for z in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="positive, finite z"):
            wilson(1, 2, z)


def test_quantiles() -> None:
    assert pytest.approx(1.959963984540054, abs=1e-15) == Z95
    assert simultaneous_z(1) == Z95
    assert simultaneous_z(45) == pytest.approx(norm.isf(0.05 / 90), abs=1e-12)
    with pytest.raises(ValueError, match="at least one"):
        simultaneous_z(0)


def test_magnitude() -> None:
    assert Interval(-0.1, 0.3).magnitude() == Interval(0.0, 0.3)
    assert Interval(-0.3, -0.1).magnitude() == Interval(0.1, 0.3)


CELLS = [(15, 15, 0.1, 0.3), (20, 200, 0.1, 0.1), (50, 1000, 0.05, 0.1), (30, 30, 0.05, 0.05), (200, 200, 0.3, 0.4)]


@pytest.mark.parametrize(("n1", "n2", "p1", "p2"), CELLS)
def test_nominal_95_percent_covers_93_to_99_5(n1: int, n2: int, p1: float, p2: float) -> None:
    draws = 20_000
    random = np.random.default_rng(20261120)
    a, b = (random.binomial(n, p, draws).astype(float) for n, p in ((n1, p1), (n2, p2)))
    sizes = np.full(draws, float(n1)), np.full(draws, float(n2))
    low, high = newcombe_bounds(a, sizes[0], b, sizes[1], Z95)
    # 30, 30, .05, .05 is known to cover 99.3 %.
    assert 0.93 <= np.mean((low <= p1 - p2) & (p1 - p2 <= high)) <= 0.995
    low, high = koopman_bounds(a, sizes[0], b, sizes[1], Z95)
    assert 0.93 <= np.mean((low <= p1 / p2) & (p1 / p2 <= high)) <= 0.995


def wilson_coverage(n: int, p: float) -> float:
    """Exact: the probabilities of the counts whose interval holds p."""
    chances = (math.comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(n + 1) if _holds(wilson(x, n), p))
    return sum(chances)


def _holds(interval: Interval, p: float) -> bool:
    return interval.low <= p <= interval.high


@pytest.mark.parametrize(
    ("n", "p"), [(15, 0.1), (20, 0.1), (30, 0.05), (50, 0.05), (200, 0.1), (200, 0.3), (200, 0.4), (1000, 0.1)]
)
def test_wilson_covers_93_to_99_percent(n: int, p: float) -> None:
    assert 0.93 <= wilson_coverage(n, p) <= 0.99


def test_wilson_covers_95_percent_on_average() -> None:
    # Single points dip, as of every interval for a count: 15 rows at 0.3 are covered 91.5 %.
    assert wilson_coverage(15, 0.3) == pytest.approx(0.9147, abs=1e-4)
    assert 0.945 <= np.mean([wilson_coverage(15, p) for p in np.linspace(0.05, 0.95, 181)]) <= 0.965
