"""How well a score puts positives above negatives: the area under the ROC curve, from counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.interval import Z95, Interval

Classes = Sequence[int] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve. se: DeLong's standard error.

    together: pairs of a positive and a negative in one entry; bound: how far binning can have moved the value.
    """

    value: float
    se: float
    interval: Interval
    together: int
    bound: float


def auc(positives: Classes, negatives: Classes, *, z: float = Z95) -> Auc:
    """P(score of a positive > score of a negative) + half P(equal), with DeLong's interval cut to [0, 1].

    positives, negatives: counts at the same scores in ascending order, fewer than 4·10⁹ in all, so that the sum over
    pairs is exact; at least two of each class, ValueError otherwise. bound: half the share of pairs that fall together,
    which is the largest error when the entries are bins of scores, and is no error when they are single scores.
    Source: DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44:837.
    """
    up, down = np.asarray(positives, dtype=np.int64), np.asarray(negatives, dtype=np.int64)
    p, n = int(up.sum()), int(down.sum())
    if min(p, n) < 2:
        raise ValueError(f"need at least two of each class, got {p} positives and {n} negatives")
    twice_below = 2 * np.cumsum(down) - down
    twice_above = 2 * (p - np.cumsum(up)) + up
    pairs = int((up * twice_below).sum())
    value = pairs / (2 * p * n)
    of_positives = float((up * (twice_below / (2 * n) - value) ** 2).sum()) / (p - 1)
    of_negatives = float((down * (twice_above / (2 * p) - value) ** 2).sum()) / (n - 1)
    se = sqrt(of_positives / p + of_negatives / n)
    together = int((up * down).sum())
    interval = Interval(max(0.0, value - z * se), min(1.0, value + z * se))
    return Auc(value, se, interval, together, together / (2 * p * n))


def auc_bracket(positives: Classes, negatives: Classes) -> tuple[float, float]:
    """Smallest and largest area that any order within the bins could give; at least one of each class."""
    up, down = np.asarray(positives, dtype=np.float64), np.asarray(negatives, dtype=np.float64)
    pairs = float(up.sum() * down.sum())
    if pairs == 0:
        raise ValueError("need at least one of each class")
    below = float((up * (np.cumsum(down) - down)).sum()) / pairs
    return below, below + float((up * down).sum()) / pairs
