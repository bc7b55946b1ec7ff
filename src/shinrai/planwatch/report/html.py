"""The follow-up report as one HTML file: no script, nothing fetched, readable on paper and on a phone.

Text of plans and reports passes the gates of `shinrai.report.html`; an address becomes a link only when it is one that
a plan file may hold (https, nothing that a browser would run).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import ChoiceLoader, Environment, PackageLoader

from shinrai import __version__
from shinrai.assess.assessment import Share
from shinrai.language import Bilingual, Language, Message
from shinrai.planwatch import quantities, words
from shinrai.planwatch.comparison import Change
from shinrai.planwatch.model import Origin, Plan, Section, Source, Stage, State
from shinrai.planwatch.report import heat, wording
from shinrai.planwatch.report.contents import PlanReport, sources_of
from shinrai.planwatch.report.heat_chart import leads_chart, partners_chart
from shinrai.planwatch.report.lines import drawn_series, groups_chart, line_chart
from shinrai.planwatch.standing import IndicatorStanding, MeasureStanding, Series, Standing
from shinrai.planwatch.terminal import gap_lines
from shinrai.planwatch.terminal_details import CHANGE
from shinrai.planwatch.values import ADDRESS
from shinrai.report.characters import harmless
from shinrai.report.charts import MOST_CHARTS, Chart
from shinrai.report.html import page_environment
from shinrai.report.quantities import share


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """An indicator with its pictures. lines: one for each series that is drawn over time."""

    standing: IndicatorStanding
    lines: tuple[tuple[Series, Chart], ...]
    groups: Chart | None

    @property
    def anchor(self) -> str:
        """The id of its article."""
        return f"i-{self.standing.indicator.id}"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading with the measures right under it; heading is None for measures right under a policy."""

    heading: Section | None
    measures: tuple[MeasureStanding, ...]


def render_plan_html(report: PlanReport, language: Language) -> str:
    """Return the report in one language as a complete HTML document, ending with a newline."""
    named = wording.wording(report.plan.owner_kind)
    sources = {source: f"q{number}" for number, source in enumerate(sources_of(report), start=1)}
    indicators = _indicators(report.standing, language)
    page = (
        _environment(language)
        .get_template("plan.html.j2")
        .render(
            r=report,
            s=report.standing,
            plan=report.plan,
            lang=language.value,
            version=__version__,
            named=named,
            sources=sources,
            anchors=_anchors(report.plan),
            titles=report.plan.titles(),
            leads=leads_chart(report.plan, report.leads, named.leads_map, language, "map-leads"),
            partners=partners_chart(report.partners, named.partners_map, language, "map-partners")
            if report.partners.cells
            else None,
            indicators=indicators,
            policies=_policies(report.standing),
            gaps=list(gap_lines(report.standing.gaps, len(report.standing.measures))),
        )
    )
    return page.strip() + "\n"


def _anchors(plan: Plan) -> Mapping[str, str]:
    """Return the element of the page for each id of the plan."""
    return {
        **{each.id: f"s-{each.id}" for each in plan.sections},
        **{each.id: f"m-{each.id}" for each in plan.measures},
        **{each.id: f"c-{each.id}" for each in plan.commitments},
        **{each.id: f"f-{each.id}" for each in plan.figures},
        **{each.id: f"i-{each.id}" for each in plan.indicators},
    }


def _indicators(standing: Standing, language: Language) -> tuple[IndicatorView, ...]:
    """Draw the indicators, up to the number of charts that a reader should wait for."""
    views: list[IndicatorView] = []
    left = MOST_CHARTS
    for number, each in enumerate(standing.indicators, start=1):
        lines = tuple(
            (series, line_chart(each, series, language, f"line-{number}-{place}"))
            for place, series in enumerate(drawn_series(each)[:left], start=1)
        )
        left -= len(lines)
        groups = groups_chart(each, language, f"groups-{number}") if left > 0 else None
        left -= groups is not None
        views.append(IndicatorView(each, lines, groups))
    return tuple(views)


def _policies(standing: Standing) -> tuple[tuple[Section, tuple[Chapter, ...]], ...]:
    """Return the measures as the plan orders them: by policy, then by the heading under it."""
    plan = standing.plan
    found: list[tuple[Section, tuple[Chapter, ...]]] = []
    for policy in plan.policies:
        chapters = tuple(
            Chapter(None if section == policy else section, mine)
            for section in plan.sections
            if plan.policy(section.id) == policy
            and (mine := tuple(each for each in standing.measures if each.measure.section == section.id))
        )
        if chapters or policy.id in standing.sections:
            found.append((policy, chapters))
    return tuple(found)


@lru_cache(maxsize=len(Language))
def _environment(language: Language) -> Environment:
    # The report room's style sheet and macros are shared; no template here has the name of one there.
    loader = ChoiceLoader([PackageLoader("shinrai.planwatch.report"), PackageLoader("shinrai.report")])
    environment = page_environment(language, loader)
    environment.globals |= {
        "words": words,
        "State": State,
        "Stage": Stage,
        "Origin": Origin,
        "Shade": heat.Shade,
        "Change": Change,
        "CHANGE": CHANGE,
        "SHADE": wording.SHADE,
        "RULE": wording.RULE,
        "amount": quantities.amount,
        "aim": quantities.aim,
        "period": lambda when: quantities.period(when, language),
        "part": lambda part, whole: share(Share(part=part, whole=whole)),
        "link": link,
        "listed": lambda parts: _listed(parts, language),
        "closed": heat.closed,
        "delivered": heat.delivered,
        "plain": lambda value: _plain(value, language),
    }
    return environment


def link(source: Source | str | None) -> str | None:
    """Return the address of a source when a reader may follow it, else None."""
    address = source.address if isinstance(source, Source) else source
    return address if address is not None and ADDRESS.fullmatch(address) else None


def _listed(parts: Sequence[Bilingual | Message], language: Language) -> str:
    return quantities.listed((part.text(language) for part in parts), language)


def _plain(value: Bilingual | Message | str, language: Language) -> str:
    """Return a text for an attribute, where nothing can be isolated."""
    return harmless(value if isinstance(value, str) else value.text(language))
