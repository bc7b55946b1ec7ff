"""What a new version changes: every row in exactly one class, and every touched result with its cause."""

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.frameworks import (
    Certainty,
    EvidenceCode,
    ExpectedEvidence,
    Force,
    Framework,
    Kind,
    Phase,
    Requirement,
    Role,
    Scope,
    Start,
    load_framework,
)
from shinrai.frameworks.difference import (
    EDITORIAL_FIELDS,
    FIELD_NAMES,
    Change,
    Difference,
    EvidenceChange,
    RowChange,
    difference,
)
from shinrai.frameworks.model import Coverage
from shinrai.language import Bilingual, Language, ShinraiError

SHIPPED = load_framework("jp.aigb", "1.2")
LIKE = replace(SHIPPED.by_id["JP-AIGB-1.1"], certainty=Certainty.UNVERIFIED, source="NOTE; 1")


def row(id_: str, *leaves: str, principle: str | None = None, continues: str | None = None) -> Requirement:
    expects = tuple(ExpectedEvidence(f"{id_}.{leaf}", EvidenceCode.DOCUMENT, Bilingual("証拠", "e")) for leaf in leaves)
    return replace(LIKE, id=id_, principle=principle, continues=continues, expects=expects or LIKE.expects)


def version(name: str, *rows: Requirement, coverage: Coverage = Coverage.COMPLETE) -> Framework:
    return replace(SHIPPED, version=name, requirements=rows, coverage=coverage)


def changed(old: Requirement, new: Requirement) -> RowChange:
    (found,) = difference(version("1", old), version("2", new)).rows
    return found


def classes(old: list[Requirement], new: list[Requirement]) -> list[tuple[Change, str | None, str | None]]:
    found = difference(version("1", *old), version("2", *new)).rows
    return [(each.change, each.old and each.old.id, each.new and each.new.id) for each in found]


A = row("A", "leaf")


@pytest.mark.parametrize(
    "framework", [SHIPPED, load_framework("jp.guideline13", "2025-12-19")], ids=lambda each: each.id
)
def test_a_version_does_not_differ_from_itself(framework: Framework) -> None:
    found = difference(framework, framework)
    assert {each.change for each in found.rows} == {Change.UNCHANGED}
    assert found.header == () and found.touched == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", Bilingual("別", "another")),
        ("text", Bilingual(LIKE.text.ja, "another")),
        ("roles", frozenset({Role.CITIZEN})),
        ("when", frozenset({"agent"})),
        ("force", Force.MUST),
        ("phases", (Phase.USE,)),
        ("starts", (Start(None, date(2027, 1, 1)),)),
    ],
)
def test_what_is_asked_otherwise_is_changed(field: str, value: object) -> None:
    found = changed(A, replace(A, **{field: value}))
    assert (found.change, found.fields) == (Change.CHANGED, (field,))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("certainty", Certainty.CONFIRMED),
        ("source", "PDF; 1"),
        ("kind", Kind.ARTICLE),
        ("tags", ("tag",)),
    ],
)
def test_what_we_say_about_a_row_is_editorial(field: str, value: object) -> None:
    found = difference(version("1", A), version("2", replace(A, **{field: value})))
    assert [(each.change, each.fields) for each in found.rows] == [(Change.EDITORIAL, (field,))]
    assert found.touched == {} and field in EDITORIAL_FIELDS


def test_the_order_of_a_list_says_nothing() -> None:
    both = replace(A, phases=(Phase.DATA, Phase.USE), tags=("a", "b"))
    assert changed(both, replace(both, phases=both.phases[::-1], tags=("b", "a"))).change is Change.UNCHANGED


def test_evidence_is_compared_by_name() -> None:
    old, new = row("A", "one", "two", "three", "four"), row("A", "two", "three", "four", "five")
    two, three, *rest = new.expects
    new = replace(
        new,
        expects=(replace(two, code=EvidenceCode.ANSWER), replace(three, title=Bilingual("別", "another")), *rest),
    )
    found = changed(old, new)
    assert (found.change, found.fields) == (Change.CHANGED, ("expects",))
    assert found.evidence == EvidenceChange(added=("five",), dropped=("one",), code=("two",), title=("three",))


def test_a_renumbered_row_keeps_its_evidence() -> None:
    found = changed(row("A", "leaf"), row("B", "leaf", continues="A"))
    assert (found.change, found.renumbered, found.reheaded, found.fields) == (Change.MOVED, True, False, ())


def test_another_heading_is_a_move() -> None:
    headings = [row("H"), row("I")]
    old, new = row("A", "leaf", principle="H"), row("A", "leaf", principle="I")
    assert classes([*headings, old], [*headings, new])[2] == (Change.MOVED, "A", "A")
    found = difference(version("1", *headings, old), version("2", *headings, new))
    assert found.of(Change.MOVED)[0].reheaded and found.touched == {}


def test_a_heading_that_was_renumbered_is_the_same_heading() -> None:
    old = [row("H"), row("A", "leaf", principle="H")]
    new = [row("I", continues="H"), row("A", "leaf", principle="I")]
    assert classes(old, new)[1] == (Change.UNCHANGED, "A", "A")
    assert classes(old, [row("I"), row("A", "leaf", principle="I")])[1] == (Change.MOVED, "A", "A")
    assert classes(old, [row("A", "leaf")])[0] == (Change.MOVED, "A", "A")


def test_ids_that_moved_up_by_one() -> None:
    old = [row("A", "a"), row("B", "b")]
    new = [row("A", "new"), row("B", "a", continues="A"), row("C", "b", continues="B")]
    # The id A is there in both, and neither row says that it continues another.
    assert classes(old, new) == [
        (Change.CHANGED, "A", "A"),
        (Change.ADDED, None, "B"),
        (Change.MOVED, "B", "C"),
    ]
    shifted = [row("B", "a", continues="A"), row("C", "b", continues="B")]
    assert classes(old, shifted) == [(Change.MOVED, "A", "B"), (Change.MOVED, "B", "C")]
    assert classes(shifted, old) == [(Change.MOVED, "B", "A"), (Change.MOVED, "C", "B")]
    # A later version that repeats what was once continued still has the same rows.
    assert {each[0] for each in classes(shifted, shifted)} == {Change.UNCHANGED}


def test_a_row_that_split_goes_on_once() -> None:
    assert classes([A], [row("B", "leaf", continues="A"), row("C", "leaf", continues="A")]) == [
        (Change.MOVED, "A", "B"),
        (Change.ADDED, None, "C"),
    ]


def test_causes() -> None:
    text = Bilingual("別", "another")
    old = version("1.1", A, row("B", "leaf"), row("C", "leaf"))
    new = version(
        "1.2",
        replace(row("A", "leaf", "more"), text=text, certainty=Certainty.CONFIRMED),
        replace(row("D", "leaf", continues="B"), text=text),
        row("E", "leaf"),
    )
    found = difference(old, new)
    assert {id_: cause.text(Language.EN) for id_, cause in found.touched.items()} == {
        "A": "changed in 1.2; what differs: the text, the evidence expected",
        "D": "changed in 1.2, where B of 1.1 stands under this id; what differs: the text",
        "E": "added in 1.2",
    }
    assert [each.old.id for each in found.of(Change.DROPPED) if each.old] == ["C"]
    assert found.caveats == ()


def test_an_extract_cannot_say_what_is_new() -> None:
    old, new = version("1.1", A, coverage=Coverage.EXTRACT), version("1.2", A, row("B"), coverage=Coverage.EXTRACT)
    found = difference(old, new)
    assert str(found.touched["B"]) == "new here in 1.2: what was held of 1.1 was an extract without it"
    assert [str(each) for each in found.caveats] == [
        "The file of 1.1 is an extract: what counts as added may have been asked there too.",
        "The file of 1.2 is an extract: what counts as dropped may still be asked there.",
    ]


def test_the_header_is_compared() -> None:
    other = replace(SHIPPED, valid_from=date(2027, 1, 1), scope=Scope(frozenset({"JP"})), digest="0" * 64)
    assert difference(SHIPPED, other).header == ("valid_from", "scope")


def test_two_instruments_are_not_compared() -> None:
    with pytest.raises(ShinraiError, match="two instruments"):
        difference(SHIPPED, load_framework("jp.guideline13", "2025-12-19"))


def test_every_field_of_a_row_is_compared_or_says_where_it_stands() -> None:
    assert set(FIELD_NAMES) | {"id", "principle", "continues"} == set(Requirement.__dataclass_fields__)


IDS = ["A", "B", "C", "D", "E"]


@st.composite
def versions(draw: st.DrawFn) -> Framework:
    chosen = draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1))
    rows = []
    for n, id_ in enumerate(chosen):
        made = row(id_, *draw(st.lists(st.sampled_from(["a", "b"]), unique=True)))
        rows.append(
            replace(
                made,
                principle=draw(st.sampled_from([None, *chosen[:n]])),
                continues=draw(st.sampled_from([None, *IDS])),
                certainty=draw(st.sampled_from(Certainty)),
                force=draw(st.sampled_from([Force.SHOULD, Force.MAY])),
            )
        )
    return version("1", *rows)


def without_order(found: Difference, *, turned: bool = False) -> Counter[tuple[str | None, str | None, Change]]:
    other = {Change.ADDED: Change.DROPPED, Change.DROPPED: Change.ADDED}
    pairs = [(each.old and each.old.id, each.new and each.new.id, each.change) for each in found.rows]
    return Counter((new, old, other.get(change, change)) for old, new, change in pairs) if turned else Counter(pairs)


@settings(max_examples=300, deadline=None)
@given(old=versions(), new=versions())
def test_any_two_versions(old: Framework, new: Framework) -> None:
    found = difference(old, new)
    assert sorted(each.old.id for each in found.rows if each.old) == sorted(old.by_id)
    assert [each.new.id for each in found.rows if each.new] == list(new.by_id)
    for each in found.rows:
        assert (each.old is None) == (each.change is Change.ADDED)
        assert (each.new is None) == (each.change is Change.DROPPED)
    assert without_order(difference(new, old)) == without_order(found, turned=True)
    touched = {each.new.id for each in found.rows if each.new and each.change in {Change.ADDED, Change.CHANGED}}
    assert found.touched.keys() == touched
    assert all(cause.text(language) for cause in found.touched.values() for language in Language)


@given(versions())
def test_nothing_differs_from_itself(one: Framework) -> None:
    assert {each.change for each in difference(one, one).rows} == {Change.UNCHANGED}
