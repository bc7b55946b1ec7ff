"""An audit on the terminal: what came out first, then the numbers. Words carry everything; colour only helps."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from shinrai.cli import tables
from shinrai.evaluate.audit.cells import Task
from shinrai.evaluate.audit.comparing import Form, Gap
from shinrai.evaluate.audit.subjects import GroupAudit, Standing, SubjectAudit
from shinrai.evaluate.audit.verdicts import Answer
from shinrai.evaluate.audit.words import (
    ANSWER,
    NOTES,
    STANDING,
    number_text,
    p_text,
    title,
    verdict_sentence,
)
from shinrai.language import Language, Message, message

if TYPE_CHECKING:
    from shinrai.evaluate.audit.audit import Audit

_STYLE = {Answer.MET: "bold green", Answer.NOT_MET: "bold red", Answer.NOT_ENOUGH: "bold magenta"}
_COLUMNS = ("selection_rate", "accuracy", "tpr", "fpr", "ppv", "auc", "calibration_gap")
_REGRESSION = ("mean_label", "mean_prediction", "mean_residual", "mae", "rmse")
MOST_GROUPS = 40
"""Groups that are listed on a terminal; JSON has them all."""


def show_audit(audit: "Audit", name: str, language: Language) -> None:
    """Print an audit of a table called `name`."""
    tables.line(
        message(
            "{answer}: audit of {name}, {rows} rows",
            answer=ANSWER[audit.answer],
            name=name,
            rows=f"{audit.origin.rows:,}",
        ),
        language,
        style=_STYLE[audit.answer],
    )
    if not audit.verdicts:
        tables.line(message("No comparison has a limit, so that there is no verdict."), language)
    for verdict in audit.verdicts:
        tables.line(verdict_sentence(verdict, audit.subjects[verdict.subject].name), language, indent=2)
    for warning in audit.warnings:
        tables.line(message("Note: {text}", text=warning), language, style="yellow", indent=2)
    metrics = [
        name for name in (_REGRESSION if audit.roles.task is Task.REGRESSION else _COLUMNS) if name in audit.overall
    ]
    for subject in audit.subjects.values():
        _subject(audit, subject, metrics, language)
    for note in notes(audit):
        tables.line(note, language, style="dim")


def notes(audit: "Audit") -> Iterable[Message]:
    """Return what a reader has to know of the numbers."""
    if audit.roles.cluster is None:
        yield NOTES["independent"]
    if any(each.expected is not None for subject in audit.subjects.values() for each in subject.chance.values()):
        yield NOTES["chance"]
    if any(subject.four_fifths for subject in audit.subjects.values()):
        yield NOTES["thumb"]
    if audit.verdicts:
        yield message(
            "{note}",
            note=Message(
                NOTES["family"].template,
                {"level": f"{100 * audit.verdicts[0].level:.2f}", "count": len(audit.verdicts)},
            ),
        )


def _subject(audit: "Audit", subject: SubjectAudit, metrics: list[str], language: Language) -> None:
    tables.line("", language)
    tables.line(message("Groups of “{columns}”", columns=subject.name), language, style="bold")
    thumb = bool(subject.four_fifths)
    columns: list[tables.Cell] = [message("Group"), message("Rows"), *(title(name) for name in metrics)]
    if thumb:
        columns.append(message("4/5 rule of thumb"))
    shown = list(subject.groups)[:MOST_GROUPS]
    rows = [_group_row(each, subject, metrics, thumb) for each in shown]
    every: list[tables.Cell] = [
        message("All rows"),
        f"{audit.origin.rows:,}",
        *(number_text(audit.overall[name], name) for name in metrics),
    ]
    tables.table(columns, [*rows, [*every, ""] if thumb else every], language)
    if len(subject.groups) > MOST_GROUPS:
        tables.line(message("{count} more groups are in the JSON.", count=len(subject.groups) - MOST_GROUPS), language)
    tables.line("", language)
    _gaps(subject, metrics, language)


def _group_row(group: GroupAudit, subject: SubjectAudit, metrics: list[str], thumb: bool) -> list[tables.Cell]:
    name: tables.Cell = group.name
    if group.standing is not Standing.COMPARED:
        name = message("{group} ({standing})", group=group.name, standing=STANDING[group.standing])
    row: list[tables.Cell] = [name, "—" if group.rows is None else f"{group.rows:,}"]
    row += [number_text(group.numbers[metric], metric) for metric in metrics]
    if thumb:
        rule = subject.four_fifths.get(group.name)
        if rule is None:
            row.append("—")
        elif rule.probability is None:
            row.append(message("highest rate"))
        else:
            row.append(
                message(
                    "{word}: {ratio}; below 4/5 with probability {p}",
                    word=message("kept") if rule.met else message("not kept"),
                    ratio=f"{float(rule.exact):.3f}",
                    p=f"{rule.probability:.2f}",
                )
            )
    return row


def _gaps(subject: SubjectAudit, metrics: list[str], language: Language) -> None:
    columns = (
        message("Number"),
        message("Difference"),
        message("By chance"),
        message("p of any difference"),
        message("Ratio"),
    )
    rows = [
        (
            title(metric),
            _gap(subject.gaps.difference, metric, Form.DIFFERENCE),
            _expected(subject, metric),
            p_text(subject.chance[metric].p),
            _gap(subject.gaps.ratio, metric, Form.RATIO),
        )
        for metric in metrics
        if metric in subject.chance
    ]
    tables.table(columns, rows, language)


def _gap(gaps: Mapping[str, Gap], metric: str, form: Form) -> tables.Cell:
    gap = gaps[metric]
    if gap.value is None:
        return message("undefined: {reason}", reason=gap.reason)
    return number_text(gap, metric, form)


def _expected(subject: SubjectAudit, metric: str) -> str:
    from shinrai.evaluate.audit.words import amount

    return amount(subject.chance[metric].expected, metric, Form.DIFFERENCE)
