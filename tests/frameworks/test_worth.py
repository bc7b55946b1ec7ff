"""What mapping data is worth."""

from dataclasses import replace

from shinrai.frameworks import FrameworkKey, load_framework
from shinrai.frameworks.mapping import Mapping, MappingSet, Row, State
from shinrai.frameworks.model import Certainty
from shinrai.frameworks.relation import Relation
from shinrai.frameworks.worth import Worth, worth
from shinrai.language import Bilingual, Language

BUSINESS = load_framework("jp.aigb", "1.2")
OTHER = FrameworkKey("xx.other", "1")
KEY = FrameworkKey("jp.aigb", "1.2")
REASON = Bilingual("共通点がある。", "They share something.")

PAIR = Mapping(Row(KEY, "JP-AIGB-1"), Row(OTHER, "X-1"), Relation.INTERSECTS, State.PROPOSED, "A", Certainty.UNVERIFIED)
SET = MappingSet("s", KEY, OTHER, "A", "none", Bilingual("法", "m"), ())


def of(*pairs: Mapping) -> Worth:
    known = replace(BUSINESS, id="xx.other", version="1", requirements=(replace(BUSINESS.requirements[0], id="X-1"),))
    return worth([replace(SET, mappings=pairs)], [BUSINESS, known])


def test_nothing_is_worth_nothing() -> None:
    found = worth([])
    assert (found.sets, found.pairs) == (0, 0)
    assert [str(line) for line in found.lines()] == ["There is no mapping."]


def test_bare_pairs() -> None:
    found = of(PAIR)
    assert found.relations == dict.fromkeys(Relation, 0) | {Relation.INTERSECTS: 1}
    assert (found.with_rationale, found.own_rationale, found.with_strength, found.reviewed) == (0, 0, 0, 0)
    assert (found.self_reviewed, found.disputed, found.contradicted, found.unknown_rows, found.unchecked) == (0,) * 5
    assert found.could_carry == 0


def test_reasons_that_are_repeated_are_no_reasons_of_their_own() -> None:
    spaced = Bilingual("共通点がある。", "They  share SOMETHING.")
    other = Bilingual("別の理由。", "Another reason.")
    found = of(*(replace(PAIR, rationale=reason) for reason in (REASON, spaced, other)), PAIR)
    assert (found.pairs, found.with_rationale, found.own_rationale) == (4, 3, 1)


def test_reviews_and_objections() -> None:
    reviewed = replace(PAIR, state=State.REVIEWED, reviewer="B", strength=0)
    found = of(
        reviewed,
        replace(reviewed, reviewer="a"),
        replace(reviewed, reviewer=None),
        replace(PAIR, state=State.DISPUTED, dispute=REASON),
    )
    assert (found.reviewed, found.self_reviewed, found.disputed, found.with_strength) == (1, 1, 1, 3)


def test_contradictions_count_both_pairs() -> None:
    turned = replace(PAIR, source=PAIR.target, target=PAIR.source, relation=Relation.SUBSET)
    found = of(PAIR, turned, replace(turned, relation=Relation.NONE))
    assert (found.contradicted, found.could_carry) == (3, 1)


def test_rows_that_do_not_exist() -> None:
    found = of(PAIR, replace(PAIR, source=Row(KEY, "JP-AIGB-99")), replace(PAIR, target=Row(OTHER, "X-9")))
    assert (found.unknown_rows, found.unchecked) == (2, 0)
    unchecked = worth([replace(SET, mappings=(PAIR, replace(PAIR, source=Row(KEY, "JP-AIGB-99"))))], [BUSINESS])
    assert (unchecked.unknown_rows, unchecked.unchecked) == (1, 2)


def test_the_words() -> None:
    found = of(PAIR, replace(PAIR, target=Row(OTHER, "X-9"), relation=Relation.SUPERSET))
    lines = [line.text(Language.EN) for line in found.lines()]
    assert lines[0] == "Pairs of rows: 2; sets of mappings: 1."
    assert "1 of 2 (50.0 %): “superset” (the one row asks all that is asked by the other)" in lines
    assert "1 of 2 (50.0 %): can carry a result in at least one direction once reviewed" in lines
    assert "0 of 2 (0 %): say why" in lines
    assert len(lines) == 1 + len(Relation) + 10
