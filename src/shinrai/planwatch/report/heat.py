"""Headings by those who answer for measures: how many measures lie in each cell, and how far these have come.

A cell never shows a share of progress: a measure that nobody reported on is neither at zero nor under way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shinrai.planwatch.model import Owner, Plan, Section, State
from shinrai.planwatch.standing import MeasureStanding, Standing, Tally, tally


class Shade(StrEnum):
    """How much of a cell was reported on.

    NO_REPORT: none of its measures. SOME: some of them. ALL: every one. CLOSED: every one was delivered or dropped.
    """

    NO_REPORT = "no_report"
    SOME = "some"
    ALL = "all"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class HeatCell:
    """The measures of one owner under one heading. measures: their ids, in the order of the plan."""

    section: Section
    owner: Owner
    tally: Tally
    measures: tuple[str, ...]

    @property
    def shade(self) -> Shade:
        """How much of it was reported on."""
        if not self.tally.reported:
            return Shade.NO_REPORT
        if self.tally.no_report:
            return Shade.SOME
        return Shade.CLOSED if closed(self.tally) == self.tally.measures else Shade.ALL


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Cells that hold a measure, by heading and owner. sections: every heading with a cell, in the plan's order."""

    sections: tuple[Section, ...]
    owners: tuple[Owner, ...]
    cells: tuple[HeatCell, ...]

    @property
    def at(self) -> Mapping[tuple[str, str], HeatCell]:
        """The cells by id of the heading and code of the owner."""
        return {(cell.section.id, cell.owner.code): cell for cell in self.cells}


def closed(counts: Tally) -> int:
    """Return how many measures were delivered or dropped."""
    return sum(count for state, count in counts.states.items() if state.closed)


def delivered(counts: Tally) -> int:
    """Return how many measures were delivered."""
    return counts.states.get(State.DELIVERED, 0)


def leads_map(standing: Standing) -> HeatMap:
    """Return the measures by the heading right above them and their lead; every measure is in one cell."""
    plan = standing.plan
    return _map(
        plan, standing.measures, plan.sections, lambda each: (each.measure.lead,), lambda each: each.measure.section
    )


def partners_map(standing: Standing) -> HeatMap:
    """Return the measures by policy and partner; a measure with two partners is in two cells, one with none in none."""
    plan = standing.plan
    return _map(plan, standing.measures, plan.policies, lambda each: each.measure.partners, lambda each: each.policy.id)


def _map(
    plan: Plan,
    measures: Sequence[MeasureStanding],
    sections: Sequence[Section],
    owners: Callable[[MeasureStanding], Iterable[Owner]],
    section: Callable[[MeasureStanding], str],
) -> HeatMap:
    found: dict[tuple[str, str], list[MeasureStanding]] = {}
    for each in measures:
        for owner in owners(each):
            found.setdefault((section(each), owner.code), []).append(each)
    rows = tuple(row for row in sections if any(key[0] == row.id for key in found))
    columns = tuple(owner for owner in plan.owners if any(key[1] == owner.code for key in found))
    cells = tuple(
        HeatCell(row, owner, tally(mine), tuple(each.measure.id for each in mine))
        for row in rows
        for owner in columns
        if (mine := found.get((row.id, owner.code)))
    )
    return HeatMap(rows, columns, cells)
