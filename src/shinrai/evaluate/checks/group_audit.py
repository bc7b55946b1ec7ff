"""What chance and circumstances say of gaps between groups: numbers that inform, none of which decides.

Three questions that a gap alone leaves open: would groups that do not differ show it as well, how likely is the lowest
group below four fifths of the highest, and what remains of the gap between rows of like circumstances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import floor

from shinrai.evaluate.audit.chance import by_interval, unknown_gap
from shinrai.evaluate.checks.assembly import (
    Basis,
    Estimate,
    Frame,
    faulty,
    measured,
    shown_subject,
    undefined,
)
from shinrai.evaluate.checks.group_fairness import group_findings, is_compared, listed, rates_of_units, sums_listed
from shinrai.evaluate.checks.rates import GROUP_RATES, Rate
from shinrai.evaluate.checks.settings import CheckSettings
from shinrai.evaluate.checks.stratified import Pair, adjusted, sums_of
from shinrai.evaluate.checks.units import chance_method, not_taken
from shinrai.evaluate.measurement import Coverage, Measurement
from shinrai.evaluate.statistics.four_fifths import below_four_fifths, meets_four_fifths
from shinrai.evaluate.statistics.interval import Interval, simultaneous_z
from shinrai.evaluate.statistics.permutation import DRAWS, SEED, no_difference
from shinrai.evaluate.targets.cube import Level
from shinrai.evaluate.targets.table import Subject, Table
from shinrai.evaluate.targets.values import shown
from shinrai.language import Message, message

NAME = "group_audit"
METRICS: tuple[str, ...] = ()
"""None of its numbers can be given a limit: a p value and a rule of thumb are no measure of a gap's size."""

MOST_TRIALS = 10**9
"""From so many rows on no successes are dealt out again."""

_ANY = "p value, no interval: successes dealt out again, all margins held (Fisher 1935; Westfall, Young 1993)"
_BELOW = "probability, no interval: Jeffreys's prior for both rates (Brown, Cai, DasGupta 2001)"
_WITHIN = "Mantel-Haenszel; Greenland, Robins 1985; Sato 1989, Bonferroni over all pairs"
_MILLION = 1_000_000
_SHIFT = 1e-6


@dataclass(frozen=True, slots=True)
class _Side:
    """A compared level. place: in the list of all levels."""

    place: int
    level: Level
    successes: int
    trials: int

    @property
    def rate(self) -> Fraction:
        return Fraction(self.successes, self.trials)

    @property
    def name(self) -> str:
        return " × ".join(shown(label) for label in self.level.labels)


def measure(table: Table, settings: CheckSettings) -> tuple[Measurement, ...]:
    """Measure for each group column and each crossing what chance and circumstances say of its gaps."""
    found: list[Measurement] = []
    selection = GROUP_RATES[0]
    for subject in table.target.subjects:
        found += [_any_difference(table, settings, subject, rate) for rate in GROUP_RATES]
        found.append(_below_four_fifths(table, settings, subject, selection))
        if table.target.strata:
            found.append(_adjusted_difference(table, settings, subject, selection))
    return tuple(found)


def millionths(value: float) -> int:
    """Round to whole millionths, halves up; a hair below a half counts as one, whichever way it was summed."""
    return floor(value * _MILLION + 0.5 + _SHIFT)


def _any_difference(table: Table, settings: CheckSettings, subject: Subject, rate: Rate) -> Measurement:
    title = message(
        "{rate}: whether the groups of “{columns}” differ (p value)", rate=rate.title, columns=shown_subject(subject)
    )
    frame = _frame(table, subject, f"{rate.name}.any_difference", title, chance_method(table, _ANY))
    if fault := table.faults.get(subject):
        return faulty(frame, Basis(0, Coverage(0, table.rows)), fault)
    sides = _sides(table, settings, subject, rate)
    if len(sides) < 2:
        return undefined(frame, _basis(table, settings, subject, rate, sides), _too_few(sides))
    if table.units is not None:
        p = by_interval(rates_of_units(table, subject, [side.level for side in sides], rate))
        sums = sums_listed(table, subject, settings, rate)
        basis = _basis(table, settings, subject, rate, sides, (unknown_gap(),), sums)
        return measured(frame, Estimate(p, Interval(p, p)), basis)
    if sum(side.trials for side in sides) >= MOST_TRIALS:
        reason = message("The table has too many rows for chance to be drawn.")
        return undefined(frame, _basis(table, settings, subject, rate, sides), reason)
    null = no_difference([(side.successes, side.trials) for side in sides], draws=DRAWS, seed=SEED)
    expected, usual = millionths(null.difference.expected), millionths(null.difference.usual)
    counts = {
        "draws": null.draws,
        "seed": null.seed,
        "far": round(null.deviation.p * (null.draws + 1)) - 1,
        "expected_ppm": expected,
        "usual_ppm": usual,
    }
    finding = message(
        "The groups lie {seen} points apart. If none differed, chance alone would put them {expected} points apart on "
        "average, and no more than {usual} points in 95 % of cases.",
        seen=_points(millionths(null.difference.value)),
        expected=_points(expected),
        usual=_points(usual),
    )
    p = null.deviation.p
    basis = _basis(table, settings, subject, rate, sides, (finding,), counts)
    return measured(frame, Estimate(p, Interval(p, p)), basis)


def _below_four_fifths(table: Table, settings: CheckSettings, subject: Subject, rate: Rate) -> Measurement:
    title = message(
        "{rate}: probability that the lowest group of “{columns}” is below 4/5 of the highest",
        rate=rate.title,
        columns=shown_subject(subject),
    )
    frame = _frame(table, subject, f"{rate.name}.below_four_fifths", title, _BELOW)
    if fault := table.faults.get(subject):
        return faulty(frame, Basis(0, Coverage(0, table.rows)), fault)
    sides = _sides(table, settings, subject, rate)
    if len(sides) < 2:
        return undefined(frame, _basis(table, settings, subject, rate, sides), _too_few(sides))
    if table.units is not None:
        return undefined(frame, _basis(table, settings, subject, rate, sides), not_taken())
    if not any(side.successes for side in sides):
        reason = message("The rate is 0 in every group, so that the ratio is undefined.")
        return undefined(frame, _basis(table, settings, subject, rate, sides), reason)
    highest, lowest = _ends(sides)
    low, high = (lowest.successes, lowest.trials), (highest.successes, highest.trials)
    meets = meets_four_fifths(low, high)
    shares = {
        "low": lowest.name,
        "a": f"{low[0]:,}",
        "n": f"{low[1]:,}",
        "high": highest.name,
        "b": f"{high[0]:,}",
        "m": f"{high[1]:,}",
    }
    seen = (
        message("“{low}”: {a} of {n}; “{high}”: {b} of {m}. In this table that is at least 4/5.", **shares)
        if meets
        else message("“{low}”: {a} of {n}; “{high}”: {b} of {m}. In this table that is below 4/5.", **shares)
    )
    thumb = message("The four-fifths rule is an American rule of thumb, no test and no rule of Japanese law.")
    counts = {"highest": highest.place, "lowest": lowest.place, "meets": int(meets)}
    share = below_four_fifths(low, high)
    basis = _basis(table, settings, subject, rate, sides, (seen, thumb), counts)
    return measured(frame, Estimate(share, Interval(share, share)), basis)


def _adjusted_difference(table: Table, settings: CheckSettings, subject: Subject, rate: Rate) -> Measurement:
    title = message(
        "{rate}: highest to lowest group of “{columns}” within “{strata}”",
        rate=rate.title,
        columns=shown_subject(subject),
        strata=shown_subject(table.target.strata),
    )
    frame = _frame(table, subject, f"{rate.name}.adjusted_difference", title, _WITHIN)
    within = table.target.within_strata(subject)
    if fault := table.faults.get(subject) or table.faults.get(within):
        return faulty(frame, Basis(0, Coverage(0, table.rows)), fault)
    sides = _sides(table, settings, subject, rate)
    groups = tuple(listed(table, subject, level, settings, rate) for level in table.cube.levels[subject])
    if len(sides) < 2:
        return undefined(frame, Basis(0, Coverage(0, table.rows), groups), _too_few(sides))
    if table.units is not None:
        return undefined(frame, Basis(0, Coverage(0, table.rows), groups), not_taken())
    first, second = _ends(sides)
    pair = _pair(table, subject, (first, second), rate)
    z = simultaneous_z(len(list(combinations(sides, 2))))
    found = adjusted(pair, z, least=settings.min_group)
    basis = Basis(pair.rows, Coverage(pair.rows, table.rows), groups)
    if isinstance(found, Message):
        return undefined(frame, basis, found)
    counts = {
        "first": first.place,
        "second": second.place,
        **sums_of(pair).counts(),
        "crude_ppm": millionths(found.crude),
        "reversed": int(found.reversed),
        "vanishes": int(found.vanishes),
    }
    if found.homogeneity is not None:
        counts["homogeneity_ppm"] = millionths(found.homogeneity)
    findings = (*found.said(first.name, second.name), *group_findings(table, subject, settings))
    basis = Basis(pair.rows, Coverage(pair.rows, table.rows), groups, findings, counts)
    return measured(frame, Estimate(found.value, found.interval), basis)


def _frame(table: Table, subject: Subject, metric: str, title: Message, method: str) -> Frame:
    strata = table.target.strata if metric.endswith(".adjusted_difference") else ()
    columns = (*subject, *strata, *table.target.decision_columns)
    return Frame(table.target.id, NAME, subject, metric, columns, title, method, None, False)


def _sides(table: Table, settings: CheckSettings, subject: Subject, rate: Rate) -> list[_Side]:
    return [
        _Side(place, level, *rate.of(level.tally))
        for place, level in enumerate(table.cube.levels[subject])
        if is_compared(table, subject, level, settings, rate)
    ]


def _ends(sides: Sequence[_Side]) -> tuple[_Side, _Side]:
    """Return the first of the highest rates and the last of the lowest: two groups even where all rates are one."""
    return max(sides, key=lambda side: side.rate), min(reversed(sides), key=lambda side: side.rate)


def _pair(table: Table, subject: Subject, ends: tuple[_Side, _Side], rate: Rate) -> Pair:
    """Count both groups in every stratum, in the order of the strata's labels."""
    levels = table.cube.levels[table.target.within_strata(subject)]
    cells: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for level in levels:
        group, stratum = level.labels[: len(subject)], level.labels[len(subject) :]
        for side, end in enumerate(ends):
            if group == end.level.labels and not level.missing:
                cells.setdefault(stratum, [(0, 0), (0, 0)])[side] = rate.of(level.tally)
    both = [(first, second) for _, (first, second) in sorted(cells.items())]
    return Pair(tuple((*first, *second) for first, second in both if first[1] and second[1]))


def _basis(
    table: Table,
    settings: CheckSettings,
    subject: Subject,
    rate: Rate,
    sides: Sequence[_Side],
    findings: Sequence[Message] = (),
    counts: dict[str, int] | None = None,
) -> Basis:
    return Basis(
        sum(side.trials for side in sides),
        Coverage(sum(side.level.tally.decided for side in sides), table.rows),
        tuple(listed(table, subject, level, settings, rate) for level in table.cube.levels[subject]),
        (*findings, *group_findings(table, subject, settings)),
        counts,
    )


def _too_few(sides: Sequence[_Side]) -> Message:
    return message("Fewer than two groups have enough rows to be compared ({count}).", count=len(sides))


def _points(ppm: int) -> str:
    return f"{ppm / 10_000:.1f}"
