"""The tail of the chi-squared distribution with a whole number of degrees of freedom."""

from math import erfc, exp, fsum, lgamma, log, sqrt


def chi_squared_tail(x: float, df: int) -> float:
    """P(X > x); x >= 0, df >= 1; ValueError otherwise.

    Source: Abramowitz, Stegun 1964, 26.4.4 and 26.4.5, finite sums for odd and even degrees of freedom.
    """
    if x < 0 or df < 1:
        raise ValueError(f"need x >= 0 and at least one degree of freedom, got {x} and {df}")
    if x == 0:
        return 1.0
    half, odd = x / 2, df % 2
    start = 0.5 if odd else 0.0
    terms = [exp((start + k) * log(half) - half - lgamma(start + k + 1)) for k in range((df - odd) // 2)]
    return min(1.0, fsum([*terms, erfc(sqrt(half)) if odd else 0.0]))
