"""Numbers and curves of a score for each group, from bins of equal width over [0, 1], with the bound of what bins hide.

The same pass that counts decisions keeps, for each group and label, how many scores fall into each bin and their sums.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

import numpy as np

from shinrai.evaluate.audit.cells import SCALE_BITS, Levels, ScoreBins
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.audit.tally import unified
from shinrai.evaluate.statistics.binned_scores import (
    POINTS,
    CalibrationPoint,
    ScoreClass,
    ScoreHistogram,
    Whole,
    brier,
    calibration_error,
    calibration_points,
    kolmogorov_smirnov,
    score_auc,
    thresholds,
)
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.means import Sums, mean_interval
from shinrai.evaluate.statistics.proportions import wilson_bounds
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Message, message

SCORE_TITLES: Mapping[str, Message] = {
    "auc": message("Area under the ROC curve"),
    "brier": message("Brier score"),
    "ece": message("Expected calibration error"),
    "ks": message("Kolmogorov-Smirnov distance"),
    "calibration_gap": message("Mean of label minus score"),
}

STEPS = 64
"""Thresholds of a sweep, where the bins have as many."""

_NEAR = 0.01


@dataclass(frozen=True, slots=True)
class Sweep:
    """What each threshold would select in one group: lists by threshold; None where no row counts.

    Each rate is (value, low, high), Wilson at 95 %.
    """

    thresholds: tuple[float, ...]
    selection_rate: tuple[tuple[float, float, float] | None, ...]
    tpr: tuple[tuple[float, float, float] | None, ...]
    fpr: tuple[tuple[float, float, float] | None, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Calibration and thresholds of one group."""

    calibration: tuple[CalibrationPoint, ...]
    sweep: Sweep


def histograms(bins: Sequence[ScoreBins]) -> dict[Levels, ScoreHistogram]:
    """Return the scores of each group by label; a group without one of the labels has empty bins there."""
    found: dict[Levels, dict[bool, ScoreBins]] = {}
    for each in bins:
        found.setdefault(unified(each.levels), {})[each.positive] = each
    return {
        levels: ScoreHistogram(
            _class(parts.get(True), len(next(iter(parts.values())).counts)),
            _class(parts.get(False), len(next(iter(parts.values())).counts)),
            SCALE_BITS,
        )
        for levels, parts in found.items()
    }


def score_estimates(bins: Sequence[ScoreBins]) -> dict[Levels, dict[str, Estimate | Message]]:
    """Return the numbers of a score for every group."""
    return {
        levels: {
            "auc": _auc(scores),
            "brier": _brier(scores),
            "ece": _ece(scores),
            "ks": _ks(scores),
            "calibration_gap": _gap(scores),
        }
        for levels, scores in histograms(bins).items()
    }


def no_scores() -> dict[str, Estimate | Message]:
    """Return the numbers of a group in which no row has score and label."""
    return dict.fromkeys(SCORE_TITLES, message("No row has both score and label."))


def curves(bins: Sequence[ScoreBins]) -> dict[Levels, Curves]:
    """Return calibration and threshold sweep of every group."""
    return {
        levels: Curves(calibration_points(scores, points=_points(scores)), _sweep(scores))
        for levels, scores in histograms(bins).items()
    }


def _class(bins: ScoreBins | None, count: int) -> ScoreClass:
    if bins is None:
        return ScoreClass(np.zeros(count, dtype=np.int64), (0,) * count, (0,) * count)
    return ScoreClass(np.array(bins.counts, dtype=np.int64), bins.sums, bins.squares)


def _rows(scores: ScoreHistogram) -> int:
    return int(scores.positives.counts.sum() + scores.negatives.counts.sum())


def _points(scores: ScoreHistogram) -> int:
    """Ten bins for calibration, or where ten do not fit, the largest number up to sixteen that does."""
    found: int = next(points for points in (POINTS, *range(16, 0, -1)) if scores.bins % points == 0)
    return found


def _auc(scores: ScoreHistogram) -> Estimate | Message:
    found = score_auc(scores)
    if isinstance(found, Undefined):
        return found.reason()
    value, error = found.value, found.se
    fewer = int(min(scores.positives.counts.sum(), scores.negatives.counts.sum()))

    def bounds(z: float) -> Interval:
        if error == 0:
            # All pairs are ordered alike, which shows no spread, but does not show that there is none.
            n = np.array([float(fewer)])
            low, high = wilson_bounds(value * n, n, z)
            return Interval(float(low[0]), float(high[0]))
        return Interval(max(0.0, value - z * error), min(1.0, value + z * error))

    method = "DeLong 1988, from bins" if error else "Wilson 1927 at the rows of the rarer label"
    return Estimate(value, _rows(scores), bounds, method, bound=found.bound)


def _brier(scores: ScoreHistogram) -> Estimate | Message:
    found = brier(scores, z=_NEAR)
    if isinstance(found, Undefined) or found.interval is None:
        return message("No row has both score and label.")
    value, error = found.value, (found.interval.high - found.value) / _NEAR

    def bounds(z: float) -> Interval:
        return Interval(max(0.0, value - z * error), min(1.0, value + z * error))

    return Estimate(value, _rows(scores), bounds, "mean of (score - label)²; value ± z·s/√n", bound=found.bound)


def _ece(scores: ScoreHistogram) -> Estimate | Message:
    points = _points(scores)
    found = calibration_error(scores, points=points)
    if isinstance(found, Undefined):
        return found.reason()

    @lru_cache(maxsize=256)
    def bounds(z: float) -> Interval:
        again = calibration_error(scores, points=points, z=z)
        assert not isinstance(again, Undefined)  # noqa: S101  (it was defined at another z; for the type checker)
        return again.interval

    method = f"{points} bins of equal width; of it, {found.by_chance:.4f} would be there by chance alone"
    return Estimate(found.value, found.n, bounds, method)


def _ks(scores: ScoreHistogram) -> Estimate | Message:
    found = kolmogorov_smirnov(scores.positives.counts, scores.negatives.counts)
    if isinstance(found, Undefined):
        return message("Rows of both labels are needed.")

    @lru_cache(maxsize=256)
    def bounds(z: float) -> Interval:
        again = kolmogorov_smirnov(scores.positives.counts, scores.negatives.counts, z=z)
        assert not isinstance(again, Undefined)  # noqa: S101  (it was defined at another z; for the type checker)
        assert again.interval is not None  # noqa: S101  (it always has one; for the type checker)
        return again.interval

    method = "between the labels, from bins; interval of Dvoretzky, Kiefer, Wolfowitz (Massart 1990), wide"
    return Estimate(found.value, _rows(scores), bounds, method, bound=found.bound)


def _gap(scores: ScoreHistogram) -> Estimate | Message:
    """Mean of label minus score, from the exact sums."""
    n, positives = _rows(scores), int(scores.positives.counts.sum())
    if n == 0:
        return message("No row has both score and label.")
    unit = 1 << SCALE_BITS
    of_positives, of_negatives = sum(scores.positives.sums), sum(scores.negatives.sums)
    total = positives * unit - of_positives - of_negatives
    squares = sum(scores.positives.squares) + sum(scores.negatives.squares) - 2 * of_positives + positives * unit
    sums = Sums(n, total, max(0, squares) << SCALE_BITS, unit)
    if n < 2 or sums.squares * n <= total**2:
        return Estimate(sums.mean, n, None, "no interval: fewer than two rows, or all alike")

    def bounds(z: float) -> Interval:
        return mean_interval(sums, z)

    return Estimate(sums.mean, n, bounds, "mean ± z·s/√n")


def _sweep(scores: ScoreHistogram) -> Sweep:
    found = thresholds(scores)
    step = max(1, scores.bins // STEPS)
    places = [*range(0, scores.bins, step), scores.bins]
    positives, negatives = found.tp + found.fn, found.fp + found.tn

    def rates(part: Whole, whole: Whole) -> tuple[tuple[float, float, float] | None, ...]:
        columns = found.rates(part, whole)
        return tuple(_triple(float(column[place]) for column in columns) for place in places)

    return Sweep(
        tuple(float(found.threshold[place]) if isfinite(found.threshold[place]) else 1.0 for place in places),
        rates(found.tp + found.fp, positives + negatives),
        rates(found.tp, positives),
        rates(found.fp, negatives),
    )


def _triple(values: Iterable[float]) -> tuple[float, float, float] | None:
    value, low, high = values
    return (value, low, high) if isfinite(value) else None
