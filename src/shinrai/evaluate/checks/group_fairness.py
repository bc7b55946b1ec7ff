"""Whether decisions treat groups alike: gaps of four rates between groups, with intervals over all pairs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from shinrai.evaluate.audit.comparing import Form
from shinrai.evaluate.audit.estimates import Estimate as UnitRate
from shinrai.evaluate.checks.assembly import (
    Basis,
    Estimate,
    Frame,
    faulty,
    measured,
    rule_for,
    shown_subject,
    undefined,
)
from shinrai.evaluate.checks.rates import GROUP_RATES, Rate
from shinrai.evaluate.checks.settings import CheckSettings
from shinrai.evaluate.checks.units import (
    counts_of,
    gap_method,
    gap_of,
    left_out,
    rate_of,
    single_unit,
    unit_counts,
)
from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement
from shinrai.evaluate.statistics.gaps import Fraction, Gap, difference_gap, ratio_gap
from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.targets.cube import Level
from shinrai.evaluate.targets.table import Subject, Table
from shinrai.evaluate.targets.units import sums_of
from shinrai.evaluate.targets.values import shown
from shinrai.language import Bilingual, Message, message

NAME = "group_fairness"
MIN_TRIALS = 10
"""A group whose rate has a smaller denominator is listed and not compared."""

_LARGEST_DIFFERENCE = 0.10
_SMALLEST_RATIO = 0.80


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to put a gap into a number."""

    name: str
    comparison: Comparison
    limit: float
    method: str
    gap: Callable[[Sequence[Fraction]], Gap]

    @property
    def form(self) -> Form:
        """The same, as the audit names it."""
        return Form(self.name)


_FORMS = (
    _Form(
        "difference",
        Comparison.AT_MOST,
        _LARGEST_DIFFERENCE,
        "max - min; Newcombe 1998 method 10 over all pairs, Bonferroni",
        difference_gap,
    ),
    _Form(
        "ratio",
        Comparison.AT_LEAST,
        _SMALLEST_RATIO,
        "min / max; Koopman 1984 over all ordered pairs, Bonferroni",
        ratio_gap,
    ),
)

METRICS = tuple(f"{rate.name}.{form.name}" for rate in GROUP_RATES for form in _FORMS)


def measure(table: Table, settings: CheckSettings) -> tuple[Measurement, ...]:
    """Measure both gaps of each rate for each group column and each crossing."""
    return tuple(
        _measure_one(table, settings, subject, rate, form)
        for subject in table.target.subjects
        for rate in GROUP_RATES
        for form in _FORMS
    )


def is_small(level: Level, settings: CheckSettings) -> bool:
    """Whether a group has too few rows to be shown or compared."""
    return level.tally.rows < settings.min_group


def suppressed(level: Level, settings: CheckSettings) -> GroupEstimate:
    """List a group that is too small, without telling anything else about it."""
    note = message("Fewer than {rows} rows; not shown and not compared.", rows=settings.min_group).both()
    return GroupEstimate(level.labels, None, None, None, None, None, None, suppressed=True, note=note)


def group_findings(table: Table, subject: Subject, settings: CheckSettings) -> tuple[Message, ...]:
    """Say what a reader has to know of how groups were formed: merges, missing values, small and empty groups."""
    findings = [
        message(
            "Column “{column}”: {spellings} are counted as one group “{label}”.",
            column=shown(merge.column),
            label=shown(merge.label),
            spellings=", ".join(f"“{shown(spelling)}”" for spelling in merge.spellings[:10]),
        )
        for merge in table.cube.merges
        if merge.column in subject
    ]
    levels = table.cube.levels[subject]
    missing = sum(level.tally.rows for level in levels if level.missing)
    if missing >= settings.min_group:
        findings.append(message("Rows without a group, compared with none: {rows}.", rows=f"{missing:,}"))
    small = sum(is_small(level, settings) for level in levels)
    if small:
        findings.append(
            message(
                "Groups suppressed for having fewer than {rows} rows: {count}.", count=small, rows=settings.min_group
            )
        )
    present = [level.labels for level in levels if not level.missing]
    empty = prod(len({labels[place] for labels in present}) for place in range(len(subject))) - len(present)
    if empty > 0:
        findings.append(message("Combinations of groups that do not occur in the table: {count}.", count=empty))
    return (*findings, *left_out(table))


def _measure_one(table: Table, settings: CheckSettings, subject: Subject, rate: Rate, form: _Form) -> Measurement:
    frame = _frame(table, settings, subject, rate, form)
    if fault := table.faults.get(subject):
        return faulty(frame, Basis(0, Coverage(0, table.rows)), fault)
    levels = table.cube.levels[subject]
    compared = [level for level in levels if is_compared(table, subject, level, settings, rate)]
    fractions = [rate.of(level.tally) for level in compared]
    basis = Basis(
        sum(trials for _, trials in fractions),
        Coverage(sum(level.tally.decided for level in compared), table.rows),
        tuple(listed(table, subject, level, settings, rate) for level in levels),
        group_findings(table, subject, settings),
        sums_listed(table, subject, settings, rate),
    )
    if len(compared) < 2:
        return undefined(
            frame,
            basis,
            message("Fewer than two groups have enough rows to be compared ({count}).", count=len(compared)),
        )
    if form.gap is ratio_gap and not any(successes for successes, _ in fractions):
        return undefined(frame, basis, message("The rate is 0 in every group, so that the ratio is undefined."))
    if table.units is not None:
        found = rates_of_units(table, subject, compared, rate)
        return measured(frame, Estimate(*gap_of(found, form.form)), basis)
    gap = form.gap(fractions)

    def at(k: int) -> Interval:
        return form.gap([(k * successes, k * trials) for successes, trials in fractions]).interval

    return measured(frame, Estimate(gap.value, gap.interval, at), basis)


def _frame(table: Table, settings: CheckSettings, subject: Subject, rate: Rate, form: _Form) -> Frame:
    metric = f"{rate.name}.{form.name}"
    columns = shown_subject(subject)
    if form.name == "difference":
        title = message("{rate}: difference between groups of “{columns}”", rate=rate.title, columns=columns)
    else:
        title = message("{rate}: lowest to highest group of “{columns}”", rate=rate.title, columns=columns)
    return Frame(
        table.target.id,
        NAME,
        subject,
        metric,
        (*subject, *table.target.decision_columns),
        title,
        gap_method(table, form.form, form.method),
        rule_for(metric, settings.limits, form.comparison, form.limit),
        metric in settings.decide_on or metric in settings.limits,
    )


def is_compared(table: Table, subject: Subject, level: Level, settings: CheckSettings, rate: Rate) -> bool:
    """Whether a group takes part in the comparison of a rate."""
    if level.missing or is_small(level, settings) or rate.of(level.tally)[1] < MIN_TRIALS:
        return False
    return table.units is None or _of_units(table, subject, level, rate) is not None


def rates_of_units(table: Table, subject: Subject, compared: Sequence[Level], rate: Rate) -> list[UnitRate]:
    """Return the rates of compared groups of clustered or weighted rows."""
    return [each for level in compared if (each := _of_units(table, subject, level, rate)) is not None]


def _of_units(table: Table, subject: Subject, level: Level, rate: Rate) -> UnitRate | None:
    """Return a rate of clustered or weighted rows; None where it has no interval."""
    assert table.units is not None  # noqa: S101  (asked of such tables alone)
    return rate_of(sums_of(table.units, subject, level.labels, rate.name), weighted=table.units.weighted)


def sums_listed(table: Table, subject: Subject, settings: CheckSettings, rate: Rate) -> dict[str, int]:
    """Return the sums over the units of every group that is shown, by its place in the list of groups."""
    counts = unit_counts(table)
    if table.units is not None:
        for place, level in enumerate(table.cube.levels[subject]):
            if not is_small(level, settings):
                counts |= counts_of(sums_of(table.units, subject, level.labels, rate.name), f"{place}.")
    return counts


def listed(table: Table, subject: Subject, level: Level, settings: CheckSettings, rate: Rate) -> GroupEstimate:
    """List a group with its rate, compared or not; of a suppressed one only the name."""
    if is_small(level, settings):
        return suppressed(level, settings)
    successes, trials = rate.of(level.tally)
    if trials == 0:
        note = message("No row of this group counts towards the rate; it is undefined.").both()
        return GroupEstimate(level.labels, level.tally.rows, 0, 0, None, None, None, note=note)
    if table.units is not None:
        return _listed_of_units(table, subject, level, rate, (successes, trials))
    interval = wilson(successes, trials)
    return GroupEstimate(
        level.labels,
        level.tally.rows,
        successes,
        trials,
        successes / trials,
        interval.low,
        interval.high,
        note=not_compared(level, trials),
    )


def _listed_of_units(
    table: Table, subject: Subject, level: Level, rate: Rate, counted: tuple[int, int]
) -> GroupEstimate:
    found = _of_units(table, subject, level, rate)
    value = interval = None
    if found is not None and found.bounds is not None:
        value, interval = found.value, found.bounds(Z95)
    # Counts of rows beside a weighted share would read like its fraction.
    weighted = table.units is not None and table.units.weighted
    return GroupEstimate(
        level.labels,
        level.tally.rows,
        None if weighted else counted[0],
        None if weighted else counted[1],
        value,
        None if interval is None else interval.low,
        None if interval is None else interval.high,
        note=single_unit(table).both() if interval is None else not_compared(level, counted[1]),
    )


def not_compared(level: Level, trials: int) -> Bilingual | None:
    """Say why a listed group takes no part in the comparison, or None when it does."""
    if level.missing:
        return message("Rows without a group; not compared.").both()
    if trials < MIN_TRIALS:
        return message("Fewer than {rows} rows count towards the rate; not compared.", rows=MIN_TRIALS).both()
    return None
