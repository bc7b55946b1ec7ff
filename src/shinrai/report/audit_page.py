"""An audit as one HTML page to be passed on: no script, nothing fetched, readable on paper, on a phone, and in grey."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from shinrai import __version__
from shinrai.evaluate.audit.audit import Audit
from shinrai.evaluate.audit.comparing import Form
from shinrai.evaluate.audit.subjects import Standing, SubjectAudit
from shinrai.evaluate.audit.tally import group_title
from shinrai.evaluate.audit.verdicts import Answer, Verdict
from shinrai.evaluate.audit.words import (
    ANSWER,
    STANDING,
    amount,
    finding_sentence,
    held_sentence,
    notes,
    p_text,
    span,
    title,
    verdict_sentence,
)
from shinrai.language import Language, Message
from shinrai.report.audit_charts import (
    MOST_LINES,
    calibration_chart,
    line_key,
    rates_chart,
    subgroups_chart,
    thresholds_chart,
)
from shinrai.report.charts import MOST_CHARTS, Chart
from shinrai.report.html import page_environment

_DRAWN = ("selection_rate", "tpr", "fpr", "auc", "calibration_gap", "mean_prediction", "mean_residual")
_LISTED = (
    ("selection_rate", "tpr", "fpr", "accuracy", "ppv", "f1"),
    ("auc", "brier", "ece", "ks", "calibration_gap"),
    ("mean_label", "mean_prediction", "mean_residual", "mae", "rmse"),
)
_ICONS = {Answer.MET: "met", Answer.NOT_MET: "not_met", Answer.NOT_ENOUGH: "undecided"}


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject with its pictures. tables: metrics that are listed together. lines: groups of the threshold charts."""

    audit: SubjectAudit
    anchor: str
    tables: tuple[tuple[str, ...], ...]
    rates: tuple[tuple[str, Chart], ...]
    calibration: tuple[tuple[str, Chart], ...]
    thresholds: tuple[tuple[str, Chart], ...]
    lines: tuple[str, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """All metrics that are listed."""
        return tuple(name for table in self.tables for name in table)


def render_audit_html(audit: Audit, name: str, language: Language) -> str:
    """Return the page of an audit of a table called `name`, in one language, ending with a newline."""
    subjects = _subjects(audit, language)
    found = {}
    if audit.search is not None:
        metrics = dict.fromkeys(each.metric for each in audit.search.findings)
        charts = {metric: subgroups_chart(audit.search, metric, language, f"search-{metric}") for metric in metrics}
        found = {metric: chart for metric, chart in charts.items() if chart is not None}
    page = (
        _environment(language)
        .get_template("audit.html.j2")
        .render(
            a=audit,
            name=name,
            lang=language.value,
            version=__version__,
            subjects=subjects,
            search_charts=found,
            notes=list(notes(audit)),
        )
    )
    return page.strip() + "\n"


def _subjects(audit: Audit, language: Language) -> list[SubjectView]:
    left = MOST_CHARTS
    views = []
    for place, subject in enumerate(audit.subjects.values(), start=1):
        anchor = f"s{place}"
        metrics = [name for name in _DRAWN if name in audit.overall][:left]
        drawn = _there(
            [(metric, rates_chart(audit, subject, metric, language, f"{anchor}-{metric}")) for metric in metrics]
        )
        left -= len(drawn)
        calibration, thresholds = _curves(audit, subject, anchor, left, language)
        left -= len(calibration) + len(thresholds)
        tables = tuple(tuple(name for name in names if name in audit.overall) for names in _LISTED)
        views.append(
            SubjectView(
                subject,
                anchor,
                tuple(filter(None, tables)),
                drawn,
                calibration,
                thresholds,
                tuple(subject.curves)[:MOST_LINES],
            )
        )
    return views


def _curves(
    audit: Audit, subject: SubjectAudit, anchor: str, left: int, language: Language
) -> tuple[tuple[tuple[str, Chart], ...], tuple[tuple[str, Chart], ...]]:
    thresholds = [
        (metric, thresholds_chart(subject.curves, metric, audit.roles.threshold, language, f"{anchor}-t-{metric}"))
        for metric in ("selection_rate", "tpr", "fpr")
    ]
    calibration = [
        (group, calibration_chart(group, found, language, f"{anchor}-c{place}"))
        for place, (group, found) in enumerate(list(subject.curves.items())[:MOST_LINES], start=1)
    ]
    return _there(calibration)[: max(0, left - 3)], _there(thresholds)[: max(0, left)]


def _there(charts: Sequence[tuple[str, Chart | None]]) -> tuple[tuple[str, Chart], ...]:
    return tuple((name, chart) for name, chart in charts if chart is not None)


@lru_cache(maxsize=len(Language))
def _environment(language: Language) -> Environment:
    environment = page_environment(language, PackageLoader("shinrai.report"))

    def sentence(verdict: Verdict, subjects: Mapping[tuple[str, ...], SubjectAudit]) -> Message:
        return verdict_sentence(verdict, subjects[verdict.subject])

    environment.globals |= {
        "Form": Form,
        "Standing": Standing,
        "ANSWER": ANSWER,
        "ICONS": _ICONS,
        "STANDING": STANDING,
        "amount": amount,
        "span": span,
        "p": p_text,
        "title": title,
        "sentence": sentence,
        "finding": finding_sentence,
        "group": group_title,
        "held": held_sentence,
        "key": lambda place: Markup(line_key(place)),  # noqa: S704  (made here of numbers and fixed colours)
        "svg": lambda chart: Markup(chart.svg),  # noqa: S704  (rebuilt from a list of what is allowed)
    }
    return environment
