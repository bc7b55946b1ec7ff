"""How two rows of two frameworks relate, and what follows when such statements are put one after the other.

The five relations are those of NIST IR 8477 (set theory relationship mapping). A row stands for the set of things it
asks; that set is never empty. Every relation is read "source row RELATION target row".
"""

from enum import StrEnum
from functools import reduce
from types import MappingProxyType
from typing import Final

from shinrai.language import message


class Relation(StrEnum):
    """What the source row asks, S, against what the target row asks, T, strongest first.

    EQUAL: S = T. SUPERSET: S contains T, so whoever meets the source row meets the target row. SUBSET: S is contained
    in T. INTERSECTS: they share something. NONE: they share nothing. That nothing is known is not a relation.
    """

    EQUAL = "equal"
    SUPERSET = "superset"
    SUBSET = "subset"
    INTERSECTS = "intersects"
    NONE = "none"

    @property
    def carries(self) -> bool:
        """Whether meeting the source row is meeting the target row."""
        return self in {Relation.EQUAL, Relation.SUPERSET}


RELATION_NAMES: Final = MappingProxyType(
    {
        Relation.EQUAL: message("asks the same as"),
        Relation.SUPERSET: message("asks all that is asked by"),
        Relation.SUBSET: message("asks a part of what is asked by"),
        Relation.INTERSECTS: message("has something in common with"),
        Relation.NONE: message("has nothing in common with"),
    }
)
"""Each relation in words, to stand between the two rows in English; the Japanese names the relation."""

_INVERSE: Final = MappingProxyType({Relation.SUPERSET: Relation.SUBSET, Relation.SUBSET: Relation.SUPERSET})

_FOLLOWS: Final = MappingProxyType(
    {
        (Relation.SUPERSET, Relation.SUPERSET): Relation.SUPERSET,
        # The row in the middle is not empty and lies in both.
        (Relation.SUPERSET, Relation.SUBSET): Relation.INTERSECTS,
        (Relation.SUPERSET, Relation.INTERSECTS): Relation.INTERSECTS,
        (Relation.SUBSET, Relation.SUBSET): Relation.SUBSET,
        (Relation.SUBSET, Relation.NONE): Relation.NONE,
        (Relation.INTERSECTS, Relation.SUBSET): Relation.INTERSECTS,
        (Relation.NONE, Relation.SUPERSET): Relation.NONE,
    }
)

_IMPLIED: Final = MappingProxyType(
    {
        Relation.EQUAL: frozenset({Relation.EQUAL, Relation.SUPERSET, Relation.SUBSET, Relation.INTERSECTS}),
        Relation.SUPERSET: frozenset({Relation.SUPERSET, Relation.INTERSECTS}),
        Relation.SUBSET: frozenset({Relation.SUBSET, Relation.INTERSECTS}),
        Relation.INTERSECTS: frozenset({Relation.INTERSECTS}),
        Relation.NONE: frozenset({Relation.NONE}),
    }
)


def inverse(relation: Relation) -> Relation:
    """Return the relation of the target row to the source row."""
    return _INVERSE.get(relation, relation)


def compose(first: Relation | None, second: Relation | None) -> Relation | None:
    """Return the strongest relation of A to C that always holds when A is `first` to B and B is `second` to C.

    None means that nothing follows: A and C may relate in any way. That is not NONE, which says that they share
    nothing. The composition is exact over sets that are not empty; the tests prove all 25 entries by enumeration.
    """
    if first is None or second is None:
        return None
    if first is Relation.EQUAL:
        return second
    if second is Relation.EQUAL:
        return first
    return _FOLLOWS.get((first, second))


def along(*relations: Relation) -> Relation | None:
    """Return what follows from a chain of relations, EQUAL from an empty one: every row asks the same as itself."""
    start: Relation | None = Relation.EQUAL
    return reduce(compose, relations, start)


def implies(stated: Relation, weaker: Relation) -> bool:
    """Whether a relation that holds makes another one hold as well: what is equal also contains, and intersects."""
    return weaker in _IMPLIED[stated]
