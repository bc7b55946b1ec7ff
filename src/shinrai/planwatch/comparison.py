"""Two versions of a plan side by side: what was added, dropped and carried on, and what changed on the way.

A measure of the later plan carries on an earlier one when it says so (`continues`), or when it has the same id.
Nothing is matched by similar words: what no plan says would be a guess.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from shinrai.language import Bilingual
from shinrai.planwatch.model import Commitment, Indicator, Measure, Plan, Section, Target
from shinrai.planwatch.standing import MeasureStanding, Progress, Standing


class Change(StrEnum):
    """What became of a measure that was carried on.

    RE_LED: another lead. PARTNERS: other partners. RE_WORDED: another title. MOVED: under a heading with another id and
    another title. DUE: another due date. SPLIT: one measure became several. MERGED: several became one.
    """

    RE_LED = "re_led"
    PARTNERS = "partners"
    RE_WORDED = "re_worded"
    MOVED = "moved"
    DUE = "due"
    SPLIT = "split"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Continued:
    """A measure of the later plan with those it carries on. changes: in the order of `Change`; none is unchanged."""

    later: Measure
    earlier: tuple[Measure, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A measure that the later plan does not carry on, with how far it had come."""

    measure: Measure
    progress: Progress


@dataclass(frozen=True, slots=True)
class Retargeted:
    """An indicator in both plans whose targets are not the same."""

    later: Indicator
    earlier: Indicator


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one plan to another.

    dropped: without a later measure; what was reported on them stays readable there. unknown: ids that the later plan
    says it continues, but the earlier one does not have. Indicators and commitments are matched by their ids.
    """

    earlier: Plan
    later: Plan
    added: tuple[Measure, ...]
    dropped: tuple[Ended, ...]
    continued: tuple[Continued, ...]
    unknown: tuple[str, ...]
    progress: Mapping[str, Progress]
    commitments_added: tuple[Commitment, ...]
    commitments_dropped: tuple[Commitment, ...]
    indicators_added: tuple[Indicator, ...]
    indicators_dropped: tuple[Indicator, ...]
    retargeted: tuple[Retargeted, ...]

    def with_change(self, change: Change) -> tuple[Continued, ...]:
        """Return the measures that were carried on with a change."""
        return tuple(each for each in self.continued if change in each.changes)

    @property
    def unchanged(self) -> tuple[Continued, ...]:
        """The measures that were carried on as they were."""
        return tuple(each for each in self.continued if not each.changes)


def compare(standing: Standing, later: Plan) -> Comparison:
    """Compare a plan with a later one. standing: of the earlier plan, on the day its history is to be shown for."""
    earlier = standing.plan
    old, new = {each.id: each for each in earlier.measures}, {each.id: each for each in later.measures}
    named = {each.id: each.continues or ((each.id,) if each.id in old else ()) for each in later.measures}
    followers = _followers(named)
    progress = {each.measure.id: each.progress for each in standing.measures}
    links = [(new[id_], tuple(old[name] for name in names if name in old)) for id_, names in named.items()]
    return Comparison(
        earlier=earlier,
        later=later,
        added=tuple(measure for measure, before in links if not before),
        dropped=tuple(Ended(old[id_], progress[id_]) for id_ in old if id_ not in followers),
        continued=tuple(
            Continued(measure, before, _changes(earlier, later, measure, before, followers))
            for measure, before in links
            if before
        ),
        unknown=tuple(dict.fromkeys(name for names in named.values() for name in names if name not in old)),
        progress=progress,
        commitments_added=_only(later.commitments, earlier.commitments),
        commitments_dropped=_only(earlier.commitments, later.commitments),
        indicators_added=_only(later.indicators, earlier.indicators),
        indicators_dropped=_only(earlier.indicators, later.indicators),
        retargeted=_retargeted(earlier, later),
    )


def _followers(named: Mapping[str, Sequence[str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id_, names in named.items():
        for name in names:
            found.setdefault(name, []).append(id_)
    return found


def _changes(
    earlier: Plan, later: Plan, measure: Measure, before: Sequence[Measure], followers: Mapping[str, Sequence[str]]
) -> tuple[Change, ...]:
    partners = {owner.code for owner in measure.partners}
    found = {
        Change.RE_LED: all(each.lead.code != measure.lead.code for each in before),
        Change.PARTNERS: all({owner.code for owner in each.partners} != partners for each in before),
        Change.RE_WORDED: all(not _same(each.title, measure.title) for each in before),
        Change.MOVED: all(_elsewhere(earlier.section(each.section), later.section(measure.section)) for each in before),
        Change.DUE: all(each.due != measure.due for each in before),
        Change.SPLIT: any(len(followers[each.id]) > 1 for each in before),
        Change.MERGED: len(before) > 1,
    }
    return tuple(change for change in Change if found[change])


def _same(one: Bilingual, other: Bilingual) -> bool:
    """Whether two texts have the same words in Japanese, the language in which plans are decided."""
    return "".join(one.ja.split()) == "".join(other.ja.split())


def _elsewhere(one: Section, other: Section) -> bool:
    """Whether two headings are different ones: a plan may number anew, and it may word anew."""
    return one.id != other.id and not _same(one.title, other.title)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_Row = TypeVar("_Row", bound=_Named)


def _only(rows: Sequence[_Row], others: Sequence[_Row]) -> tuple[_Row, ...]:
    """Return the rows whose id none of the others has."""
    taken = {row.id for row in others}
    return tuple(row for row in rows if row.id not in taken)


def _retargeted(earlier: Plan, later: Plan) -> tuple[Retargeted, ...]:
    before = {each.id: each for each in earlier.indicators}
    return tuple(
        Retargeted(each, before[each.id])
        for each in later.indicators
        if each.id in before and _aims(each.targets) != _aims(before[each.id].targets)
    )


def _aims(targets: Sequence[Target]) -> set[tuple[object, ...]]:
    return {(each.value, each.direction, each.by, each.group, each.origin) for each in targets}


def predecessors(plan: Plan, measure: str, standings: Sequence[Standing]) -> tuple[tuple[Plan, MeasureStanding], ...]:
    """Return the measures of earlier plans that one goes on with, the nearest first, however far back they lie.

    standings: of every other plan that is at hand; a measure that none of them has is left out.
    """
    continues = {(each.plan.id, each.plan.version): each for each in standings}
    waiting = [id_ for each in plan.measures if each.id == measure for id_ in each.continues]
    found: dict[str, tuple[Plan, MeasureStanding]] = {}
    while waiting:
        id_ = waiting.pop(0)
        for standing in continues.values():
            for each in standing.measures:
                if each.measure.id == id_ and id_ not in found:
                    found[id_] = (standing.plan, each)
                    waiting += each.measure.continues
    return tuple(found.values())
