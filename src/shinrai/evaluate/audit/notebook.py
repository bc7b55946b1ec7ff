"""An audit in a notebook: one fragment of HTML that fetches nothing, runs nothing, and follows the page's own colours.

Every text is escaped, and characters that print nothing or turn the direction of text are written out. Pictures are
lines and dots in the colour of the text, so that they read in grey, on paper, and on a dark page.
"""

from collections.abc import Iterable
from html import escape

from shinrai.evaluate.audit.arms import REGRESSION
from shinrai.evaluate.audit.audit import Audit
from shinrai.evaluate.audit.comparing import Form, Gap
from shinrai.evaluate.audit.estimates import Number
from shinrai.evaluate.audit.metrics import RATES
from shinrai.evaluate.audit.subjects import GroupAudit, Standing, SubjectAudit
from shinrai.evaluate.audit.tally import group_title
from shinrai.evaluate.audit.words import (
    ANSWER,
    MARK,
    STANDING,
    amount,
    notes,
    number_text,
    p_text,
    title,
    verdict_sentence,
)
from shinrai.language import Language, Message, message

COLUMNS = ("selection_rate", "tpr", "fpr", "accuracy", "ppv", "f1")
SCORES = ("auc", "brier", "ece", "calibration_gap")
MOST_GROUPS = 60

_STYLE = """
.shinrai-audit{font-size:.9rem;line-height:1.5;max-width:72rem}
.shinrai-audit table{border-collapse:collapse;margin:.25rem 0 1rem;font-variant-numeric:tabular-nums}
.shinrai-audit th,.shinrai-audit td{text-align:start;vertical-align:top;padding:.2rem .6rem .2rem 0;\
border:0;border-bottom:1px solid #8886;white-space:nowrap}
.shinrai-audit caption{text-align:start;font-weight:700;padding:.25rem 0}
.shinrai-audit tbody th{font-weight:600}
.shinrai-audit small{display:block;opacity:.8}
.shinrai-audit svg{display:block}
.shinrai-audit .wide{overflow-x:auto}
.shinrai-audit .answer{font-size:1.1rem;font-weight:700;border-inline-start:.3rem solid;padding-inline-start:.6rem}
.shinrai-audit ul{margin:.25rem 0 .75rem;padding-inline-start:1.25rem}
"""


def render(audit: Audit, language: Language) -> str:
    """Return the fragment in one language."""

    def said(text: Message | str) -> str:
        return safe(text if isinstance(text, str) else text.text(language))

    metrics = [name for name in (*COLUMNS, *REGRESSION, *SCORES) if name in audit.overall]
    head = message("{answer}: audit of {rows} rows", answer=ANSWER[audit.answer], rows=f"{audit.origin.rows:,}")
    parts = [
        f'<div class="shinrai-audit" lang="{language.value}"><style>{_STYLE}</style>',
        f'<p class="answer">{MARK[audit.answer]} {said(head)}</p>',
        _listed(
            f"{MARK[each.answer]} {said(verdict_sentence(each, audit.subjects[each.subject]))}"
            for each in audit.verdicts
        ),
        _listed(said(message("Note: {text}", text=each)) for each in audit.warnings),
    ]
    for subject in audit.subjects.values():
        parts += [_groups(audit, subject, metrics, language), _gaps(subject, metrics, language)]
    parts += [*(f"<small>{said(note)}</small>" for note in notes(audit)), "</div>"]
    return "\n".join(parts)


def safe(text: str) -> str:
    """Return text for HTML: escaped, and what does not print written out."""
    return escape("".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text))


def _listed(items: Iterable[str]) -> str:
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{rows}</ul>" if rows else ""


def _groups(audit: Audit, subject: SubjectAudit, metrics: list[str], language: Language) -> str:
    caption = safe(message("Groups of “{columns}”", columns=subject.name).text(language))
    names = [message("Group"), message("Rows"), *(title(metric) for metric in metrics)]
    head = "".join(f'<th scope="col">{safe(name.text(language))}</th>' for name in names)
    body = [_row(each, metrics, language) for each in subject.groups[:MOST_GROUPS]]
    every = "".join(_cell(audit.overall[metric], metric, language) for metric in metrics)
    all_rows = safe(message("All rows").text(language))
    body.append(f'<tr><th scope="row">{all_rows}</th><td>{audit.origin.rows:,}</td>{every}</tr>')
    more = len(subject.groups) - MOST_GROUPS
    rest = (
        ""
        if more <= 0
        else f"<p>{safe(message('{count} more groups are in to_dict().', count=more).text(language))}</p>"
    )
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>{rest}"
    )


def _row(group: GroupAudit, metrics: list[str], language: Language) -> str:
    title = group_title(group.levels)
    name = safe(title if isinstance(title, str) else title.text(language))
    if group.standing is not Standing.COMPARED:
        name += f"<small>{safe(STANDING[group.standing].text(language))}</small>"
    rows = "—" if group.rows is None else f"{group.rows:,}"
    cells = "".join(_cell(group.numbers[metric], metric, language) for metric in metrics)
    return f'<tr><th scope="row">{name}</th><td>{rows}</td>{cells}</tr>'


def _cell(number: Number, metric: str, language: Language) -> str:
    if number.value is None:
        reason = "" if number.reason is None else safe(number.reason.text(language))
        return f'<td title="{reason}">—</td>'
    shown = safe(amount(number.value, metric))
    interval = number_text(number, metric).partition(" ")[2]
    picture = _picture(number) if metric in RATES else ""
    return f"<td>{shown}<small>{safe(interval)} n={number.n:,}</small>{picture}</td>"


def _picture(number: Number) -> str:
    """Draw value and interval on a line from 0 to 1."""
    if number.value is None or number.interval is None:
        return ""
    low, high, at = (2 + 86 * each for each in (number.interval.low, number.interval.high, number.value))
    return (
        '<svg width="90" height="10" viewBox="0 0 90 10" aria-hidden="true">'
        '<path d="M2 9.5H88" stroke="currentColor" stroke-opacity=".6"/>'
        # Ends that stand out above the dot, so that a narrow interval is seen beside it.
        f'<path d="M{low:.1f} 0V9M{high:.1f} 0V9M{low:.1f} 4.5H{high:.1f}" stroke="currentColor" stroke-width="1.2"/>'
        f'<circle cx="{at:.1f}" cy="4.5" r="2" fill="currentColor"/></svg>'
    )


def _gaps(subject: SubjectAudit, metrics: list[str], language: Language) -> str:
    names = [
        message("Metric"),
        message("Difference"),
        message("By chance"),
        message("p of any difference"),
        message("Ratio"),
    ]
    head = "".join(f'<th scope="col">{safe(name.text(language))}</th>' for name in names)
    rows = []
    for metric in metrics:
        chance = subject.chance[metric]
        cells = [
            _gap(subject.gaps.difference[metric], metric, Form.DIFFERENCE, language),
            safe(amount(chance.expected, metric, Form.DIFFERENCE)),
            safe(p_text(chance.p)),
            _gap(subject.gaps.ratio[metric], metric, Form.RATIO, language),
        ]
        named = safe(title(metric).text(language))
        rows.append(f'<tr><th scope="row">{named}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    caption = safe(message("Gaps between groups of “{columns}”", columns=subject.name).text(language))
    return (
        f'<div class="wide"><table><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _gap(gap: Gap, metric: str, form: Form, language: Language) -> str:
    if gap.value is None:
        reason = "" if gap.reason is None else safe(gap.reason.text(language))
        return f'<span title="{reason}">—</span>'
    return safe(number_text(gap, metric, form))
