"""A rate or mean from many judged samples and a few of the same run that people labelled.

The labels show by how much the judge is off on this very run, so nothing has to be believed about the judge: a useless
one only leaves the interval as wide as that of the labels alone. The labelled samples have to be drawn at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from shinrai.evaluate.statistics.clustered import Floats
from shinrai.evaluate.statistics.interval import LEVEL, Interval
from shinrai.evaluate.statistics.judge_correction import Labelled
from shinrai.evaluate.statistics.proportions import wilson_bounds
from shinrai.evaluate.statistics.quantiles import t_quantile
from shinrai.evaluate.statistics.undefined import Undefined

_ADDED = 0.5
"""Items' worth added to each cell before the variance is taken: few labels without an error would show none."""


@dataclass(frozen=True, slots=True)
class Powered:
    """A rate or mean of the run. trust: how far the judge was used, from 0 (not at all) to 1 (plain PPI).

    effective_n: independent labels that would say as much. labels_alone: the rate or mean of the labels by themselves.
    """

    value: float
    interval: Interval
    trust: float
    effective_n: float
    labels_alone: float
    n_labelled: int
    n_judged: int


def powered_rate(
    labelled: Labelled,
    positives: int,
    judged: int,
    *,
    trust: float | None = None,
    design_effect: float = 1.0,
    level: float = LEVEL,
) -> Powered | Undefined:
    """Rate of positives by people's measure, from the labelled and the merely judged samples of one run.

    positives of judged: the judge's verdicts on samples without a label; 0 <= positives <= judged and judged >= 1.
    trust: 1 for plain prediction-powered inference; left out, the value that makes the variance smallest (PPI++).
    design_effect: of the run, where its samples are clustered; at least 1. ValueError otherwise.
    Interval: Wilson's at the effective n, the variance with half an item added to each cell, Student's t with one less
    than the labelled (by the design effect) as degrees of freedom.
    Sources: Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, Science 382:669; Angelopoulos, Duchi, Zrnic 2023,
    arXiv:2311.01453 (power tuning).
    """
    if judged < 1 or not 0 <= positives <= judged or design_effect < 1:
        raise ValueError("need 0 <= positives <= judged, judged >= 1 and a design effect of at least 1")
    if labelled.n < 2:
        return Undefined.TOO_FEW_LABELS
    cells = np.array([labelled.found, labelled.missed, labelled.false_alarms, labelled.cleared], dtype=np.float64)
    used = _tuned(cells, positives, judged) if trust is None else trust
    value = min(1.0, max(0.0, _estimate(cells, positives / judged, used)[0]))
    # The judge's rate over the unlabelled gets the same items as the labelled do, so that both lean one way.
    rate = (positives + _ADDED) / (judged + 2 * _ADDED)
    centre, spread = _estimate(cells + _ADDED, rate, used)
    variance = spread / (labelled.n + 4 * _ADDED) + used**2 * rate * (1 - rate) / (judged + 2 * _ADDED)
    centre = min(1 - 1e-9, max(1e-9, centre))
    everything = float(labelled.n + judged)
    effective = min(everything, max(1.0, centre * (1 - centre) / variance)) / design_effect
    n = np.array([effective])
    t = t_quantile(level, max(1.0, labelled.n / design_effect - 1))
    low, high = wilson_bounds(value * n, n, t)
    return Powered(
        value=value,
        interval=Interval(min(value, float(low[0])), max(value, float(high[0]))),
        trust=used,
        effective_n=effective,
        labels_alone=labelled.positives / labelled.n,
        n_labelled=labelled.n,
        n_judged=judged,
    )


def powered_mean(
    people: Sequence[float], judge: Sequence[float], judged: Sequence[float], *, level: float = LEVEL
) -> Powered | Undefined:
    """Mean score by people's measure, for scores that are not yes or no (PPI++).

    people, judge: both scores of each labelled sample, in the same order; judged: the judge's of those without a label,
    at least one; ValueError otherwise. Interval: value ± t·se. Undefined with fewer than two labels, or when the labels
    show no error that differs from sample to sample. Sources: as for powered_rate.
    """
    if len(people) != len(judge) or len(judged) < 1:
        raise ValueError("need as many scores of people as of the judge, and one judged sample at least")
    n, others = len(people), len(judged)
    if n < 2:
        return Undefined.TOO_FEW_LABELS
    y, f, rest = (np.array(scores, dtype=np.float64) for scores in (people, judge, judged))
    spread = float(np.concatenate([f, rest]).var(ddof=1))
    together = float(np.cov(y, f)[0, 1])
    used = min(1.0, max(0.0, together / ((1 + n / others) * spread))) if spread > 0 else 0.0
    error = float((y - used * f).var(ddof=1)) / n
    if error == 0:
        return Undefined.NO_SPREAD
    variance = error + used**2 * float(rest.var()) / others
    value = used * float(rest.mean()) + float((y - used * f).mean())
    half = t_quantile(level, n - 1) * sqrt(variance)
    alone = float(y.var(ddof=1))
    return Powered(value, Interval(value - half, value + half), used, alone / variance, float(y.mean()), n, others)


def _estimate(cells: Floats, rate: float, trust: float) -> tuple[float, float]:
    """Return the estimate and the variance of label - trust·verdict. cells: found, missed, false alarms, cleared."""
    found, missed, alarms, _ = cells / cells.sum()
    mean = found + missed - trust * (found + alarms)
    square = found * (1 - trust) ** 2 + missed + alarms * trust**2
    return float(trust * rate + mean), max(0.0, float(square - mean**2))


def _tuned(cells: Floats, positives: int, judged: int) -> float:
    """Return the trust that makes the variance smallest, cut to [0, 1]."""
    n = float(cells.sum())
    found, missed, alarms, _ = cells / n
    together = float(found - (found + missed) * (found + alarms))
    rate = (positives + float(cells[0] + cells[2])) / (n + judged)
    if rate in (0.0, 1.0):
        return 0.0
    return min(1.0, max(0.0, together / ((1 + n / judged) * rate * (1 - rate))))
