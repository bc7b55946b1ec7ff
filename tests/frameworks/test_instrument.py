"""Instruments: every one that the documents name is there, and a file that is wrong says where."""

import re
from collections import Counter
from itertools import pairwise

import pytest

from shinrai.frameworks import Certainty, FrameworkKey, Role, available, load_framework
from shinrai.frameworks.instrument import (
    FORCE_MEANINGS,
    KIND_NAMES,
    NOTHING_DIRECTLY,
    Instrument,
    InstrumentKind,
    LegalForce,
    TraitName,
    instrument,
    instruments,
    read_instruments,
)
from shinrai.language import Bilingual, Language, ShinraiError

KANA_OR_KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

# The headings of the national factsheet of March 2026, with the instruments that stand under each.
FACTSHEET = {
    "1.1 1) Social Principles of Human-Centric AI": ["jp.social_principles"],
    "1.1 2) Integrated Innovation Strategy": ["jp.integrated_innovation_strategy"],
    "1.2 1) OECD AI Principles": ["oecd.ai_principles"],
    "1.2 2) UNESCO Recommendation": ["unesco.ai_ethics"],
    "1.2 3) Hiroshima AI Process": ["g7.haip", "g7.haip.gp", "g7.haip.gp_all", "g7.haip.coc", "oecd.haip.rf"],
    "1.2 4) Governing AI for Humanity": ["un.governing_ai", "un.ai_advisory_body"],
    "1.2 5) Global Digital Compact": ["un.gdc", "un.pact_for_the_future"],
    "1.3 1) AI-related regulations": ["jp.ai_act"],
    "1.3 2) Digital-related regulations": ["jp.digital_society_basic_act", "jp.digital_principles_plan"],
    "1.3 3) Personal information, intellectual property": [
        "jp.appi",
        "jp.patent_act",
        "jp.copyright_act",
        "jp.trademark_act",
        "jp.design_act",
        "jp.unfair_competition_act",
    ],
    "1.3 4) Automated driving": ["jp.road_traffic_act", "jp.road_transport_vehicle_act"],
    "1.3 5) Drones": [
        "jp.civil_aeronautics_act",
        "jp.drone_act",
        "jp.civil_code",
        "jp.radio_act",
        "jp.prefectural_ordinances",
    ],
    "1.3 6) Distribution of information": ["jp.information_distribution_platform_act"],
    "1.3 7) Cybersecurity": [
        "jp.cybersecurity_basic_act",
        "jp.cybersecurity_hq",
        "jp.penal_code",
        "jp.unauthorized_access_act",
        "jp.cyber_response_act",
        "jp.cyber_response_arrangement_act",
    ],
    "1.4 1) AI Guidelines for Business": ["jp.aigb"],
    "1.4 2) Evaluation perspectives": ["jp.aisi.eval"],
    "1.4 3) Red teaming": ["jp.aisi.redteam"],
    "1.4 4) Intellectual property in the AI era": ["jp.ip.ai_interim", "jp.ip.right_holders_guide", "jp.ip_hq"],
    "1.4 5) AI and copyright": ["jp.bunka.ai_copyright", "jp.bunka.ai_copyright_checklist"],
    "1.4 6) Intellectual Property Strategic Program": ["jp.ip_strategic_program"],
    "1.4 7) Priority measures": ["jp.mic.priority_measures"],
    "1.4 8) Guideline under Art. 13": ["jp.guideline13"],
    "1.5 1) Machine learning quality": ["jp.mlqm", "jp.aist.genai_quality"],
    "1.5 2) Primary and secondary education": ["jp.mext.genai_schools"],
    "1.5 3) Content creation": ["jp.meti.content_genai"],
    "1.5 4) Text-generating AI": ["jp.digital.textgen_risk"],
    "1.5 5) DS-310": ["jp.ds310"],
    "1.5 6) Procurement and use in government": ["jp.ds920", "jp.government_security_standards"],
    "1.5 7) Medical digital data": ["jp.mhlw.medical_data"],
    "1.5 8) Contracts in agriculture": ["jp.maff.ai_contract"],
    "1.5 9) Local governments": ["jp.mic.local_government"],
    "1.5 10) Defence": ["jp.mod.responsible_ai", "jp.mod.ai_policy"],
    "1.5 11) Civil liability": ["jp.meti.civil_liability"],
    "1.5 12) AI security": ["jp.mic.ai_security"],
    "1.6 1) Finance": ["jp.fdua.genai"],
    "1.6 2) Healthcare providers": ["jp.jadha.genai_healthcare"],
    "1.6 3) Medical and healthcare fields": ["jp.haip_cip.genai_medical"],
    "1.6 4) ISO/IEC 42001": ["iso.42001", "iso.42006"],
    "2 1) AI Strategic Headquarters": ["jp.ai_hq"],
    "2 2) Policy Promotion Office": ["jp.ai_policy_office"],
    "2 3) J-AISI": ["jp.aisi"],
    "2 4) GPAI Tokyo": ["jp.gpai_tokyo", "int.gpai", "gpai.safe_toolkit"],
}
# What the other documents name beside these: the plan, the law-firm article, the guide, and the comparison.
ELSEWHERE = [
    "jp.plan",
    "jp.sti_basic_act",
    "jp.sti_basic_plan",
    "jp.digital_priority_plan",
    "jp.economic_security_act",
    "jp.digital_skill_standard",
    "jp.ai_expert_panel",
    "jp.ai_promotion_council",
    "jp.product_liability_act",
    "jp.ai_hq_order",
    "jp.aisi.eval.robot",
    "jp.ai_technology_strategy",
    "jp.ai_strategy",
    "jp.ai_strategy_council",
    "jp.ai_tentative_summary",
    "jp.fsa.ai_guidance",
    "uk.aisi",
    "int.aisi_network",
    "int.jtc1",
    "g7.haip.friends",
    "eu.ai_act",
    "us.nist.ai_rmf",
    "us.nist.600_1",
    "uk.principles",
]


@pytest.fixture(scope="module")
def shipped() -> dict[str, Instrument]:
    return {each.id: each for each in instruments()}


def texts(each: Instrument) -> list[Bilingual]:
    meaning = each.meaning
    found = [each.title, each.issuer, *each.open_questions, *(trait.text for trait in each.traits)]
    found += [text for text in (meaning.developer, meaning.provider, meaning.business_user, meaning.government) if text]
    found += [version.title for version in each.versions if version.title]
    found += [key.title for key in each.source.keys]
    return found + ([each.licence.title] if each.licence else [])


@pytest.mark.parametrize("heading", FACTSHEET)
def test_every_heading_of_the_factsheet_has_its_records(heading: str, shipped: dict[str, Instrument]) -> None:
    for id_ in FACTSHEET[heading]:
        assert id_ in shipped
    assert any("S003" in {key.key for key in shipped[id_].source.keys} for id_ in FACTSHEET[heading])


def test_what_the_other_documents_name_is_there(shipped: dict[str, Instrument]) -> None:
    assert set(ELSEWHERE) <= set(shipped)


def test_every_framework_has_its_record(shipped: dict[str, Instrument]) -> None:
    assert {key.id for key in available()} <= set(shipped)


@pytest.mark.parametrize("key", available(), ids=lambda key: f"{key.id} {key.version}")
def test_record_and_framework_agree(key: FrameworkKey, shipped: dict[str, Instrument]) -> None:
    record, framework = shipped[key.id], load_framework(*key)
    version = next(each for each in record.versions if each.version == key.version)
    assert version.superseded_by == framework.superseded_by
    assert record.address is not None
    # The text of one and the same law may count in several languages; a framework names the one it was written from.
    assert record.language_of_record in {framework.language_of_record, "mul"}
    if version.published is not None:
        assert version.published.earliest <= framework.published <= version.published.latest


def test_every_text_is_in_its_own_language(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        for text in texts(each):
            # A name that is the same in both languages, such as a standard's number, still has words beside it.
            assert KANA_OR_KANJI.search(text.ja), (each.id, text)
            assert not KANA_OR_KANJI.search(text.en), (each.id, text)


def test_meanings_and_questions_are_sentences(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        meaning = each.meaning
        said = [meaning.developer, meaning.provider, meaning.business_user, meaning.government]
        for text in [*(text for text in said if text), *each.open_questions, *(trait.text for trait in each.traits)]:
            assert text.ja.endswith("。"), (each.id, text)
            assert text.en.endswith("."), (each.id, text)
            assert not re.search(r"(です|ます|ません)。", text.ja), (each.id, text)


def test_every_record_means_something_to_somebody(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        meaning = each.meaning
        assert any((meaning.developer, meaning.provider, meaning.business_user, meaning.government)), each.id


def test_a_role_without_a_sentence_reads_so(shipped: dict[str, Instrument]) -> None:
    assert shipped["un.gdc"].meaning.for_role(Role.DEVELOPER) is NOTHING_DIRECTLY
    assert shipped["un.gdc"].meaning.for_role(Role.GOVERNMENT) is shipped["un.gdc"].meaning.government


def test_addresses_are_safe_and_their_absence_is_said(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        for address in [each.address, *(version.address for version in each.versions)]:
            assert address is None or address.startswith("https://"), each.id
        assert each.address or each.open_questions, each.id


def test_superseding_instruments_and_grounds_exist(shipped: dict[str, Instrument]) -> None:
    named = {target for each in shipped.values() for target in (*each.rests_on, each.superseded_by) if target}
    assert named <= set(shipped)
    assert shipped["jp.digital.textgen_risk"].superseded_by == "jp.ds920"


def test_every_instrument_has_a_current_version(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        assert len(each.current) == 1, each.id


@pytest.mark.parametrize(
    ("id_", "versions"),
    [
        ("jp.plan", ["I", "II"]),
        ("jp.aigb", ["1.0", "1.01", "1.1", "1.2"]),
        ("jp.aisi.eval", ["1.00", "1.10", "1.20"]),
        ("jp.ds920", ["1", "2.0"]),
        ("oecd.haip.rf", ["1.0", "2.0"]),
        ("oecd.ai_principles", ["2019", "2024"]),
        ("jp.integrated_innovation_strategy", ["2024", "2025"]),
        ("eu.ai_act", ["2024-08-01", "2026-07-27"]),
    ],
)
def test_versions(id_: str, versions: list[str], shipped: dict[str, Instrument]) -> None:
    assert [version.version for version in shipped[id_].versions] == versions


def test_dates_are_no_more_exact_than_the_source(shipped: dict[str, Instrument]) -> None:
    dates = {id_: str(shipped[id_].versions[-1].published) for id_ in ("jp.maff.ai_contract", "jp.bunka.ai_copyright")}
    assert dates == {"jp.maff.ai_contract": "2020", "jp.bunka.ai_copyright": "2024-03"}
    assert str(shipped["jp.ds920"].versions[-1].in_force) == "2026-09-01"


def test_versions_stand_in_the_order_of_their_dates(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        dated = [version.published for version in each.versions if version.published]
        for earlier, later in pairwise(dated):
            assert earlier.earliest <= later.latest, each.id


def test_the_act_names_nobody_and_fines_nobody(shipped: dict[str, Instrument]) -> None:
    act = shipped["jp.ai_act"]
    assert act.force is LegalForce.BINDING_ON_STATE
    enforcement = next(trait for trait in act.traits if trait.name is TraitName.ENFORCEMENT)
    assert enforcement.certainty is Certainty.CONFIRMED and "Art. 16" in str(enforcement.source)
    assert (
        "No penalties" in enforcement.text.en and "no provision speaks of publishing the names" in enforcement.text.en
    )


def test_the_commercial_guide_is_never_the_only_ground_for_certainty(shipped: dict[str, Instrument]) -> None:
    for each in shipped.values():
        cited = [(each.source, each.certainty)]
        cited += [(version.source, version.certainty) for version in each.versions]
        cited += [(trait.source, trait.certainty) for trait in each.traits]
        for source, certainty in cited:
            keys = {key.key for key in source.keys}
            if keys <= {"S004", "MEMORY"}:
                assert certainty is not Certainty.CONFIRMED, each.id
            if keys == {"MEMORY"}:
                assert certainty is Certainty.UNVERIFIED, each.id


def test_lists_are_closed_and_explained_in_both_languages() -> None:
    assert set(FORCE_MEANINGS) == set(LegalForce) and set(KIND_NAMES) == set(InstrumentKind)


def test_all_kinds_and_forces_are_in_use(shipped: dict[str, Instrument]) -> None:
    assert {each.kind for each in shipped.values()} == set(InstrumentKind)
    assert {each.force for each in shipped.values()} == set(LegalForce)


def test_one_instrument_by_its_id() -> None:
    assert instrument("jp.ai_act").title.en.endswith("(AI Promotion Act)")


def test_an_unknown_instrument_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(ShinraiError) as caught:
        instrument("jp.aiact")
    assert "“jp.aiact”" in str(caught.value) and "“jp.ai_act”" in str(caught.value)
    with pytest.raises(ShinraiError, match="List the instruments"):
        instrument("*" * 500)


GOOD = """\
source_keys:
  S1: {ja: 資料, en: Source}
licences:
  L1: {title: {ja: 条件, en: Terms}, certainty: M}
instruments:
  - id: xx.old
    title: {ja: 旧指針, en: Old guideline}
    issuer: {ja: 省, en: Ministry}
    kind: guideline
    force: soft_law
    jurisdiction: JP
    versions:
      - {version: "1", published: 2020, in_force: null, superseded_by: "2", source: {keys: [S1]}, certainty: C}
      - {version: "2", published: 2021-03, in_force: null, source: {keys: [S1]}, certainty: C}
    superseded_by: xx.new
    address: https://example.jp/a.pdf
    language_of_record: ja
    licence: L1
    meaning: {developer: {ja: する。, en: Do.}, provider: null, business_user: null, government: null}
    source: {keys: [S1], section: "1"}
    certainty: C
  - id: xx.new
    title: {ja: 新指針, en: New guideline}
    issuer: {ja: 省, en: Ministry}
    kind: guideline
    force: soft_law
    jurisdiction: INT
    versions:
      - {version: "1", published: 2022-04-05, in_force: null, source: {keys: [S1]}, certainty: M}
    rests_on: [xx.old]
    address: null
    language_of_record: null
    licence: null
    meaning: {developer: null, provider: null, business_user: null, government: {ja: する。, en: Do.}}
    source: {keys: [S1]}
    certainty: M
    open_questions:
      - {ja: 所在は不明である。, en: The address is not known.}
    traits:
      - {name: approach, text: {ja: 方針, en: Approach}, source: {keys: [S1]}, certainty: M}
"""


def test_a_file_becomes_records() -> None:
    old, new = read_instruments(GOOD.encode(), "f.yaml")
    assert [str(version.published) for version in old.versions] == ["2020", "2021-03"]
    assert [version.version for version in old.current] == ["2"]
    assert str(old.source) == "S1; 1" and old.licence is not None and old.licence.certainty is Certainty.UNVERIFIED
    assert new.rests_on == ("xx.old",) and new.address is None and new.language_of_record is None
    assert [trait.name for trait in new.traits] == [TraitName.APPROACH]


@pytest.mark.parametrize(
    ("old", "new", "place", "fault"),
    [
        ("kind: guideline", "kind: guidline", "instruments[0].kind", "“guidline” is not one of"),
        ("force: soft_law", "force: soft", "instruments[0].force", "“soft” is not one of"),
        ("jurisdiction: JP", "jurisdiction: Japan", "instruments[0].jurisdiction", "not a country code"),
        ("published: 2020,", "published: 2020-13,", "instruments[0].versions[0].published", "There is no day 2020-13"),
        ("https://example.jp/a.pdf", "javascript:alert(1)", "instruments[0].address", "is not an address"),
        ("licence: L1", "licence: L2", "instruments[0].licence", "“L2” is not one of L1"),
        (
            "source: {keys: [S1], section",
            "source: {keys: [S2], section",
            "instruments[0].source.keys[0]",
            "“S2” is not",
        ),
        ("source: {keys: [S1], section", "source: {keys: [], section", "instruments[0].source.keys", "at least one"),
        ("superseded_by: xx.new", "superseded_by: xx.nw", "instruments[0].superseded_by", "no instrument “xx.nw”"),
        ("rests_on: [xx.old]", "rests_on: [xx.odd]", "instruments[1].rests_on[0]", "no instrument “xx.odd”"),
        ("id: xx.new", "id: xx.old", "instruments[1].id", "already used in f.yaml, line 6"),
        ('superseded_by: "2"', 'superseded_by: "3"', "instruments[0].versions", "names “3” as its successor"),
        ('version: "2", ', 'version: "1", ', "instruments[0].versions[1].version", "is given twice"),
        ("address: null", "address: ''", "instruments[1].address", "The text is empty"),
        ("name: approach", "name: aproach", "instruments[1].traits[0].name", "“aproach” is not one of"),
        ("government: null}", "govern: null}", "instruments[0].meaning.govern", "There is no field “govern”"),
        ("    certainty: C\n", "", "instruments[0]", "The field “certainty” is missing"),
        ("  S1: {ja", "  <b>: {ja", "source_keys.<b>", "cannot be the key"),
    ],
)
def test_faults_are_located_in_both_languages(old: str, new: str, place: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(ShinraiError) as caught:
        read_instruments(GOOD.replace(old, new, 1).encode(), "f.yaml")
    error = caught.value
    assert error.place is not None and (error.place.file, error.place.field) == ("f.yaml", place)
    assert error.place.line is not None and fault in str(error)
    assert error.text(Language.JA).startswith("f.yaml:")


def test_an_address_that_is_missing_must_be_an_open_question() -> None:
    silent = GOOD[: GOOD.index("    open_questions:")]
    with pytest.raises(ShinraiError, match="no open question says so"):
        read_instruments(silent.encode(), "f.yaml")


def test_an_instrument_needs_a_version_and_a_trait_stands_once() -> None:
    none = re.sub(r"versions:\n(      - .*\n)+", "versions: []\n", GOOD, count=1)
    with pytest.raises(ShinraiError, match="at least one version"):
        read_instruments(none.encode(), "f.yaml")
    trait = GOOD[GOOD.index("      - {name: approach") :]
    with pytest.raises(ShinraiError, match="The trait “approach” is given twice"):
        read_instruments((GOOD + trait).encode(), "f.yaml")


def test_ids_are_used_once(shipped: dict[str, Instrument]) -> None:
    assert max(Counter(each.id for each in instruments()).values()) == 1
    assert len(shipped) >= 100
