"""The beta, chi-squared and hypergeometric distributions, held to SciPy's."""

from math import comb

import numpy as np
import pytest

from shinrai.evaluate.statistics.beta import beta_cdf, beta_quantile, log_gamma
from shinrai.evaluate.statistics.chi_squared import chi_squared_tail
from shinrai.evaluate.statistics.hypergeometric import hypergeometric
from shinrai.evaluate.statistics.quantiles import beta_share

special = pytest.importorskip("scipy.special")
stats = pytest.importorskip("scipy.stats")


def parameters(most: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    a, b = 10 ** rng.uniform(-1, most, 400), 10 ** rng.uniform(-1, most, 400)
    mean = a / (a + b)
    return a, b, np.clip(mean + 2 * rng.normal(size=400) * np.sqrt(mean * (1 - mean) / (a + b + 1)), 0, 1)


def test_the_beta_distribution_function() -> None:
    a, b, x = parameters(4)
    assert beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-10)
    a, b, x = parameters(8)
    assert beta_cdf(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-6)
    large = np.minimum(a, b) > 1e4
    assert beta_cdf(x[large], a[large], b[large]) == pytest.approx(special.betainc(a, b, x)[large], abs=1e-8)
    assert beta_cdf(0.3, 2.5, 4) == pytest.approx(beta_share(0.3, 2.5, 4), abs=1e-13)
    # At the mean of a large one, where the expansion would divide by 0.
    assert float(beta_cdf(0.25, 2.5e4, 7.5e4)) == pytest.approx(special.betainc(2.5e4, 7.5e4, 0.25), abs=1e-9)
    assert beta_cdf([-1.0, 0.0, 1.0, 2.0], 3, 2).tolist() == [0, 0, 1, 1]
    assert beta_cdf([0.0, 1.0], 2e4, 3e4) == pytest.approx([0, 1], abs=1e-12)
    assert beta_cdf(np.full((2, 3), 0.5), 2, 2).shape == (2, 3)


def test_beta_quantiles_turn_the_distribution_function_over() -> None:
    a, b, _ = parameters(5)
    a, b = a + 0.5, b + 0.5
    for share in (0.001, 0.025, 0.5, 0.975):
        assert special.betainc(a, b, beta_quantile(share, a, b)) == pytest.approx(share, abs=1e-5)
    assert float(beta_quantile(0.5, 3, 3)) == pytest.approx(0.5)
    assert float(beta_quantile(0.0, 3, 3)) < 1e-8
    assert float(beta_quantile(1.0, 3, 3)) > 1 - 1e-3


def test_log_gamma() -> None:
    x = np.concatenate([10.0 ** np.arange(-5, 9), [0.5, 1.0, 1.5, 2.0, 7.9]])
    assert log_gamma(x) == pytest.approx(special.gammaln(x), rel=1e-12, abs=1e-12)


def test_the_chi_squared_tail() -> None:
    for df in (1, 2, 3, 7, 50, 301):
        for x in (0.0, 0.1, 3.0, 20.0, 400.0):
            assert chi_squared_tail(x, df) == pytest.approx(stats.chi2.sf(x, df), rel=1e-9, abs=1e-300)
    for x, df in ((-1.0, 1), (1.0, 0)):
        with pytest.raises(ValueError, match="degree of freedom"):
            chi_squared_tail(x, df)


def test_the_hypergeometric_distribution() -> None:
    for n, m, cases in ((10, 7, 5), (3, 40, 20), (1, 1, 1), (5, 5, 0), (5, 6, 11), (0, 5, 2)):
        k, chances = hypergeometric(n, m, cases)
        assert chances == pytest.approx(stats.hypergeom(n + m, cases, n).pmf(k), abs=1e-12)
        assert chances.sum() == pytest.approx(1)
        for odds in (0.01, 2.5, 1e6):
            k, chances = hypergeometric(n, m, cases, odds)
            exact = [comb(n, int(a)) * comb(m, cases - int(a)) * odds ** int(a) for a in k]
            assert chances == pytest.approx(np.array(exact) / sum(exact), abs=1e-12)
    assert hypergeometric(0, 0, 0)[1].tolist() == [1.0]
    # Far fewer values than possible ones, and nothing lost.
    k, chances = hypergeometric(10**7, 10**7, 10**6)
    assert len(k) < 20_000
    assert (k * chances).sum() == pytest.approx(5e5)
