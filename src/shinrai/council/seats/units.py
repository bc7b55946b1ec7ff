"""Rates of rows that come in clusters or have weights, a second time, from docs/reference/table-checks.md alone.

Everything follows from six whole numbers: how many units there are, and Σs, Σt, Σs², Σst, Σt² over them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from shinrai.council.seats.clusters import Rate, t_quantile, wilson_bounds
from shinrai.council.seats.intervals import LEVEL, bisect, normal_quantile

Array = NDArray[np.float64]

_NODES, _HALVINGS = 256, 24
NAMES = ("units", "s", "t", "ss", "st", "tt")


@dataclass(frozen=True, slots=True)
class UnitSums:
    """The six sums of one rate; of clusters in rows, of weighted rows in units of 2⁻⁴⁶ and of its square."""

    units: int
    s: int
    t: int
    ss: int
    st: int
    tt: int

    def counts(self, prefix: str = "") -> dict[str, int]:
        """Return them as a measurement carries them."""
        return {prefix + name: getattr(self, name) for name in NAMES}


def read(counts: Mapping[str, int], prefix: str = "") -> UnitSums:
    """Read the sums that a measurement carries; KeyError where one lacks, ValueError where they are impossible."""
    found = UnitSums(*(counts[prefix + name] for name in NAMES))
    ordered = 0 <= found.s <= found.t and 0 <= found.ss <= found.st <= found.tt <= found.t**2
    if not ordered or not 0 <= found.units <= max(found.t, 0) or found.t**2 > found.units * found.tt:
        raise ValueError("no units have these sums")
    return found


def carried(counts: Mapping[str, int]) -> bool:
    """Whether a measurement is one of clustered or weighted rows."""
    return any(name == "tt" or name.endswith(".tt") for name in counts)


def rate(sums: UnitSums, *, weighted: bool, family: int = 1) -> Rate | None:
    """Return the rate with the interval that holds for `family` rates at once; None without rows or a second unit."""
    if sums.t == 0 or sums.tt == sums.t**2:
        return None
    share = Fraction(sums.s, sums.t)
    tail = (1 - LEVEL) / (2 * family)
    if _all_equal(sums, weighted):
        return Rate(float(share), *wilson_bounds(float(share), sums.units, normal_quantile(tail)))
    n, df = _effective(sums, share, sums.units if weighted else sums.t, weighted)
    return Rate(float(share), *wilson_bounds(float(share), n, t_quantile(tail, df)))


def _all_equal(sums: UnitSums, weighted: bool) -> bool:
    return sums.t**2 == sums.units * sums.tt if weighted else sums.tt == sums.t


def _effective(sums: UnitSums, share: Fraction, rows: int, weighted: bool) -> tuple[float, float]:
    """Return the effective n and the degrees of freedom."""
    whole = sums.t**2
    alike = Fraction(whole, sums.tt)
    bound = min(Fraction(rows), alike)
    failed, failed_squares = sums.t - sums.s, sums.tt - 2 * sums.st + sums.ss
    each = [Fraction(a * a, b) if b else Fraction(0) for a, b in ((sums.s, sums.ss), (failed, failed_squares))]
    seen = math.floor(min(each))
    spread = (sums.ss - 2 * share * sums.st + share**2 * sums.tt) / (whole - sums.tt)
    observed = Fraction(rows) if spread == 0 else min(Fraction(rows), share * (1 - share) / spread)
    if weighted:
        observed = min(observed, bound)
    if not seen:
        observed = bound
    trust = Fraction(seen, seen + 1)
    return float(1 / (trust / observed + (1 - trust) / bound)), max(1.0, float(alike) - 1)


def any_difference(levels: Sequence[UnitSums], *, weighted: bool) -> float:
    """P that no level differs: the smallest at which the interval of max − min at 1 − p leaves out 0; to 10⁻⁷.

    levels: two at least, each with a rate.
    """
    share, n, df = np.array([_spread(sums, weighted) for sums in levels]).T
    pairs = math.comb(len(levels), 2)

    def apart(p: float) -> bool:
        low, high = _wilson(share, n, _quantiles(p / (2 * pairs), df))
        # Of each pair the larger rate comes first: the others' intervals of the difference hold 0.
        gap = share[:, None] - share[None, :]
        return bool((gap > np.hypot((share - low)[:, None], (high - share)[None, :])).any())

    least, most = 0.0, 1 - 1e-6
    if not apart(most):
        return 1.0
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        least, most = (least, middle) if apart(middle) else (middle, most)
    return most


def _spread(sums: UnitSums, weighted: bool) -> tuple[float, float, float]:
    """Return rate, n and degrees of freedom, infinite for the normal."""
    share = Fraction(sums.s, sums.t)
    if _all_equal(sums, weighted):
        return float(share), float(sums.units), math.inf
    return float(share), *_effective(sums, share, sums.units if weighted else sums.t, weighted)


def _quantiles(tail: float, df: Array) -> Array:
    """Return z or t with this tail for each of the degrees of freedom, 0 < tail < 0.5."""
    many = np.isinf(df)
    found = np.full(len(df), normal_quantile(tail))
    few = df[~many][:, None]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    constant = np.array([math.exp(math.lgamma((d + 1) / 2) - math.lgamma(d / 2)) for d in few[:, 0]])

    def above(angles: Array) -> NDArray[np.bool_]:
        cosines = np.log(np.cos(angles[:, None] / 2 * (nodes + 1)))
        inside = angles / 2 * (np.exp((few - 1) * cosines) @ weights)
        return np.asarray(0.5 - constant / math.sqrt(math.pi) * inside > tail)

    ends = np.zeros(len(few)), np.full(len(few), math.pi / 2)
    found[~many] = np.sqrt(few[:, 0]) * np.tan(bisect(above, *ends))
    return found


def _wilson(share: Array, n: Array, z: Array) -> tuple[Array, Array]:
    """Solve n·(share − π)² = z²·π(1−π) for π on both sides of each share."""

    def holds(value: Array) -> NDArray[np.bool_]:
        return np.asarray(n * (share - value) ** 2 <= z * z * value * (1 - value))

    low = np.where(share == 0, 0.0, bisect(holds, share, np.zeros_like(share)))
    return low, np.where(share == 1, 1.0, bisect(holds, share, np.ones_like(share)))


def largest_difference(rates: Sequence[Rate]) -> tuple[float, float]:
    """Return the interval of max − min: of all pairs' |differences| the largest low and the largest high."""
    lows, highs = [], []
    for place, one in enumerate(rates):
        for other in rates[place + 1 :]:
            gap = one.value - other.value
            low = gap - math.hypot(one.value - one.low, other.high - other.value)
            high = gap + math.hypot(one.high - one.value, other.value - other.low)
            lows.append(0.0 if low <= 0 <= high else min(abs(low), abs(high)))
            highs.append(max(abs(low), abs(high)))
    return max(lows), max(highs)


def smallest_ratio(rates: Sequence[Rate]) -> tuple[float, float]:
    """Return the interval of min / max: the smallest low and high of all ordered pairs' ratios, cut to 1."""
    bounds = [_ratio(one, other) for one in rates for other in rates if one is not other]
    return min(1.0, *(low for low, _ in bounds)), min(1.0, *(high for _, high in bounds))


def _ratio(one: Rate, other: Rate) -> tuple[float, float]:
    if one.value == 0 or other.value == 0:
        return (
            one.low / other.high if other.high else 0.0,
            one.high / other.low if other.low else math.inf,
        )
    middle = one.value / other.value
    down = math.hypot(_log(one.value, one.low), _log(other.high, other.value))
    up = math.hypot(_log(one.high, one.value), _log(other.value, other.low))
    return middle * math.exp(-down), middle * math.exp(up)


def _log(above: float, below: float) -> float:
    return math.log(above / below) if below > 0 else math.inf
