"""The algebra of relations, proved by enumerating all non-empty subsets of a small universe."""

from collections.abc import Callable, Iterator
from itertools import combinations, product

import pytest

from shinrai.frameworks.relation import RELATION_NAMES, Relation, along, compose, implies, inverse
from shinrai.language import Language

Row = frozenset[int]
UNIVERSE: list[Row] = [frozenset(each) for size in range(1, 5) for each in combinations(range(4), size)]
PAIRS = list(product(UNIVERSE, repeat=2))
TRIPLES = list(product(UNIVERSE, repeat=3))

# How three sets of any size relate depends only on which of the seven regions of their Venn diagram hold something.
# Region r lies in the first set if r & 1, in the second if r & 2, in the third if r & 4.
FILLED = [each for size in range(1, 8) for each in combinations(range(1, 8), size)]
DIAGRAMS = [tuple(frozenset(r for r in filled if r & bit) for bit in (1, 2, 4)) for filled in FILLED]
DIAGRAMS = [(a, b, c) for a, b, c in DIAGRAMS if a and b and c]

AT_LEAST: dict[Relation, Callable[[Row, Row], bool]] = {
    Relation.EQUAL: lambda a, b: a == b,
    Relation.SUPERSET: lambda a, b: a >= b,
    Relation.SUBSET: lambda a, b: a <= b,
    Relation.INTERSECTS: lambda a, b: bool(a & b),
    Relation.NONE: lambda a, b: not a & b,
}
"""What a derived relation claims. "superset" leaves open whether the sets are equal, "intersects" all but "none"."""


def exact(a: Row, b: Row) -> Relation:
    """The one relation of NIST IR 8477 that holds between two sets as a person states it."""
    if a == b:
        return Relation.EQUAL
    if a > b:
        return Relation.SUPERSET
    if a < b:
        return Relation.SUBSET
    return Relation.INTERSECTS if a & b else Relation.NONE


def holds(relation: Relation, a: Row, b: Row, reading: str) -> bool:
    return exact(a, b) is relation if reading == "exact" else AT_LEAST[relation](a, b)


def strongest(claims: Iterator[set[Relation]]) -> Relation | None:
    """The strongest of the relations that are in every one of the sets of claims, or None."""
    always = set(Relation).intersection(*claims)
    best = [each for each in always if all(set_implied(each, other) for other in always)]
    assert len(best) == bool(always), "the strongest conclusion is one, or there is none"
    return best[0] if best else None


def set_implied(stronger: Relation, weaker: Relation) -> bool:
    return all(AT_LEAST[weaker](a, b) for a, b in PAIRS if AT_LEAST[stronger](a, b))


@pytest.mark.parametrize("models", [TRIPLES, DIAGRAMS], ids=["all subsets of four", "all diagrams"])
@pytest.mark.parametrize("reading", ["exact", "at least"])
@pytest.mark.parametrize("first", Relation)
@pytest.mark.parametrize("second", Relation)
def test_each_entry_of_the_table_is_the_strongest_conclusion(
    first: Relation, second: Relation, reading: str, models: list[tuple[Row, Row, Row]]
) -> None:
    found = {(a, c) for a, b, c in models if holds(first, a, b, reading) and holds(second, b, c, reading)}
    assert found
    claims = ({relation for relation in Relation if AT_LEAST[relation](a, c)} for a, c in found)
    assert compose(first, second) is strongest(claims)


def test_nothing_follows_is_not_nothing_in_common() -> None:
    assert compose(Relation.SUBSET, Relation.SUPERSET) is None
    assert compose(Relation.INTERSECTS, Relation.INTERSECTS) is None
    assert compose(Relation.NONE, Relation.NONE) is None
    assert compose(Relation.SUBSET, Relation.NONE) is Relation.NONE
    assert compose(None, Relation.EQUAL) is None and compose(Relation.EQUAL, None) is None


def test_only_equal_and_superset_lead_to_a_result() -> None:
    assert {each for each in Relation if each.carries} == {Relation.EQUAL, Relation.SUPERSET}
    for first, second in product(Relation, repeat=2):
        found = compose(first, second)
        assert (found is not None and found.carries) == (first.carries and second.carries)


@pytest.mark.parametrize("relation", Relation)
def test_the_inverse_is_the_relation_read_backwards(relation: Relation) -> None:
    for a, b in PAIRS:
        assert AT_LEAST[relation](a, b) == AT_LEAST[inverse(relation)](b, a)
    assert inverse(inverse(relation)) is relation


def test_composition_read_backwards() -> None:
    for first, second in product(Relation, repeat=2):
        found, back = compose(first, second), compose(inverse(second), inverse(first))
        assert back is (None if found is None else inverse(found))


def test_the_order_of_composing_does_not_matter() -> None:
    for one, two, three in product([*Relation, None], repeat=3):
        assert compose(compose(one, two), three) is compose(one, compose(two, three))


def test_a_weaker_premise_never_gives_a_stronger_conclusion() -> None:
    for weaker, stronger, other in product(Relation, repeat=3):
        if not implies(stronger, weaker):
            continue
        for with_weaker, with_stronger in (
            (compose(weaker, other), compose(stronger, other)),
            (compose(other, weaker), compose(other, stronger)),
        ):
            assert with_weaker is None or (with_stronger is not None and implies(with_stronger, with_weaker))


def test_what_implies_what() -> None:
    for stronger, weaker in product(Relation, repeat=2):
        assert implies(stronger, weaker) == set_implied(stronger, weaker)


def test_chains() -> None:
    assert along() is Relation.EQUAL
    assert along(Relation.SUPERSET, Relation.EQUAL, Relation.SUPERSET) is Relation.SUPERSET
    assert along(Relation.SUPERSET, Relation.SUBSET, Relation.SUBSET) is Relation.INTERSECTS
    assert along(Relation.INTERSECTS, Relation.SUBSET, Relation.INTERSECTS) is None


def test_every_relation_has_a_name() -> None:
    assert set(RELATION_NAMES) == set(Relation)
    assert RELATION_NAMES[Relation.SUPERSET].text(Language.EN) == "asks all that is asked by"
