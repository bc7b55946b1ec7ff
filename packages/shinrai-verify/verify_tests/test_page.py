"""The verifier as one page, in a real browser without a network. Skipped visibly without Chromium."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shinrai_verify.cli import to_json

from .corpus import policy_bytes
from .world import ATTESTED, MEASURED, World

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "verify" / "index.html"
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DROP = """files => {
  const held = new DataTransfer();
  for (const [name, data] of files) {
    held.items.add(new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name));
  }
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: held, bubbles: true}));
}"""
TAMPERED = World(files=lambda files: {**files, "log/checkpoint": files["log/checkpoint"].replace(b"\n32\n", b"\n33\n")})
DEMANDING = {"requiredControls": ["X-9"]}
DONE = {"en": "Checked.", "ja": "確認が終わりました。"}
CONCLUSION = {
    "en": ["VERIFIED", "NOT VERIFIED", "INCOMPLETE", "POLICY NOT MET"],
    "ja": ["検証成功", "検証失敗", "不完全", "方針未達"],
}

needs_browser = pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed (apt-get install chromium)")


def test_the_committed_page_is_the_one_that_the_modules_make():
    command = [sys.executable, str(ROOT / "tools" / "build_verify_page.py"), "--check"]
    ran = subprocess.run(command, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout.decode()


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    api = pytest.importorskip("playwright.sync_api")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """Return a function that opens the page without a network; whatever it asks for fails the test at its end."""
    asked, contexts = [], []

    def opened(language, width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda line: asked.append(line.text))
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.goto(f"{PAGE.as_uri()}#{language}")
        context.set_offline(True)
        context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
        page.on("request", lambda request: asked.append(request.url))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked == []


def dropped(page, world, policy=None, *, language="en", more=()):
    """Drop a world's bundle and policy on the page, press the button by keyboard, and wait for the outcome."""
    bundle = world.bundle(Path(os.environ["PAGE_FOLDER"])).read_bytes()
    files = [("bundle.zip", bundle), ("trust.json", policy or policy_bytes(world)), *more]
    page.evaluate(DROP, [[name, base64.b64encode(data).decode()] for name, data in files])
    page.focus("#go")
    page.keyboard.press("Enter")
    page.wait_for_function("text => document.getElementById('status').textContent.startsWith(text)", arg=DONE[language])
    return page.inner_text("#result")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PAGE_FOLDER", str(tmp_path))


CASES = {
    0: (World(), {}),
    1: (TAMPERED, {}),
    2: (World(withhold=True), {}),
    3: (World(), DEMANDING),
}


@needs_browser
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_says_each_exit_class(visit, language, tmp_path):
    page = visit(language)
    assert page.get_attribute("html", "lang") == language
    for code, (world, demands) in CASES.items():
        text = dropped(page, world, policy_bytes(world, **demands), language=language)
        assert text.startswith(CONCLUSION[language][code])
        # Whoever reads by ear is taken to the conclusion.
        assert page.evaluate("document.activeElement.id") == "conclusion"
        mine = json.loads(to_json(world.verified(tmp_path)))
        steps = page.locator("ul.steps").last.locator("li").count()
        assert steps == len(mine["steps"]) + (code == 3)
        assert (MEASURED in text) == (code != 1)
        assert page.locator("a[download]").count() == (code != 1)
    lacking = dropped(page, World(withhold=True), language=language)
    assert {"en": "Withheld: rows", "ja": "非開示：rows"}[language] in lacking


@needs_browser
@pytest.mark.parametrize(
    ("language", "words"), [("en", "the record of the council's round"), ("ja", "評議の記録は真正")]
)
def test_the_page_verifies_the_record_of_a_round(visit, language, words):
    text = dropped(visit(language), World(standalone=True, canaries={MEASURED: "pass"}), language=language)
    assert text.startswith(CONCLUSION[language][0])
    assert words in text.splitlines()[0]
    assert {"en": "no assessment goes with it", "ja": "評価結果は伴いません"}[language] in text
    assert {"en": "1 known answers", "ja": "正解1件"}[language] in text


@needs_browser
def test_the_page_shows_dissent_and_shared_causes_and_speaks_the_other_language_at_a_press(visit):
    page = visit("en")
    text = dropped(page, World(votes={("east", ATTESTED): ["fail"]}))
    assert "dissent: east" in text
    page.click("#ja")
    assert "反対：east" in page.inner_text("#result")
    assert page.get_attribute("#ja", "aria-pressed") == "true"


@needs_browser
def test_the_page_notices_a_log_that_was_rolled_back(visit):
    newer = World(arrange=lambda log: [*log, ("again", log[-1][1])])
    page = visit("en")
    seen = ("checkpoint.txt", newer.contents()["log/checkpoint"])
    assert "the bundle is older than what you have seen" in dropped(page, World(), more=[seen])


@needs_browser
def test_a_trust_file_that_is_none_verifies_nothing(visit):
    page = visit("en")
    page.set_input_files("#bundle", {"name": "b.zip", "mimeType": "application/zip", "buffer": b"x"})
    page.set_input_files("#trust", {"name": "t.json", "mimeType": "application/json", "buffer": b"{}"})
    page.click("#go")
    page.wait_for_function("document.getElementById('status').textContent.startsWith('Nothing was verified')")
    assert page.is_hidden("#result")


@needs_browser
def test_names_from_a_bundle_are_text_and_never_markup(visit):
    name = "<img src=x onerror=alert(1)>\u202e"

    def renamed(manifest):
        for entry in manifest["entries"]:
            if entry["annotations"]["withheld"]:
                entry["name"] = name
        return manifest

    page = visit("en")
    assert "Withheld: <img src=x onerror=alert(1)>\\u{202e}" in dropped(
        page, World(withhold=True, edits={"manifest": renamed})
    )
    assert page.locator("img").count() == 0


@needs_browser
def test_the_page_s_own_policy_forbids_every_connection(browser):
    page = browser.new_page()
    page.goto(PAGE.as_uri())
    refused = page.evaluate(
        """() => new Promise(done => {
          addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
          fetch("https://example.org/").catch(() => {});
        })"""
    )
    page.close()
    assert refused == "connect-src"


@needs_browser
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_is_accessible_and_as_wide_as_the_screen(visit, language, width):
    axe = Path(pytest.importorskip("axe_playwright_python").__file__).with_name("axe.min.js")
    # The page's own policy forbids scripts, axe's as well; it is lifted for this test alone.
    page = visit(language, width, bypass_csp=True)
    dropped(page, World(withhold=True), language=language)
    page.evaluate(axe.read_text("utf-8"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
        assert [(rule["id"], rule["nodes"][0]["html"][:160]) for rule in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("PAGE_PICTURES"):
        page.emulate_media(color_scheme="light")
        page.screenshot(path=f"{folder}/{language}-{width}.png", full_page=True)
