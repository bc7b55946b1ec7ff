"""Where a plan stands on a day: the one place in which anything is derived from a plan and from what was reported.

Pure functions of a plan, of what the evidence log adds to it, and of a day. What nobody reported is `None`, never
zero and never “not started”; every count comes with how much of the plan it covers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shinrai.language import Bilingual
from shinrai.planwatch.model import (
    Citation,
    Commitment,
    Direction,
    Group,
    Indicator,
    Measure,
    Observation,
    Owner,
    Plan,
    Record,
    Section,
    Stage,
    State,
    StatusEvent,
    Target,
)


@dataclass(frozen=True, slots=True)
class Followed:
    """A plan with everything that was reported, by its file and by the evidence log.

    strays: records of the log about ids that this plan does not have.
    """

    plan: Plan
    events: tuple[StatusEvent, ...]
    observations: tuple[Observation, ...]
    strays: tuple[StatusEvent | Observation, ...] = ()


class Lateness(StrEnum):
    """Why a measure counts as late: a source says so, or its due date has passed and it is not closed."""

    REPORTED = "reported"
    OVERDUE = "overdue"


class Reach(StrEnum):
    """Whether a target is reached. UNDECIDED: it lies inside the interval. NO_DATA: nothing was observed."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    UNDECIDED = "undecided"
    NO_DATA = "no_data"


class Row(StrEnum):
    """A kind of row that names a source."""

    MEASURE = "measure"
    COMMITMENT = "commitment"
    FIGURE = "figure"
    INDICATOR = "indicator"
    OBSERVATION = "observation"
    TARGET = "target"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Reported:
    """An event in the history of a measure. replaced_by: the record that put it right; it then no longer counts."""

    event: StatusEvent
    replaced_by: Record | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something has come. latest: None when nothing was reported. history: oldest first."""

    latest: StatusEvent | None
    history: tuple[Reported, ...]

    @property
    def state(self) -> State | None:
        """The state last reported, None when nothing was."""
        return None if self.latest is None else self.latest.state


@dataclass(frozen=True, slots=True)
class MeasureStanding:
    """A measure on a day. A repetition has the progress of what it repeats."""

    measure: Measure
    policy: Section
    progress: Progress
    late: Lateness | None


@dataclass(frozen=True, slots=True)
class CommitmentStanding:
    """A commitment on a day. indicators: ids of those that are about it."""

    commitment: Commitment
    progress: Progress
    indicators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of measures. states: only those reported; what is missing to `measures` has no report."""

    measures: int
    states: Mapping[State, int]
    late: int

    @property
    def reported(self) -> int:
        """How many have a report."""
        return sum(self.states.values())

    @property
    def no_report(self) -> int:
        """How many have none."""
        return self.measures - self.reported


@dataclass(frozen=True, slots=True)
class Cell:
    """One policy of one lead."""

    policy: Section
    lead: Owner
    tally: Tally


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """A target against the last value. by_point: decided without an interval, as the source gives none."""

    target: Target
    latest: Observation | None
    reach: Reach
    by_point: bool
    overdue: bool


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one group of an indicator, oldest first; group is None where the indicator has no groups."""

    group: Group | None
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class IndicatorStanding:
    """An indicator on a day."""

    indicator: Indicator
    series: tuple[Series, ...]
    targets: tuple[TargetStanding, ...]

    @property
    def observed(self) -> int:
        """How many values there are."""
        return sum(len(series.observations) for series in self.series)


@dataclass(frozen=True, slots=True)
class Unsourced:
    """A row whose source no reader can open: the sources it names have no known address."""

    row: Row
    id: str
    title: Bilingual
    source: Citation


@dataclass(frozen=True, slots=True)
class Gaps:
    """What cannot be known from this plan and its reports. Ids, in the order of the plan."""

    unsourced: tuple[Unsourced, ...]
    without_due: tuple[str, ...]
    without_report: tuple[str, ...]
    without_stage: tuple[str, ...]
    commitments_without_indicator: tuple[str, ...]
    questions_not_known: tuple[str, ...]
    without_observation: tuple[str, ...]
    targets_without_date: int
    targets: int
    observations_without_interval: int
    observations: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan on a day.

    unique: measures without repetitions. cells: policy by lead, those that hold a measure. stages: how many measures
    the owner puts in each stage of PDCA; the rest is in `gaps.without_stage`. superseded: whether another version had
    taken the plan's place by then.
    """

    plan: Plan
    as_of: date
    superseded: bool
    unique: int
    tally: Tally
    measures: tuple[MeasureStanding, ...]
    commitments: tuple[CommitmentStanding, ...]
    sections: Mapping[str, Progress]
    cells: tuple[Cell, ...]
    stages: Mapping[Stage, Tally]
    indicators: tuple[IndicatorStanding, ...]
    gaps: Gaps
    strays: tuple[StatusEvent | Observation, ...]

    @property
    def late(self) -> tuple[MeasureStanding, ...]:
        """The measures that are late, those longest due first."""
        found = [each for each in self.measures if each.late is not None]
        return tuple(sorted(found, key=lambda each: (each.measure.due or date.max, each.measure.id)))


def follow(plan: Plan, events: Iterable[StatusEvent] = (), observations: Iterable[Observation] = ()) -> Followed:
    """Put a plan and what the evidence log adds to it together; the log's records come in log order."""
    about = {*(each.id for each in plan.measures), *(each.id for each in plan.commitments)}
    about |= {section.id for section in plan.sections}
    groups = {each.id: {None} if not each.groups else {group.id for group in each.groups} for each in plan.indicators}
    logged, values = tuple(events), tuple(observations)
    own = tuple(value for indicator in plan.indicators for value in indicator.observations)
    return Followed(
        plan,
        (*plan.events, *(event for event in logged if event.about in about)),
        (*own, *(value for value in values if value.group in groups.get(value.indicator, set()))),
        (
            *(event for event in logged if event.about not in about),
            *(value for value in values if value.group not in groups.get(value.indicator, set())),
        ),
    )


def stand(followed: Followed, as_of: date) -> Standing:
    """Return where a plan stands at the end of a day; what happened or became known later is left out."""
    plan = followed.plan
    histories = _histories(followed.events, as_of)
    measures = tuple(_measure(plan, measure, histories, as_of) for measure in plan.measures)
    indicators = tuple(_indicator(indicator, followed.observations, as_of) for indicator in plan.indicators)
    commitments = tuple(
        CommitmentStanding(
            commitment,
            progress_of(commitment.id, histories),
            tuple(indicator.id for indicator in plan.indicators if commitment.id in indicator.shows),
        )
        for commitment in plan.commitments
    )
    return Standing(
        plan=plan,
        as_of=as_of,
        superseded=plan.superseded_by is not None and plan.superseded_by.since <= as_of,
        unique=sum(measure.repeats is None for measure in plan.measures),
        tally=tally(measures),
        measures=measures,
        commitments=commitments,
        sections={each.id: progress_of(each.id, histories) for each in plan.sections if each.id in histories},
        cells=_cells(plan, measures),
        stages={stage: tally([each for each in measures if each.measure.stage is stage]) for stage in Stage},
        indicators=indicators,
        gaps=_gaps(followed, measures, commitments, indicators, histories),
        strays=followed.strays,
    )


Histories = Mapping[str, tuple[Reported, ...]]


def _histories(events: Sequence[StatusEvent], as_of: date) -> Histories:
    """Return what was reported of each id by a day, oldest first; on one day the log's order decides."""
    replaced = _replacements((event.about, event.record) for event in events)
    found: dict[str, list[Reported]] = {}
    for event in sorted(events, key=lambda each: (reported_by(each), *_order(each))):
        if reported_by(event) <= as_of:
            by = None if event.record is None else replaced.get((event.about, event.record.payload_sha256))
            found.setdefault(event.about, []).append(Reported(event, by))
    return {id_: tuple(history) for id_, history in found.items()}


def reported_by(event: StatusEvent) -> date:
    """Return the day from which an event counts: the last of its period, or the day it was recorded if that is earlier.

    A month in which something happened has passed before it counts, unless a person has signed that it happened.
    """
    return event.when.last if event.record is None else min(event.when.last, event.record.recorded_on.date())


def _order(dated: StatusEvent | Observation) -> tuple[date, date, int]:
    return dated.when.last, dated.when.first, -1 if dated.record is None else dated.record.index


def _replacements(records: Iterable[tuple[str, Record | None]]) -> Mapping[tuple[str, str], Record]:
    """Return, by id and payload digest, the record that puts another one right; only one about the same id can."""
    return {
        (about, record.replaces): record
        for about, record in records
        if record is not None and record.replaces is not None
    }


def progress_of(id_: str, histories: Histories) -> Progress:
    """Return how far something has come, by the last report that still counts."""
    history = histories.get(id_, ())
    counting = [entry.event for entry in history if entry.replaced_by is None]
    return Progress(counting[-1] if counting else None, history)


def _measure(plan: Plan, measure: Measure, histories: Histories, as_of: date) -> MeasureStanding:
    progress = progress_of(measure.repeats or measure.id, histories)
    state = progress.state
    late = Lateness.REPORTED if state is State.LATE else None
    if late is None and measure.due is not None and measure.due < as_of and not (state is not None and state.closed):
        late = Lateness.OVERDUE
    return MeasureStanding(measure, plan.policy(measure.section), progress, late)


def tally(measures: Sequence[MeasureStanding]) -> Tally:
    """Count measures by their state."""
    states = Counter(each.progress.state for each in measures if each.progress.state is not None)
    ordered = {state: states[state] for state in State if states[state]}
    return Tally(len(measures), ordered, sum(each.late is not None for each in measures))


def _cells(plan: Plan, measures: Sequence[MeasureStanding]) -> tuple[Cell, ...]:
    found: dict[tuple[str, str], list[MeasureStanding]] = {}
    for each in measures:
        found.setdefault((each.policy.id, each.measure.lead.code), []).append(each)
    return tuple(
        Cell(policy, lead, tally(found[policy.id, lead.code]))
        for policy in plan.policies
        for lead in plan.leads
        if (policy.id, lead.code) in found
    )


def _indicator(indicator: Indicator, observations: Sequence[Observation], as_of: date) -> IndicatorStanding:
    mine = [value for value in observations if value.indicator == indicator.id]
    replaced = _replacements((value.indicator, value.record) for value in mine)
    standing = sorted(
        (
            value
            for value in mine
            if known_by(value) <= as_of
            and (value.record is None or (indicator.id, value.record.payload_sha256) not in replaced)
        ),
        key=_order,
    )
    groups: tuple[Group | None, ...] = indicator.groups or (None,)
    series = tuple(
        Series(group, tuple(value for value in standing if value.group == (None if group is None else group.id)))
        for group in groups
    )
    last = {None if each.group is None else each.group.id: each.observations[-1:] for each in series}
    targets = tuple(_target(target, last.get(target.group, ()), as_of) for target in indicator.targets)
    return IndicatorStanding(indicator, series, targets)


def known_by(value: Observation) -> date:
    """Return the day from which a value counts: when it was published, else the last day of its period."""
    if value.published is not None:
        return value.published
    return value.when.last if value.record is None else min(value.when.last, value.record.recorded_on.date())


def _target(target: Target, last: Sequence[Observation], as_of: date) -> TargetStanding:
    latest = last[-1] if last else None
    reach = Reach.NO_DATA if latest is None else reached(target, latest)
    passed = target.by is not None and target.by < as_of
    return TargetStanding(
        target,
        latest,
        reach,
        by_point=latest is not None and latest.interval is None,
        overdue=passed and reach is not Reach.REACHED,
    )


def reached(target: Target, value: Observation) -> Reach:
    """Decide on the interval's bounds where there is one: a target inside the interval is undecided."""
    low, high = (value.value, value.value) if value.interval is None else (value.interval.low, value.interval.high)
    if target.direction is Direction.AT_MOST:
        low, high = -high, -low
    aim = target.value if target.direction is Direction.AT_LEAST else -target.value
    if low >= aim:
        return Reach.REACHED
    return Reach.NOT_REACHED if high < aim else Reach.UNDECIDED


def _gaps(
    followed: Followed,
    measures: Sequence[MeasureStanding],
    commitments: Sequence[CommitmentStanding],
    indicators: Sequence[IndicatorStanding],
    histories: Histories,
) -> Gaps:
    values = [value for each in indicators for series in each.series for value in series.observations]
    targets = [target for each in indicators for target in each.indicator.targets]
    return Gaps(
        unsourced=tuple(_unsourced(followed.plan, histories, values)),
        without_due=tuple(each.measure.id for each in measures if each.measure.due is None),
        without_report=tuple(each.measure.id for each in measures if each.progress.latest is None),
        without_stage=tuple(each.measure.id for each in measures if each.measure.stage is None),
        commitments_without_indicator=tuple(each.commitment.id for each in commitments if not each.indicators),
        questions_not_known=tuple(
            each.indicator.id for each in indicators if each.indicator.surveyed and each.indicator.question is None
        ),
        without_observation=tuple(each.indicator.id for each in indicators if not each.observed),
        targets_without_date=sum(target.by is None for target in targets),
        targets=len(targets),
        observations_without_interval=sum(value.interval is None for value in values),
        observations=len(values),
    )


def _unsourced(plan: Plan, histories: Histories, values: Sequence[Observation]) -> Iterable[Unsourced]:
    titles = plan.titles()
    rows: list[Unsourced] = []
    rows += (Unsourced(Row.MEASURE, each.id, each.title, each.source) for each in plan.measures)
    rows += (Unsourced(Row.COMMITMENT, each.id, each.text, each.source) for each in plan.commitments)
    rows += (Unsourced(Row.FIGURE, each.id, each.title, each.source) for each in plan.figures)
    for indicator in plan.indicators:
        rows.append(Unsourced(Row.INDICATOR, indicator.id, indicator.title, indicator.source))
        rows += (Unsourced(Row.TARGET, indicator.id, indicator.title, each.source) for each in indicator.targets)
    rows += (Unsourced(Row.OBSERVATION, each.indicator, titles[each.indicator], each.source) for each in values)
    for id_, history in histories.items():
        rows += (Unsourced(Row.EVENT, id_, each.event.note, each.event.source) for each in history)
    return (row for row in rows if not row.source.checkable)
