"""The audit in a notebook and on a page without colour: contrast in grey, series told apart by dash and mark, words."""

import re
from itertools import combinations

import numpy as np
import pytest

from shinrai.evaluate.audit import AuditFrame, AuditSettings
from shinrai.evaluate.audit.verdicts import Answer
from shinrai.evaluate.audit.words import ANSWER, MARK
from shinrai.language import Language
from shinrai.report.audit_charts import DASHES, MOST_LINES, SHAPES, line_key
from shinrai.report.audit_page import render_audit_html

GRID, HALO = "#d9d9d9", "#fff"
LANGUAGES = list(Language)


@pytest.fixture(scope="module")
def frame() -> AuditFrame:
    """Six groups with scores, one of them treated otherwise, and seven rows without a group."""
    rng = np.random.default_rng(7)
    groups = [*rng.choice(list("abcdef"), 1500).tolist(), *[None] * 7]
    scores = np.clip(rng.beta(3, 3, 1507) - 0.25 * np.array([each == "c" for each in groups]), 0, 1)
    labels = (rng.random(1507) < scores).astype(int)
    return AuditFrame(
        y_true=labels.tolist(),
        y_score=scores.tolist(),
        threshold=0.5,
        sensitive_features={"group": groups},
        favourable=1,
        settings=AuditSettings(suppress_below=10, replicates=200),
    )


@pytest.fixture(scope="module")
def pages(frame: AuditFrame) -> dict[Language, str]:
    return {language: render_audit_html(frame.audit, "decisions.csv", language) for language in LANGUAGES}


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb: what is left of a colour in grey. Source: WCAG 2.2."""
    digits = colour.removeprefix("#")
    digits = "".join(2 * each for each in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, other: str = "#ffffff") -> float:
    high, low = sorted((luminance(colour), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def charts(page: str) -> list[str]:
    return re.findall(r'<svg[^>]*class="chart".*?</svg>', page, re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_marks_of_charts_stand_out_from_paper_in_grey(pages: dict[Language, str], language: Language) -> None:
    drawn = charts(pages[language])
    assert len(drawn) > 8
    for chart in drawn:
        texts = re.findall(r"<text[^>]*", chart)
        assert texts
        for text in texts:
            (colour,) = re.findall(r'fill="(#[0-9a-f]+)"', text) or ["#000000"]
            assert contrast(colour) >= 4.5, text
        for colour in set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', chart)) - {GRID, HALO}:
            assert contrast(colour) >= 3, colour


def test_lines_are_told_apart_by_dash_and_by_mark() -> None:
    assert len(set(DASHES)) == len(set(SHAPES)) == len(DASHES) == len(SHAPES) == MOST_LINES
    keys = [line_key(place) for place in range(MOST_LINES)]
    uncoloured = [re.sub(r'(fill|stroke)="#[0-9a-f]+"', "", key) for key in keys]
    for one, other in combinations(uncoloured, 2):
        assert re.findall(r'dasharray="([^"]*)"', one) != re.findall(r'dasharray="([^"]*)"', other)
        assert one.rsplit("/>", 2)[-2:] != other.rsplit("/>", 2)[-2:]
    # No line is more gap than ink: it would fade in print.
    assert all(sum(dash[::2]) >= sum(dash[1::2]) * 2 / 3 for dash in DASHES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_a_chart_has_its_dash_and_its_name_beside_the_same_dash(
    pages: dict[Language, str], language: Language
) -> None:
    page = pages[language]
    (keys,) = re.findall(r'<ul class="line-key">(.*?)</ul>', page, re.DOTALL)
    named = re.findall(r'stroke-dasharray="([^"]*)".*?</svg>\s*(?:<bdi>)?([a-f])', keys, re.DOTALL)
    assert [name for _, name in named] == list("abcdef")
    lines = [chart for chart in charts(page) if chart.count('stroke-dasharray="6,2,1,2,1,2"')]
    assert len(lines) == 3
    for chart in lines:
        assert {dash.replace(" ", ",") for dash, _ in named} <= set(re.findall(r'stroke-dasharray="([^"]*)"', chart))


@pytest.mark.parametrize("language", LANGUAGES)
def test_verdicts_are_words_with_a_sign_and_a_border_of_their_own(
    frame: AuditFrame, pages: dict[Language, str], language: Language
) -> None:
    page = pages[language]
    items = re.findall(r'<li class="verdict verdict-(\w+)">(.*?)</li>', page, re.DOTALL)
    assert len(items) == len(frame.verdicts) == 3
    for verdict, (kind, text) in zip(frame.verdicts, items, strict=True):
        assert ANSWER[verdict.answer].text(language) in text
        assert f'href="#i-{kind}"' in text
    styles = [re.search(rf"\.verdict-{kind} {{([^}}]*)}}", page) for kind in ("met", "not_met", "undecided")]
    shapes = [re.findall(r"border-style: (\w+)", style[1]) for style in styles if style is not None]
    assert shapes == [[], ["double"], ["dashed"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_hidden_says_so_and_is_hatched(pages: dict[Language, str], language: Language) -> None:
    word = {Language.JA: "非表示", Language.EN: "not shown"}[language]
    rows = re.findall(r'<tr class="suppressed">(.*?)</tr>', pages[language], re.DOTALL)
    assert rows
    assert all(word in row for row in rows)
    assert "repeating-linear-gradient" in pages[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_has_one_colour_and_a_sign_for_each_verdict(frame: AuditFrame, language: Language) -> None:
    html = frame.to_html(language)
    assert set(re.findall(r'(?:stroke|fill)="([^"]*)"', html)) == {"currentColor"}
    # Grey lines between rows aside, nothing is coloured by hand.
    assert set(re.findall(r"#[0-9a-f]{3,8}\b", html)) == {"#8886"}
    assert len(set(MARK.values())) == len(Answer)
    listed = re.findall(r"<li>(\S) (.*?)</li>", html)
    for verdict, (mark, words) in zip(frame.verdicts, listed, strict=False):
        assert mark == MARK[verdict.answer]
        assert words.startswith(ANSWER[verdict.answer].text(language))
    assert len(listed) >= len(frame.verdicts) > 0
    opacities = [float(each) for each in re.findall(r"opacity:(\.\d+)", html)]
    assert opacities
    # Black at an opacity on white is this grey.
    assert all(contrast(f"#{3 * f'{round(255 * (1 - each)):02x}'}") >= 4.5 for each in opacities)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_ends_of_a_narrow_interval_are_not_under_its_dot(frame: AuditFrame, language: Language) -> None:
    pictures = re.findall(r'd="M([\d.]+) 0V9M([\d.]+) 0V9.*?cx="([\d.]+)" cy="4.5" r="2"', frame.to_html(language))
    assert pictures
    assert all(float(low) <= float(at) <= float(high) for low, high, at in pictures)
