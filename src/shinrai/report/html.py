"""The report as one HTML file: no script, nothing fetched, readable on paper.

Text from the assessment passes three gates before it reaches the page: control characters go and direction controls
are made visible (`characters`), everything is escaped (Jinja's autoescape), and what others wrote is isolated in
`<bdi>`, so that a name in another writing direction cannot reorder the sentence around it.
"""

from collections import Counter
from functools import lru_cache
from typing import Any

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from shinrai.assess.assessment import Assessment, Result, Text
from shinrai.language import Bilingual, Language, Message
from shinrai.report import quantities, sentences, view, words
from shinrai.report.characters import harmless
from shinrai.report.charts import MOST_CHARTS, Chart, decision_chart, group_name, groups_chart, results_chart

_DIGEST_SHOWN = 12


def render_html(assessment: Assessment, language: Language) -> str:
    """Return the report in one language as a complete HTML document, ending with a newline."""
    requirements = view.requirement_views(assessment)
    measurements = view.measurement_views(assessment)
    charts = _charts(measurements, language)
    page = (
        _environment(language)
        .get_template("report.html.j2")
        .render(
            a=assessment,
            lang=language.value,
            overview=results_chart(assessment, language, "overview"),
            charts=charts,
            charts_cut=len(charts) >= MOST_CHARTS,
            requirements=requirements,
            frameworks=view.framework_views(assessment, requirements),
            reasons=view.not_assessed_by_reason(requirements),
            not_met=view.with_result(requirements, Result.NOT_MET),
            partly=view.with_result(requirements, Result.PARTLY),
            unsettled=_unsettled(requirements),
            checks=view.by_check(measurements),
            measurement_anchors={item.record.id: item.anchor for item in measurements},
            attestation_anchors={record.id: f"a{i}" for i, record in enumerate(assessment.attestations, start=1)},
            dissents=list(view.dissents(requirements)),
            judged=[item for item in requirements if any(leaf.leaf.verdict for leaf in item.leaves)],
            expired=[item.record for item in measurements if not item.record.current],
            certainties=Counter(result.certainty for result in assessment.results),
        )
    )
    return page.strip() + "\n"


def _unsettled(requirements: list[view.RequirementView]) -> list[view.RequirementView]:
    """Return what was tried and did not decide, apart from what stands in the lists before it."""
    shown = {Result.NOT_MET, Result.PARTLY, Result.NOT_APPLICABLE}
    rest = [item for item in requirements if item.unsettled and item.requirement.result not in shown]
    return sorted(rest, key=lambda item: not item.requirement.required)


def _charts(measurements: list[view.MeasurementView], language: Language) -> dict[str, Chart]:
    """Draw the charts, decisive measurements first, up to the number a reader should wait for."""
    charts: dict[str, Chart] = {}
    for item in sorted(measurements, key=lambda item: not item.record.decisive):
        decision = decision_chart(item.record, language, f"{item.anchor}-decision")
        groups = None if item.same_groups_as else groups_chart(item.record, language, f"{item.anchor}-groups")
        drawn = {f"{item.anchor}-decision": decision, f"{item.anchor}-groups": groups}
        charts |= {name: chart for name, chart in drawn.items() if chart}
        if len(charts) >= MOST_CHARTS:
            break
    return charts


def page_environment(language: Language, loader: BaseLoader) -> Environment:
    """Return a template environment in which text from outside passes the three gates.

    Undefined names are errors, never blanks. `_`, `count`, `day`, `moment`, `share` and `short` show what
    the shared macros need.
    """
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: _shown(value, language),
    )

    def translate(template: str, **parameters: object) -> Markup:
        braces = {name: f"{{{name}}}" for name in parameters}
        sentence = escape(Message(template, braces).text(language))
        return Markup(sentence).format(**{name: _isolated(value, language) for name, value in parameters.items()})  # noqa: S704

    environment.globals |= {
        "_": translate,
        "count": quantities.count,
        "day": lambda when: quantities.day(when, language),
        "moment": lambda when: quantities.moment(when, language),
        "share": quantities.share,
        "short": lambda digest: harmless(digest)[:_DIGEST_SHOWN] + "…" * (len(digest) > _DIGEST_SHOWN),
    }
    return environment


@lru_cache(maxsize=len(Language))
def _environment(language: Language) -> Environment:
    """Return the template environment of a language with what the report's templates need."""
    environment = page_environment(language, PackageLoader("shinrai.report"))
    environment.globals |= {
        "Result": Result,
        "interval": quantities.interval,
        "number": quantities.number,
        "limit": quantities.limit,
        "span": quantities.span,
        "unit_of": quantities.unit_of,
        "unit_of_groups": quantities.unit_of_groups,
        "conclusion": sentences.conclusion,
        "council_sentence": sentences.council_sentence,
        "independence": sentences.independence_sentences,
        "sentence": lambda record: sentences.measurement_sentence(record, language),
        "cause_words": words.cause_words,
        "group_name": lambda group, metric: group_name(group, metric, language),
        "of_conversation": quantities.of_conversation,
        "word": words.word,
        "words": words,
    }
    return environment


def _shown(value: object, language: Language) -> object:
    """Make a template's value harmless; Jinja escapes what comes back unless it is markup already."""
    if isinstance(value, Markup):
        return value
    if isinstance(value, Text | Message | Bilingual):
        return _isolated(value, language)
    return harmless(value) if isinstance(value, str) else value


def _isolated(value: object, language: Language) -> Any:
    """Return a value as escaped markup, isolated when it is text that somebody wrote."""
    if isinstance(value, Markup) or not isinstance(value, str | Text | Message | Bilingual):
        return value
    if isinstance(value, Text):
        value = words.said(value, language)
    text = value.text(language) if isinstance(value, Message | Bilingual) else value
    return Markup("<bdi>{}</bdi>").format(harmless(text))
