"""Rates of rows that come in clusters or have weights: their value, their interval, and gaps between them.

They are those of the audit of a table; here is only what turns the sums over the units into them.
"""

from collections.abc import Sequence
from functools import lru_cache

from shinrai.evaluate.audit.chance import INVERTED
from shinrai.evaluate.audit.comparing import Form, gap_interval
from shinrai.evaluate.audit.estimates import Estimate
from shinrai.evaluate.statistics.clusters import clustered_rate
from shinrai.evaluate.statistics.interval import Interval
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.evaluate.statistics.weighted import WeightSums, weighted_rate
from shinrai.evaluate.targets.cube import SCALE_BITS
from shinrai.evaluate.targets.table import Table
from shinrai.evaluate.targets.units import UnitSums
from shinrai.language import Message, message

_CLUSTERS = "Wilson 1927 at the effective n of the clusters, Student's t (Dean, Pagano 2015)"
_WEIGHTS = "Wilson 1927 at the effective n of the weights, Student's t (Kish 1965; Korn, Graubard 1998)"


def rate_method(table: Table) -> str:
    """Say how the interval of one rate is made."""
    return "rate; Wilson 1927" if table.units is None else f"rate; {_WEIGHTS if table.units.weighted else _CLUSTERS}"


def gap_method(table: Table, form: Form, plain: str) -> str:
    """Say how the interval of a gap is made. plain: where every row is a unit of its own."""
    if table.units is None:
        return plain
    base = _WEIGHTS if table.units.weighted else _CLUSTERS
    if form is Form.DIFFERENCE:
        return f"max - min; square-and-add (Zou, Donner 2008) over all pairs, Bonferroni, of {base}"
    return f"min / max; square-and-add of the logarithms (Zou, Donner 2008) over all pairs, Bonferroni, of {base}"


def chance_method(table: Table, plain: str) -> str:
    """Say how the p value of any difference comes about. plain: where every row is a unit of its own."""
    if table.units is None:
        return plain
    return f"p value, no interval: {INVERTED}; {_WEIGHTS if table.units.weighted else _CLUSTERS}"


def rate_of(sums: UnitSums, *, weighted: bool) -> Estimate | None:
    """Return the rate with its interval; None without rows, or with a single unit."""
    found = (
        weighted_rate(WeightSums(sums.units, sums.s, sums.ss, sums.t, sums.tt)) if weighted else clustered_rate(sums)
    )
    if isinstance(found, Undefined):
        return None
    return Estimate(found.value, sums.units, lru_cache(maxsize=64)(found.spread.beside), "")


def gap_of(rates: Sequence[Estimate], form: Form) -> tuple[float, Interval]:
    """Return the gap of at least two rates, each with bounds, and its interval."""
    values = [each.value for each in rates]
    value = max(values) - min(values) if form is Form.DIFFERENCE else min(values) / max(values)
    interval = gap_interval(rates, form)
    assert interval is not None  # noqa: S101  (every rate has bounds; this tells the type checker)
    return value, interval


def counts_of(sums: UnitSums, prefix: str = "") -> dict[str, int]:
    """Return the sums as the evidence carries them."""
    return {f"{prefix}{name}": getattr(sums, name) for name in ("units", "s", "t", "ss", "st", "tt")}


def unit_counts(table: Table) -> dict[str, int]:
    """Return the unit of the sums of weights, and how many rows were left out; nothing for clusters."""
    if table.units is None or not table.units.weighted:
        return {}
    return {"scale_bits": SCALE_BITS, "weightless": table.units.dropped}


def single_unit(table: Table) -> Message:
    """Say why rows without a second unit have no rate."""
    if table.units is not None and table.units.weighted:
        return message("A single row counts towards the rate; it has no interval.")
    return message("All rows that count towards the rate are of one cluster; it has no interval.")


def not_taken() -> Message:
    """Say that a number is only defined for rows that are alike and independent."""
    return message("This number is not taken with weights or clusters.")


def left_out(table: Table) -> tuple[Message, ...]:
    """Say how many rows were left out for their weight."""
    if table.units is None or not table.units.dropped:
        return ()
    return (message("Rows left out because their weight is 0 or missing: {rows}.", rows=f"{table.units.dropped:,}"),)
