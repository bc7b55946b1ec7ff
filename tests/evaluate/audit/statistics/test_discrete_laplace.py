"""Exact noise: its distribution by hand and by simulation, and intervals that take it into account."""

from fractions import Fraction
from math import exp
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.evaluate.statistics.discrete_laplace import (
    NoisyRate,
    discrete_laplace,
    noise_beyond,
    noise_variance,
    noisy_rate,
)
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.mover import difference
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.statistics.undefined import Undefined


@pytest.mark.parametrize("epsilon", [Fraction(1), Fraction(1, 3), Fraction(7, 5), Fraction(5)])
def test_the_distribution_is_that_of_the_formula(epsilon: Fraction) -> None:
    stats = pytest.importorskip("scipy.stats")
    below = Random(5).randrange  # noqa: S311
    drawn = np.array([discrete_laplace(epsilon, below) for _ in range(6000)])
    q = exp(-epsilon)
    reach = int(6 / epsilon) + 1
    chances = np.array([(1 - q) / (1 + q) * q ** abs(x) for x in range(-reach, reach + 1)])
    inside = np.abs(drawn) <= reach
    seen = np.append(np.bincount(drawn[inside] + reach, minlength=2 * reach + 1), (~inside).sum())
    wanted = np.append(chances, 1 - chances.sum()) * 6000
    large = wanted >= 5
    rest = np.array([seen[~large].sum()]), np.array([wanted[~large].sum()])
    chi = stats.chisquare(np.concatenate([seen[large], rest[0]]), np.concatenate([wanted[large], rest[1]]))
    assert chi.pvalue > 1e-3
    assert drawn.var() == pytest.approx(noise_variance(float(epsilon)), rel=0.15)
    assert (np.abs(drawn) >= 2).mean() == pytest.approx(noise_beyond(float(epsilon), 2), abs=0.03)


def test_the_sources_bits_are_followed_exactly() -> None:
    def source(*answers: int) -> tuple[list[int], object]:
        asked: list[int] = []
        given = iter(answers)

        def below(n: int) -> int:
            asked.append(n)
            return next(given)

        return asked, below

    # Epsilon 1/2: the rest 1 of 2 stays (1 is not below 1), no whole step (0 is below 1, then 1 is not), and then +.
    asked, below = source(1, 1, 0, 1, 0)
    assert discrete_laplace(Fraction(1, 2), below) == 1  # type: ignore[arg-type]
    assert asked == [2, 2, 1, 2, 2]
    # A negative zero is drawn again; epsilon 1 has no rest.
    asked, below = source(0, 0, 0, 1, 1, 0, 0, 0, 1, 0)
    assert discrete_laplace(Fraction(1), below) == 0  # type: ignore[arg-type]
    # A rest that does not stay is drawn anew.
    asked, below = source(1, 0, 1, 0, 0, 0, 1, 0)
    assert discrete_laplace(Fraction(1, 2), below) == 0  # type: ignore[arg-type]


def test_the_secure_source_is_the_default() -> None:
    drawn = [discrete_laplace(Fraction(1, 50)) for _ in range(200)]
    assert len(set(drawn)) > 50
    for epsilon in (Fraction(0), Fraction(-1)):
        with pytest.raises(ValueError, match="epsilon"):
            discrete_laplace(epsilon)


@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from([0.05, 0.5, 2.0]))
def test_intervals_hold_their_value_and_are_wider_than_without_noise(s: int, f: int, epsilon: float) -> None:
    found = noisy_rate(s, f, epsilon=epsilon)
    if s + f == 0:
        assert found is Undefined.ONLY_NOISE
        return
    assert isinstance(found, NoisyRate)
    interval, plain = found.at(), wilson(s, s + f)
    assert 0 <= interval.low <= found.value <= interval.high <= 1
    assert interval.high - interval.low >= plain.high - plain.low - 1e-12
    without = NoisyRate(s, f, 0, 0, 1.0).at()
    assert (without.low, without.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_counts_below_zero_and_noise_that_leaves_nothing_open() -> None:
    assert noisy_rate(-5, 3, epsilon=1.0) is Undefined.ONLY_NOISE
    below = noisy_rate(-3, 90, epsilon=1.0)
    assert isinstance(below, NoisyRate)
    assert (below.value, below.at().low) == (0, 0)
    assert 0 < below.at().high < 0.2
    lost = noisy_rate(3, 5, epsilon=0.05)
    assert isinstance(lost, NoisyRate)
    assert lost.at() == Interval(0.0, 1.0)
    # Noise of a size that the mechanism hardly has.
    beyond = NoisyRate(90, -30, 1, 1, 2.0)
    assert (beyond.value, beyond.at().high) == (1, 1)
    assert 0.8 < beyond.at().low < 1
    for changed in ({"epsilon": 0.0}, {"epsilon": 1.0, "success_cells": -1}, {"epsilon": 1.0, "failure_cells": -1}):
        with pytest.raises(ValueError, match="epsilon"):
            noisy_rate(1, 2, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n", "p", "epsilon"), [(100, 0.05, 1), (100, 0.3, Fraction(1, 10)), (1000, 0.02, Fraction(1, 10))]
)
def test_coverage(n: int, p: float, epsilon: Fraction) -> None:
    rng, below = np.random.default_rng(19), Random(6).randrange  # noqa: S311
    epsilon = Fraction(epsilon)

    def drawn() -> NoisyRate | Undefined:
        x = int(rng.binomial(n, p))
        # Each side is the sum of two released cells.
        noise = [discrete_laplace(epsilon, below) for _ in range(4)]
        return noisy_rate(
            x + noise[0] + noise[1],
            n - x + noise[2] + noise[3],
            epsilon=float(epsilon),
            success_cells=2,
            failure_cells=2,
        )

    found = [each for each in (drawn() for _ in range(400)) if isinstance(each, NoisyRate)]
    assert len(found) >= 380
    assert np.mean([each.at().low <= p <= each.at().high for each in found]) >= 0.93
    gaps = [difference(one, two).interval for one, two in zip(found[:200], found[200:], strict=False)]
    assert np.mean([gap.low <= 0 <= gap.high for gap in gaps]) >= 0.92
