"""International instruments: counted by machine, marked honestly, and dated by class of system."""

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
    Requirement,
    Role,
    Scope,
    Start,
    applicability,
    load_framework,
)
from shinrai.language import Language

FILES = [
    ("eu.ai_act", "2026-07-27"),
    ("g7.haip.coc", "2023-10-30"),
    ("iso.42001", "2023"),
    ("oecd.haip.rf", "1.0"),
    ("oecd.haip.rf", "2.0"),
    ("uk.principles", "2023"),
    ("us.nist.600_1", "2024-07-26"),
    ("us.nist.ai_rmf", "1.0"),
]
OF_THE_COMPANY = {Role.DEVELOPER, Role.PROVIDER, Role.BUSINESS_USER}
KANA_OR_KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

HIGH_RISK = {*(f"EU-{n}" for n in (9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 26, 72, 73))}
EITHER_CLASS = {Start("eu_high_risk_annex_iii", date(2027, 12, 2)), Start("eu_high_risk_annex_i", date(2028, 8, 2))}
TODAY = date(2026, 11, 20)


@pytest.fixture(params=FILES, ids=lambda key: "-".join(key))
def framework(request: pytest.FixtureRequest) -> Framework:
    return load_framework(*request.param)


@pytest.fixture(scope="module")
def act() -> Framework:
    return load_framework("eu.ai_act", "2026-07-27")


@pytest.fixture(scope="module")
def rmf() -> Framework:
    return load_framework("us.nist.ai_rmf", "1.0")


@pytest.fixture(scope="module")
def standard() -> Framework:
    return load_framework("iso.42001", "2023")


def kinds(framework: Framework) -> Counter[Kind]:
    return Counter(each.kind for each in framework.requirements)


def of_kind(framework: Framework, kind: Kind) -> list[Requirement]:
    return [each for each in framework.requirements if each.kind is kind]


def asked(framework: Framework, facts: Facts) -> set[str]:
    return {each.requirement.id for each in applicability(framework, facts) if each.applies}


def reason(framework: Framework, facts: Facts, id_: str, language: Language) -> str:
    (found,) = [each for each in applicability(framework, facts) if each.requirement.id == id_]
    return found.reason.text(language)


# What holds for every file of this part.


def test_every_row_has_both_languages_a_source_and_a_mark(framework: Framework) -> None:
    for each in framework.requirements:
        for text in (each.title, each.text, *(leaf.title for leaf in each.expects)):
            assert KANA_OR_KANJI.search(text.ja), each.id
            assert not KANA_OR_KANJI.search(text.en), each.id
        assert each.source, each.id
        assert each.certainty in Certainty, each.id
        assert each.text.ja.endswith("。") and not re.search(r"(です|ます|ません)。", each.text.ja), each.id
        assert 1 <= each.text.ja.count("。") <= 3, each.id
        assert each.text.en.endswith("."), each.id


def test_a_source_key_is_declared_because_a_row_cites_it(framework: Framework) -> None:
    cited = {word for each in framework.requirements for word in each.source.split("; ")}
    assert {key.key for key in framework.source_keys} <= cited


def test_what_is_from_memory_is_never_called_confirmed(framework: Framework) -> None:
    for each in framework.requirements:
        unconfirmed = {"MEMORY", "DERIVED", "V1"} & set(each.source.split("; "))
        assert not unconfirmed or each.certainty is Certainty.UNVERIFIED, each.id


def test_headings_expect_nothing_and_all_else_one_to_three_pieces(framework: Framework) -> None:
    headings = {each.principle for each in framework.requirements}
    for each in framework.requirements:
        assert len(each.expects) in ({0} if each.id in headings else {1, 2, 3}), each.id


def test_only_tasks_of_governments_lie_outside_the_organisation(framework: Framework) -> None:
    for each in framework.requirements:
        outside = {leaf.code is EvidenceCode.OUTSIDE for leaf in each.expects}
        assert outside <= {each.roles == {Role.GOVERNMENT}}, each.id


def test_every_file_says_how_it_came_about(framework: Framework) -> None:
    assert framework.certainty_notes and framework.open_questions
    assert framework.language_of_record == "en"


def test_law_orders_and_the_rest_does_not(framework: Framework) -> None:
    forces = {framework.force, *(each.force for each in framework.requirements)}
    assert (forces == {Force.MUST}) == (framework.id == "eu.ai_act")
    assert Force.MUST not in forces or len(forces) == 1


def test_ids_of_two_instruments_do_not_collide() -> None:
    of = {key: {each.id for each in load_framework(*key).requirements} for key in FILES}
    for one, ids in of.items():
        for other, others in of.items():
            assert one[0] == other[0] or not ids & others


# NIST AI RMF 1.0


def test_the_core_of_the_rmf_is_whole(rmf: Framework) -> None:
    assert kinds(rmf) == {Kind.FUNCTION: 4, Kind.CATEGORY: 19, Kind.SUBCATEGORY: 72}
    assert rmf.coverage is Coverage.COMPLETE
    assert rmf.published == date(2023, 1, 26)


def test_subcategories_are_numbered_without_gaps_below_their_category(rmf: Framework) -> None:
    sizes = {
        "GOVERN": (7, 3, 2, 3, 2, 2),
        "MAP": (6, 3, 5, 2, 2),
        "MEASURE": (3, 13, 3, 3),
        "MANAGE": (4, 4, 2, 3),
    }
    expected = [
        (f"NIST-{function}-{category}.{n}", f"NIST-{function}-{category}")
        for function, counts in sizes.items()
        for category, count in enumerate(counts, 1)
        for n in range(1, count + 1)
    ]
    assert [(each.id, each.principle) for each in of_kind(rmf, Kind.SUBCATEGORY)] == expected
    assert {each.certainty for each in rmf.requirements} == {Certainty.CONFIRMED}


# ISO/IEC 42001


def test_annex_a_has_38_controls_below_nine_objectives(standard: Framework) -> None:
    assert kinds(standard) == {Kind.CONTROL: 38, Kind.HEADING: 9, Kind.CLAUSE: 14}
    assert [each.id for each in of_kind(standard, Kind.HEADING)] == [f"ISO-42001-A.{n}" for n in range(2, 11)]
    below = Counter(each.principle for each in of_kind(standard, Kind.CONTROL))
    assert [below[f"ISO-42001-A.{n}"] for n in range(2, 11)] == [3, 2, 5, 4, 9, 5, 4, 3, 3]
    assert {each.certainty for each in of_kind(standard, Kind.CONTROL)} == {Certainty.CONFIRMED}


def test_clauses_are_from_memory_and_named_so(standard: Framework) -> None:
    clauses = [each.id.removeprefix("ISO-42001-") for each in of_kind(standard, Kind.CLAUSE)]
    assert clauses == ["4", "5", "6", "6.1.2", "6.1.4", "7", "8", "8.4", "9", "9.1", "9.2", "9.3", "10", "10.2"]
    assert {each.certainty for each in of_kind(standard, Kind.CLAUSE)} == {Certainty.UNVERIFIED}


def test_no_text_of_the_standard_is_shipped(standard: Framework) -> None:
    # One short sentence that says what the title says; longer ones would begin to carry the standard's content.
    for each in standard.requirements:
        assert each.text.ja.count("。") == 1 and len(each.text.ja) <= 40, each.id
        assert each.text.en.count(".") == 1 and len(each.text.en) <= 80, each.id
    assert "Copyright" in standard.licence and "not shipped" in standard.licence
    assert standard.coverage is Coverage.EXTRACT


# EU AI Act


def test_articles_areas_and_tiers_of_the_act(act: Framework) -> None:
    articles = {each.id for each in of_kind(act, Kind.ARTICLE)}
    assert articles == {
        *HIGH_RISK,
        *(f"EU-{n}" for n in ("4", "4a", "5", "6", "27", "50", "51", "52", "53", "54", "55", "56", "57")),
        *(f"EU-{n}" for n in ("86", "99", "101")),
    }
    areas = [each for each in act.requirements if each.principle == "EU-6-III"]
    assert [each.kind for each in areas] == [Kind.DEFINITION] * 8
    assert [each.certainty.value for each in areas] == ["C"] * 3 + ["M"] * 5
    tiers = [each for each in act.requirements if each.principle == "EU-T"]
    assert [each.id.removeprefix("EU-T.") for each in tiers] == [
        "prohibited",
        "high-risk-iii",
        "high-risk-i",
        "transparency",
        "gpai",
        "gpai-systemic",
        "other",
    ]
    assert {each.kind for each in tiers} == {Kind.DEFINITION}
    assert act.coverage is Coverage.EXTRACT
    assert act.scope == Scope(frozenset({"EU"}))


@pytest.mark.parametrize("id_", sorted(HIGH_RISK))
def test_high_risk_duties_start_by_class(act: Framework, id_: str) -> None:
    rows = [act.by_id[id_], *(each for each in act.requirements if each.principle == id_)]
    for row in rows:
        if row.when == {"eu_high_risk_annex_iii"}:
            assert set(row.starts) == {Start("eu_high_risk_annex_iii", date(2027, 12, 2))}
        else:
            assert row.when == {"eu_high_risk_annex_iii", "eu_high_risk_annex_i"}
            assert set(row.starts) == EITHER_CLASS


@pytest.mark.parametrize(
    ("id_", "start"),
    [
        ("EU-4", date(2025, 2, 2)),
        ("EU-4a", date(2026, 7, 27)),
        ("EU-5", date(2025, 2, 2)),
        ("EU-5.1", date(2025, 2, 2)),
        ("EU-5.1ba", date(2026, 12, 2)),
        ("EU-5.1bb", date(2026, 12, 2)),
        ("EU-27", date(2027, 12, 2)),
        ("EU-6-III", date(2027, 12, 2)),
        ("EU-6-I", date(2028, 8, 2)),
        ("EU-50.2", date(2026, 8, 2)),
        *((f"EU-{n}", date(2025, 8, 2)) for n in range(51, 57)),
        ("EU-86", date(2026, 8, 2)),
        ("EU-99", date(2025, 8, 2)),
        ("EU-101", date(2026, 8, 2)),
    ],
)
def test_other_articles_start_on_their_own_day(act: Framework, id_: str, start: date) -> None:
    assert {each.day for each in act.by_id[id_].starts} == {start}


def hiring_in_germany(on: date, role: Role = Role.PROVIDER) -> Facts:
    return Facts(frozenset({role}), frozenset({"employment", "eu_high_risk_annex_iii"}), frozenset({"DE"}), on)


def test_a_hiring_system_in_germany_waits_for_its_class(act: Framework) -> None:
    assert asked(act, hiring_in_germany(TODAY)) == {"EU-4", "EU-5", "EU-5.1", "EU-T", "EU-T.other"}
    assert asked(act, hiring_in_germany(date(2027, 12, 1))) == asked(act, hiring_in_germany(TODAY))
    later = asked(act, hiring_in_germany(date(2027, 12, 2)))
    assert later - asked(act, hiring_in_germany(TODAY)) == {
        *(HIGH_RISK - {"EU-26"}),
        *("EU-6", "EU-6-III", "EU-6-III.4", "EU-6.4", "EU-T.high-risk-iii"),
    }


def test_the_reason_names_the_day(act: Framework) -> None:
    waiting = hiring_in_germany(TODAY)
    english = "It applies from 2027-12-02 on; the day asked about is 2026-11-20."
    assert reason(act, waiting, "EU-9", Language.EN) == english
    assert "2027-12-02" in reason(act, waiting, "EU-9", Language.JA)


def test_a_product_waits_eight_months_longer(act: Framework) -> None:
    def machine(on: date) -> set[str]:
        facts = Facts(frozenset({Role.PROVIDER}), frozenset({"eu_high_risk_annex_i"}), frozenset({"FR"}), on)
        return asked(act, facts)

    assert "EU-9" not in machine(date(2028, 8, 1))
    assert {"EU-9", "EU-6-I"} <= machine(date(2028, 8, 2))
    assert "EU-27" not in machine(date(2030, 1, 1))


def test_deployers_get_their_own_duties(act: Framework) -> None:
    day = date(2027, 12, 2)
    deployer = asked(act, hiring_in_germany(day, Role.BUSINESS_USER))
    provider = asked(act, hiring_in_germany(day))
    assert {"EU-26", "EU-26.2", "EU-26.7", "EU-27", "EU-86", "EU-4"} <= deployer
    assert not deployer & {"EU-9", "EU-16", "EU-72", "EU-73"}
    assert not provider & {"EU-26", "EU-26.2", "EU-27", "EU-86"}


def test_a_system_used_only_in_japan_is_outside_with_the_reason(act: Framework) -> None:
    facts = Facts(frozenset(Role), frozenset({"employment", "eu_high_risk_annex_iii"}), frozenset({"JP"}), TODAY)
    decided = applicability(act, facts)
    assert not any(each.applies for each in decided)
    assert {each.reason.text(Language.EN) for each in decided} == {
        "It concerns systems used in EU; this one is used in JP."
    }


def test_general_purpose_models_and_those_with_systemic_risk(act: Framework) -> None:
    def model(*facts: str) -> set[str]:
        return asked(act, Facts(frozenset({Role.DEVELOPER}), frozenset(facts), frozenset({"EU"}), TODAY))

    general = model("general_purpose")
    assert {"EU-53.1a", "EU-53.1b", "EU-53.1c", "EU-53.1d", "EU-54"} <= general
    assert "EU-55" not in general
    assert model("general_purpose", "eu_systemic_risk") - general == {"EU-52", "EU-55", "EU-T.gpai-systemic"}


def test_generated_content_is_marked_now_and_two_prohibitions_follow(act: Framework) -> None:
    def chat(on: date) -> set[str]:
        facts = frozenset({"generative", "public_facing", "eu_transparency"})
        return asked(act, Facts(frozenset({Role.PROVIDER}), facts, frozenset({"IE"}), on))

    assert {"EU-50.1", "EU-50.2"} <= chat(TODAY)
    assert not chat(TODAY) & {"EU-50.3", "EU-50.4", "EU-9"}
    assert chat(date(2026, 12, 2)) - chat(date(2026, 12, 1)) == {"EU-5.1ba", "EU-5.1bb"}


# The Hiroshima Process and its reports


def test_eleven_actions_and_one_guiding_principle() -> None:
    code = load_framework("g7.haip.coc", "2023-10-30")
    assert [each.id for each in of_kind(code, Kind.ACTION)] == [f"HAIP-{n}" for n in range(1, 12)]
    assert [each.id for each in of_kind(code, Kind.PRINCIPLE)] == ["HAIP-12"]
    assert {each.certainty for each in code.requirements} == {Certainty.UNVERIFIED}
    facts = Facts(frozenset({Role.DEVELOPER}), frozenset({"generative"}))
    assert asked(code, facts) == set()
    advanced = Facts(facts.roles, frozenset({"advanced"}))
    assert len(asked(code, advanced)) == 12
    assert asked(code, Facts(frozenset({Role.BUSINESS_USER}), frozenset({"advanced"}))) == {"HAIP-12"}


def test_reports_have_seven_sections_in_both_versions() -> None:
    first, second = (load_framework("oecd.haip.rf", version) for version in ("1.0", "2.0"))
    for each in (first, second):
        assert [row.id for row in of_kind(each, Kind.SECTION)] == [f"HRF-S{n}" for n in range(1, 8)]
        assert [row.id for row in of_kind(each, Kind.DUTY)] == [f"HRF-2.{n}" for n in range(1, 5)]
        assert any("neither endorsement nor certification" in note.en for note in each.certainty_notes)
    assert (first.superseded_by, second.superseded_by) == ("2.0", None)
    assert (first.valid_from, second.valid_from) == (date(2025, 2, 7), date(2026, 5, 28))


def test_the_second_version_repeats_the_first_and_adds_roles_and_agents() -> None:
    first, second = (load_framework("oecd.haip.rf", version).by_id for version in ("1.0", "2.0"))
    assert set(second) - set(first) == {"HRF-V2", "HRF-V2.1", "HRF-V2.2", "HRF-V2.3", "HRF-V2.4"}
    assert set(first) <= set(second)
    for id_, row in first.items():
        again = second[id_]
        assert (again.title, again.text, again.expects, again.tags) == (row.title, row.text, row.expects, row.tags)
        assert row.roles <= again.roles
    assert all(second[id_] == first[id_] for id_ in first if id_.startswith("HRF-2"))
    assert second["HRF-V2.2"].when == {"agent"}


def test_roles_of_the_second_version_are_those_of_the_first_widened() -> None:
    first, second = (load_framework("oecd.haip.rf", version) for version in ("1.0", "2.0"))
    assert {each.roles for each in of_kind(first, Kind.QUESTION)} == {frozenset({Role.DEVELOPER})}
    deployer = asked(second, Facts(frozenset({Role.BUSINESS_USER}), frozenset({"advanced"})))
    assert {"HRF-S4.4", "HRF-V2.1"} <= deployer
    assert not deployer & {"HRF-S2.6", "HRF-S3.5", "HRF-V2.2"}


def test_marks_of_the_reports_are_lower_where_the_form_was_not_seen() -> None:
    first, second = (load_framework("oecd.haip.rf", version) for version in ("1.0", "2.0"))
    for each in of_kind(first, Kind.QUESTION):
        outlined = each.id.startswith(("HRF-S1.", "HRF-S2."))
        assert (each.certainty is Certainty.CONFIRMED) == outlined, each.id
    carried = [each for each in second.requirements if each.id.startswith("HRF-S")]
    assert {each.certainty for each in carried} == {Certainty.UNVERIFIED}


# The generative profile and the principles of the United Kingdom


def test_twelve_risks_of_generative_systems_only() -> None:
    profile = load_framework("us.nist.600_1", "2024-07-26")
    assert kinds(profile) == {Kind.RISK: 12}
    assert {each.certainty for each in profile.requirements} == {Certainty.UNVERIFIED}
    assert asked(profile, Facts(frozenset({Role.PROVIDER}))) == set()
    assert len(asked(profile, Facts(frozenset({Role.PROVIDER}), frozenset({"generative"})))) == 12


def test_five_principles_without_scope() -> None:
    principles = load_framework("uk.principles", "2023")
    assert kinds(principles) == {Kind.PRINCIPLE: 5}
    assert principles.scope == Scope()
    assert {each.certainty for each in principles.requirements} == {Certainty.UNVERIFIED}
    assert all(each.roles == OF_THE_COMPANY for each in principles.requirements)
