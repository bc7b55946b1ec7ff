"""Scores of goals in the report: bands in words, in a table and in a wheel, and never a bare number."""

import re
from xml.etree import ElementTree

import pytest

from shinrai.assess.assessment import Assessment, GoalRecord, GoalTreeRecord
from shinrai.assess.goal_scores import scored
from shinrai.language import Language
from shinrai.report import render_html
from shinrai.report.quantities import Unit, span
from shinrai.report.radar import MOST_AXES, radar
from shinrai.report.words import GOAL, said

from .sample import HOSTILE, NOW, assessment, goal, text

SVG = "{http://www.w3.org/2000/svg}"


def section(language: Language, sample: Assessment | None = None) -> str:
    page = render_html(sample or assessment(), language)
    found = re.search(r'<section id="goals".*?</section>', page, re.S)
    return found[0] if found else ""


def drawn(tree: GoalTreeRecord) -> ElementTree.Element:
    chart = radar(tree, Language.EN, "wheel")
    assert chart
    return ElementTree.fromstring(chart.svg)  # noqa: S314


def test_without_a_goal_tree_there_is_no_section() -> None:
    bare = assessment().model_copy(update={"goals": []})
    page = render_html(bare, Language.EN)
    assert 'id="goals"' not in page
    assert 'href="#goals"' not in page
    assert 'href="#goals"' in render_html(assessment(), Language.EN)


@pytest.mark.parametrize("language", list(Language))
def test_every_score_has_band_interval_coverage_and_n(language: Language) -> None:
    shown = section(language)
    tree = assessment().goals[0]
    assert tree.root.band
    assert re.search(r'<p class="sentence">.*?</p>', shown, re.S)
    for bounds in (tree.root.band, tree.root.band.interval):
        assert span(bounds, Unit.SHARE).text(language) in re.sub("</?bdi>", "", shown)
    assert f"n = <bdi>{tree.root.n:,}</bdi>" in shown
    assert f"<bdi>{100 * tree.root.band.coverage:.1f}%</bdi>" in shown
    rows = re.findall(r"<tr>.*?</tr>", shown, re.S)
    assert len(rows) == 7
    assert [len(re.findall(r"<t[dh]", row)) for row in rows] == [7, 7, 7, 7, 7, 4, 7]


@pytest.mark.parametrize("language", list(Language))
def test_no_data_is_said_and_never_shown_as_zero_or_left_out(language: Language) -> None:
    shown = section(language)
    word = GOAL["no_data"].text(language)
    rows = [row for row in re.findall(r"<tr>.*?</tr>", shown, re.S) if word in row]
    assert len(rows) == 2
    for row in rows:
        assert ("0.0%〜100.0%" if language is Language.JA else "0.0% to 100.0%") in row
    expired = next(part for part in assessment().goals[0].root.goals[2].parts if part.cause)
    assert expired.cause
    assert "2026-10-31" in expired.cause.en
    assert said(expired.cause, language) in shown


def test_what_does_not_apply_has_reason_approver_and_the_weight_that_moved() -> None:
    shown = section(Language.EN)
    for words in ("This system generates no content.", "Taro Shinrai", "Goals said not to apply: ", "10.0%"):
        assert words in shown
    assert "If they were simply not assessed" in shown
    assert "that went to the rest" in shown


def test_a_score_is_never_green() -> None:
    assert not re.search(r"badge-(met|pass|partly|fail|not_met)\b", section(Language.EN))


@pytest.mark.parametrize("language", list(Language))
def test_hostile_names_do_nothing(language: Language) -> None:
    shown = section(language)
    assert "\u202e" not in shown
    assert "<script" not in shown
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown


def test_the_wheel_draws_bands_intervals_and_hatching_and_no_polygon_of_points() -> None:
    tree = assessment().goals[0]
    root = drawn(tree)
    paths = list(root.iter(f"{SVG}path"))
    with_band = [one for one in tree.root.goals if one.state in ("measured", "partly")]
    without = [one for one in tree.root.goals if one.state == "no_data"]
    assert (len(with_band), len(without)) == (3, 2)
    assert sum(path.get("fill") == "#aab4ee" for path in paths) == len(with_band)
    assert sum(path.get("stroke-dasharray") == "5,3" for path in paths) == len(without)
    assert sum(path.get("stroke-dasharray") == "1,4" for path in paths) == 1
    # An interval is a line and its two end marks.
    assert sum(path.get("stroke") == "#1a1a1a" for path in paths) == 3 * len(with_band)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "title", "desc", "path", "text"}


def test_the_wheel_is_described_and_labelled_by_number() -> None:
    root = drawn(assessment().goals[0])
    described = root.findtext(f"{SVG}desc") or ""
    assert "1. Accuracy: band 90.2% to 91.3%" in described
    assert "95% interval" in described
    assert "No data" in described
    labels = [element.text for element in root.iter(f"{SVG}text")]
    assert [label for label in labels if label and label.isdigit()] == ["1", "2", "3", "4", "5", "6"]
    # Rounded outwards: the band on the rim is never narrower than the true one.
    assert "90–92%" in labels
    assert HOSTILE not in described


def one_level(goals: list[GoalRecord]) -> GoalTreeRecord:
    root = goal("T", text("木", "Tree"), 1, goals=goals)
    bare = GoalTreeRecord(id="T", title=root.title, about=root.title, root=root)
    return scored(bare, assessment().measurements, assessment().results, NOW)


@pytest.mark.parametrize("axes", [1, 2, 3, MOST_AXES])
def test_any_number_of_goals_stays_inside_the_picture(axes: int) -> None:
    goals = [goal(f"T{place}", text("項目", "Goal"), 1 / axes, "performance") for place in range(axes)]
    chart = radar(one_level(goals), Language.JA, "wheel")
    assert chart
    root = ElementTree.fromstring(chart.svg)  # noqa: S314
    width, height = map(float, (root.get("viewBox") or "").split()[2:])
    points = re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", " ".join(path.get("d") or "" for path in root.iter(f"{SVG}path")))
    assert points
    assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in points)


def test_a_tree_too_wide_to_draw_has_its_table() -> None:
    count = MOST_AXES + 1
    tree = one_level([goal(f"T{place}", text("項目", "Goal"), 1 / count) for place in range(count)])
    assert radar(tree, Language.EN, "wheel") is None
    shown = section(Language.EN, assessment().model_copy(update={"goals": [tree]}))
    assert 'class="chart"' not in shown
    assert shown.count("<tr>") == count + 1


def test_a_goal_without_goals_under_it_is_not_drawn() -> None:
    assert radar(one_level([]), Language.EN, "wheel") is None
