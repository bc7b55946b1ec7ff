"""Reading mapping files: what is refused, where, and how to mend it; and statements that exclude each other."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shinrai.frameworks import FrameworkKey, load_framework, loader, mapping
from shinrai.frameworks.mapping import (
    Basis,
    Mapping,
    MappingSet,
    Row,
    State,
    check_together,
    contradictions,
    mapping_sets,
    read_mappings,
    weakest,
)
from shinrai.frameworks.model import Certainty
from shinrai.frameworks.relation import Relation, inverse
from shinrai.language import Language, ShinraiError

GOOD = """\
from: {id: jp.aigb, version: "1.2"}
to: {id: xx.other, version: "1"}
author: Hanako Yamada
licence: Apache-2.0
source_keys:
  OWN: {ja: 本プロジェクトの比較, en: Own comparison}
method: {ja: 読み比べた。, en: Read side by side.}
mappings:
  - source: JP-AIGB-1
    target: X-1
    relation: intersects
    basis: semantic
    state: proposed
    certainty: M
    cites: [OWN]
    rationale: {ja: 共通点がある。, en: They share something.}
  - source: JP-AIGB-2
    target: X-1
    relation: superset
    basis: functional
    state: reviewed
    reviewer: Taro Sato
    author: Jiro Suzuki
    strength: 7
    certainty: C
    cites: [OWN]
    rationale: {ja: 含む。, en: It contains it.}
"""


def read(text: str) -> MappingSet:
    return read_mappings(text.encode(), "x.yaml", [load_framework("jp.aigb", "1.2")])


def refused(old: str, new: str) -> ShinraiError:
    assert old in GOOD
    with pytest.raises(ShinraiError) as caught:
        read(GOOD.replace(old, new, 1))
    assert caught.value.text(Language.JA)
    return caught.value


def test_a_file_becomes_a_set() -> None:
    found = read(GOOD)
    assert (found.source, found.target) == (FrameworkKey("jp.aigb", "1.2"), FrameworkKey("xx.other", "1"))
    assert (found.name, found.author, found.licence) == ("x.yaml", "Hanako Yamada", "Apache-2.0")
    assert found.method.en == "Read side by side." and found.source_keys[0].key == "OWN"
    first, second = found.mappings
    assert first == Mapping(
        source=Row(found.source, "JP-AIGB-1"),
        target=Row(found.target, "X-1"),
        relation=Relation.INTERSECTS,
        state=State.PROPOSED,
        author="Hanako Yamada",
        certainty=Certainty.UNVERIFIED,
        rationale=first.rationale,
        basis=Basis.SEMANTIC,
        cites=("OWN",),
    )
    assert first.rationale is not None and first.rationale.ja == "共通点がある。"
    assert (second.author, second.reviewer, second.strength) == ("Jiro Suzuki", "Taro Sato", 7)
    assert second.basis is Basis.FUNCTIONAL and second.certainty is Certainty.CONFIRMED


def test_an_empty_reviewer_is_none() -> None:
    assert read(GOOD.replace("state: proposed", "state: proposed\n    reviewer: null")).mappings[0].reviewer is None


def test_a_dispute_is_kept() -> None:
    note = "dispute: {ja: 異論がある。, en: There is an objection.}"
    found = read(GOOD.replace("state: proposed", f"state: disputed\n    {note}")).mappings[0]
    assert found.state is State.DISPUTED and found.dispute is not None
    assert found.dispute.en == "There is an objection."


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "what"),
    [
        ("JP-AIGB-2\n", "JP-AIGB-22\n", 17, "mappings[1].source", "jp.aigb 1.2 has no row “JP-AIGB-22”."),
        ("target: X-1", "target: X 1", 10, "mappings[0].target", "“X 1” is not an id"),
        ("intersects", "overlaps", 11, "mappings[0].relation", "“overlaps” is not one of equal"),
        ("semantic", "felt", 12, "mappings[0].basis", "“felt” is not one of"),
        ("proposed", "done", 13, "mappings[0].state", "“done” is not one of"),
        ("certainty: M", "certainty: X", 14, "mappings[0].certainty", "“X” is not one of"),
        ("cites: [OWN]", "cites: [OTHER]", 15, "mappings[0].cites[0]", "“OTHER” is not one of OWN"),
        ("cites: [OWN]", "cites: []", 15, "mappings[0].cites", "A mapping names at least one source."),
        (
            "    rationale: {ja: 共通点がある。, en: They share something.}\n",
            "",
            9,
            "mappings[0]",
            "“rationale” is missing",
        ),
        ("ja: 共通点がある。", "ja: ' '", 16, "mappings[0].rationale.ja", "The text is empty."),
        ("strength: 7", "strength: 11", 24, "mappings[1].strength", "“11” is not a strength from 0 to 10."),
        ("state: proposed", "state: reviewed", 13, "mappings[0].state", "no reviewer is named"),
        ("state: reviewed", "state: proposed", 22, "mappings[1].reviewer", "only proposed"),
        ("Taro Sato", "ＪＩＲＯ suzuki", 22, "mappings[1].reviewer", "The reviewer is the author"),
        ("state: proposed", "state: disputed", 13, "mappings[0].state", "nothing says why"),
        ("strength: 7", "dispute: {ja: 異論。, en: No.}", 24, "mappings[1].dispute", "the pair is not disputed"),
        ("source: JP-AIGB-2", "source: JP-AIGB-1", 17, "mappings[1]", "already given in line 9, with “intersects”"),
        ('to: {id: xx.other, version: "1"}', 'to: {id: jp.aigb, version: "1.2"}', 2, "to", "not mapped to itself"),
        ('version: "1"}', 'version: ""}', 2, "to.version", "The text is empty."),
        ("  OWN: {ja", "  O N: {ja", 6, "source_keys.O N", "cannot be the key of a source"),
        ("licence:", "license:", 4, "license", "There is no field “license” here."),
    ],
)
def test_what_is_refused(old: str, new: str, line: int, field: str, what: str) -> None:
    error = refused(old, new)
    assert error.place is not None
    assert (error.place.file, error.place.line, error.place.field) == ("x.yaml", line, field)
    assert what in str(error)


def test_a_pair_given_twice_alike_is_a_duplicate() -> None:
    twice = GOOD.replace("JP-AIGB-2\n", "JP-AIGB-1\n").replace("superset", "intersects")
    with pytest.raises(
        ShinraiError, match=r"^x.yaml:17:5, field mappings\[1\]: The pair is already given in line 9\.\n"
    ):
        read(twice)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ShinraiError, match="at least one pair"):
        read(GOOD[: GOOD.index("mappings:")] + "mappings: []\n")


def test_unknown_frameworks_are_not_checked() -> None:
    found = read_mappings(GOOD.replace("JP-AIGB-1\n", "NO-SUCH-ROW\n").encode(), "x.yaml")
    assert found.mappings[0].source.id == "NO-SUCH-ROW"


def test_the_error_offers_the_nearest_row() -> None:
    assert "Did you mean “JP-AIGB-" in str(refused("JP-AIGB-2\n", "JP-AIGB-22\n"))


def test_ids_are_written_as_in_framework_files() -> None:
    assert mapping._ID.pattern == loader.ID.pattern


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(ShinraiError):
        read_mappings(text.encode("utf-8", "replace"), "x.yaml")


def pair(relation: Relation, *, source: str = "a", target: str = "b", turned: bool = False) -> Mapping:
    one, other = Row(FrameworkKey("a", "1"), source), Row(FrameworkKey("b", "1"), target)
    return Mapping(
        source=other if turned else one,
        target=one if turned else other,
        relation=inverse(relation) if turned else relation,
        state=State.PROPOSED,
        author="A",
        certainty=Certainty.UNVERIFIED,
    )


def as_set(*pairs: Mapping, name: str = "s") -> MappingSet:
    return replace(read(GOOD), name=name, mappings=pairs)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("one", Relation)
@pytest.mark.parametrize("other", Relation)
def test_statements_that_differ_contradict(one: Relation, other: Relation, turned: bool) -> None:
    found = contradictions([as_set(pair(one)), as_set(pair(other, turned=turned), name="t")])
    assert bool(found) == (one is not other)
    if found:
        assert found[0].sets == ("s", "t")
        assert str(found[0].what) == f"“a” and “b”: s says “{one}”, t says “{other}”."


def test_what_is_disputed_contradicts_nothing() -> None:
    disputed = replace(pair(Relation.NONE), state=State.DISPUTED)
    assert contradictions([as_set(pair(Relation.EQUAL), disputed)]) == ()
    assert contradictions([as_set(disputed, pair(Relation.EQUAL))]) == ()


def test_sets_that_come_together_say_a_pair_once() -> None:
    check_together([as_set(pair(Relation.EQUAL), pair(Relation.EQUAL, target="c"))])
    with pytest.raises(ShinraiError) as caught:
        check_together([as_set(pair(Relation.EQUAL)), as_set(pair(Relation.EQUAL, turned=True), name="t")])
    assert caught.value.place is not None and caught.value.place.file == "t"
    assert "“b” and “a” are already mapped in s." in str(caught.value)


def test_a_review_needs_somebody_else() -> None:
    reviewed = replace(pair(Relation.EQUAL), state=State.REVIEWED)
    assert reviewed.standing is State.PROPOSED
    assert replace(reviewed, reviewer=" a").self_reviewed
    assert replace(reviewed, reviewer=" a").standing is State.PROPOSED
    assert replace(reviewed, reviewer="B").standing is State.REVIEWED
    assert replace(pair(Relation.EQUAL), state=State.DISPUTED, reviewer="A").standing is State.DISPUTED


def test_the_weakest_state_counts() -> None:
    assert weakest([]) is State.REVIEWED
    assert weakest([State.REVIEWED, State.PROPOSED]) is State.PROPOSED
    assert weakest([State.DISPUTED, State.PROPOSED, State.REVIEWED]) is State.DISPUTED


def test_the_sets_that_come_with_shinrai_load() -> None:
    sets = mapping_sets([load_framework("jp.guideline13", "2025-12-19")])
    assert {each.author for each in sets} == {"Shinrai project"}
