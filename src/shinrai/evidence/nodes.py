"""Read hashes of the tree from the database: a few point reads, whatever the size of the log."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, and_, bindparam, literal, or_, select, union_all

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
    for start in range(0, len(asked), _AT_ONCE):
        leaves = [index for level, index in asked[start : start + _AT_ONCE] if level == 0]
        nodes = [node for node in asked[start : start + _AT_ONCE] if node[0] > 0]
        values = {f"leaf{n}": index for n, index in enumerate(leaves)}
        for n, (level, index) in enumerate(nodes):
            values |= {f"level{n}": level, f"index{n}": index}
        rows = db.execute(_query(len(leaves), len(nodes)), values).all()
        found |= {(int(level), int(index)): bytes(value) for level, index, value in rows}
    for node_asked in asked:
        if node_asked not in found:
            raise MissingNodeError(node_asked)
    return found


@lru_cache
def _query(leaves: int, nodes: int) -> Select[Any] | CompoundSelect[Any]:
    """Return the query for so many leaves and nodes, at least one in all.

    The log stands in every term, or SQLite would scan all of its nodes.
    """
    leaf, node = log_leaf.c, log_node.c
    of_leaves = [and_(leaf.log_id == LOG_ID, leaf.idx == bindparam(f"leaf{n}")) for n in range(leaves)]
    of_nodes = [
        and_(node.log_id == LOG_ID, node.level == bindparam(f"level{n}"), node.idx == bindparam(f"index{n}"))
        for n in range(nodes)
    ]
    parts: list[Select[Any]] = []
    if leaves:
        parts.append(select(literal(0), leaf.idx, leaf.leaf_hash).where(or_(*of_leaves)))
    if nodes:
        parts.append(select(node.level, node.idx, node.hash).where(or_(*of_nodes)))
    return parts[0] if len(parts) == 1 else union_all(*parts)


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
