"""Whether a score means what it says: mean difference of outcome and score, for all rows and for each group."""

from collections.abc import Sequence

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
from shinrai.evaluate.checks.group_fairness import MIN_TRIALS, group_findings, is_small, not_compared, suppressed
from shinrai.evaluate.checks.settings import CheckSettings
from shinrai.evaluate.checks.units import not_taken
from shinrai.evaluate.measurement import Comparison, Coverage, GroupEstimate, Measurement, Rule
from shinrai.evaluate.statistics.interval import Z95, Interval
from shinrai.evaluate.statistics.means import Sums, mean_gap, mean_interval
from shinrai.evaluate.targets.cube import SCALE_BITS, Level
from shinrai.evaluate.targets.table import Subject, Table
from shinrai.language import Message, message

NAME = "calibration"
METRICS = ("gap", "brier")

_LARGEST_GAP = 0.05


def measure(table: Table, settings: CheckSettings) -> tuple[Measurement, ...]:
    """Measure the calibration gap of all rows and of each subject's groups, and the Brier score."""
    return (
        _overall_gap(table, settings),
        _brier(table, settings),
        *(_group_gap(table, settings, subject) for subject in table.target.subjects),
    )


def _overall_gap(table: Table, settings: CheckSettings) -> Measurement:
    title = message("Calibration gap of all rows")
    frame = _frame(table, (), "gap", title, _gap_rule(settings), "|mean of y - score|; mean ± z·s/√n")
    if table.units is not None:
        return undefined(frame, Basis(0, Coverage(0, table.rows)), not_taken())
    basis = _overall_basis(table, table.cube.overall.residuals)
    if basis.n < 2:
        return undefined(frame, basis, _too_few())
    return measured(frame, _gap_estimate([table.cube.overall.residuals]), basis)


def _brier(table: Table, settings: CheckSettings) -> Measurement:
    rule = rule_for("brier", settings.limits, Comparison.AT_MOST, None)
    frame = _frame(table, (), "brier", message("Brier score"), rule, "mean of (y - score)²; mean ± z·s/√n")
    if table.units is not None:
        return undefined(frame, Basis(0, Coverage(0, table.rows)), not_taken())
    sums = table.cube.overall.squared_residuals
    basis = _overall_basis(table, sums)
    if sums.n < 2:
        return undefined(frame, basis, _too_few())
    return measured(
        frame, Estimate(sums.mean, mean_interval(sums, Z95), lambda k: mean_interval(_times(sums, k), Z95)), basis
    )


def _group_gap(table: Table, settings: CheckSettings, subject: Subject) -> Measurement:
    title = message("Calibration: largest gap of a group of “{columns}”", columns=shown_subject(subject))
    method = "largest |mean of y - score|; mean ± z·s/√n, Bonferroni over the groups"
    frame = _frame(table, subject, "gap", title, _gap_rule(settings), method)
    if fault := table.faults.get(subject):
        return faulty(frame, Basis(0, Coverage(0, table.rows)), fault)
    if table.units is not None:
        return undefined(frame, Basis(0, Coverage(0, table.rows)), not_taken())
    levels = table.cube.levels[subject]
    compared = [level for level in levels if _is_compared(level, settings)]
    rows = sum(level.tally.scored for level in compared)
    basis = Basis(
        rows,
        Coverage(rows, table.rows),
        tuple(_listed(level, settings) for level in levels),
        group_findings(table, subject, settings),
        _level_counts(levels, settings),
    )
    if not compared:
        return undefined(frame, basis, message("No group has enough rows with label and score."))
    return measured(frame, _gap_estimate([level.tally.residuals for level in compared]), basis)


def _gap_estimate(sums: Sequence[Sums]) -> Estimate:
    gap = mean_gap(sums)
    return Estimate(gap.value, gap.interval, lambda k: mean_gap([_times(each, k) for each in sums]).interval)


def _times(sums: Sums, k: int) -> Sums:
    """Repeat the same values, each k times."""
    return Sums(sums.n * k, sums.total * k, sums.squares * k, sums.scale)


def _gap_rule(settings: CheckSettings) -> Rule | None:
    return rule_for("gap", settings.limits, Comparison.AT_MOST, _LARGEST_GAP)


def _frame(table: Table, subject: Subject, metric: str, title: Message, rule: Rule | None, method: str) -> Frame:
    columns = (*subject, *table.target.score_columns)
    return Frame(table.target.id, NAME, subject, metric, columns, title, method, rule, rule is not None)


def _overall_basis(table: Table, sums: Sums) -> Basis:
    counts = {"rows": sums.n, "sum": sums.total, "squares": sums.squares, "scale_bits": SCALE_BITS}
    return Basis(sums.n, Coverage(sums.n, table.rows), counts=counts)


def _too_few() -> Message:
    return message("It takes two rows with label and score.")


def _is_compared(level: Level, settings: CheckSettings) -> bool:
    return not level.missing and not is_small(level, settings) and level.tally.scored >= MIN_TRIALS


def _level_counts(levels: Sequence[Level], settings: CheckSettings) -> dict[str, int]:
    """Return the sums of every group that is shown, by its place in the list of groups."""
    counts = {"scale_bits": SCALE_BITS}
    for place, level in enumerate(levels):
        if not is_small(level, settings):
            sums = level.tally.residuals
            counts |= {f"{place}.rows": sums.n, f"{place}.sum": sums.total, f"{place}.squares": sums.squares}
    return counts


def _listed(level: Level, settings: CheckSettings) -> GroupEstimate:
    if is_small(level, settings):
        return suppressed(level, settings)
    sums = level.tally.residuals
    if sums.n < 2:
        return GroupEstimate(level.labels, sums.n, None, None, None, None, None, note=_too_few().both())
    interval: Interval = mean_interval(sums, Z95)
    return GroupEstimate(
        level.labels, sums.n, None, None, sums.mean, interval.low, interval.high, note=not_compared(level, sums.n)
    )
