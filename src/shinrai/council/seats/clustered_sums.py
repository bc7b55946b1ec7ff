"""The interval of a mean over clustered scores a second time, from the sums of scenarios alone.

Written from docs/reference/conversation-statistics.md, as `clusters` is. Counts are `sums.<scores>.<sum>`, the sum in
units of 2**-46, and `ends`: 1 where every score lies between 0 and 1.
"""

import math
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats.clusters import Rate, effective, t_quantile, wilson_bounds
from shinrai.council.seats.intervals import LEVEL, decide, normal_quantile
from shinrai.evaluate.measurement import Outcome, Rule

_UNITS = 1 << 46
_KEY = re.compile(r"sums\.([1-9][0-9]{0,14})\.(0|-?[1-9][0-9]{0,29})")
_Sums = list[tuple[int, int, int]]


def has_sums(counts: Mapping[str, int]) -> bool:
    """Whether the counts are those of a mean."""
    return "ends" in counts


def read_sums(counts: Mapping[str, int]) -> _Sums:
    """Read `sums.<scores>.<sum>` counts as (scores, sum, scenarios); ValueError where they are impossible."""
    found = []
    for name, times in counts.items():
        if not name.startswith("sums."):
            continue
        match = _KEY.fullmatch(name)
        if match is None or times < 1:
            raise ValueError(f"{name} is no count of scenarios")
        scores, total = map(int, match.groups())
        if counts["ends"] and not 0 <= total <= scores * _UNITS:
            raise ValueError("a sum beyond what its scores allow")
        found.append((scores, total, times))
    return found


def mean_rate(counts: Mapping[str, int], family: int = 1) -> Rate | None:
    """Return mean and interval; None where there is none: no scores, a single scenario, or no spread.

    family: so many intervals hold at once (Bonferroni).
    """
    found = read_sums(counts)
    times = np.array([t for _, _, t in found], dtype=np.float64)
    if times.sum() < 2:
        return None
    size = np.array([n for n, _, _ in found], dtype=np.float64)
    sums = np.array([total / _UNITS for _, total, _ in found])
    whole = float(times @ size)
    mean, tail = float(times @ sums) / whole, (1 - LEVEL) / (2 * family)
    if not counts["ends"]:
        return _unbounded(mean, size, sums, times, tail)
    if whole == times.sum():
        return Rate(mean, *wilson_bounds(mean, whole, normal_quantile(tail)))
    n, df = effective(mean, sums, size, times, whole)
    return Rate(mean, *wilson_bounds(mean, n, t_quantile(tail, df)))


def _unbounded(
    mean: float, size: NDArray[np.float64], sums: NDArray[np.float64], times: NDArray[np.float64], tail: float
) -> Rate | None:
    whole = float(times @ size)
    weight = size / whole
    variance = float(times @ ((sums - mean * size) ** 2 / (1 - weight))) / whole**2
    if variance == 0:
        return None
    pull = weight**2 / (1 - weight)
    df = max(1.0, 1 / float(times @ weight**2 + (times @ pull) ** 2 - times @ pull**2))
    half = t_quantile(tail, df) * math.sqrt(variance)
    return Rate(mean, mean - half, mean + half)


def outcome(counts: Mapping[str, int], rule: Rule | None, low: float | None, high: float | None) -> Outcome:
    """Return what a rule comes to: the interval decides, and nothing while any score is open."""
    found = decide(rule, low, high)
    used = sum(scores * times for scores, _, times in read_sums(counts))
    if found in (Outcome.PASS, Outcome.FAIL) and used < counts["asked"]:
        return Outcome.INCONCLUSIVE
    return found
