"""How much of one framework another one reaches over mappings, counted so that nothing looks better than it is."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shinrai.frameworks.loader import FrameworkKey
from shinrai.frameworks.mapping import MappingSet, State
from shinrai.frameworks.model import Coverage, Framework
from shinrai.frameworks.paths import Effect, Path, paths
from shinrai.frameworks.relation import Relation
from shinrai.language import Message, message


class Standing(StrEnum):
    """Where a row of the target framework stands; each row has exactly one. HEADING: only its heading is related."""

    CARRIED = "carried"
    WOULD_CARRY = "would_carry"
    RELATED = "related"
    DISPUTED = "disputed"
    HEADING = "heading"
    NOTHING = "nothing"


STANDING_WORDS: Final = MappingProxyType(
    {
        Standing.CARRIED: message("a result carries over from the other framework"),
        Standing.WOULD_CARRY: message("a result would carry over once the mapping is reviewed; today none does"),
        Standing.RELATED: message("related only: something is in common, and nothing carries over"),
        Standing.DISPUTED: message("the mapping is disputed or contradicted; nothing carries over"),
        Standing.HEADING: message("only the heading above it is related; nothing is said about the row itself"),
        Standing.NOTHING: message("nothing is mapped to it, or it is said to have nothing in common"),
    }
)

_OF_EFFECT: Final = MappingProxyType(
    {
        Effect.CARRIES: Standing.CARRIED,
        Effect.WOULD_CARRY: Standing.WOULD_CARRY,
        Effect.RELATED: Standing.RELATED,
        Effect.DISPUTED: Standing.DISPUTED,
        Effect.NOTHING: Standing.NOTHING,
    }
)


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row of the target framework.

    path: the one that decides, None where there is none. heading: the id of the heading above the row that the path
    leads to, None where it leads to the row itself.
    """

    id: str
    standing: Standing
    path: Path | None = None
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class MappedCoverage:
    """How the rows of the target framework stand towards the source framework.

    rows: every row that is not a heading, in the order of the file. Headings are not rows of their own here: their
    result comes from the rows below them, and counting both would count twice. extract: whether the target's file
    holds chosen rows only.
    """

    source: FrameworkKey
    target: FrameworkKey
    rows: tuple[MappedRow, ...]
    extract: bool

    @property
    def n(self) -> int:
        """The number of rows, at least 1."""
        return len(self.rows)

    @property
    def counts(self) -> Dictionary[Standing, int]:
        """The number of rows of each standing; they add up to n."""
        return {standing: sum(row.standing is standing for row in self.rows) for standing in Standing}

    def lines(self) -> Iterator[Message]:
        """Say it in words: what is counted, one line for each standing, and what the numbers do not say."""
        yield message(
            "{target} {target_version} has {n} rows that ask something (headings not counted). Seen from {source} "
            "{source_version}:",
            target=self.target.id,
            target_version=self.target.version,
            n=self.n,
            source=self.source.id,
            source_version=self.source.version,
        )
        for standing, count in self.counts.items():
            yield message(
                "{count} of {n} ({share}): {meaning}",
                count=count,
                n=self.n,
                share=share(count, self.n),
                meaning=STANDING_WORDS[standing],
            )
        if self.extract:
            yield message("The file holds chosen rows of the instrument only; nothing follows for the others.")


def share(count: int, n: int) -> str:
    """Write count of n as per cent to one decimal. n: at least 1. Only none is 0 % and only all is 100 %."""
    if count in {0, n}:
        return "0 %" if count == 0 else "100 %"
    percent = f"{100 * count / n:.1f}"
    return {"0.0": "<0.1 %", "100.0": ">99.9 %"}.get(percent, f"{percent} %")


def coverage(
    source: Framework, target: Framework, mapping_sets: Iterable[MappingSet], *, max_hops: int = 3
) -> MappedCoverage:
    """Count how the rows of the target framework stand towards the source framework; errors as `paths`.

    A row takes the best of what leads to it and of what its headings give it. A heading contains the rows below it, so
    what carries to a heading carries to them; what is only related to a heading says nothing about them.
    """
    found = {each.target.id: each.paths for each in paths(source, target, mapping_sets, max_hops=max_hops)}
    above = {requirement.id: requirement.principle for requirement in target.requirements}
    headings = frozenset(above.values())
    return MappedCoverage(
        source=FrameworkKey(source.id, source.version),
        target=FrameworkKey(target.id, target.version),
        rows=tuple(_mapped(id_, above, found) for id_ in above if id_ not in headings),
        extract=target.coverage is Coverage.EXTRACT,
    )


def _mapped(id_: str, above: Dictionary[str, str | None], found: Dictionary[str, tuple[Path, ...]]) -> MappedRow:
    candidates = [MappedRow(id_, _OF_EFFECT[path.effect], path) for path in found[id_]]
    heading = above[id_]
    while heading is not None:
        candidates += (_under(id_, heading, path, found[id_]) for path in found[heading])
        heading = above[heading]
    order = tuple(Standing).index
    # Of two that stand alike, the first is the row's own, or the better path.
    return min(candidates, key=lambda row: order(row.standing), default=MappedRow(id_, Standing.NOTHING))


def _under(id_: str, heading: str, path: Path, own: tuple[Path, ...]) -> MappedRow:
    """Say what a path to a heading gives a row below it.

    own: the best path to the row itself from each source row. Where one is a direct statement that the source row does
    not contain the row, or a path by which they share nothing, it stands against the heading.
    """
    if path.effect is Effect.RELATED:
        return MappedRow(id_, Standing.HEADING, path, heading)
    if path.relation.carries and any(each.source == path.source and _denies(each) for each in own):
        path = replace(path, contradicted=True)
    return MappedRow(id_, _OF_EFFECT[path.effect], path, heading)


def _denies(path: Path) -> bool:
    if path.state is State.DISPUTED:
        return False
    return path.relation is Relation.NONE or (path.hops == 1 and not path.relation.carries)
