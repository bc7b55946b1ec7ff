"""The audit of one subject: a group column, or several crossed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shinrai.evaluate.audit.arms import Arm, arms_by_stratum, arms_of, metrics_of, whole_by_stratum
from shinrai.evaluate.audit.cautions import warnings_of
from shinrai.evaluate.audit.cells import CellTable, Levels, Subject
from shinrai.evaluate.audit.chance import Chance, chance
from shinrai.evaluate.audit.comparing import Form, Gap, between_groups, to_overall
from shinrai.evaluate.audit.composites import FourFifths, composites, four_fifths
from shinrai.evaluate.audit.estimates import Estimate, Number, undefined
from shinrai.evaluate.audit.metrics import COMPLEMENTS
from shinrai.evaluate.audit.pairs import Pair, pairs
from shinrai.evaluate.audit.scores import Curves, curves
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.stratified import Stratified, stratified, stratified_warnings
from shinrai.evaluate.audit.suppression import combinations_without_rows
from shinrai.evaluate.audit.tally import Tally, name_of
from shinrai.evaluate.audit.verdicts import Verdict, verdict
from shinrai.language import Message, message

Named = Mapping[str, Mapping[str, Estimate | Message]]
"""Metric to group to its number."""


class Standing(StrEnum):
    """How a group takes part.

    COMPARED: in gaps and verdicts. SMALL: in gaps, but too small for a verdict. MISSING: rows without a value, shown
    and never compared. EMPTY: a combination without rows. HIDDEN: not shown, as it is small or would give a small one
    away.
    """

    COMPARED = "compared"
    SMALL = "small"
    MISSING = "missing"
    EMPTY = "empty"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class GroupAudit:
    """One group: rows (None when hidden), counts by label and prediction where there are such, and every metric."""

    levels: Levels
    standing: Standing
    rows: int | None
    counts: Tally | None
    numbers: Mapping[str, Number]

    @property
    def name(self) -> str:
        """The levels as one text."""
        return name_of(self.levels)


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of one set of groups, by metric."""

    difference: Mapping[str, Gap]
    ratio: Mapping[str, Gap]
    difference_to_overall: Mapping[str, Gap]
    ratio_to_overall: Mapping[str, Gap]


@dataclass(frozen=True, slots=True)
class StratumAudit:
    """The groups within one stratum, all of its rows, and the gaps."""

    levels: Levels
    overall: Mapping[str, Number]
    groups: tuple[GroupAudit, ...]
    gaps: Gaps

    @property
    def name(self) -> str:
        """The levels as one text."""
        return name_of(self.levels)


@dataclass(frozen=True, slots=True)
class SubjectAudit:
    """All that is said about the groups of one subject; mappings are by metric, four_fifths and curves by group."""

    subject: Subject
    groups: tuple[GroupAudit, ...]
    gaps: Gaps
    chance: Mapping[str, Chance]
    composites: Mapping[str, Gap]
    four_fifths: Mapping[str, FourFifths]
    verdicts: tuple[Verdict, ...]
    strata: Mapping[Levels, StratumAudit] = field(default_factory=dict)
    stratified: Mapping[str, Stratified] = field(default_factory=dict)
    curves: Mapping[str, Curves] = field(default_factory=dict)
    pairs: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)
    warnings: tuple[Message, ...] = ()

    @property
    def name(self) -> str:
        """The columns as one text."""
        return name_of(self.subject)

    @property
    def difference(self) -> Mapping[str, Gap]:
        """Largest minus smallest, by metric."""
        return self.gaps.difference

    @property
    def ratio(self) -> Mapping[str, Gap]:
        """Smallest over largest, by metric."""
        return self.gaps.ratio

    def group(self, name: str) -> GroupAudit:
        """Return the group of a name; KeyError when there is none."""
        for each in self.groups:
            if each.name == name:
                return each
        raise KeyError(name)


def numbers_of(estimates: Mapping[str, Estimate | Message]) -> dict[str, Number]:
    """Return what is printed of a group's numbers."""
    return {name: undefined(each) if isinstance(each, Message) else each.number() for name, each in estimates.items()}


def audit_subject(
    table: CellTable,
    subject: Subject,
    positive: str,
    overall: Arm,
    settings: AuditSettings,
    *,
    family: int,
    hidden: frozenset[Levels] = frozenset(),
    left_out: Sequence[Levels] = (),
) -> SubjectAudit:
    """Audit one subject for one class against the rest.

    family: how many verdicts the audit takes. hidden: groups that may not be shown or used. left_out: groups whose rows
    the table no longer has.
    """
    arms = arms_of(table, subject, positive)
    shown = [each for each in arms if not each.missing and each.levels not in hidden]
    named = _named(shown, metrics_of(table))
    gaps = _gaps(named, overall.estimates)
    within = {}
    if table.roles.strata:
        within = stratified(list(named), shown, arms_by_stratum(table, subject, positive), settings)
    return SubjectAudit(
        subject,
        (
            *(_group_audit(each, settings, hidden) for each in arms),
            *_empty(arms, named, hidden),
            *(hidden_group(levels, named) for levels in left_out),
        ),
        gaps,
        _chances(named, settings),
        composites(gaps.difference, gaps.ratio, named),
        four_fifths(named.get("selection_rate", {})),
        _verdicts(subject, shown, named, settings, family),
        _strata(table, subject, positive, settings),
        within,
        _curves(table, subject, hidden),
        _pairs(named, settings),
        (
            *warnings_of(table, subject, arms, settings, hidden),
            *stratified_warnings(within, name_of(subject), name_of(table.roles.strata)),
        ),
    )


def _named(arms: Iterable[Arm], metrics: Iterable[str]) -> Named:
    arms = list(arms)
    return {
        metric: {each.name: each.estimates[metric] for each in arms if metric in each.estimates} for metric in metrics
    }


def _gaps(named: Named, overall: Mapping[str, Estimate | Message]) -> Gaps:
    return Gaps(
        {metric: between_groups(each, Form.DIFFERENCE) for metric, each in named.items()},
        {metric: between_groups(each, Form.RATIO) for metric, each in named.items()},
        {metric: to_overall(each, overall[metric], Form.DIFFERENCE) for metric, each in named.items()},
        {metric: to_overall(each, overall[metric], Form.RATIO) for metric, each in named.items()},
    )


def _group_audit(arm: Arm, settings: AuditSettings, hidden: frozenset[Levels]) -> GroupAudit:
    if arm.levels in hidden:
        return hidden_group(arm.levels, arm.estimates)
    if arm.missing:
        standing = Standing.MISSING
    elif arm.rows < settings.min_group:
        standing = Standing.SMALL
    else:
        standing = Standing.COMPARED
    return GroupAudit(arm.levels, standing, arm.rows, arm.counts, numbers_of(arm.estimates))


def _empty(arms: Sequence[Arm], metrics: Iterable[str], hidden: frozenset[Levels]) -> tuple[GroupAudit, ...]:
    """Return the combinations of a crossing that do not occur, with n = 0, or hidden like those that do."""
    nobody = dict.fromkeys(metrics, undefined(message("No row belongs to this combination.")))
    occur = [each.levels for each in arms]
    empty = [levels for levels in combinations_without_rows(occur) if levels not in hidden]
    every = combinations_without_rows(occur, missing=True)
    return (
        *(GroupAudit(levels, Standing.EMPTY, 0, None, nobody) for levels in empty),
        *(hidden_group(levels, nobody) for levels in every if levels in hidden),
    )


def hidden_group(levels: Levels, metrics: Iterable[str]) -> GroupAudit:
    """Return a group of which nothing is told."""
    reason = message("Not shown: the group is small, or would give a small one away.")
    return GroupAudit(levels, Standing.HIDDEN, None, None, dict.fromkeys(metrics, undefined(reason)))


def _chances(named: Named, settings: AuditSettings) -> dict[str, Chance]:
    """Test each metric once; a rate and its complement have the same gaps."""
    found: dict[str, Chance] = {}
    for metric, estimates in named.items():
        other = COMPLEMENTS.get(metric)
        found[metric] = found[other] if other in found else chance(estimates, settings)
    return found


def _verdicts(
    subject: Subject, shown: Iterable[Arm], named: Named, settings: AuditSettings, family: int
) -> tuple[Verdict, ...]:
    rows = {each.name: each.rows for each in shown}
    found = []
    for metric, form, rule in settings.deciding():
        if metric not in named:
            continue
        small = [
            name
            for name, each in named[metric].items()
            if rows[name] < settings.min_group or (isinstance(each, Estimate) and each.n < settings.min_trials)
        ]
        large = {name: each for name, each in named[metric].items() if name not in small}
        found.append(verdict(subject, metric, form, rule, large, small, family))
    return tuple(found)


def _pairs(named: Named, settings: AuditSettings) -> dict[str, tuple[Pair, ...]]:
    """Compare all pairs in the metrics that decide."""
    deciding = dict.fromkeys(metric for metric, _, _ in settings.deciding() if metric in named)
    found = {metric: pairs(named[metric], settings.seed) for metric in deciding}
    return {metric: each for metric, each in found.items() if each}


def _curves(table: CellTable, subject: Subject, hidden: frozenset[Levels]) -> dict[str, Curves]:
    found = curves(table.bins.get(subject, ()))
    return {name_of(levels): each for levels, each in found.items() if levels not in hidden and None not in levels}


def _strata(
    table: CellTable, subject: Subject, positive: str, settings: AuditSettings
) -> Mapping[Levels, StratumAudit]:
    # What is passed on keeps to the margins that were checked for what they give away.
    if not table.roles.strata or settings.suppress_below is not None:
        return {}
    wholes = whole_by_stratum(table, positive)
    return {
        stratum: _stratum(wholes[stratum], stratum, arms, settings)
        for stratum, arms in arms_by_stratum(table, subject, positive).items()
    }


def _stratum(whole: Arm, stratum: Levels, arms: tuple[Arm, ...], settings: AuditSettings) -> StratumAudit:
    named = _named((each for each in arms if not each.missing), whole.estimates)
    return StratumAudit(
        stratum,
        numbers_of(whole.estimates),
        tuple(_group_audit(each, settings, frozenset()) for each in arms),
        _gaps(named, whole.estimates),
    )
