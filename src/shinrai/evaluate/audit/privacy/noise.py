"""Exact draws of discrete Laplace noise, from whole numbers and fractions alone.

Floating-point noise leaks through the gaps between floats (Mironov 2012); here there are none.
Source: Canonne, Kamath, Steinke 2020, The discrete Gaussian for differential privacy, algorithms 1 and 2.
"""

import secrets
from collections.abc import Callable
from fractions import Fraction
from math import exp, expm1, log

Below = Callable[[int], int]
"""Draws a whole number from 0 to one below its argument, all equally likely."""


def discrete_laplace(scale: Fraction, below: Below = secrets.randbelow) -> int:
    """Draw a whole number x with chance proportional to exp(-|x| / scale).

    scale: above 0, ValueError otherwise. below: the system's own randomness unless a test gives another.
    """
    if scale <= 0:
        raise ValueError(f"need a scale above 0, got {scale}")
    t, s = scale.numerator, scale.denominator
    while True:
        offset = below(t)
        if not _with_chance_exp(offset, t, below):
            continue
        whole = 0
        while _with_chance_exp(1, 1, below):
            whole += 1
        size = (offset + t * whole) // s
        negative = below(2)
        # 0 would otherwise come up twice as often as it should, once with each sign.
        if not (negative and size == 0):
            return -size if negative else size


def _with_chance_exp(part: int, whole: int, below: Below) -> bool:
    """Return true with chance exp(-part / whole); 0 <= part <= whole."""
    step = 1
    while below(whole * step) < part:
        step += 1
    return step % 2 == 1


def variance(scale: Fraction) -> float:
    """Variance of the noise: 2 e^(-1/scale) / (1 - e^(-1/scale))²."""
    rate = 1 / float(scale)
    return 2 * exp(-rate) / expm1(-rate) ** 2


def tail_bound(scale: Fraction, chance: float) -> int:
    """Return the least whole number that the size of one draw reaches or passes with at most this chance."""
    q = exp(-1 / float(scale))
    # P(|x| >= k) = 2 q^k / (1 + q) for k >= 1.
    return max(1, -int(-(log(chance * (1 + q) / 2) / log(q)) // 1))
