"""The tree of complete nodes that the database keeps, and which of them a proof is made of (RFC 9162).

A tree of any size consists of complete subtrees, its peaks. Only hashes of complete subtrees are stored; what lies over
them on the right edge is hashed when it is needed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from shinrai_verify.merkle import node_hash, root

Node = tuple[int, int]
"""(level, index); level 0 are the leaves."""

Span = tuple[int, int]
"""Leaves from the first number up to but without the second."""


def completed(start: int, leaves: Sequence[bytes], stored: Callable[[Node], bytes]) -> Mapping[Node, bytes]:
    """Return the interior nodes that become complete when `leaves` follow the first `start` leaves.

    stored: looks up a peak of the tree before; no other node is asked for.
    """
    fresh: dict[Node, bytes] = {}
    for index, leaf in enumerate(leaves, start=start):
        level, position, current = 0, index, leaf
        fresh[0, index] = leaf
        while position & 1:
            left = fresh.get((level, position - 1)) or stored((level, position - 1))
            current = node_hash(left, current)
            level, position = level + 1, position >> 1
            fresh[level, position] = current
    return {node: value for node, value in fresh.items() if node[0] > 0}


def peaks(size: int) -> Iterator[Node]:
    """Yield the complete subtrees that a tree of this size consists of, from left to right."""
    return complete_nodes((0, size))


def complete_nodes(span: Span) -> Iterator[Node]:
    """Yield the complete subtrees that the leaves of a subtree of the log consist of, from left to right.

    span: as RFC 9162 divides trees: its start is a multiple of a power of two that is no less than its length.
    """
    start, end = span
    length = end - start
    for level in reversed(range(length.bit_length())):
        if length >> level & 1:
            yield level, start >> level
            start += 1 << level


def root_from_peaks(values: Sequence[bytes]) -> bytes:
    """Return the tree head from the hashes of its peaks; of no peaks, the empty tree's head."""
    if not values:
        return root([])
    head = values[-1]
    for left in reversed(values[:-1]):
        head = node_hash(left, head)
    return head


class Growing:
    """A tree that is appended to and keeps its peaks alone: as much memory as its height."""

    def __init__(self, size: int = 0, values: Sequence[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(values)

    def append(self, leaf: bytes) -> None:
        """Take the hash of the next leaf."""
        position, current = self.size, leaf
        while position & 1:
            current = node_hash(self._peaks.pop(), current)
            position >>= 1
        self._peaks.append(current)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The tree head."""
        return root_from_peaks(self._peaks)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the subtrees whose hashes are the audit path of a leaf, from the leaf's sibling up (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"need 0 <= index < size, got {index} of {size}")
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        split = low + _split(high - low)
        if index < split:
            spans.append((split, high))
            high = split
        else:
            spans.append((low, split))
            low = split
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """Return the subtrees whose hashes prove that a tree of size `old` is a prefix of `new` (RFC 9162, 2.1.4.1).

    old: 0 <= old <= new; of nothing, and of the tree itself, the proof is empty.
    """
    if not 0 <= old <= new:
        raise ValueError(f"need 0 <= old <= new, got {old} and {new}")
    if old in (0, new):
        return []
    spans: list[Span] = []
    low, high, known = 0, new, True
    while high != old:
        split = low + _split(high - low)
        if old <= split:
            spans.append((split, high))
            high = split
        else:
            spans.append((low, split))
            low, known = split, False
    return [*([] if known else [(low, high)]), *spans[::-1]]


def _split(length: int) -> int:
    """Return the largest power of two smaller than a length of at least two."""
    return 1 << (length - 1).bit_length() - 1


def tree_levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the tree over leaf hashes, level by level from the leaves to the head; what many proofs are read from."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        paired = [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
        levels.append(paired + below[len(paired) * 2 :])
    return levels


def inclusion_proof(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Return the audit path of leaf `index` in a tree given by its levels (RFC 9162, 2.1.3.1)."""
    return [level[(index >> depth) ^ 1] for depth, level in enumerate(levels) if (index >> depth) ^ 1 < len(level)]


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """Return the proof that the first `old` leaves (at least one) are a prefix of all (RFC 9162, 2.1.4.1)."""
    return [root(leaves[low:high]) for low, high in consistency_spans(old, len(leaves))]
