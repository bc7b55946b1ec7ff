"""Read hashes of the tree from the database: a few point reads, whatever the size of the log."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, literal, or_, select

from shinrai.evidence.merkle import Node, Span, complete_nodes, peaks, root_from_peaks
from shinrai.evidence.schema import LOG_ID, log_leaf, log_node

_AT_ONCE = 64


class MissingNodeError(LookupError):
    """A hash that must be stored is not; the log is damaged. node: which, as (level, index)."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"node {node[0]}/{node[1]} is not stored")
        self.node = node


def fetch(db: Connection, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
    """Return the stored hashes of these nodes; MissingNodeError where one is not there."""
    asked = list(dict.fromkeys(wanted))
    found: dict[Node, bytes] = {}
    for of_leaves in (True, False):
        nodes = [node for node in asked if (node[0] == 0) is of_leaves]
        for start in range(0, len(nodes), _AT_ONCE):
            part = nodes[start : start + _AT_ONCE]
            query: Select[Any] = (_leaf_query if of_leaves else _node_query)(len(part))
            values = {f"index{n}": index for n, (_, index) in enumerate(part)}
            if not of_leaves:
                values |= {f"level{n}": level for n, (level, _) in enumerate(part)}
            found |= {(int(row[0]), int(row[1])): bytes(row[2]) for row in db.execute(query, values)}
    for node_asked in asked:
        if node_asked not in found:
            raise MissingNodeError(node_asked)
    return found


@lru_cache
def _node_query(count: int) -> Select[Any]:
    """Return the query for so many nodes. The log stands in every term, or SQLite would scan all of its nodes."""
    node = log_node.c
    places = [
        and_(node.log_id == LOG_ID, node.level == bindparam(f"level{n}"), node.idx == bindparam(f"index{n}"))
        for n in range(count)
    ]
    return select(node.level, node.idx, node.hash).where(or_(*places))


@lru_cache
def _leaf_query(count: int) -> Select[Any]:
    leaf = log_leaf.c
    places = [and_(leaf.log_id == LOG_ID, leaf.idx == bindparam(f"index{n}")) for n in range(count)]
    return select(literal(0), leaf.idx, leaf.leaf_hash).where(or_(*places))


def span_hashes(db: Connection, spans: Sequence[Span]) -> list[bytes]:
    """Return the hash of each subtree."""
    parts = [list(complete_nodes(span)) for span in spans]
    found = fetch(db, (node for nodes in parts for node in nodes))
    return [root_from_peaks([found[node] for node in nodes]) for nodes in parts]


def peak_hashes(db: Connection, size: int) -> list[bytes]:
    """Return the hashes of the peaks of the tree over the first `size` leaves, from left to right."""
    nodes = list(peaks(size))
    found = fetch(db, nodes)
    return [found[node] for node in nodes]


def root_at(db: Connection, size: int) -> bytes:
    """Return the head of the tree over the first `size` leaves, as the stored nodes have it."""
    return root_from_peaks(peak_hashes(db, size))
