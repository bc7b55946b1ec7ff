"""The report in a real browser: accessibility, widths, paper. Skipped visibly where Chromium is not installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shinrai.language import Language
from shinrai.report import render_html

from .sample import assessment

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
    folder = tmp_path_factory.mktemp("report")
    urls = {}
    for language in Language:
        path = folder / f"report.{language}.html"
        path.write_text(render_html(assessment(), language), "utf-8")
        urls[language] = path.as_uri()
    return urls


def open_page(browser: object, url: str, width: int, **options: object) -> tuple[object, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)  # type: ignore[attr-defined]
    problems: list[str] = []
    page.on("console", lambda line: problems.append(line.text))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or problems.append(request.url))
    page.goto(url)
    return page, problems


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
    assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found["violations"]] == []
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
    hidden = page.evaluate(  # type: ignore[attr-defined]
        "[...document.querySelectorAll('details .requirement-body, details .votes')]"
        ".filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert hidden == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")  # type: ignore[attr-defined]
