"""The four-fifths rule: exact comparisons, the probability against numerical integration, false alarms."""

import numpy as np
import pytest

from shinrai.evaluate.statistics import four_fifths
from shinrai.evaluate.statistics.four_fifths import (
    all_below_four_fifths,
    below_four_fifths,
    false_alarms,
    meets_four_fifths,
)


def test_the_nodes_of_the_integration_are_exact_for_every_polynomial_they_should_be() -> None:
    # Found anew: another test may have kept them.
    four_fifths._nodes.cache_clear()
    x, weights = four_fifths._nodes()
    assert len(x) == four_fifths._NODES
    assert (np.diff(x) > 0).all()
    for power in range(2 * four_fifths._NODES):
        exact = 2 / (power + 1) if power % 2 == 0 else 0.0
        assert (weights * x**power).sum() == pytest.approx(exact, abs=1e-13)


def test_what_lies_on_four_fifths_meets_it() -> None:
    floats = on = 0
    for n in range(10, 60):
        for m in range(10, 60):
            for b in range(5, m + 1, 5):
                if 4 * b * n % (5 * m) == 0:
                    a = 4 * b * n // (5 * m)
                    on += 1
                    assert meets_four_fifths((a, n), (b, m))
                    assert a == 0 or not meets_four_fifths((a - 1, n), (b, m))
                    floats += (a / n) / (b / m) < 0.8
    # Floats get a good part of these wrong.
    assert floats > 0.2 * on > 0
    assert meets_four_fifths((0, 5), (0, 5))


@pytest.mark.parametrize(
    ("group", "other"),
    [
        ((3, 10), (5, 10)),
        ((0, 10), (5, 10)),
        ((0, 10), (0, 10)),
        ((10, 10), (10, 10)),
        ((40, 1000), (3, 15)),
        ((30, 100), (400, 1000)),
        ((9, 15), (80_000, 100_000)),
        ((1, 1), (0, 1)),
    ],
)
def test_the_probability_against_integration(group: tuple[int, int], other: tuple[int, int]) -> None:
    stats, integrate = pytest.importorskip("scipy.stats"), pytest.importorskip("scipy.integrate")
    (a, n), (b, m) = group, other
    wanted, _ = integrate.quad(
        lambda y: stats.beta.cdf(0.8 * y, a + 0.5, n - a + 0.5) * stats.beta.pdf(y, b + 0.5, m - b + 0.5),
        0,
        1,
        points=[(b + 0.5) / (m + 1)],
        limit=500,
    )
    assert below_four_fifths(group, other) == pytest.approx(wanted, abs=1e-7)


def test_with_many_rows_the_probability_is_certain() -> None:
    assert below_four_fifths((7 * 10**6, 10**8), (10**7, 10**8)) == pytest.approx(1)
    assert below_four_fifths((9 * 10**6, 10**8), (10**7, 10**8)) == pytest.approx(0)
    assert below_four_fifths((8 * 10**6, 10**8), (10**7, 10**8)) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(("n", "m", "rate", "wanted"), [(50, 50, 0.3, 0.457), (100, 100, 0.3, 0.299), (30, 80, 0.5, 0)])
def test_false_alarms_by_simulation(n: int, m: int, rate: float, wanted: float) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.binomial(n, rate, 40_000), rng.binomial(m, rate, 40_000)
    seen = ((5 * a * m < 4 * b * n) | (5 * b * n < 4 * a * m)).mean()
    assert false_alarms(n, m, rate) == pytest.approx(seen, abs=0.01)
    assert not wanted or false_alarms(n, m, rate) == pytest.approx(wanted, abs=0.001)


def test_false_alarms_at_the_ends() -> None:
    assert false_alarms(10, 20, 0.0) == false_alarms(10, 20, 1.0) == 0
    assert false_alarms(10**6, 10**6, 0.5) == pytest.approx(0, abs=1e-20)
    # Two groups of one: they differ in half of all cases.
    assert false_alarms(1, 1, 0.5) == pytest.approx(0.5)


def test_what_cannot_be_is_refused() -> None:
    for group in ((3, 2), (-1, 2), (0, 0)):
        with pytest.raises(ValueError, match="successes"):
            meets_four_fifths(group, (1, 2))
        with pytest.raises(ValueError, match="successes"):
            below_four_fifths((1, 2), group)
    for n, m, rate in ((0, 1, 0.5), (1, 0, 0.5), (1, 1, 1.5)):
        with pytest.raises(ValueError, match="rows in both groups"):
            false_alarms(n, m, rate)


def test_all_groups_at_once_are_as_each_alone() -> None:
    groups, other = [(3, 10), (40, 50), (0, 7), (12_000, 30_000), (90, 300), (5, 5)], (30, 60)
    alone = [below_four_fifths(group, other) for group in groups]
    assert all_below_four_fifths(groups, other) == pytest.approx(alone, rel=1e-11, abs=1e-14)


def test_nodes_are_those_of_gauss_legendre() -> None:
    nodes, weights = four_fifths._nodes()
    of_numpy, weights_of_numpy = np.polynomial.legendre.leggauss(len(nodes))
    assert nodes == pytest.approx(of_numpy, abs=1e-15)
    assert weights == pytest.approx(weights_of_numpy, abs=1e-14)
    # What nodes of this number are exact for: powers below twice as many.
    assert [float((weights * nodes**power).sum()) for power in (0, 2, 100, 254)] == pytest.approx(
        [2, 2 / 3, 2 / 101, 2 / 255], rel=1e-13
    )
