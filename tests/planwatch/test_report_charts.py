"""The pictures of a follow-up report: every cell and value is drawn, nothing leaves its place, large plans are cut."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual, Language, message
from shinrai.planwatch import Origin, Owner, Period, Plan, PlanKey, Target, follow, load_plan, stand
from shinrai.planwatch.model import Direction, Group, Qualifier, Section
from shinrai.planwatch.report.heat import leads_map, partners_map
from shinrai.planwatch.report.heat_chart import MOST_COLUMNS, MOST_ROWS, _hatch, leads_chart, partners_chart
from shinrai.planwatch.report.lines import MOST_GROUPS, drawn_series, groups_chart, line_chart
from shinrai.planwatch.standing import IndicatorStanding

DAY = date(2026, 11, 20)
TITLE = message("Measures by policy and lead")
NATIONAL = stand(follow(load_plan(PlanKey("jp.plan", "phase-1"))), DAY)
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [each.text or "" for each in fromstring(svg).iter(f"{SVG}text")]


def indicator(plan: Plan, id_: str = "T-I1") -> IndicatorStanding:
    return next(each for each in stand(follow(plan), DAY).indicators if each.indicator.id == id_)


@pytest.mark.parametrize("language", list(Language))
def test_every_cell_of_the_national_plan_is_drawn_with_its_number(language: Language) -> None:
    heat = leads_map(NATIONAL)
    chart = leads_chart(NATIONAL.plan, heat, TITLE, language, "map")
    assert (chart.shown, chart.total) == (len(heat.cells), len(heat.cells))
    shown = texts(chart.svg)
    numbers = sorted(int(each) for each in shown if each.isdigit())
    assert numbers == sorted(cell.tally.measures for cell in heat.cells)
    shares = sorted(each for each in shown if "/" in each)
    assert shares == sorted(
        f"{cell.tally.reported}/{cell.tally.measures}" for cell in heat.cells if cell.tally.reported
    )
    assert "!" not in shown


def test_a_cell_with_a_late_measure_is_marked_in_words_of_shape(town: Plan) -> None:
    standing = stand(follow(town), DAY)
    shown = texts(leads_chart(town, leads_map(standing), TITLE, Language.EN, "map").svg)
    assert shown.count("!") == 1


def test_a_cell_without_a_report_has_a_broken_outline_and_no_share(town: Plan) -> None:
    standing = stand(follow(replace(town, events=())), DAY)
    svg = leads_chart(town, leads_map(standing), TITLE, Language.EN, "map").svg
    assert "stroke-dasharray" in svg
    assert not [each for each in texts(svg) if "/" in each]


@given(
    st.floats(0, 500),
    st.floats(0, 500),
    st.floats(1, 90),
    st.floats(1, 90),
)
def test_a_hatching_stays_inside_its_box(x: float, y: float, wide: float, high: float) -> None:
    for line in _hatch(x, y, wide, high):
        for across, down in ((line["x"], line["y"]), (line["x2"], line["y2"])):
            assert x - 1e-6 <= across <= x + wide + 1e-6
            assert y - 1e-6 <= down <= y + high + 1e-6


def test_a_plan_too_large_for_a_picture_is_cut_and_says_so(town: Plan) -> None:
    owners = tuple(Owner(f"O{n}", Bilingual(f"部署{n}", f"Unit {n}")) for n in range(30))
    sections = tuple(Section(f"S{n}", Bilingual(f"区分{n}", f"Part {n}")) for n in range(60))
    one = replace(town.measures[1], partners=())
    measures = tuple(
        replace(one, id=f"M{n}", section=sections[n % 60].id, lead=owners[n % 30], partners=(owners[(n + 1) % 30],))
        for n in range(120)
    )
    plan = replace(town, owners=owners, sections=sections, measures=measures, indicators=(), commitments=(), events=())
    standing = stand(follow(plan), DAY)
    leads = leads_chart(plan, leads_map(standing), TITLE, Language.JA, "map")
    assert leads.shown < leads.total
    assert len(texts(leads.svg)) <= MOST_COLUMNS + MOST_ROWS * (1 + MOST_COLUMNS)
    partners = partners_chart(partners_map(standing), TITLE, Language.JA, "map2")
    assert partners.shown < partners.total


def test_a_line_has_its_values_periods_and_targets_with_their_origin() -> None:
    each = next(one for one in NATIONAL.indicators if one.indicator.id == "JP-BP1-I1")
    (series,) = drawn_series(each)
    shown = texts(line_chart(each, series, Language.EN, "line").svg)
    for text in ("9.1%", "26.7%", "FY2023", "FY2024"):
        assert text in shown
    assert [text for text in shown if "press, not the plan" in text] == [
        "50% or more (press, not the plan)",
        "80% or more (press, not the plan)",
    ]


@pytest.mark.parametrize("origin", list(Origin))
def test_each_origin_breaks_its_line_in_another_way(town: Plan, origin: Origin) -> None:
    target = replace(town.indicators[0].targets[0], origin=origin)
    each = indicator(replace(town, indicators=(replace(town.indicators[0], targets=(target,)),)))
    svg = line_chart(each, each.series[0], Language.EN, "line").svg
    dash = {Origin.PLAN_TEXT: "10,4", Origin.PRESS: "2,3", Origin.OWN: "9,3,2,3"}[origin]
    assert set(re.findall(r'stroke-dasharray="([^"]+)"', svg)) == {dash}


def test_percentages_are_drawn_from_0_to_100(town: Plan) -> None:
    each = indicator(town)
    shown = texts(line_chart(each, each.series[0], Language.EN, "line").svg)
    assert {"0", "100"} <= set(shown)


def test_no_line_without_a_second_value_or_a_target() -> None:
    drawn = {each.indicator.id: len(drawn_series(each)) for each in NATIONAL.indicators}
    assert drawn == {
        "JP-BP1-I1": 1,
        "JP-BP1-I2": 1,
        "JP-BP1-I3": 0,
        "JP-BP1-I4": 0,
        "JP-BP1-I5": 0,
        "JP-BP1-I6": 0,
    }


def test_countries_stand_side_by_side_in_a_picture_of_their_own() -> None:
    each = next(one for one in NATIONAL.indicators if one.indicator.id == "JP-BP1-I3")
    chart = groups_chart(each, Language.JA, "groups")
    assert chart is not None
    assert {"日本", "米国", "ドイツ", "中国", "55.2％", "90.6％"} <= set(texts(chart.svg))
    # Japan was read in the source, the others in a secondary one: three broken outlines.
    assert chart.svg.count("stroke-dasharray") == 3


def test_one_group_alone_is_no_comparison(town: Plan) -> None:
    assert groups_chart(indicator(town), Language.EN, "groups") is None


def test_many_groups_and_many_values_are_cut_not_crowded(town: Plan) -> None:
    base = town.indicators[0]
    groups = tuple(Group(f"g{n}", Bilingual(f"群{n}", f"Group {n}")) for n in range(MOST_GROUPS + 6))
    values = tuple(
        replace(base.observations[0], group=group.id, value=Decimal(n % 100), interval=None)
        for n, group in enumerate(groups)
    )
    wide = indicator(replace(town, indicators=(replace(base, groups=groups, observations=values, targets=()),)))
    chart = groups_chart(wide, Language.EN, "groups")
    assert chart is not None
    assert (chart.shown, chart.total) == (MOST_GROUPS, MOST_GROUPS + 6)

    years = tuple(
        replace(base.observations[0], when=Period.parse(str(year)), published=None) for year in range(1950, 2020)
    )
    long = indicator(replace(town, indicators=(replace(base, observations=years, targets=()),)))
    drawn = line_chart(long, long.series[0], Language.EN, "line")
    labels = [each for each in texts(drawn.svg) if re.fullmatch(r"(19|20)\d\d", each)]
    assert "2019" in labels
    assert len(labels) <= 6


@pytest.mark.parametrize(
    ("value", "target"), [("0", "0"), ("-5", "3"), ("123456789012345.123456", "1"), ("0.000001", "0.000002")]
)
def test_any_number_can_be_drawn(town: Plan, value: str, target: str) -> None:
    base = replace(town.indicators[0], unit=Bilingual("件", "cases"))
    seen = replace(base.observations[0], value=Decimal(value), interval=None)
    aimed = Target(
        Decimal(target),
        Direction.AT_MOST,
        Qualifier.EXACT,
        Origin.OWN,
        Certainty.CONFIRMED,
        seen.source,
        by=date(2030, 1, 1),
    )
    each = indicator(replace(town, indicators=(replace(base, observations=(seen,), targets=(aimed,)),)))
    chart = line_chart(each, each.series[0], Language.JA, "line")
    assert "NaN" not in chart.svg
