"""Everything that a follow-up report shows, put together once for a day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from shinrai.planwatch.comparison import Comparison, predecessors
from shinrai.planwatch.model import Citation, Indicator, Observation, Plan, Source
from shinrai.planwatch.report.heat import HeatMap, leads_map, partners_map
from shinrai.planwatch.report.pdca import Cycle, cycle_of
from shinrai.planwatch.standing import (
    IndicatorStanding,
    MeasureStanding,
    Progress,
    Reported,
    Standing,
    TargetStanding,
    known_by,
    reported_by,
)


@dataclass(frozen=True, slots=True)
class MovedReport:
    """A report that came to count after a day. about: id of a measure, commitment or heading."""

    day: date
    about: str
    entry: Reported


@dataclass(frozen=True, slots=True)
class MovedValue:
    """A value of an indicator that became known after a day."""

    day: date
    indicator: Indicator
    value: Observation


@dataclass(frozen=True, slots=True)
class Moved:
    """What came to count after `since`, newest first. measures: ids of those with a report among these."""

    since: date
    reports: tuple[MovedReport, ...]
    values: tuple[MovedValue, ...]
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """The measures by their due dates; each is in one of the four. to_come: the nearest first.

    targets: of indicators, those that have a date and are not reached, the nearest first.
    """

    late: tuple[MeasureStanding, ...]
    to_come: tuple[MeasureStanding, ...]
    closed: tuple[MeasureStanding, ...]
    without_date: tuple[MeasureStanding, ...]
    targets: tuple[tuple[Indicator, TargetStanding], ...]

    @property
    def dated(self) -> int:
        """How many measures have a due date."""
        return len(self.closed) + len(self.to_come) + sum(each.measure.due is not None for each in self.late)


Earlier = tuple[tuple[Plan, MeasureStanding], ...]
"""Measures of earlier plans that one goes on with, the nearest first."""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """What a follow-up report shows. rows: how many rows of plan and reports name a source. earlier: by measure."""

    standing: Standing
    moved: Moved
    due: Due
    leads: HeatMap
    partners: HeatMap
    cycle: Cycle
    rows: int
    earlier: Mapping[str, Earlier]
    comparison: Comparison | None

    @property
    def plan(self) -> Plan:
        """The plan that is followed."""
        return self.standing.plan


def gather(
    standing: Standing, *, since: date, comparison: Comparison | None = None, others: Sequence[Standing] = ()
) -> PlanReport:
    """Put a report together.

    since: what came to count on a later day has moved. comparison: with another version. others: where earlier plans
    stand, whose measures this one goes on with.
    """
    goes_on = {each.measure.id: predecessors(standing.plan, each.measure.id, others) for each in standing.measures}
    return PlanReport(
        standing=standing,
        moved=_moved(standing, since),
        due=_due(standing),
        leads=leads_map(standing),
        partners=partners_map(standing),
        cycle=cycle_of(standing),
        rows=sum(1 for _ in _citations(standing)),
        earlier={id_: earlier for id_, earlier in goes_on.items() if earlier},
        comparison=comparison,
    )


def year_before(day: date) -> date:
    """Return the same day of the year before; 28 February for 29 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def histories(standing: Standing) -> Iterator[tuple[str, Progress]]:
    """Return what was reported of every measure (without repetitions), commitment and heading."""
    yield from ((each.measure.id, each.progress) for each in standing.measures if each.measure.repeats is None)
    yield from ((each.commitment.id, each.progress) for each in standing.commitments)
    yield from standing.sections.items()


def _moved(standing: Standing, since: date) -> Moved:
    reports = [
        MovedReport(day, id_, entry)
        for id_, progress in histories(standing)
        for entry in progress.history
        if (day := reported_by(entry.event)) > since
    ]
    values = [
        MovedValue(day, each.indicator, value)
        for each in standing.indicators
        for series in each.series
        for value in series.observations
        if (day := known_by(value)) > since
    ]
    about = {each.about for each in reports}
    return Moved(
        since,
        tuple(sorted(reports, key=lambda each: each.day, reverse=True)),
        tuple(sorted(values, key=lambda each: each.day, reverse=True)),
        tuple(each.measure.id for each in standing.measures if (each.measure.repeats or each.measure.id) in about),
    )


def _due(standing: Standing) -> Due:
    rest = [each for each in standing.measures if each.late is None]
    open_targets = [
        (each.indicator, target)
        for each in standing.indicators
        for target in each.targets
        if target.target.by is not None and target.reach.value != "reached"
    ]
    return Due(
        late=standing.late,
        to_come=tuple(
            sorted((each for each in rest if _open(each)), key=lambda each: (each.measure.due, each.measure.id))
        ),
        closed=tuple(each for each in rest if each.measure.due is not None and not _open(each)),
        without_date=tuple(each for each in rest if each.measure.due is None),
        targets=tuple(sorted(open_targets, key=lambda each: (each[1].target.by, each[0].id))),
    )


def _open(each: MeasureStanding) -> bool:
    state = each.progress.state
    return each.measure.due is not None and not (state is not None and state.closed)


def _citations(standing: Standing) -> Iterator[Citation]:
    """Return the source of every row, repeated as often as rows name it: the whole of `gaps.unsourced`."""
    plan = standing.plan
    for rows in (plan.measures, plan.commitments, plan.figures):
        yield from (each.source for each in rows)
    for each in standing.indicators:
        yield each.indicator.source
        yield from (target.target.source for target in each.targets)
        yield from (value.source for value in _values(each))
    for _, progress in histories(standing):
        yield from (entry.event.source for entry in progress.history)


def _values(indicator: IndicatorStanding) -> Iterator[Observation]:
    for series in indicator.series:
        yield from series.observations


def sources_of(report: PlanReport) -> tuple[Source, ...]:
    """Return every source that the report names, once each, those of the plan's own list first."""
    cited = [*_citations(report.standing)]
    after = report.plan.superseded_by
    if after is not None:
        cited.append(after.source)
    for earlier in report.earlier.values():
        for _, each in earlier:
            cited += [each.measure.source, *(entry.event.source for entry in each.progress.history)]
    if report.comparison is not None:
        cited += _compared(report.comparison)
    named = chain.from_iterable(citation.sources for citation in cited)
    return tuple(dict.fromkeys((*report.plan.sources, *named)))


def _compared(found: Comparison) -> Iterator[Citation]:
    for plan in (found.earlier, found.later):
        for rows in (plan.measures, plan.commitments, plan.indicators):
            yield from (each.source for each in rows)
        yield from (target.source for each in plan.indicators for target in each.targets)
    for progress in found.progress.values():
        yield from (entry.event.source for entry in progress.history)
