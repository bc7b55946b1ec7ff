"""The interval of a rate over clustered samples a second time, from the counts of scenarios alone.

Written from docs/reference/conversation-statistics.md, sharing no arithmetic with the evaluate room: Student's quantile
by Gauss-Legendre quadrature and bisection, Wilson's bounds as the roots of their defining equation.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats.intervals import LEVEL, bisect, normal_quantile

_KEY = re.compile(r"clusters\.(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,14})")
_NODES = 256
_MOST_CLUSTERS = 10_000_000


class Scenario(NamedTuple):
    """What came of one scenario: good of decided samples, and samples (or pairs) without a verdict."""

    good: int
    decided: int
    open: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with the ends of its interval."""

    value: float
    low: float
    high: float


def scenarios(counts: Mapping[str, int]) -> list[tuple[Scenario, int]]:
    """Read `clusters.<good>.<decided>.<open>` counts, each with how many scenarios came to that.

    ValueError where the counts are impossible.
    """
    found = []
    for name, times in counts.items():
        if not name.startswith("clusters."):
            continue
        match = _KEY.fullmatch(name)
        if match is None or times < 1:
            raise ValueError(f"{name} is no count of scenarios")
        each = Scenario(*map(int, match.groups()))
        if each.good > each.decided:
            raise ValueError("more good ones than were decided")
        found.append((each, times))
    if sum(times for _, times in found) > _MOST_CLUSTERS:
        raise ValueError("more scenarios than are looked at")
    return found


def closed(found: Iterable[tuple[Scenario, int]], *, good: bool) -> list[tuple[Scenario, int]]:
    """Return the scenarios as they would be if everything open had come out one way."""
    return [
        (Scenario(each.good + (each.open if good else 0), each.decided + each.open, 0), times) for each, times in found
    ]


def rate(found: Sequence[tuple[Scenario, int]], family: int = 1) -> Rate | None:
    """Return rate and interval; None where there is none: no samples, or a single scenario.

    family: so many intervals hold at once (Bonferroni).
    """
    kept = [(each, times) for each, times in found if each.decided]
    times = np.array([t for _, t in kept], dtype=np.float64)
    if times.sum() < 2:
        return None
    good = np.array([each.good for each, _ in kept], dtype=np.float64)
    size = np.array([each.decided for each, _ in kept], dtype=np.float64)
    total = float(times @ size)
    share = float(times @ good) / total
    tail = (1 - LEVEL) / (2 * family)
    if total == times.sum():
        return Rate(share, *wilson_bounds(share, total, normal_quantile(tail)))
    n, df = effective(share, good, size, times, total)
    return Rate(share, *wilson_bounds(share, n, t_quantile(tail, df)))


def effective(
    share: float, good: NDArray[np.float64], size: NDArray[np.float64], times: NDArray[np.float64], total: float
) -> tuple[float, float]:
    """Return effective n and degrees of freedom.

    share: of good ones, or the mean of scores from 0 to 1. good, size, times: good ones (or the sum of the scores) and
    samples of a scenario, and how many such scenarios there are. total: samples in all.
    """
    weight = size / total
    variance = float(times @ ((good - share * size) ** 2 / (1 - weight))) / total**2
    pull = weight**2 / (1 - weight)
    df = max(1.0, 1 / float(times @ weight**2 + (times @ pull) ** 2 - times @ pull**2))
    worst = 1 / float(times @ weight**2)
    seen = min(float(times @ (good > 0)), float(times @ (good < size)))
    if seen == 0:
        return worst, df
    observed = total if variance == 0 else min(total, share * (1 - share) / variance)
    trust = seen / (seen + 1)
    return 1 / (trust / observed + (1 - trust) / worst), df


def wilson_bounds(share: float, n: float, z: float) -> tuple[float, float]:
    """Solve n·(share − π)² = z²·π(1−π) for π on both sides of the share; n need not be whole."""

    def holds(value: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(n * (share - value) ** 2 <= z * z * value * (1 - value))

    low = 0.0 if share == 0 else float(bisect(holds, [share], [0.0])[0])
    high = 1.0 if share == 1 else float(bisect(holds, [share], [1.0])[0])
    return low, high


@lru_cache(maxsize=4096)
def t_quantile(tail: float, df: float) -> float:
    """Return t with P(T > t) = tail for Student's T, 0 < tail < 0.5, df >= 1 (not necessarily whole).

    With T = √df·tan θ the density becomes cos(θ)^(df−1) up to a constant, which is smooth wherever it matters.
    """
    nodes, weights = _quadrature()
    constant = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi)

    def above(angles: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.array([0.5 - constant * _inside(angle, df, nodes, weights) > tail for angle in angles])

    return math.sqrt(df) * math.tan(float(bisect(above, [0.0], [math.pi / 2])[0]))


def _inside(angle: float, df: float, nodes: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    points = angle / 2 * (nodes + 1)
    return float(angle / 2 * (weights @ np.exp((df - 1) * np.log(np.cos(points)))))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights
