"""How often the decisions are right: rates over all rows, and how well a score ranks."""

# ruff: noqa: S608  (names of columns are quoted, values are bound)

from decimal import ROUND_CEILING, Context

from shinrai.evaluate.checks.assembly import Basis, Estimate, Frame, faulty, measured, rule_for, undefined
from shinrai.evaluate.checks.rates import RATES, Rate
from shinrai.evaluate.checks.settings import CheckSettings
from shinrai.evaluate.checks.units import counts_of, left_out, not_taken, rate_method, rate_of, single_unit, unit_counts
from shinrai.evaluate.measurement import Comparison, Coverage, Measurement
from shinrai.evaluate.statistics.interval import Z95
from shinrai.evaluate.statistics.proportions import wilson
from shinrai.evaluate.statistics.ranking import Auc, auc
from shinrai.evaluate.targets.table import Table
from shinrai.evaluate.targets.values import canonical, shown
from shinrai.language import Message, message

NAME = "performance"
METRICS = (*(rate.name for rate in RATES), "auc")

EXACT_ROWS = 1_000_000
"""Up to so many rows the area under the curve is exact; above, scores are counted in BINS bins of equal width."""
BINS = 4_096


def measure(table: Table, settings: CheckSettings) -> tuple[Measurement, ...]:
    """Measure accuracy, selection rate, true and false positive rate, precision and, with a score, the AUC."""
    rates = [_rate(table, settings, rate) for rate in RATES]
    return (*rates, _auc(table, settings)) if table.target.score is not None else tuple(rates)


def _rate(table: Table, settings: CheckSettings, rate: Rate) -> Measurement:
    tally = table.cube.overall
    successes, trials = rate.of(tally)
    limit = _majority(table) if rate.name == "accuracy" else None
    rule = rule_for(rate.name, settings.limits, rate.better, limit)
    frame = Frame(
        table.target.id,
        NAME,
        (),
        rate.name,
        table.target.decision_columns,
        rate.title,
        rate_method(table),
        rule,
        rule is not None,
    )
    basis = Basis(
        trials,
        Coverage(trials, table.rows),
        findings=_unused(table, tally.decided) if rate.name == "accuracy" else (),
        counts={"tp": tally.tp, "fp": tally.fp, "fn": tally.fn, "tn": tally.tn} | _sums(table, rate),
    )
    if rate.name == "accuracy" and trials and (fault := _single_class(table, tally.tp + tally.fn, trials)):
        return faulty(frame, basis, fault)
    if trials == 0:
        return undefined(frame, basis, message("No row counts towards this rate; it is undefined."))
    if table.units is not None:
        found = rate_of(table.units.overall[rate.name], weighted=table.units.weighted)
        if found is None or found.bounds is None:
            return undefined(frame, basis, single_unit(table))
        return measured(frame, Estimate(found.value, found.bounds(Z95)), basis)
    estimate = Estimate(successes / trials, wilson(successes, trials), lambda k: wilson(k * successes, k * trials))
    return measured(frame, estimate, basis)


def _sums(table: Table, rate: Rate) -> dict[str, int]:
    """Return the sums over clusters or weighted rows; none where every row is a unit of its own."""
    return {} if table.units is None else counts_of(table.units.overall[rate.name]) | unit_counts(table)


def _majority(table: Table) -> float:
    """Return the share of the more frequent label: what always giving the same answer would reach."""
    if table.units is not None and table.units.weighted:
        weight, of_all = table.units.overall["tpr"].t, table.units.overall["accuracy"].t
        return max(weight, of_all - weight) / of_all if of_all else 0.5
    tally = table.cube.overall
    positives = tally.tp + tally.fn
    return max(positives, tally.decided - positives) / tally.decided if tally.decided else 0.5


def _unused(table: Table, used: int) -> tuple[Message, ...]:
    dropped = 0 if table.units is None else table.units.dropped
    unused = table.rows - dropped - used
    if not unused:
        return left_out(table)
    return (
        message("Rows without a label or a decision, not used: {rows}.", rows=f"{unused:,}"),
        *left_out(table),
    )


def _single_class(table: Table, positives: int, rows: int) -> Message | None:
    """Give the reason why labels of one class tell nothing, or None when there are two."""
    if 0 < positives < rows:
        return None
    favourable = shown(canonical(table.target.favourable) or "")
    level = message("the favourable value “{favourable}”", favourable=favourable)
    other = message("values other than the favourable “{favourable}”", favourable=favourable)
    return message(
        "Column “{column}” holds only {level} in these rows; without both outcomes this cannot be measured. "
        "Measure on rows that hold both.",
        column=shown(table.target.label),
        level=level if positives else other,
    )


def _auc(table: Table, settings: CheckSettings) -> Measurement:
    binned = table.rows > EXACT_ROWS
    positives, negatives, area = _area(table, binned=binned)
    area = area if table.units is None else None
    rows = positives + negatives
    method = "DeLong, DeLong, Clarke-Pearson 1988"
    if binned and area:
        method += f"; {BINS} bins, error of the value at most {_rounded_up(area.bound)}"
    rule = rule_for("auc", settings.limits, Comparison.AT_LEAST, None)
    frame = Frame(
        table.target.id,
        NAME,
        (),
        "auc",
        table.target.score_columns,
        message("Area under the ROC curve (AUC)"),
        method,
        rule,
        rule is not None,
    )
    counts = {"positives": positives, "negatives": negatives}
    if binned and area:
        counts["pairs_in_one_bin"] = area.together
    basis = Basis(rows, Coverage(rows, table.rows), counts=counts)
    if rows and (fault := _single_class(table, positives, rows)):
        return faulty(frame, basis, fault)
    if table.units is not None:
        return undefined(frame, basis, not_taken())
    if area is None:
        return undefined(frame, basis, message("It takes two rows of each outcome that have a score."))
    return measured(frame, Estimate(area.value, area.interval), basis)


def _rounded_up(bound: float) -> str:
    """Write a bound with two digits that are not below it."""
    return f"{Context(prec=2, rounding=ROUND_CEILING).create_decimal_from_float(bound):.1e}"


def _area(table: Table, *, binned: bool) -> tuple[int, int, Auc | None]:
    """Positives, negatives and, from two of each, the area, out of one query over (score, label) -> rows."""
    score = f"least(floor(s * {BINS}), {BINS - 1})" if binned else "s"
    counted = table.source.arrays(
        "SELECT count(*) FILTER (WHERE y = 1) AS positives, count(*) FILTER (WHERE y = 0) AS negatives "
        f"FROM (SELECT {table.decided.label.sql} AS y, {table.decided.score.sql} AS s FROM t "
        f"WHERE {table.decided.kept}) "
        f"WHERE y IS NOT NULL AND s IS NOT NULL GROUP BY {score} ORDER BY {score}",
        table.decided.label.values + table.decided.score.values,
    )
    positives, negatives = counted["positives"], counted["negatives"]
    p, n = int(positives.sum()), int(negatives.sum())
    return p, n, auc(positives, negatives) if min(p, n) >= 2 else None
