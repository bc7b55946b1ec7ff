"""Counting what one framework reaches of another: nothing twice, and nothing better than it is."""

from dataclasses import replace

import pytest

from shinrai.frameworks import Framework, FrameworkKey, load_framework
from shinrai.frameworks.mapped import STANDING_WORDS, MappedCoverage, MappedRow, Standing, coverage, share
from shinrai.frameworks.mapping import Mapping, MappingSet, Row, State
from shinrai.frameworks.model import Certainty, Coverage
from shinrai.frameworks.relation import Relation
from shinrai.language import Bilingual, Language

SHIPPED = load_framework("jp.aigb", "1.2")
E, SUP, SUB, X, NO = Relation


def framework(name: str, **rows: str | None) -> Framework:
    """A framework whose rows stand under the heading given, or under none."""
    like = SHIPPED.by_id["JP-AIGB-1.1"]
    requirements = tuple(replace(like, id=id_, principle=heading) for id_, heading in rows.items())
    return replace(SHIPPED, id=name, version="1", requirements=requirements, coverage=Coverage.COMPLETE)


SOURCE = framework("a", a1=None, a2=None)
# One heading over two rows, one of them a heading itself; and a row on its own.
TARGET = framework("z", h=None, h1="h", g="h", g1="g", z=None)


def pair(source: str, relation: Relation, target: str, state: State = State.REVIEWED) -> Mapping:
    one, other = Row(FrameworkKey("a", "1"), source), Row(FrameworkKey("z", "1"), target)
    return Mapping(one, other, relation, state, author="A", reviewer="B", certainty=Certainty.UNVERIFIED)


def counted(*pairs: Mapping) -> MappedCoverage:
    mappings = MappingSet("s", FrameworkKey("a", "1"), FrameworkKey("z", "1"), "A", "none", Bilingual("法", "m"), pairs)
    return coverage(SOURCE, TARGET, [mappings])


def standing(*pairs: Mapping) -> dict[str, tuple[Standing, str | None]]:
    return {row.id: (row.standing, row.heading) for row in counted(*pairs).rows}


NOTHING = (Standing.NOTHING, None)


def test_headings_are_no_rows_of_their_own() -> None:
    found = counted()
    assert [row.id for row in found.rows] == ["h1", "g1", "z"]
    assert found.n == 3 and found.rows[0] == MappedRow("h1", Standing.NOTHING)
    assert found.counts == dict.fromkeys(Standing, 0) | {Standing.NOTHING: 3}


@pytest.mark.parametrize(
    ("relation", "state", "expected"),
    [
        (E, State.REVIEWED, Standing.CARRIED),
        (SUP, State.REVIEWED, Standing.CARRIED),
        (SUP, State.PROPOSED, Standing.WOULD_CARRY),
        (SUB, State.REVIEWED, Standing.RELATED),
        (X, State.REVIEWED, Standing.RELATED),
        (X, State.PROPOSED, Standing.RELATED),
        (E, State.DISPUTED, Standing.DISPUTED),
        (NO, State.REVIEWED, Standing.NOTHING),
    ],
)
def test_a_row_stands_as_its_mapping_says(relation: Relation, state: State, expected: Standing) -> None:
    assert standing(pair("a1", relation, "z", state)) == {"h1": NOTHING, "g1": NOTHING, "z": (expected, None)}


def test_what_carries_to_a_heading_carries_to_all_below_it() -> None:
    assert standing(pair("a1", SUP, "h")) == {
        "h1": (Standing.CARRIED, "h"),
        "g1": (Standing.CARRIED, "h"),
        "z": NOTHING,
    }
    assert standing(pair("a1", E, "g", State.PROPOSED))["g1"] == (Standing.WOULD_CARRY, "g")
    assert standing(pair("a1", E, "g", State.DISPUTED))["g1"] == (Standing.DISPUTED, "g")


def test_what_is_related_to_a_heading_says_nothing_about_the_rows() -> None:
    found = standing(pair("a1", X, "h"), pair("a2", SUB, "g"), pair("a2", X, "h1"))
    assert found["g1"] == (Standing.HEADING, "g")
    assert found["h1"] == (Standing.RELATED, None)
    assert standing(pair("a1", NO, "h"))["h1"] == (Standing.NOTHING, "h")


@pytest.mark.parametrize("said", [SUB, X, NO])
def test_what_is_said_of_a_row_stands_against_its_heading(said: Relation) -> None:
    found = counted(pair("a1", SUP, "h"), pair("a1", said, "h1")).rows[0]
    assert found.standing is (Standing.DISPUTED if said is NO else Standing.RELATED)
    # An objection to the statement leaves the heading's path as it is, and another source row does not touch it.
    objected = standing(pair("a1", SUP, "h"), pair("a1", said, "h1", State.DISPUTED))
    assert objected["h1"] == (Standing.CARRIED, "h")
    assert standing(pair("a1", SUP, "h"), pair("a2", said, "h1"))["h1"] == (Standing.CARRIED, "h")
    assert standing(pair("a1", SUP, "h"), pair("a1", E, "h1"))["h1"] == (Standing.CARRIED, None)


def test_the_words_say_what_is_counted() -> None:
    found = counted(pair("a1", SUP, "h"), pair("a2", X, "z"))
    lines = [line.text(Language.EN) for line in found.lines()]
    assert lines[0] == "z 1 has 3 rows that ask something (headings not counted). Seen from a 1:"
    assert lines[1] == "2 of 3 (66.7 %): a result carries over from the other framework"
    assert lines[3] == "1 of 3 (33.3 %): related only: something is in common, and nothing carries over"
    assert len(lines) == 1 + len(Standing)
    assert sum(found.counts.values()) == found.n
    assert set(STANDING_WORDS) == set(Standing)


def test_an_extract_says_so() -> None:
    extract = replace(TARGET, coverage=Coverage.EXTRACT)
    *_, last = coverage(SOURCE, extract, []).lines()
    assert str(last) == "The file holds chosen rows of the instrument only; nothing follows for the others."


@pytest.mark.parametrize(
    ("count", "n", "text"),
    [
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (1, 3, "33.3 %"),
        (1, 100_000, "<0.1 %"),
        (99_999, 100_000, ">99.9 %"),
        (1, 1_000, "0.1 %"),
    ],
)
def test_only_none_is_zero_and_only_all_is_a_hundred(count: int, n: int, text: str) -> None:
    assert share(count, n) == text
