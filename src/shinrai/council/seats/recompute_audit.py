"""The check `group_audit` from the rows, written from the definitions' page alone."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from shinrai.council.seats import intervals, units
from shinrai.council.seats.group_gaps import (
    DRAWS,
    SCALE_BITS,
    SEED,
    below_four_fifths,
    chance,
    same_odds,
    within_strata,
)
from shinrai.council.seats.recompute_rates import (
    RATES,
    Counts,
    Derived,
    Partition,
    compared_rates,
    crosstab,
    failed,
    fractions,
    group_fault,
    level_sums,
    listed_sums,
    partition,
)
from shinrai.council.seats.recompute_table import Decisions

ANY, BELOW, WITHIN = "any_difference", "selection_rate.below_four_fifths", "selection_rate.adjusted_difference"
AUDITED = (*(f"{rate}.{ANY}" for rate in RATES), BELOW)
TOLERANCE = 1e-6
"""To which a probability that is integrated or looked for has to agree."""

_MOST_TRIALS = 10**9


def group_audit(
    decisions: Decisions, columns: Sequence[str], strata: Sequence[str], min_group: int
) -> dict[str, Derived]:
    """Answer every metric of `group_audit` for one column or intersection."""
    metrics = (*AUDITED, WITHIN) if strata else AUDITED
    fault = group_fault(decisions, columns)
    if fault is not None:
        return {metric: failed(fault) for metric in metrics}
    levels = partition(decisions, columns)
    answers: dict[str, Derived] = {}
    for rate in RATES:
        base, places, x, n = compared_rates(decisions, levels, rate, min_group)
        if not decisions.alike:
            answers |= _of_units(decisions, (columns, strata), levels, rate, (base, places), min_group)
            continue
        answers[f"{rate}.{ANY}"] = _any(base, x, n)
        if rate == RATES[0]:
            answers[BELOW] = _below(base, places, x, n)
            if strata:
                answers[WITHIN] = _within(decisions, (columns, strata), levels, (base, places, x, n), min_group)
    return answers


def _of_units(
    decisions: Decisions,
    named: tuple[Sequence[str], Sequence[str]],
    levels: Partition,
    rate: str,
    found: tuple[Derived, Counts],
    min_group: int,
) -> dict[str, Derived]:
    """Answer for rows that come in clusters or have weights: of these, only whether any level differs."""
    base, places = found
    answers = {f"{rate}.{ANY}": base}
    if len(places) >= 2:
        sums = level_sums(decisions, levels, rate)
        p = units.any_difference([sums[place] for place in places], weighted=decisions.weights is not None)
        counts = listed_sums(decisions, levels, rate, min_group)
        answers[f"{rate}.{ANY}"] = replace(base, value=p, low=p, high=p, counts=counts, tolerance=TOLERANCE)
    if rate == RATES[0]:
        answers[BELOW] = base
        if named[1]:
            fault = group_fault(decisions, list(dict.fromkeys([*named[0], *named[1]])), within=True)
            answers[WITHIN] = replace(base, n=0, used=0) if fault is None else failed(fault)
    return answers


def _any(base: Derived, x: Counts, n: Counts) -> Derived:
    if len(x) < 2 or int(n.sum()) >= _MOST_TRIALS:
        return base
    drawn = chance(x, n)
    counts = {
        "draws": DRAWS,
        "seed": SEED,
        "far": drawn.far,
        "expected_ppm": millionths(drawn.expected),
        "usual_ppm": millionths(drawn.usual),
    }
    return replace(base, value=drawn.p, low=drawn.p, high=drawn.p, counts=counts)


def _below(base: Derived, places: Counts, x: Counts, n: Counts) -> Derived:
    if len(x) < 2 or not x.any():
        return base
    top, bottom = _ends(x, n)
    low, high = (int(x[bottom]), int(n[bottom])), (int(x[top]), int(n[top]))
    share = below_four_fifths(low, high)
    meets = Fraction(*low) >= Fraction(4, 5) * Fraction(*high)
    counts = {"highest": int(places[top]), "lowest": int(places[bottom]), "meets": int(meets)}
    return replace(base, value=share, low=share, high=share, counts=counts, tolerance=TOLERANCE)


def _ends(x: Counts, n: Counts) -> tuple[int, int]:
    """Return the indices of the first highest and the last lowest rate."""
    rates = [Fraction(int(a), int(b)) for a, b in zip(x, n, strict=True)]
    return rates.index(max(rates)), len(rates) - 1 - rates[::-1].index(min(rates))


def _within(
    decisions: Decisions,
    named: tuple[Sequence[str], Sequence[str]],
    levels: Partition,
    found: tuple[Derived, Counts, Counts, Counts],
    min_group: int,
) -> Derived:
    base, places, x, n = found
    crossed = list(dict.fromkeys([*named[0], *named[1]]))
    fault = group_fault(decisions, crossed, within=True)
    if fault is not None:
        return failed(fault)
    if len(x) < 2:
        return replace(base, n=0, used=0)
    top, bottom = _ends(x, n)
    tables = _tables(decisions, crossed, len(named[0]), [levels.levels[places[each]] for each in (top, bottom)])
    rows = int(tables[:, [1, 3]].sum())
    undefined = replace(base, n=rows, used=rows)
    if min(tables[:, 1].sum(), tables[:, 3].sum()) < min_group:
        return undefined
    sums = _sums(tables)
    if sums["size"] == 0:
        return undefined
    z = intervals.simultaneous_z(math.comb(len(x), 2))
    value, (low, high) = within_strata(sums["weight"], sums["gap"], sums["lean"], sums["size"], z)
    a, first, b, second = (int(each) for each in tables.sum(axis=0))
    crude = a / first - b / second
    crude_low, crude_high = intervals.difference(a, first, b, second, z)
    signed = abs(sums["gap"]) >= len(tables)
    counts = {
        "first": int(places[top]),
        "second": int(places[bottom]),
        "strata": len(tables),
        "scale_bits": SCALE_BITS,
        **sums,
        "crude_ppm": millionths(crude),
        "reversed": int(signed and sums["gap"] * (a * second - b * first) < 0),
        "vanishes": int(not crude_low <= 0 <= crude_high and low <= 0 <= high),
    }
    odds = same_odds(tables.astype(np.float64))
    if odds is not None:
        counts["homogeneity_ppm"] = millionths(odds)
    return replace(undefined, value=value, low=low, high=high, counts=counts)


def _tables(decisions: Decisions, crossed: Sequence[str], width: int, ends: Sequence[tuple[str, ...]]) -> Counts:
    """Return (a, n, b, m) of both levels in each stratum that has rows of both: shape (strata, 4)."""
    levels = partition(decisions, crossed)
    x, n = fractions(crosstab(decisions, levels.codes, len(levels.levels)))[RATES[0]]
    strata: dict[tuple[str, ...], list[int]] = {}
    for index, labels in enumerate(levels.levels):
        if levels.complete[index] and labels[:width] in ends:
            side = 2 * ends.index(labels[:width])
            row = strata.setdefault(labels[width:], [0, 0, 0, 0])
            row[side : side + 2] = [int(x[index]), int(n[index])]
    both = [row for row in strata.values() if row[1] and row[3]]
    return np.array(both, dtype=np.int64).reshape(-1, 4)


def _sums(tables: Counts) -> dict[str, int]:
    sums = dict.fromkeys(("weight", "gap", "lean", "size"), 0)
    for a, n, b, m in ((int(each) for each in row) for row in tables):
        parts = {
            "weight": Fraction(n * m, n + m),
            "gap": Fraction(a * m - b * n, n + m),
            "lean": (Fraction(n * n * b - m * m * a) + Fraction(n * m * (m - n), 2)) / (n + m) ** 2,
            "size": Fraction(a * (m - b) + b * (n - a), 2 * (n + m)),
        }
        for name, part in parts.items():
            # int() of a fraction leaves off what is behind the point, on either side of 0.
            sums[name] += int(part * (1 << SCALE_BITS))
    return sums


def millionths(value: float) -> int:
    """Whole millionths as the page rounds them."""
    return math.floor(value * 1e6 + 0.500001)
