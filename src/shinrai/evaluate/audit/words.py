"""What an audit found in plain words, and its numbers as people read them."""

from collections.abc import Iterator, Mapping
from math import isfinite

from shinrai.evaluate.audit.arms import ALL_TITLES, REGRESSION
from shinrai.evaluate.audit.audit import Audit
from shinrai.evaluate.audit.comparing import Form, Gap
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.metrics import RATES
from shinrai.evaluate.audit.subgroup_search import Subgroup
from shinrai.evaluate.audit.subjects import Standing, SubjectAudit
from shinrai.evaluate.audit.verdicts import Answer, Verdict
from shinrai.evaluate.measurement import Comparison
from shinrai.evaluate.statistics.interval import Interval
from shinrai.language import Message, message

ANSWER: Mapping[Answer, Message] = {
    Answer.MET: message("Met"),
    Answer.NOT_MET: message("Not met"),
    Answer.NOT_ENOUGH: message("Not enough evidence"),
}

MARK: Mapping[Answer, str] = {Answer.MET: "✓", Answer.NOT_MET: "✗", Answer.NOT_ENOUGH: "?"}
"""A sign beside the words, for those who skim."""

STANDING: Mapping[Standing, Message] = {
    Standing.COMPARED: message("compared"),
    Standing.SMALL: message("too small for a verdict"),
    Standing.MISSING: message("no group given; not compared"),
    Standing.EMPTY: message("does not occur"),
    Standing.HIDDEN: message("not shown"),
}

FORM: Mapping[Form, Message] = {
    Form.DIFFERENCE: message("difference"),
    Form.RATIO: message("ratio"),
}


def notes(audit: Audit) -> Iterator[Message]:
    """Yield what a reader has to know of the numbers."""
    if audit.roles.cluster is None:
        yield message("Intervals hold if rows are independent; rows of one person or household need a cluster.")
    subjects = audit.subjects.values()
    if any(each.expected is not None for subject in subjects for each in subject.chance.values()):
        yield message(
            "“By chance” is the difference that groups of these sizes show on average when they do not differ at all."
        )
    if any(subject.four_fifths for subject in subjects):
        yield message(
            "The four-fifths rule is an American rule of thumb for favourable outcomes. It is no test and no Japanese "
            "law."
        )
    if len(audit.verdicts) == 1:
        yield message(
            "The verdict rests on the bound of an interval at {level}%.", level=f"{100 * audit.verdicts[0].level:g}"
        )
    elif audit.verdicts:
        yield message(
            "Verdicts rest on the bound of an interval at {level}%, so that all {count} of them hold together.",
            level=f"{100 * audit.verdicts[0].level:.2f}",
            count=len(audit.verdicts),
        )


DIFFERENT = 0.05
"""p below which a difference is said to be clear."""


def title(metric: str) -> Message:
    """Return what people call a metric."""
    return ALL_TITLES.get(metric, message("{name}", name=metric))


def is_share(metric: str) -> bool:
    """Whether a metric is shown as a percentage."""
    return metric in RATES or metric in {"f1", "balanced_accuracy"}


def amount(value: float | None, metric: str, form: Form | None = None) -> str:
    """Show a value of a metric, or of a gap of it: percentages with one decimal, else three digits; "—" without one."""
    if value is None or not isfinite(value):
        return "—"
    if is_share(metric) and form is not Form.RATIO:
        return _signed(f"{100 * value:.1f}") + ("" if form is Form.DIFFERENCE else "%")
    return _signed(f"{value:,.4g}" if metric in REGRESSION and form is not Form.RATIO else f"{value:.3f}")


def _signed(text: str) -> str:
    """Write a proper minus sign, and none before a zero."""
    return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


def span(interval: Interval | None, metric: str, form: Form | None = None) -> str:
    """Show the two ends of an interval; "—" without one."""
    if interval is None:
        return "—"
    return ", ".join(amount(end, metric, form).rstrip("%") for end in (interval.low, interval.high))


def number_text(number: Number | Gap, metric: str, form: Form | None = None) -> str:
    """Show a value with its interval, such as `75.0% [30.1, 95.4]`; "—" where it is undefined."""
    if number.value is None:
        return "—"
    shown = amount(number.value, metric, form)
    return shown if number.interval is None else f"{shown} [{span(number.interval, metric, form)}]"


def p_text(p: float | None) -> str:
    """Show a p-value; the smallest as a bound."""
    if p is None:
        return "—"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _p_said(p: float | None) -> str:
    """Show a p-value in a sentence, after the letter."""
    return p_text(p) if p is None or p < 0.001 else f"= {p_text(p)}"


def comparison_title(metric: str, form: Form, columns: str) -> Message:
    """Name a comparison."""
    if form is Form.DIFFERENCE:
        return message("{rate}: difference between groups of “{columns}”", rate=title(metric), columns=columns)
    return message("{rate}: lowest to highest group of “{columns}”", rate=title(metric), columns=columns)


def limit_text(verdict: Verdict) -> Message:
    """Show the rule of a verdict."""
    bound = amount(verdict.rule.limit, verdict.metric, verdict.form)
    if verdict.form is Form.DIFFERENCE and is_share(verdict.metric):
        return message("at most {limit} points", limit=bound)
    if verdict.rule.comparison is Comparison.AT_MOST:
        return message("at most {limit}", limit=bound)
    return message("at least {limit}", limit=bound)


def gap_sentence(gap: Gap, metric: str, form: Form) -> Message:
    """Say in plain words what a gap means, such as “b” against “a”."""
    if gap.value is None:
        return message("Not defined: {reason}", reason=gap.reason)
    shown = number_text(gap, metric, form)
    if form is Form.DIFFERENCE and is_share(metric):
        return message("“{high}” is {gap} points above “{low}”", high=gap.high_group, low=gap.low_group, gap=shown)
    if form is Form.DIFFERENCE:
        return message("“{high}” is {gap} above “{low}”", high=gap.high_group, low=gap.low_group, gap=shown)
    return message("“{low}” has {gap} times the value of “{high}”", high=gap.high_group, low=gap.low_group, gap=shown)


def verdict_sentence(verdict: Verdict, subject: SubjectAudit) -> Message:
    """Say what a verdict is and why, in one line. subject: the one it is about."""
    about = comparison_title(verdict.metric, verdict.form, subject.name)
    if verdict.gap.value is None:
        return message(
            "{answer}: {title}. Asked for is {limit}. {reason}",
            answer=ANSWER[verdict.answer],
            title=about,
            limit=limit_text(verdict),
            reason=verdict.gap.reason,
        )
    said = message(
        "{answer}: {title}. {gap}; asked for is {limit}.",
        answer=ANSWER[verdict.answer],
        title=about,
        gap=gap_sentence(verdict.gap, verdict.metric, verdict.form),
        limit=limit_text(verdict),
    )
    if verdict.reason is None:
        return said
    p = subject.chance[verdict.metric].p
    if p is not None and p < DIFFERENT:
        said = message(
            "{said} That the groups differ is clear (p {p}); whether by more than the limit is not.",
            said=said,
            p=_p_said(p),
        )
    return message("{said} {more}", said=said, more=verdict.reason)


def finding_sentence(found: Subgroup) -> Message:
    """Say in plain words how a subgroup stands out."""
    gap = found.difference
    size = amount(abs(gap.value or 0.0), found.metric, Form.DIFFERENCE)
    bounds = span(None if gap.interval is None else gap.interval.magnitude(), found.metric, Form.DIFFERENCE)
    values = {
        "group": found.name,
        "rate": title(found.metric),
        "value": amount(found.number.value, found.metric),
        "n": f"{found.number.n:,}",
        "rest": amount(found.rest.value, found.metric),
        "gap": f"{size} [{bounds}]",
        "p": _p_said(found.adjusted),
    }
    if (gap.value or 0.0) > 0:
        return message(
            "{group}: {rate} {value} (n = {n}), against {rest} for all other rows: {gap} points higher "
            "(adjusted p {p})",
            **values,
        )
    return message(
        "{group}: {rate} {value} (n = {n}), against {rest} for all other rows: {gap} points lower (adjusted p {p})",
        **values,
    )


def held_sentence(found: Subgroup) -> Message | None:
    """Say what the held-back rows say of a finding; None where none were held back."""
    held = found.held
    if held is None:
        return None
    gap = held.difference
    if gap.value is None:
        return message("Not confirmed: no row that was held back counts towards it.")
    size, bounds = amount(gap.value, found.metric, Form.DIFFERENCE), span(gap.interval, found.metric, Form.DIFFERENCE)
    values = {
        "value": amount(held.number.value, found.metric),
        "n": f"{held.number.n:,}",
        "rest": amount(held.rest.value, found.metric),
        "gap": f"{size} [{bounds}]",
        "p": _p_said(held.adjusted),
    }
    if held.confirmed:
        return message(
            "Confirmed on rows held back: {value} (n = {n}), against {rest}; difference {gap} (adjusted p {p})",
            **values,
        )
    return message(
        "Not confirmed on rows held back: {value} (n = {n}), against {rest}; difference {gap} (adjusted p {p})",
        **values,
    )
