"""Two groups within strata: what remains of their gap between rows of like circumstances, for the evidence.

The evidence carries sums over strata in whole multiples of 2⁻⁴⁶, never a stratum's own counts: a stratum may be as
small as one row, and the sums are all that value and interval need.
"""

from dataclasses import dataclass

from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.strata import Stratum, breslow_day, common_difference, simpson
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Message, message

SCALE_BITS = 46

_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups in the strata that have rows of both."""

    strata: tuple[Stratum, ...]

    @property
    def rows(self) -> int:
        """Rows of both groups."""
        return sum(n + m for _, n, _, m in self.strata)


@dataclass(frozen=True, slots=True)
class StrataSums:
    """What the difference and its interval are made of, each stratum's part cut towards 0 to a multiple of 2⁻⁴⁶.

    weight: of nm/(n+m). gap: of (am − bn)/(n+m). lean: of (n²b − m²a + nm(m−n)/2)/(n+m)². size: of
    (a(m−b) + b(n−a))/(2(n+m)).
    """

    strata: int
    weight: int
    gap: int
    lean: int
    size: int

    def counts(self) -> dict[str, int]:
        """Return them as the evidence carries them."""
        return {
            "strata": self.strata,
            "scale_bits": SCALE_BITS,
            "weight": self.weight,
            "gap": self.gap,
            "lean": self.lean,
            "size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The gap within strata beside the one over the same rows without them.

    reversed: their signs are opposite. vanishes: the crude interval leaves out 0 and the adjusted one does not.
    homogeneity: p of Breslow and Day's test that the odds ratio is one in all strata, None where it is undefined.
    """

    value: float
    interval: Interval
    crude: float
    reversed: bool
    vanishes: bool
    homogeneity: float | None
    strata: int

    def said(self, first: str, second: str) -> tuple[Message, ...]:
        """Say in words what the number means. first, second: names of the groups."""
        values = {"first": first, "second": second, "crude": _points(self.crude), "within": _points(self.value)}
        told = [
            message(
                "“{first}” minus “{second}”: {crude} points over the rows of {strata} strata together, {within} points "
                "within strata.",
                strata=self.strata,
                **values,
            )
        ]
        if self.reversed:
            told.append(message("The gap turns round within strata (Simpson's paradox); report both numbers."))
        elif self.vanishes:
            told.append(message("Within strata no difference is shown any more; report both numbers."))
        if self.homogeneity is None:
            told.append(message("Whether the gap is the same in every stratum cannot be tested with these rows."))
        elif self.homogeneity < _LEVEL:
            told.append(
                message(
                    "The gap is not the same in every stratum (Breslow-Day p = {p}); one common number hides that.",
                    p=_p(self.homogeneity),
                )
            )
        else:
            told.append(
                message(
                    "No sign that the gap is another one in other strata (Breslow-Day p = {p}).",
                    p=_p(self.homogeneity),
                )
            )
        return tuple(told)


def adjusted(pair: Pair, z: float, *, least: int) -> Adjusted | Message:
    """Return the Mantel-Haenszel difference, first minus second, or why it is undefined.

    least: rows that either group must have in the strata they share. z: of the interval.
    """
    first, second = sum(n for _, n, _, _ in pair.strata), sum(m for _, _, _, m in pair.strata)
    if min(first, second) < least:
        return message("The two groups share strata with fewer than {rows} rows of either; not compared.", rows=least)
    within, whole = common_difference(pair.strata, z), simpson(pair.strata, z)
    if isinstance(within, Undefined) or isinstance(whole, Undefined):
        return Undefined.NO_SHARED_STRATA.reason()
    sums = sums_of(pair)
    if sums.size == 0:
        return Undefined.NO_VARIATION_IN_STRATA.reason()
    test = breslow_day(pair.strata)
    crude = whole.crude.value
    # Cutting moves the sum by less than one unit a stratum: a smaller sum has no sign.
    signed = abs(sums.gap) >= sums.strata
    return Adjusted(
        within.value,
        within.interval,
        crude,
        signed and ((sums.gap > 0 and crude < 0) or (sums.gap < 0 and crude > 0)),
        whole.vanishes,
        None if isinstance(test, Undefined) else test.p,
        sums.strata,
    )


def sums_of(pair: Pair) -> StrataSums:
    """Add up the parts of the strata in whole numbers, so that no order of rows or strata changes them."""
    weight = gap = lean = size = 0
    for a, n, b, m in pair.strata:
        total = n + m
        weight += (n * m << SCALE_BITS) // total
        gap += _cut((a * m - b * n) << SCALE_BITS, total)
        lean += _cut((2 * (n * n * b - m * m * a) + n * m * (m - n)) << SCALE_BITS, 2 * total * total)
        size += ((a * (m - b) + b * (n - a)) << SCALE_BITS) // (2 * total)
    return StrataSums(len(pair.strata), weight, gap, lean, size)


def _cut(above: int, below: int) -> int:
    return above // below if above >= 0 else -(-above // below)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.001"
