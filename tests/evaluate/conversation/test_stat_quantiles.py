from math import asin, inf, nextafter, pi, sqrt

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shinrai.evaluate.statistics.interval import LEVEL, Z95, Interval
from shinrai.evaluate.statistics.quantiles import beta_share, normal_quantile, t_beside, t_quantile, t_tail
from shinrai.evaluate.statistics.reach import SMALLEST, first_level


@pytest.fixture(autouse=True)
def _computed_anew() -> None:
    # What another test asked for before would be looked up, and not be tested here.
    t_quantile.cache_clear()
    t_beside.cache_clear()


@pytest.mark.parametrize(
    ("df", "quantile"),
    # Student's t at 0.975 as tables print it: Fisher, Yates 1963, table III.
    [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_students_t_of_the_tables(df: int, quantile: float) -> None:
    assert t_quantile(LEVEL, df) == pytest.approx(quantile, abs=5e-4)


def test_infinite_degrees_of_freedom_are_the_normal() -> None:
    assert t_quantile(LEVEL, inf) == normal_quantile(LEVEL) == pytest.approx(Z95, abs=1e-15)
    assert t_tail(Z95, inf) == pytest.approx(0.05, abs=1e-15)


@pytest.mark.parametrize("level", [1e-6, 0.01, 0.5, 0.9, 0.95, 0.999, 1 - 1e-9])
@pytest.mark.parametrize("df", [1, 1.3, 2, 3.7, 5, 10, 33.3, 200, 999, 1000, 5000, 1e6])
def test_the_same_as_scipy(level: float, df: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    assert t_quantile(level, df) == pytest.approx(stats.t.isf((1 - level) / 2, df), rel=1e-6)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0.5, 500), st.floats(0.5, 500))
@example(0.9999999999999999, 0.5, 0.5)
def test_the_beta_function_as_scipys(x: float, a: float, b: float) -> None:
    special = pytest.importorskip("scipy.special")
    if 1 - x > 2**-34:
        assert beta_share(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-11)
    else:
        # Theirs may be that of the number next to x, and at 1 - 2**-53 it is; ours is tested against the law below.
        low, high = special.betainc(a, b, [nextafter(x, 0), nextafter(x, 1)])
        assert low - 1e-11 <= beta_share(x, a, b) <= high + 1e-11


@pytest.mark.parametrize("power", range(30, 54))
def test_the_beta_function_beside_one(power: int) -> None:
    # Arcsine law: I_x(1/2, 1/2) = 1 - 2/pi asin(sqrt(1 - x)).
    assert 1 - beta_share(1 - 2**-power, 0.5, 0.5) == pytest.approx(2 / pi * asin(sqrt(2**-power)), rel=1e-6)


@settings(deadline=None)
@given(st.floats(0.001, 0.999999), st.floats(1, 2000))
def test_the_quantile_turns_the_tail_over(level: float, df: float) -> None:
    assert t_tail(t_quantile(level, df), df) == pytest.approx(1 - level, abs=1e-9)


@pytest.mark.parametrize("df", [1.0, 2.5, 30.0, 999.0, 5e4, inf])
@pytest.mark.parametrize("z", [0.01, 0.6, Z95, 6.0, 9.0, 19.9])
def test_students_quantile_leaves_out_what_the_normal_one_does(z: float, df: float) -> None:
    left_out = t_tail(z, inf)
    assert t_tail(t_beside(z, df), df) == pytest.approx(left_out, rel=1e-6 if df < 5e4 else 1e-2, abs=1e-300)
    if z < 6:
        assert t_beside(z, df) == pytest.approx(t_quantile(1 - left_out, df), rel=1e-8)


def test_what_is_no_level_is_refused() -> None:
    for level in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="level between 0 and 1"):
            normal_quantile(level)
    for df in (0.5, float("nan")):
        with pytest.raises(ValueError, match="degree of freedom"):
            t_quantile(LEVEL, df)
        with pytest.raises(ValueError, match="degree of freedom"):
            t_beside(1.0, df)
    for z in (0.0, -1.0, 20.0, float("nan")):
        with pytest.raises(ValueError, match="quantile between 0 and 20"):
            t_beside(z, 5.0)
    with pytest.raises(ValueError, match="need 0 <= x"):
        beta_share(1.1, 1, 1)


def test_a_p_is_the_level_at_which_the_interval_speaks() -> None:
    def at(level: float) -> Interval:
        half = 0.1 * normal_quantile(level)
        return Interval(0.2 - half, 0.2 + half)

    assert first_level(at, lambda interval: interval.low > 0) == pytest.approx(t_tail(2.0, inf), rel=1e-9)
    assert first_level(at, lambda interval: interval.low > 1) == 1.0
    assert first_level(at, lambda interval: interval.low > -1) == SMALLEST
