"""What chance and circumstances say of a gap between groups, a second time, from docs/reference/table-checks.md alone.

Integrals are taken over the posterior densities themselves, probabilities of a chi-square from the Poisson
distribution, and the interval within strata from the sums that the evidence carries.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Bounds = tuple[float, float]

DRAWS, SEED = 10_000, 1
SCALE_BITS = 46
_SAME = 1e-12
_NODES, _REACH = 160, 5.0
_LARGE = 5.0
_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Chance:
    """far: draws whose largest distance is no smaller than the one seen. expected, usual: their max − min."""

    far: int
    expected: float
    usual: float

    @property
    def p(self) -> float:
        """The share of draws at least as far, the table itself counted as one."""
        return (self.far + 1) / (DRAWS + 1)


def chance(successes: Whole, trials: Whole) -> Chance:
    """Deal the successes of at least two levels out again, 10,000 times.

    successes, trials: in the order of the levels, fewer than 10⁹ trials together.
    """
    total, right = int(trials.sum()), int(successes.sum())
    generator = np.random.Generator(np.random.PCG64([SEED, 0]))
    rows = max(1, _AT_ONCE // len(trials))
    worst, gaps = [], []
    for start in range(0, DRAWS, rows):
        size = min(rows, DRAWS - start)
        dealt = generator.multivariate_hypergeometric(trials, right, size=size, method="marginals")
        worst.append(_distance(dealt, trials, right, total))
        rates = dealt / trials
        gaps.append(np.ptp(rates, axis=1))
    seen = float(_distance(successes[None, :], trials, right, total)[0])
    ordered = np.sort(np.concatenate(gaps))
    far = int((np.concatenate(worst) >= seen * (1 - _SAME)).sum())
    return Chance(far, float(ordered.mean()), float(ordered[-(-DRAWS * 19 // 20) - 1]))


def _distance(successes: Whole, trials: Whole, right: int, total: int) -> Array:
    """Return for each draw the largest |x − e| / s, up to a factor that all draws share.

    With e = nS/N and s² = nS(N−S)(N−n) / (N²(N−1)), |x − e| / s is |xN − nS| / √(n(N−n)) times a constant; the first
    is a whole number.
    """
    away = np.abs(successes * np.int64(total) - trials * np.int64(right)).astype(np.float64)
    spread = np.sqrt(trials.astype(np.float64) * (total - trials))
    return np.asarray((away / spread).max(axis=1), dtype=np.float64)


def below_four_fifths(low: tuple[int, int], high: tuple[int, int]) -> float:
    """P(first rate < 4/5 of the second) under independent Beta(x + ½, n − x + ½); (x, n) of each, n at least 1.

    Both rates are written sin²θ, whose density is sin²ˣθ·cos²⁽ⁿ⁻ˣ⁾θ. ValueError for impossible counts.
    """
    for x, n in (low, high):
        if n < 1 or not 0 <= x <= n:
            raise ValueError("need 0 <= successes <= trials and trials >= 1")
    nodes, weights = _nodes()
    # Seen from the rate that is known better, the other's distribution is smooth; the other way round it is a step.
    known, other = (high, low) if high[1] >= low[1] else (low, high)
    start, end = _window(*known)
    least, most = _window(*other)
    if known is high:
        theta = (start + end) / 2 + (end - start) / 2 * nodes
        outer = weights * _density(theta, *known)
        reach, whole = np.arcsin(np.sqrt(0.8) * np.sin(theta)), float(outer.sum())
    else:
        # The nodes lie where the other rate would be 5/4 of this one, so that nothing breaks off at 4/5.
        first, last = (math.asin(min(1.0, math.sin(angle) / math.sqrt(0.8))) for angle in (start, end))
        reach = (first + last) / 2 + (last - first) / 2 * nodes
        theta = np.arcsin(np.sqrt(0.8) * np.sin(reach))
        outer = weights * (last - first) * _density(theta, *known) * np.sqrt(0.8) * np.cos(reach) / np.cos(theta)
        every = (start + end) / 2 + (end - start) / 2 * nodes
        whole = float((weights * (end - start) * _density(every, *known)).sum())
    # One integral for each node and one over everything.
    half = (np.append(np.clip(reach, least, most), most) - least)[:, None] / 2
    areas = (half * weights * _density(least + half * (1 + nodes[None, :]), *other)).sum(axis=1)
    share = areas[:-1] / areas[-1]
    return min(1.0, float((outer * (share if known is high else 1 - share)).sum()) / whole)


@lru_cache(maxsize=1)
def _nodes() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _window(x: int, n: int) -> Bounds:
    """Return the ends of the angles that have any probability: the angle's standard deviation is near 1/(2√n)."""
    middle, half = math.asin(math.sqrt(x / n)), _REACH / math.sqrt(n)
    return max(0.0, middle - half), min(math.pi / 2, middle + half)


def _density(theta: Array, x: int, n: int) -> Array:
    """sin²ˣθ·cos²⁽ⁿ⁻ˣ⁾θ over its largest value, which is at sin²θ = x/n."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.zeros_like(theta)
        if x:
            logs += 2 * x * np.log(np.sin(theta) / math.sqrt(x / n))
        if n - x:
            logs += 2 * (n - x) * np.log(np.cos(theta) / math.sqrt((n - x) / n))
    return np.asarray(np.exp(logs), dtype=np.float64)


def within_strata(weight: int, gap: int, lean: int, size: int, z: float) -> tuple[float, Bounds]:
    """Return the difference within strata and its interval, from the sums over strata in units of 2⁻⁴⁶.

    The bounds d solve (gap − d·weight)² = z²·(d·lean + size). ValueError where there are no such rows.
    """
    if weight <= 0 or size <= 0:
        raise ValueError("no rows to compare within strata")
    unit = float(1 << SCALE_BITS)
    w, s, p, q = weight / unit, gap / unit, lean / unit, size / unit
    value = s / w
    # w²d² − (2ws + z²p)·d + s² − z²q = 0
    linear = 2 * w * s + z * z * p
    root = math.sqrt(max(0.0, linear * linear - 4 * w * w * (s * s - z * z * q)))
    low, high = (linear - root) / (2 * w * w), (linear + root) / (2 * w * w)
    return value, (min(value, max(-1.0, low)), max(value, min(1.0, high)))


def same_odds(tables: Array) -> float | None:
    """P of Breslow and Day's test with Tarone's correction, or None where it is undefined.

    tables: one row (a, n, b, m) for each stratum with rows of both groups.
    """
    a, n, b, m = tables.T
    up, down = float((a * (m - b) / (n + m)).sum()), float((b * (n - a) / (n + m)).sum())
    mixed = tables[(a + b > 0) & (a + b < n + m)]
    if up == 0 or down == 0 or len(mixed) < 2:
        return None
    away, variance, squares = 0.0, 0.0, 0.0
    for row in mixed:
        cell, first, other, second = (int(each) for each in row)
        fitted, spread = _given_margins(cell, first, other, second, up / down)
        off = cell - fitted
        away, variance, squares = away + off, variance + spread, squares + off * off / spread
    return chi_square_tail(max(0.0, squares - away * away / variance), len(mixed) - 1)


def _given_margins(a: int, n: int, b: int, m: int, odds: float) -> Bounds:
    """Mean and variance of the first cell with its margins given, at an odds ratio; exact where a cell is below 5."""
    cases, least, most = a + b, max(0, a + b - m), min(n, a + b)
    # The fitted cell solves x(m − cases + x) = odds·(n − x)(cases − x): the left side grows, the right side falls.
    below, above = float(least), float(most)
    for _ in range(200):
        x = (below + above) / 2
        below, above = (x, above) if x * (m - cases + x) < odds * (n - x) * (cases - x) else (below, x)
    x = (below + above) / 2
    cells = x, n - x, cases - x, m - cases + x
    if min(cells) >= _LARGE:
        return x, 1 / sum(1 / cell for cell in cells)
    k = np.arange(least, most + 1)
    logs = np.array([-_ways(n, int(i)) - _ways(m, cases - int(i)) for i in k]) + k * math.log(odds)
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    mean = float((k * chances).sum())
    return mean, float(((k - mean) ** 2 * chances).sum())


def _ways(n: int, k: int) -> float:
    """Minus the logarithm of n over k."""
    return math.lgamma(k + 1) + math.lgamma(n - k + 1) - math.lgamma(n + 1)


def chi_square_tail(x: float, df: int) -> float:
    """P(X > x): 1 less the series of the incomplete gamma function; x >= 0, df >= 1."""
    shape, half = df / 2, x / 2
    if half == 0:
        return 1.0
    if half > shape + 40 * math.sqrt(shape) + 400:
        return 0.0
    terms = np.arange(int(half + 40 * math.sqrt(half) + 200))
    logs = (shape + terms) * math.log(half) - half - np.array([math.lgamma(shape + k + 1) for k in terms])
    return float(min(1.0, max(0.0, 1 - math.fsum(np.exp(logs)))))
