"""From the rows of one framework to those of another, over mappings and further frameworks; and what that is worth.

A path is worth what its weakest link is worth. Only a path whose every link is reviewed, and along which "equal" or
"superset" follows, carries a result across. Everything else is shown for what it is and never counted as more.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shinrai.frameworks.loader import FrameworkKey
from shinrai.frameworks.mapping import Mapping, MappingSet, Row, State, contradictions, weakest
from shinrai.frameworks.model import Framework
from shinrai.frameworks.relation import Relation, compose, implies, inverse
from shinrai.language import ShinraiError, message

MAX_HOPS: Final = 4


class Effect(StrEnum):
    """What a path does for a result, best first: what is settled comes before what is disputed."""

    CARRIES = "carries"
    WOULD_CARRY = "would_carry"
    RELATED = "related"
    NOTHING = "nothing"
    DISPUTED = "disputed"


EFFECT_WORDS: Final = MappingProxyType(
    {
        Effect.CARRIES: message(
            "A result carries over: every link is reviewed, and the one row asks all that the other asks."
        ),
        Effect.WOULD_CARRY: message(
            "A result would carry over once every link is reviewed. Until then it does not: the mapping is a proposal."
        ),
        Effect.RELATED: message(
            "Related only: the rows have something in common, and meeting one does not show the other."
        ),
        Effect.DISPUTED: message("A link is disputed or contradicted, so nothing carries over until that is settled."),
        Effect.NOTHING: message("The rows are said to have nothing in common."),
    }
)


@dataclass(frozen=True, slots=True)
class Link:
    """A mapping as it is walked, in its own direction or turned round.

    state: the mapping's own, but DISPUTED where another mapping contradicts it.
    """

    source: Row
    target: Row
    relation: Relation
    state: State
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class Path:
    """Links from a row of one framework to a row of another.

    relation: what follows along the links. contradicted: a direct statement about the two ends, or another path
    between them, excludes that.
    """

    links: tuple[Link, ...]
    relation: Relation
    contradicted: bool = False

    @property
    def source(self) -> Row:
        """Where the path begins."""
        return self.links[0].source

    @property
    def hops(self) -> int:
        """The number of links."""
        return len(self.links)

    @property
    def state(self) -> State:
        """The worst state of its links."""
        return State.DISPUTED if self.contradicted else weakest(link.state for link in self.links)

    @property
    def effect(self) -> Effect:
        """What the path does for a result."""
        if self.state is State.DISPUTED:
            return Effect.DISPUTED
        if self.relation.carries:
            return Effect.CARRIES if self.state is State.REVIEWED else Effect.WOULD_CARRY
        return Effect.NOTHING if self.relation is Relation.NONE else Effect.RELATED

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Best first: by effect, then the strongest relation, the best state and the fewest links."""
        return (
            tuple(Effect).index(self.effect),
            tuple(Relation).index(self.relation),
            tuple(State).index(self.state),
            self.hops,
        )


@dataclass(frozen=True, slots=True)
class RowPaths:
    """The paths to one row, best first: the best one from every row of the other framework that has any."""

    target: Row
    paths: tuple[Path, ...]


def paths(
    source: Framework, target: Framework, mapping_sets: Iterable[MappingSet], *, max_hops: int = 3
) -> tuple[RowPaths, ...]:
    """Return the paths from the rows of one framework to each row of another, in the order of the target's file.

    Mappings are walked in both directions. A path meets no row twice and neither of the two frameworks in between.
    max_hops: the most links of a path, 1 to MAX_HOPS; ValueError otherwise. Rows that the source does not have begin
    no path. From a framework to itself is a ShinraiError.
    """
    if not 1 <= max_hops <= MAX_HOPS:
        raise ValueError(f"need 1 <= max_hops <= {MAX_HOPS}, got {max_hops}")
    key = _key(target)
    if _key(source) == key:
        raise ShinraiError(
            message("A framework is not mapped to itself."),
            fix=message("Name another framework, or another version of this one."),
        )
    search = _Search.over(source, target, tuple(mapping_sets), max_hops)
    return tuple(search.paths_to(Row(key, requirement.id)) for requirement in target.requirements)


def _key(framework: Framework) -> FrameworkKey:
    return FrameworkKey(framework.id, framework.version)


def _links_by_target(sets: tuple[MappingSet, ...]) -> Dictionary[Row, list[Link]]:
    """Index every mapping by both of its rows, so that the links into a row are found at once."""
    disputed = {frozenset((each.first.source, each.first.target)) for each in contradictions(sets)}
    into: dict[Row, list[Link]] = defaultdict(list)
    for each in sets:
        for mapping in each.mappings:
            one, other = mapping.source, mapping.target
            state = State.DISPUTED if frozenset((one, other)) in disputed else mapping.standing
            into[other].append(Link(one, other, mapping.relation, state, mapping))
            into[one].append(Link(other, one, inverse(mapping.relation), state, mapping))
    return into


@dataclass(frozen=True, slots=True)
class _Search:
    """What a search between two frameworks rests on.

    starts: the rows of the source framework. into: the links into each row. distance: of each row that a path may pass,
    the fewest links from the source framework; rows from which it cannot be reached in time are not walked at all.
    """

    starts: frozenset[Row]
    into: Dictionary[Row, list[Link]]
    distance: Dictionary[Row, int]
    max_hops: int

    @classmethod
    def over(cls, source: Framework, target: Framework, sets: tuple[MappingSet, ...], max_hops: int) -> "_Search":
        """Index the mappings and measure the distances."""
        into = _links_by_target(sets)
        ends = {_key(source), _key(target)}
        starts = frozenset(Row(_key(source), requirement.id) for requirement in source.requirements)
        distance: dict[Row, int] = {}
        edge: Iterable[Row] = starts
        for hops in range(1, max_hops):
            edge = {
                link.source
                for row in edge
                for link in into.get(row, ())
                if link.source.framework not in ends and link.source not in distance
            }
            distance.update(dict.fromkeys(edge, hops))
        return cls(starts, into, distance, max_hops)

    def paths_to(self, target: Row) -> RowPaths:
        """Walk from the target backwards, and at each row keep only paths that no other path is better than.

        A path that is at least as strong, as well checked and as short as another stays so whatever is put before
        both, as `compose` keeps the order of strength. So nothing that could be best is dropped.
        """
        kept: dict[Row, list[Path]] = defaultdict(list)
        frontier: dict[Row, list[Path]] = {target: [Path((), Relation.EQUAL)]}
        for left in range(self.max_hops - 1, -1, -1):
            reached: dict[Row, list[Path]] = defaultdict(list)
            for row, found in frontier.items():
                for link in self._links(row, left):
                    for path in found:
                        longer = _before(link, path)
                        if longer is not None and _keep(kept[link.source], longer):
                            reached[link.source].append(longer)
            frontier = {row: found for row, found in reached.items() if row not in self.starts}
        judged = (_judged(kept[row], self._stated(row, target)) for row in kept if row in self.starts)
        best = (min(found, key=lambda path: path.order) for found in judged if found)
        return RowPaths(target, tuple(sorted(best, key=lambda path: (path.order, path.source.id))))

    def _links(self, row: Row, left: int) -> Iterator[Link]:
        """Yield the links into a row over which the source framework can be reached with so many links more."""
        for link in self.into.get(row, ()):
            if link.source in self.starts or self.distance.get(link.source, self.max_hops) <= left:
                yield link

    def _stated(self, source: Row, target: Row) -> frozenset[Relation]:
        """Return what is said outright, and not disputed, about two rows."""
        links = self.into.get(target, ())
        return frozenset(link.relation for link in links if link.source == source and link.state is not State.DISPUTED)


def _before(link: Link, path: Path) -> Path | None:
    """Put a link before a path; None where nothing follows from the two, or where the path has met the row already."""
    relation = compose(link.relation, path.relation)
    if relation is None or any(link.source == each.target for each in path.links):
        return None
    return Path((link, *path.links), relation)


def _keep(found: list[Path], path: Path) -> bool:
    """Add a path unless one that is there is as good in every way; they are all as short or shorter."""
    order = tuple(State).index
    if any(implies(each.relation, path.relation) and order(each.state) <= order(path.state) for each in found):
        return False
    found.append(path)
    return True


def _judged(found: list[Path], stated: frozenset[Relation]) -> list[Path]:
    """Mark the paths between two rows that cannot be right together.

    What a person has said outright about two rows stands against every path that says otherwise. Where of two paths one
    says that the rows share nothing and the other that they do, some link is wrong, and nobody knows which.
    """
    sound = [path.relation for path in found if path.state is not State.DISPUTED]
    torn = Relation.NONE in sound and any(relation is not Relation.NONE for relation in sound)
    return [
        replace(path, contradicted=torn or any(not implies(said, path.relation) for said in stated)) for path in found
    ]
