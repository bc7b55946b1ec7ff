"""The mappings that come with Shinrai: proposals with reasons of their own, whose rows exist, and nothing more."""

import re
from collections import Counter
from itertools import permutations

import pytest

from shinrai.frameworks import Certainty, Framework, FrameworkKey, available, load_framework
from shinrai.frameworks.mapped import Standing, coverage
from shinrai.frameworks.mapping import Basis, MappingSet, State, contradictions, mapping_sets
from shinrai.frameworks.relation import Relation
from shinrai.frameworks.worth import worth

KANA_OR_KANJI = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
SETS = mapping_sets()
PAIRS = [mapping for each in SETS for mapping in each.mappings]
BUSINESS = FrameworkKey("jp.aigb", "1.2")
GUIDELINE = FrameworkKey("jp.guideline13", "2025-12-19")


@pytest.fixture(scope="module")
def frameworks() -> dict[FrameworkKey, Framework]:
    """Those of the mapped frameworks that come with Shinrai."""
    wanted = {key for each in SETS for key in (each.source, each.target)}
    return {key: load_framework(*key) for key in available() if key in wanted}


def test_which_sets_there_are() -> None:
    assert Counter((each.source.id, each.target.id) for each in SETS) == {
        ("jp.aigb", "eu.ai_act"): 1,
        ("jp.aigb", "g7.haip.coc"): 1,
        ("jp.aigb", "iso.42001"): 1,
        ("jp.aigb", "jp.aisi.eval"): 1,
        ("jp.aigb", "us.nist.ai_rmf"): 1,
        ("jp.guideline13", "iso.42001"): 1,
        ("jp.guideline13", "jp.aigb"): 1,
    }
    assert len(PAIRS) == 235


@pytest.mark.parametrize("each", SETS, ids=lambda each: each.name)
def test_a_file_is_named_by_what_it_maps(each: MappingSet) -> None:
    assert each.name == f"{each.source.id}--{each.target.id}.yaml"


@pytest.mark.parametrize("each", SETS, ids=lambda each: each.name)
def test_every_row_exists(each: MappingSet, frameworks: dict[FrameworkKey, Framework]) -> None:
    found = worth([each], frameworks.values())
    assert (found.unknown_rows, found.unchecked) == (0, 0)


def test_every_pair_is_a_proposal_that_nobody_has_reviewed() -> None:
    assert {each.state for each in PAIRS} == {State.PROPOSED}
    assert {(each.author, each.reviewer) for each in PAIRS} == {("Shinrai project", None)}
    assert {each.certainty for each in PAIRS} == {Certainty.UNVERIFIED}
    assert {each.basis for each in PAIRS} == {Basis.SEMANTIC}
    assert contradictions(SETS) == ()


def test_reasons_are_of_their_own_and_in_both_languages() -> None:
    reasons = [each.rationale for each in PAIRS if each.rationale]
    assert len({each.ja for each in reasons}) == len({each.en for each in reasons}) == len(PAIRS)
    for each in reasons:
        assert each.ja.endswith("。") and KANA_OR_KANJI.search(each.ja) and len(each.ja) >= 25, each
        assert each.en.endswith(".") and not KANA_OR_KANJI.search(each.en) and len(each.en) >= 60, each
        assert not re.search(r"(です|ます|ません)。", each.ja), each
    found = worth(SETS)
    assert found.own_rationale == found.pairs


def test_no_two_reasons_begin_or_end_alike() -> None:
    """A reason that was made by filling in names would share its frame with others."""
    for language in ("ja", "en"):
        texts = [getattr(each.rationale, language) for each in PAIRS]
        assert max(Counter(text[:24] for text in texts).values()) <= 4
        assert max(Counter(text[-24:] for text in texts).values()) <= 2


def test_strong_relations_are_few_and_where_they_are_meant() -> None:
    strong = {
        (each.source.id, each.target.id): each.relation for each in PAIRS if each.relation is not Relation.INTERSECTS
    }
    taken_over = {(f"JP-AIGB-2D-{n}", f"HAIP-{n}"): Relation.EQUAL for n in range(1, 13)}
    asked_about = {(f"JP-AIGB-7B-{n}", f"HAIP-{n}"): Relation.SUBSET for n in range(1, 13)}
    narrower = {
        ("JP-GL-C2", "JP-AIGB-3"): Relation.SUBSET,
        ("JP-GL-C3", "JP-AIGB-2"): Relation.SUBSET,
        ("JP-GL-C6", "JP-AIGB-5"): Relation.SUBSET,
        ("JP-GL-C7", "JP-AIGB-4"): Relation.SUBSET,
        ("JP-GL-2.1c", "JP-AIGB-8"): Relation.SUBSET,
    }
    assert strong == taken_over | asked_about | narrower


def test_no_result_carries_over_today(frameworks: dict[FrameworkKey, Framework]) -> None:
    for source, target in permutations(frameworks.values(), 2):
        assert coverage(source, target, SETS).counts[Standing.CARRIED] == 0


def test_what_the_business_guidelines_would_give_the_guideline(frameworks: dict[FrameworkKey, Framework]) -> None:
    found = coverage(frameworks[BUSINESS], frameworks[GUIDELINE], SETS)
    would = {row.id for row in found.rows if row.standing is Standing.WOULD_CARRY}
    assert would == {"JP-GL-C2", "JP-GL-C3", "JP-GL-C6", "JP-GL-C7", "JP-GL-2.1c"}
    back = coverage(frameworks[GUIDELINE], frameworks[BUSINESS], SETS)
    assert back.counts[Standing.WOULD_CARRY] == 0
