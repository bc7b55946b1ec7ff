"""Two groups within strata: what they differ by once rows of like circumstances are compared with each other.

A gap over all rows may come from where the groups are, not from how they are treated, and a gap inside every stratum
may vanish or turn round over all rows. The common estimates here weigh strata after Mantel and Haenszel, which needs no
stratum to be large.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.statistics.chi_squared import chi_squared_tail
from shinrai.evaluate.statistics.gaps import Gap
from shinrai.evaluate.statistics.hypergeometric import hypergeometric
from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.proportions import koopman_bounds, newcombe_bounds
from shinrai.evaluate.statistics.undefined import Undefined

Stratum = tuple[int, int, int, int]
"""(a, n, b, m): a of n rows of the first group and b of m rows of the second have the outcome."""

Floats = NDArray[np.float64]

_LOG_BRACKET, _HALVINGS, _LARGE = 60.0, 80, 5.0


@dataclass(frozen=True, slots=True)
class Test:
    """A test's statistic, its degrees of freedom and its p."""

    __test__ = False
    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True)
class Simpson:
    """All rows together beside the same rows within strata.

    crude: difference of the rates over the rows of shared strata. adjusted: Mantel-Haenszel difference. reversed: the
    two have opposite signs. clear: they do and both intervals leave out 0. vanishes: the crude interval leaves out 0,
    the adjusted one does not. everywhere: every stratum's difference has the opposite sign of the crude one.
    """

    crude: Gap
    adjusted: Gap
    reversed: bool
    clear: bool
    vanishes: bool
    everywhere: bool


def common_difference(strata: Sequence[Stratum], z: float = Z95) -> Gap | Undefined:
    """Difference of rates, first minus second, common to the strata.

    strata: counts with 0 <= a <= n and 0 <= b <= m; ValueError otherwise. Those without rows of both groups take no
    part; undefined when none is left. Sources: Greenland, Robins 1985, Biometrics 41:55 (the estimate); Sato 1989,
    Biometrics 45:1323 (variance that holds for few large and for many small strata, solved for the limits). Where no
    stratum has both outcomes Sato's variance is none; the interval is then Newcombe's on the standardised rates.
    """
    a, n, b, m = _shared(strata)
    if not len(a):
        return Undefined.NO_SHARED_STRATA
    total, weight = n + m, float((n * m / (n + m)).sum())
    value = float(((a * m - b * n) / total).sum()) / weight
    lean = float(((n**2 * b - m**2 * a + n * m * (m - n) / 2) / total**2).sum())
    size = float(((a * (m - b) + b * (n - a)) / (2 * total)).sum())
    if not _varies(a, n, b, m):
        low, high = newcombe_bounds(*_standardised(a, n, b, m), z)
        return _gap(value, float(low[0]), float(high[0]), -1.0, 1.0)
    middle = value + z * z * lean / (2 * weight**2)
    half = sqrt(max(0.0, middle**2 - value**2 + z * z * size / weight**2))
    return _gap(value, middle - half, middle + half, -1.0, 1.0)


def common_ratio(strata: Sequence[Stratum], z: float = Z95) -> Gap | Undefined:
    """Ratio of rates, first over second, common to the strata; high may be infinite.

    As common_difference has it; undefined too when the second group has the outcome nowhere (ZERO_BASE). Where the
    first has it nowhere, or everyone has it, the interval is Koopman's on the standardised rates.
    Source: Greenland, Robins 1985, Biometrics 41:55.
    """
    a, n, b, m = _shared(strata)
    if not len(a):
        return Undefined.NO_SHARED_STRATA
    total = n + m
    first, second = float((a * m / total).sum()), float((b * n / total).sum())
    if second == 0:
        return Undefined.ZERO_BASE
    value = first / second
    square = float(((n * m * (a + b) - a * b * total) / total**2).sum())
    if first == 0 or square <= 0:
        low, high = koopman_bounds(*_standardised(a, n, b, m), z)
        return _gap(value, float(low[0]), float(high[0]), 0.0, float("inf"))
    half = z * sqrt(square / (first * second))
    return Gap(value, Interval(value * exp(-half), value * exp(half)))


def common_odds_ratio(strata: Sequence[Stratum], z: float = Z95) -> Gap | Undefined:
    """Odds ratio, first over second, common to the strata; high may be infinite.

    As common_difference has it. Undefined when within each shared stratum all outcomes are alike
    (NO_VARIATION_IN_STRATA), or the ratio would divide by 0 (ZERO_BASE). Where it is 0 the interval is the set of odds
    ratios that the score test does not reject. Sources: Mantel, Haenszel 1959, JNCI 22:719; Robins, Breslow, Greenland
    1986, Biometrics 42:311 (interval); Gart 1970, Biometrika 57:471 (score interval).
    """
    a, n, b, m = _shared(strata)
    if not len(a):
        return Undefined.NO_SHARED_STRATA
    total = n + m
    with_, against = a * (m - b) / total, b * (n - a) / total
    up, down = float(with_.sum()), float(against.sum())
    if not _varies(a, n, b, m):
        return Undefined.NO_VARIATION_IN_STRATA
    if down == 0:
        return Undefined.ZERO_BASE
    value = up / down
    if up == 0:
        return Gap(0.0, Interval(0.0, exp(_log_odds_at(a, n, b, m, -z))))
    agree, differ = (a + m - b) / total, (b + n - a) / total
    variance = (
        float((agree * with_).sum()) / (2 * up**2)
        + float((agree * against + differ * with_).sum()) / (2 * up * down)
        + float((differ * against).sum()) / (2 * down**2)
    )
    half = z * sqrt(variance)
    return Gap(value, Interval(value * exp(-half), value * exp(half)))


def mantel_haenszel(strata: Sequence[Stratum]) -> Test | Undefined:
    """Test of no difference within any stratum, without continuity correction.

    As common_odds_ratio has it. Sources: Mantel, Haenszel 1959, JNCI 22:719; Cochran 1954, Biometrics 10:417.
    """
    a, n, b, m = _shared(strata)
    if not len(a):
        return Undefined.NO_SHARED_STRATA
    if not _varies(a, n, b, m):
        return Undefined.NO_VARIATION_IN_STRATA
    total, cases = n + m, a + b
    variance = float((n * m * cases * (total - cases) / (total**2 * (total - 1))).sum())
    statistic = float((a - n * cases / total).sum()) ** 2 / variance
    return Test(statistic, 1, chi_squared_tail(statistic, 1))


def breslow_day(strata: Sequence[Stratum]) -> Test | Undefined:
    """Test of one odds ratio in all strata, with Tarone's correction.

    As common_odds_ratio has it. Strata in which all outcomes are alike say nothing and are not counted; undefined with
    fewer than two others (ONE_STRATUM), or where the common odds ratio is 0 (ALL_ZERO) or infinite. Where a fitted cell
    is below 5, its stratum's mean and variance are those of the exact conditional distribution; the usual variance is
    too small there, and the test would see differences among many small strata that have none.
    Sources: Breslow, Day 1980, Statistical Methods in Cancer Research 1, 4.4; Tarone 1985, Biometrika 72:91.
    """
    odds = common_odds_ratio(strata)
    if isinstance(odds, Undefined):
        return odds
    a, n, b, m = _shared(strata)
    mixed = (a + b > 0) & (a + b < n + m)
    a, n, b, m = a[mixed], n[mixed], b[mixed], m[mixed]
    if len(a) < 2:
        return Undefined.ONE_STRATUM
    if odds.value == 0:
        return Undefined.ALL_ZERO
    fitted, variance = _fitted(n, m, a + b, odds.value)
    cells = np.minimum(np.minimum(fitted, n - fitted), np.minimum(a + b - fitted, m - a - b + fitted))
    for place in np.flatnonzero(cells < _LARGE):
        k, chances = hypergeometric(int(n[place]), int(m[place]), int(a[place] + b[place]), odds.value)
        fitted[place] = (k * chances).sum()
        variance[place] = ((k - fitted[place]) ** 2 * chances).sum()
    away = a - fitted
    statistic = float((away**2 / variance).sum()) - float(away.sum()) ** 2 / float(variance.sum())
    return Test(max(0.0, statistic), len(a) - 1, chi_squared_tail(max(0.0, statistic), len(a) - 1))


def simpson(strata: Sequence[Stratum], z: float = Z95) -> Simpson | Undefined:
    """Whether the difference over all rows turns round within strata.

    As common_difference has it. The crude difference is taken over the rows of strata that have both groups, so that
    both numbers are about the same rows. Source: Simpson 1951, JRSS B 13:238; the definitions stand with the class.
    """
    adjusted = common_difference(strata, z)
    if isinstance(adjusted, Undefined):
        return adjusted
    a, n, b, m = _shared(strata)
    sums = [np.array([each.sum()]) for each in (a, n, b, m)]
    low, high = newcombe_bounds(sums[0], sums[1], sums[2], sums[3], z)
    # In whole numbers, so that equal rates have no sign.
    way = _sign(a.sum(), n.sum(), b.sum(), m.sum())
    within = [_sign(*stratum) for stratum in zip(a, n, b, m, strict=True)]
    crude = Gap(float(sums[0][0] / sums[1][0] - sums[2][0] / sums[3][0]), Interval(float(low[0]), float(high[0])))
    turned = way * adjusted.value < 0
    apart = [not gap.interval.low <= 0 <= gap.interval.high for gap in (crude, adjusted)]
    return Simpson(
        crude=crude,
        adjusted=adjusted,
        reversed=turned,
        clear=turned and all(apart),
        vanishes=apart[0] and not apart[1],
        everywhere=all(way * each < 0 for each in within),
    )


def _shared(strata: Sequence[Stratum]) -> tuple[Floats, Floats, Floats, Floats]:
    for a, n, b, m in strata:
        if not (0 <= a <= n and 0 <= b <= m):
            raise ValueError(f"need 0 <= successes <= trials in both groups, got {a} of {n} and {b} of {m}")
    both = np.array([stratum for stratum in strata if stratum[1] and stratum[3]], dtype=np.float64).reshape(-1, 4)
    return both[:, 0], both[:, 1], both[:, 2], both[:, 3]


def _varies(a: Floats, n: Floats, b: Floats, m: Floats) -> bool:
    return bool(((a + b > 0) & (a + b < n + m)).any())


def _standardised(a: Floats, n: Floats, b: Floats, m: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Both groups' rates at the Mantel-Haenszel weights, as counts of rows that would tell as much in one stratum."""
    weight = n * m / (n + m)
    weight = weight / weight.sum()
    first, second = 1 / (weight**2 / n).sum(), 1 / (weight**2 / m).sum()
    rates = min(1.0, float((weight * a / n).sum())), min(1.0, float((weight * b / m).sum()))
    return np.array([rates[0] * first]), np.array([first]), np.array([rates[1] * second]), np.array([second])


def _fitted(n: Floats, m: Floats, cases: Floats, odds: float) -> tuple[Floats, Floats]:
    """Return the expected a of each stratum at an odds ratio, the margins being given, and its variance.

    A root of (odds - 1)·a² - (odds·(n + cases) + m - cases)·a + odds·n·cases = 0, written so that nothing cancels: at
    odds near 1, and where the second group has fewer rows than there are cases and the odds are small.
    """
    linear = odds * (n + cases) + m - cases
    root = np.sqrt(np.maximum(0.0, linear**2 - 4 * (odds - 1) * odds * n * cases))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Below 0 at odds below 1 only.
        fitted = np.where(linear > 0, 2 * odds * n * cases / (linear + root), (root - linear) / (2 * (1 - odds)))
    cells = fitted, n - fitted, cases - fitted, m - cases + fitted
    with np.errstate(divide="ignore"):
        return fitted, 1 / np.sum([1 / np.maximum(cell, 0.0) for cell in cells], axis=0)


def _log_odds_at(a: Floats, n: Floats, b: Floats, m: Floats, wanted: float) -> float:
    """Log of the odds ratio at which the score statistic is `wanted`; it falls as the odds ratio grows."""
    below, above = -_LOG_BRACKET, _LOG_BRACKET
    for _ in range(_HALVINGS):
        middle = (below + above) / 2
        fitted, variance = _fitted(n, m, a + b, exp(middle))
        left = float((a - fitted).sum()) > wanted * sqrt(float(variance.sum()))
        below, above = (middle, above) if left else (below, middle)
    return (below + above) / 2


def _sign(a: float, n: float, b: float, m: float) -> int:
    first, second = int(a) * int(m), int(b) * int(n)
    return (first > second) - (first < second)


def _gap(value: float, low: float, high: float, least: float, most: float) -> Gap:
    return Gap(value, Interval(min(value, max(least, low)), max(value, min(most, high))))
