"""Numbers made of a whole confusion table, for many tables at once: f1, mcc, average odds, Theil, generalized entropy.

Tables are arrays whose last axis is (tn, fp, fn, tp), as whole or fractional counts; the result has the other axes.
Where a number does not exist it is NaN, by which bootstrap.py knows that it is undefined.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]


def f1(tables: Floats) -> Floats:
    """2·tp / (2·tp + fp + fn); undefined when there are neither positives nor selected rows."""
    _, fp, fn, tp = _cells(tables)
    return _over(2 * tp, 2 * tp + fp + fn)


def mcc(tables: Floats) -> Floats:
    """Matthews' correlation of label and prediction; undefined when either is all of one class.

    Source: Matthews 1975, Biochim. Biophys. Acta 405:442.
    """
    tn, fp, fn, tp = _cells(tables)
    # Roots first: the product of four counts of 10⁸ rows would be at the end of what a float tells apart.
    below = np.sqrt(tp + fp) * np.sqrt(tp + fn) * np.sqrt(tn + fp) * np.sqrt(tn + fn)
    return _over(tp * tn - fp * fn, below)


def balanced_accuracy(tables: Floats) -> Floats:
    """Mean of true positive and true negative rate; undefined without rows of both labels."""
    tn, fp, fn, tp = _cells(tables)
    return (_over(tp, tp + fn) + _over(tn, tn + fp)) / 2


def average_odds_difference(tables: Floats) -> Floats:
    """Mean of the differences in false and in true positive rate, first group minus second; axis -2 is the two groups.

    Undefined when a group lacks a label. Source: Bellamy et al. 2018, arXiv:1810.01943.
    """
    rates = _odds(tables)
    result: Floats = (rates[..., 0, :] - rates[..., 1, :]).sum(axis=-1) / 2
    return result


def average_absolute_odds_difference(tables: Floats) -> Floats:
    """Mean of the sizes of the differences in false and in true positive rate; as average_odds_difference.

    It is 0 or more, so it is biased away from 0 by chance; its bootstrap interval leaves out 0 for equal groups.
    """
    rates = _odds(tables)
    result: Floats = np.abs(rates[..., 0, :] - rates[..., 1, :]).sum(axis=-1) / 2
    return result


def generalized_entropy(alpha: float) -> Statistic:
    """Return the generalized entropy index of the benefits prediction - label + 1; alpha > 0 and not 1.

    Mean of ((b / mean b)^alpha - 1) / (alpha·(alpha - 1)); a false negative has benefit 0, a false positive 2, all
    others 1. Undefined when nobody has a benefit. Source: Speicher et al. 2018, KDD, arXiv:1807.00787.
    """
    if alpha <= 0 or alpha == 1:
        raise ValueError(f"need an alpha above 0 and other than 1 (for 1 take theil), got {alpha}")

    def index(tables: Floats) -> Floats:
        rows, benefit, twice = _benefits(tables)
        once = benefit - 2 * twice
        mean = _over(benefit, rows)
        return ((once + 2**alpha * twice) / rows / mean**alpha - 1) / (alpha * (alpha - 1))

    return index


def theil(tables: Floats) -> Floats:
    """Theil's index of the benefits prediction - label + 1: mean of b/mean·ln(b/mean), 0·ln 0 being 0.

    As generalized_entropy, of which it is the limit at alpha 1.
    """
    rows, benefit, twice = _benefits(tables)
    # b·ln(b/m) summed is Σ b·ln b - Σ b·ln m, and b·ln b is 0 for a benefit of 0 or 1.
    return _over(twice * 2 * np.log(2), benefit) - np.log(_over(benefit, rows))


def _benefits(tables: Floats) -> tuple[Floats, Floats, Floats]:
    """Rows, sum of benefits (NaN when 0), rows with a benefit of 2."""
    tn, fp, fn, tp = _cells(tables)
    benefit = tn + tp + 2 * fp
    return tn + fp + fn + tp, np.where(benefit > 0, benefit, np.nan), fp


def _cells(tables: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    return tables[..., 0], tables[..., 1], tables[..., 2], tables[..., 3]


def _over(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _odds(tables: Floats) -> Floats:
    tn, fp, fn, tp = _cells(tables)
    return np.stack([_over(fp, fp + tn), _over(tp, tp + fn)], axis=-1)
