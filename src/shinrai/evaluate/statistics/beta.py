"""The beta distribution for many numbers at once: its distribution function, its quantiles, log Γ.

quantiles.py has the same function for one number; the tests hold both, and SciPy's, to each other.
"""

from math import erfc, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# With one parameter below _MANY the fraction takes about its root in terms; rounding keeps a few from ever settling.
_ENOUGH, _TERMS, _TINY = 1e-12, 400, 1e-300
_MANY, _POWERS = 1e4, 9
_STEPS, _CLOSE = 100, 1e-10
_SHIFT = 8
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def log_gamma(x: ArrayLike) -> Floats:
    """Natural logarithm of Γ(x), element by element; x > 0.

    Source: Stirling's series (Abramowitz, Stegun 1964, 6.1.40), taken at x + 8 and brought back by the recurrence.
    """
    given = np.asarray(x, dtype=np.float64)
    # x·(x + 1)·...·(x + 7): one logarithm instead of eight, and far from the largest float.
    back = np.log(np.prod([given + step for step in range(_SHIFT)], axis=0))
    far = given + _SHIFT
    series, power = np.zeros_like(given), 1 / far
    for term in _STIRLING:
        series += term * power
        power = power / far**2
    result: Floats = (far - 0.5) * np.log(far) - far + 0.5 * np.log(2 * pi) + series - back
    return result


def beta_cdf(x: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """P(X <= x) for X of the beta distribution (a, b), element by element; a, b > 0; x is cut to [0, 1].

    Sources: continued fraction 26.5.8 of Abramowitz, Stegun 1964, by the modified method of Lentz (1976); where a and b
    are both large, the first terms of Temme's expansion (DLMF 8.18.9), to about nine digits after the point.
    """
    given = np.broadcast_arrays(np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0), a, b)
    x_, a_, b_ = (np.ravel(each).astype(np.float64) for each in given)
    many = np.minimum(a_, b_) >= _MANY
    share = np.zeros_like(x_)
    share[many] = _expanded(x_[many], a_[many], b_[many])
    # The fraction converges fast on this side of the mean only; the other side follows by symmetry.
    turned = ~many & (x_ > (a_ + 1) / (a_ + b_ + 2))
    straight = ~many & ~turned
    share[straight] = _fraction(x_[straight], a_[straight], b_[straight])
    share[turned] = 1 - _fraction(1 - x_[turned], b_[turned], a_[turned])
    return share.reshape(given[0].shape)


def beta_quantile(share: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """Return the x with P(X <= x) = share, element by element; 0 <= share <= 1, a, b > 0.

    Newton's steps from the mean, halving the bracket wherever a step leaves it.
    """
    wanted, a_, b_ = (
        np.ravel(np.array(each, dtype=np.float64)) for each in np.broadcast_arrays(share, np.asarray(a), np.asarray(b))
    )
    below, above, at = np.zeros_like(wanted), np.ones_like(wanted), a_ / (a_ + b_)
    front = log_gamma(a_ + b_) - log_gamma(a_) - log_gamma(b_)
    left = np.arange(len(wanted))
    for _ in range(_STEPS):
        x, p, q = at[left], a_[left], b_[left]
        short = beta_cdf(x, p, q) - wanted[left]
        below[left], above[left] = np.where(short < 0, x, below[left]), np.where(short < 0, above[left], x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            moved = x - short * np.exp(-front[left] - (p - 1) * np.log(x) - (q - 1) * np.log1p(-x))
        # A step of nothing ends on the bracket's own edge, and is inside.
        inside = (moved >= below[left]) & (moved <= above[left])
        at[left] = np.where(inside, moved, (below[left] + above[left]) / 2)
        left = left[np.abs(at[left] - x) > _CLOSE * at[left]]
        if not len(left):
            break
    return at.reshape(np.broadcast_shapes(np.shape(share), np.shape(a), np.shape(b)))


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        front = np.exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * np.log(x) + b * np.log1p(-x)) / a
    c = np.ones_like(x)
    d = 1 / _apart(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, _TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _apart(1 + term * d), _apart(1 + term / c)
            value = value * d * c
        if (np.abs(d * c - 1) <= _ENOUGH).all():
            break
    return np.clip(front * value, 0.0, 1.0)


def _expanded(x: Floats, a: Floats, b: Floats) -> Floats:
    n, mean = a + b, a / (a + b)
    away, spread = x - mean, np.sqrt(mean * (1 - mean))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Both logarithms less their linear terms, which cancel each other.
        fall = mean * _curved(away / mean) + (1 - mean) * _curved(-away / (1 - mean))
        eta = np.sign(away) * np.sqrt(np.maximum(0.0, -2 * fall))
        lean = np.where(np.abs(away) < 1e-6 * spread, (1 - 2 * mean) / (3 * spread), 1 / eta - spread / away)
    tail = np.array([erfc(-each) / 2 for each in (eta * np.sqrt(n / 2)).tolist()])
    return np.clip(tail + np.exp(n * fall) / np.sqrt(2 * pi * n) * lean, 0.0, 1.0)


def _curved(u: Floats) -> Floats:
    """log(1 + u) - u; u >= -1."""
    series = np.zeros_like(u)
    for power in range(_POWERS, 1, -1):
        series = series * u + (-1) ** (power + 1) / power
    return np.where(np.abs(u) < 0.01, series * u * u, np.log1p(u) - u)


def _apart(value: Floats) -> Floats:
    return np.where(np.abs(value) > _TINY, value, _TINY)
