"""The audit of one subject: a group column, or several crossed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import prod

from shinrai.evaluate.audit.cells import CellTable, Levels, Subject
from shinrai.evaluate.audit.chance import Chance, chance
from shinrai.evaluate.audit.comparing import Form, Gap, between_groups, to_overall
from shinrai.evaluate.audit.estimates import Estimate, Number, undefined
from shinrai.evaluate.audit.metrics import available, estimate
from shinrai.evaluate.audit.settings import AuditSettings
from shinrai.evaluate.audit.tally import Group, Tally, groups_by_stratum, groups_of, name_of
from shinrai.evaluate.audit.verdicts import Verdict, verdict
from shinrai.language import Message, message

MOST_EMPTY = 400
"""Crossings of more combinations do not list those that do not occur."""


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
    """One group: its counts (None when hidden) and every metric."""

    levels: Levels
    standing: Standing
    rows: Tally | None
    numbers: Mapping[str, Number]

    @property
    def name(self) -> str:
        """The levels as one text."""
        return name_of(self.levels)


@dataclass(frozen=True, slots=True)
class StratumAudit:
    """The groups within one stratum, and their gaps."""

    levels: Levels
    overall: Mapping[str, Number]
    groups: tuple[GroupAudit, ...]
    difference: Mapping[str, Gap]
    ratio: Mapping[str, Gap]
    difference_to_overall: Mapping[str, Gap]
    ratio_to_overall: Mapping[str, Gap]


@dataclass(frozen=True, slots=True)
class SubjectAudit:
    """All that is said about the groups of one subject; every mapping is by metric."""

    subject: Subject
    groups: tuple[GroupAudit, ...]
    difference: Mapping[str, Gap]
    ratio: Mapping[str, Gap]
    difference_to_overall: Mapping[str, Gap]
    ratio_to_overall: Mapping[str, Gap]
    chance: Mapping[str, Chance]
    verdicts: tuple[Verdict, ...]
    strata: Mapping[Levels, StratumAudit] = field(default_factory=dict)
    warnings: tuple[Message, ...] = ()

    @property
    def name(self) -> str:
        """The columns as one text."""
        return name_of(self.subject)

    def group(self, name: str) -> GroupAudit:
        """Return the group of a name; KeyError when there is none."""
        for each in self.groups:
            if each.name == name:
                return each
        raise KeyError(name)


def numbers_of(group: Group, metrics: Iterable[str]) -> dict[str, Number]:
    """Return every metric of a group."""
    return {name: _number(estimate(name, group), group) for name in metrics}


def audit_subject(
    table: CellTable,
    subject: Subject,
    positive: str,
    overall: Group,
    settings: AuditSettings,
    *,
    family: int,
    hidden: frozenset[Levels] = frozenset(),
) -> SubjectAudit:
    """Audit one subject for one class against the rest. hidden: groups that may not be shown or used."""
    metrics = available(labelled=table.roles.label is not None)
    groups = groups_of(table, subject, positive)
    audits = tuple(_group_audit(each, metrics, settings, hidden) for each in groups)
    shown = [each for each in groups if not each.missing and each.levels not in hidden]
    named = {metric: {each.name: estimate(metric, each) for each in shown} for metric in metrics}
    of_all = {metric: estimate(metric, overall) for metric in metrics}
    return SubjectAudit(
        subject,
        (*audits, *_empty(subject, groups, metrics)),
        {metric: between_groups(named[metric], Form.DIFFERENCE) for metric in metrics},
        {metric: between_groups(named[metric], Form.RATIO) for metric in metrics},
        {metric: to_overall(named[metric], of_all[metric], Form.DIFFERENCE) for metric in metrics},
        {metric: to_overall(named[metric], of_all[metric], Form.RATIO) for metric in metrics},
        {metric: chance(metric, shown, named[metric], settings) for metric in metrics},
        _verdicts(subject, metrics, shown, named, settings, family),
        _strata(table, subject, positive, metrics, settings),
        _warnings(table, subject, groups, settings, hidden),
    )


def _number(found: Estimate | Message, group: Group) -> Number:
    return undefined(found, 0) if isinstance(found, Message) else found.number()


def _group_audit(
    group: Group, metrics: Iterable[str], settings: AuditSettings, hidden: frozenset[Levels]
) -> GroupAudit:
    if group.levels in hidden:
        reason = message("Not shown: the group is small, or would give a small one away.")
        return GroupAudit(group.levels, Standing.HIDDEN, None, {name: undefined(reason) for name in metrics})
    if group.missing:
        standing = Standing.MISSING
    elif group.rows.rows < settings.min_group:
        standing = Standing.SMALL
    else:
        standing = Standing.COMPARED
    return GroupAudit(group.levels, standing, group.rows, numbers_of(group, metrics))


def _empty(subject: Subject, groups: Iterable[Group], metrics: Iterable[str]) -> tuple[GroupAudit, ...]:
    """Return the combinations of a crossing that do not occur, with n = 0."""
    present = {each.levels for each in groups if not each.missing}
    columns = [sorted({str(levels[place]) for levels in present}) for place in range(len(subject))]
    if len(subject) < 2 or prod(map(len, columns)) > MOST_EMPTY:
        return ()
    reason = message("No row belongs to this combination.")
    return tuple(
        GroupAudit(levels, Standing.EMPTY, Tally(), {name: undefined(reason) for name in metrics})
        for levels in product(*columns)
        if levels not in present
    )


def _verdicts(
    subject: Subject,
    metrics: Iterable[str],
    shown: Iterable[Group],
    named: Mapping[str, Mapping[str, Estimate | Message]],
    settings: AuditSettings,
    family: int,
) -> tuple[Verdict, ...]:
    rows = {each.name: each.rows.rows for each in shown}
    found = []
    for metric, form, rule in settings.deciding():
        if metric not in metrics:
            continue
        estimates = named[metric]
        small = [
            name
            for name, each in estimates.items()
            if rows[name] < settings.min_group or (isinstance(each, Estimate) and each.n < settings.min_trials)
        ]
        large = {name: each for name, each in estimates.items() if name not in small}
        found.append(verdict(subject, metric, form, rule, large, small, family))
    return tuple(found)


def _strata(
    table: CellTable, subject: Subject, positive: str, metrics: Iterable[str], settings: AuditSettings
) -> Mapping[Levels, StratumAudit]:
    if not table.roles.strata or settings.suppress_below is not None:
        return {}
    return {
        stratum: _stratum(stratum, groups, metrics, settings)
        for stratum, groups in groups_by_stratum(table, subject, positive).items()
    }


def _stratum(
    stratum: Levels, groups: tuple[Group, ...], metrics: Iterable[str], settings: AuditSettings
) -> StratumAudit:
    whole = groups[0]
    for each in groups[1:]:
        whole = whole + each
    named = {metric: {each.name: estimate(metric, each) for each in groups if not each.missing} for metric in metrics}
    of_all = {metric: estimate(metric, whole) for metric in metrics}
    return StratumAudit(
        stratum,
        {metric: _number(each, whole) for metric, each in of_all.items()},
        tuple(_group_audit(each, metrics, settings, frozenset()) for each in groups),
        {metric: between_groups(named[metric], Form.DIFFERENCE) for metric in metrics},
        {metric: between_groups(named[metric], Form.RATIO) for metric in metrics},
        {metric: to_overall(named[metric], of_all[metric], Form.DIFFERENCE) for metric in metrics},
        {metric: to_overall(named[metric], of_all[metric], Form.RATIO) for metric in metrics},
    )


def _warnings(
    table: CellTable,
    subject: Subject,
    groups: tuple[Group, ...],
    settings: AuditSettings,
    hidden: frozenset[Levels],
) -> tuple[Message, ...]:
    found: list[Message] = []
    without = sum(each.rows.rows for each in groups if each.missing and each.levels not in hidden)
    if without:
        found.append(
            message(
                "“{columns}”: rows without a group, compared with none: {rows}.",
                columns=name_of(subject),
                rows=f"{without:,}",
            )
        )
    small = [
        each.name
        for each in groups
        if not each.missing and each.levels not in hidden and each.rows.rows < settings.min_group
    ]
    if small:
        found.append(
            message(
                "“{columns}”: groups of fewer than {rows} rows get no verdict: {groups}.",
                columns=name_of(subject),
                rows=settings.min_group,
                groups=", ".join(small[:10]) + ("…" if len(small) > 10 else ""),
            )
        )
    if hidden:
        found.append(
            message(
                "“{columns}”: groups not shown, as they are small or would give a small one away: {count}.",
                columns=name_of(subject),
                count=len(hidden),
            )
        )
    return (
        *found,
        *_missing_unevenly(table, subject, [each for each in groups if not each.missing and each.levels not in hidden]),
    )


def _missing_unevenly(table: CellTable, subject: Subject, groups: list[Group]) -> tuple[Message, ...]:
    """Say where labels or predictions are missing more often in one group than in another."""
    from shinrai.evaluate.audit.estimates import share

    found = []
    kinds = [(message("prediction"), lambda t: t.rows - t.predicted)]
    if table.roles.label is not None:
        kinds.append((message("label"), lambda t: t.rows - t.labelled))
    for what, count in kinds:
        gap = between_groups(
            {each.name: share(count(each.rows), each.rows.rows) for each in groups if each.rows.rows}, Form.DIFFERENCE
        )
        if gap.interval is not None and gap.interval.low > 0:
            found.append(
                message(
                    "“{columns}”: the {what} is missing more often in “{most}” than in “{least}” (difference {gap}%), which can bias every number below.",
                    columns=name_of(subject),
                    what=what,
                    most=gap.high_group,
                    least=gap.low_group,
                    gap=f"{100 * float(gap):.1f}",
                )
            )
    return tuple(found)
