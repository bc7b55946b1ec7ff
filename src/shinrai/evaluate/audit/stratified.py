"""Groups compared within strata: what remains of a gap once rows of like circumstances are compared with each other.

Every group is compared with the one that has the largest rate over all rows. A gap that turns round or vanishes within
strata is said, and so is one that differs from stratum to stratum: none of them is the whole truth alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from shinrai.evaluate.audit.arms import Arm
from shinrai.evaluate.audit.cells import Levels
from shinrai.evaluate.audit.estimates import Estimate, Number, quantile, undefined
from shinrai.evaluate.audit.metrics import COMPLEMENTS
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.statistics import strata as strata_statistics
from shinrai.evaluate.statistics.gaps import Gap as StatisticalGap
from shinrai.evaluate.statistics.permutation import no_difference_within
from shinrai.evaluate.statistics.strata import Simpson, Stratum, Test
from shinrai.evaluate.statistics.undefined import Undefined
from shinrai.language import Message, message

DIFFERENT = 0.05
"""p of Breslow and Day below which strata are said to differ, after Holm's adjustment over the groups."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """One group against the reference within strata, group first.

    difference, ratio, odds_ratio: common to the strata; intervals hold for all groups together. p: of Mantel and
    Haenszel's test; homogeneity: of Breslow and Day's, with Tarone's correction. simpson: crude beside adjusted.
    """

    group: str
    reference: str
    difference: Number
    ratio: Number
    odds_ratio: Number
    p: float | None
    homogeneity: float | None
    simpson: Simpson | None
    strata: int


@dataclass(frozen=True, slots=True)
class Stratified:
    """A metric within strata. p: of any difference within any stratum, margins held in each; expected: its gap."""

    adjusted: tuple[Adjusted, ...]
    p: float | None
    expected: float | None
    n: int


def stratified(
    metrics: Sequence[str], shown: Sequence[Arm], by_stratum: Mapping[Levels, Sequence[Arm]], settings: AuditSettings
) -> dict[str, Stratified]:
    """Compare within strata every metric that is a plain share of rows. shown: the groups over all strata."""
    found = {}
    for metric in metrics:
        if metric in COMPLEMENTS:
            continue
        rates = {each.name: each.estimates[metric] for each in shown}
        plain = {name: each for name, each in rates.items() if isinstance(each, Estimate) and each.counts is not None}
        if len(plain) >= 2:
            found[metric] = _metric(metric, plain, by_stratum, settings)
    return found


def _metric(
    metric: str,
    plain: Mapping[str, Estimate],
    by_stratum: Mapping[Levels, Sequence[Arm]],
    settings: AuditSettings,
) -> Stratified:
    tables = [_counts(metric, arms, plain) for arms in by_stratum.values()]
    reference = max(plain, key=lambda name: Fraction(*(plain[name].counts or (0, 1))))
    z = quantile(comparisons=len(plain) - 1)
    adjusted = tuple(_against(name, reference, tables, z) for name in plain if name != reference)
    null = no_difference_within(
        [list(table.values()) for table in tables], draws=settings.replicates, seed=settings.seed
    )
    n = sum(trials for table in tables for _, trials in table.values())
    return Stratified(adjusted, null.deviation.p, null.difference.expected, n)


def _counts(metric: str, arms: Sequence[Arm], plain: Mapping[str, Estimate]) -> dict[str, tuple[int, int]]:
    """Return (successes, trials) of every group in one stratum, (0, 0) where it has no such rows."""
    found = dict.fromkeys(plain, (0, 0))
    for each in arms:
        number = each.estimates[metric]
        if each.name in found and isinstance(number, Estimate) and number.counts is not None:
            found[each.name] = number.counts
    return found


def _against(name: str, reference: str, tables: Sequence[Mapping[str, tuple[int, int]]], z: float) -> Adjusted:
    strata: list[Stratum] = [(*table[name], *table[reference]) for table in tables]
    shared = [each for each in strata if each[1] and each[3]]
    n = sum(each[1] + each[3] for each in shared)
    simpson = strata_statistics.simpson(strata, z)
    return Adjusted(
        name,
        reference,
        _number(strata_statistics.common_difference(strata, z), n, "Mantel-Haenszel; Sato 1989"),
        _number(strata_statistics.common_ratio(strata, z), n, "Mantel-Haenszel; Greenland, Robins 1985"),
        _number(
            strata_statistics.common_odds_ratio(strata, z), n, "Mantel, Haenszel 1959; Robins, Breslow, Greenland 1986"
        ),
        _p(strata_statistics.mantel_haenszel(strata)),
        _p(strata_statistics.breslow_day(strata)),
        None if isinstance(simpson, Undefined) else simpson,
        len(shared),
    )


def _number(gap: StatisticalGap | Undefined, n: int, method: str) -> Number:
    if isinstance(gap, Undefined):
        return undefined(gap.reason(), n)
    return Number(gap.value, n, gap.interval, method)


def _p(test: Test | Undefined) -> float | None:
    return None if isinstance(test, Undefined) else test.p


def stratified_warnings(found: Mapping[str, Stratified], columns: str, strata: str) -> tuple[Message, ...]:
    """Say where the selection rate tells another story within strata."""
    if "selection_rate" not in found:
        return ()
    adjusted = found["selection_rate"].adjusted
    said = []
    for each in adjusted:
        simpson = each.simpson
        if simpson is None:
            continue
        values = {
            "columns": columns,
            "strata": strata,
            "group": each.group,
            "reference": each.reference,
            "crude": _points(simpson.crude.value),
            "adjusted": _points(simpson.adjusted.value),
        }
        if simpson.reversed:
            said.append(
                message(
                    "“{columns}”: the selection rate of “{group}” lies {crude} points from that of “{reference}” over "
                    "all rows, but {adjusted} points within “{strata}”: the gap turns round (Simpson's paradox). "
                    "Report both.",
                    **values,
                )
            )
        elif simpson.vanishes:
            said.append(
                message(
                    "“{columns}”: the selection rate of “{group}” lies {crude} points from that of “{reference}” over "
                    "all rows, and {adjusted} points within “{strata}”, where no difference is shown any more. Report "
                    "both.",
                    **values,
                )
            )
        if each.homogeneity is not None and each.homogeneity * len(adjusted) < DIFFERENT:
            said.append(
                message(
                    "“{columns}”: the gap between “{group}” and “{reference}” is not the same in every stratum of "
                    "“{strata}” (Breslow-Day p = {p}); one common number hides that.",
                    p=f"{each.homogeneity:.3f}",
                    **{name: values[name] for name in ("columns", "group", "reference", "strata")},
                )
            )
    return tuple(said)


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
