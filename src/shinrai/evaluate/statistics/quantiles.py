"""Quantiles at any level: normal, and Student's t with any degrees of freedom.

SciPy has these too, but is not among what Shinrai needs to run; the tests hold both to the same numbers.
"""

from functools import lru_cache
from math import erf, erfc, exp, isinf, isnan, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

# Beyond this the expansion for large degrees of freedom is exact to the last bits.
_MANY = 1000.0
_FAR = 20.0
_STEPS, _TERMS = 200, 20_000
_FARTHEST, _CLOSE = 5.0, 1e-10
_TINY = 1e-300
_ENOUGH = 4e-15


def normal_quantile(level: float) -> float:
    """Two-sided normal quantile: P(|Z| <= z) = level, 0 < level < 1; ValueError otherwise."""
    _check(level)
    return NormalDist().inv_cdf(0.5 + level / 2)


@lru_cache(maxsize=4096)
def t_quantile(level: float, df: float) -> float:
    """Two-sided quantile of Student's t: P(|T| <= t) = level.

    0 < level < 1; df >= 1, need not be whole, infinite for the normal; ValueError otherwise.
    Source: Abramowitz, Stegun 1964, 26.7.5 for many degrees of freedom, else Newton's method on the logarithm of the
    share against log t, which is concave, so that it cannot run away.
    """
    return _t(normal_quantile(level), level, 1 - level, df)


@lru_cache(maxsize=4096)
def t_beside(z: float, df: float) -> float:
    """Quantile of Student's t that leaves out as much as the normal one: P(|T| > t) = P(|Z| > z).

    0 < z < 20, beyond which less than 10⁻⁸⁸ is left out; df as in t_quantile; ValueError otherwise.
    A level near 1 has few digits left, what it leaves out has all: this is for many intervals that hold at once.
    """
    if not 0 < z < _FAR:
        raise ValueError(f"need a quantile between 0 and {_FAR}, got {z}")
    return _t(z, erf(z / sqrt(2)), erfc(z / sqrt(2)), df)


def _t(z: float, inside: float, outside: float, df: float) -> float:
    if isnan(df) or df < 1:
        raise ValueError(f"need at least one degree of freedom, got {df}")
    if isinf(df):
        return z
    if df >= _MANY:
        return _expanded(z, df)
    # The smaller of the two shares keeps its digits.
    rising = inside < 0.5
    wanted = log(inside if rising else outside)
    u, step, taken = log(_expanded(z, df)), 1.0, 0
    while abs(step) > _CLOSE and taken < _STEPS:
        t = exp(u)
        share = beta_share(t * t / (df + t * t), 0.5, df / 2) if rising else t_tail(t, df)
        step = (log(share) - wanted) * share / (2 * t * _t_density(t, df)) * (-1 if rising else 1)
        u, taken = u + max(-_FARTHEST, min(_FARTHEST, step)), taken + 1
    return exp(u)


def t_tail(t: float, df: float) -> float:
    """P(|T| > t) of Student's t; t >= 0, df >= 1."""
    if isinf(df):
        return erfc(t / sqrt(2))
    return beta_share(df / (df + t * t), df / 2, 0.5)


def beta_share(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b); 0 <= x <= 1, a and b positive; ValueError otherwise.

    Source: continued fraction 26.5.8 of Abramowitz, Stegun 1964, by the modified method of Lentz (1976).
    """
    if not (0 <= x <= 1 and a > 0 and b > 0):
        raise ValueError(f"need 0 <= x <= 1 and positive a, b, got {x}, {a}, {b}")
    if x in (0.0, 1.0):
        return x
    # The fraction converges fast on this side of the mean only; the other side follows by symmetry.
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_share(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _apart(1 - (a + b) * x / (a + 1))
    value, m = d, 0
    while (m == 0 or abs(d * c - 1) > _ENOUGH) and m < _TERMS:
        m += 1
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _apart(1 + term * d), _apart(1 + term / c)
            value *= d * c
    return front * value


def _expanded(x: float, df: float) -> float:
    """Student's t from the normal quantile, in falling powers of df."""
    x2 = x * x
    return (
        x
        + x * (x2 + 1) / (4 * df)
        + x * ((5 * x2 + 16) * x2 + 3) / (96 * df**2)
        + x * (((3 * x2 + 19) * x2 + 17) * x2 - 15) / (384 * df**3)
        + x * ((((79 * x2 + 776) * x2 + 1482) * x2 - 1920) * x2 - 945) / (92160 * df**4)
    )


def _t_density(t: float, df: float) -> float:
    return exp(lgamma((df + 1) / 2) - lgamma(df / 2) - (df + 1) / 2 * log1p(t * t / df)) / sqrt(df * pi)


def _apart(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _check(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"need a level between 0 and 1, got {level}")
