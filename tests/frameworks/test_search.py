"""Searching in either language, and what a stranger may type."""

import re
from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shinrai.frameworks import (
    Certainty,
    Coverage,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Requirement,
    available,
    load_framework,
)
from shinrai.frameworks.glossary import Glossary, fold, load_glossary, read_glossary
from shinrai.frameworks.instrument import Instrument, instruments
from shinrai.frameworks.search import Field, Hit, _wanted, search
from shinrai.language import Bilingual, Language, ShinraiError


@cache
def shipped() -> tuple[tuple[Framework, ...], tuple[Instrument, ...], Glossary]:
    return tuple(load_framework(*key) for key in available()), instruments(), load_glossary()


def found(query: str) -> tuple[Hit, ...]:
    frameworks, records, glossary = shipped()
    return search(query, frameworks, records, glossary=glossary)


def requirement(id_: str, title: str = "", text: str = "", evidence: str = "", ja: str = "") -> Requirement:
    leaves = (ExpectedEvidence(f"{id_}.leaf", EvidenceCode.DOCUMENT, Bilingual(ja="", en=evidence)),)
    return Requirement(
        id=id_,
        kind=Kind.MATTER,
        title=Bilingual(ja="", en=title),
        text=Bilingual(ja=ja, en=text),
        roles=frozenset(),
        when=frozenset(),
        force=Force.SHOULD,
        certainty=Certainty.UNVERIFIED,
        source="S1",
        principle=None,
        expects=leaves,
    )


def framework(*requirements: Requirement, superseded_by: str | None = None) -> Framework:
    return Framework(
        id="xx.test",
        version="1",
        title=Bilingual(ja="試験", en="Test"),
        issuer=Bilingual(ja="省", en="Ministry"),
        force=Force.SHOULD,
        published=date(2026, 1, 1),
        valid_from=date(2026, 1, 1),
        superseded_by=superseded_by,
        source="https://example.jp/",
        licence="none",
        language_of_record="ja",
        coverage=Coverage.EXTRACT,
        requirements=requirements,
        digest="0" * 64,
    )


def ids(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.requirement.id if hit.requirement else hit.id for hit in hits]


def texts(hit: Hit) -> dict[tuple[str | None, Language | None], str]:
    """The texts that a match can point to, by part and language; the id, the title and the text have no part name."""
    named: dict[str | None, Bilingual] = {}
    if hit.requirement is not None:
        named = {leaf.id: leaf.title for leaf in hit.requirement.expects}
    elif hit.instrument is not None:
        meaning = hit.instrument.meaning
        roles = ("developer", "provider", "business_user", "government")
        named = {role: text for role in roles if (text := getattr(meaning, role)) is not None}
        named["issuer"] = hit.instrument.issuer
    return {(name, language): text.text(language) for name, text in named.items() for language in Language}


def pointed(hit: Hit) -> list[str]:
    """The pieces of text that the spans of a hit point to."""
    pieces = []
    row = hit.requirement or hit.instrument
    assert row is not None
    for match in hit.matches:
        if match.field is Field.ID:
            text = row.id
        elif match.part == "tags":
            continue
        elif match.part is not None:
            text = texts(hit)[match.part, match.language]
        else:
            assert match.language is not None
            both = row.title if match.field is Field.TITLE else hit.requirement.text if hit.requirement else None
            assert both is not None
            text = both.text(match.language)
        ends = [0]
        for start, end in match.spans:
            assert ends[-1] <= start < end <= len(text)
            ends.append(end)
            pieces.append(text[start:end])
    return pieces


TERMS = load_glossary().terms


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.en[0])
def test_every_word_of_an_entry_finds_the_same_in_the_same_order(term) -> None:  # type: ignore[no-untyped-def]
    japanese, english = found(term.ja[0]), found(term.en[0])
    assert japanese == english
    # What a word is widened to decides what it finds.
    glossary = shipped()[2]
    words = [*term.ja, *term.en, *(word.upper() for word in term.en), *(f"　{word}\t" for word in term.ja)]
    assert len({_wanted(word, glossary) for word in words}) == 1


def test_the_glossary_is_of_use() -> None:
    assert len(TERMS) >= 90
    assert sum(bool(found(term.ja[0])) for term in TERMS) >= 90


def test_transparency_in_both_languages() -> None:
    hits = found("透明性")
    assert hits == found("transparency") == found("ＴＲＡＮＳＰＡＲＥＮＴ")
    principle = next(hit for hit in hits if hit.requirement is not None and hit.requirement.id == "JP-AIGB-6")
    assert {(match.field, match.language) for match in principle.matches} >= {
        (Field.TITLE, Language.JA),
        (Field.TITLE, Language.EN),
    }


def test_width_and_kana_do_not_matter() -> None:
    assert found("リスク") == found("ﾘｽｸ") == found("りすく") == found("risk") != ()


def test_words_must_all_be_there() -> None:
    both = ids(found("transparency 記録"))
    assert both and set(both) == set(ids(found("透明性"))) & set(ids(found("record")))
    assert found("transparency zzzz") == ()


def test_a_term_of_several_words_is_one_term() -> None:
    data = framework(
        requirement("R-1", text="Human oversight is needed."),
        requirement("R-2", text="A human writes. The oversight is elsewhere."),
    )
    assert ids(search("human oversight", [data])) == ["R-1"] == ids(search("人による監視", [data]))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("JP-AIGB-6", ["JP-AIGB-6", "JP-AIGB-6.1", "JP-AIGB-6.2", "JP-AIGB-6.3", "JP-AIGB-6.4"]),
        ("jp-aigb-6.1", ["JP-AIGB-6.1"]),
        ("ＪＰ－ＡＩＧＢ－６．２", ["JP-AIGB-6.2"]),
    ],
)
def test_ids_are_found_by_their_beginning(query: str, expected: list[str]) -> None:
    hits = found(query)
    assert ids(hits) == expected
    assert all(hit.matches[0].field is Field.ID for hit in hits)


def test_the_beginning_of_an_id_cuts_no_number() -> None:
    data = framework(requirement("R-1"), requirement("R-10"), requirement("R-1.2"))
    assert ids(search("r-1", [data])) == ["R-1", "R-1.2"]


def test_titles_rank_above_text_and_text_above_evidence() -> None:
    data = framework(
        requirement("R-1", evidence="A zebra."),
        requirement("R-2", text="A zebra."),
        requirement("R-3", title="Zebra"),
        requirement("zebra-4"),
        requirement("R-5", title="Zebra"),
    )
    assert ids(search("zebra", [data])) == ["zebra-4", "R-3", "R-5", "R-2", "R-1"]


def test_english_terms_match_whole_words_and_their_regular_endings() -> None:
    data = framework(
        requirement("R-1", text="Keep logs."),
        requirement("R-2", text="Seek dialogue; the catalogue is technology."),
        requirement("R-3", text="They are logged."),
        requirement("R-4", ja="記録を残す。"),
    )
    assert ids(search("log", [data])) == ["R-1", "R-3", "R-4"]


def test_unknown_words_match_plainly_in_both_languages() -> None:
    data = framework(requirement("R-1", text="An okapi-like beast."), requirement("R-2", ja="これはOKAPIである。"))
    assert ids(search("kap", [data])) == ["R-1", "R-2"]


def test_replaced_versions_are_left_out_unless_asked_for() -> None:
    old = framework(requirement("R-1", title="Zebra"), superseded_by="2")
    assert search("zebra", [old]) == ()
    assert ids(search("zebra", [old], versions="all")) == ["R-1"]


def test_replaced_instruments_are_left_out_unless_asked_for() -> None:
    record = next(each for each in shipped()[1] if each.id == "jp.digital.textgen_risk")
    assert search("jp.digital.textgen_risk", [], [record]) == ()
    assert ids(search("jp.digital.textgen_risk", [], [record], versions="all")) == ["jp.digital.textgen_risk"]


def test_a_hit_says_where_it_comes_from() -> None:
    hit = found("JP-AIGB-6.1")[0]
    assert (hit.id, hit.version, hit.instrument) == ("jp.aigb", "1.2", None)
    assert hit.requirement is not None and hit.requirement.id == "JP-AIGB-6.1"
    law = next(hit for hit in found("著作権") if hit.id == "jp.copyright_act")
    assert law.version is None and law.requirement is None and law.instrument is not None


def test_spans_point_to_the_words() -> None:
    for hit in found("transparency"):
        for piece in pointed(hit):
            assert re.fullmatch(r"透明性?|[Tt]ransparen(cy|t|tly)", piece), piece


def test_spans_count_the_characters_of_the_text_as_it_stands() -> None:
    text = "ﾃﾞｰﾀの㌔ﬁle透明性"
    hits = search("透明性", [framework(requirement("R-1", ja=text))])
    ((start, end),) = hits[0].matches[0].spans
    assert text[start:end] == "透明性"
    ((start, end),) = search("データ", [framework(requirement("R-1", ja=text))])[0].matches[0].spans
    assert text[start:end] == "ﾃﾞｰﾀ"


HOSTILE = [
    "",
    " ",
    "-",
    "---",
    "\x00\x1b[31m",
    ".*",
    "(a+)+$",
    "[",
    "\\",
    "a{99999}",
    "\u202e",
    "\ud800",
    "%s{0}",
    "の" * 10_000,
    "a b " * 2_500,
    " ".join(map(chr, range(0x4E00, 0x4E00 + 5_000))),
]


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_are_harmless(query: str) -> None:
    assert isinstance(found(query), tuple)


@pytest.mark.parametrize("query", ["", " ", "-", "---", "\x00", "「」", "。、", "\u3000"])
def test_a_query_without_words_finds_nothing(query: str) -> None:
    assert found(query) == ()


@pytest.mark.parametrize("query", [".*", "透.性", "trans(parency)?x", "^JP", "JP-AIGB-?"])
def test_nothing_is_a_pattern(query: str) -> None:
    assert found(query) == ()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
@example("ｶﾞ-ｶﾞ")
@example("İstanbul ß ﬁ")
def test_any_text_finds_itself(text: str) -> None:
    """A row that holds a text is found by each of its words, and the spans lie within the row's texts."""
    data = framework(requirement("R-1", text=f"Before {text} after", ja=text))
    for hit in search(text, [data]):
        pointed(hit)
    word = next((word for word in text.split() if word.isalnum() and word.isascii()), None)
    if word is not None and load_glossary().find(fold(word)) is None:
        assert ids(search(word, [data])) == ["R-1"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([word for term in TERMS for word in (*term.ja, *term.en)]), min_size=1, max_size=4))
def test_more_words_never_find_more(words: list[str]) -> None:
    alone = [set(ids(found(word))) for word in words]
    twins = [next(term for term in TERMS if word in term.ja or word in term.en) for word in words]
    # Joined in Japanese, as two English words side by side may be a longer term.
    joined = set(ids(found(" ".join(twin.ja[0] for twin in twins))))
    assert joined == set.intersection(*alone)


def test_a_copy_of_the_data_is_not_changed_by_searching() -> None:
    data = framework(requirement("R-1", title="Zebra"))
    copy = replace(data)
    assert search("zebra", [data]) == search("zebra", [data]) and data == copy


def test_a_word_stands_in_one_entry_only() -> None:
    twice = "terms:\n  - {ja: [透明性], en: [clear]}\n  - {ja: [明白], en: [Clear]}\n"
    with pytest.raises(ShinraiError) as caught:
        read_glossary(twice.encode(), "g.yaml")
    assert str(caught.value).startswith("g.yaml:3:") and "“Clear” already stands" in str(caught.value)
