"""The follow-up report in a real browser: accessibility, widths, paper, anchors. Skipped visibly without Chromium."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shinrai.language import Language
from shinrai.planwatch import PlanKey, compare, follow, load_plan, stand
from shinrai.planwatch.report import gather, render_plan_html, year_before

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DAY = date(2026, 11, 20)

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, str]:
    """The national plan, shortened, with a made-up second phase, so that every part of the page is there."""
    plan = load_plan(PlanKey("jp.plan", "phase-1"))
    dated = replace(plan.measures[0], due=date(2026, 3, 31))
    needed = {each.about for each in plan.events} | {id_ for each in plan.indicators for id_ in each.shows}
    rest = tuple(each for each in plan.measures[1:] if each.id in needed)
    plan = replace(plan, measures=(dated, *rest))
    kept = tuple(replace(each, due=None, repeats=None) for each in plan.measures[1:])
    later = replace(plan, version="phase-2", measures=(*kept, replace(dated, id="JP-BP2-9.9.i")))
    standing = stand(follow(plan), DAY)
    report = gather(standing, since=year_before(DAY), comparison=compare(standing, later))
    folder = tmp_path_factory.mktemp("plan-report")
    urls = {}
    for language in Language:
        path = folder / f"plan-report.{language}.html"
        path.write_text(render_plan_html(report, language), "utf-8")
        urls[language] = path.as_uri()
    return urls


def open_page(browser: object, url: str, width: int, **options: object) -> tuple[object, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)  # type: ignore[attr-defined]
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or problems.append(request.url))
    page.goto(url)
    return page, problems


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", list(Language))
def test_no_accessibility_violation(
    browser: object, files: dict[Language, str], language: Language, width: int
) -> None:
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).with_name("axe.min.js")
    # The page's own policy forbids scripts, axe's as well; it is lifted for this test alone.
    page, _ = open_page(browser, files[language], width, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")  # type: ignore[attr-defined]
    page.evaluate(axe.read_text("utf-8"))  # type: ignore[attr-defined]
    # Every rule is applied to every node; nodes are only written out where something is wrong.
    found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)  # type: ignore[attr-defined]
    assert [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found["violations"]] == []
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", list(Language))
def test_nothing_is_wider_than_the_screen_and_nothing_is_asked_for(
    browser: object, files: dict[Language, str], language: Language, width: int
) -> None:
    page, problems = open_page(browser, files[language], width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # type: ignore[attr-defined]
    assert problems == []


@pytest.mark.parametrize("language", list(Language))
def test_paper_shows_what_the_screen_folds_away(
    browser: object, files: dict[Language, str], language: Language
) -> None:
    page, _ = open_page(browser, files[language], 794)
    page.emulate_media(media="print")  # type: ignore[attr-defined]
    # Two frames later the page has been laid out for paper.
    hidden = page.evaluate(  # type: ignore[attr-defined]
        """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(
        [...document.querySelectorAll('details table, details ul')]
        .filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length))))"""
    )
    assert hidden == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")  # type: ignore[attr-defined]


def test_every_number_of_the_first_page_leads_to_a_source_in_two_clicks(
    browser: object, files: dict[Language, str]
) -> None:
    """The first click goes to a part of the page; in it, links lead on to a measure, an indicator or a source."""
    page, _ = open_page(browser, files[Language.EN], 1280)
    dead = page.evaluate(  # type: ignore[attr-defined]
        """[...document.querySelectorAll('#summary .tile a, #summary .facts a[href^="#"]')]
        .filter(a => !a.closest('.cite'))
        .map(a => document.getElementById(a.getAttribute('href').slice(1)))
        .filter(part => !part || !part.querySelector('a[href]')).length"""
    )
    assert dead == 0
    without = page.evaluate(  # type: ignore[attr-defined]
        """[...document.querySelectorAll('.event, .card, article.measure, .values tbody tr')]
        .filter(row => !row.querySelector('a[href]')).length"""
    )
    assert without == 0
