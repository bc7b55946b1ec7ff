"""Read hashes of the tree from the database: a few point reads, whatever the size of the log."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select, tuple_

from shinrai.evidence.merkle import Node, Span, complete_nodes, peaks, root_from_peaks
from shinrai.evidence.schema import LOG_ID, log_leaf, log_node

_AT_ONCE = 400


class MissingNodeError(LookupError):
    """A hash that must be stored is not; the log is damaged. node: which, as (level, index)."""

    def __init__(self, node: Node) -> None:
        super().__init__(f"node {node[0]}/{node[1]} is not stored")
        self.node = node


def fetch(db: Connection, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
    """Return the stored hashes of these nodes; MissingNodeError where one is not there."""
    asked = list(dict.fromkeys(wanted))
    found: dict[Node, bytes] = {}
    leaves = [index for level, index in asked if level == 0]
    above = [node for node in asked if node[0] > 0]
    for start in range(0, len(leaves), _AT_ONCE):
        leaf_query = select(log_leaf.c.idx, log_leaf.c.leaf_hash).where(
            log_leaf.c.log_id == LOG_ID, log_leaf.c.idx.in_(leaves[start : start + _AT_ONCE])
        )
        found |= {(0, int(index)): bytes(value) for index, value in db.execute(leaf_query)}
    for start in range(0, len(above), _AT_ONCE):
        node = log_node.c
        node_query = select(node.level, node.idx, node.hash).where(
            node.log_id == LOG_ID, tuple_(node.level, node.idx).in_(above[start : start + _AT_ONCE])
        )
        found |= {(int(level), int(index)): bytes(value) for level, index, value in db.execute(node_query)}
    for node_asked in asked:
        if node_asked not in found:
            raise MissingNodeError(node_asked)
    return found


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
