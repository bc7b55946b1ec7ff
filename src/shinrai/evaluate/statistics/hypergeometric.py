"""The hypergeometric distribution, central or at an odds ratio, over the values that have any probability at all."""

from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_REACH = 12.0


def hypergeometric(n: int, m: int, cases: int, odds: float = 1.0) -> tuple[NDArray[np.int64], Floats]:
    """Return values a and their probabilities: a of n rows are cases, of `cases` in all n + m, at an odds ratio.

    0 <= cases <= n + m, odds > 0. Values further than 12 standard deviations and 144 from the mode are left out; that
    is less than 10⁻³⁰ of the probability. Source: Fisher 1935, JRSS 98:39.
    """
    least, most, total = max(0, cases - m), min(n, cases), n + m
    linear = odds * (n + cases) + m - cases
    root = sqrt(max(0.0, linear**2 - 4 * (odds - 1) * odds * n * cases))
    # Where linear + root is 0 there is one value only, 0.
    middle = 2 * odds * n * cases / (linear + root) if linear + root > 0 else 0.0
    cells = [max(0.5, cell) for cell in (middle, n - middle, cases - middle, m - cases + middle)]
    reach = int(_REACH * sqrt(total / max(1, total - 1) / sum(1 / cell for cell in cells)) + _REACH**2)
    k = np.arange(max(least, int(middle) - reach), min(most, int(middle) + reach) + 1)
    x = k[:-1].astype(np.float64)
    steps = np.log((n - x) * (cases - x) / ((x + 1) * (m - cases + x + 1))) + log(odds)
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    chances = np.exp(logs - logs.max())
    return k, chances / chances.sum()
