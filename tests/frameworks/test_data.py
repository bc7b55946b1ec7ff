"""The framework files that come with Shinrai: complete, bilingual, and with the ids that others bind to."""

import re
from collections import Counter
from datetime import date

import pytest

from shinrai.frameworks import (
    FACTS,
    Certainty,
    EvidenceCode,
    Force,
    Framework,
    FrameworkKey,
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


@pytest.fixture(scope="module", params=available(), ids=lambda key: key.id)
def framework(request: pytest.FixtureRequest) -> Framework:
    return load_framework(*request.param)


@pytest.fixture(scope="module")
def guideline() -> Framework:
    return load_framework("jp.guideline13", "2025-12-19")


@pytest.fixture(scope="module")
def business() -> Framework:
    return load_framework("jp.aigb", "1.2")


def ids(framework: Framework, pattern: str) -> list[str]:
    return [each.id for each in framework.requirements if re.fullmatch(pattern, each.id)]


def texts(framework: Framework) -> list[Bilingual]:
    found = [framework.title, framework.issuer, *framework.certainty_notes, *framework.open_questions]
    found += [key.title for key in framework.source_keys]
    for requirement in framework.requirements:
        found += [requirement.title, requirement.text, *(leaf.title for leaf in requirement.expects)]
    return found


def test_both_instruments_are_available() -> None:
    assert available() == (FrameworkKey("jp.aigb", "1.2"), FrameworkKey("jp.guideline13", "2025-12-19"))


def test_the_file_name_is_the_header(framework: Framework) -> None:
    assert FrameworkKey(framework.id, framework.version) in available()


def test_headers_carry_dates_and_licences(guideline: Framework, business: Framework) -> None:
    assert (guideline.published, guideline.valid_from) == (date(2025, 12, 19), date(2025, 12, 19))
    assert (business.published, business.valid_from) == (date(2026, 3, 31), date(2026, 3, 31))
    assert guideline.superseded_by is None and business.superseded_by is None
    assert "Public Data License 1.0" in guideline.licence
    assert "to be checked" in business.licence


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


def test_leaves_belong_to_their_requirement(framework: Framework) -> None:
    for requirement in framework.requirements:
        assert len(requirement.expects) <= 3
        for leaf in requirement.expects:
            assert leaf.id.startswith(f"{requirement.id}.")


def test_headings_expect_nothing_and_all_else_expects_something(framework: Framework) -> None:
    headings = {each.principle for each in framework.requirements}
    for requirement in framework.requirements:
        assert (requirement.expects == ()) == (requirement.id in headings), requirement.id


def test_every_source_key_is_explained_and_used(framework: Framework) -> None:
    cited = {key for each in framework.requirements for key in each.source.split("; ")}
    keys = {key.key for key in framework.source_keys}
    # EY stands behind the counts of role items only, which the certainty notes say.
    assert keys - cited <= {"EY"}
    assert all(keys & set(each.source.split("; ")) for each in framework.requirements)


def test_guidance_asks_and_never_orders(framework: Framework) -> None:
    assert {each.force for each in framework.requirements} <= {Force.SHOULD, Force.MAY}
    assert framework.force is Force.SHOULD


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


def test_ten_principles_and_their_sub_items(business: Framework) -> None:
    assert ids(business, r"JP-AIGB-\d+") == [f"JP-AIGB-{n}" for n in range(1, 11)]
    sub_items = Counter(each.split(".")[0] for each in ids(business, r"JP-AIGB-\d+\.\d+"))
    assert sub_items == {
        f"JP-AIGB-{n}": count for n, count in [(1, 6), (2, 3), (3, 2), (4, 1), (5, 2), (6, 4), (7, 6), (8, 3), (10, 3)]
    }
    for id_ in ids(business, r"JP-AIGB-\d+(\.\d+)?"):
        assert business.by_id[id_].roles == BUSINESS


@pytest.mark.parametrize(
    ("letter", "role", "count"),
    [("D", Role.DEVELOPER, 12), ("P", Role.PROVIDER, 11), ("U", Role.BUSINESS_USER, 7)],
)
def test_role_items_are_counted_as_in_the_source(business: Framework, letter: str, role: Role, count: int) -> None:
    items = ids(business, rf"JP-AIGB-{letter}-\d+-i+")
    assert len(items) == count
    for id_ in items:
        assert business.by_id[id_].roles == {role}
        assert business.by_id[id_].principle == f"JP-AIGB-{id_.split('-')[3]}"


def test_agent_items_are_asked_of_agents_and_physical_systems(business: Framework) -> None:
    deltas = ids(business, r"JP-AIGB-1\.2-d\d")
    assert deltas == ["JP-AIGB-1.2-d3", "JP-AIGB-1.2-d4", "JP-AIGB-1.2-d5"]
    assert [each.id for each in business.requirements if each.when] == deltas
    for id_ in deltas:
        assert business.by_id[id_].when == {"agent", "physical"}


def test_certainty_of_the_business_guidelines(business: Framework) -> None:
    by_mark = {mark: {each.id for each in business.requirements if each.certainty is mark} for mark in Certainty}
    principles = {f"JP-AIGB-{n}" for n in range(1, 11)} - {"JP-AIGB-9"}
    assert by_mark[Certainty.CONFIRMED] == principles | {"JP-AIGB-D-3-ii", "JP-AIGB-P-3-i", "JP-AIGB-U-3-i"}
    assert by_mark[Certainty.SECONDARY] == {
        "JP-AIGB-1.2",
        "JP-AIGB-6.2",
        "JP-AIGB-P-6-ii",
        "JP-AIGB-1.2-d3",
        "JP-AIGB-1.2-d4",
        "JP-AIGB-1.2-d5",
    }


def test_certainty_of_the_guideline(guideline: Framework) -> None:
    unsure = {each.id: each.certainty for each in guideline.requirements if each.certainty is not Certainty.CONFIRMED}
    assert unsure == {"JP-GL-2.2a": Certainty.SECONDARY, "JP-GL-4": Certainty.SECONDARY}


def test_leaves_that_checks_and_attestations_bind_to(guideline: Framework, business: Framework) -> None:
    codes = {leaf.id: leaf.code for each in (*guideline.requirements, *business.requirements) for leaf in each.expects}
    assert {codes[leaf] for leaf in MEASURED} == {EvidenceCode.MEASUREMENT}
    assert {leaf: codes[leaf].value for leaf in ATTESTED} == ATTESTED


def test_only_documents_and_answers_can_be_attested() -> None:
    assert [code.value for code in EvidenceCode if code.attestable] == ["D", "Q"]


def test_fairness_of_the_guideline_asks_only_for_measurements(guideline: Framework) -> None:
    assert [leaf.id for leaf in guideline.by_id["JP-GL-C2"].expects] == ["JP-GL-C2.bias-runs"]
