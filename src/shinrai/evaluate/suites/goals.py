"""Goal trees: which goals a claim rests on, with what weight, and which suites speak to them.

The tree follows the goal structuring notation (GSN community standard, version 3): goals rest on goals. Weights of the
goals under one goal add up to exactly 1; a file in which they don't is refused. A leaf that no suite speaks to stays
in the tree, with its weight, and counts as not assessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

from shinrai.frameworks.located import Node, as_bilingual, as_fields, as_items, as_match, as_tuple, read_yaml
from shinrai.language import Bilingual, ShinraiError, message

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_WEIGHT = re.compile(r"[0-9]{1,6}(/[1-9][0-9]{0,5})?|[01]\.[0-9]{1,6}")
MAX_NODES = 2_000


@dataclass(frozen=True, slots=True)
class GoalNode:
    """A goal. weight: its share of the goal it stands under. suites: those that speak to it; only a leaf has any."""

    id: str
    title: Bilingual
    weight: Fraction
    under: tuple["GoalNode", ...]
    suites: tuple[str, ...]

    def leaves(self, share: Fraction = Fraction(1)) -> Iterator[tuple["GoalNode", Fraction]]:
        """Yield the leaves below, each with its share of the whole; the shares add up to the share given."""
        if not self.under:
            yield self, share
        for node in self.under:
            yield from node.leaves(share * node.weight)


@dataclass(frozen=True, slots=True)
class GoalTree:
    """A goal tree. about: what its weights are, and whose choice."""

    id: str
    title: Bilingual
    about: Bilingual
    root: GoalNode


def read_goal_tree(data: bytes, name: str) -> GoalTree:
    """Read a goal tree. name: what errors call the file. Anything that is not one is a ShinraiError with its place."""
    field = as_fields(read_yaml(data, name), ("id", "title", "about", "goals")).values
    ids: set[str] = set()
    root = GoalNode(
        id=_claimed(field["id"], ids),
        title=as_bilingual(field["title"]),
        weight=Fraction(1),
        under=_nodes(field["goals"], ids),
        suites=(),
    )
    return GoalTree(root.id, root.title, as_bilingual(field["about"]), root)


def _nodes(node: Node, ids: set[str]) -> tuple[GoalNode, ...]:
    items = as_items(node)
    nodes = tuple(_node(item, ids) for item in items)
    if not nodes:
        raise ShinraiError(message("At least one goal is needed here."), place=node.place)
    total = sum((each.weight for each in nodes), Fraction(0))
    if total != 1:
        raise ShinraiError(
            message("The weights of these goals add up to {total}, not to 1.", total=str(total)),
            fix=message("Write them as fractions such as 1/3, so that they add up exactly."),
            place=node.place,
        )
    return nodes


def _node(node: Node, ids: set[str]) -> GoalNode:
    fields = as_fields(node, ("id", "title", "weight"), ("goals", "suites"))
    field = fields.values
    if "goals" in field and "suites" in field:
        raise ShinraiError(message("A goal rests on goals or on suites, not on both."), place=node.place)
    weight = Fraction(as_match(field["weight"], _WEIGHT, message("a weight such as 0.25 or 1/3")))
    if weight <= 0:
        raise ShinraiError(message("A weight is above 0."), place=field["weight"].place)
    return GoalNode(
        id=_claimed(field["id"], ids),
        title=as_bilingual(field["title"]),
        weight=weight,
        under=_nodes(field["goals"], ids) if "goals" in field else (),
        suites=as_tuple(field.get("suites"), lambda each: as_match(each, _ID, message("the id of a suite"))),
    )


def _claimed(node: Node, ids: set[str]) -> str:
    id_ = as_match(node, _ID, message("an id (letters, digits, “.”, “_” and “-”, at most 128)"))
    if id_ in ids:
        raise ShinraiError(message("The id “{id}” stands here twice.", id=id_), place=node.place)
    ids.add(id_)
    if len(ids) > MAX_NODES:
        raise ShinraiError(message("The tree has more than {limit} goals.", limit=MAX_NODES), place=node.place)
    return id_


@cache
def load_goal_tree() -> GoalTree:
    """Load the tree that comes with Shinrai: the perspectives of J-AISI's evaluation guide and the shipped suites."""
    entry = files("shinrai.evaluate.suites") / "data" / "goals" / "shinrai.perspectives.yaml"
    return read_goal_tree(entry.read_bytes(), entry.name)
