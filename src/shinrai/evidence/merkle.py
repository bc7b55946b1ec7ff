"""The tree of complete nodes that the database keeps, and the proofs made from leaf hashes (RFC 9162)."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from shinrai_verify.merkle import node_hash, root

Node = tuple[int, int]
"""(level, index); level 0 are the leaves."""


def completed(start: int, leaves: Sequence[bytes], stored: Callable[[Node], bytes]) -> Mapping[Node, bytes]:
    """Return the interior nodes that become complete when `leaves` follow the first `start` leaves."""
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
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
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

    def subproof(low: int, high: int, size: int, known: bool) -> list[bytes]:
        if size == high - low:
            return [] if known else [root(leaves[low:high])]
        split = 1 << (high - low - 1).bit_length() - 1
        if size <= split:
            return [*subproof(low, low + split, size, known), root(leaves[low + split : high])]
        return [*subproof(low + split, high, size - split, False), root(leaves[low : low + split])]

    return subproof(0, len(leaves), old, True)
