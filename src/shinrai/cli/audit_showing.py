"""An audit on the terminal: what came out first, then the numbers. Words carry everything; colour only helps."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from shinrai.cli import tables
from shinrai.evaluate.audit.comparing import Form, Gap
from shinrai.evaluate.audit.subjects import GroupAudit, Standing, SubjectAudit
from shinrai.evaluate.audit.tally import group_title
from shinrai.evaluate.audit.verdicts import Answer
from shinrai.evaluate.audit.words import (
    ANSWER,
    MARK,
    STANDING,
    amount,
    finding_sentence,
    held_sentence,
    notes,
    number_text,
    p_text,
    title,
    verdict_sentence,
)
from shinrai.language import Language, message

if TYPE_CHECKING:
    from shinrai.evaluate.audit.audit import Audit

_STYLE = {Answer.MET: "bold green", Answer.NOT_MET: "bold red", Answer.NOT_ENOUGH: "bold magenta"}
_SHOWN = (
    ("selection_rate", "tpr", "fpr", "accuracy", "ppv"),
    ("auc", "brier", "ece", "calibration_gap"),
    ("mean_label", "mean_prediction", "mean_residual", "mae"),
)
"""Metrics that are listed, a table each."""

MOST_GROUPS = 40
"""Groups that are listed on a terminal; JSON has them all."""


def show_audit(audit: "Audit", name: str, language: Language) -> None:
    """Print an audit of a table called `name`."""
    head = message(
        "{mark} {answer}: audit of {name}, {rows} rows",
        mark=MARK[audit.answer],
        answer=ANSWER[audit.answer],
        name=name,
        rows=f"{audit.origin.rows:,}",
    )
    tables.line(head, language, style=_STYLE[audit.answer])
    if not audit.verdicts:
        tables.line(message("No comparison has a limit, so that there is no verdict."), language, indent=2)
    for verdict in audit.verdicts:
        tables.line(verdict_sentence(verdict, audit.subjects[verdict.subject]), language, indent=2)
    for warning in audit.warnings:
        tables.line(message("Note: {text}", text=warning), language, style="yellow", indent=2)
    for subject in audit.subjects.values():
        _subject(audit, subject, language)
    _search(audit, language)
    tables.line("", language)
    for note in notes(audit):
        tables.line(note, language, style="dim")


def _subject(audit: "Audit", subject: SubjectAudit, language: Language) -> None:
    shown = [[name for name in names if name in audit.overall] for names in _SHOWN]
    leading = next(names[0] for names in shown if names)
    groups = subject.groups if len(subject.groups) <= MOST_GROUPS else _outermost(subject.groups, leading)
    for metrics in filter(None, shown):
        tables.line("", language)
        tables.line(message("Groups of “{columns}”", columns=subject.name), language, style="bold")
        columns = [message("Group"), message("Rows"), *(title(name) for name in metrics)]
        rows = [_group_row(each, metrics) for each in groups]
        every = [number_text(audit.overall[name], name) for name in metrics]
        tables.table(columns, [*rows, [message("All rows"), f"{audit.origin.rows:,}", *every]], language)
    if len(subject.groups) > len(groups):
        cut = message(
            "{count} groups: those with the {half} lowest and the {half} highest values of “{metric}” are shown. All "
            "are in the JSON.",
            count=len(subject.groups),
            half=MOST_GROUPS // 2,
            metric=title(leading),
        )
        tables.line(cut, language)
    tables.line("", language)
    _gaps(subject, [name for metrics in shown for name in metrics], language)
    names = [each.name for each in groups]
    _within(audit, subject, names, language)
    _thumb(subject, names, language)


def _outermost(groups: Sequence[GroupAudit], metric: str) -> Sequence[GroupAudit]:
    """Return the groups with the lowest and the highest values; those without a value lie between."""
    valued = [each for each in groups if each.numbers[metric].value is not None]
    ordered = sorted(valued, key=lambda each: (each.numbers[metric].value or 0.0, each.name))
    half = MOST_GROUPS // 2
    return [*ordered[:half], *ordered[half:][-half:]]


def _group_row(group: GroupAudit, metrics: Sequence[str]) -> list[tables.Cell]:
    name: tables.Cell = group_title(group.levels)
    if group.standing is not Standing.COMPARED:
        name = message("{group} ({standing})", group=group_title(group.levels), standing=STANDING[group.standing])
    rows = "—" if group.rows is None else f"{group.rows:,}"
    return [name, rows, *(number_text(group.numbers[metric], metric) for metric in metrics)]


def _gaps(subject: SubjectAudit, metrics: Sequence[str], language: Language) -> None:
    columns = (
        message("Metric"),
        message("Difference"),
        message("By chance"),
        message("p of any difference"),
        message("Ratio"),
    )
    rows = [
        (
            title(metric),
            _gap(subject.gaps.difference, metric, Form.DIFFERENCE),
            amount(subject.chance[metric].expected, metric, Form.DIFFERENCE),
            p_text(subject.chance[metric].p),
            _gap(subject.gaps.ratio, metric, Form.RATIO),
        )
        for metric in metrics
    ]
    tables.table(columns, rows, language)


def _gap(gaps: Mapping[str, Gap], metric: str, form: Form) -> tables.Cell:
    gap = gaps[metric]
    if gap.value is None:
        return message("undefined: {reason}", reason=gap.reason)
    return number_text(gap, metric, form)


def _within(audit: "Audit", subject: SubjectAudit, names: Sequence[str], language: Language) -> None:
    """Print what remains of the selection rate's gap within strata."""
    found = subject.stratified.get("selection_rate")
    if found is None:
        return
    tables.line("", language)
    head = message("Selection rate within strata of “{columns}”", columns=", ".join(audit.roles.strata))
    tables.line(head, language, style="bold")
    columns = (
        message("Group"),
        message("Against"),
        message("Difference over all rows"),
        message("Difference within strata"),
        message("Common odds ratio"),
        message("p (Mantel-Haenszel)"),
        message("p that strata are alike (Breslow-Day)"),
    )
    place = {name: index for index, name in enumerate(names)}
    rows = [
        (
            each.group,
            each.reference,
            "—" if each.simpson is None else amount(each.simpson.crude.value, "selection_rate", Form.DIFFERENCE),
            number_text(each.difference, "selection_rate", Form.DIFFERENCE),
            number_text(each.odds_ratio, "selection_rate", Form.RATIO),
            p_text(each.p),
            p_text(each.homogeneity),
        )
        for each in sorted(found.adjusted, key=lambda each: place.get(each.group, len(place)))
        if each.group in place
    ]
    tables.table(columns, rows, language)


def _thumb(subject: SubjectAudit, names: Sequence[str], language: Language) -> None:
    """Say how the four-fifths rule of thumb comes out, group by group."""
    others = {name: rule for name, rule in subject.four_fifths.items() if rule.probability is not None}
    if not others:
        return
    tables.line("", language)
    largest = next(iter(others.values())).largest
    tables.line(message("Four-fifths rule of thumb, against “{group}”", group=largest), language, style="bold")
    rows = [
        (
            name,
            f"{float(others[name].exact):.3f}",
            message("kept") if others[name].met else message("not kept"),
            f"{others[name].probability:.2f}",
        )
        for name in names
        if name in others
    ]
    columns = (
        message("Group"),
        message("Ratio"),
        message("At least 4/5"),
        message("Probability that the true ratio is below 4/5"),
    )
    tables.table(columns, rows, language)


def _search(audit: "Audit", language: Language) -> None:
    if audit.search is None:
        return
    tables.line("", language)
    tables.line(
        message("Subgroups that stand out, of {count} searched", count=f"{audit.search.searched:,}"),
        language,
        style="bold",
    )
    for finding in audit.search.findings:
        tables.line(finding_sentence(finding), language, indent=2)
        confirmed = held_sentence(finding)
        if confirmed is not None:
            tables.line(confirmed, language, indent=4)
    if not audit.search.findings:
        tables.line(message("None."), language, indent=2)
