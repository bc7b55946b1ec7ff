"""What differs between two texts, short enough to read on a terminal and unable to act on it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from shinrai.planwatch.sources.quoting import shown

MOST_LINES = 40
COLUMNS = 160
# The exact comparison takes time by the product of the lengths; above this, lines are only counted.
_MOST_PAIRS = 1_000_000
_AROUND = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """Lines that begin with "+", "-", " " or "@@", as in a unified diff, made harmless and cut.

    added, removed: how many lines were, over the whole text; left_out: how many lines of the difference are not shown.
    """

    lines: tuple[str, ...]
    added: int
    removed: int
    left_out: int


def difference(old: str, new: str) -> Difference:
    """Compare two texts line by line."""
    before, after = old.splitlines(), new.splitlines()
    # Most changes are small: what is equal at both ends needs no comparison.
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    start, end = max(0, start - _AROUND), max(0, end - _AROUND)
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    compare = _unified if len(before) * len(after) <= _MOST_PAIRS else _counted
    whole = list(compare(before, after))
    return Difference(
        lines=tuple(shown(line, COLUMNS) for line in whole[:MOST_LINES]),
        added=sum(line.startswith("+") for line in whole),
        removed=sum(line.startswith("-") for line in whole),
        left_out=max(0, len(whole) - MOST_LINES),
    )


def _common(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (first, second) in enumerate(pairs) if first != second), min(len(one), len(other)))


def _unified(before: list[str], after: list[str]) -> Iterator[str]:
    for line in islice(unified_diff(before, after, lineterm="", n=_AROUND), 2, None):
        # Positions count from where the texts begin to differ, so they would mislead.
        yield "@@" if line.startswith("@@") else line


def _counted(before: list[str], after: list[str]) -> Iterator[str]:
    gone, come = Counter(before), Counter(after)
    yield from (f"-{line}" for line in (gone - come).elements())
    yield from (f"+{line}" for line in (come - gone).elements())
