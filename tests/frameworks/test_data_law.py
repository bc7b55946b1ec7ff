"""The Act, the procurement guideline, the red-teaming guide and the ministry guides say what they should."""

import re
from collections import Counter
from datetime import date

import pytest

from shinrai.frameworks import (
    Certainty,
    Coverage,
    EvidenceCode,
    Facts,
    Force,
    Framework,
    Kind,
    Role,
    Scope,
    applicability,
    load_framework,
)
from shinrai.language import Bilingual

SECTOR = {
    "jp.mlqm": "4",
    "jp.meti.civil_liability": "1.0",
    "jp.mext.genai_schools": "2.0",
    "jp.mhlw.medical_data": "2024-03",
    "jp.maff.ai_contract": "2020",
    "jp.mic.local_government": "4",
    "jp.mod.responsible_ai": "1",
    "jp.meti.content_genai": "2024-07",
    "jp.digital.textgen_risk": "alpha",
    "jp.mic.ai_security": "2026-03",
}
KEYS = [
    ("jp.ai_act", "2025-09-01"),
    ("jp.ds920", "1"),
    ("jp.ds920", "2.0"),
    ("jp.aisi.redteam", "1.10"),
    *SECTOR.items(),
]
KANA_OR_KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
FIRMS = frozenset({Role.DEVELOPER, Role.PROVIDER, Role.BUSINESS_USER})


@pytest.fixture(scope="module", params=KEYS, ids=lambda key: "-".join(key))
def framework(request: pytest.FixtureRequest) -> Framework:
    return load_framework(*request.param)


@pytest.fixture(scope="module")
def act() -> Framework:
    return load_framework("jp.ai_act", "2025-09-01")


@pytest.fixture(scope="module")
def first() -> Framework:
    return load_framework("jp.ds920", "1")


@pytest.fixture(scope="module")
def second() -> Framework:
    return load_framework("jp.ds920", "2.0")


@pytest.fixture(scope="module")
def red_team() -> Framework:
    return load_framework("jp.aisi.redteam", "1.10")


def kinds(framework: Framework) -> Counter[Kind]:
    return Counter(each.kind for each in framework.requirements)


def bilingual(framework: Framework) -> list[Bilingual]:
    found = [framework.title, framework.issuer, *framework.certainty_notes, *framework.open_questions]
    found += [key.title for key in framework.source_keys]
    for each in framework.requirements:
        found += [each.title, each.text, *(leaf.title for leaf in each.expects)]
    return found


def test_every_row_has_both_languages_a_source_and_a_mark(framework: Framework) -> None:
    keys = {key.key for key in framework.source_keys}
    for text in bilingual(framework):
        assert KANA_OR_KANJI.search(text.ja), text
        assert not KANA_OR_KANJI.search(text.en), text
    for each in framework.requirements:
        assert each.text.ja.endswith("。") and 1 <= each.text.ja.count("。") <= 3, each.id
        assert not re.search(r"(です|ます|ません)。", each.text.ja), each.id
        assert each.text.en.endswith("."), each.id
        assert keys & set(each.source.split("; ")), each.id
        assert each.certainty in Certainty


def test_every_source_key_is_used(framework: Framework) -> None:
    cited = {part for each in framework.requirements for part in each.source.split("; ")}
    assert {key.key for key in framework.source_keys} <= cited


def test_each_row_that_asks_expects_one_to_three_pieces(framework: Framework) -> None:
    headings = {each.principle for each in framework.requirements}
    for each in framework.requirements:
        assert len(each.expects) == 0 if each.id in headings else 1 <= len(each.expects) <= 3, each.id


def test_a_heading_is_asked_of_those_whom_its_rows_ask(framework: Framework) -> None:
    # Otherwise someone would be asked for a heading under which nothing could ever be shown.
    below: dict[str, list[frozenset[Role]]] = {}
    for each in framework.requirements:
        below.setdefault(each.principle or "", []).append(each.roles)
    for each in framework.requirements:
        if each.id in below:
            union = frozenset[Role]().union(*below[each.id])
            assert each.roles == (union if all(below[each.id]) else frozenset()), each.id


def test_each_file_says_how_it_came_about(framework: Framework) -> None:
    assert any("judgement" in note.en for note in framework.certainty_notes)
    assert framework.open_questions


def test_rows_from_memory_come_with_an_open_question(framework: Framework) -> None:
    unsure = [each.id for each in framework.requirements if each.certainty is Certainty.UNVERIFIED]
    if unsure:
        assert any("original" in question.en for question in framework.open_questions), unsure


def test_ids_do_not_collide_between_instruments() -> None:
    owners: dict[str, str] = {}
    for key in KEYS:
        for each in load_framework(*key).requirements:
            assert owners.setdefault(each.id, key[0]) == key[0]


def test_the_act_has_28_articles(act: Framework) -> None:
    assert kinds(act) == {Kind.ARTICLE: 28, Kind.PARAGRAPH: 8, Kind.SUPPLEMENTARY: 2}
    articles = [each.id for each in act.requirements if each.kind is Kind.ARTICLE]
    assert articles == [f"JP-ACT-{n}" for n in range(1, 29)]
    below = {each.id: each.principle for each in act.requirements if each.kind is Kind.PARAGRAPH}
    assert below == {f"JP-ACT-3.{n}": "JP-ACT-3" for n in range(1, 6)} | {
        f"JP-ACT-6.{n}": "JP-ACT-6" for n in range(1, 4)
    }
    assert act.coverage is Coverage.COMPLETE
    assert {each.certainty for each in act.requirements} == {Certainty.CONFIRMED}


def test_dates_of_the_act(act: Framework) -> None:
    assert (act.published, act.valid_from) == (date(2025, 6, 4), date(2025, 6, 4))
    later = {each.id: each.starts for each in act.requirements if each.starts}
    assert set(later) == {f"JP-ACT-{n}" for n in range(18, 29)}
    assert {start.day for starts in later.values() for start in starts} == {date(2025, 9, 1)}
    facts = Facts(frozenset({Role.GOVERNMENT}), regions=frozenset({"JP"}), on=date(2025, 7, 1))
    applies = {each.requirement.id: each.applies for each in applicability(act, facts)}
    assert applies["JP-ACT-16"] and not applies["JP-ACT-18"]


def test_the_act_binds_firms_to_cooperation_and_nothing_else(act: Framework) -> None:
    musts = [each for each in act.requirements if each.force is Force.MUST]
    assert [each.id for each in musts if each.roles != {Role.GOVERNMENT}] == ["JP-ACT-7"]
    assert act.by_id["JP-ACT-7"].roles == FIRMS
    state = [leaf.code for each in musts if each.id != "JP-ACT-7" for leaf in each.expects]
    assert len(state) == 14 and set(state) == {EvidenceCode.OUTSIDE}
    # A firm is asked for nothing by force beyond article 7, and the file says that there are no penalties.
    facts = Facts(FIRMS, regions=frozenset({"JP"}))
    asked = [each.requirement for each in applicability(act, facts) if each.applies]
    assert [each.id for each in asked if each.force is Force.MUST] == ["JP-ACT-7"]
    assert any("no penalties" in note.en and "罰則" in note.ja for note in act.certainty_notes)


def test_the_principle_of_proper_conduct_anchors_risk_and_transparency(act: Framework) -> None:
    assert [leaf.id for leaf in act.by_id["JP-ACT-3.4"].expects] == [
        "JP-ACT-3.4.misuse-measures",
        "JP-ACT-3.4.process-transparency",
    ]


def test_versions_and_dates_of_the_procurement_guideline(first: Framework, second: Framework) -> None:
    assert (first.published, first.superseded_by) == (date(2025, 5, 27), "2.0")
    assert (second.published, second.valid_from) == (date(2026, 6, 12), date(2026, 9, 1))
    assert second.superseded_by is None
    for each in (first, second):
        assert each.scope == Scope(frozenset({"JP"}), frozenset({"government", "generative"}))
        assert {row.certainty for row in each.requirements} == {Certainty.SECONDARY}


def test_rows_of_the_procurement_guideline(first: Framework, second: Framework) -> None:
    rows = {Kind.DEFINITION: 1, Kind.HEADING: 4, Kind.DUTY: 4, Kind.RISK_AXIS: 4, Kind.SHEET_ITEM: 5}
    assert kinds(first) == rows
    assert kinds(second) == {**rows, Kind.HEADING: 5, Kind.DUTY: 8, Kind.SHEET_ITEM: 7}
    axes = [each.id for each in second.requirements if each.kind is Kind.RISK_AXIS]
    assert axes == [f"DS920-HR-{axis}" for axis in "ABCD"]
    assert {each.principle for each in second.requirements if each.kind is Kind.RISK_AXIS} == {"DS920-HR"}


def test_the_second_version_changes_the_scope_and_adds_five_deltas(first: Framework, second: Framework) -> None:
    changed = [each.id for each in first.requirements if second.by_id[each.id] != each]
    assert changed == ["DS920-SCOPE"]
    added = [each.id for each in second.requirements if each.id not in first.by_id]
    assert added == [f"DS920v2-{n}" for n in ("1", "2", "3", "4", "4a", "4b", "5")]
    assert second.by_id["DS920v2-3"].when == {"agent"}
    assert second.by_id["DS920v2-4b"].when == {"public_facing"}
    assert {leaf.code for leaf in second.by_id["DS920v2-2"].expects} == {EvidenceCode.LOG}


def test_the_opinion_of_a_board_member_is_a_note_and_no_row(second: Framework) -> None:
    assert any("opinion and not a requirement" in note.en for note in second.certainty_notes)
    assert not any("opinion" in each.text.en for each in second.requirements)


def test_the_procurement_guideline_concerns_generative_systems_of_the_government(second: Framework) -> None:
    roles, japan = frozenset({Role.GOVERNMENT}), frozenset({"JP"})
    inside = Facts(roles, frozenset({"government", "generative"}), japan)
    outside = Facts(roles, frozenset({"government"}), japan)
    assert any(each.applies for each in applicability(second, inside))
    assert not any(each.applies for each in applicability(second, outside))
    early = Facts(roles, inside.facts, japan, on=date(2026, 8, 31))
    assert not any(each.applies for each in applicability(second, early))


def test_rows_of_the_red_teaming_guide(red_team: Framework) -> None:
    assert kinds(red_team) == {Kind.PROCESS: 3, Kind.STEP: 15, Kind.HEADING: 1, Kind.ATTACK_TYPE: 8}
    steps = [each for each in red_team.requirements if each.kind is Kind.STEP]
    assert [each.id for each in steps] == [f"RT-{n}" for n in range(1, 16)]
    assert Counter(each.principle for each in steps) == {"RT-P1": 5, "RT-P2": 5, "RT-P3": 5}
    assert [each.id for each in steps if each.certainty is Certainty.SECONDARY] == ["RT-1", "RT-15"]
    attacks = [each for each in red_team.requirements if each.kind is Kind.ATTACK_TYPE]
    assert [each.id for each in attacks] == [f"ATK-{n}" for n in range(1, 9)]
    assert {each.certainty for each in attacks} == {Certainty.UNVERIFIED}
    assert all(each.expects[0].code is EvidenceCode.MEASUREMENT for each in attacks)
    assert red_team.published == date(2025, 3, 31) and red_team.superseded_by is None


SCOPES = {
    "jp.mext.genai_schools": {"education", "generative"},
    "jp.mhlw.medical_data": {"medical"},
    "jp.maff.ai_contract": {"agriculture"},
    "jp.mic.local_government": {"local_government"},
    "jp.mod.responsible_ai": {"defence"},
    "jp.meti.content_genai": {"content_creation", "generative"},
    "jp.digital.textgen_risk": {"government", "generative"},
}


@pytest.mark.parametrize(("id_", "version"), SECTOR.items())
def test_a_guide_is_an_extract_of_a_few_duties(id_: str, version: str) -> None:
    guide = load_framework(id_, version)
    assert guide.coverage is Coverage.EXTRACT
    assert set(kinds(guide)) == {Kind.DUTY}
    assert 2 <= len(guide.requirements) <= 8
    assert guide.scope.facts == SCOPES.get(id_, set())
    # None of them is a law, and no row is better known than through a report on the original.
    assert {each.force for each in guide.requirements} <= {Force.SHOULD, Force.MAY}
    assert {each.certainty for each in guide.requirements} <= {Certainty.SECONDARY, Certainty.UNVERIFIED}
    assert [each for each in guide.requirements if each.source.startswith("S003")]


def test_rows_from_memory_or_a_draft_are_marked_so() -> None:
    for id_, version in SECTOR.items():
        for each in load_framework(id_, version).requirements:
            unsure = each.source.startswith(("MEMORY", "DRAFT"))
            assert (each.certainty is Certainty.UNVERIFIED) == unsure, each.id


@pytest.mark.parametrize(
    ("id_", "day"),
    [
        ("jp.meti.civil_liability", date(2026, 4, 9)),
        ("jp.mext.genai_schools", date(2024, 12, 26)),
        ("jp.maff.ai_contract", date(2020, 3, 12)),
        ("jp.mic.local_government", date(2025, 12, 16)),
        ("jp.meti.content_genai", date(2024, 7, 5)),
    ],
)
def test_dates_of_the_guides(id_: str, day: date) -> None:
    assert load_framework(id_, SECTOR[id_]).published == day


def test_a_month_without_a_day_is_said_to_be_one() -> None:
    for id_ in ("jp.mlqm", "jp.mhlw.medical_data", "jp.mic.ai_security"):
        guide = load_framework(id_, SECTOR[id_])
        assert guide.published.day == 1
        assert any("first of the month" in note.en for note in guide.certainty_notes), id_


def test_a_guide_reaches_the_systems_of_its_field_only() -> None:
    guide = load_framework("jp.mhlw.medical_data", "2024-03")
    roles, japan = frozenset({Role.DEVELOPER}), frozenset({"JP"})
    medical = Facts(roles, frozenset({"medical", "personal_data"}), japan)
    without_personal = Facts(roles, frozenset({"medical"}), japan)
    assert all(each.applies for each in applicability(guide, medical))
    assert not any(each.applies for each in applicability(guide, without_personal))
    assert not any(each.applies for each in applicability(guide, Facts(roles, frozenset({"personal_data"}), japan)))
