from xml.etree import ElementTree

import pytest

from shinrai.assess.assessment import GroupValue
from shinrai.language import Language
from shinrai.report.charts import MOST_ROWS, decision_chart, groups_chart, results_chart
from shinrai.report.svg import embed

from .sample import MEASUREMENTS, assessment, bounds, group, measurement, text

BY_ID = {record.id: record for record in MEASUREMENTS}
RATIO = BY_ID["loans.group_fairness.race.selection_rate.ratio"]
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314


def test_a_decision_chart_shows_value_interval_and_limit_as_text() -> None:
    chart = decision_chart(RATIO, Language.EN, "m1")
    assert chart
    assert {"0.682 [0.510 to 0.7999]", "limit: at least 0.800"} <= set(texts(chart.svg))


def test_a_groups_chart_draws_each_group_and_leaves_suppressed_ones_to_the_table() -> None:
    chart = groups_chart(RATIO, Language.JA, "m1")
    assert chart
    assert (chart.shown, chart.total) == (4, 4)
    assert "白人" in texts(chart.svg)
    assert "その他" not in texts(chart.svg)
    assert "表示区分の全体：36.6%" in texts(chart.svg)


def test_hostile_labels_are_text_and_nothing_else() -> None:
    chart = groups_chart(RATIO, Language.EN, "m1")
    assert chart
    tags = {element.tag for element in ElementTree.fromstring(chart.svg).iter()}  # noqa: S314
    assert tags <= {SVG + tag for tag in ("svg", "title", "desc", "g", "path", "line", "rect", "text", "tspan")}
    assert "<script" not in chart.svg
    assert "\u202e" not in chart.svg


def test_charts_are_named_and_described() -> None:
    root = ElementTree.fromstring(results_chart(assessment(), Language.EN, "over").svg)  # noqa: S314
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "over-t over-d")
    described = {element.get("id"): element.text for element in root if element.get("id")}
    assert described["over-t"] == "Requirements by result"
    assert "Not assessed: required 3, all 9" in (described["over-d"] or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"value": None},
        {"interval": None},
        {"limit": None},
        {"value": float("nan")},
        {"interval": bounds(0, float("inf"))},
    ],
)
def test_what_is_undefined_is_not_drawn(changes: dict[str, object]) -> None:
    assert decision_chart(RATIO.model_copy(update=changes), Language.EN, "m1") is None


def test_one_group_is_no_comparison() -> None:
    alone = RATIO.model_copy(update={"groups": [group("A", hits=3, n=40), group("B")]})
    assert groups_chart(alone, Language.EN, "m1") is None


def test_of_many_groups_the_extremes_are_drawn() -> None:
    many = [group(f"G{index:03}", hits=index, n=200) for index in range(200)]
    chart = groups_chart(RATIO.model_copy(update={"groups": many}), Language.EN, "m1")
    assert chart
    assert (chart.shown, chart.total) == (MOST_ROWS, 200)
    assert {"G000", "G199"} <= set(texts(chart.svg))
    assert "G100" not in texts(chart.svg)


def test_groups_without_counts_have_no_overall_line() -> None:
    means = [
        GroupValue(levels=[name], n=50, successes=None, trials=None, value=at, interval=bounds(at - 0.1, at + 0.1),
                   suppressed=False, note=None)
        for name, at in (("A", -0.05), ("B", 0.08))
    ]  # fmt: skip
    record = measurement("t.calibration.sex.gap", text("ずれ", "Gap"), groups=means)
    chart = groups_chart(record, Language.EN, "m1")
    assert chart
    assert not any("all shown groups" in line for line in texts(chart.svg))
    assert "\u22125.0 points [\u221215.0 to 5.0 points], n = 50" in texts(chart.svg)


@pytest.mark.parametrize(
    "svg",
    [
        "<!DOCTYPE svg><svg xmlns='http://www.w3.org/2000/svg'/>",
        "<html/>",
        "<svg xmlns='http://www.w3.org/2000/svg'><rect fill='url(http://example.com)'/></svg>",
    ],
)
def test_svg_that_a_chart_does_not_need_is_refused(svg: str) -> None:
    with pytest.raises(ValueError, match="chart"):
        embed(svg, name="x", title="t", description="d", texts={})


def test_a_text_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    clever = RATIO.model_copy(update={"groups": [group("@0", hits=3, n=40), group("@1", hits=4, n=40)]})
    chart = groups_chart(clever, Language.EN, "m1")
    assert chart
    assert {"@0", "@1"} <= set(texts(chart.svg))


def test_script_images_links_and_handlers_are_left_out() -> None:
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'><script>x()</script><image href='http://e.com/a.png'/>"
        "<a href='javascript:x()'><path d='M0,0'/></a><rect onclick='x()' width='1.23456'/></svg>"
    )
    clean = embed(svg, name="x", title="t", description="d", texts={})
    assert all(word not in clean for word in ("script", "image", "href", "onload", "onclick"))
    assert 'width="1.23"' in clean
