import itertools
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from shinrai.assess.assessment import Assessment, Result
from shinrai.language import Language
from shinrai.report import render_html
from shinrai.report.charts import MOST_CHARTS

from .sample import HOSTILE, assessment, text
from .strategies import assessments, may_be_green

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Collects what the tests ask for and checks that every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@pytest.fixture(scope="module", params=list(Language))
def page(request: pytest.FixtureRequest) -> tuple[Language, str, Page]:
    rendered = render_html(assessment(), request.param)
    return request.param, rendered, Page(rendered)


Rendered = tuple[Language, str, Page]


def test_it_is_one_file_that_runs_and_fetches_nothing(page: Rendered) -> None:
    _, rendered, parsed = page
    assert not {tag for tag, _ in parsed.elements} & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "img",
        "form",
        "base",
    }
    for tag, attributes in parsed.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("href", "src", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "@import" not in rendered
    assert "url(" not in rendered
    policy = next(a["content"] for tag, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy and policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_ids_are_unique_and_every_reference_has_its_target(page: Rendered) -> None:
    _, _, parsed = page
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {(a["href"] or "")[1:] for _, a in parsed.elements if a.get("href")}
    for _, attributes in parsed.elements:
        wanted |= set((attributes.get("aria-labelledby") or "").split())
    assert wanted <= set(ids)


def test_headings_have_an_order(page: Rendered) -> None:
    _, _, parsed = page
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_hostile_text_is_shown_and_does_nothing(page: Rendered) -> None:
    _, rendered, parsed = page
    assert "\u202e" not in rendered
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", rendered)
    assert '⟨U+202E⟩<script>alert("x")</script>&amp;[31m' in parsed.text
    assert HOSTILE not in rendered


def test_the_words_never_speak_of_the_law(page: Rendered) -> None:
    language, _, parsed = page
    promised = "自主的な遵守" if language is Language.JA else "voluntary adherence"
    assert promised in parsed.text
    assert "legally compliant" not in parsed.text.lower()
    assert "法令を遵守" not in parsed.text


def test_what_was_not_assessed_has_the_same_tile_and_follows_with_reasons(page: Rendered) -> None:
    language, rendered, _ = page
    tiles = re.findall(r'<li class="tile tile-(\w+)">', rendered)
    assert tiles == [result.value for result in Result] * 2
    word = "評価していないものと、その理由" if language is Language.JA else "What was not assessed, and why"
    after = rendered[rendered.rindex('class="tile ') : rendered.index('id="findings"')]
    assert word in after
    assert after.count('class="reason"') == 3


def test_expired_evidence_is_never_shown_as_passed(page: Rendered) -> None:
    _, rendered, _ = page
    article = re.search(r'<article class="measurement stale" id="m7".*?</article>', rendered, re.S)
    assert article
    assert "badge-expired" in article[0]
    assert "badge-pass" not in article[0]


def test_every_number_comes_with_interval_n_coverage_and_digest(page: Rendered) -> None:
    language, _, parsed = page
    for record in assessment().measurements:
        assert record.evidence in parsed.text
        assert record.id in parsed.text
    assert ("95%区間" if language is Language.JA else "95% interval") in parsed.text


def test_dissent_shared_causes_and_unverified_wording_are_visible(page: Rendered) -> None:
    language, rendered, parsed = page
    assert rendered.count("vote-dissents") >= 4
    claim = (
        "ビザンチン障害への耐性があるとは主張しません"
        if language is Language.JA
        else "no tolerance of Byzantine faults"
    )
    assert claim in parsed.text
    assert rendered.count("mark-unverified") > 2


def test_it_says_how_to_verify(page: Rendered) -> None:
    _, _, parsed = page
    for words in ("shinrai verify bundle.zip --trust trust.json", "shinrai-verify bundle.zip --trust trust.json"):
        assert words in parsed.text
    assert assessment().bundle.origin in parsed.text


def test_dates_are_written_as_in_the_language(page: Rendered) -> None:
    language, _, parsed = page
    assert ("2026年11月20日" if language is Language.JA else "20 November 2026") in parsed.text


def test_an_assessment_of_nothing_renders() -> None:
    sample = assessment()
    empty = sample.model_copy(
        update={
            "results": [],
            "measurements": [],
            "attestations": [],
            "targets": [],
            "frameworks": [],
            "limits": [],
            "council": sample.council.model_copy(update={"common_causes_over_f": []}),
            "summary": sample.summary.model_copy(
                update={"conclusion": "undecided", "counts": {}, "required_counts": {}, "origins": {}}
            ),
        }
    )
    shown = Page(render_html(empty, Language.EN)).text
    for words in ("Nothing was measured.", "Nobody attested anything.", "The council did not vote.", "It is undecided"):
        assert words in shown
    assert "Byzantine" not in shown


def test_a_heading_requirement_heads_its_own_group() -> None:
    sample = assessment()
    head = sample.results[0].model_copy(
        update={"id": "JP-AIGB-F", "principle": None, "title": text("公平性", "Fairness")}
    )
    shown = render_html(sample.model_copy(update={"results": [head, *sample.results]}), Language.EN)
    assert "<h4><bdi>Fairness</bdi> <code>JP-AIGB-F</code></h4>" in shown


def test_a_report_with_too_many_measurements_says_what_is_not_drawn() -> None:
    sample = assessment()
    ratio = sample.measurements[2]
    many = [ratio.model_copy(update={"id": f"t.group_fairness.c{index}.selection_rate.ratio"}) for index in range(60)]
    rendered = render_html(sample.model_copy(update={"results": [], "measurements": many}), Language.EN)
    assert "too many measurements to draw them all" in rendered
    assert rendered.count('class="chart"') <= MOST_CHARTS + 2
    assert rendered.count('<table class="numbers">') == 60


def test_met_is_concluded_in_words() -> None:
    sample = assessment()
    met = sample.summary.model_copy(update={"conclusion": "met", "required_counts": {Result.MET: 4}})
    shown = Page(render_html(sample.model_copy(update={"summary": met}), Language.EN)).text
    assert "shows voluntary adherence to all 4 required requirements" in shown


@settings(max_examples=15, deadline=None)
@given(assessments())
def test_only_what_may_be_green_is_green(sample: Assessment) -> None:
    rendered = render_html(sample, Language.EN)
    Page(rendered)
    heads = re.findall(r'<p class="leaf-head"><span class="badge badge-(\w+)">', rendered)
    by_framework = [(item, one) for item in sample.results for one in item.leaves]
    assert [head == "met" for head in heads] == [may_be_green(item, one) for item, one in by_framework]
