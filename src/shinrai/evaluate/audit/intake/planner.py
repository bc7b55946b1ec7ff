"""Merge the aggregates that are wanted into as few scans, and as few cells, as possible.

A bundle is one GROUP BY whose cells are folded into those of several subjects, so that two columns of 2 and 5 groups
cost one scan of 10 groups. Merging stops where the product of the groups would make more cells than folding them is
worth; that bounds the memory too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from shinrai.evaluate.audit.cells import Subject

MOST_FOLDED = 50_000
"""A bundle of several subjects has at most so many cells."""

MOST_CELLS = 1_000_000
"""A single subject with more cells than this is refused."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One GROUP BY. columns: what it groups by; subjects: what its cells are folded into."""

    columns: tuple[str, ...]
    subjects: tuple[Subject, ...]


def cells_of(columns: Sequence[str], levels: Mapping[str, int], per_group: int) -> int:
    """Return how many cells a GROUP BY can have. levels: values of each column; per_group: cells of each group."""
    return prod(levels[name] + 1 for name in columns) * per_group


def plan(
    subjects: Sequence[Subject],
    always: Sequence[str],
    levels: Mapping[str, int],
    per_group: int,
    most: int = MOST_FOLDED,
) -> tuple[Bundle, ...]:
    """Put every subject into one bundle.

    always: columns that every subject is grouped by besides its own (strata). levels: how many values a column has,
    about. per_group: cells for each combination of them (classes of label and prediction, or bins).
    """
    order = {name: place for place, name in enumerate(levels)}
    merged: list[set[str]] = []
    for wanted in sorted({frozenset((*subject, *always)) for subject in subjects}, key=lambda s: (-len(s), sorted(s))):
        joined = [(cells_of(tuple(group | wanted), levels, per_group), place) for place, group in enumerate(merged)]
        cost, place = min(joined, default=(most + 1, -1))
        if any(wanted <= group for group in merged):
            continue
        if cost <= most:
            merged[place] |= wanted
        else:
            merged.append(set(wanted))
    folded: dict[int, list[Subject]] = {place: [] for place in range(len(merged))}
    for subject in dict.fromkeys(subjects):
        fitting = [place for place, group in enumerate(merged) if group.issuperset((*subject, *always))]
        folded[min(fitting, key=lambda place: cells_of(tuple(merged[place]), levels, per_group))].append(subject)
    return tuple(
        Bundle(tuple(sorted(merged[place], key=order.__getitem__)), tuple(into))
        for place, into in folded.items()
        if into
    )
