"""The sampler draws from its distribution: held against the exact chances by chi-square, and against its variance."""

import random
from fractions import Fraction
from math import exp

import numpy as np
import pytest

from shinrai.evaluate.statistics.discrete_laplace import discrete_laplace, noise_variance


def chi_square_p(seen: list[int], expected: list[float]) -> float:
    """Upper tail of chi-square by its Wilson-Hilferty form; good to the third decimal here."""
    from statistics import NormalDist

    statistic = sum((a - b) ** 2 / b for a, b in zip(seen, expected, strict=True))
    df = len(seen) - 1
    z = ((statistic / df) ** (1 / 3) - (1 - 2 / (9 * df))) / (2 / (9 * df)) ** 0.5
    return 1 - NormalDist().cdf(z)


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1), Fraction(10, 3), Fraction(7)])
def test_draws_follow_the_exact_chances(scale: Fraction) -> None:
    below = random.Random(11).randrange  # noqa: S311  (a test repeats itself)
    n = 20_000
    drawn = np.array([discrete_laplace(1 / scale, below) for _ in range(n)])
    rate = exp(-1 / float(scale))
    most = 0
    while 2 * n * rate ** (most + 1) / (1 + rate) > 20:
        most += 1
    chance = {x: (1 - rate) / (1 + rate) * rate ** abs(x) for x in range(-most, most + 1)}
    seen = [int((drawn == x).sum()) for x in chance]
    seen += [int((drawn < -most).sum()), int((drawn > most).sum())]
    beyond = rate ** (most + 1) / (1 + rate)
    expected = [n * each for each in chance.values()] + [n * beyond] * 2
    assert sum(expected) == pytest.approx(n)
    # One seed, four scales: below 0.001 only a wrong sampler goes.
    assert chi_square_p(seen, expected) > 0.001
    assert drawn.var() == pytest.approx(noise_variance(float(1 / scale)), rel=0.1)


def test_the_system_s_own_randomness_is_the_default_and_there_is_noise_without_end_at_zero() -> None:
    assert len({discrete_laplace(Fraction(1, 10**6)) for _ in range(20)}) > 15
    with pytest.raises(ValueError, match="above 0"):
        discrete_laplace(Fraction(0))
