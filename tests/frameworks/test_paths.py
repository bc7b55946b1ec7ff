"""Paths between frameworks: what a chain is worth, and that the search finds what trying every chain would find."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shinrai.frameworks import Framework, FrameworkKey, load_framework
from shinrai.frameworks.mapping import Mapping, MappingSet, Row, State
from shinrai.frameworks.model import Certainty
from shinrai.frameworks.paths import EFFECT_WORDS, MAX_HOPS, Effect, Path, paths
from shinrai.frameworks.relation import Relation, along, inverse
from shinrai.language import Bilingual, ShinraiError

SHIPPED = load_framework("jp.aigb", "1.2")
E, SUP, SUB, X, NO = Relation
R, P, D = State


def framework(name: str, *rows: str) -> Framework:
    """A framework of that name with these rows, none of them a heading."""
    row = SHIPPED.by_id["JP-AIGB-1.1"]
    return replace(
        SHIPPED, id=name, version="1", requirements=tuple(replace(row, id=id_, principle=None) for id_ in rows)
    )


def row(name: str) -> Row:
    """The row `a2` belongs to framework `a`."""
    return Row(FrameworkKey(name[0], "1"), name)


def pair(source: str, relation: Relation, target: str, state: State = R) -> Mapping:
    return Mapping(
        source=row(source),
        target=row(target),
        relation=relation,
        state=state,
        author="A",
        reviewer="B" if state is R else None,
        certainty=Certainty.UNVERIFIED,
    )


def sets(*pairs: Mapping) -> list[MappingSet]:
    """Each pair as a set of its own, as if it came from somebody else."""
    return [
        MappingSet(f"s{n}", each.source.framework, each.target.framework, "A", "none", Bilingual("法", "m"), (each,))
        for n, each in enumerate(pairs)
    ]


def best(*pairs: Mapping, max_hops: int = 3) -> Path | None:
    """The best path from a1 to z1."""
    found = paths(framework("a", "a1"), framework("z", "z1"), sets(*pairs), max_hops=max_hops)
    assert [each.target for each in found] == [row("z1")]
    return found[0].paths[0] if found[0].paths else None


def rows(path: Path) -> list[str]:
    return [path.source.id, *(link.target.id for link in path.links)]


@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize("state", State)
def test_one_link(relation: Relation, state: State) -> None:
    path = best(pair("a1", relation, "z1", state))
    assert path is not None
    assert (path.relation, path.state, path.hops) == (relation, state, 1)
    assert (path.effect is Effect.CARRIES) == (relation in {E, SUP} and state is R)
    assert (path.effect is Effect.WOULD_CARRY) == (relation in {E, SUP} and state is P)
    assert (path.effect is Effect.DISPUTED) == (state is D)
    assert path.effect in EFFECT_WORDS


def test_a_mapping_is_read_backwards_too() -> None:
    path = best(pair("z1", SUB, "a1"))
    assert path is not None and path.relation is SUP and path.effect is Effect.CARRIES
    assert path.links[0].mapping.relation is SUB
    back = best(pair("z1", SUP, "a1"))
    assert back is not None and back.effect is Effect.RELATED


@pytest.mark.parametrize(
    ("states", "effect"),
    [
        ((R, R, R), Effect.CARRIES),
        ((R, P, R), Effect.WOULD_CARRY),
        ((R, P, D), Effect.DISPUTED),
        ((D, R, R), Effect.DISPUTED),
    ],
)
def test_the_weakest_link_decides(states: tuple[State, State, State], effect: Effect) -> None:
    one, two, three = states
    path = best(pair("a1", SUP, "b1", one), pair("b1", E, "c1", two), pair("c1", SUP, "z1", three))
    assert path is not None and path.effect is effect and path.relation is SUP
    assert rows(path) == ["a1", "b1", "c1", "z1"]


def test_nothing_carries_over_intersects() -> None:
    path = best(pair("a1", SUP, "b1"), pair("b1", X, "z1"))
    assert path is not None and path.effect is Effect.RELATED and path.relation is X
    assert best(pair("a1", X, "b1"), pair("b1", X, "z1")) is None
    assert best(pair("a1", SUB, "b1"), pair("b1", SUP, "z1")) is None


def test_a_path_that_carries_is_better_than_a_stronger_one_that_does_not() -> None:
    path = best(pair("a1", E, "b1", P), pair("b1", E, "z1"), pair("a1", SUP, "c1"), pair("c1", SUP, "z1"))
    assert path is not None and path.effect is Effect.CARRIES and rows(path) == ["a1", "c1", "z1"]


def test_of_two_alike_the_shorter_is_better() -> None:
    path = best(pair("a1", E, "b1"), pair("b1", E, "z1"), pair("a1", E, "z1"))
    assert path is not None and path.hops == 1


def test_hops_are_limited() -> None:
    chain = [pair(one, E, other) for one, other in pairwise(["a1", "b1", "c1", "d1", "z1"])]
    assert best(*chain) is None
    assert best(*chain, max_hops=2) is None
    found = best(*chain, max_hops=MAX_HOPS)
    assert found is not None and found.hops == 4
    for wrong in (0, MAX_HOPS + 1):
        with pytest.raises(ValueError, match="max_hops"):
            best(*chain, max_hops=wrong)


def test_circles_end() -> None:
    circle = [pair("b1", E, "c1"), pair("c1", E, "d1"), pair("d1", E, "b1")]
    found = best(pair("a1", E, "b1"), *circle, pair("d1", E, "z1"), max_hops=4)
    assert found is not None and rows(found) == ["a1", "b1", "d1", "z1"]


def test_paths_stay_out_of_both_frameworks_in_between() -> None:
    assert best(pair("a2", E, "z1"), pair("a1", E, "b1"), pair("b1", E, "a2")) is None
    assert best(pair("a1", E, "z2"), pair("z2", E, "b1"), pair("b1", E, "z1")) is None


def test_a_row_that_the_framework_does_not_have_begins_no_path() -> None:
    assert best(pair("a9", E, "z1")) is None


def test_a_framework_is_not_mapped_to_itself() -> None:
    with pytest.raises(ShinraiError, match="not mapped to itself"):
        paths(SHIPPED, SHIPPED, [])


def test_a_review_by_the_author_carries_nothing() -> None:
    alone = replace(pair("a1", E, "z1"), reviewer="A")
    path = best(alone)
    assert path is not None and path.effect is Effect.WOULD_CARRY


def test_two_who_contradict_each_other_carry_nothing() -> None:
    path = best(pair("a1", E, "z1"), pair("z1", NO, "a1"))
    assert path is not None and path.effect is Effect.DISPUTED
    longer = best(pair("a1", E, "b1"), pair("b1", E, "z1"), pair("b1", X, "z1"))
    assert longer is not None and longer.effect is Effect.DISPUTED


@pytest.mark.parametrize("said", [SUB, X, NO])
def test_what_is_said_outright_stands_against_a_longer_path(said: Relation) -> None:
    around = (pair("a1", SUP, "b1"), pair("b1", SUP, "z1"))
    path = best(*around, pair("a1", said, "z1", P))
    # Only of NONE is the direct statement torn as well: by it the rows share nothing, by the path they do.
    assert path is not None and path.effect is (Effect.DISPUTED if said is NO else Effect.RELATED)
    under_objection = best(*around, pair("a1", said, "z1", D))
    assert under_objection is not None and under_objection.effect is Effect.CARRIES


def test_what_is_said_outright_and_agrees_does_no_harm() -> None:
    path = best(pair("a1", SUP, "b1"), pair("b1", SUP, "z1"), pair("a1", E, "z1", P))
    assert path is not None and path.effect is Effect.CARRIES and path.hops == 2


def test_paths_that_exclude_each_other_carry_nothing() -> None:
    path = best(pair("a1", SUP, "b1"), pair("b1", SUP, "z1"), pair("a1", SUB, "c1"), pair("c1", NO, "z1"))
    assert path is not None and path.contradicted and path.effect is Effect.DISPUTED


def test_every_row_of_the_source_has_its_best_path() -> None:
    found = paths(
        framework("a", "a1", "a2", "a3"),
        framework("z", "z1", "z2"),
        sets(pair("a1", X, "z1"), pair("a2", SUP, "z1"), pair("a3", NO, "z1")),
    )
    assert [[path.source.id for path in each.paths] for each in found] == [["a2", "a1", "a3"], []]


# Small worlds in which chains meet: two rows in each of five frameworks, each pair of rows mapped at most once.
NAMES = [f"{letter}{n}" for letter in "abcdz" for n in (1, 2)]
POSSIBLE = [(one, other) for i, one in enumerate(NAMES) for other in NAMES[i + 1 :] if one[0] != other[0]]


@st.composite
def worlds(draw: st.DrawFn) -> list[Mapping]:
    chosen = draw(st.lists(st.sampled_from(POSSIBLE), unique=True, min_size=8, max_size=20))
    return [pair(one, draw(st.sampled_from(Relation)), other, draw(st.sampled_from(State))) for one, other in chosen]


def chains(world: list[Mapping], source: Row, target: Row, max_hops: int) -> Iterator[tuple[Mapping, ...]]:
    """Every chain of mappings, by trying all of them; each turned so that it reads forwards."""

    def extend(at: Row, so_far: tuple[Mapping, ...]) -> Iterator[tuple[Mapping, ...]]:
        for each in world:
            for link in (each, replace(each, source=each.target, target=each.source, relation=inverse(each.relation))):
                if link.source != at or link.target in {source, *(done.target for done in so_far)}:
                    continue
                chain = (*so_far, link)
                if link.target == target:
                    yield chain
                elif len(chain) < max_hops and link.target.framework not in {source.framework, target.framework}:
                    yield from extend(link.target, chain)

    return extend(source, ())


@settings(max_examples=200, deadline=None)
@given(world=worlds(), max_hops=st.integers(1, MAX_HOPS))
def test_the_search_finds_what_trying_everything_finds(world: list[Mapping], max_hops: int) -> None:
    for each in paths(framework("a", "a1", "a2"), framework("z", "z1", "z2"), sets(*world), max_hops=max_hops):
        found = {path.source: path for path in each.paths}
        for source in (row("a1"), row("a2")):
            expected = [
                (relation, max((link.state for link in chain), key=list(State).index), len(chain))
                for chain in chains(world, source, each.target, max_hops)
                if (relation := along(*(link.relation for link in chain))) is not None
            ]
            assert (source in found) == bool(expected)
            if source not in found:
                continue
            path = found[source]
            assert path.relation is along(*(link.relation for link in path.links))
            assert [link.source for link in path.links[1:]] == [link.target for link in path.links[:-1]]
            standing = [values for values in expected if values[1] is not D]
            torn = len({relation is NO for relation, *_ in standing}) == 2
            if torn or all(excluded(values[0], world, source, each.target) for values in standing):
                assert path.effect is Effect.DISPUTED
                continue
            # No chain does more: neither a better effect, nor the same one by a stronger relation or fewer links.
            sound = [values for values in expected if not excluded(values[0], world, source, each.target)]
            assert path.order == min(judged(*values) for values in sound)


def judged(relation: Relation, state: State, hops: int) -> tuple[int, int, int, int]:
    if state is D:
        effect = Effect.DISPUTED
    elif relation in {E, SUP}:
        effect = Effect.CARRIES if state is R else Effect.WOULD_CARRY
    else:
        effect = Effect.NOTHING if relation is NO else Effect.RELATED
    return list(Effect).index(effect), list(Relation).index(relation), list(State).index(state), hops


def excluded(relation: Relation, world: list[Mapping], source: Row, target: Row) -> bool:
    """Whether a direct statement says otherwise."""
    allowed = {E: {E, SUP, SUB, X}, SUP: {SUP, X}, SUB: {SUB, X}, X: {X}, NO: {NO}}
    return any(
        relation not in allowed[each.relation]
        for each in world
        if (each.source, each.target) == (source, target) and each.state is not D
    )
