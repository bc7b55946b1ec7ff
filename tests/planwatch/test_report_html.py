"""The pages of a follow-up report: the numbers of the derivation, hostile text harmless, every link openable."""

import itertools
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shinrai.frameworks import Certainty
from shinrai.language import Bilingual, Language
from shinrai.planwatch import (
    Citation,
    Figure,
    Measure,
    Observation,
    Origin,
    Owner,
    Period,
    Plan,
    PlanKey,
    Source,
    Stage,
    State,
    StatusEvent,
    compare,
    follow,
    load_plan,
    stand,
)
from shinrai.planwatch.model import OwnerKind, Qualifier, Record, Section
from shinrai.planwatch.report import PlanReport, gather, render_plan_html, year_before

DAY = date(2026, 11, 20)
NATIONAL = load_plan(PlanKey("jp.plan", "phase-1"))
VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = '\u202e<script>alert("x")</script>&amp;\x1b[31m{{ 7 * 7 }}</style>'


class Page(HTMLParser):
    """Collects elements and texts, and checks that every element is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inside: dict[str, str] = {}
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag not in VOID:
            self.open.append((tag, given.get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not any(tag == "style" for tag, _ in self.open):
            self.text += data
        for _, id_ in self.open:
            if id_:
                self.inside[id_] = self.inside.get(id_, "") + data


def report(plan: Plan, *events: StatusEvent, on: date = DAY, against: Plan | None = None) -> PlanReport:
    standing = stand(follow(plan, events), on)
    comparison = None if against is None else compare(standing, against)
    return gather(standing, since=year_before(on), comparison=comparison)


@pytest.fixture(scope="module")
def second() -> Plan:
    """A made-up second phase: the first measure ended, the second led by another, one added."""
    carried = [replace(each, id=each.id.replace("BP1", "BP2"), continues=(each.id,)) for each in NATIONAL.measures[1:]]
    carried = [replace(each, repeats=None) for each in carried]
    carried[0] = replace(carried[0], lead=carried[1].lead)
    carried.append(replace(carried[1], id="JP-BP2-9.9.i", continues=(), title=Bilingual("新規", "Brand new")))
    return replace(NATIONAL, version="phase-2", published=date(2026, 7, 14), measures=tuple(carried), events=())


@pytest.fixture(scope="module", params=list(Language))
def national(request: pytest.FixtureRequest, second: Plan) -> tuple[Language, str, Page]:
    page = render_plan_html(report(NATIONAL, against=second), request.param)
    return request.param, page, Page(page)


def test_it_is_one_file_that_runs_and_fetches_nothing(national: tuple[Language, str, Page]) -> None:
    _, page, parsed = national
    tags = {tag for tag, _ in parsed.elements}
    assert not tags & {"script", "link", "iframe", "object", "embed", "img", "form", "base"}
    assert not [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")]
    assert "@import" not in page
    assert "url(" not in page
    policy = next(a["content"] for _, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_every_link_is_https_or_leads_to_something_on_the_page(national: tuple[Language, str, Page]) -> None:
    _, _, parsed = national
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes.get("href") or "" for tag, attributes in parsed.elements if tag == "a"]
    assert len(links) > 200
    assert [each for each in links if not each.startswith(("https://", "#"))] == []
    wanted = {(a.get("href") or "#")[1:] for _, a in parsed.elements if (a.get("href") or "").startswith("#")}
    for _, attributes in parsed.elements:
        wanted |= set((attributes.get("aria-labelledby") or "").split())
    assert wanted <= set(ids)


def test_headings_have_an_order(national: tuple[Language, str, Page]) -> None:
    _, _, parsed = national
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_both_languages_show_the_same_things(second: Plan) -> None:
    found = report(NATIONAL, against=second)
    pages = {language: Page(render_plan_html(found, language)) for language in Language}
    ids = [[a["id"] for _, a in page.elements if "id" in a] for page in pages.values()]
    assert ids[0] == ids[1]
    links = [[a["href"] for tag, a in page.elements if tag == "a"] for page in pages.values()]
    assert links[0] == links[1]
    numbers = [{id_: text for id_, text in page.inside.items() if id_.startswith("n-")} for page in pages.values()]
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) == 9


def test_the_japanese_page_has_no_english_left_over() -> None:
    page = Page(render_plan_html(report(NATIONAL), Language.JA))
    said = page.text
    for each in ("measures", "report", "source", "Due", "Lead", "indicator"):
        assert not re.search(rf"\b{each}\b", said), each


def test_a_figure_of_the_press_is_never_among_those_of_the_plan(national: tuple[Language, str, Page]) -> None:
    language, page, _ = national
    figures = page[page.index('<section id="figures"') : page.index('<section id="commitments"')]
    lists = dict(re.findall(r'<ul class="cards cards-(\w+)">(.*?)</ul>', figures, re.DOTALL))
    assert set(re.findall(r'id="f-([^"]+)"', lists["press"])) == {f"JP-BP1-F{n}" for n in range(5, 10)}
    assert set(re.findall(r'id="f-([^"]+)"', lists["plan_text"])) == {f"JP-BP1-F{n}" for n in range(1, 5)}
    words = "報道（計画本文にはない）" if language is Language.JA else "press (not in the plan)"
    assert words in figures
    targets = page[page.index('id="i-JP-BP1-I1"') : page.index('id="i-JP-BP1-I2"')]
    assert targets.count("mark-press") == 2
    assert "mark-plan_text" not in targets


def test_the_three_figures_of_corporate_use_stand_apart_each_with_what_was_counted(
    national: tuple[Language, str, Page],
) -> None:
    language, page, parsed = national
    for id_, value in (("I2", "49.7"), ("I3", "55.2"), ("I4", "50")):
        indicator = NATIONAL.indicator(f"JP-BP1-{id_}")
        article = parsed.inside[f"i-JP-BP1-{id_}"]
        assert indicator.counted.text(language) in article
        assert value in article
        assert ("設問の文言は不明" if language is Language.JA else "words of the question are not known") in article
        assert ("出典に記載なし" if language is Language.JA else "the source gives none") in article
    assert page.count('id="groups-2"') == 1


def test_no_report_is_neither_zero_nor_a_state(national: tuple[Language, str, Page]) -> None:
    language, page, parsed = national
    word = "報告なし" if language is Language.JA else "No report"
    measure = parsed.inside["m-JP-BP1-1.1.i"]
    assert word in measure
    assert parsed.inside["n-no-report"] == "55"
    # Nothing has a due date, so that nothing is known to be late is not a zero.
    assert parsed.inside["n-late"] == "—"
    assert page.count("badge-no_report") >= 54


def test_the_comparison_shows_what_ended_with_its_history_and_who_leads_now(
    national: tuple[Language, str, Page], second: Plan
) -> None:
    language, _, parsed = national
    assert (parsed.inside["n-added"], parsed.inside["n-dropped"], parsed.inside["n-continued"]) == ("1", "1", "62")
    assert int(parsed.inside["n-re-led"]) == 1
    comparison = parsed.inside["comparison"]
    assert second.measures[-1].title.text(language) in comparison
    assert NATIONAL.measures[0].title.text(language) in comparison
    note = next(each for each in NATIONAL.events if each.about == "JP-BP1-1.1.ii").note
    assert note.text(language) in comparison


def test_a_plan_of_ones_own_speaks_of_owners_and_the_national_one_of_ministries(town: Plan) -> None:
    company = replace(town, owner_kind=OwnerKind.COMPANY)
    own = Page(render_plan_html(report(company), Language.EN)).text
    assert "Co-ministries" not in own
    assert "Lead ministry" not in own
    assert "Partners" in own
    assert "Plan of a company" in own
    assert "Lead ministry" in Page(render_plan_html(report(NATIONAL), Language.EN)).text


def test_who_recorded_what_and_what_was_put_right_stays_readable(town: Plan) -> None:
    at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    cited = Citation((Source("log-4", Bilingual("控え", "Copy"), sha256="ab" * 32),))

    def recorded(index: int, state: State, note: str, replaces: str | None) -> StatusEvent:
        record = Record(index, f"{index:064x}", "yamada", "Hanako", at, "0" * 64, Bilingual("x", "x"), replaces)
        return StatusEvent(
            "T-2", Period.parse("2026-10-01"), state, Bilingual(note, note), Certainty.SECONDARY, cited, record
        )

    wrong = recorded(4, State.DELIVERED, "too early", None)
    right = recorded(5, State.UNDER_WAY, "not yet", f"{4:064x}")
    page = Page(render_plan_html(report(town, wrong, right), Language.EN))
    measure = page.inside["m-T-2"]
    assert "too early" in measure
    assert "put right by entry 5" in measure
    assert "recorded by Hanako on 1 November 2026 09:30 UTC, entry 4 of the log" in measure
    assert "secondary source (C2)" in measure
    assert "ab" * 32 in page.inside["sources"]
    assert page.inside["n-delivered"] == "0"


def test_hostile_text_is_shown_and_does_nothing(town: Plan) -> None:
    both = Bilingual(HOSTILE, HOSTILE)
    bad = Source("BAD", both, "javascript:alert(1)")
    worse = Source("WORSE", both, 'https://a.example/"onclick="x')
    cited = Citation((bad, worse), HOSTILE)
    owner = Owner("DX", both)
    plan = replace(
        town,
        title=both,
        issuer=both,
        licence=HOSTILE,
        source="http://plain.example/",
        sources=(bad, worse),
        owners=(owner, *town.owners[1:]),
        sections=tuple(replace(each, title=both) for each in town.sections),
        measures=tuple(replace(each, title=both, lead=owner, source=cited) for each in town.measures),
        commitments=tuple(replace(each, text=both, shown_by=both, source=cited) for each in town.commitments),
        indicators=tuple(
            replace(each, title=both, unit=both, question=both, counted=both, source=cited) for each in town.indicators
        ),
        figures=(figure("T-F1", both, cited),),
        certainty_notes=(both,),
        open_questions=(both,),
    )
    for language in Language:
        page = render_plan_html(report(plan, on=date(2026, 12, 1), against=replace(plan, version="2027")), language)
        parsed = Page(page)
        assert "\u202e" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f]", page)
        assert "script" not in {tag for tag, _ in parsed.elements}
        assert '⟨U+202E⟩<script>alert("x")</script>&amp;[31m{{ 7 * 7 }}' in parsed.text
        links = [attributes.get("href") or "" for tag, attributes in parsed.elements if tag == "a"]
        assert [each for each in links if not each.startswith(("https://", "#"))] == []
        assert not [name for _, attributes in parsed.elements for name in attributes if name.startswith("on")]


def figure(id_: str, title: Bilingual, cited: Citation) -> Figure:
    when = Period.parse("2026-05")
    return Figure(
        id_, title, Decimal(3), title, Qualifier.ABOUT, when, Origin.PRESS, Certainty.UNVERIFIED, cited, title
    )


def test_a_figure_whose_wording_is_unverified_is_marked(town: Plan) -> None:
    plan = replace(town, figures=(figure("T-F1", Bilingual("概数", "Rounded"), town.measures[0].source),))
    page = render_plan_html(report(plan), Language.EN)
    assert "mark-unverified" in page
    assert "unverified (M)" in Page(page).inside["f-T-F1"]


_TITLES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=20)
_CITED = Citation((Source("K", Bilingual("紙", "Paper"), "https://x.example/a"),))
_UNOPENABLE = Citation((Source("N", Bilingual("不明", "Unknown")),))


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, list[StatusEvent]]:
    """Made-up plans with reports: some measures dated, some reported, some repeated, some owners without any."""
    owners = tuple(Owner(f"O{n}", Bilingual(draw(_TITLES), f"Owner {n}")) for n in range(draw(st.integers(1, 4))))
    sections = [Section("P1", Bilingual("方針一", "Policy 1")), Section("P2", Bilingual("方針二", "Policy 2"))]
    sections.append(Section("P1a", Bilingual("区分", "Part"), under="P1"))
    measures: list[Measure] = []
    for number in range(draw(st.integers(1, 8))):
        originals = [each.id for each in measures if each.repeats is None]
        measures.append(
            Measure(
                id=f"M{number}",
                section=draw(st.sampled_from(["P1", "P1a", "P2"])),
                title=Bilingual(draw(_TITLES), draw(_TITLES)),
                lead=draw(st.sampled_from(owners)),
                certainty=draw(st.sampled_from(list(Certainty))),
                source=draw(st.sampled_from([_CITED, _UNOPENABLE])),
                partners=tuple(draw(st.lists(st.sampled_from(owners), max_size=2, unique=True))),
                due=draw(st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))),
                stage=draw(st.none() | st.sampled_from(list(Stage))),
                repeats=draw(st.sampled_from(originals)) if originals and draw(st.booleans()) else None,
            )
        )
    plan = Plan(
        "made.up",
        "1",
        draw(st.sampled_from(list(OwnerKind))),
        Bilingual("架空", "Made up"),
        Bilingual("誰か", "Someone"),
        date(2026, 1, 1),
        date(2026, 1, 1),
        None,
        None,
        (*_CITED.sources, *_UNOPENABLE.sources),
        owners,
        tuple(sections),
        tuple(measures),
        "0" * 64,
    )
    originals = [each.id for each in measures if each.repeats is None]
    told = st.tuples(st.sampled_from([*originals, "P1"]), st.sampled_from(list(State)), st.integers(0, 400))
    events = [
        StatusEvent(
            about,
            Period.day(date(2026, 1, 1) + timedelta(days)),
            state,
            Bilingual("記", "Note"),
            Certainty.SECONDARY,
            draw(st.sampled_from([_CITED, _UNOPENABLE])),
        )
        for about, state, days in draw(st.lists(told, max_size=8))
    ]
    return plan, events


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(plans())
def test_the_numbers_of_the_page_are_those_of_the_derivation(made: tuple[Plan, list[StatusEvent]]) -> None:
    plan, events = made
    found = report(plan, *events)
    standing = found.standing
    for language in Language:
        text = render_plan_html(found, language)
        page = Page(text)
        assert page.inside["n-measures"] == str(len(plan.measures))
        assert page.inside["n-reported"] == str(standing.tally.reported)
        assert page.inside["n-no-report"] == str(standing.tally.no_report)
        assert page.inside["n-delivered"] == str(standing.tally.states.get(State.DELIVERED, 0))
        late = standing.tally.late
        assert page.inside["n-late"] == (str(late) if late or found.due.dated else "—")
        for stage in Stage:
            counts = re.findall(
                r'stage-count">(\d+)<', text[text.index(f'id="stage-{stage}"') :].split("</li>\n    <li")[0]
            )
            assert counts[0] == str(len(found.cycle.by_report(stage)))
        for each in standing.measures:
            badge = "no_report" if each.progress.state is None else each.progress.state.value
            head = re.search(rf'id="m-{each.measure.id}".*?</strong> <span class="badge badge-(\w+)">', text, re.DOTALL)
            assert head is not None
            assert head[1] == badge
        totals = re.findall(
            r'<td class="num">(\d+)</td><td class="num">(?:<bdi>)?([^<]+)<',
            text[text.index('id="leads-totals"') : text.index("</table>", text.index('id="leads-totals"'))],
        )
        assert sum(int(led) for led, _ in totals) == len(plan.measures)
        assert sum(int(told) for _, told in totals if told.isdigit()) == standing.tally.reported


def test_a_value_is_shown_with_its_n_and_interval_or_with_the_words_that_there_is_none(town: Plan) -> None:
    page = Page(render_plan_html(report(town), Language.EN))
    article = page.inside["i-T-I1"]
    assert "95% interval 30.9% to 49.8%" in article
    assert "100" in article
    bare = replace(
        town.indicators[0],
        observations=(
            Observation(
                "T-I1", None, Decimal("40.50"), Qualifier.ABOUT, Period.parse("FY2025"), Certainty.CONFIRMED, _CITED
            ),
        ),
    )
    other = Page(render_plan_html(report(replace(town, indicators=(bare,))), Language.EN)).inside["i-T-I1"]
    assert "about 40.50%" in other
    assert "the source gives none" in other
    assert "by the value alone" in other


def test_other_targets_of_an_indicator_show_before_and_after(town: Plan) -> None:
    moved = replace(town.indicators[0], targets=(replace(town.indicators[0].targets[0], value=Decimal(55)),))
    later = replace(town, version="2027", published=date(2027, 4, 1), indicators=(moved,))
    said = Page(render_plan_html(report(town, against=later), Language.EN)).inside["comparison"]
    assert "before: 45% or more" in said
    assert "after: 55% or more" in said
