"""The framework files that come with Shinrai: complete, bilingual, and with the ids that others bind to."""

import re
from collections import Counter
from datetime import date
from functools import cache

import pytest

from shinrai.frameworks import (
    FACTS,
    Certainty,
    Coverage,
    EvidenceCode,
    Force,
    Framework,
    FrameworkKey,
    Kind,
    Phase,
    Requirement,
    Role,
    available,
    load_framework,
)
from shinrai.language import Bilingual

ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
KANA_OR_KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
BUSINESS = {Role.DEVELOPER, Role.PROVIDER, Role.BUSINESS_USER}

MEASURED = [
    "JP-GL-C2.bias-runs",
    "JP-GL-C3.evaluation-runs",
    "JP-GL-C7.personal-data-scan",
    "JP-AIGB-2.1.reliability-runs",
    "JP-AIGB-2.3.data-statistics",
    "JP-AIGB-3.1.subgroup-metrics",
    "JP-AIGB-4.1.personal-data-scan",
    "JP-AIGB-D-2-i.data-scan",
    "JP-AIGB-D-3-i.dataset-statistics",
    "JP-AIGB-D-3-ii.fairness-metrics",
    "JP-AIGB-P-3-i.system-fairness-runs",
]
ATTESTED = {
    "JP-GL-C1.override-design": "Q",
    "JP-GL-C5.owner": "Q",
    "JP-AIGB-3.2.human-judgement": "Q",
    "JP-AIGB-7.3.responsible-person": "D",
    "JP-GL-2.4.continuity-plan": "D",
}


OURS = [
    FrameworkKey("jp.aigb", "1.1"),
    FrameworkKey("jp.aigb", "1.2"),
    FrameworkKey("jp.aisi.eval", "1.10"),
    FrameworkKey("jp.aisi.eval", "1.20"),
    FrameworkKey("jp.guideline13", "2025-12-19"),
]
"""The frameworks whose own facts are tested here; what holds for every shipped file is tested for all of them."""


@cache
def loaded(id_: str, version: str) -> Framework:
    return load_framework(id_, version)


def named(key: FrameworkKey) -> str:
    return f"{key.id}-{key.version}"


@pytest.fixture(scope="module", params=available(), ids=named)
def framework(request: pytest.FixtureRequest) -> Framework:
    return loaded(*request.param)


@pytest.fixture(scope="module", params=OURS, ids=named)
def guidance(request: pytest.FixtureRequest) -> Framework:
    return loaded(*request.param)


@pytest.fixture(scope="module")
def guideline() -> Framework:
    return loaded("jp.guideline13", "2025-12-19")


@pytest.fixture(scope="module")
def business() -> Framework:
    return loaded("jp.aigb", "1.2")


@pytest.fixture(scope="module", params=["1.1", "1.2"])
def either_business(request: pytest.FixtureRequest) -> Framework:
    return loaded("jp.aigb", request.param)


@pytest.fixture(scope="module", params=["1.10", "1.20"])
def evaluation(request: pytest.FixtureRequest) -> Framework:
    return loaded("jp.aisi.eval", request.param)


def of_kind(framework: Framework, kind: Kind) -> list[Requirement]:
    return [each for each in framework.requirements if each.kind is kind]


def ids(framework: Framework, pattern: str) -> list[str]:
    return [each.id for each in framework.requirements if re.fullmatch(pattern, each.id)]


def texts(framework: Framework) -> list[Bilingual]:
    found = [framework.title, framework.issuer, *framework.certainty_notes, *framework.open_questions]
    found += [key.title for key in framework.source_keys]
    for requirement in framework.requirements:
        found += [requirement.title, requirement.text, *(leaf.title for leaf in requirement.expects)]
    return found


def test_the_instruments_are_available() -> None:
    assert set(OURS) <= set(available())


@pytest.mark.parametrize("key", available(), ids=named)
def test_the_file_name_is_the_header(key: FrameworkKey) -> None:
    framework = loaded(*key)
    assert (framework.id, framework.version) == key


@pytest.mark.parametrize(
    ("id_", "version", "published", "superseded_by"),
    [
        ("jp.aigb", "1.1", date(2025, 3, 28), "1.2"),
        ("jp.aigb", "1.2", date(2026, 3, 31), None),
        ("jp.aisi.eval", "1.10", date(2025, 3, 28), "1.20"),
        ("jp.aisi.eval", "1.20", date(2026, 7, 7), None),
        ("jp.guideline13", "2025-12-19", date(2025, 12, 19), None),
    ],
)
def test_headers_carry_dates(id_: str, version: str, published: date, superseded_by: str | None) -> None:
    framework = loaded(id_, version)
    assert (framework.published, framework.valid_from) == (published, published)
    assert framework.superseded_by == superseded_by
    assert framework.coverage is Coverage.EXTRACT
    assert framework.language_of_record == "ja"


def test_headers_carry_licences(guideline: Framework, either_business: Framework, evaluation: Framework) -> None:
    assert "Public Data License 1.0" in guideline.licence
    assert "to be checked" in either_business.licence
    assert "to be checked" in evaluation.licence


def test_a_version_is_superseded_by_a_later_one(framework: Framework) -> None:
    if FrameworkKey(framework.id, framework.superseded_by or "") in available():
        assert loaded(framework.id, str(framework.superseded_by)).published > framework.published
    else:
        assert framework.superseded_by != framework.version


def test_every_text_is_in_its_own_language(framework: Framework) -> None:
    for text in texts(framework):
        assert KANA_OR_KANJI.search(text.ja), text
        assert not KANA_OR_KANJI.search(text.en), text


def test_texts_are_full_sentences(framework: Framework) -> None:
    for requirement in framework.requirements:
        assert requirement.text.ja.endswith("。"), requirement.id
        assert requirement.text.en.endswith("."), requirement.id
        assert 1 <= requirement.text.ja.count("。") <= 3, requirement.id
        # The plain style throughout: guidance, not a letter.
        assert not re.search(r"(です|ます|ません)。", requirement.text.ja), requirement.id


def test_ids_are_safe_and_used_once(framework: Framework) -> None:
    found = [each.id for each in framework.requirements]
    found += [leaf.id for each in framework.requirements for leaf in each.expects]
    assert all(ID.match(each) for each in found)
    assert max(Counter(found).values()) == 1


def test_every_requirement_has_both_languages_a_source_and_a_mark(framework: Framework) -> None:
    for requirement in framework.requirements:
        for text in (requirement.title, requirement.text):
            assert text.ja.strip() and text.en.strip(), requirement.id
        assert requirement.source, requirement.id
        assert requirement.certainty in Certainty, requirement.id


def test_frameworks_share_no_ids() -> None:
    owners: dict[str, set[str]] = {}
    for key in available():
        for requirement in loaded(*key).requirements:
            owners.setdefault(requirement.id, set()).add(key.id)
    assert {id_: found for id_, found in owners.items() if len(found) > 1} == {}


def test_leaves_belong_to_their_requirement(framework: Framework) -> None:
    for requirement in framework.requirements:
        assert len(requirement.expects) <= 3
        for leaf in requirement.expects:
            assert leaf.id.startswith(f"{requirement.id}.")


def test_headings_expect_nothing_and_all_else_expects_something(framework: Framework) -> None:
    headings = {each.principle for each in framework.requirements}
    for requirement in framework.requirements:
        assert (requirement.expects == ()) == (requirement.id in headings), requirement.id


def test_every_row_cites_an_explained_source(framework: Framework) -> None:
    keys = {key.key for key in framework.source_keys}
    assert all(keys & set(each.source.split("; ")) for each in framework.requirements)


def test_every_source_key_is_used(guidance: Framework) -> None:
    cited = {key for each in guidance.requirements for key in each.source.split("; ")}
    # EY stands behind the counts of role items only, which the certainty notes say.
    assert {key.key for key in guidance.source_keys} - cited <= {"EY"}


def test_guidance_asks_and_never_orders(guidance: Framework) -> None:
    assert {each.force for each in guidance.requirements} <= {Force.SHOULD, Force.MAY}
    assert guidance.force is Force.SHOULD


def test_files_of_chosen_rows_say_what_is_open(guidance: Framework) -> None:
    # A file of chosen rows says what is still to be read in the original.
    assert guidance.certainty_notes and guidance.open_questions


def test_when_names_facts(framework: Framework) -> None:
    assert {fact for each in framework.requirements for fact in each.when} <= FACTS


def test_rows_of_the_guideline(guideline: Framework) -> None:
    assert len(guideline.requirements) == 30
    assert ids(guideline, r"JP-GL-C\d+") == [f"JP-GL-C{n}" for n in range(1, 8)]
    assert ids(guideline, r"JP-GL-A\d+") == [f"JP-GL-A{n}" for n in range(1, 5)]
    assert ids(guideline, r"JP-GL-2\..*") == [
        f"JP-GL-2.{n}" for n in ("1", "1a", "1b", "1c", "1d", "2", "2a", "2b", "3", "3a", "3b", "3c", "4", "5")
    ]
    assert ids(guideline, r"JP-GL-3\..*") == [f"JP-GL-3.{n}" for n in range(1, 5)]
    assert ids(guideline, r"JP-GL-4.*") == ["JP-GL-4"]


def test_kinds_of_the_guideline(guideline: Framework) -> None:
    kinds = {"JP-GL-C": Kind.CONSIDERATION, "JP-GL-A": Kind.APPROACH}
    for each in guideline.requirements:
        assert each.kind is kinds.get(each.id[:7], Kind.MATTER), each.id
    headings = {each.id for each in guideline.requirements if not each.expects}
    assert headings == {"JP-GL-2.1", "JP-GL-2.2", "JP-GL-2.3"}


def test_roles_of_the_guideline(guideline: Framework) -> None:
    roles = {each.id: each.roles for each in guideline.requirements}
    for id_ in ids(guideline, r"JP-GL-[CA]\d"):
        assert roles[id_] == frozenset()
    for id_ in ids(guideline, r"JP-GL-2\..*"):
        assert roles[id_] == BUSINESS | {Role.RESEARCH_INSTITUTE}
    for id_ in ids(guideline, r"JP-GL-3\..*"):
        assert roles[id_] == {Role.GOVERNMENT}
    assert roles["JP-GL-4"] == {Role.CITIZEN}


def test_the_guideline_invents_no_eighth_consideration_and_says_so(guideline: Framework) -> None:
    assert "JP-GL-C8" not in guideline.by_id
    assert any("1(2)" in each.en and "1(2)" in each.ja for each in guideline.open_questions)


def test_ten_principles_and_their_sub_items(either_business: Framework) -> None:
    principles = of_kind(either_business, Kind.PRINCIPLE)
    assert [each.id for each in principles] == [f"JP-AIGB-{n}" for n in range(1, 11)]
    sub_items = Counter(each.principle for each in of_kind(either_business, Kind.SUB_ITEM) if each.principle)
    assert sub_items == {
        f"JP-AIGB-{n}": count for n, count in [(1, 6), (2, 3), (3, 2), (4, 1), (5, 2), (6, 4), (7, 6), (8, 3), (10, 3)]
    }
    for each in (*principles, *of_kind(either_business, Kind.SUB_ITEM)):
        assert each.roles == BUSINESS


def test_three_philosophies_ask_for_a_policy_and_an_answer(either_business: Framework) -> None:
    philosophies = of_kind(either_business, Kind.PHILOSOPHY)
    assert [each.id for each in philosophies] == ["JP-AIGB-PH1", "JP-AIGB-PH2", "JP-AIGB-PH3"]
    for each in philosophies:
        assert [leaf.code.value for leaf in each.expects] == ["D", "Q"]


@pytest.mark.parametrize(
    ("letter", "role", "count", "listings"),
    [
        ("D", Role.DEVELOPER, 12, {Phase.DATA: 2, Phase.DEVELOPMENT: 5, Phase.AFTER_DEVELOPMENT: 5}),
        ("P", Role.PROVIDER, 11, {Phase.IMPLEMENTATION: 6, Phase.AFTER_PROVISION: 6}),
        ("U", Role.BUSINESS_USER, 7, {Phase.USE: 7}),
    ],
)
def test_role_items_are_counted_as_in_the_source(
    either_business: Framework, letter: str, role: Role, count: int, listings: dict[Phase, int]
) -> None:
    items = [each for each in of_kind(either_business, Kind.ROLE_ITEM) if each.roles == {role}]
    assert len(items) == count
    assert Counter(phase for each in items for phase in each.phases) == listings
    for each in items:
        assert re.fullmatch(rf"JP-AIGB-{letter}-\d+-i+", each.id)
        assert each.principle == f"JP-AIGB-{each.id.split('-')[3]}"


def test_role_items_ask_one_role_each(either_business: Framework) -> None:
    assert all(len(each.roles) == 1 for each in of_kind(either_business, Kind.ROLE_ITEM))
    twice = [each.id for each in of_kind(either_business, Kind.ROLE_ITEM) if len(each.phases) != 1]
    assert twice == ["JP-AIGB-P-2-ii"]


def test_six_governance_steps_and_their_action_goals(either_business: Framework) -> None:
    steps = of_kind(either_business, Kind.GOVERNANCE_STEP)
    assert [each.id for each in steps] == [f"JP-AIGB-G{n}" for n in range(1, 7)]
    goals = of_kind(either_business, Kind.ACTION_GOAL)
    assert Counter(each.principle for each in goals) == {
        f"JP-AIGB-G{n}": count for n, count in enumerate([3, 1, 4, 3, 2, 1], start=1)
    }
    assert all(re.fullmatch(rf"{each.principle}-\d", each.id) for each in goals)
    assert {each.certainty for each in steps} == {Certainty.CONFIRMED}
    assert {each.certainty for each in goals} == {Certainty.UNVERIFIED}


def test_twelve_points_for_advanced_ai(either_business: Framework) -> None:
    actions = of_kind(either_business, Kind.ACTION)
    assert [each.id for each in actions] == [f"JP-AIGB-2D-{n}" for n in range(1, 13)]
    assert {each.principle for each in actions} == {"JP-AIGB-2D"}
    assert {each.when for each in (*actions, either_business.by_id["JP-AIGB-2D"])} == {frozenset({"advanced"})}


def test_checklists_are_answered_by_a_person(either_business: Framework) -> None:
    questions = of_kind(either_business, Kind.QUESTION)
    assert Counter(each.principle for each in questions) == {"JP-AIGB-7A": 11, "JP-AIGB-7B": 12}
    assert [each.id.rsplit("-", 1)[1] for each in questions[:11]] == [*map(str, range(1, 11)), "G"]
    for each in questions:
        assert [leaf.code for leaf in each.expects] == [EvidenceCode.ANSWER]
        assert each.force is Force.MAY
        assert each.when == ({"advanced"} if each.principle == "JP-AIGB-7B" else set())
    confirmed = [each.id for each in questions if each.certainty is Certainty.CONFIRMED]
    assert confirmed == [f"JP-AIGB-7A-{n}" for n in range(1, 7)]


def test_the_worksheet_has_five_fields(either_business: Framework) -> None:
    fields = of_kind(either_business, Kind.WORKSHEET_FIELD)
    assert [each.title.en for each in fields] == [
        "Principle or role item chosen",
        "Own approach",
        "Status",
        "Responsible person",
        "Next action",
    ]


def test_what_version_1_1_added_is_known_from_a_report(either_business: Framework) -> None:
    added = [each for each in either_business.requirements if each.id.startswith("JP-AIGB-1.1-")]
    assert [each.id for each in added] == [
        "JP-AIGB-1.1-d1",
        "JP-AIGB-1.1-d1-technical",
        "JP-AIGB-1.1-d1-social",
        "JP-AIGB-1.1-d2",
        "JP-AIGB-1.1-d3",
    ]
    assert {each.certainty for each in added} == {Certainty.SECONDARY}
    assert {each.source for each in added} == {"NEWTON"}


def test_version_1_1_is_version_1_2_without_what_that_added(business: Framework) -> None:
    kept = tuple(each for each in business.requirements if not re.fullmatch(r"JP-AIGB-1\.2-d\d", each.id))
    assert loaded("jp.aigb", "1.1").requirements == kept
    assert len(business.requirements) - len(kept) == 6


def test_agent_items_are_asked_of_agents_and_physical_systems(business: Framework) -> None:
    deltas = [each for each in business.requirements if re.fullmatch(r"JP-AIGB-1\.2-d\d", each.id)]
    assert [each.id for each in deltas] == [f"JP-AIGB-1.2-d{n}" for n in range(1, 7)]
    assert [each.kind for each in deltas[:2]] == [Kind.DEFINITION, Kind.DEFINITION]
    assert {each.when for each in deltas[:2]} == {frozenset()}
    assert {each.when for each in deltas[2:]} == {frozenset({"agent", "physical"})}
    assert {each.certainty for each in deltas} == {Certainty.SECONDARY}


def test_only_some_rows_hang_on_the_system(either_business: Framework) -> None:
    facts = Counter(fact for each in either_business.requirements for fact in each.when)
    agents = {"agent": 4, "physical": 4} if either_business.version == "1.2" else {}
    assert facts == {"advanced": 26, "generative": 1, **agents}


def test_no_duty_is_invented_for_chatbots_or_minors(business: Framework) -> None:
    assert any("chatbot" in each.en and "minors" in each.en for each in business.certainty_notes)
    assert not any("minors" in each.text.en or "chatbot" in each.text.en for each in business.requirements)


def test_certainty_of_the_business_guidelines(business: Framework) -> None:
    by_mark = {mark: {each.id for each in business.requirements if each.certainty is mark} for mark in Certainty}
    principles = {f"JP-AIGB-{n}" for n in range(1, 11)} - {"JP-AIGB-9"}
    assert by_mark[Certainty.CONFIRMED] == {
        *principles,
        *("JP-AIGB-D-3-ii", "JP-AIGB-P-3-i", "JP-AIGB-U-3-i"),
        *(f"JP-AIGB-PH{n}" for n in range(1, 4)),
        *(f"JP-AIGB-G{n}" for n in range(1, 7)),
        *("JP-AIGB-7A", *(f"JP-AIGB-7A-{n}" for n in range(1, 7))),
    }
    assert by_mark[Certainty.SECONDARY] == {
        *("JP-AIGB-1.2", "JP-AIGB-6.2", "JP-AIGB-P-6-ii"),
        *("JP-AIGB-2D", "JP-AIGB-7B"),
        *ids(business, r"JP-AIGB-1\.[12]-d\d.*"),
    }


def test_certainty_of_the_guideline(guideline: Framework) -> None:
    unsure = {each.id: each.certainty for each in guideline.requirements if each.certainty is not Certainty.CONFIRMED}
    assert unsure == dict.fromkeys(("JP-GL-2.1a", "JP-GL-2.2a", "JP-GL-4"), Certainty.SECONDARY)


def test_leaves_that_checks_and_attestations_bind_to(guideline: Framework, business: Framework) -> None:
    codes = {leaf.id: leaf.code for each in (*guideline.requirements, *business.requirements) for leaf in each.expects}
    assert {codes[leaf] for leaf in MEASURED} == {EvidenceCode.MEASUREMENT}
    assert {leaf: codes[leaf].value for leaf in ATTESTED} == ATTESTED


def test_only_documents_and_answers_can_be_attested() -> None:
    assert [code.value for code in EvidenceCode if code.attestable] == ["D", "Q"]


def test_fairness_of_the_guideline_asks_only_for_measurements(guideline: Framework) -> None:
    assert [leaf.id for leaf in guideline.by_id["JP-GL-C2"].expects] == ["JP-GL-C2.bias-runs"]


def test_ten_then_eleven_perspectives() -> None:
    counts = {version: len(of_kind(loaded("jp.aisi.eval", version), Kind.PERSPECTIVE)) for version in ("1.10", "1.20")}
    assert counts == {"1.10": 10, "1.20": 11}


def test_items_stand_under_their_perspective(evaluation: Framework) -> None:
    items = Counter(each.principle for each in of_kind(evaluation, Kind.EVALUATION_ITEM))
    expected = {f"AISI-P{n}": count for n, count in enumerate([5, 9, 6, 2, 5, 7, 2, 9, 13, 3], start=1)}
    assert items == (expected if evaluation.version == "1.10" else {**expected, "AISI-P11": 4})
    assert [each.id for each in of_kind(evaluation, Kind.PERSPECTIVE)] == list(items)
    for each in of_kind(evaluation, Kind.EVALUATION_ITEM):
        assert each.id.startswith(f"{each.principle}-")


def test_names_of_the_perspectives(evaluation: Framework) -> None:
    assert [each.title.ja for each in of_kind(evaluation, Kind.PERSPECTIVE)][:10] == [
        "有害情報の出力制御",
        "偽誤情報の出力・誘導の防止",
        "公平性と包摂性",
        "ハイリスク利用・目的外利用への対処",
        "プライバシー保護",
        "セキュリティ確保",
        "説明可能性",
        "ロバスト性",
        "データ品質",
        "検証可能性",
    ]


def test_multimodal_and_retrieval_items_say_so(evaluation: Framework) -> None:
    for fact, expected in [
        ("multimodal", ["1-4", "1-5", "3-6", "5-5", "6-6", "6-7", *(f"8-{n}" for n in range(4, 10))]),
        ("retrieval", ["2-3", "2-4", "2-5", "5-4", "6-3"]),
    ]:
        found = [each for each in evaluation.requirements if fact in each.when]
        assert [each.id for each in found] == [f"AISI-P{n}" for n in expected]
        assert all(fact in each.tags for each in found)


def test_every_perspective_names_its_key_elements(evaluation: Framework) -> None:
    elements = {"human-centric", "safety", "fairness", "privacy", "security", "transparency"}
    for each in of_kind(evaluation, Kind.PERSPECTIVE)[:10]:
        assert set(each.tags) <= elements and each.tags
    of = {each.id: set(each.tags) for each in evaluation.requirements}
    for each in of_kind(evaluation, Kind.EVALUATION_ITEM):
        assert of[str(each.principle)] <= set(each.tags)


def test_the_guide_asks_developers_and_providers_of_generative_systems(evaluation: Framework) -> None:
    assert evaluation.scope.facts == {"generative"}
    assert {each.roles for each in evaluation.requirements} == {frozenset({Role.DEVELOPER, Role.PROVIDER})}


def test_rows_of_version_1_10_stand_unchanged_in_1_20() -> None:
    old, new = loaded("jp.aisi.eval", "1.10"), loaded("jp.aisi.eval", "1.20")
    added = {each.id for each in new.requirements} - {each.id for each in old.requirements}
    assert added == {"AISI-P11", "AISI-P11-a", "AISI-P11-b", "AISI-P11-x1", "AISI-P11-x2"}
    assert old.requirements == tuple(each for each in new.requirements if each.id not in added)


def test_the_eleventh_perspective_is_for_agents_and_not_confirmed() -> None:
    new = loaded("jp.aisi.eval", "1.20")
    rows = [each for each in new.requirements if each.id.startswith("AISI-P11")]
    assert {each.when for each in rows} == {frozenset({"agent"})}
    assert {each.certainty for each in rows} == {Certainty.SECONDARY}
    assert any("perspective 11" in each.en for each in new.open_questions)


def test_who_evaluates_and_when(evaluation: Framework) -> None:
    who, when = of_kind(evaluation, Kind.MATTER)
    assert (who.id, when.id) == ("AISI-4-1", "AISI-4-2")
    assert when.phases == (Phase.DEVELOPMENT, Phase.IMPLEMENTATION, Phase.AFTER_PROVISION, Phase.USE)
