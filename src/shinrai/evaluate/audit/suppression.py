"""Which groups are not shown in what is passed on: small ones, and others that would give a small one away.

What is shown of crossed columns adds up to what is shown of each column and of all rows, so that a hidden count could
be had by subtraction. Groups are hidden until (1) no hidden count of rows is a linear combination of counts that are
shown, over all columns and crossings together; (2) the groups hidden within one sum have at least k rows together, and
are two at least; (3) they are not all alike where the others are not, in prediction or in label. The counts of a hidden
group, and everything made of them, are left out of every gap and test, too.
Source: Hundepool et al. 2012, Statistical Disclosure Control, ch. 4 (secondary suppression of linked tables).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from shinrai.evaluate.audit.cells import CellTable, Levels, Subject
from shinrai.evaluate.audit.tally import Tally, groups_of

MOST_UNKNOWN = 800
"""Unknown counts that hang together; beyond, every group of the crossings among them is hidden."""

MOST_EMPTY = 400
"""Crossings of more combinations do not list those that do not occur."""

_PRIME = 2**31 - 1

Node = tuple[frozenset[str], tuple[str | None, ...]]
"""Columns, and their levels in the order of the columns' names."""

_ALIKE: tuple[Callable[[Tally], int], ...] = (
    lambda t: t.selected,
    lambda t: t.predicted - t.selected,
    lambda t: t.tp + t.fn + t.positive_undecided,
    lambda t: t.fp + t.tn + t.negative_undecided,
)


@dataclass(frozen=True, slots=True)
class _Sum:
    """A count that is the sum of others: `whole` = Σ `parts`."""

    whole: Node
    parts: tuple[Node, ...]


@dataclass(slots=True)
class _Margins:
    """counts: of every node. shown: subjects that are printed; the others are links between them."""

    counts: dict[Node, Tally]
    sums: list[_Sum]
    shown: frozenset[frozenset[str]]
    hidden: set[Node] = field(default_factory=set)

    def visible(self, node: Node) -> bool:
        return node[0] in self.shown and node not in self.hidden

    def may_hide(self, node: Node) -> bool:
        return bool(node[0]) and self.visible(node)


def hidden_groups(table: CellTable, subjects: Iterable[Subject], k: int) -> Mapping[Subject, frozenset[Levels]]:
    """Return for each subject the groups that may not be shown, so that none of fewer than k rows can be told.

    subjects: those that are printed; the count of all rows is printed as well. k >= 1; ValueError otherwise.
    """
    if k < 1:
        raise ValueError(f"need a smallest size of at least 1, got {k}")
    subjects = list(subjects)
    margins = _margins(table, subjects)
    small = {node for node, tally in margins.counts.items() if 0 < tally.rows < k}
    margins.hidden |= {node for node in small if margins.may_hide(node)}
    while _hide_more(margins, k):
        pass
    return {
        subject: frozenset(
            levels
            for levels in [*_levels(table, subject), *combinations_without_rows(_levels(table, subject), missing=True)]
            if _node(subject, levels) in margins.hidden
        )
        for subject in subjects
    }


def combinations_without_rows(levels: Iterable[Levels], *, missing: bool = False) -> tuple[Levels, ...]:
    """Return the combinations of a crossing that do not occur; none where there are more than MOST_EMPTY in all.

    missing: also those that lack a value in a column.
    """
    present = {each for each in levels if missing or None not in each}
    width = len(next(iter(present), ()))
    columns = [sorted({each[place] for each in present}, key=_last_if_missing) for place in range(width)]
    if width < 2 or prod(map(len, columns)) > MOST_EMPTY:
        return ()
    return tuple(each for each in product(*columns) if each not in present)


def _last_if_missing(level: str | None) -> tuple[bool, str]:
    return level is None, level or ""


def _node(subject: Subject, levels: Levels) -> Node:
    order = sorted(range(len(subject)), key=lambda place: subject[place])
    return frozenset(subject), tuple(levels[place] for place in order)


def _levels(table: CellTable, subject: Subject) -> list[Levels]:
    return [group.levels for group in groups_of(table, subject, table.classes[0] if table.classes else "")]


def _margins(table: CellTable, subjects: Sequence[Subject]) -> _Margins:
    positive = table.classes[0] if table.classes else ""
    counts: dict[Node, Tally] = {}
    for subject in [(), *subjects]:
        for group in groups_of(table, subject, positive):
            counts[_node(subject, group.levels)] = group.rows
        for levels in combinations_without_rows(_levels(table, subject), missing=True):
            # That nobody is in a combination can give away who is in another one; it may have to be hidden, too.
            counts[_node(subject, levels)] = Tally()
    shown = frozenset(columns for columns, _ in counts)
    every = _closed(shown)
    for columns in sorted(every - shown, key=lambda each: (-len(each), sorted(each))):
        above = min((other for other in shown if columns < other), key=lambda each: (len(each), sorted(each)))
        for node in [node for node in counts if node[0] == above]:
            below = _projected(node, columns)
            counts[below] = counts.get(below, Tally()) + counts[node]
    return _Margins(counts, list(_sums(counts, every)), shown)


def _closed(shown: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """Add what any two have in common: crossings that share columns agree in their sums over the rest."""
    every = set(shown)
    while True:
        more = {one & other for one in every for other in every} - every
        if not more:
            return every
        every |= more


def _projected(node: Node, columns: frozenset[str]) -> Node:
    return columns, tuple(level for name, level in zip(sorted(node[0]), node[1], strict=True) if name in columns)


def _sums(counts: Mapping[Node, Tally], every: set[frozenset[str]]) -> Iterator[_Sum]:
    for above in every:
        for below in every:
            between = any(below < other < above for other in every)
            if not below < above or between:
                continue
            parts: dict[Node, list[Node]] = {}
            for node in counts:
                if node[0] == above:
                    parts.setdefault(_projected(node, below), []).append(node)
            for whole, nodes in parts.items():
                yield _Sum(whole, tuple(sorted(nodes, key=_order)))


def _order(node: Node) -> tuple[object, ...]:
    return tuple(map(_last_if_missing, node[1]))


def _hide_more(margins: _Margins, k: int) -> bool:
    """Hide what the next rule asks for; whether anything was."""
    for each in margins.sums:
        if _is_weak(margins, each, k) and _hide_one(margins, [*each.parts, each.whole]):
            return True
    for node in _determined(margins):
        near = [
            other for each in margins.sums if node in (each.whole, *each.parts) for other in (each.whole, *each.parts)
        ]
        if _hide_one(margins, near) or _hide_one(margins, list(margins.counts)):
            return True
    return False


def _hide_one(margins: _Margins, nodes: Iterable[Node]) -> bool:
    """Hide the smallest of the nodes that can be, crossings before the groups of a column."""
    found = [node for node in nodes if margins.may_hide(node)]
    if not found:
        return False
    margins.hidden.add(
        min(found, key=lambda node: (len(node[0]) == 1, margins.counts[node].rows, len(node[1]), _order(node)))
    )
    return True


def _is_weak(margins: _Margins, each: _Sum, k: int) -> bool:
    """Whether a sum that is shown tells too much of the parts that are not."""
    parts = [node for node in each.parts if node in margins.hidden]
    if not parts or not margins.visible(each.whole) or not any(margins.may_hide(node) for node in each.parts):
        return False
    return too_telling([margins.counts[node] for node in parts], [margins.counts[each.whole]], k)


def too_telling(hidden: Sequence[Tally], whole: Sequence[Tally], k: int) -> bool:
    """Whether the sum of some groups says too much of each: one group, fewer than k rows, or all alike.

    whole: what they are a part of; groups that are all alike say nothing where that is so of everyone.
    """
    if len(hidden) < 2 or sum(tally.rows for tally in hidden) < k:
        return True
    return any(any(map(count, whole)) and not any(map(count, hidden)) for count in _ALIKE)


def _determined(margins: _Margins) -> list[Node]:
    """Return the hidden nodes whose count follows from counts that are shown."""
    unknown = [node for node in margins.counts if not margins.visible(node)]
    found: list[Node] = []
    for nodes, sums in _components(unknown, margins.sums):
        if not any(node in margins.hidden for node in nodes):
            continue
        if len(nodes) > MOST_UNKNOWN:
            crossed = [node for node in nodes if node in margins.hidden and len(node[0]) > 1]
            columns = {node[0] for node in crossed}
            margins.hidden |= {node for node in margins.counts if node[0] in columns}
            continue
        found += [node for node in _solved(nodes, sums) if node in margins.hidden]
    return found


def _components(unknown: Sequence[Node], sums: Sequence[_Sum]) -> Iterator[tuple[list[Node], list[_Sum]]]:
    """Split the unknown nodes by the sums they share."""
    leader = {node: node for node in unknown}

    def lead(node: Node) -> Node:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    touching = [(each, [node for node in (each.whole, *each.parts) if node in leader]) for each in sums]
    for _, nodes in touching:
        for node in nodes[1:]:
            leader[lead(node)] = lead(nodes[0])
    groups: dict[Node, tuple[list[Node], list[_Sum]]] = {}
    for node in unknown:
        groups.setdefault(lead(node), ([], []))[0].append(node)
    for each, nodes in touching:
        if nodes:
            groups[lead(nodes[0])][1].append(each)
    yield from groups.values()


def _solved(nodes: Sequence[Node], sums: Sequence[_Sum]) -> list[Node]:
    """Return the nodes that the sums determine: those alone in a row of the reduced system.

    The system is reduced modulo a prime, in whole numbers, as rounding must not decide about this.
    """
    place = {node: at for at, node in enumerate(nodes)}
    matrix: NDArray[np.int64] = np.zeros((len(sums), len(nodes)), dtype=np.int64)
    for row, each in enumerate(sums):
        if each.whole in place:
            matrix[row, place[each.whole]] += _PRIME - 1
        for part in each.parts:
            if part in place:
                matrix[row, place[part]] += 1
    matrix %= _PRIME
    pivots: list[int] = []
    for column in range(len(nodes)):
        row = len(pivots)
        candidates = np.flatnonzero(matrix[row:, column])
        if not len(candidates):
            continue
        chosen = row + int(candidates[0])
        matrix[[row, chosen]] = matrix[[chosen, row]]
        matrix[row] = matrix[row] * pow(int(matrix[row, column]), -1, _PRIME) % _PRIME
        others = np.flatnonzero(matrix[:, column])
        others = others[others != row]
        matrix[others] = (matrix[others] - matrix[others, column][:, None] * matrix[row]) % _PRIME
        pivots.append(column)
        if len(pivots) == len(sums):
            break
    alone = np.count_nonzero(matrix, axis=1) == 1
    return [nodes[column] for row, column in enumerate(pivots) if alone[row]]
